//! The morning report: on every school day the township gets one letter; a quiet day says so (cases.md §5).

use super::{StepError, incidents, pupils};
use crate::domain::calendar::Calendar;
use crate::domain::case::{Event, State};
use crate::domain::ids::Role;
use crate::domain::notice::{self, About, Surroundings};
use crate::domain::policy::{Content, Policy};
use crate::domain::timeline;
use crate::domain::{Date, Time};
use crate::store::{Connection, StoreError, Transaction, Vault, cases, deliveries, evidence, findings, outbox};
use chrono::Days;
use serde_json::{Value, json};

fn is_school_day(policy: &Policy, calendar: &Calendar, date: Date) -> bool {
    policy.schools.iter().any(|s| {
        s.grades.is_empty() && calendar.is_school_day(&s.id, None, None, date)
            || s.grades.iter().any(|g| calendar.is_school_day(&s.id, Some(*g), None, date))
    })
}

/// Makes today's report when its time has come; when the next is due.
pub fn morning(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    vault: &Vault,
    now: Time,
) -> Result<Option<Time>, StepError> {
    let Some(at) = policy.morning_report else { return Ok(None) };
    let today = now.date();
    let made = findings::meta_text(tx, "morning")?;
    let due = today.and_time(at);
    if is_school_day(policy, calendar, today) && made.as_deref() != Some(today.to_string().as_str()) {
        if due > now {
            return Ok(Some(due));
        }
        let facts = report(tx, policy, calendar, vault, now)?;
        let role = Role::new("township_government");
        let via = pupils::first_channels(policy, &role);
        for who in notice::resolve(policy, &role, &Surroundings::default()) {
            let about = About::Township(today);
            let via = via.iter().take(1).cloned().collect();
            let n = incidents::township_notice(about, None, notice::MORNING, 0, who.recipient, via, due, facts.clone());
            outbox::make(tx, &n, now)?;
        }
        findings::set_meta(tx, "morning", today.to_string().as_bytes())?;
    }
    let last = calendar.last_day().unwrap_or(today);
    let mut d = today + Days::new(1);
    while d <= last {
        if is_school_day(policy, calendar, d) {
            return Ok(Some(d.and_time(at)));
        }
        d = d + Days::new(1);
    }
    Ok(None)
}

/// Schools reported or silent, pupils expected, present, absent; cases open, climbed, returned. Counts only.
pub fn report(
    conn: &Connection,
    policy: &Policy,
    calendar: &Calendar,
    vault: &Vault,
    now: Time,
) -> Result<Value, StepError> {
    let schools = coverage(conn, policy, calendar, now)?;
    let since = now - chrono::TimeDelta::days(1);
    let (mut climbed, mut returned) = (0, 0);
    for e in cases::events_since(conn, vault, since)? {
        match e.event {
            Event::LevelRaised { from, .. } if from > 0 => climbed += 1,
            Event::Returned { .. } => returned += 1,
            _ => {}
        }
    }
    let all = cases::all(conn, vault, false)?;
    let open = all.iter().filter(|c| c.state == State::Open).count();
    let watching = all.iter().filter(|c| c.state == State::Watching).count();
    Ok(json!({
        "date": now.date(), "schools": schools, "open": open, "watching": watching, "climbed": climbed, "returned": returned,
    }))
}

/// Today by school: reported or silent, pupils expected, recorded, absent.
pub fn coverage(conn: &Connection, policy: &Policy, calendar: &Calendar, now: Time) -> Result<Vec<Value>, StoreError> {
    // A day is told by what is stated of it alone: the year before it need not be read.
    let loaded = evidence::load_day(conn, now.date())?;
    let statements = timeline::gather(policy, calendar, &loaded, now.date(), None);
    let mut reading = statements.reading();
    let today = now.date();
    let mut out = Vec::new();
    for school in &policy.schools {
        let sources: Vec<_> = policy
            .sources
            .iter()
            .filter(|s| s.content == Content::Attendance && s.school.as_ref().is_none_or(|x| *x == school.id))
            .collect();
        let mut reported = false;
        for s in &sources {
            reported |= deliveries::has_data_since(conn, &s.id, today)?;
        }
        let (mut expected, mut recorded, mut absent) = (0, 0, 0);
        for m in statements.roster().expected_in(&school.id, None, today) {
            expected += 1;
            let day = reading.of(m.pupil).and_then(|t| t.day(calendar, today));
            if let Some(day) = day {
                recorded += 1;
                absent += u32::from(!day.has_attended());
            }
        }
        let open = school.grades.iter().any(|g| calendar.is_school_day(&school.id, Some(*g), None, today))
            || school.grades.is_empty() && calendar.is_school_day(&school.id, None, None, today);
        out.push(json!({
            "school": school.id, "name": school.name, "school_day": open, "reported": reported,
            "expected": expected, "present": recorded - absent, "absent": absent,
        }));
    }
    Ok(out)
}
