//! The climb: when each rung of a ladder is due and when it may go to each role. Pure arithmetic on calendars;
//! whether it then goes (`unless`) and what that means is decided by the callers.

use super::calendar::{Calendar, months_after};
use super::case::{Climb, RungState, Step};
use super::ids::{ClassName, Role, RungId, SchoolId, Word};
use super::policy::{After, Anchor, Contacts, Due, Ladder, Rung};
use super::{Date, Time, TimeOfDay};
use chrono::{Days, TimeDelta};
use std::collections::BTreeMap;

/// Whose school days a climb counts: a pupil's, or (incidents) working days.
#[derive(Clone, Debug)]
pub struct Footing<'a> {
    pub calendar: &'a Calendar,
    /// School, grade and class as of now; `None`: working days stand in for school days.
    pub place: Option<(&'a SchoolId, Option<u8>, Option<&'a ClassName>)>,
}

impl Footing<'_> {
    /// The n-th school day after a date; working days where the calendar ends first.
    pub fn add_school_days(&self, from: Date, n: u32) -> Date {
        match self.place {
            Some((s, g, c)) => self
                .calendar
                .add_school_days(s, g, c, from, n)
                .unwrap_or_else(|| self.calendar.add_working_days(from, n)),
            None => self.calendar.add_working_days(from, n),
        }
    }
    /// The calendar ends before the n-th school day after the date.
    pub fn ends_within(&self, from: Date, n: u32) -> bool {
        self.place.is_some_and(|(s, g, c)| self.calendar.add_school_days(s, g, c, from, n).is_none())
    }
    fn school_days_after(&self, from: Date, to: Date) -> u32 {
        if to <= from {
            return 0;
        }
        match self.place {
            Some((s, g, c)) => self.calendar.school_days_between(s, g, c, from + Days::new(1), to),
            None => {
                let mut n = 0;
                let mut d = from;
                while d < to {
                    d = d + Days::new(1);
                    n += u32::from(self.calendar.is_working_day(d));
                }
                n
            }
        }
    }
}

/// anchor + after, at the anchor's time of day or at `time` (cases.md §2, "Adding days").
pub fn add(footing: &Footing, anchor: Time, after: After, time: Option<TimeOfDay>) -> Time {
    let on = |date: Date| date.and_time(time.unwrap_or(anchor.time()));
    match after {
        After::Seconds(s) => {
            let t = anchor + TimeDelta::seconds(s);
            match time {
                // Beside hours or minutes: the next such time.
                Some(clock) if t.time() > clock => (t.date() + Days::new(1)).and_time(clock),
                Some(clock) => t.date().and_time(clock),
                None => t,
            }
        }
        After::SchoolDays(n) => on(footing.add_school_days(anchor.date(), n)),
        After::WorkingDays(n) => on(footing.calendar.add_working_days(anchor.date(), n)),
        After::CalendarDays(n) => on(anchor.date() + Days::new(n.into())),
        After::Months(n) => on(months_after(anchor.date(), i32::try_from(n).unwrap_or(i32::MAX))),
    }
}

/// The working day after a legal deadline (Civil Code art. 201–203): the day of service is not counted, a last day off
/// moves to the next working day, and the rung is due at 09:00 of the working day after it.
pub fn after_deadline(footing: &Footing, served: Date, after: After, time: Option<TimeOfDay>) -> Time {
    let midnight = served.and_time(TimeOfDay::MIN);
    let last = footing.calendar.next_working_day_on_or_after(add(footing, midnight, after, None).date());
    let nine = TimeOfDay::from_hms_opt(9, 0, 0).expect("09:00 is a time of day");
    footing.calendar.add_working_days(last, 1).and_time(time.unwrap_or(nine))
}

/// Due when the calendar says more: it ends before the rung's day, and only statutory rungs count working days instead.
const WHEN_KNOWN: Time = Time::MAX;

/// What anchors a climb's rungs, beside the climb itself.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    pub levels: BTreeMap<u8, Time>,
    /// First act of each kind since the climb's start.
    pub acts: BTreeMap<Word, Time>,
    pub served: BTreeMap<Word, Date>,
    pub marks: BTreeMap<Word, Time>,
}

