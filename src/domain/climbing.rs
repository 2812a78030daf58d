//! The climb of a case or an incident at one instant: what is due becomes notices (or is skipped, or has nobody to go
//! to), marks are set, the ladder's end is noted. Times come from `ladder`, people from `notice::resolve`.

use super::calendar::Calendar;
use super::case::{Case, Climb, Event, State, Step, step_rung};
use super::ids::{ChannelId, LadderId, Role, RungId, Word};
use super::ladder::{self, Anchors, Footing, Planned, Waits};
use super::notice::{About, NewNotice, Reachable, Surroundings, resolve};
use super::paper::{self, Paper};
use super::policy::{AddressKind, Anchor, Ladder, MarkRule, Mode, Person, Policy, Rung, Unless};
use super::{Time, notice};
use serde_json::json;

/// What one climb does at this instant.
#[derive(Default)]
pub struct Moves {
    pub events: Vec<Event>,
    pub notices: Vec<NewNotice>,
    /// Roles of rungs nobody of which could be reached.
    pub unreachable: Vec<(RungId, Role)>,
    /// The next instant at which something is to be told or set.
    pub next: Option<Time>,
    pub exhausted: bool,
}

impl Moves {
    fn wake(&mut self, t: Time) {
        self.next = Some(self.next.map_or(t, |n| n.min(t)));
    }
}

/// What anchors the rungs of a case's climb.
pub fn anchors(case: &Case, climb: &Climb) -> Anchors {
    let mut acts = std::collections::BTreeMap::new();
    for a in case.acts.iter().filter(|a| a.at >= climb.started) {
        acts.entry(a.kind.clone()).or_insert(a.at);
    }
    Anchors { levels: case.levels.clone(), acts, served: case.served.clone(), marks: case.marks.clone() }
}

/// A channel's kind of address, also for channels that the configuration lacks (rehearsal: everything goes to the folder).
pub fn address_kind(policy: &Policy, channel: &ChannelId) -> AddressKind {
    match policy.channel(channel) {
        Some(c) => c.address_kind(),
        None if channel.as_str().contains("mail") => AddressKind::Email,
        None => AddressKind::Phone,
    }
}

/// The address by which a person is reached on a channel; the folder takes whatever there is.
pub fn address(policy: &Policy, channel: &ChannelId, person: &Person) -> Option<String> {
    let found = |s: &Option<String>| s.as_ref().filter(|a| !a.trim().is_empty()).cloned();
    if policy.mode == Mode::Live && policy.channel(channel).is_none() {
        return None;
    }
    match address_kind(policy, channel) {
        AddressKind::Phone => found(&person.phone),
        AddressKind::Email => found(&person.email),
        AddressKind::Any => found(&person.phone).or_else(|| found(&person.email)).or_else(|| Some(person.name.clone())),
    }
}

/// Some way leads to the recipient. `dead`: addresses known not to work.
pub fn has_way(policy: &Policy, via: &[ChannelId], who: &Reachable, dead: &dyn Fn(&str) -> bool) -> bool {
    who.contacts.iter().any(|p| via.iter().any(|c| address(policy, c, p).is_some_and(|a| !dead(&a))))
}

/// What a climb needs to know of its surroundings.
pub struct Ground<'a> {
    pub policy: &'a Policy,
    pub footing: Footing<'a>,
    pub around: &'a Surroundings,
    pub dead: &'a dyn Fn(&str) -> bool,
    pub about: About,
    pub now: Time,
    /// The calendar as it was, when this step is the first with an edited one.
    pub before: Option<&'a Calendar>,
    /// Longer than a ladder's `gap_min` without a step before this one.
    pub slept_s: i64,
}

