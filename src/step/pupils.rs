//! One pupil after an evaluation: the case, its climbs, the notices that follow. Reads and writes; decides nothing itself.

use super::{StepError, ladder_by_hash, rule_by_hash};
use crate::domain::calendar::Calendar;
use crate::domain::case::{Case, Event, Reason, State, Stated};
use crate::domain::casework::{self, Draft, Numbers, PupilView};
use crate::domain::climbing::{self, Ground};
use crate::domain::evidence::{Act, Decision, DecisionKind, Evidence};
use crate::domain::finding::{Change, Finding};
use crate::domain::ids::{CaseId, DecisionId, LadderId, PupilId, Role, RungId};
use crate::domain::notice::{self, About, NewNotice, Surroundings, Told};
use crate::domain::policy::{Person, Policy};
use crate::domain::timeline::{Segment, Statements};
use crate::domain::{Date, Time, TimeOfDay};
use crate::store::{StoreError, Transaction, Vault, cases, decisions, outbox, vault};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What one evaluation of one pupil gave.
pub struct Evaluated {
    pub pupil: PupilId,
    /// Those of superseded versions among them.
    pub findings: Vec<Finding>,
    pub changes: Vec<(Change, Finding)>,
}

/// What all pupils of a step share.
pub struct Around<'a> {
    /// Acts and decisions among it: files bring them too.
    pub evidence: &'a Evidence,
    pub policy: &'a Policy,
    pub calendar: &'a Calendar,
    pub vault: &'a Vault,
    pub statements: &'a Statements<'a>,
    pub now: Time,
    /// The calendar before the edit that this step is the first to see.
    pub before: Option<&'a Calendar>,
    pub slept_s: i64,
}

struct Counter<'t> {
    tx: &'t Transaction<'t>,
    calendar: &'t Calendar,
    today: Date,
    code: String,
    next: i64,
    failed: Option<StoreError>,
}

impl Numbers for Counter<'_> {
    fn next_case(&mut self) -> CaseId {
        let id = self.next;
        self.next += 1;
        CaseId(id)
    }
    fn next_number(&mut self, school_year: i32) -> String {
        match cases::next_serial(self.tx, school_year) {
            Ok(n) => format!("{}-{school_year}-{n:04}", self.code),
            Err(e) => {
                self.failed = Some(e);
                String::new()
            }
        }
    }
    fn earlier_cases(&self, pupil: PupilId) -> u32 {
        let since = self.calendar.school_year_of(self.today).1.and_time(TimeOfDay::MIN);
        cases::numbered_since(self.tx, pupil, since).unwrap_or(0)
    }
}

/// The people and places around a pupil, as they are now.
pub fn surroundings(
    tx: &crate::store::Connection,
    vault: &Vault,
    pupil: PupilId,
    segment: Option<&Segment>,
) -> Result<Surroundings, StoreError> {
    let card = vault::pupil_card(tx, vault, pupil)?;
    let mut guardians = Vec::new();
    let mut household_township = None;
    if let Some(card) = card {
        household_township = card.household_township;
        for c in card.contacts {
            guardians.push(Person { name: c.name.unwrap_or_default(), phone: c.phone, email: c.email });
        }
    }
    Ok(Surroundings {
        pupil: Some(pupil),
        school: segment.map(|s| s.school_id.clone()),
        class: segment.and_then(|s| s.class.clone()),
        guardians,
        household_township,
    })
}

/// Addresses known not to work, as a question.
pub fn dead_addresses<'v>(
    tx: &crate::store::Connection,
    vault: &'v Vault,
) -> Result<impl Fn(&str) -> bool + use<'v>, StoreError> {
    let dead: BTreeSet<Vec<u8>> = outbox::all_dead(tx)?;
    Ok(move |address: &str| !dead.is_empty() && dead.contains(vault.digest("address", address).as_slice()))
}

