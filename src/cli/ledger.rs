//! The history of a case as a person would write it: what happened at one instant is one dated sentence, with who did it,
//! why, and what it rests on (rule and version, row of a delivery, document, letters). JSON keeps the events as data.

use super::shown::{Shown, by_hand};
use super::table::{PAGE, wrapped};
use super::town::Town;
use super::{CliError, Context};
use crate::domain::Time;
use crate::domain::case::{Case, Event, Ground};
use crate::domain::evidence::Evidence;
use crate::domain::ids::{IncidentId, LadderId, Role, RuleId, RungId, Word};
use crate::domain::message::{Lang, ledger as say, shell};
use crate::domain::notice::{About, Notice};
use crate::domain::rule::phrase::Phrases;
use crate::domain::text::mask_name;
use crate::drive::forms;
use crate::step::{ladder_by_hash, rule_by_hash};
use crate::store::cases::Entry;
use crate::store::outbox::LetterRow;
use crate::store::{Db, cases, evidence, logbook, outbox};
use serde_json::{Value, json};

/// Everything that one case's history is told from.
pub struct Ledger<'a> {
    town: &'a Town,
    db: &'a Db,
    case: &'a Case,
    lang: Lang,
    identify: bool,
    entries: Vec<Entry>,
    evidence: Evidence,
    notices: Vec<(Notice, Vec<LetterRow>)>,
    /// Reasons that were typed beside a command, by the instant: they stand in the logbook.
    reasons: Vec<(Time, String)>,
}

impl<'a> Ledger<'a> {
    pub fn new(context: &Context, town: &'a Town, db: &'a Db, case: &'a Case) -> Result<Ledger<'a>, CliError> {
        let broken = |e| town.broken(e);
        let conn = db.conn();
        let entries = cases::ledger(conn, &db.vault(), Some(case.id)).map_err(broken)?;
        let evidence = evidence::load(conn, &[case.pupil]).map_err(broken)?;
        let mut notices = Vec::new();
        for notice in outbox::of_subject(conn, About::Case(case.id)).map_err(broken)? {
            let mut letters = Vec::new();
            for id in logbook::letters_of(conn, notice.id).map_err(broken)? {
                letters.extend(outbox::letter(conn, id).map_err(broken)?);
            }
            notices.push((notice, letters));
        }
        let asked = |at: Time| entries.iter().any(|e| e.uid.is_some() && e.at == at);
        let book = match entries.iter().any(|e| e.uid.is_some()) {
            true => logbook::all(conn, &db.vault()).map_err(broken)?,
            false => Vec::new(),
        };
        let reasons = book.into_iter().filter(|l| asked(l.at)).filter_map(|l| Some((l.at, l.body.reason?))).collect();
        let (lang, identify) = (context.lang, context.identify);
        Ok(Ledger { town, db, case, lang, identify, entries, evidence, notices, reasons })
    }

    /// The notices of a rung to a role, each with the letters that carried it.
    pub fn of_rung(
        &self,
        ladder: &LadderId,
        rung: &RungId,
        telling: u32,
        role: &Role,
    ) -> impl Iterator<Item = &(Notice, Vec<LetterRow>)> {
        self.notices.iter().filter(move |(n, _)| {
            n.ladder.as_ref() == Some(ladder) && n.rung == *rung && n.telling == telling && n.to.role == *role
        })
    }

    pub fn person(&self, name: &str) -> String {
        if self.identify { name.to_owned() } else { mask_name(name) }
    }

    pub fn role(&self, role: &Role) -> String {
        if let Some(said) = say::role(self.lang, role.as_str()) {
            return said.to_owned();
        }
        let office = self.town.policy.contacts.offices.get(role);
        office.map_or_else(|| role.to_string(), |o| o.name.clone())
    }

    pub fn phrases(&self) -> Phrases<'_> {
        Phrases { policy: &self.town.policy, lang: self.lang }
    }

    /// A ladder by its title, in the version that the case climbs.
    pub fn ladder_title(&self, ladder: &LadderId) -> String {
        let climb = self.case.climbs.iter().find(|c| c.ladder == *ladder);
        let kept = climb.and_then(|c| ladder_by_hash(self.db.conn(), &self.town.policy, &c.hash));
        let title = kept.map(|l| l.title.in_lang(self.lang).to_owned()).filter(|t| !t.is_empty());
        title.unwrap_or_else(|| ladder.to_string())
    }

