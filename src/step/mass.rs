//! The mass hold (cases.md §4): openings, lifts and corrections in bulk at one school are held until somebody lets them go,
//! a correction removes them, or two school days have passed.

use super::pupils::Around;
use super::{StepError, incidents as steps, ladder_by_hash, prepared, pupils};
use crate::domain::calendar::Calendar;
use crate::domain::case::{Case, Climb, Event, State};
use crate::domain::climbing::{self, Ground};
use crate::domain::ids::{CaseId, ClassName, IncidentId, LadderId, Role, SchoolId};
use crate::domain::incident::{self, Body, Incident};
use crate::domain::ladder::Footing;
use crate::domain::notice::{self, About, NoticeState, Surroundings};
use crate::domain::policy::Policy;
use crate::domain::ratio::Ratio;
use crate::domain::{Date, Time, TimeOfDay};
use crate::store::{Transaction, Vault, cases, incidents, outbox};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How far back "at once" reaches.
const AT_ONCE: TimeDelta = TimeDelta::minutes(10);

/// Openings in bulk at one school are held (cases.md §4): more than `share` of its pupils and at least `pupils` within
/// ten minutes, or a class that is covered and has not one attended period on the day of its absence.
pub fn hold_in_bulk(tx: &Transaction, around: &Around) -> Result<(), StepError> {
    let since = around.now - AT_ONCE;
    let (mut lifted, mut corrected) = (cases::lifted_since(tx, since)?, cases::corrected_since(tx, since)?);
    for school in &around.policy.schools {
        if let Some(corrected) = corrected.remove(&school.id) {
            hold_corrections(tx, around, &school.id, &corrected, since)?;
        }
        if let Some(lifted) = lifted.remove(&school.id) {
            hold_alarms(tx, around, &school.id, &lifted)?;
        }
    }
    Ok(())
}

/// So many cases of a school at once are too many: nobody is told before somebody has looked.
fn is_too_many(around: &Around, school: &SchoolId, cases: usize) -> bool {
    let mass = &around.policy.mass;
    cases >= (mass.pupils as usize).max(1)
        && Ratio::new(cases as i64, (expected(around, school) as i64).max(1)) > mass.share
}

fn expected(around: &Around, school: &SchoolId) -> usize {
    around.statements.roster().expected_in(school, None, around.now.date()).count()
}