/// What keeps rungs that are not statutory waiting.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits {
    /// An acknowledgement holds until then.
    pub ack_until: Option<Time>,
    /// Leave with an end date: no time can be given.
    pub paused: bool,
}

/// One thing to be told: this rung, this telling, this role, at this instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    pub rung: RungId,
    pub telling: u32,
    pub role: Role,
    /// When the rung was due (before spacing, waits and quiet hours).
    pub due: Time,
    pub at: Time,
    pub statutory: bool,
}

/// The instant at which an anchor came.
fn anchored(climb: &Climb, anchors: &Anchors, anchor: &Anchor) -> Option<Time> {
    match anchor {
        Anchor::Start => Some(climb.started),
        Anchor::Level(l) => anchors.levels.get(l).copied(),
        Anchor::Act(kind) => anchors.acts.get(kind).copied(),
        Anchor::Served(document) => anchors.served.get(document).map(|d| d.and_time(TimeOfDay::MIN)),
        Anchor::Mark(mark) => anchors.marks.get(mark).copied(),
        Anchor::Rung(rung) => climb.rungs.get(rung).and_then(|r| r.done),
    }
}

/// When something with a `Due` is due by itself; `None`: its condition has not come.
pub fn due_of(footing: &Footing, climb: &Climb, anchors: &Anchors, due: &Due) -> Option<Time> {
    let anchor = anchored(climb, anchors, &due.anchor)?;
    Some(match &due.anchor {
        Anchor::Served(_) => after_deadline(footing, anchor.date(), due.after, due.time),
        _ => add(footing, anchor, due.after, due.time),
    })
}

/// When a mark is due: its clock passes over the days on which it stands still.
pub fn mark_due(
    footing: &Footing,
    climb: &Climb,
    anchors: &Anchors,
    due: &Due,
    is_still: &dyn Fn(Date) -> bool,
) -> Option<Time> {
    let mut at = due_of(footing, climb, anchors, due)?;
    if matches!(due.after, After::Seconds(0)) && due.time.is_none() {
        return Some(at);
    }
    let first = anchored(climb, anchors, &due.anchor)?.date();
    // School and working days pass over days off by themselves: only those of them that stand still are made up for.
    let counts = |d: Date| match due.after {
        After::SchoolDays(_) => footing.school_days_after(d - Days::new(1), d) > 0,
        After::WorkingDays(_) => footing.calendar.is_working_day(d),
        _ => true,
    };
    let end = footing.calendar.last_day()?;
    let mut d = first;
    while d < at.date() {
        d = d + Days::new(1);
        if d > end {
            // Beyond the known terms the clock stands still for good.
            return None;
        }
        if counts(d) && is_still(d) {
            at = match due.after {
                After::SchoolDays(_) => footing.add_school_days(at.date(), 1).and_time(at.time()),
                After::WorkingDays(_) => footing.calendar.add_working_days(at.date(), 1).and_time(at.time()),
                _ => at + TimeDelta::days(1),
            };
        }
    }
    Some(at)
}

/// Every rung's own due time, with going on, waking and bringing forward worked in.
fn dues<'l>(footing: &Footing, climb: &Climb, ladder: &'l Ladder, anchors: &Anchors) -> Vec<(usize, &'l Rung, Time)> {
    // Whether the n-th school day after a date is one that a rung may wait for.
    let known = |rung: &Rung, from: Date, n: u32| rung.statutory || !footing.ends_within(from, n);
    let raw_due = |r: &Rung| {
        let due = due_of(footing, climb, anchors, &r.at)?;
        let from = anchored(climb, anchors, &r.at.anchor)?.date();
        Some(match r.at.after {
            After::SchoolDays(n) if !known(r, from, n) => WHEN_KNOWN,
            _ => due,
        })
    };
    let raw: Vec<Option<Time>> = ladder.rungs.iter().map(raw_due).collect();
    let base = climb.resumed.as_ref().and_then(|(at, rung)| {
        let k = ladder.rungs.iter().position(|r| r.id == *rung)?;
        Some((*at, k, raw[k]?))
    });
    let mut out = Vec::new();
    for (i, rung) in ladder.rungs.iter().enumerate() {
        // A rung that waits for one that nobody could be told goes when it is brought forward.
        let Some(mut due) = raw[i].or_else(|| climb.brought.get(&rung.id).copied()) else { continue };
        if let Some((at, k, first)) = base {
            let anchored_before = anchored(climb, anchors, &rung.at.anchor).is_some_and(|t| t < at);
            if i == k {
                due = at;
            } else if anchored_before && due != WHEN_KNOWN && first != WHEN_KNOWN {
                // Later rungs keep the number of school days between them, at their own time of day.
                let n = footing.school_days_after(first.date(), due.date());
                due = match known(rung, at.date(), n) {
                    true => footing.add_school_days(at.date(), n).and_time(due.time()).max(at),
                    false => WHEN_KNOWN,
                };
            }
        }
        if let Some(t) = climb.brought.get(&rung.id) {
            due = due.min(*t);
        }
        if let Some(t) = climb.woken.get(&rung.id) {
            due = due.max(*t);
        }
        out.push((i, rung, due));
    }
    out
}