/// Everything that follows for one pupil.
pub fn advance(tx: &Transaction, around: &Around, one: &Evaluated) -> Result<(), StepError> {
    let known = cases::of_pupil(tx, around.vault, one.pupil)?;
    if known.is_empty() && one.changes.is_empty() {
        return Ok(());
    }
    let Some(timeline) = &around.statements.timeline(one.pupil) else { return Ok(()) };
    let segment = around.statements.roster().at(one.pupil, around.now.date());
    let ladders = |hash: &str| ladder_by_hash(tx, around.policy, hash);
    let rules = |hash: &str| rule_by_hash(tx, around.policy, hash);
    let view = PupilView {
        policy: around.policy,
        calendar: around.calendar,
        pupil: one.pupil,
        segment,
        timeline,
        findings: &one.findings,
        changes: &one.changes,
        ladders: &ladders,
        rules: &rules,
        stated: stated_by_file(tx, around, one.pupil)?,
        now: around.now,
    };
    let before: BTreeMap<CaseId, Case> = known.iter().map(|c| (c.id, c.clone())).collect();
    let mut numbers = Counter {
        tx,
        calendar: around.calendar,
        today: around.now.date(),
        code: around.policy.township.code.clone(),
        next: cases::next_id(tx)?,
        failed: None,
    };
    let known_acts = acts_of_files(around, one.pupil, &known);
    let mut drafts = casework::react(&view, known, &mut numbers);
    if let Some(e) = numbers.failed.take() {
        return Err(e.into());
    }
    let people = surroundings(tx, around.vault, one.pupil, segment)?;
    for draft in &mut drafts {
        from_files(tx, around, &view, draft, &known_acts)?;
    }
    for mut draft in drafts {
        if let Some(was) = before.get(&draft.case.id)
            && let Some(decision) = casework::withdrawn(&draft.events, was)
        {
            decisions::withdraw(tx, decision, around.now)?;
        }
        finish(tx, around, &view, &people, &mut draft)?;
    }
    Ok(())
}

/// Acts about a pupil that a case does not know yet: feedback files bring them without a command.
fn acts_of_files(around: &Around, pupil: PupilId, cases: &[Case]) -> Vec<Act> {
    let Some(case) = cases.iter().rev().find(|c| c.state != State::Closed) else { return Vec::new() };
    let known = |a: &Act| case.acts.iter().any(|k| k.kind == a.kind && k.result == a.result && k.date == a.date);
    let mut acts: Vec<Act> = around
        .evidence
        .acts
        .iter()
        .filter(|a| a.pupil == pupil && a.recorded_at >= case.opened && !known(a))
        .cloned()
        .collect();
    acts.sort_by_key(|a| (a.recorded_at, a.id));
    acts
}

/// The acts that feedback files bring land in the case.
fn from_files(
    tx: &Transaction,
    around: &Around,
    view: &PupilView,
    draft: &mut Draft,
    acts: &[Act],
) -> Result<(), StepError> {
    if draft.case.state == State::Closed {
        return Ok(());
    }
    for a in acts {
        let by = decisions::act_words(tx, around.vault, a.id)?.and_then(|w| w.by).unwrap_or_default();
        let (kind, result, date) = (a.kind.clone(), a.result.clone(), a.date);
        casework::record_act(
            &casework::footing(view),
            view.ladders,
            draft,
            Event::ActRecorded { kind, result, date, by },
        );
    }
    Ok(())
}

/// The latest return that a feedback file states about the pupil and nobody has withdrawn.
fn stated_by_file(tx: &Transaction, around: &Around, pupil: PupilId) -> Result<Option<(Date, Stated)>, StepError> {
    let of_file = |d: &&Decision| d.kind == DecisionKind::Return && d.delivery.is_some() && d.withdrawn_at.is_none();
    let decisions = around.evidence.decisions.iter().filter(|d| d.pupil == pupil);
    let Some(d) = decisions.filter(of_file).max_by_key(|d| d.to) else { return Ok(None) };
    let by = decisions::grounds(tx, around.vault, d.id)?.and_then(|g| g.by).unwrap_or_default();
    Ok(Some((d.to, Stated { decision: d.id, by })))
}

