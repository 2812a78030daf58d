//! Incidents: the conditions that hold now against those that are open; their climbs; the letters when they close.

use super::{StepError, auditor, ladder_by_hash, late, machine, mass, pupils};
use crate::domain::calendar::Calendar;
use crate::domain::case::{Case, Climb, State};
use crate::domain::climbing::{self, Ground};
use crate::domain::finding::Finding;
use crate::domain::ids::{LadderId, PupilId, Role, RungId, SchoolId, SourceId};
use crate::domain::incident::{self as kind, Body, Condition, Incident};
use crate::domain::ladder::Footing;
use crate::domain::notice::{self, About, NewNotice, Surroundings};
use crate::domain::policy::{Ladder, Policy, Source};
use crate::domain::{Date, Time, TimeOfDay, normalise, timeline};
use crate::store::register;
use crate::store::time::from_ms;
use crate::store::{
    Connection, StoreError, Transaction, Vault, cases, deliveries, evidence, findings, incidents, outbox, vault,
};
use chrono::{Datelike, Days};
use serde_json::json;
use std::collections::BTreeMap;

const OPERATIONS: &str = "operations";

/// Opens, climbs and closes; when something about an incident is due next.
pub fn run(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    vault: &Vault,
    now: Time,
    slept_s: i64,
) -> Result<Option<Time>, StepError> {
    let mut next = None;
    let mut wake = |t: Option<Time>| {
        if let Some(t) = t.filter(|t| *t > now) {
            next = Some(next.map_or(t, |n: Time| n.min(t)));
        }
    };
    let known = cases::all(tx, vault, true)?;
    let mut holding = conditions(tx, policy, calendar, &known, now)?;
    for source in policy.sources.iter().filter(|s| s.expected_by.is_some()) {
        let (overdue, deadline) = overdue(tx, policy, calendar, source, now)?;
        holding.extend(overdue);
        wake(deadline);
    }
    holding.extend(auditor::condition(tx)?);
    let (of_machine, changes) = machine::conditions(tx, now)?;
    let (of_letters, deadlines) = late::conditions(tx, policy, vault, calendar, now)?;
    holding.extend(of_machine);
    holding.extend(of_letters);
    changes.into_iter().chain(deadlines).for_each(|t| wake(Some(t)));
    for (_, from) in years_to_know(policy, calendar) {
        wake(Some(from.and_time(TimeOfDay::MIN)));
    }
    let open = incidents::list(tx, false)?;
    for c in &holding {
        if !open.iter().any(|i| i.kind == c.kind && i.subject == c.subject) {
            open_one(tx, policy, c, now)?;
        }
    }
    let mut missing = Vec::new();
    for mut i in incidents::list(tx, false)? {
        let around = Surroundings { school: i.school.clone(), ..Surroundings::default() };
        if i.kind == kind::MASS_ABSENCE {
            wake(mass::run(tx, policy, calendar, vault, &mut i, now)?);
            if i.closed.is_some() {
                continue;
            }
        } else if let Some(c) = holding.iter().find(|c| c.kind == i.kind && c.subject == i.subject) {
            i.body.detail = c.detail.clone();
        } else if i.kind != kind::CONTACT_MISSING || contact_works(tx, policy, vault, &mut i)? {
            close(tx, &mut i, &around, now)?;
            continue;
        }
        let Some(mut climb) = i.body.climb.clone() else {
            incidents::write(tx, &i, None)?;
            continue;
        };
        let Some(ladder) = ladder_by_hash(tx, policy, &climb.hash) else { continue };
        let dead = pupils::dead_addresses(tx, vault)?;
        // A class or school rule's own ladder counts the days of its school, `operations` working days.
        let own = i.school.as_ref().filter(|_| climb.ladder != OPERATIONS);
        let class = own.and_then(|s| i.subject.strip_prefix(&format!("{s}/")));
        let grade = class.and_then(normalise::grade_of);
        let place = own.map(|s| (s, grade.or_else(|| first_grade(policy, s)), None));
        let ground = Ground {
            policy,
            footing: Footing { calendar, place },
            around: &around,
            dead: &dead,
            about: About::Incident(i.id),
            now,
            before: None,
            slept_s,
        };
        let facts = json!({ "kind": i.kind, "subject": i.subject, "detail": i.body.detail });
        let moves = climbing::climb_incident(&ground, &mut climb, &ladder, &facts);
        for n in &moves.notices {
            outbox::make(tx, n, now)?;
        }
        // What concerns no school has no principal to miss.
        for (_, role) in &moves.unreachable {
            if i.school.is_some() || !notice::resolve(policy, role, &around).is_empty() {
                missing.push((around.clone(), role.clone()));
            }
        }
        wake(moves.next);
        i.body.climb = Some(climb);
        incidents::write(tx, &i, moves.next)?;
    }
    let mut opened = false;
    for (people, role) in missing {
        opened |= nobody_to_reach(tx, policy, &people, &role, now)?;
    }
    if opened {
        // They climb from this same instant; nothing opens twice.
        start_climbs(tx, policy)?;
        return run(tx, policy, calendar, vault, now, slept_s);
    }
    for case in known {
        wake(case.exempt_until.map(told_from));
    }
    wake(register::next_exempt_until(tx, now.date() + Days::new(NOTICE_DAYS))?.map(told_from));
    Ok(next)
}