/// The whole climb from here: what is still to be told, in order of time. Rungs whose condition has not come, and
/// those that wait for leave to end, have no time and are left out.
pub fn plan(
    footing: &Footing,
    climb: &Climb,
    ladder: &Ladder,
    anchors: &Anchors,
    waits: Waits,
    contacts: &Contacts,
) -> Vec<Planned> {
    let mut wanted: Vec<(usize, Planned)> = Vec::new();
    for (i, rung, due) in dues(footing, climb, ladder, anchors) {
        let told = climb.rungs.get(&rung.id);
        if told.is_some_and(|s| s.cancelled) || due == WHEN_KNOWN {
            continue;
        }
        for role in &rung.to {
            if told.and_then(|s| s.tellings.get(&0)).is_some_and(|t| t.contains_key(role)) {
                continue;
            }
            push(&mut wanted, i, rung, 0, role, due, waits, ladder);
        }
    }
    if let Some((telling, due, rung)) = repeats(footing, climb, ladder).filter(|r| r.1 != WHEN_KNOWN) {
        let told = climb.rungs.get(&rung.id).and_then(|s| s.tellings.get(&telling));
        for role in &rung.to {
            if told.is_some_and(|t| t.contains_key(role)) {
                continue;
            }
            push(&mut wanted, ladder.rungs.len(), rung, telling, role, due, waits, ladder);
        }
    }
    space(wanted, climb, ladder, contacts, footing.calendar)
}

fn push(
    wanted: &mut Vec<(usize, Planned)>,
    order: usize,
    rung: &Rung,
    telling: u32,
    role: &Role,
    due: Time,
    waits: Waits,
    ladder: &Ladder,
) {
    let mut at = due;
    if !rung.statutory && waits.paused {
        return;
    }
    if !rung.statutory && !ladder.urgent {
        at = at.max(waits.ack_until.unwrap_or(at));
    }
    let statutory = rung.statutory;
    wanted.push((order, Planned { rung: rung.id.clone(), telling, role: role.clone(), due, at, statutory }));
}

/// `gap_min` between two rungs to one role, then quiet hours and working days.
fn space(
    mut wanted: Vec<(usize, Planned)>,
    climb: &Climb,
    ladder: &Ladder,
    contacts: &Contacts,
    calendar: &Calendar,
) -> Vec<Planned> {
    wanted.sort_by(|(i, a), (j, b)| (a.at, i).cmp(&(b.at, j)));
    let gap = TimeDelta::seconds(ladder.gap_min_s);
    let mut last: BTreeMap<Role, Time> = BTreeMap::new();
    for state in climb.rungs.values() {
        for (role, step) in state.tellings.values().flatten() {
            let t = match step {
                Step::Sent(t) => *t,
                // Let go in the quiet hours, it goes when they end.
                Step::Noticed(t) if !ladder.urgent => calendar.next_open(*t, contacts.hours_of(role)),
                Step::Noticed(t) => *t,
                _ => continue,
            };
            let e = last.entry(role.clone()).or_insert(t);
            *e = (*e).max(t);
        }
    }
    let mut out: Vec<Planned> = Vec::new();
    for (_, mut p) in wanted {
        if let Some(t) = last.get(&p.role) {
            p.at = p.at.max(*t + gap);
        }
        if !ladder.urgent {
            p.at = calendar.next_open(p.at, contacts.hours_of(&p.role));
        }
        last.insert(p.role.clone(), p.at);
        out.push(p);
    }
    out.sort_by_key(|p| p.at);
    out
}

