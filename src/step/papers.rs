//! What a draft of a paper draws on, read from the store; the drafts that a letter carries. Numbers are given by the climb
//! or a person's command; here a draft is filled with the facts of the instant.

use super::{StepError, courier, incidents, ladder_by_hash, prepared, rule_by_hash};
use crate::document::{self, Facts, Ground, Guardian, Measure};
use crate::domain::case::{Case, State};
use crate::domain::climbing::address_kind;
use crate::domain::ids::{LetterId, Word};
use crate::domain::incident::MASS_ABSENCE;
use crate::domain::letter::Attachment;
use crate::domain::message::{Lang, papers as m};
use crate::domain::notice::{self, About, Notice, Surroundings};
use crate::domain::paper::{self, Paper};
use crate::domain::policy::{AddressKind, Anchor, Ladder, Policy};
use crate::domain::rule::ast::Cond;
use crate::domain::rule::explain::Explainer;
use crate::domain::rule::outlook::Part;
use crate::domain::rule::phrase::Phrases;
use crate::domain::{Date, Time, timeline};
use crate::store::{
    Connection, StoreError, Transaction, Vault, cases, decisions, documents, evidence, findings, outbox, vault,
};

/// What a paper about a case says now, under a draft's number if it has one.
pub fn facts(
    conn: &Connection,
    vault: &Vault,
    policy: &Policy,
    case: &Case,
    paper: Paper,
    number: Option<&str>,
    now: Time,
) -> Result<Facts, StepError> {
    let lang = policy.township.lang;
    let child = courier::child(conn, vault, policy, Some(case.id), case.pupil, now)?;
    let ready = prepared(policy);
    let loaded = evidence::load(conn, &[case.pupil])?;
    let built = timeline::build(policy, &ready.calendar, &loaded, &[case.pupil], now.date(), None);
    let segment = built.roster.at(case.pupil, now.date());
    let card = vault::pupil_card(conn, vault, case.pupil)?;
    let ladders: Vec<Ladder> = case.climbs.iter().filter_map(|c| ladder_by_hash(conn, policy, &c.hash)).collect();
    let held = match segment {
        Some(s) => incidents::find_open(conn, MASS_ABSENCE, s.school_id.as_str())?,
        None => None,
    };
    let person = |c: &vault::ContactCard| {
        let name = c.name.clone().filter(|n| !n.trim().is_empty())?;
        Some(Guardian { name, relation: c.relation.clone().filter(|r| !r.trim().is_empty()) })
    };
    let contacts = card.as_ref().map(|c| c.contacts.as_slice()).unwrap_or_default();
    let kept = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let around = Surroundings {
        pupil: Some(case.pupil),
        school: segment.map(|s| s.school_id.clone()),
        class: segment.and_then(|s| s.class.clone()),
        household_township: card.as_ref().and_then(|c| c.household_township.clone()),
        ..Surroundings::default()
    };
    let since = child.dates.first().copied().unwrap_or(case.opened.date()).min(case.opened.date());
    Ok(Facts {
        lang,
        number: number.map(str::to_owned),
        case_number: case.number.clone(),
        on: now.date(),
        township: office(policy, "township_government").unwrap_or_else(|| policy.township.name.clone()),
        addressees: addressees(policy, &ladders, paper, &around),
        guardians: contacts.iter().filter(|c| !c.is_carer).filter_map(person).collect(),
        carers: contacts.iter().filter(|c| c.is_carer).filter_map(person).collect(),
        household_township: kept(card.as_ref().and_then(|c| c.household_township.clone()))
            .map(|home| township_name(policy, home)),
        household_address: kept(card.and_then(|c| c.household_address)),
        sex: segment.and_then(|s| s.sex),
        birth_date: segment.and_then(|s| s.birth_date),
        boarding: segment.and_then(|s| s.boarding),
        principal: (!child.principal_name.is_empty()).then_some((child.principal_name, child.principal_phone)),
        school: child.school,
        class: child.class,
        pupil: child.name,
        grounds: grounds(conn, policy, case, &child.dates, lang)?,
        absent: child.dates,
        measures: measures(conn, vault, policy, case, &loaded.acts, since)?,
        returned: case.returned.as_ref().filter(|_| case.state == State::Watching).map(|r| r.day),
        term: ladders
            .iter()
            .flat_map(|l| &l.rungs)
            .find(|r| r.at.anchor == Anchor::Served(Word::new(paper.as_str())))
            .map(|r| r.at.after),
        unconfirmed: held.is_some_and(|i| i.body.released.is_none()),
    })
}