fn first_grade(policy: &Policy, school: &SchoolId) -> Option<u8> {
    policy.school(school).and_then(|s| s.grades.first().copied())
}

pub fn find_open(conn: &Connection, kind: &str, subject: &str) -> Result<Option<Incident>, StoreError> {
    Ok(incidents::list(conn, false)?.into_iter().find(|i| i.kind == kind && i.subject == subject))
}

pub fn ladder_for<'p>(policy: &'p Policy, wanted: Option<&LadderId>) -> Option<&'p Ladder> {
    wanted.and_then(|l| policy.ladder(l)).or_else(|| policy.ladder(&LadderId::new(OPERATIONS)))
}

fn open_one(tx: &Transaction, policy: &Policy, c: &Condition, now: Time) -> Result<(), StepError> {
    let climb = ladder_for(policy, c.ladder.as_ref()).map(|l| Climb::new(l.id.clone(), l.hash.clone(), now));
    let body = Body { climb, detail: c.detail.clone(), released: None };
    incidents::open(tx, &c.kind, &c.subject, c.school.as_ref(), now, &body)?;
    Ok(())
}

/// Closes an incident; everyone told gets one mended letter, nobody told none.
pub fn close(tx: &Transaction, i: &mut Incident, around: &Surroundings, now: Time) -> Result<(), StepError> {
    let about = About::Incident(i.id);
    outbox::cancel(tx, about, |_| true)?;
    i.closed = Some(now);
    incidents::write(tx, i, None)?;
    tell_mended(tx, i, around, now)
}

/// Everyone told so far is told once; an alarm that was on its way at the closing may be accepted after it.
pub fn tell_mended(tx: &Transaction, i: &Incident, around: &Surroundings, now: Time) -> Result<(), StepError> {
    let about = About::Incident(i.id);
    for (to, via) in notice::told_people(&outbox::told(tx, about)?, notice::is_alarm) {
        let facts = json!({ "kind": i.kind, "subject": i.subject, "detail": i.body.detail });
        let n = township_notice(about, around.school.clone(), notice::MENDED, 0, to.clone(), via, now, facts);
        outbox::make(tx, &n, now)?;
    }
    Ok(())
}

/// A notice outside rungs that is about no child.
pub fn township_notice(
    about: About,
    school: Option<SchoolId>,
    rung: &str,
    telling: u32,
    to: notice::Recipient,
    via: Vec<crate::domain::ids::ChannelId>,
    due: Time,
    facts: serde_json::Value,
) -> NewNotice {
    NewNotice {
        about,
        pupil: None,
        school,
        ladder: None,
        rung: RungId::new(rung),
        telling,
        to,
        via,
        template: None,
        document: None,
        statutory: false,
        urgent: false,
        due,
        held: false,
        facts,
    }
}

// ---------------------------------------------------------------- conditions