/// The next telling of the repeat rung, if the ladder has come to its end: (telling, due, rung).
fn repeats<'l>(footing: &Footing, climb: &Climb, ladder: &'l Ladder) -> Option<(u32, Time, &'l Rung)> {
    let repeat = ladder.repeat.as_ref()?;
    let ended = climb.ended?;
    let rung = repeated(climb, ladder)?;
    let state = climb.rungs.get(&rung.id);
    let tellings = state.map(|s| &s.tellings);
    // A telling that is not finished (not every role has it) goes on before the next begins.
    let sent = tellings.map_or(0, |t| t.keys().filter(|k| **k > 0).count() as u32);
    let unfinished = tellings
        .and_then(|t| t.iter().next_back())
        .filter(|(k, roles)| **k > 0 && roles.len() < rung.to.len())
        .map(|(k, _)| *k);
    let last = state.and_then(last_gone).unwrap_or(ended);
    let ends = matches!(repeat.every, After::SchoolDays(n) if !rung.statutory && footing.ends_within(last.date(), n));
    let every = if ends { WHEN_KNOWN } else { add(footing, last, repeat.every, None) };
    let due = every.max(climb.resumed.as_ref().map_or(last, |(t, _)| *t));
    match unfinished {
        Some(k) => Some((k, last, rung)),
        None if sent < repeat.times => Some((sent + 1, due, rung)),
        None => None,
    }
}

/// When a rung last went, or would have gone but for its `unless`: the next repeat counts from there.
fn last_gone(state: &RungState) -> Option<Time> {
    let skipped = state.tellings.values().flatten().filter_map(|(_, step)| match step {
        Step::Skipped(t) | Step::Unreachable(t) => Some(*t),
        Step::Noticed(_) | Step::Sent(_) => None,
    });
    skipped.max().max(state.last_sent)
}

/// The rung that repeats: the one named, or (if it was never sent) the last one sent.
fn repeated<'l>(climb: &Climb, ladder: &'l Ladder) -> Option<&'l Rung> {
    let named = ladder.repeat.as_ref().and_then(|r| ladder.rungs.iter().find(|x| x.id == r.rung));
    let sent = |r: &&Rung| climb.rungs.get(&r.id).and_then(|s| s.sent).is_some();
    named
        .filter(sent)
        .or_else(|| ladder.rungs.iter().filter(sent).max_by_key(|r| climb.rungs.get(&r.id).and_then(|s| s.sent)))
}

/// Every rung is sent, skipped, or waits for something other than time (nothing that is due is still to be told).
pub fn is_ended(footing: &Footing, climb: &Climb, ladder: &Ladder, anchors: &Anchors) -> bool {
    dues(footing, climb, ladder, anchors).into_iter().all(|(_, rung, _)| {
        let told = climb.rungs.get(&rung.id);
        told.is_some_and(|s| {
            s.cancelled
                || rung.to.iter().all(|role| {
                    s.tellings.get(&0).and_then(|t| t.get(role)).is_some_and(|step| !matches!(step, Step::Noticed(_)))
                })
        })
    })
}

/// When the ladder is exhausted: one `every` after the last repeat, or at its end without `repeat`.
pub fn exhausted_at(footing: &Footing, climb: &Climb, ladder: &Ladder) -> Option<Time> {
    let ended = climb.ended?;
    let Some(repeat) = &ladder.repeat else { return Some(ended) };
    let Some(rung) = repeated(climb, ladder) else { return Some(ended) };
    let state = climb.rungs.get(&rung.id)?;
    let sent = state.tellings.iter().filter(|(k, _)| **k > 0).count() as u32;
    let open = state.tellings.values().flatten().any(|(_, s)| matches!(s, Step::Noticed(_)));
    (sent >= repeat.times && !open).then(|| add(footing, last_gone(state).unwrap_or(ended), repeat.every, None))
}