/// One case's climbs at this instant. The case is changed as its events are written.
pub fn climb_case(ground: &Ground, case: &mut Case, ladders: &dyn Fn(&str) -> Option<Ladder>) -> Moves {
    let mut out = Moves::default();
    if case.state != State::Open {
        return out;
    }
    look_at_calendar(ground, case, ladders, &mut out);
    for i in 0..case.climbs.len() {
        let Some(ladder) = ladders(&case.climbs[i].hash) else { continue };
        if !called_for(case, &case.climbs[i]) {
            continue;
        }
        set_marks(ground, case, i, &ladder, &mut out);
        if let Some(times) =
            woken(ground, &case.climbs[i], &ladder, &anchors(case, &case.climbs[i]), waits(case, &case.climbs[i]))
        {
            emit(case, ground.now, &mut out, Event::Woken { ladder: ladder.id.clone(), times });
        }
        // Sending one rung may bring the next forward: look again until nothing moves.
        loop {
            let climb = &case.climbs[i];
            let planned = ladder::plan(
                &ground.footing,
                climb,
                &ladder,
                &anchors(case, climb),
                waits(case, &case.climbs[i]),
                &ground.policy.contacts,
            );
            let Some(p) = planned.first() else { break };
            if p.at > ground.now {
                out.wake(p.at);
                break;
            }
            let p = p.clone();
            tell(ground, case, i, &ladder, &p, &mut out);
        }
        let climb = &case.climbs[i];
        if climb.ended.is_none() && ladder::is_ended(&ground.footing, climb, &ladder, &anchors(case, climb)) {
            emit(case, ground.now, &mut out, Event::LadderEnded { ladder: ladder.id.clone() });
            // The repeats begin to be planned now.
            let climb = &case.climbs[i];
            let a = anchors(case, climb);
            for p in
                ladder::plan(&ground.footing, climb, &ladder, &a, waits(case, &case.climbs[i]), &ground.policy.contacts)
            {
                out.wake(p.at.max(ground.now));
            }
        }
        let climb = &case.climbs[i];
        if climb.exhausted.is_none()
            && let Some(t) = ladder::exhausted_at(&ground.footing, climb, &ladder)
        {
            if t <= ground.now {
                emit(case, ground.now, &mut out, Event::LadderExhausted { ladder: ladder.id.clone() });
                out.exhausted = true;
            } else {
                out.wake(t);
            }
        }
    }
    if let Some(ack) = &case.ack
        && ack.until > ground.now
    {
        out.wake(ack.until);
    }
    out
}

/// Due times that an edit of the calendar has moved, and whether the calendar ends before one, are written down.
fn look_at_calendar(ground: &Ground, case: &mut Case, ladders: &dyn Fn(&str) -> Option<Ladder>, out: &mut Moves) {
    let mut ends = false;
    for climb in case.climbs.clone().iter().filter(|c| called_for(case, c)).collect::<Vec<_>>() {
        let Some(ladder) = ladders(&climb.hash) else { continue };
        let anchors = anchors(case, climb);
        ends |= ladder::calendar_ends(&ground.footing, climb, &ladder, &anchors);
        let Some(before) = ground.before else { continue };
        let was = ladder::due_times(&Footing { calendar: before, ..ground.footing.clone() }, climb, &ladder, &anchors);
        let is = ladder::due_times(&ground.footing, climb, &ladder, &anchors);
        for (rung, to) in is {
            let Some(from) = was.get(&rung).copied().filter(|from| *from != to) else { continue };
            emit(case, ground.now, out, Event::DueMoved { ladder: ladder.id.clone(), rung, from, to });
        }
    }
    match (ends, case.calendar_ended) {
        (true, false) => emit(case, ground.now, out, Event::CalendarEnded {}),
        (false, true) => emit(case, ground.now, out, Event::CalendarKnown {}),
        _ => {}
    }
}

fn emit(case: &mut Case, now: Time, out: &mut Moves, event: Event) {
    super::case::apply(case, now, &event);
    out.events.push(event);
}

/// An acknowledgement counts for the climbs of the case as it was then: one that starts later is not held by it.
pub fn waits(case: &Case, climb: &Climb) -> Waits {
    let ack = case.ack.as_ref().filter(|a| a.at >= climb.started);
    Waits { ack_until: ack.map(|a| a.until), paused: case.paused }
}

/// Some finding that still stands called for the climb.
fn called_for(case: &Case, climb: &Climb) -> bool {
    case.grounds.iter().any(|g| !g.retracted && g.ladder.as_ref() == Some(&climb.ladder))
}

