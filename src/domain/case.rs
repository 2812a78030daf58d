//! The case (一生一案): its state, its events, and `apply`, the only way a case changes. `fold(events) == case`.
//! What happens next is decided in `casework` (by facts) and `command` (by people); nothing here decides.

use super::ids::{CaseId, DecisionId, IncidentId, LadderId, PupilId, Role, RuleId, RungId, Word};
use super::paper;
use super::{Date, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Open,
    Watching,
    Closed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Watching => "watching",
            State::Closed => "closed",
        }
    }
}

/// Why a case was closed (cases.md §1). "Cannot be reached" is not among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Returned,
    Mistaken,
    Transferred,
    Suspended,
    Exempt,
    Graduated,
    OverAge,
    Abroad,
    Died,
}

impl Reason {
    pub const ALL: [Reason; 9] = [
        Reason::Returned,
        Reason::Mistaken,
        Reason::Transferred,
        Reason::Suspended,
        Reason::Exempt,
        Reason::Graduated,
        Reason::OverAge,
        Reason::Abroad,
        Reason::Died,
    ];
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Returned => "returned",
            Reason::Mistaken => "mistaken",
            Reason::Transferred => "transferred",
            Reason::Suspended => "suspended",
            Reason::Exempt => "exempt",
            Reason::Graduated => "graduated",
            Reason::OverAge => "over_age",
            Reason::Abroad => "abroad",
            Reason::Died => "died",
        }
    }
    pub fn parse(s: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|r| r.as_str() == s)
    }
    /// The pupil is not expected any more (for a while, where an end is stated).
    pub fn ends_expectation(self) -> bool {
        !matches!(self, Reason::Returned | Reason::Mistaken)
    }
}

/// A finding that a case rests on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ground {
    pub rule: RuleId,
    pub hash: String,
    pub fired_on: Date,
    pub level: u8,
    pub ladder: Option<LadderId>,
    pub retracted: bool,
}

/// One case on one ladder (or one incident on `operations`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Climb {
    pub ladder: LadderId,
    /// The version it started with.
    pub hash: String,
    pub started: Time,
    pub rungs: BTreeMap<RungId, RungState>,
    /// Going on after a relapse, an expiry, a reopening: from when, and with which rung first.
    pub resumed: Option<(Time, RungId)>,
    /// Rungs that were overdue at a waking, with the times they were given.
    pub woken: BTreeMap<RungId, Time>,
    /// Rungs brought forward because nobody could be reached.
    pub brought: BTreeMap<RungId, Time>,
    pub ended: Option<Time>,
    pub exhausted: Option<Time>,
}