/// The rung with which a climb goes on: the first in time that is still to be told and waits for time only.
pub fn next_rung(footing: &Footing, climb: &Climb, ladder: &Ladder, anchors: &Anchors) -> Option<RungId> {
    dues(footing, climb, ladder, anchors)
        .into_iter()
        .filter(|(_, rung, _)| {
            let told = climb.rungs.get(&rung.id);
            !told.is_some_and(|s| s.cancelled)
                && rung
                    .to
                    .iter()
                    .any(|role| !told.and_then(|s| s.tellings.get(&0)).is_some_and(|t| t.contains_key(role)))
        })
        .min_by_key(|(n, _, due)| (*due, *n))
        .map(|(_, r, _)| r.id.clone())
}

/// Nobody of a rung could be reached: the next rung to another role that waits for time alone (anchored at the start).
pub fn next_to_another_role(climb: &Climb, ladder: &Ladder, rung: &RungId) -> Option<RungId> {
    let k = ladder.rungs.iter().position(|r| r.id == *rung)?;
    let roles = &ladder.rungs[k].to;
    let to_another = |r: &&Rung| {
        matches!(r.at.anchor, Anchor::Start | Anchor::Rung(_)) && r.to.iter().any(|role| !roles.contains(role))
    };
    // If that one has been due already, nothing is brought forward.
    let next = ladder.rungs[k + 1..].iter().find(to_another)?;
    (!climb.rungs.contains_key(&next.id)).then(|| next.id.clone())
}

/// The due times of what is still to be told, the next repeat among them; `None`: the calendar ends first.
pub fn due_times(
    footing: &Footing,
    climb: &Climb,
    ladder: &Ladder,
    anchors: &Anchors,
) -> BTreeMap<RungId, Option<Time>> {
    let told = |rung: &Rung| {
        let first = climb.rungs.get(&rung.id).and_then(|s| s.tellings.get(&0));
        first.is_some_and(|t| rung.to.iter().all(|role| t.contains_key(role)))
    };
    let mut out: BTreeMap<RungId, Option<Time>> = dues(footing, climb, ladder, anchors)
        .into_iter()
        .filter(|(_, rung, _)| !told(rung))
        .map(|(_, rung, due)| (rung.id.clone(), Some(due).filter(|t| *t != WHEN_KNOWN)))
        .collect();
    if let Some((_, due, rung)) = repeats(footing, climb, ladder) {
        out.entry(rung.id.clone()).or_insert(Some(due).filter(|t| *t != WHEN_KNOWN));
    }
    out
}

/// Something still to be told counts school days beyond the calendar's end.
pub fn calendar_ends(footing: &Footing, climb: &Climb, ladder: &Ladder, anchors: &Anchors) -> bool {
    let beyond = |from: Date, after: After| matches!(after, After::SchoolDays(n) if footing.ends_within(from, n));
    let untold = due_times(footing, climb, ladder, anchors);
    let rung = ladder
        .rungs
        .iter()
        .filter(|r| untold.contains_key(&r.id))
        .any(|r| anchored(climb, anchors, &r.at.anchor).is_some_and(|from| beyond(from.date(), r.at.after)));
    rung || untold.values().any(Option::is_none)
}

/// After a sleep: what was overdue goes in order, statutory first, one every `gap_min`, the first at once; what may not
/// go yet (quiet hours, a weekend) keeps that distance from the others when it may.
pub fn wake_times(
    planned: &[Planned],
    ladder: &Ladder,
    contacts: &Contacts,
    calendar: &Calendar,
    now: Time,
) -> BTreeMap<RungId, Time> {
    let gap = TimeDelta::seconds(ladder.gap_min_s);
    let mut times: BTreeMap<RungId, Time> = BTreeMap::new();
    for statutory in [true, false] {
        for r in ladder.rungs.iter().filter(|r| r.statutory == statutory) {
            let overdue = planned.iter().filter(|p| p.rung == r.id && p.telling == 0 && p.at < now);
            let roles: Vec<&Role> = overdue.map(|p| &p.role).collect();
            let open = |t: Time| {
                let at = roles.iter().map(|role| match ladder.urgent {
                    true => t,
                    false => calendar.next_open(t, contacts.hours_of(role)),
                });
                at.min()
            };
            let Some(mut at) = open(now) else { continue };
            while let Some(near) = times.values().filter(|t| (at - **t).abs() < gap).max() {
                at = open(*near + gap).unwrap_or(*near + gap);
            }
            times.insert(r.id.clone(), at);
        }
    }
    times
}