/// Not a person's name: the program, or whoever carries a guardian's phone.
pub fn is_nobody(by: &str, lang: Lang) -> bool {
    by == m::by_system(lang) || by == m::by_guardian(lang) || by == "guardian"
}

fn office(policy: &Policy, id: &str) -> Option<String> {
    policy.contacts.offices.get(id).map(|o| o.name.clone()).filter(|n| !n.is_empty())
}

/// The register may say a township by its code.
fn township_name(policy: &Policy, home: String) -> String {
    if home == policy.township.code {
        return policy.township.name.clone();
    }
    policy
        .contacts
        .home_townships
        .iter()
        .find(|(code, _)| code.as_str() == home)
        .map_or(home, |(_, h)| h.office.name.clone())
}

/// Every office that a rung with this paper tells, once, as the ladders have them.
fn addressees(policy: &Policy, ladders: &[Ladder], paper: Paper, around: &Surroundings) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: Option<String>| {
        if let Some(name) = name.filter(|n| !n.is_empty() && !names.contains(n)) {
            names.push(name);
        }
    };
    for rung in ladders.iter().flat_map(|l| &l.rungs) {
        if rung.document.as_ref().is_none_or(|d| d.as_str() != paper.as_str()) {
            continue;
        }
        for role in &rung.to {
            for who in notice::resolve(policy, role, around) {
                add(office_of(policy, &who.recipient.office));
            }
        }
    }
    if names.is_empty() {
        for role in ["education_office", "township_government"] {
            let name = office(policy, role);
            names.extend(name);
        }
    }
    names
}

/// An office's name; people of a school are no offices.
fn office_of(policy: &Policy, id: &str) -> Option<String> {
    if let Some((kind, code)) = id.split_once(':') {
        let home = policy.contacts.home_townships.iter().find(|(c, _)| c.as_str() == code)?.1;
        return match kind {
            "home-education" => home.education_office.as_ref().map(|o| o.name.clone()),
            _ => Some(home.office.name.clone()),
        };
    }
    office(policy, id)
}

/// The latest finding of each rule that lifts the case as high as it stands, or, of lower ones, those that rest on a paper.
fn grounds(
    conn: &Connection,
    policy: &Policy,
    case: &Case,
    absent: &[Date],
    lang: Lang,
) -> Result<Vec<Ground>, StepError> {
    let ready = prepared(policy);
    let mut known = findings::of_pupil(conn, case.pupil, false)?;
    known.extend(findings::of_pupil(conn, case.pupil, true)?);
    let standing: Vec<_> = case.grounds.iter().filter(|g| !g.retracted).collect();
    let top = standing.iter().map(|g| g.level).max().unwrap_or(0);
    let mut out: Vec<Ground> = Vec::new();
    for g in &standing {
        if standing.iter().any(|o| o.rule == g.rule && o.fired_on > g.fired_on) {
            continue;
        }
        let Some(rule) = rule_by_hash(conn, policy, &g.hash) else { continue };
        if g.level < top && rule.basis.is_none() {
            continue;
        }
        let Some(f) = known.iter().find(|f| f.rule == g.rule && f.fired_on == g.fired_on) else { continue };
        let mut f = f.clone();
        // The days that stand in the paper anyway are not said twice.
        if f.evidence == absent || f.evidence.len() > 10 {
            f.evidence.clear();
        }
        let phrases = Phrases { policy, lang };
        let explainer = Explainer { phrases, calendar: &ready.calendar, member: None, today: f.last_on };
        let stood = Part { cond: first_leaf(&rule.when).clone(), is_true: true, now: f.measure, dates: Vec::new() };
        out.push(Ground { said: explainer.because(&f, &[stood]), basis: rule.basis });
    }
    Ok(out)
}