/// Climbs, writes the case with its events, and makes, cancels and holds its notices.
pub fn finish(
    tx: &Transaction,
    around: &Around,
    view: &PupilView,
    people: &Surroundings,
    draft: &mut Draft,
) -> Result<(), StepError> {
    if draft.case.state == State::Closed && draft.events.is_empty() {
        if erased_at(&draft.case).is_some_and(|t| t <= around.now) {
            cases::erase(tx, draft.case.id)?;
            return Ok(());
        }
        let wake = closed_wake(view, &draft.case);
        cases::write(tx, around.vault, &draft.case, &[], people.school.as_ref(), wake, around.now)?;
        return Ok(());
    }
    let dead = dead_addresses(tx, around.vault)?;
    let about = About::Case(draft.case.id);
    let ground = Ground {
        policy: around.policy,
        footing: casework::footing(view),
        around: people,
        dead: &dead,
        about,
        now: around.now,
        before: around.before,
        slept_s: around.slept_s,
    };
    // A case that opens with its return known tells nobody: it stands in `watching` before any rung is looked at.
    let moves = climbing::climb_case(&ground, &mut draft.case, view.ladders);
    draft.events.extend(moves.events);
    let wake = [moves.next, casework::next_instant(view, &draft.case), closed_wake(view, &draft.case)]
        .into_iter()
        .flatten()
        .min();
    cases::write(tx, around.vault, &draft.case, &draft.events, people.school.as_ref(), wake, around.now)?;
    // The case row must be there before its notices refer to it.
    tell_outside(tx, around, people, draft)?;
    for n in &moves.notices {
        outbox::make(tx, n, around.now)?;
    }
    for (_, role) in &moves.unreachable {
        super::incidents::nobody_to_reach(tx, around.policy, people, role, around.now)?;
    }
    Ok(())
}

/// A follow-up is erased 30 days after it closes (cases.md §1); one that a suspension closed not before its end has
/// passed, since the same case opens again if the child does not come back.
fn erased_at(case: &Case) -> Option<Time> {
    let closing = case.closing.as_ref().filter(|_| case.number.is_none())?;
    let over = case.exempt_until.and_then(|u| u.checked_add_days(chrono::Days::new(1)));
    let from = over.map_or(closing.at, |d| d.and_time(TimeOfDay::MIN).max(closing.at));
    Some(from + TimeDelta::days(30))
}

/// When a closed case is to be looked at: after the end of a suspension, and when a follow-up is erased.
fn closed_wake(view: &PupilView, case: &Case) -> Option<Time> {
    let expiry =
        case.closing.as_ref().and_then(|c| c.until).map(|u| (u + chrono::Days::new(1)).and_time(TimeOfDay::MIN));
    [expiry, erased_at(case)].into_iter().flatten().filter(|t| *t > view.now).min()
}

/// Letters outside rungs: returned, relapsed, unconfirmed, corrections; and what they make pointless.
fn tell_outside(tx: &Transaction, around: &Around, people: &Surroundings, draft: &Draft) -> Result<(), StepError> {
    let case = &draft.case;
    let about = About::Case(case.id);
    let told = outbox::told(tx, about)?;
    let mut cancelled_rungs: Vec<(&LadderId, &RungId)> = Vec::new();
    for event in &draft.events {
        match event {
            Event::Returned { .. } => {
                outbox::cancel(tx, about, |n| n.rung != notice::CORRECTED && n.rung != notice::DIGEST)?;
            }
            Event::Relapsed { .. } | Event::ReturnUnconfirmed { .. } => {
                outbox::cancel(tx, about, |n| n.rung == notice::RETURNED)?;
                let who = notice::told_people(&told, |t| t.rung == notice::RETURNED && t.telling == case.returns);
                for (to, via) in who {
                    outside(tx, around, people, about, notice::RELAPSED, case.relapses, to, via, json!(null))?;
                }
                if let Event::ReturnUnconfirmed { decision, .. } = event {
                    tell_township_unconfirmed(tx, around, people, about, case, *decision)?;
                }
            }
            Event::Closed { .. } => {
                outbox::cancel(tx, about, |n| n.rung != notice::CORRECTED && n.rung != notice::DIGEST)?;
            }
            Event::Reopened { .. } => {
                // What was to be taken back stands again.
                outbox::cancel(tx, about, |n| n.rung == notice::CORRECTED)?;
            }
            Event::RungCancelled { ladder, rung } => {
                outbox::cancel(tx, about, |n| n.ladder.as_ref() == Some(ladder) && n.rung == *rung)?;
                outbox::retire(tx, about, ladder, rung)?;
                cancelled_rungs.push((ladder, rung));
            }
            _ => {}
        }
    }
    let corrected = draft.events.iter().any(|e| matches!(e, Event::Corrected { .. }));
    if corrected {
        let of = |t: &Told| {
            notice::is_alarm(t)
                && (case.state == State::Closed
                    || cancelled_rungs.iter().any(|(l, r)| t.ladder.as_ref() == Some(*l) && **r == t.rung))
        };
        for (to, via) in notice::told_people(&told, of) {
            let facts = json!({ "all": case.state == State::Closed });
            outside(tx, around, people, about, notice::CORRECTED, case.corrections, to, via, facts)?;
        }
    }
    // A case that opened with its return known told nobody: the school reads of it with the next digest.
    if draft.fresh && case.state == State::Watching {
        let facts = json!({ "what": "back" });
        let role = Role::new("principal");
        in_digest(tx, around.policy, around.calendar, people, about, 0, &role, &facts, around.now)?;
    }
    // Looked at in every step, so that one whose alarm was still under way is told too.
    if case.state == State::Watching
        && let Some(returned) = &case.returned
    {
        let recorder = returned.stated.as_ref().map(|s| s.by.as_str());
        for (to, via) in notice::told_people(&told, notice::is_alarm) {
            if recorder.is_some_and(|by| named(around.policy, people, to, by)) {
                continue;
            }
            outside(tx, around, people, about, notice::RETURNED, returned.round, to, via, json!(null))?;
        }
    }
    if case.state == State::Closed
        && case.corrections > 0
        && case.closing.as_ref().is_some_and(|c| c.reason == Reason::Mistaken)
    {
        for (to, via) in notice::told_people(&told, notice::is_alarm) {
            outside(tx, around, people, about, notice::CORRECTED, case.corrections, to, via, json!({ "all": true }))?;
        }
    }
    Ok(())
}