impl Climb {
    pub fn new(ladder: LadderId, hash: String, started: Time) -> Climb {
        Climb {
            ladder,
            hash,
            started,
            rungs: BTreeMap::new(),
            resumed: None,
            woken: BTreeMap::new(),
            brought: BTreeMap::new(),
            ended: None,
            exhausted: None,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct RungState {
    /// By telling (0 the first, 1… the repeats), role by role.
    pub tellings: BTreeMap<u32, BTreeMap<Role, Step>>,
    /// When its first letter was accepted, or it was skipped.
    pub done: Option<Time>,
    pub sent: Option<Time>,
    pub last_sent: Option<Time>,
    pub cancelled: bool,
}

/// Where one rung stands with one role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Its notices were made.
    Noticed(Time),
    Sent(Time),
    Skipped(Time),
    /// Nobody of the role could be reached.
    Unreachable(Time),
}

impl Step {
    pub fn at(self) -> Time {
        match self {
            Step::Noticed(t) | Step::Sent(t) | Step::Skipped(t) | Step::Unreachable(t) => t,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ack {
    pub by: String,
    pub role: Role,
    pub at: Time,
    pub until: Time,
    pub prolonged: bool,
    /// An act was recorded since.
    pub acted: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Return {
    /// Counts the returns of this case: the telling of their letters.
    pub round: u32,
    pub at: Time,
    /// The (last) day of it.
    pub day: Date,
    pub stated: Option<Stated>,
    pub confirmed: bool,
}

/// A return that a person stated and attendance must confirm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stated {
    pub decision: DecisionId,
    pub by: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Closing {
    pub at: Time,
    pub reason: Reason,
    pub evidence: String,
    pub until: Option<Date>,
    pub by: Option<String>,
    pub decision: Option<DecisionId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActSeen {
    pub kind: Word,
    pub result: Option<Word>,
    pub date: Date,
    pub at: Time,
}

/// The folded case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub pupil: PupilId,
    pub state: State,
    pub level: u8,
    /// Township code – school year – serial; a follow-up has none.
    pub number: Option<String>,
    pub opened: Time,
    pub relapse_of: Option<CaseId>,
    pub grounds: Vec<Ground>,
    /// When each level that stands was reached.
    pub levels: BTreeMap<u8, Time>,
    pub climbs: Vec<Climb>,
    pub marks: BTreeMap<Word, Time>,
    pub ack: Option<Ack>,
    /// Excused leave with an end date: rungs that are not statutory wait.
    pub paused: bool,
    pub held: Option<IncidentId>,
    pub returned: Option<Return>,
    pub returns: u32,
    pub relapses: u32,
    /// Days that made a relapse without a finding of their own.
    pub relapsed_on: Option<Date>,
    pub watch_until: Option<Date>,
    pub closing: Option<Closing>,
    /// Corrections told so far: the telling of their letters.
    pub corrections: u32,
    pub acts: Vec<ActSeen>,
    pub served: BTreeMap<Word, Date>,
    /// Numbered drafts of papers, oldest first.
    #[serde(default)]
    pub drafts: Vec<paper::Draft>,
    /// Ended by a review (grade 9 over, 16 years).
    pub review: bool,
    /// When an act last followed an acknowledgement: `unless: [acknowledged]` asks for that.
    #[serde(default)]
    pub acted_on: Option<Time>,
    /// Some rung has no due time because the calendar ends before it.
    #[serde(default)]
    pub calendar_ended: bool,
    /// The end of a suspension or exemption after which the child has not come back.
    #[serde(default)]
    pub exempt_until: Option<Date>,
    /// When each mark was first set: a clock that counts from a mark outlasts a return that takes the mark off.
    #[serde(default)]
    pub first_marked: BTreeMap<Word, Time>,
    /// When the case was watched or closed, from … to: marks' clocks stand still then.
    #[serde(default)]
    pub still: Vec<(Time, Option<Time>)>,
}

/// The append-only ledger. Past tense; each with what it was based on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Opened {
        pupil: PupilId,
        relapse_of: Option<CaseId>,
    },
    FindingAdded {
        ground: Ground,
    },
    FindingRetracted {
        rule: RuleId,
        fired_on: Date,
    },
    FindingBack {
        rule: RuleId,
        fired_on: Date,
    },
    Numbered {
        number: String,
    },
    LevelRaised {
        from: u8,
        to: u8,
    },
    LevelLowered {
        from: u8,
        to: u8,
    },
    ClimbStarted {
        ladder: LadderId,
        hash: String,
    },
    LadderMigrated {
        ladder: LadderId,
        from: String,
        to: String,
    },
    RungNoticed {
        ladder: LadderId,
        rung: RungId,
        telling: u32,
        role: Role,
    },
    RungSent {
        ladder: LadderId,
        rung: RungId,
        telling: u32,
        role: Role,
    },
    RungSkipped {
        ladder: LadderId,
        rung: RungId,
        telling: u32,
        role: Role,
        why: String,
    },
    RungUnreachable {
        ladder: LadderId,
        rung: RungId,
        telling: u32,
        role: Role,
    },
    RungCancelled {
        ladder: LadderId,
        rung: RungId,
    },
    RungBroughtForward {
        ladder: LadderId,
        rung: RungId,
    },
    Woken {
        ladder: LadderId,
        times: BTreeMap<RungId, Time>,
    },
    LadderEnded {
        ladder: LadderId,
    },
    LadderExhausted {
        ladder: LadderId,
    },
    Marked {
        mark: Word,
    },
    /// `retracted`: what had set it was a mistake, so its clock begins anew if it is set again.
    Unmarked {
        mark: Word,
        #[serde(default)]
        retracted: bool,
    },
    /// The calendar was edited: a rung that is still to come is due at another time. `None`: the calendar ends first.
    DueMoved {
        ladder: LadderId,
        rung: RungId,
        from: Option<Time>,
        to: Option<Time>,
    },
    /// The calendar ends before a rung is due…
    CalendarEnded {},
    /// …and goes on again.
    CalendarKnown {},
    Acknowledged {
        by: String,
        role: Role,
        until: Time,
    },
    AcknowledgementProlonged {
        until: Time,
    },
    ActRecorded {
        kind: Word,
        result: Option<Word>,
        date: Date,
        by: String,
    },
    Paused {},
    Resumed {},
    Held {
        incident: IncidentId,
    },
    Released {
        by: Option<String>,
    },
    Returned {
        day: Date,
        stated: Option<Stated>,
        watch_until: Date,
    },
    WatchMoved {
        from: Date,
        to: Date,
    },
    ReturnConfirmed {},
    ReturnUnconfirmed {
        #[serde(default)]
        decision: Option<DecisionId>,
        by: String,
    },
    Relapsed {
        on: Date,
    },
    WentOn {
        ladder: LadderId,
        rung: RungId,
    },
    Corrected {
        telling: u32,
    },
    Closed {
        reason: Reason,
        evidence: String,
        until: Option<Date>,
        by: Option<String>,
        decision: Option<DecisionId>,
    },
    Reopened {
        by: String,
        why: String,
    },
    Expired {},
    /// A numbered draft of a paper: by a rung that attaches it, or by a person's hand.
    Drafted {
        document: Word,
        number: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// `number`: of the draft that became the paper; none for a paper of the township's own. Once more with another date:
    /// a wrong one is corrected.
    Served {
        document: Word,
        date: Date,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
    },
    Referred {
        to: Role,
        by: String,
    },
    ReviewOpened {},
}

impl Event {
    /// Its name in the ledger (`rung_sent`).
    pub fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(v) => v.get("event").and_then(|e| e.as_str()).unwrap_or_default().to_owned(),
            Err(_) => String::new(),
        }
    }
}

/// The case after its first event; every other event goes through `apply`.
pub fn open(id: CaseId, pupil: PupilId, relapse_of: Option<CaseId>, at: Time) -> Case {
    Case {
        id,
        pupil,
        state: State::Open,
        level: 0,
        number: None,
        opened: at,
        relapse_of,
        grounds: Vec::new(),
        levels: BTreeMap::new(),
        climbs: Vec::new(),
        marks: BTreeMap::new(),
        ack: None,
        paused: false,
        held: None,
        returned: None,
        returns: 0,
        relapses: 0,
        relapsed_on: None,
        watch_until: None,
        closing: None,
        corrections: 0,
        acts: Vec::new(),
        served: BTreeMap::new(),
        drafts: Vec::new(),
        review: false,
        acted_on: None,
        calendar_ended: false,
        exempt_until: None,
        first_marked: BTreeMap::new(),
        still: Vec::new(),
    }
}

/// Folds a ledger; `None` if it does not begin with `Opened`.
pub fn fold<'a>(id: CaseId, events: impl IntoIterator<Item = (Time, &'a Event)>) -> Option<Case> {
    let mut events = events.into_iter();
    let mut case = match events.next()? {
        (at, Event::Opened { pupil, relapse_of }) => open(id, *pupil, *relapse_of, at),
        _ => return None,
    };
    for (at, event) in events {
        apply(&mut case, at, event);
    }
    Some(case)
}

fn climb_of<'c>(case: &'c mut Case, ladder: &LadderId) -> Option<&'c mut Climb> {
    case.climbs.iter_mut().find(|c| &c.ladder == ladder)
}