    fn clause(&self, entry: &Entry) -> String {
        let said = say::event(self.lang, &entry.event, &Teller { ledger: self, at: entry.at });
        let Some(uid) = entry.uid else { return said };
        let said = say::by_user(self.lang, said, uid);
        match self.reason(entry) {
            Some(why) if self.identify => say::with_reason(self.lang, said, why),
            Some(_) => say::with_reason(self.lang, said, shell::identify_hint(self.lang)),
            None => said,
        }
    }

    /// Why it was done, where the event itself has no place for it.
    fn reason(&self, entry: &Entry) -> Option<&str> {
        let has_none = matches!(
            entry.event,
            Event::Acknowledged { .. }
                | Event::Returned { .. }
                | Event::ReturnStated { .. }
                | Event::Excused { .. }
                | Event::DecisionWithdrawn { .. }
                | Event::Served { .. }
                | Event::Referred { .. }
                | Event::LadderMigrated { .. }
        );
        let found = self.reasons.iter().find(|(at, why)| has_none && *at == entry.at && !why.trim().is_empty());
        found.map(|(_, why)| why.as_str())
    }

    /// That a rung is to be told needs no words where what became of it is told too.
    fn is_told_later(&self, e: &Event) -> bool {
        let Event::RungNoticed { ladder, rung, telling, role } = e else { return false };
        self.entries.iter().any(|entry| match &entry.event {
            Event::RungSent { ladder: l, rung: r, telling: t, role: o }
            | Event::RungSkipped { ladder: l, rung: r, telling: t, role: o, .. }
            | Event::RungUnreachable { ladder: l, rung: r, telling: t, role: o } => {
                (l, r, t, o) == (ladder, rung, telling, role)
            }
            _ => false,
        })
    }

    /// Dated sentences in order.
    pub fn prose(&self) -> Vec<(Time, String)> {
        let told: Vec<&Entry> = self.entries.iter().filter(|e| !self.is_told_later(&e.event)).collect();
        told.chunk_by(|a, b| a.at == b.at)
            .map(|instant| {
                let mut clauses: Vec<(bool, String)> = Vec::new();
                for entry in instant {
                    // A case is opened because of what was found.
                    let first = matches!(entry.event, Event::FindingAdded { .. });
                    let clause = self.clause(entry);
                    if clauses.last().is_none_or(|(_, last)| *last != clause) {
                        clauses.push((!first, clause));
                    }
                }
                if matches!(instant[0].event, Event::Opened { .. }) {
                    clauses.sort_by_key(|(late, _)| *late);
                }
                let clauses: Vec<String> = clauses.into_iter().map(|(_, c)| c).collect();
                (instant[0].at, say::joined(self.lang, &clauses))
            })
            .collect()
    }

    /// The same as lines of a page.
    pub fn text(&self) -> String {
        let line = |(at, said): (Time, String)| wrapped(&format!("    {}  ", say::moment(self.lang, at)), &said, PAGE);
        self.prose().into_iter().map(line).collect()
    }

    /// The events as data, each with its words.
    pub fn json(&self) -> Value {
        let zone = self.town.policy.township.zone;
        let lines = self.entries.iter().map(|entry| {
            let mut line = json!({"at": crate::clock::rfc3339(entry.at, zone)});
            let mut event = serde_json::to_value(&entry.event).unwrap_or_default();
            forms::with_offset(&mut event, zone);
            for (key, value) in event.as_object().into_iter().flatten() {
                line[key] = match (key.as_str(), value) {
                    _ if self.identify => value.clone(),
                    ("pupil", _) => json!(self.case.pupil.to_string()),
                    ("by" | "second", Value::String(by)) => mask_name(by).into(),
                    ("evidence", _) => Value::Null,
                    ("why", Value::String(why)) if !by_hand(why) => why.clone().into(),
                    ("why", _) => Value::Null,
                    ("stated", Value::Object(stated)) => {
                        let by = stated.get("by").and_then(Value::as_str).map(mask_name);
                        json!({"decision": stated.get("decision"), "by": by})
                    }
                    _ => value.clone(),
                };
            }
            if let Some(uid) = entry.uid {
                line["uid"] = uid.into();
                line["reason"] = self.reason(entry).filter(|_| self.identify).into();
            }
            if let Event::FindingAdded { ground } = &entry.event
                && let Some((delivery, row)) = self.row_of(ground, entry.at)
            {
                line["basis"] = json!({"delivery": delivery, "row": row});
            }
            line["text"] = self.clause(entry).into();
            line
        });
        lines.collect()
    }

