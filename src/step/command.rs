//! What people do to cases: each command is checked, becomes events and decisions, and lands in the ledger; a refusal says
//! why. The command line, the control socket, policy tests and replies all come through here.

mod replies;

use super::pupils::{self, Around};
use super::{StepError, ladder_by_hash, mass, prepared, rule_by_hash};
use crate::domain::case::{Case, Event, Reason, State, Stated};
use crate::domain::casework::{self, Draft, PupilView};
use crate::domain::evidence::DecisionKind;
use crate::domain::ids::{CaseId, DecisionId, PupilId, Role, StatusId, Word};
use crate::domain::incident;
use crate::domain::ladder::{Footing, add, after_deadline};
use crate::domain::message::{Lang, casework as m};
use crate::domain::notice;
use crate::domain::paper::{self, Paper};
use crate::domain::policy::{Anchor, Policy, Rung};
use crate::domain::words::say_time;
use crate::domain::{Date, Time, timeline};
use crate::store::decisions::{self, Grounds, NewAct, NewDecision};
use crate::store::{
    Db, StoreError, Transaction, Vault, cases, deliveries, evidence, findings, incidents, logbook, vault,
};
use chrono::Days;
use serde::{Deserialize, Serialize};

/// A command. `case` and `pupil` may be a student number, a reference (`P-000123`), a case's id (`C-000007`) or number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    Acknowledge {
        case: String,
        by: String,
        role: Option<Role>,
    },
    Act {
        pupil: String,
        kind: Word,
        result: Option<Word>,
        date: Option<Date>,
        by: String,
        note: Option<String>,
    },
    Excuse {
        pupil: String,
        from: Date,
        to: Date,
        status: StatusId,
        by: String,
        second: Option<String>,
        reason: Option<String>,
    },
    Return {
        pupil: String,
        on: Date,
        by: String,
        reason: Option<String>,
    },
    Withdraw {
        decision: String,
        by: String,
        reason: Option<String>,
    },
    Close {
        case: String,
        reason: String,
        evidence: String,
        until: Option<Date>,
        by: String,
    },
    Reopen {
        case: String,
        by: String,
        reason: String,
    },
    Serve {
        case: String,
        document: Word,
        on: Date,
        by: String,
    },
    /// Makes a numbered draft before its rung does.
    Draft {
        case: String,
        document: Word,
        by: String,
    },
    Refer {
        case: String,
        to: Role,
        by: String,
    },
    Migrate {
        case: String,
        by: String,
    },
    /// Lets go what a mass hold holds. `subject`: the school.
    Release {
        kind: String,
        subject: Option<String>,
        by: String,
    },
    Reply {
        from: String,
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub ok: bool,
    /// For people: what was done, or why it was refused.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<String>,
}

enum Refusal {
    Because(String),
    Failed(StepError),
}

impl From<StepError> for Refusal {
    fn from(e: StepError) -> Self {
        Refusal::Failed(e)
    }
}
impl From<StoreError> for Refusal {
    fn from(e: StoreError) -> Self {
        Refusal::Failed(e.into())
    }
}

fn no<T>(why: String) -> Result<T, Refusal> {
    Err(Refusal::Because(why))
}

struct Desk<'a> {
    tx: &'a Transaction<'a>,
    vault: &'a Vault,
    policy: &'a Policy,
    lang: Lang,
    now: Time,
    uid: Option<u64>,
}

type Done = Result<Reply, Refusal>;

fn done(message: String, decision: Option<String>) -> Done {
    Ok(Reply { ok: true, message, decision })
}

/// What stands beside a command: who asked, as the system has it, why, and in which language the answer is.
#[derive(Clone, Default, Debug)]
pub struct Beside {
    pub uid: Option<u64>,
    /// A reason for what has no place for one in the ledger.
    pub why: Option<String>,
    /// The township's where none is given.
    pub lang: Option<Lang>,
}

/// Carries out a command, wholly or not at all.
///
/// # Errors
/// Only when the database cannot be read or written; a refusal is a reply.
pub fn obey(db: &mut Db, policy: &Policy, now: Time, request: &Request) -> Result<Reply, StepError> {
    obey_in(db, policy, now, request, &Beside::default())
}