fn conditions(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    known: &[Case],
    now: Time,
) -> Result<Vec<Condition>, StepError> {
    let mut out = Vec::new();
    for c in deliveries::conditions(tx)? {
        let detail: serde_json::Value = serde_json::from_str(&c.detail).unwrap_or(serde_json::Value::Null);
        out.push(of_source(policy, crate::store::word(&c.kind)?, &c.source, detail));
    }
    out.extend(unknown_years(policy, calendar, now.date()));
    let mut closings: BTreeMap<PupilId, Date> = BTreeMap::new();
    for case in known {
        if case.state == State::Open && case.climbs.iter().any(|c| c.exhausted.is_some()) {
            out.push(of_case(tx, policy, kind::LADDER_EXHAUSTED, case, now)?);
        }
        if case.state == State::Open && case.review {
            out.push(of_case(tx, policy, kind::CASE_FOR_REVIEW, case, now)?);
        }
        if case.state == State::Open && case.calendar_ended {
            out.extend(
                calendar_ends(calendar).filter(|c| !out.iter().any(|o| o.kind == c.kind && o.subject == c.subject)),
            );
        }
        // A case that watches or was reopened by a person has no end to wait for.
        if let Some(until) = case.exempt_until {
            let latest = closings.entry(case.pupil).or_insert(until);
            *latest = until.max(*latest);
        }
    }
    out.extend(exemptions_that_end(tx, policy, calendar, &closings, now)?);
    if let Some(problems) = findings::meta_text(tx, "policy_rejected")?.filter(|s| !s.is_empty()) {
        out.push(Condition {
            kind: kind::POLICY_REJECTED.to_owned(),
            subject: "policy".to_owned(),
            school: None,
            detail: json!({ "problems": problems }),
            ladder: None,
        });
    }
    for f in findings::of_groups(tx)?.into_iter().filter(|f| f.open) {
        out.extend(of_group(policy, &f));
    }
    Ok(out)
}

/// What an incident about a case is called by: not its number, which may come while the incident is open.
pub fn case_subject(case: &Case) -> String {
    case.id.to_string()
}

/// The school is the pupil's of now: its principal stands on `operations`.
pub fn of_case(tx: &Transaction, policy: &Policy, kind: &str, case: &Case, now: Time) -> Result<Condition, StepError> {
    Ok(Condition {
        kind: kind.to_owned(),
        subject: case_subject(case),
        school: super::courier::place_of(tx, policy, case.pupil, now.date())?.map(|p| p.0),
        detail: json!({ "case": case.id.to_string() }),
        ladder: None,
    })
}

/// From 15 calendar days before the end of a suspension or exemption (of a closing, or of the register), until a newer
/// end is known or the child is back.
fn exemptions_that_end(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    closings: &BTreeMap<PupilId, Date>,
    now: Time,
) -> Result<Vec<Condition>, StepError> {
    let today = now.date();
    let near = today + Days::new(NOTICE_DAYS);
    let mut pupils = register::exempt_until(tx, near)?;
    pupils.extend(closings.iter().filter(|(_, until)| **until <= near).map(|(p, _)| *p));
    let mut out = Vec::new();
    for pupil in pupils {
        let loaded = evidence::load(tx, &[pupil])?;
        let built = timeline::build(policy, calendar, &loaded, &[pupil], today, None);
        let member = built.roster.index_of(pupil).map(|i| &built.roster.members()[i]);
        let in_register = member.and_then(|m| m.exemption_before(today)).map(|(_, end)| end);
        let Some(until) = closings.get(&pupil).copied().max(in_register).filter(|u| *u <= near) else { continue };
        let here = built.roster.at(pupil, today).filter(|s| s.expected || s.exempt);
        let back = built
            .timelines
            .get(&pupil)
            .is_some_and(|t| t.days(calendar).any(|d| d.date() > until && d.date() <= today && d.has_attended()));
        if back || (here.is_none() && !closings.contains_key(&pupil)) {
            continue;
        }
        out.push(Condition {
            kind: kind::EXEMPTION_ENDS.to_owned(),
            subject: pupil.to_string(),
            school: super::courier::place_of(tx, policy, pupil, today)?.map(|p| p.0),
            detail: json!({ "until": until }),
            ladder: None,
        });
    }
    Ok(out)
}

fn told_from(until: Date) -> Time {
    (until - Days::new(NOTICE_DAYS)).and_time(TimeOfDay::MIN)
}

/// How long before the end of an exemption it is told.
const NOTICE_DAYS: u64 = 15;

fn of_source(policy: &Policy, kind: String, source: &SourceId, detail: serde_json::Value) -> Condition {
    let school = policy.source(source).and_then(|s| s.school.clone());
    Condition { kind, subject: source.to_string(), school, detail, ladder: None }
}