/// The recipient is the person of that name (who recorded the return and need not be told of it).
fn named(policy: &Policy, people: &Surroundings, to: &notice::Recipient, name: &str) -> bool {
    notice::resolve(policy, &to.role, people)
        .iter()
        .filter(|r| r.recipient.same_person(to))
        .any(|r| r.contacts.iter().any(|c| c.name == name))
}

fn outside(
    tx: &Transaction,
    around: &Around,
    people: &Surroundings,
    about: About,
    rung: &str,
    telling: u32,
    to: &notice::Recipient,
    via: Vec<crate::domain::ids::ChannelId>,
    facts: serde_json::Value,
) -> Result<(), StepError> {
    let n = NewNotice {
        about,
        pupil: people.pupil,
        school: people.school.clone(),
        ladder: None,
        rung: RungId::new(rung),
        telling,
        to: to.clone(),
        via,
        template: None,
        document: None,
        statutory: false,
        urgent: false,
        due: around.now,
        held: false,
        facts,
    };
    outbox::make(tx, &n, around.now)?;
    Ok(())
}

fn tell_township_unconfirmed(
    tx: &Transaction,
    around: &Around,
    people: &Surroundings,
    about: About,
    case: &Case,
    decision: Option<DecisionId>,
) -> Result<(), StepError> {
    let role = Role::new("township_government");
    let via = first_channels(around.policy, &role);
    for who in notice::resolve(around.policy, &role, people) {
        // Who had stated it stands sealed with the decision.
        let facts = json!({ "decision": decision.map(|d| d.0) });
        outside(tx, around, people, about, notice::UNCONFIRMED, case.relapses, &who.recipient, via.clone(), facts)?;
    }
    Ok(())
}

/// A notice for the next digest of a role: its own time of the next working day, else half past eight.
pub fn in_digest(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    people: &Surroundings,
    about: About,
    telling: u32,
    role: &Role,
    facts: &serde_json::Value,
    now: Time,
) -> Result<(), StepError> {
    let half_past_eight = TimeOfDay::from_hms_opt(8, 30, 0).expect("08:30 is a time of day");
    let at = policy.contacts.hours_of(role).digest.unwrap_or(half_past_eight);
    let due = calendar.add_working_days(now.date(), 1).and_time(at);
    for who in notice::resolve(policy, role, people) {
        let n = NewNotice {
            about,
            pupil: people.pupil,
            school: people.school.clone(),
            ladder: None,
            rung: RungId::new(notice::DIGEST),
            telling,
            to: who.recipient,
            via: first_channels(policy, role),
            template: None,
            document: None,
            statutory: false,
            urgent: false,
            due,
            held: false,
            facts: facts.clone(),
        };
        outbox::make(tx, &n, now)?;
    }
    Ok(())
}

/// The channels by which an office is first told, as the ladders have it.
pub fn first_channels(policy: &Policy, role: &Role) -> Vec<crate::domain::ids::ChannelId> {
    let rung = policy.ladders.iter().flat_map(|l| &l.rungs).find(|r| r.to.contains(role));
    rung.map(|r| r.via.clone()).unwrap_or_else(|| policy.channels.iter().map(|c| c.id.clone()).take(1).collect())
}