fn woken(
    ground: &Ground,
    climb: &Climb,
    ladder: &Ladder,
    anchors: &Anchors,
    waits: Waits,
) -> Option<std::collections::BTreeMap<RungId, Time>> {
    if ground.slept_s <= ladder.gap_min_s {
        return None;
    }
    let planned = ladder::plan(&ground.footing, climb, ladder, anchors, waits, &ground.policy.contacts);
    let times = ladder::wake_times(&planned, ladder, &ground.policy.contacts, ground.footing.calendar, ground.now);
    (times.len() > 1).then_some(times)
}

/// When a mark is set if nothing changes: its clock stands still outside terms and while the case is watched or closed.
pub fn mark_at(footing: &Footing, case: &Case, climb: &Climb, rule: &MarkRule) -> Option<Time> {
    let anchors = Anchors { marks: case.first_marked.clone(), ..anchors(case, climb) };
    let is_still = |d: super::Date| {
        let in_term = footing.calendar.terms().iter().any(|t| t.start <= d && d <= t.end);
        let watched = case.still.iter().any(|(from, to)| from.date() < d && to.is_none_or(|to| d <= to.date()));
        !in_term || watched
    };
    ladder::mark_due(footing, climb, &anchors, &rule.at, &is_still)
}

fn set_marks(ground: &Ground, case: &mut Case, i: usize, ladder: &Ladder, out: &mut Moves) {
    for rule in &ladder.marks {
        if case.marks.contains_key(&rule.mark) {
            continue;
        }
        if let Some(due) = mark_at(&ground.footing, case, &case.climbs[i], rule) {
            if due <= ground.now {
                emit(case, ground.now, out, Event::Marked { mark: rule.mark.clone() });
            } else {
                out.wake(due);
            }
        }
    }
}

/// `unless`: an act since the anchor, or an acknowledgement that an act has followed.
pub fn skip_reason(case: &Case, climb: &Climb, rung: &Rung) -> Option<String> {
    if rung.statutory {
        return None;
    }
    let since = match &rung.at.anchor {
        Anchor::Level(l) => case.levels.get(l).copied().unwrap_or(climb.started),
        Anchor::Mark(m) => case.marks.get(m).copied().unwrap_or(climb.started),
        Anchor::Rung(r) => climb.rungs.get(r).and_then(|s| s.done).unwrap_or(climb.started),
        Anchor::Served(d) => case.served.get(d).map_or(climb.started, |d| d.and_time(super::TimeOfDay::MIN)),
        Anchor::Act(_) | Anchor::Start => climb.started,
    };
    let (since, day) = match &rung.at.anchor {
        Anchor::Act(kind) => {
            let first = case.acts.iter().filter(|a| a.at >= climb.started && a.kind == *kind).min_by_key(|a| a.at);
            // The act that is the anchor is not one since it.
            first.map_or((since, since.date()), |a| (a.at + chrono::TimeDelta::milliseconds(1), a.date))
        }
        _ => (since, since.date()),
    };
    // An act counts by its day: one of a day before the anchor's is none since it, however late it is recorded.
    let matches = |kind: &Word, result: &Option<Word>| {
        case.acts.iter().any(|a| {
            a.at >= since
                && a.date >= day
                && a.kind == *kind
                && result.as_ref().is_none_or(|r| a.result.as_ref() == Some(r))
        })
    };
    rung.unless.iter().find_map(|u| match u {
        Unless::Acknowledged => case.acted_on.filter(|t| *t >= since).map(|_| "acknowledged".to_owned()),
        Unless::Act { kind, result } => matches(kind, result).then(|| format!("act:{kind}")),
    })
}