/// What one rung's event does to its climb (cases and incidents alike).
pub fn step_rung(climb: &mut Climb, rung: &RungId, telling: u32, role: &Role, step: Step) {
    let state = climb.rungs.entry(rung.clone()).or_default();
    state.tellings.entry(telling).or_default().insert(role.clone(), step);
    match step {
        Step::Sent(t) => {
            state.sent = state.sent.or(Some(t));
            state.done = state.done.or(Some(t));
            state.last_sent = state.last_sent.max(Some(t));
        }
        Step::Skipped(t) => state.done = state.done.or(Some(t)),
        Step::Noticed(_) | Step::Unreachable(_) => {}
    }
}

fn stand_still(case: &mut Case, at: Time) {
    if case.still.last().is_none_or(|(_, to)| to.is_some()) {
        case.still.push((at, None));
    }
    case.ack = None;
    case.paused = false;
    case.held = None;
    for climb in &mut case.climbs {
        climb.woken.clear();
        climb.brought.clear();
        // What waits is cancelled, so it has not been told: the climb goes on with it.
        for state in climb.rungs.values_mut() {
            for roles in state.tellings.values_mut() {
                roles.retain(|_, step| !matches!(step, Step::Noticed(_)));
            }
            state.tellings.retain(|_, roles| !roles.is_empty());
        }
        climb.rungs.retain(|_, state| *state != RungState::default());
    }
}