/// Acts since the first day of absence, and the letters that told the guardians.
fn measures(
    conn: &Connection,
    vault: &Vault,
    policy: &Policy,
    case: &Case,
    acts: &[crate::domain::evidence::Act],
    since: Date,
) -> Result<Vec<Measure>, StepError> {
    let lang = policy.township.lang;
    let word = |table: &std::collections::BTreeMap<Word, Vec<String>>, id: &Word| match lang {
        Lang::Zh => table.get(id).and_then(|w| w.first()).cloned().unwrap_or_else(|| id.to_string()),
        Lang::En => id.as_str().replace('_', " "),
    };
    let mut out = Vec::new();
    for a in acts.iter().filter(|a| a.pupil == case.pupil && a.date >= since) {
        let words = decisions::act_words(conn, vault, a.id)?.unwrap_or_default();
        let by = words.by.unwrap_or_default();
        let measure = Measure {
            date: a.date,
            what: word(&policy.acts.kinds, &a.kind),
            // A reply is recorded under the word for whoever carries the phone.
            by: if by == "guardian" { m::by_guardian(lang) } else { by },
            result: a.result.as_ref().map(|r| word(&policy.acts.results, r)).unwrap_or_default(),
            note: words.note.unwrap_or_default(),
        };
        out.push((a.recorded_at, measure));
    }
    for n in outbox::of_subject(conn, About::Case(case.id))? {
        let (Some(told), Some((_, channel))) = (n.told, n.told_by.as_ref()) else { continue };
        let alarm = !matches!(n.rung.as_str(), notice::RETURNED | notice::CORRECTED | notice::REPLY);
        if !n.to.is_guardian() || !alarm {
            continue;
        }
        let by = match address_kind(policy, channel) {
            AddressKind::Phone => m::by_sms(lang),
            AddressKind::Email => m::by_email(lang),
            AddressKind::Any => channel.to_string(),
        };
        let measure = Measure {
            date: told.date(),
            what: m::told_guardian(lang, by),
            by: m::by_system(lang),
            result: m::told_result(lang),
            note: String::new(),
        };
        out.push((told, measure));
    }
    out.sort_by_key(|(at, one)| (one.date, *at));
    Ok(out.into_iter().map(|(_, one)| one).collect())
}

// ---------------------------------------------------------------- what letters carry

/// The draft that a notice brings with it: its kind, and its number if the case has one. None for guardians: a paper
/// comes to them by a person's hand.
pub fn of_notice(conn: &Connection, vault: &Vault, n: &Notice) -> Result<Option<(Paper, Case, String)>, StoreError> {
    let Some(document) = n.document.as_ref().filter(|_| !n.to.is_guardian()) else { return Ok(None) };
    let (Some(paper), About::Case(id)) = (Paper::parse(document.as_str()), n.about) else { return Ok(None) };
    let Some(case) = cases::get(conn, vault, id)? else { return Ok(None) };
    let number = paper::current(&case, document).or_else(|| paper::latest(&case, document)).map(|d| d.number.clone());
    Ok(number.map(|number| (paper, case, number)))
}

/// Fills the drafts that a letter carries with the facts of now, and keeps what they say.
pub fn attach(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    letter: LetterId,
    notices: &[&Notice],
    now: Time,
) -> Result<(), StepError> {
    documents::detach(tx, letter)?;
    let mut done: Vec<String> = Vec::new();
    for n in notices {
        let Some((paper, case, number)) = of_notice(tx, vault, n)? else { continue };
        if done.contains(&number) {
            continue;
        }
        let facts = facts(tx, vault, policy, &case, paper, Some(&number), now)?;
        documents::attach(tx, vault, letter, &number, case.id, &document::compose(paper, &facts), now)?;
        done.push(number);
    }
    Ok(())
}

/// What a letter carries, as its channel needs it: the same bytes for every attempt.
pub fn attached(
    conn: &Connection,
    vault: &Vault,
    policy: &Policy,
    letter: LetterId,
) -> Result<Vec<Attachment>, StoreError> {
    let mut out = Vec::new();
    for (kind, number, bytes) in documents::files_of(conn, vault, letter)? {
        let Some(paper) = Paper::parse(kind.as_str()) else { continue };
        out.push(Attachment {
            file_name: paper::file_name(paper, Some(&number), policy.township.lang),
            media_type: document::DOCX.to_owned(),
            bytes,
        });
    }
    Ok(out)
}

/// A paper says the branch by which a rule is known.
fn first_leaf(c: &Cond) -> &Cond {
    match c {
        Cond::All(list) | Cond::Any(list) => list.first().map_or(c, first_leaf),
        other => other,
    }
}