fn hold_alarms(tx: &Transaction, around: &Around, school: &SchoolId, lifted: &[CaseId]) -> Result<(), StepError> {
    let whole_school = is_too_many(around, school, lifted.len());
    let mut empty: BTreeMap<Date, BTreeSet<ClassName>> = BTreeMap::new();
    let mut held: Vec<Case> = Vec::new();
    for id in lifted {
        let Some(case) = cases::get(tx, around.vault, *id)?.filter(|c| c.state == State::Open && c.held.is_none())
        else {
            continue;
        };
        let mut is_in_empty = |day: Date| {
            let classes = empty.entry(day).or_insert_with(|| empty_classes(around, school, day));
            let class = around.statements.roster().at(case.pupil, day).and_then(|s| s.class.clone());
            class.is_some_and(|c| classes.contains(&c))
        };
        // A list that comes a day late empties the class of its own day.
        let of_list = case.grounds.iter().filter(|g| !g.retracted).map(|g| g.fired_on).max();
        let in_empty = is_in_empty(around.now.date()) || of_list.is_some_and(is_in_empty);
        if (whole_school || in_empty) && !is_urgent(tx, around, &case) {
            held.push(case);
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    let incident = hold_of(tx, around, school, &held, false)?;
    for mut case in held {
        put_under(tx, around, school, &mut case, incident)?;
        for n in outbox::of_subject(tx, About::Case(case.id))? {
            let duty = n.statutory && notice::is_office(around.policy, &n.to);
            if n.state == NoticeState::Waiting && !duty && !n.urgent {
                outbox::hold(tx, n.id)?;
            }
        }
    }
    Ok(())
}

/// Corrections of as many cases at once are held in the same way; what has gone has gone, and counts.
fn hold_corrections(
    tx: &Transaction,
    around: &Around,
    school: &SchoolId,
    corrected: &[CaseId],
    since: Time,
) -> Result<(), StepError> {
    if !is_too_many(around, school, corrected.len()) {
        return Ok(());
    }
    let (mut count, mut waiting) = (0, Vec::new());
    for id in corrected {
        let mut notices = outbox::of_subject(tx, About::Case(*id))?;
        notices.retain(|n| n.rung == notice::CORRECTED && n.made >= since && n.state != NoticeState::Cancelled);
        count += usize::from(!notices.is_empty());
        notices.retain(|n| n.state == NoticeState::Waiting);
        if let Some(case) = cases::get(tx, around.vault, *id)?.filter(|c| c.held.is_none() && !notices.is_empty()) {
            waiting.push((case, notices));
        }
    }
    if waiting.is_empty() || !is_too_many(around, school, count) {
        return Ok(());
    }
    let held: Vec<Case> = waiting.iter().map(|(c, _)| c.clone()).collect();
    let incident = hold_of(tx, around, school, &held, true)?;
    for (mut case, notices) in waiting {
        put_under(tx, around, school, &mut case, incident)?;
        for n in notices {
            outbox::hold(tx, n.id)?;
        }
    }
    Ok(())
}

/// The school's hold: there is one open incident to a school, and it counts all that it holds. `retracted`: the dates are
/// those that were taken back.
fn hold_of(
    tx: &Transaction,
    around: &Around,
    school: &SchoolId,
    held: &[Case],
    retracted: bool,
) -> Result<IncidentId, StepError> {
    let of_case =
        |c: &Case| c.grounds.iter().filter(|g| g.retracted == retracted).map(|g| g.fired_on).collect::<Vec<_>>();
    let mut dates: BTreeSet<Date> = held.iter().flat_map(of_case).collect();
    let mut pupils = held.len();
    let known = steps::find_open(tx, incident::MASS_ABSENCE, school.as_str())?;
    if let Some(i) = &known {
        pupils += cases::held_by(tx, around.vault, i.id)?.len();
        let before = i.body.detail.get("dates").and_then(|d| serde_json::from_value::<BTreeSet<Date>>(d.clone()).ok());
        dates.extend(before.filter(|_| i.body.released.is_none()).unwrap_or_default());
    }
    let detail = json!({ "pupils": pupils, "dates": dates, "expected": expected(around, school) });
    match known {
        // One that was released and is not closed yet holds again.
        Some(mut i) => {
            i.body = Body { released: None, detail, ..i.body };
            incidents::write(tx, &i, Some(around.now))?;
            Ok(i.id)
        }
        None => open_hold(tx, around, school, detail),
    }
}

fn put_under(
    tx: &Transaction,
    around: &Around,
    school: &SchoolId,
    case: &mut Case,
    incident: IncidentId,
) -> Result<(), StepError> {
    let event = Event::Held { incident };
    crate::domain::case::apply(case, around.now, &event);
    cases::write(tx, around.vault, case, &[event], Some(school), Some(around.now), around.now)?;
    Ok(())
}

fn is_urgent(tx: &Transaction, around: &Around, case: &Case) -> bool {
    case.climbs.iter().any(|c| ladder_by_hash(tx, around.policy, &c.hash).is_some_and(|l| l.urgent))
}

/// Classes of at least `class_min` expected pupils that are covered on a day without one attended period.
fn empty_classes(around: &Around, school: &SchoolId, date: Date) -> BTreeSet<ClassName> {
    // Classmates who were not marked in this step count too: their days are read from the same evidence.
    let mut reading = around.statements.reading();
    let mut count: BTreeMap<ClassName, (u32, u32, bool)> = BTreeMap::new();
    for member in around.statements.roster().expected_in(school, None, date) {
        let Some(class) = member.at(date).class.clone() else { continue };
        let e = count.entry(class).or_default();
        e.0 += 1;
        if let Some(day) = reading.of(member.pupil).and_then(|t| t.day(around.calendar, date)) {
            e.1 += 1;
            e.2 |= day.has_attended();
        }
    }
    let min = around.policy.mass.class_min.max(1);
    count.into_iter().filter(|(_, (n, recorded, any))| *n >= min && *recorded > 0 && !any).map(|(c, _)| c).collect()
}

/// A mass hold is over: what it held goes in the order of the ladder, one every `gap_min` to one role. `by`: the name that
/// was typed, and the user id that the system gave.
pub fn release(
    tx: &Transaction,
    policy: &Policy,
    vault: &Vault,
    incident: &Incident,
    by: Option<(&str, Option<u64>)>,
    now: Time,
) -> Result<usize, StepError> {
    let calendar = &prepared(policy).calendar;
    let uid = by.and_then(|(_, uid)| uid);
    let mut n = 0;
    for mut case in cases::held_by(tx, vault, incident.id)? {
        let mut events = vec![Event::Released { by: by.map(|(name, _)| name.to_owned()) }];
        crate::domain::case::apply(&mut case, now, &events[0]);
        let mut last: BTreeMap<(Option<LadderId>, String, u32), Time> = BTreeMap::new();
        for held in outbox::of_subject(tx, About::Case(case.id))? {
            if held.state != NoticeState::Held || held.by_hand {
                continue;
            }
            let climb = held.ladder.as_ref().and_then(|l| case.climbs.iter().find(|c| c.ladder == *l));
            let ladder = climb.and_then(|c| ladder_by_hash(tx, policy, &c.hash));
            let rung = ladder.as_ref().and_then(|l| l.rungs.iter().find(|r| r.id == held.rung));
            // `unless` is looked at when the rung would go: an act may have been recorded while it was held.
            let why = climb.zip(rung).and_then(|(c, r)| climbing::skip_reason(&case, c, r));
            if let (Some(why), Some(ladder)) = (why, &held.ladder) {
                outbox::set_state(tx, held.id, NoticeState::Cancelled)?;
                let (rung, telling, role) = (held.rung.clone(), held.telling, held.to.role.clone());
                let event = Event::RungSkipped { ladder: ladder.clone(), rung, telling, role, why };
                if !events.contains(&event) {
                    crate::domain::case::apply(&mut case, now, &event);
                    events.push(event);
                }
                continue;
            }
            let gap = TimeDelta::seconds(ladder.as_ref().map_or(0, |l| l.gap_min_s));
            let key = (held.ladder.clone(), held.to.office.clone(), held.to.person);
            let at = last.get(&key).map_or(now, |t| *t + gap);
            let at = if held.urgent { at } else { calendar.next_open(at, policy.contacts.hours_of(&held.to.role)) };
            last.insert(key, at);
            outbox::release(tx, held.id, at)?;
            n += 1;
        }
        cases::write_for(tx, vault, &case, &events, incident.school.as_ref(), Some(now), now, uid)?;
    }
    let mut done = incident.clone();
    done.body = Body { released: Some(now), ..done.body };
    incidents::write(tx, &done, None)?;
    Ok(n)
}

/// Opens the hold's incident and tells all roles of `operations` at once.
fn open_hold(
    tx: &Transaction,
    around: &Around,
    school: &SchoolId,
    detail: serde_json::Value,
) -> Result<IncidentId, StepError> {
    let ladder = steps::ladder_for(around.policy, None);
    let body = Body { climb: None, detail: detail.clone(), released: None };
    let id = incidents::open(tx, incident::MASS_ABSENCE, school.as_str(), Some(school), around.now, &body)?;
    let Some(ladder) = ladder else { return Ok(id) };
    let mut climb = Climb::new(ladder.id.clone(), ladder.hash.clone(), around.now);
    let people = Surroundings { school: Some(school.clone()), ..Surroundings::default() };
    let dead = pupils::dead_addresses(tx, around.vault)?;
    let ground = Ground {
        policy: around.policy,
        footing: Footing { calendar: around.calendar, place: None },
        around: &people,
        dead: &dead,
        about: About::Incident(id),
        now: around.now,
        before: None,
        slept_s: 0,
    };
    let facts = json!({ "kind": incident::MASS_ABSENCE, "subject": school, "detail": detail });
    for n in climbing::tell_all_at_once(&ground, &mut climb, ladder, &facts) {
        outbox::make(tx, &n, around.now)?;
    }
    let incident = Incident {
        id,
        kind: incident::MASS_ABSENCE.to_owned(),
        subject: school.to_string(),
        school: Some(school.clone()),
        opened: around.now,
        closed: None,
        body: Body { climb: Some(climb), detail, released: None },
    };
    incidents::write(tx, &incident, None)?;
    Ok(id)
}

fn school_of(i: &Incident) -> SchoolId {
    i.school.clone().unwrap_or_else(|| SchoolId::new(&i.subject))
}

fn school_place<'a>(policy: &Policy, calendar: &'a Calendar, school: &'a SchoolId) -> Footing<'a> {
    let grade = policy.school(school).and_then(|s| s.grades.first().copied());
    Footing { calendar, place: Some((school, grade, None)) }
}

/// When a mass hold ends by itself.
pub fn hold_ends(policy: &Policy, calendar: &Calendar, i: &Incident) -> Time {
    let school = school_of(i);
    let place = school_place(policy, calendar, &school);
    place.add_school_days(i.opened.date(), 2).and_time(i.opened.time())
}

/// A hold ends when it is released, when nothing is held any more, or by itself two school days after its beginning;
/// undecided, the township is told again at 08:00 of each school day after the next one.
pub fn run(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    vault: &Vault,
    i: &mut Incident,
    now: Time,
) -> Result<Option<Time>, StepError> {
    let held = cases::held_by(tx, vault, i.id)?;
    let around = Surroundings { school: i.school.clone(), ..Surroundings::default() };
    let school = school_of(i);
    let place = school_place(policy, calendar, &school);
    let ends = hold_ends(policy, calendar, i);
    if i.body.released.is_some() || held.is_empty() {
        steps::close(tx, i, &around, now)?;
        return Ok(None);
    }
    if now >= ends {
        release(tx, policy, vault, i, None, now)?;
        i.body.released = Some(now);
        steps::close(tx, i, &around, now)?;
        return Ok(None);
    }
    let eight = TimeOfDay::from_hms_opt(8, 0, 0).expect("08:00 is a time of day");
    let mut next = ends;
    for n in 2..4u32 {
        let at = place.add_school_days(i.opened.date(), n).and_time(eight);
        if at > now {
            next = next.min(at);
            break;
        }
        let role = Role::new("township_government");
        for who in notice::resolve(policy, &role, &around) {
            let facts = json!({ "kind": i.kind, "subject": i.subject, "detail": i.body.detail });
            let via = pupils::first_channels(policy, &role);
            let about = About::Incident(i.id);
            let n = steps::township_notice(about, i.school.clone(), notice::HELD, n, who.recipient, via, at, facts);
            outbox::make(tx, &n, now)?;
        }
    }
    Ok(Some(next))
}