fn tell(ground: &Ground, case: &mut Case, i: usize, ladder: &Ladder, p: &Planned, out: &mut Moves) {
    let (ladder_id, rung_id, telling, role) = (ladder.id.clone(), p.rung.clone(), p.telling, p.role.clone());
    let Some(rung) = ladder.rungs.iter().find(|r| r.id == p.rung) else { return };
    if let Some(why) = skip_reason(case, &case.climbs[i], rung) {
        emit(case, ground.now, out, Event::RungSkipped { ladder: ladder_id, rung: rung_id, telling, role, why });
        return;
    }
    let before = told_of_rung(out, &ladder_id, &rung_id, telling);
    let mut made = 0;
    let mut doubled = 0;
    for who in resolve(ground.policy, &role, ground.around) {
        if before.iter().any(|r| r.same_person(&who.recipient)) {
            doubled += 1;
            continue;
        }
        if !has_way(ground.policy, &rung.via, &who, ground.dead) {
            continue;
        }
        made += 1;
        // Statutory notices to offices are not held: no off-switch.
        let duty = rung.statutory && notice::is_office(ground.policy, &who.recipient);
        let held = case.held.is_some() && !duty && !ladder.urgent;
        out.notices.push(NewNotice {
            about: ground.about,
            pupil: ground.around.pupil,
            school: ground.around.school.clone(),
            ladder: Some(ladder_id.clone()),
            rung: rung_id.clone(),
            telling,
            to: who.recipient,
            via: rung.via.clone(),
            template: rung.template.clone(),
            document: rung.document.clone(),
            statutory: rung.statutory,
            urgent: ladder.urgent,
            due: p.due.min(ground.now),
            held,
            facts: json!({ "unconfirmed": case.held.is_some() && rung.statutory }),
        });
    }
    if made > 0 || doubled > 0 {
        if let Some(document) = rung.document.as_ref().filter(|d| Paper::parse(d.as_str()).is_some())
            && paper::current(case, document).is_none()
        {
            let number = paper::next_number(case);
            emit(case, ground.now, out, Event::Drafted { document: document.clone(), number, by: None });
        }
        emit(
            case,
            ground.now,
            out,
            Event::RungNoticed { ladder: ladder_id.clone(), rung: rung_id.clone(), telling, role: role.clone() },
        );
        if made == 0 {
            // The same people are told by another role of this rung: nothing of its own to wait for.
            emit(case, ground.now, out, Event::RungSent { ladder: ladder_id, rung: rung_id, telling, role });
        }
        return;
    }
    emit(
        case,
        ground.now,
        out,
        Event::RungUnreachable { ladder: ladder_id.clone(), rung: rung_id.clone(), telling, role: role.clone() },
    );
    nobody_reached(case, i, ladder, &rung_id, telling, ground.now, out);
}

/// Not one recipient of a rung could be reached.
pub fn is_unreachable(climb: &Climb, ladder: &Ladder, rung: &RungId, telling: u32) -> bool {
    let roles = ladder.rungs.iter().find(|r| r.id == *rung).map_or(0, |r| r.to.len());
    let told = climb.rungs.get(rung).and_then(|s| s.tellings.get(&telling));
    told.is_some_and(|t| t.len() == roles && t.values().all(|s| matches!(s, Step::Unreachable(_))))
}

/// The roles of a rung that lack a contact: all of them, if not one recipient could be reached; else none.
pub fn unreachable_roles(climb: &Climb, ladder: &Ladder, rung: &RungId, telling: u32) -> Vec<(RungId, Role)> {
    let nobody = is_unreachable(climb, ladder, rung, telling);
    let roles = ladder.rungs.iter().filter(|r| nobody && r.id == *rung).flat_map(|r| &r.to);
    roles.map(|role| (rung.clone(), role.clone())).collect()
}

/// If not one recipient of a rung can be reached, each of its roles lacks a contact, and the next rung to another role is
/// due at once.
pub fn nobody_reached(
    case: &mut Case,
    i: usize,
    ladder: &Ladder,
    rung: &RungId,
    telling: u32,
    now: Time,
    out: &mut Moves,
) {
    out.unreachable.extend(unreachable_roles(&case.climbs[i], ladder, rung, telling));
    if telling > 0 {
        return;
    }
    if let Some(next) = next_if_unreachable(&case.climbs[i], ladder, rung) {
        emit(case, now, out, Event::RungBroughtForward { ladder: ladder.id.clone(), rung: next });
    }
}

/// The same for an incident's climb.
pub fn bring_forward_of(climb: &mut Climb, ladder: &Ladder, rung: &RungId, now: Time) {
    if let Some(next) = next_if_unreachable(climb, ladder, rung) {
        climb.brought.insert(next, now);
    }
}

fn next_if_unreachable(climb: &Climb, ladder: &Ladder, rung: &RungId) -> Option<RungId> {
    let nobody = is_unreachable(climb, ladder, rung, 0);
    ladder::next_to_another_role(climb, ladder, rung).filter(|next| nobody && !climb.brought.contains_key(next))
}