    /// The row about the day on which a finding came true, as it was known at an instant.
    fn row_of(&self, ground: &Ground, at: Time) -> Option<(String, u32)> {
        let rows = self.evidence.rows.iter().filter(|r| r.pupil == self.case.pupil && r.date == ground.fired_on);
        let known = rows.filter_map(|r| {
            let facts = self.evidence.deliveries.get(&r.delivery).filter(|f| f.arrived_at <= at)?;
            Some((facts.stamp, r.row_no))
        });
        known.max().map(|(stamp, row)| (stamp.delivery.to_string(), row))
    }
}

/// The names of a ledger as they were at an instant.
struct Teller<'a> {
    ledger: &'a Ledger<'a>,
    at: Time,
}

impl say::Names for Teller<'_> {
    fn person(&self, name: &str) -> String {
        self.ledger.person(name)
    }
    fn words(&self, text: &str) -> String {
        if self.ledger.identify || text.is_empty() { text.to_owned() } else { shell::identify_hint(self.ledger.lang) }
    }
    fn rule(&self, rule: &str, hash: Option<&str>) -> String {
        let l = self.ledger;
        let id = RuleId::new(rule);
        let kept = hash.or_else(|| l.case.grounds.iter().rev().find(|g| g.rule == id).map(|g| g.hash.as_str()));
        let rule_text = kept.and_then(|hash| rule_by_hash(l.db.conn(), &l.town.policy, hash));
        rule_text.map_or_else(|| rule.to_owned(), |r| r.title.in_lang(l.lang).to_owned())
    }
    fn ladder(&self, ladder: &LadderId, rung: Option<&RungId>) -> String {
        rung.map_or_else(|| self.ledger.ladder_title(ladder), RungId::to_string)
    }
    fn role(&self, role: &Role) -> String {
        self.ledger.role(role)
    }
    fn act(&self, kind: &Word, result: Option<&Word>) -> String {
        let matched = crate::domain::rule::ast::ActMatch {
            kinds: vec![kind.clone()],
            results: result.into_iter().cloned().collect(),
        };
        self.ledger.phrases().acts(&matched)
    }
    fn incident(&self, incident: IncidentId) -> String {
        incident.to_string()
    }
    fn basis(&self, ground: &Ground) -> Option<String> {
        let (delivery, row) = self.ledger.row_of(ground, self.at)?;
        Some(say::row_of(self.ledger.lang, delivery, row))
    }
    fn letters(&self, ladder: &LadderId, rung: &RungId, telling: u32, role: &Role) -> Option<String> {
        let lang = self.ledger.lang;
        let mut said: Vec<String> = Vec::new();
        for (_, letters) in self.ledger.of_rung(ladder, rung, telling, role) {
            for l in letters.iter().filter(|l| l.accepted.is_some()) {
                let one = format!("{} {}", say::channel(lang, l.channel.as_str()), l.id);
                if !said.contains(&one) {
                    said.push(one);
                }
            }
        }
        (!said.is_empty()).then(|| said.join(crate::domain::message::rules::comma(lang)))
    }
}

/// A case for people: where it stands, then its history.
pub fn case_text(context: &Context, shown: &mut Shown, ledger: &Ledger) -> Result<String, CliError> {
    use super::table::{bold, red};
    use crate::domain::case::State;
    use crate::domain::words::say_time;
    let (lang, case) = (context.lang, ledger.case);
    let mut out = Vec::new();
    let head = shell::head_case(lang, case.id, shell::case_state(lang, case.state), case.level);
    out.push(bold(&head, context.colour));
    out.extend(case.number.as_ref().map(|n| format!("  {}", shell::number(lang, n))));
    out.extend(case.relapse_of.map(|c| format!("  {}", shell::relapse_of(lang, c))));
    if let Some(incident) = case.held {
        out.push(format!("  {}", red(&shell::held_by(lang, incident), context.colour)));
    }
    if let Some(ack) = case.ack.as_ref().filter(|a| a.until > shown.now()) {
        out.push(format!("  {}", shell::acknowledged_until(lang, ledger.person(&ack.by), say_time(ack.until))));
    }
    if let (Some(closing), State::Closed) = (&case.closing, case.state) {
        out.push(format!("  {}", shell::closed_because(lang, shell::reason(lang, closing.reason))));
    }
    if let Some(next) = shown.next(case)? {
        out.push(format!("  {}: {next}", shell::col_next(lang)));
    }
    out.push(format!("  {}", shell::head_ledger(lang)));
    Ok(out.join("\n") + "\n" + &ledger.text())
}