/// The same with what stands beside it. The logbook has it in the same transaction as the ledger.
pub fn obey_in(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    request: &Request,
    beside: &Beside,
) -> Result<Reply, StepError> {
    let vault = db.vault();
    let lang = beside.lang.unwrap_or(policy.township.lang);
    let result = db.write(|tx| {
        let desk = Desk { tx, vault: &vault, policy, lang, now, uid: beside.uid };
        let pupil = desk.meant(request)?;
        let reply = desk.carry_out(request)?;
        desk.write_down(request, pupil, beside)?;
        Ok::<_, Refusal>(reply)
    });
    match result {
        Ok(reply) => Ok(reply),
        Err(Refusal::Because(message)) => Ok(Reply { ok: false, message, decision: None }),
        Err(Refusal::Failed(e)) => Err(e),
    }
}

impl Desk<'_> {
    fn carry_out(&self, request: &Request) -> Done {
        match request {
            Request::Acknowledge { case, by, role } => self.acknowledge(case, by, role.as_ref()),
            Request::Act { pupil, kind, result, date, by, note } => {
                self.act(pupil, kind, result.as_ref(), date.unwrap_or(self.now.date()), by, note.clone())
            }
            Request::Excuse { pupil, from, to, status, by, second, reason } => {
                self.excuse(pupil, *from, *to, status, by, second.as_deref(), reason.clone())
            }
            Request::Return { pupil, on, by, reason } => self.returned(pupil, *on, by, reason.clone()),
            Request::Withdraw { decision, by, .. } => self.withdraw(decision, by),
            Request::Close { case, reason, evidence, until, by } => self.close(case, reason, evidence, *until, by),
            Request::Reopen { case, by, reason } => self.reopen(case, by, reason),
            Request::Serve { case, document, on, by } => self.serve(case, document, *on, by),
            Request::Draft { case, document, by } => self.draft(case, document, by),
            Request::Refer { case, to, by } => self.refer(case, to, by),
            Request::Migrate { case, by } => self.migrate(case, by),
            Request::Release { kind, subject, by } => self.release(kind, subject.as_deref(), by),
            Request::Reply { from, text } => self.reply(from, text),
        }
    }

    /// Whom a command means; nobody where it names no pupil and no case.
    fn meant(&self, request: &Request) -> Result<Option<PupilId>, Refusal> {
        let who = match request {
            Request::Act { pupil: who, .. }
            | Request::Excuse { pupil: who, .. }
            | Request::Return { pupil: who, .. }
            | Request::Acknowledge { case: who, .. }
            | Request::Close { case: who, .. }
            | Request::Reopen { case: who, .. }
            | Request::Serve { case: who, .. }
            | Request::Draft { case: who, .. }
            | Request::Refer { case: who, .. }
            | Request::Migrate { case: who, .. } => who,
            Request::Withdraw { .. } | Request::Release { .. } | Request::Reply { .. } => return Ok(None),
        };
        match self.find_case(who)? {
            Some(case) => Ok(Some(case.pupil)),
            None => Ok(vault::pupil_by_reference_or_number(self.tx, self.vault, who)?),
        }
    }

    fn write_down(&self, request: &Request, pupil: Option<PupilId>, beside: &Beside) -> Result<(), Refusal> {
        let request = serde_json::to_value(request).unwrap_or_default();
        let text = |key: &str| request[key].as_str().map(str::to_owned);
        let (what, by) = (text("command").unwrap_or_default(), text("by"));
        let reason = beside.why.clone().or_else(|| text("reason"));
        let body = logbook::Body { by, reason, uid: beside.uid, request, pupil, notice: None };
        Ok(logbook::append(self.tx, self.vault, self.now, &what, &body)?)
    }

    fn pupil(&self, who: &str) -> Result<PupilId, Refusal> {
        if let Some(case) = self.find_case(who)? {
            return Ok(case.pupil);
        }
        match vault::pupil_by_reference_or_number(self.tx, self.vault, who)? {
            Some(p) => Ok(p),
            None => no(m::no_such_pupil(self.lang, who)),
        }
    }

    fn find_case(&self, who: &str) -> Result<Option<Case>, Refusal> {
        Ok(match CaseId::parse(who) {
            Some(id) => cases::get(self.tx, self.vault, id)?,
            None => cases::by_number(self.tx, self.vault, who)?,
        })
    }

    /// A case by its own name, or the pupil's latest.
    fn case(&self, who: &str) -> Result<Case, Refusal> {
        if let Some(case) = self.find_case(who)? {
            return Ok(case);
        }
        let Some(p) = vault::pupil_by_reference_or_number(self.tx, self.vault, who)? else {
            return no(m::no_such_case(self.lang, who));
        };
        match cases::of_pupil(self.tx, self.vault, p)?.pop() {
            Some(c) => Ok(c),
            None => no(m::no_such_case(self.lang, who)),
        }
    }

    fn open_case(&self, who: &str) -> Result<Case, Refusal> {
        let case = self.case(who)?;
        if case.state == State::Closed {
            return no(m::no_open_case(self.lang, who));
        }
        Ok(case)
    }

    fn named(&self, by: &str) -> Result<(), Refusal> {
        if by.trim().is_empty() { no(m::by_needed(self.lang)) } else { Ok(()) }
    }

    /// Writes events of a case and has the engine look at it at once.
    fn write(&self, mut draft: Draft) -> Result<(), Refusal> {
        let school = super::courier::place_of(self.tx, self.policy, draft.case.pupil, self.now.date())?.map(|p| p.0);
        let events = std::mem::take(&mut draft.events);
        let (school, now) = (school.as_ref(), self.now);
        cases::write_for(self.tx, self.vault, &draft.case, &events, school, Some(now), now, self.uid)?;
        deliveries::mark_pupil(self.tx, draft.case.pupil, self.now)?;
        Ok(())
    }

    fn with_footing<T>(&self, pupil: PupilId, f: impl FnOnce(&Footing) -> T) -> Result<T, Refusal> {
        let ready = prepared(self.policy);
        let place = super::courier::place_of(self.tx, self.policy, pupil, self.now.date())?;
        let footing = Footing { calendar: &ready.calendar, place: place.as_ref().map(|(s, c, g)| (s, *g, c.as_ref())) };
        Ok(f(&footing))
    }

    fn leading(&self, case: &Case) -> Option<crate::domain::policy::Ladder> {
        casework::leading_ladder(case, &|h| ladder_by_hash(self.tx, self.policy, h))
    }

    /// Who has taken a case on, and when.
    fn taken_on(&self, case: &Case) -> String {
        case.ack.as_ref().map_or_else(String::new, |a| m::already_taken_on(self.lang, &a.by, say_time(a.at)))
    }

    fn acknowledge(&self, who: &str, by: &str, role: Option<&Role>) -> Done {
        self.named(by)?;
        let case = self.open_case(who)?;
        if case.state != State::Open {
            return no(m::not_open(self.lang));
        }
        let Some(rule) = self.leading(&case).and_then(|l| l.acknowledge) else {
            return no(m::not_acknowledgeable(self.lang));
        };
        let role = match role {
            Some(r) => r.clone(),
            None => rule.by.first().cloned().unwrap_or_else(|| Role::new("operator")),
        };
        if !rule.by.is_empty() && !rule.by.contains(&role) {
            return no(m::no_duty(self.lang, &role));
        }
        if let Some(ack) = &case.ack {
            // While it holds, another is told so; after it ran out another holds only if an act was recorded since.
            if ack.until > self.now || !ack.acted {
                return no(self.taken_on(&case));
            }
        }
        let until = self.with_footing(case.pupil, |f| add(f, self.now, rule.holds, None))?;
        let mut draft = Draft::of(case, self.now);
        draft.emit(Event::Acknowledged { by: by.to_owned(), role, until });
        self.write(draft)?;
        done(m::done(self.lang), None)
    }

    fn act(&self, who: &str, kind: &Word, result: Option<&Word>, date: Date, by: &str, note: Option<String>) -> Done {
        self.named(by)?;
        if date > self.now.date() {
            return no(m::in_the_future(self.lang, date));
        }
        if !self.policy.acts.kinds.contains_key(kind) {
            return no(m::unknown_kind(self.lang, kind));
        }
        if let Some(r) = result.filter(|r| !self.policy.acts.results.contains_key(*r)) {
            return no(m::unknown_result(self.lang, r));
        }
        let pupil = self.pupil(who)?;
        let new = NewAct {
            pupil,
            date,
            kind: kind.clone(),
            result: result.cloned(),
            recorded_at: self.now,
            delivery: None,
            by: Some(by.to_owned()),
            note,
        };
        let (id, fresh) = decisions::record_act(self.tx, self.vault, &new)?;
        if fresh {
            self.act_on_case(pupil, kind, result, date, by)?;
        }
        done(m::done(self.lang), Some(id.to_string()))
    }

    /// An act lands in the ledger of the case, and prolongs a hold that holds, once.
    fn act_on_case(
        &self,
        pupil: PupilId,
        kind: &Word,
        result: Option<&Word>,
        date: Date,
        by: &str,
    ) -> Result<(), Refusal> {
        let Some(case) = cases::of_pupil(self.tx, self.vault, pupil)?.pop().filter(|c| c.state != State::Closed) else {
            return Ok(());
        };
        let mut draft = Draft::of(case, self.now);
        let act = Event::ActRecorded { kind: kind.clone(), result: result.cloned(), date, by: by.to_owned() };
        let ladders = |h: &str| ladder_by_hash(self.tx, self.policy, h);
        self.with_footing(pupil, |f| casework::record_act(f, &ladders, &mut draft, act))?;
        self.write(draft)
    }

    fn excuse(
        &self,
        who: &str,
        from: Date,
        to: Date,
        status: &StatusId,
        by: &str,
        second: Option<&str>,
        reason: Option<String>,
    ) -> Done {
        self.named(by)?;
        if to < from {
            return no(m::ends_before(self.lang));
        }
        if self.policy.status(status).is_none() || *status == "not_listed" {
            return no(m::unknown_status(self.lang, status));
        }
        let pupil = self.pupil(who)?;
        let (oldest, days) = self.with_footing(pupil, |f| {
            let school_days =
                |from: Date, to: Date| f.place.map(|(s, g, c)| f.calendar.school_days_between(s, g, c, from, to));
            // The third school day before today: what lies before it is old.
            let yesterday = self.now.date() - Days::new(1);
            let mut d = self.now.date();
            for _ in 0..60 {
                if school_days(d, yesterday).is_some_and(|n| n >= 3) {
                    break;
                }
                d = d - Days::new(1);
            }
            (d, school_days(from, to).map_or((to - from).num_days() + 1, i64::from))
        })?;
        let (old, many) = (from < oldest, days > 5);
        if old || many {
            match second.map(str::trim).filter(|s| !s.is_empty()) {
                None => return no(m::second_needed(self.lang)),
                Some(s) if s == by.trim() => return no(m::second_same(self.lang)),
                Some(_) => {}
            }
        }
        let new = NewDecision {
            pupil,
            kind: DecisionKind::Excuse(status.clone()),
            from,
            to,
            recorded_at: self.now,
            delivery: None,
            grounds: Grounds {
                by: Some(by.to_owned()),
                second: second.map(str::to_owned),
                reason,
                ..Grounds::default()
            },
        };
        let id = decisions::record(self.tx, self.vault, &new)?;
        if let (true, Some(id)) = (old || many, id) {
            self.tell_offices_of_excuse(pupil, from, to, id)?;
        }
        done(m::done(self.lang), id.map(|d| d.to_string()))
    }

    /// Old or many days that two people excused are told to both offices in the next digest.
    fn tell_offices_of_excuse(&self, pupil: PupilId, from: Date, to: Date, id: DecisionId) -> Result<(), Refusal> {
        let ready = prepared(self.policy);
        let place = super::courier::place_of(self.tx, self.policy, pupil, self.now.date())?;
        let people = notice::Surroundings {
            pupil: Some(pupil),
            school: place.as_ref().map(|p| p.0.clone()),
            class: place.and_then(|p| p.1),
            ..notice::Surroundings::default()
        };
        let about = notice::About::Township(self.now.date());
        // Who they were stands sealed with the decision.
        let facts = serde_json::json!({ "what": "excused", "from": from, "to": to, "decision": id.0 });
        let telling = u32::try_from(id.0).unwrap_or(u32::MAX);
        for role in ["township_government", "education_office"].map(Role::new) {
            pupils::in_digest(self.tx, self.policy, &ready.calendar, &people, about, telling, &role, &facts, self.now)?;
        }
        Ok(())
    }

    fn returned(&self, who: &str, on: Date, by: &str, reason: Option<String>) -> Done {
        self.named(by)?;
        if on > self.now.date() {
            return no(m::in_the_future(self.lang, on));
        }
        let pupil = self.pupil(who)?;
        let new = NewDecision {
            pupil,
            kind: DecisionKind::Return,
            from: on,
            to: on,
            recorded_at: self.now,
            delivery: None,
            grounds: Grounds { by: Some(by.to_owned()), reason, ..Grounds::default() },
        };
        let Some(id) = decisions::record(self.tx, self.vault, &new)? else { return done(m::done(self.lang), None) };
        if let Some(case) = cases::of_pupil(self.tx, self.vault, pupil)?.pop().filter(|c| c.state == State::Open) {
            self.watch(case, on, Stated { decision: id, by: by.to_owned() })?;
        }
        done(m::done(self.lang), Some(id.to_string()))
    }

    /// A stated return acts at once; attendance must confirm it.
    fn watch(&self, case: Case, on: Date, stated: Stated) -> Result<(), Refusal> {
        self.finish_after(Draft::of(case, self.now), |view, draft| casework::state_return(view, draft, on, stated))
    }

    fn withdraw(&self, decision: &str, by: &str) -> Done {
        self.named(by)?;
        let id = DecisionId::parse(decision).or_else(|| decision.parse().ok().map(DecisionId));
        let withdrawn = match id {
            Some(id) => decisions::withdraw(self.tx, id, self.now)?,
            None => None,
        };
        match withdrawn {
            Some(_) => done(m::done(self.lang), None),
            None => no(m::no_such_decision(self.lang, decision)),
        }
    }

    fn close(&self, who: &str, reason: &str, evidence: &str, until: Option<Date>, by: &str) -> Done {
        self.named(by)?;
        let Some(reason) = Reason::parse(reason).filter(|r| *r != Reason::Returned) else {
            return no(m::unknown_reason(self.lang, reason));
        };
        if evidence.trim().is_empty() {
            return no(m::evidence_needed(self.lang));
        }
        if matches!(reason, Reason::Suspended | Reason::Exempt) && until.is_none() {
            return no(m::until_needed(self.lang));
        }
        let case = self.case(who)?;
        if case.state == State::Closed {
            return no(m::already_closed(self.lang));
        }
        let mut decision = None;
        if reason.ends_expectation() {
            // From the day after; from this day if nothing is recorded on it.
            let recorded = self.recorded_today(case.pupil)?;
            let from = if recorded { self.now.date() + Days::new(1) } else { self.now.date() };
            if until.is_some_and(|u| u < from) {
                return no(m::ends_before(self.lang));
            }
            let new = NewDecision {
                pupil: case.pupil,
                kind: DecisionKind::NotExpected,
                from,
                to: until.unwrap_or(Date::MAX),
                recorded_at: self.now,
                delivery: None,
                grounds: Grounds { by: Some(by.to_owned()), evidence: Some(evidence.to_owned()), ..Grounds::default() },
            };
            decision = decisions::record(self.tx, self.vault, &new)?;
        }
        let mut draft = Draft::of(case, self.now);
        draft.emit(Event::Closed { reason, evidence: evidence.to_owned(), until, by: Some(by.to_owned()), decision });
        if reason == Reason::Mistaken {
            let telling = draft.case.corrections + 1;
            draft.emit(Event::Corrected { telling });
        }
        self.finish(draft)?;
        done(m::done(self.lang), decision.map(|d| d.to_string()))
    }

    fn recorded_today(&self, pupil: PupilId) -> Result<bool, Refusal> {
        let ready = prepared(self.policy);
        let loaded = evidence::load(self.tx, &[pupil])?;
        let built = timeline::build(self.policy, &ready.calendar, &loaded, &[pupil], self.now.date(), None);
        Ok(built.timelines.get(&pupil).is_some_and(|t| t.day(&ready.calendar, self.now.date()).is_some()))
    }

    /// Writes a case's events with the letters that they call for.
    fn finish(&self, draft: Draft) -> Result<(), Refusal> {
        self.finish_after(draft, |_, _| ())
    }

    fn finish_after(&self, mut draft: Draft, first: impl FnOnce(&PupilView, &mut Draft)) -> Result<(), Refusal> {
        let pupil = draft.case.pupil;
        let ready = prepared(self.policy);
        let loaded = evidence::load(self.tx, &[pupil])?;
        let statements = timeline::gather(self.policy, &ready.calendar, &loaded, self.now.date(), None);
        let Some(line) = &statements.timeline(pupil) else { return Ok(()) };
        let found = findings::of_pupil(self.tx, pupil, false)?;
        let segment = statements.roster().at(pupil, self.now.date());
        let ladders = |h: &str| ladder_by_hash(self.tx, self.policy, h);
        let rules = |h: &str| rule_by_hash(self.tx, self.policy, h);
        let view = PupilView {
            policy: self.policy,
            calendar: &ready.calendar,
            pupil,
            segment,
            timeline: line,
            findings: &found,
            changes: &[],
            ladders: &ladders,
            rules: &rules,
            stated: None,
            now: self.now,
        };
        first(&view, &mut draft);
        let people = pupils::surroundings(self.tx, self.vault, pupil, segment)?;
        let around = Around {
            evidence: &loaded,
            policy: self.policy,
            calendar: &ready.calendar,
            vault: self.vault,
            statements: &statements,
            now: self.now,
            before: None,
            slept_s: 0,
        };
        pupils::finish(self.tx, &around, &view, &people, &mut draft)?;
        deliveries::mark_pupil(self.tx, pupil, self.now)?;
        Ok(())
    }

    fn reopen(&self, who: &str, by: &str, why: &str) -> Done {
        self.named(by)?;
        let case = self.case(who)?;
        if case.state != State::Closed {
            return no(m::not_closed(self.lang));
        }
        let others = cases::of_pupil(self.tx, self.vault, case.pupil)?;
        if others.iter().any(|c| c.id != case.id && c.state != State::Closed) {
            return no(m::not_closed(self.lang));
        }
        if let Some(d) = case.closing.as_ref().and_then(|c| c.decision) {
            decisions::withdraw(self.tx, d, self.now)?;
        }
        let mut draft = Draft::of(case, self.now);
        draft.emit(Event::Reopened { by: by.to_owned(), why: why.to_owned() });
        self.go_on(&mut draft)?;
        self.finish(draft)?;
        done(m::done(self.lang), None)
    }

    fn go_on(&self, draft: &mut Draft) -> Result<(), Refusal> {
        let climbs = draft.case.climbs.clone();
        for climb in climbs {
            let Some(ladder) = ladder_by_hash(self.tx, self.policy, &climb.hash) else { continue };
            let anchors = crate::domain::climbing::anchors(&draft.case, &climb);
            let next = self
                .with_footing(draft.case.pupil, |f| crate::domain::ladder::next_rung(f, &climb, &ladder, &anchors))?;
            if let Some(rung) = next.or_else(|| ladder.repeat.as_ref().map(|r| r.rung.clone())) {
                draft.emit(Event::WentOn { ladder: climb.ladder.clone(), rung });
            }
        }
        Ok(())
    }

    fn serve(&self, who: &str, document: &Word, on: Date, by: &str) -> Done {
        self.named(by)?;
        if on > self.now.date() {
            return no(m::in_the_future(self.lang, on));
        }
        let case = self.open_case(who)?;
        let ladders: Vec<_> =
            case.climbs.iter().filter_map(|c| ladder_by_hash(self.tx, self.policy, &c.hash)).collect();
        let attached = |r: &Rung| r.document.as_ref() == Some(document);
        let waited_for = |r: &Rung| r.at.anchor == Anchor::Served(document.clone());
        let rungs = || ladders.iter().flat_map(|l| &l.rungs);
        let draft = paper::latest(&case, document).cloned();
        if draft.is_none() && !rungs().any(|r| attached(r) || waited_for(r)) {
            return no(m::unknown_document(self.lang, document));
        }
        let title = paper::title(document.as_str(), self.lang);
        match &draft {
            // A paper that no rung of ours drafts is the township's own.
            None if Paper::parse(document.as_str()).is_some() && rungs().any(attached) => {
                return no(m::not_drafted(self.lang, title));
            }
            Some(d) if on < d.at.date() => {
                return no(m::served_before_draft(self.lang, on, &d.number, d.at.date()));
            }
            _ => {}
        }
        // Of this very paper: an earlier one of the kind may have been served before.
        let before = match &draft {
            Some(d) => d.served,
            None => case.served.get(document).copied(),
        };
        if before == Some(on) {
            return done(m::served_already(self.lang, title, on), None);
        }
        let pupil = case.pupil;
        let mut change = Draft::of(case, self.now);
        let number = draft.map(|d| d.number);
        change.emit(Event::Served { document: document.clone(), date: on, by: by.to_owned(), number });
        let mut said = match before {
            Some(before) => m::served_corrected(self.lang, title, before, on),
            None => m::served(self.lang, title, on),
        };
        let case = &change.case;
        let next = self.with_footing(pupil, |f| {
            let of = |hash: &str| ladders.iter().find(|l| l.hash == hash);
            let known = case.climbs.iter().filter_map(|c| of(&c.hash).map(|l| (c, l)));
            let due = known.flat_map(|(climb, l)| l.rungs.iter().map(move |r| (climb, r)));
            due.filter(|(climb, r)| waited_for(r) && climb.rungs.get(&r.id).is_none_or(|s| s.done.is_none()))
                .map(|(_, r)| (after_deadline(f, on, r.at.after, r.at.time), r.id.clone()))
                .min()
        })?;
        if let Some((at, rung)) = next {
            said.push_str(&m::served_then(self.lang, rung, say_time(at)));
        }
        self.write(change)?;
        done(said, None)
    }

    fn draft(&self, who: &str, document: &Word, by: &str) -> Done {
        self.named(by)?;
        let case = self.open_case(who)?;
        if Paper::parse(document.as_str()).is_none() {
            return no(m::unknown_document(self.lang, document));
        }
        let title = paper::title(document.as_str(), self.lang);
        if let Some(known) = paper::current(&case, document) {
            return done(m::drafted(self.lang, title, &known.number), None);
        }
        let number = paper::next_number(&case);
        let mut change = Draft::of(case, self.now);
        let by = Some(by.to_owned());
        change.emit(Event::Drafted { document: document.clone(), number: number.clone(), by });
        self.write(change)?;
        done(m::drafted(self.lang, title, number), None)
    }

    fn refer(&self, who: &str, to: &Role, by: &str) -> Done {
        self.named(by)?;
        let mut draft = Draft::of(self.open_case(who)?, self.now);
        draft.emit(Event::Referred { to: to.clone(), by: by.to_owned() });
        self.write(draft)?;
        done(m::done(self.lang), None)
    }

    fn migrate(&self, who: &str, by: &str) -> Done {
        self.named(by)?;
        let case = self.open_case(who)?;
        let mut draft = Draft::of(case, self.now);
        for climb in draft.case.climbs.clone() {
            if let Some(l) = self.policy.ladder(&climb.ladder).filter(|l| l.hash != climb.hash) {
                draft.emit(Event::LadderMigrated { ladder: climb.ladder, from: climb.hash, to: l.hash.clone() });
            }
        }
        self.write(draft)?;
        done(m::done(self.lang), None)
    }

    fn release(&self, kind: &str, subject: Option<&str>, by: &str) -> Done {
        self.named(by)?;
        let mut n = 0;
        let mut any = false;
        for i in incidents::list(self.tx, false)? {
            let wanted = i.kind == kind && subject.is_none_or(|s| s == i.subject);
            if wanted && i.kind == incident::MASS_ABSENCE && i.body.released.is_none() {
                any = true;
                n += mass::release(self.tx, self.policy, self.vault, &i, Some((by, self.uid)), self.now)?;
            }
        }
        if !any {
            return no(m::nothing_held(self.lang, subject.unwrap_or(kind)));
        }
        done(m::released(self.lang, n), None)
    }
}