/// Whom this rung of this ladder has told already: another ladder may call a rung by the same name.
fn told_of_rung(out: &Moves, ladder: &LadderId, rung: &RungId, telling: u32) -> Vec<notice::Recipient> {
    let of_rung = |n: &&NewNotice| n.ladder.as_ref() == Some(ladder) && n.rung == *rung && n.telling == telling;
    out.notices.iter().filter(of_rung).map(|n| n.to.clone()).collect()
}

/// An incident's climb at this instant. `at_once`: every role of every rung is told now (cases.md §4).
pub fn climb_incident(ground: &Ground, climb: &mut Climb, ladder: &Ladder, facts: &serde_json::Value) -> Moves {
    let mut out = Moves::default();
    let anchors = Anchors::default();
    if ground.slept_s > ladder.gap_min_s {
        let planned = ladder::plan(&ground.footing, climb, ladder, &anchors, Waits::default(), &ground.policy.contacts);
        let times = ladder::wake_times(&planned, ladder, &ground.policy.contacts, ground.footing.calendar, ground.now);
        if times.len() > 1 {
            climb.woken.extend(times);
        }
    }
    loop {
        let planned = ladder::plan(&ground.footing, climb, ladder, &anchors, Waits::default(), &ground.policy.contacts);
        let Some(p) = planned.first().cloned() else { break };
        if p.at > ground.now {
            out.wake(p.at);
            break;
        }
        let Some(rung) = ladder.rungs.iter().find(|r| r.id == p.rung) else { break };
        let before = told_of_rung(&out, &ladder.id, &p.rung, p.telling);
        let mut made = 0;
        for who in resolve(ground.policy, &p.role, ground.around) {
            if before.iter().any(|r| r.same_person(&who.recipient))
                || !has_way(ground.policy, &rung.via, &who, ground.dead)
            {
                continue;
            }
            made += 1;
            out.notices.push(incident_notice(ground, ladder, rung, p.telling, who.recipient, p.due, facts));
        }
        let step = if made > 0 { Step::Noticed(ground.now) } else { Step::Unreachable(ground.now) };
        step_rung(climb, &p.rung, p.telling, &p.role, step);
        if made == 0 {
            out.unreachable.extend(unreachable_roles(climb, ladder, &p.rung, p.telling));
            bring_forward_of(climb, ladder, &p.rung, ground.now);
        }
    }
    if climb.ended.is_none() && ladder::is_ended(&ground.footing, climb, ladder, &anchors) {
        climb.ended = Some(ground.now);
        for p in ladder::plan(&ground.footing, climb, ladder, &anchors, Waits::default(), &ground.policy.contacts) {
            out.wake(p.at.max(ground.now));
        }
    }
    out
}

fn incident_notice(
    ground: &Ground,
    ladder: &Ladder,
    rung: &Rung,
    telling: u32,
    to: notice::Recipient,
    due: Time,
    facts: &serde_json::Value,
) -> NewNotice {
    NewNotice {
        about: ground.about,
        pupil: None,
        school: ground.around.school.clone(),
        ladder: Some(ladder.id.clone()),
        rung: rung.id.clone(),
        telling,
        to,
        via: rung.via.clone(),
        template: rung.template.clone(),
        document: None,
        statutory: rung.statutory,
        urgent: ladder.urgent,
        due: due.min(ground.now),
        held: false,
        facts: facts.clone(),
    }
}

/// Everybody on a ladder, at once: `mass_absence` tells all roles of `operations` the moment it opens.
pub fn tell_all_at_once(
    ground: &Ground,
    climb: &mut Climb,
    ladder: &Ladder,
    facts: &serde_json::Value,
) -> Vec<NewNotice> {
    let mut out: Vec<NewNotice> = Vec::new();
    for rung in &ladder.rungs {
        for role in &rung.to {
            for who in resolve(ground.policy, role, ground.around) {
                let known = out.iter().any(|n| n.to.same_person(&who.recipient));
                if !known && has_way(ground.policy, &rung.via, &who, ground.dead) {
                    out.push(incident_notice(ground, ladder, rung, 0, who.recipient, ground.now, facts));
                }
            }
            step_rung(climb, &rung.id, 0, role, Step::Noticed(ground.now));
        }
    }
    out
}