/// A class or school rule's finding is an incident of the rule's id.
fn of_group(policy: &Policy, f: &Finding) -> Option<Condition> {
    let rule = policy.rules.iter().find(|r| r.id == f.rule)?;
    let ladder = rule.ladder.clone()?;
    if policy.live_from.is_some_and(|d| f.last_on < d) {
        return None;
    }
    let school = f.subject.school.clone()?;
    let subject = match &f.subject.class {
        Some(class) => format!("{school}/{class}"),
        None => school.to_string(),
    };
    let detail = json!({ "title": rule.title, "dates": f.evidence, "measure": f.measure });
    Some(Condition { kind: f.rule.to_string(), subject, school: Some(school), detail, ladder: Some(ladder) })
}

/// From 60 days before a year's first term day, until its holiday file is there.
fn unknown_years(policy: &Policy, calendar: &Calendar, today: Date) -> Vec<Condition> {
    years_to_know(policy, calendar)
        .into_iter()
        .filter(|(_, from)| *from <= today)
        .map(|(year, _)| Condition {
            kind: kind::CALENDAR_UNKNOWN.to_owned(),
            subject: year.to_string(),
            school: None,
            detail: json!({ "year": year }),
            ladder: None,
        })
        .collect()
}

/// A rung would be due after the last day of the calendar: the year that must become known.
fn calendar_ends(calendar: &Calendar) -> Option<Condition> {
    let year = (calendar.last_day()? + Days::new(1)).year();
    Some(Condition {
        kind: kind::CALENDAR_UNKNOWN.to_owned(),
        subject: year.to_string(),
        school: None,
        detail: json!({ "year": year }),
        ladder: None,
    })
}

/// Years without a holiday file, and the day from which that is told.
fn years_to_know(policy: &Policy, calendar: &Calendar) -> Vec<(i32, Date)> {
    let terms = &policy.calendar.terms;
    let mut years: Vec<i32> = terms.iter().flat_map(|t| t.start.year()..=t.end.year()).collect();
    years.sort_unstable();
    years.dedup();
    let first_day = |year: i32| {
        let of = terms.iter().filter(|t| t.end.year() >= year && t.start.year() <= year);
        of.map(|t| t.start.max(Date::from_ymd_opt(year, 1, 1).unwrap_or(t.start))).min()
    };
    let unknown = years.into_iter().filter(|year| !calendar.year_known(*year));
    unknown.filter_map(|year| Some((year, first_day(year)? - Days::new(60)))).collect()
}

/// Nothing came by `expected.by` on the latest school day whose deadline has passed; and the next deadline.
fn overdue(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    source: &Source,
    now: Time,
) -> Result<(Option<Condition>, Option<Time>), StepError> {
    let Some(by) = source.expected_by else { return Ok((None, None)) };
    let is_school_day = |d: Date| {
        policy.schools.iter().filter(|s| source.school.as_ref().is_none_or(|x| *x == s.id)).any(|s| {
            if s.grades.is_empty() {
                calendar.is_school_day(&s.id, None, None, d)
            } else {
                s.grades.iter().any(|g| calendar.is_school_day(&s.id, Some(*g), None, d))
            }
        })
    };
    let today = now.date();
    let last = calendar.last_day().unwrap_or(today);
    let mut deadline = None;
    for i in 0..400u64 {
        let d = today + Days::new(i);
        if d > last {
            break;
        }
        if is_school_day(d) && d.and_time(by) > now {
            deadline = Some(d.and_time(by));
            break;
        }
    }
    let first = first_run(tx, now)?.max(policy.live_from.unwrap_or(Date::MIN));
    let passed = (0..40u64).map(|i| today - Days::new(i)).find(|d| is_school_day(*d) && d.and_time(by) <= now);
    let Some(day) = passed.filter(|d| *d >= first) else { return Ok((None, deadline)) };
    if deliveries::has_data_since(tx, &source.id, day)? {
        return Ok((None, deadline));
    }
    let latest = deliveries::latest_data_date(tx, &source.id)?;
    let detail = json!({ "day": day, "by": by.format("%H:%M").to_string(), "latest": latest });
    Ok((Some(of_source(policy, kind::EXPORT_OVERDUE.to_owned(), &source.id, detail)), deadline))
}

/// The day on which the daemon first looked: nothing is overdue from before it was there.
fn first_run(tx: &Transaction, now: Time) -> Result<Date, StoreError> {
    match findings::meta_text(tx, "first_run")?.and_then(|s| s.parse().ok()) {
        Some(v) => Ok(from_ms(v).date()),
        None => {
            findings::set_meta(tx, "first_run", crate::store::time::ms(now).to_string().as_bytes())?;
            Ok(now.date())
        }
    }
}