/// The case is open again.
fn go_on(case: &mut Case, at: Time) {
    if let Some((_, to)) = case.still.last_mut() {
        *to = to.or(Some(at));
    }
}

/// The only transition table.
pub fn apply(case: &mut Case, at: Time, event: &Event) {
    match event {
        Event::Opened { .. } => {}
        Event::FindingAdded { ground } => case.grounds.push(ground.clone()),
        Event::FindingRetracted { rule, fired_on } => set_retracted(case, rule, *fired_on, true),
        Event::FindingBack { rule, fired_on } => set_retracted(case, rule, *fired_on, false),
        Event::Numbered { number } => case.number = Some(number.clone()),
        Event::LevelRaised { to, .. } => {
            for level in case.level + 1..=*to {
                case.levels.entry(level).or_insert(at);
            }
            case.level = *to;
        }
        Event::LevelLowered { to, .. } => {
            case.levels.retain(|l, _| l <= to);
            case.level = *to;
        }
        Event::ClimbStarted { ladder, hash } => {
            case.climbs.push(Climb::new(ladder.clone(), hash.clone(), at));
        }
        Event::LadderMigrated { ladder, to, .. } => {
            if let Some(c) = climb_of(case, ladder) {
                c.hash.clone_from(to);
            }
        }
        Event::RungNoticed { ladder, rung, telling, role } => {
            step_case(case, ladder, rung, *telling, role, Step::Noticed(at))
        }
        Event::RungSent { ladder, rung, telling, role } => {
            step_case(case, ladder, rung, *telling, role, Step::Sent(at))
        }
        Event::RungSkipped { ladder, rung, telling, role, .. } => {
            step_case(case, ladder, rung, *telling, role, Step::Skipped(at));
        }
        Event::RungUnreachable { ladder, rung, telling, role } => {
            step_case(case, ladder, rung, *telling, role, Step::Unreachable(at));
        }
        Event::RungCancelled { ladder, rung } => {
            if let Some(c) = climb_of(case, ladder) {
                // A level that is reached again calls for the rung anew.
                c.rungs.remove(rung);
            }
        }
        Event::RungBroughtForward { ladder, rung } => {
            if let Some(c) = climb_of(case, ladder) {
                c.brought.insert(rung.clone(), at);
            }
        }
        Event::Woken { ladder, times } => {
            if let Some(c) = climb_of(case, ladder) {
                c.woken.extend(times.iter().map(|(r, t)| (r.clone(), *t)));
            }
        }
        Event::LadderEnded { ladder } => {
            if let Some(c) = climb_of(case, ladder) {
                c.ended = c.ended.or(Some(at));
            }
        }
        Event::LadderExhausted { ladder } => {
            if let Some(c) = climb_of(case, ladder) {
                c.exhausted = c.exhausted.or(Some(at));
            }
        }
        Event::Marked { mark } => {
            case.marks.insert(mark.clone(), at);
            case.first_marked.entry(mark.clone()).or_insert(at);
        }
        Event::Unmarked { mark, retracted } => {
            case.marks.remove(mark);
            if *retracted {
                case.first_marked.remove(mark);
            }
        }
        Event::DueMoved { .. } => {}
        Event::CalendarEnded {} => case.calendar_ended = true,
        Event::CalendarKnown {} => case.calendar_ended = false,
        Event::WatchMoved { to, .. } => case.watch_until = Some(*to),
        Event::Acknowledged { by, role, until } => {
            case.ack =
                Some(Ack { by: by.clone(), role: role.clone(), at, until: *until, prolonged: false, acted: false });
        }
        Event::AcknowledgementProlonged { until } => {
            if let Some(a) = &mut case.ack {
                a.until = *until;
                a.prolonged = true;
            }
        }
        Event::ActRecorded { kind, result, date, .. } => {
            case.acts.push(ActSeen { kind: kind.clone(), result: result.clone(), date: *date, at });
            if let Some(a) = &mut case.ack {
                a.acted = true;
                case.acted_on = Some(at);
            }
        }
        Event::Paused {} => case.paused = true,
        Event::Resumed {} => case.paused = false,
        Event::Held { incident } => case.held = Some(*incident),
        Event::Released { .. } => {
            case.held = None;
            // What was held goes from now on: later rungs keep their distance from that.
            let told = case.climbs.iter_mut().flat_map(|c| c.rungs.values_mut()).flat_map(|r| r.tellings.values_mut());
            for step in told.flat_map(|roles| roles.values_mut()) {
                if let Step::Noticed(t) = step {
                    *t = at;
                }
            }
        }
        Event::Returned { day, stated, watch_until } => {
            stand_still(case, at);
            case.state = State::Watching;
            case.exempt_until = None;
            case.returns += 1;
            case.returned = Some(Return {
                round: case.returns,
                at,
                day: *day,
                confirmed: stated.is_none(),
                stated: stated.clone(),
            });
            case.watch_until = Some(*watch_until);
        }
        Event::ReturnConfirmed {} => {
            if let Some(r) = &mut case.returned {
                r.confirmed = true;
            }
        }
        Event::ReturnUnconfirmed { .. } => {
            // The child may have been away again before the three days were over: that was the relapse.
            if case.state == State::Watching {
                case.state = State::Open;
                go_on(case, at);
                case.relapses += 1;
            }
            case.returned = None;
            case.watch_until = None;
        }
        Event::Relapsed { on } => {
            case.state = State::Open;
            go_on(case, at);
            case.relapses += 1;
            case.relapsed_on = case.relapsed_on.max(Some(*on));
            case.watch_until = None;
        }
        Event::WentOn { ladder, rung } => {
            if let Some(c) = climb_of(case, ladder) {
                c.resumed = Some((at, rung.clone()));
            }
        }
        Event::Corrected { telling } => case.corrections = *telling,
        Event::Closed { reason, evidence, until, by, decision } => {
            stand_still(case, at);
            case.state = State::Closed;
            case.exempt_until = until.filter(|_| matches!(reason, Reason::Suspended | Reason::Exempt));
            case.closing = Some(Closing {
                at,
                reason: *reason,
                evidence: evidence.clone(),
                until: *until,
                by: by.clone(),
                decision: *decision,
            });
        }
        Event::Reopened { .. } | Event::Expired {} => {
            case.state = State::Open;
            go_on(case, at);
            if matches!(event, Event::Reopened { .. }) {
                case.exempt_until = None;
            }
            case.closing = None;
            case.watch_until = None;
        }
        Event::Drafted { document, number, .. } => {
            case.drafts.push(paper::Draft { document: document.clone(), number: number.clone(), at, served: None });
        }
        Event::Served { document, date, number, .. } => {
            case.served.insert(document.clone(), *date);
            let this =
                |d: &&mut paper::Draft| d.document == *document && number.as_ref().is_none_or(|n| *n == d.number);
            if let Some(draft) = case.drafts.iter_mut().rev().find(this) {
                draft.served = Some(*date);
            }
        }
        Event::Referred { .. } => {}
        Event::ReviewOpened {} => case.review = true,
    }
}

fn step_case(case: &mut Case, ladder: &LadderId, rung: &RungId, telling: u32, role: &Role, step: Step) {
    if let Some(c) = climb_of(case, ladder) {
        step_rung(c, rung, telling, role, step);
    }
}

fn set_retracted(case: &mut Case, rule: &RuleId, fired_on: Date, to: bool) {
    for g in &mut case.grounds {
        if g.rule == *rule && g.fired_on == fired_on {
            g.retracted = to;
        }
    }
}
