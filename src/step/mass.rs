//! The mass hold (cases.md §4): openings, lifts and corrections in bulk at one school are held until somebody lets them go,
//! a correction removes them, or two school days have passed.

use super::pupils::Around;
use super::{StepError, incidents as steps, ladder_by_hash, pupils};
use crate::domain::calendar::Calendar;
use crate::domain::case::{Case, Climb, Event, State};
use crate::domain::climbing::{self, Ground};
use crate::domain::ids::{CaseId, ClassName, IncidentId, Role, SchoolId};
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

/// Openings in bulk at one school are held (cases.md §4): more than `share` of its pupils and at least `pupils` within
/// ten minutes, or a class that is covered and has not one attended period today.
pub fn hold_in_bulk(tx: &Transaction, around: &Around) -> Result<(), StepError> {
    let since = around.now - TimeDelta::minutes(10);
    let (mut lifted, mut corrected) = (cases::lifted_since(tx, since)?, cases::corrected_since(tx, since)?);
    for school in &around.policy.schools {
        if let Some(corrected) = corrected.remove(&school.id) {
            hold_corrections(tx, around, &school.id, corrected)?;
        }
        let Some(lifted_now) = lifted.remove(&school.id) else { continue };
        let expected = around.statements.roster().expected_in(&school.id, None, around.now.date()).count();
        let mass = &around.policy.mass;
        let n = lifted_now.len() as i64;
        let share = Ratio::new(n, (expected as i64).max(1));
        let whole_school = n >= i64::from(mass.pupils) && share > mass.share;
        let empty = empty_classes(around, &school.id);
        let mut held: Vec<Case> = Vec::new();
        for id in &lifted_now {
            let Some(case) = cases::get(tx, around.vault, *id)? else { continue };
            let in_empty = around
                .statements
                .roster()
                .at(case.pupil, around.now.date())
                .and_then(|s| s.class.clone())
                .is_some_and(|c| empty.contains(&c));
            if case.state == State::Open
                && case.held.is_none()
                && (whole_school || in_empty)
                && !is_urgent(tx, around, &case)
            {
                held.push(case);
            }
        }
        if held.is_empty() {
            continue;
        }
        let dates: BTreeSet<Date> = held.iter().flat_map(|c| c.grounds.iter().map(|g| g.fired_on)).collect();
        let detail = json!({ "pupils": held.len(), "dates": dates, "expected": expected });
        let incident = match steps::find_open(tx, incident::MASS_ABSENCE, school.id.as_str())? {
            Some(i) if i.body.released.is_none() => i.id,
            // One that was released and is not closed yet holds again: there is one open incident to a school.
            Some(mut i) => {
                i.body = Body { released: None, detail, ..i.body };
                incidents::write(tx, &i, Some(around.now))?;
                i.id
            }
            None => open_hold(tx, around, &school.id, detail)?,
        };
        for mut case in held {
            let event = Event::Held { incident };
            crate::domain::case::apply(&mut case, around.now, &event);
            cases::write(tx, around.vault, &case, &[event], Some(&school.id), Some(around.now), around.now)?;
            for n in outbox::of_subject(tx, About::Case(case.id))? {
                if n.state == NoticeState::Waiting && !n.statutory && !n.urgent {
                    outbox::hold(tx, n.id)?;
                }
            }
        }
    }
    Ok(())
}

/// Corrections of as many cases at once are held in the same way.
fn hold_corrections(
    tx: &Transaction,
    around: &Around,
    school: &SchoolId,
    corrected: Vec<CaseId>,
) -> Result<(), StepError> {
    let mass = &around.policy.mass;
    if (corrected.len() as i64) < i64::from(mass.pupils).max(1) {
        return Ok(());
    }
    let mut waiting = Vec::new();
    for id in corrected {
        let notices: Vec<_> = outbox::of_subject(tx, About::Case(id))?
            .into_iter()
            .filter(|n| n.rung == notice::CORRECTED && n.state == NoticeState::Waiting)
            .collect();
        if let Some(case) = cases::get(tx, around.vault, id)?.filter(|c| c.held.is_none() && !notices.is_empty()) {
            waiting.push((case, notices));
        }
    }
    let expected = around.statements.roster().expected_in(school, None, around.now.date()).count();
    let n = waiting.len() as i64;
    if n < i64::from(mass.pupils).max(1) || Ratio::new(n, (expected as i64).max(1)) <= mass.share {
        return Ok(());
    }
    let dates: BTreeSet<Date> = waiting.iter().flat_map(|(c, _)| c.grounds.iter().map(|g| g.fired_on)).collect();
    let detail = json!({ "pupils": n, "dates": dates, "expected": expected });
    let incident = match steps::find_open(tx, incident::MASS_ABSENCE, school.as_str())? {
        Some(i) if i.body.released.is_none() => i.id,
        _ => open_hold(tx, around, school, detail)?,
    };
    for (mut case, notices) in waiting {
        let event = Event::Held { incident };
        crate::domain::case::apply(&mut case, around.now, &event);
        cases::write(tx, around.vault, &case, &[event], Some(school), Some(around.now), around.now)?;
        for n in notices {
            outbox::hold(tx, n.id)?;
        }
    }
    Ok(())
}

fn is_urgent(tx: &Transaction, around: &Around, case: &Case) -> bool {
    case.climbs.iter().any(|c| ladder_by_hash(tx, around.policy, &c.hash).is_some_and(|l| l.urgent))
}

/// Classes of at least `class_min` expected pupils that are covered today without one attended period.
fn empty_classes(around: &Around, school: &SchoolId) -> BTreeSet<ClassName> {
    let today = around.now.date();
    // Classmates who were not marked in this step count too: their days are read from the same evidence.
    let mut reading = around.statements.reading();
    let mut count: BTreeMap<ClassName, (u32, u32, bool)> = BTreeMap::new();
    for member in around.statements.roster().expected_in(school, None, today) {
        let Some(class) = member.at(today).class.clone() else { continue };
        let e = count.entry(class).or_default();
        e.0 += 1;
        if let Some(day) = reading.of(member.pupil).and_then(|t| t.day(around.calendar, today)) {
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
    let mut n = 0;
    for mut case in cases::held_by(tx, vault, incident.id)? {
        let event = Event::Released { by: by.map(|(name, _)| name.to_owned()) };
        crate::domain::case::apply(&mut case, now, &event);
        let school = incident.school.clone();
        let uid = by.and_then(|(_, uid)| uid);
        cases::write_for(tx, vault, &case, &[event], school.as_ref(), Some(now), now, uid)?;
        let mut last: BTreeMap<String, Time> = BTreeMap::new();
        for held in outbox::of_subject(tx, About::Case(case.id))? {
            if held.state != NoticeState::Held {
                continue;
            }
            let gap = held
                .ladder
                .as_ref()
                .and_then(|l| policy.ladder(l))
                .map_or(TimeDelta::zero(), |l| TimeDelta::seconds(l.gap_min_s));
            let key = format!("{}/{}", held.to.office, held.to.person);
            let at = last.get(&key).map_or(now, |t| *t + gap);
            last.insert(key, at);
            outbox::release(tx, held.id, at)?;
            n += 1;
        }
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