// ---------------------------------------------------------------- nobody to reach

/// Opens `contact_missing` for the pupil (a guardian nobody can reach) or the role (of a class, of a school, or an office),
/// unless it is open.
pub fn nobody_to_reach(
    tx: &Transaction,
    policy: &Policy,
    people: &Surroundings,
    role: &Role,
    now: Time,
) -> Result<bool, StepError> {
    let of_school = |s: &SchoolId| policy.school(s).is_some_and(|s| s.contacts.contains_key(role));
    let is_office = policy.contacts.offices.contains_key(role.as_str());
    let subject = match &people.school {
        _ if people.pupil.is_some() && *role == "guardian" => people.pupil.map_or_else(String::new, |p| p.to_string()),
        Some(s) if *role == "homeroom" => format!("{role}@{s}/{}", people.class.as_ref().map_or("", |c| c.as_str())),
        Some(s) if of_school(s) || !is_office => format!("{role}@{s}"),
        _ => role.to_string(),
    };
    if find_open(tx, kind::CONTACT_MISSING, &subject)?.is_some() {
        return Ok(false);
    }
    let detail = json!({ "role": role, "class": people.class, "pupil": people.pupil });
    // Its climb begins when the policy is at hand, in the same step.
    let body = Body { climb: None, detail, released: None };
    incidents::open(tx, kind::CONTACT_MISSING, &subject, people.school.as_ref(), now, &body)?;
    Ok(true)
}

/// Gives incidents that were opened without one their climb.
pub fn start_climbs(tx: &Transaction, policy: &Policy) -> Result<(), StepError> {
    for mut i in incidents::list(tx, false)? {
        if i.body.climb.is_none()
            && let Some(l) = ladder_for(policy, None)
        {
            i.body.climb = Some(Climb::new(l.id.clone(), l.hash.clone(), i.opened));
            incidents::write(tx, &i, Some(i.opened))?;
        }
    }
    Ok(())
}

/// There is a way that was not there when nobody could be reached, or one of those has taken a letter since.
fn contact_works(tx: &Transaction, policy: &Policy, vault: &Vault, i: &mut Incident) -> Result<bool, StepError> {
    let dead = pupils::dead_addresses(tx, vault)?;
    let role = Role::new(i.body.detail.get("role").and_then(|r| r.as_str()).unwrap_or("guardian"));
    let via = channels_to(policy, &role);
    let pupil = i.body.detail.get("pupil").and_then(serde_json::Value::as_i64).map(PupilId);
    let class = i.body.detail.get("class").and_then(|c| c.as_str()).map(crate::domain::ids::ClassName::from);
    let mut people = Surroundings { school: i.school.clone(), class, ..Surroundings::default() };
    if let Some(card) = pupil.map(|p| vault::pupil_card(tx, vault, p)).transpose()?.flatten() {
        people.guardians = card
            .contacts
            .into_iter()
            .map(|c| crate::domain::policy::Person { name: c.name.unwrap_or_default(), phone: c.phone, email: c.email })
            .collect();
        people.household_township = card.household_township;
    }
    let reachable = notice::resolve(policy, &role, &people);
    let people = reachable.iter().flat_map(|r| &r.contacts);
    let addresses = people.flat_map(|p| via.iter().filter_map(|c| climbing::address(policy, c, p)));
    let ways: BTreeMap<String, [u8; 32]> = addresses
        .filter(|a| !dead(a))
        .map(|a| vault.digest("address", &a))
        .map(|digest| (digest.iter().map(|b| format!("{b:02x}")).collect(), digest))
        .collect();
    let Some(known) = i.body.detail.get("ways").and_then(|w| w.as_array()).cloned() else {
        // Those that are left have just failed.
        i.body.detail["ways"] = ways.keys().cloned().collect();
        return Ok(false);
    };
    for (name, digest) in &ways {
        if !known.iter().any(|k| k == name.as_str()) || outbox::accepted_since(tx, digest, i.opened)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn channels_to(policy: &Policy, role: &Role) -> Vec<crate::domain::ids::ChannelId> {
    let mut out = Vec::new();
    for rung in policy.ladders.iter().flat_map(|l| &l.rungs).filter(|r| r.to.contains(role)) {
        for c in &rung.via {
            if !out.contains(c) {
                out.push(c.clone());
            }
        }
    }
    out
}
