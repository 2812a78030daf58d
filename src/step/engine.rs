//! The engine step: evaluates the subjects that are marked, decides what follows, opens and closes incidents. One
//! transaction; running it twice at the same instant changes nothing.

use super::pupils::{self, Evaluated};
use super::{StepError, incidents, policy_change, prepared, township};
use crate::domain::finding::{Change, Finding};
use crate::domain::ids::PupilId;
use crate::domain::policy::Policy;
use crate::domain::rule::{self, Scratch};
use crate::domain::timeline::{self, Built};
use crate::domain::{Date, Time};
use crate::store::time::{from_ms, ms};
use crate::store::{Connection, Db, StoreError, Transaction, Vault, cases, deliveries, evidence, findings};
use std::collections::BTreeSet;

/// Evaluates, decides, writes; when to be called again.
///
/// # Errors
/// Only when the database cannot be read or written.
pub fn run(db: &mut Db, policy: &Policy, now: Time) -> Result<Option<Time>, StepError> {
    let vault = db.vault();
    db.write(|tx| {
        let ready = prepared(policy);
        let slept_s = last_step(tx)?.map_or(0, |t| (now - t).num_seconds());
        if slept_s > 15 * 60 {
            findings::set_meta(tx, "woke", ms(now).to_string().as_bytes())?;
        }
        let mut before = policy_change::notice(tx, &vault, policy, now)?;
        let mut dirty: BTreeSet<PupilId> = deliveries::dirty_pupils(tx)?.into_iter().collect();
        let marked = !dirty.is_empty();
        let mut due: BTreeSet<PupilId> = cases::due_pupils(tx, now)?.into_iter().collect();
        due.extend(woken_pupils(tx, now)?);
        let mut groups = group_rules(policy) && (marked || groups_due(tx, now)?);
        dirty.extend(due.iter().copied());
        deliveries::clear_marks(tx)?;
        // What follows for a pupil may be a decision withdrawn: then the pupil is looked at again, at this same instant.
        while !dirty.is_empty() || groups {
            let list: Vec<PupilId> = dirty.iter().copied().collect();
            let loaded = if groups { evidence::load_all(tx)? } else { evidence::load(tx, &list)? };
            let all: Vec<PupilId> = if groups { crate::store::vault::all_pupils(tx)? } else { list.clone() };
            let built = timeline::build(policy, &ready.calendar, &loaded, &all, now.date(), None);
            let evaluated = evaluate(tx, &ready, &built, &loaded.acts, &list, now)?;
            let around = pupils::Around {
                evidence: &loaded,
                policy,
                calendar: &ready.calendar,
                vault: &vault,
                built: &built,
                now,
                before: before.as_ref(),
                slept_s,
            };
            for one in &evaluated {
                pupils::advance(tx, &around, one)?;
            }
            if groups {
                evaluate_groups(tx, &ready, &built, now)?;
            }
            pupils::hold_in_bulk(tx, &around)?;
            before = None;
            groups = false;
            dirty = deliveries::dirty_pupils(tx)?.into_iter().collect();
            deliveries::clear_marks(tx)?;
        }
        incidents::start_climbs(tx, policy)?;
        let mut next = incidents::run(tx, policy, &ready.calendar, &vault, now, slept_s)?;
        for t in [
            township::morning(tx, policy, &ready.calendar, &vault, now)?,
            cases::next_wake(tx)?,
            next_pupil_wake(tx)?,
            next_group_wake(tx)?,
        ]
        .into_iter()
        .flatten()
        {
            next = Some(next.map_or(t, |n: Time| n.min(t)));
        }
        awake_in(tx, now)?;
        Ok(next.map(|t| t.max(now)))
    })
}

/// The process was awake until now: a pause before this instant is no sleep.
pub fn awake(db: &mut Db, now: Time) -> Result<(), StepError> {
    db.write(|tx| awake_in(tx, now))
}

fn awake_in(tx: &Transaction, now: Time) -> Result<(), StepError> {
    // A clock that jumps back does not make time pass twice.
    let at = last_step(tx)?.map_or(now, |t| t.max(now));
    findings::set_meta(tx, "last_step", ms(at).to_string().as_bytes())?;
    Ok(())
}

pub fn last_step(conn: &Connection) -> Result<Option<Time>, StoreError> {
    Ok(findings::meta_text(conn, "last_step")?.and_then(|s| s.parse().ok()).map(from_ms))
}

// ---------------------------------------------------------------- pupils

/// Evaluates afresh, stores what the rules say now, and tells what changed.
fn evaluate(
    tx: &Transaction,
    ready: &super::Prepared,
    built: &Built,
    acts: &[crate::domain::evidence::Act],
    pupils: &[PupilId],
    now: Time,
) -> Result<Vec<Evaluated>, StepError> {
    let mut scratch = Scratch::default();
    let mut out = Vec::with_capacity(pupils.len());
    for pupil in pupils {
        let Some(timeline) = built.timelines.get(pupil) else { continue };
        let acts: Vec<_> = acts.iter().filter(|a| a.pupil == *pupil).cloned().collect();
        let mut now_found: Vec<Finding> = Vec::new();
        rule::evaluate(
            &ready.program,
            &ready.calendar,
            &built.roster,
            timeline,
            &acts,
            now.date(),
            &mut scratch,
            &mut now_found,
        );
        let stored = findings::of_pupil(tx, *pupil, false)?;
        let changes = store_changes(tx, &ready.program.hashes(), &stored, &now_found)?;
        let wake = rule::next_instant(&ready.program, &ready.calendar, &built.roster, timeline, now.date());
        set_pupil_wake(tx, *pupil, wake)?;
        let mut all = now_found;
        all.extend(findings::of_pupil(tx, *pupil, true)?);
        out.push(Evaluated { pupil: *pupil, findings: all, changes });
    }
    Ok(out)
}

/// Compares within one version of each rule: what an older version had found is superseded, never retracted.
fn store_changes(
    tx: &Transaction,
    hashes: &BTreeSet<String>,
    stored: &[Finding],
    now_found: &[Finding],
) -> Result<Vec<(Change, Finding)>, StepError> {
    let (same, older): (Vec<Finding>, Vec<Finding>) =
        stored.iter().cloned().partition(|f| hashes.contains(&f.rule_hash));
    for f in &older {
        // Found by the new version too: the same finding under a new version, not another one.
        let again = now_found
            .iter()
            .any(|n| n.rule == f.rule && n.subject.pupil == f.subject.pupil && n.fired_on == f.fired_on);
        if !again {
            findings::supersede(tx, f)?;
        }
    }
    let changes = rule::compare(&same, now_found);
    let changes: Vec<(Change, Finding)> = changes
        .into_iter()
        .filter(|(c, f)| {
            let renewed = older
                .iter()
                .any(|o| o.rule == f.rule && o.subject.pupil == f.subject.pupil && o.fired_on == f.fired_on);
            !(renewed
                && *c == Change::Opened
                && older.iter().any(|o| o.rule == f.rule && o.fired_on == f.fired_on && o.open))
        })
        .collect();
    for (change, f) in &changes {
        if *change == Change::Retracted {
            findings::remove(tx, f)?;
        }
    }
    for f in now_found {
        if !stored.contains(f) {
            findings::put(tx, f)?;
        }
    }
    Ok(changes)
}

// ---------------------------------------------------------------- classes and schools

fn group_rules(policy: &Policy) -> bool {
    policy.rules.iter().any(|r| r.subject != rule::ast::SubjectKind::Pupil)
}

fn evaluate_groups(tx: &Transaction, ready: &super::Prepared, built: &Built, now: Time) -> Result<(), StepError> {
    let mut found = Vec::new();
    rule::evaluate_classes(&ready.program, &ready.calendar, built, now.date(), Some(now), &mut found);
    let stored = findings::of_groups(tx)?;
    let hashes = ready.program.hashes();
    for f in &stored {
        if !hashes.contains(&f.rule_hash) {
            findings::supersede(tx, f)?;
        } else if !found.iter().any(|n| n.rule == f.rule && n.subject == f.subject && n.fired_on == f.fired_on) {
            findings::remove(tx, f)?;
        }
    }
    for f in &found {
        findings::put(tx, f)?;
    }
    let next = ready.program.next_roll_call(now);
    match next {
        Some(t) => findings::set_meta(tx, "group_wake", ms(t).to_string().as_bytes())?,
        None => findings::set_meta(tx, "group_wake", b"")?,
    }
    Ok(())
}

fn next_group_wake(conn: &Connection) -> Result<Option<Time>, StoreError> {
    Ok(findings::meta_text(conn, "group_wake")?.and_then(|s| s.parse().ok()).map(from_ms))
}

fn groups_due(conn: &Connection, now: Time) -> Result<bool, StoreError> {
    Ok(next_group_wake(conn)?.is_none_or(|t| t <= now))
}

// ---------------------------------------------------------------- wake-ups of pupils

fn woken_pupils(conn: &Connection, now: Time) -> Result<Vec<PupilId>, StoreError> {
    cases::woken_pupils(conn, now)
}

fn set_pupil_wake(tx: &Transaction, pupil: PupilId, at: Option<Time>) -> Result<(), StoreError> {
    cases::set_pupil_wake(tx, pupil, at)
}

fn next_pupil_wake(conn: &Connection) -> Result<Option<Time>, StoreError> {
    cases::next_pupil_wake(conn)
}

/// What the rules say of everybody, for `findings`: from the evidence, not from the table, so that any day and any state
/// of knowledge can be asked about.
pub fn ask(
    conn: &Connection,
    policy: &Policy,
    on: Date,
    known_at: Option<Time>,
    now: Option<Time>,
) -> Result<Vec<Finding>, StepError> {
    let ready = prepared(policy);
    let loaded = evidence::load_all(conn)?;
    let pupils = crate::store::vault::all_pupils(conn)?;
    let built = timeline::build(policy, &ready.calendar, &loaded, &pupils, on, known_at);
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    for timeline in built.timelines.values() {
        let acts: Vec<_> = loaded
            .acts
            .iter()
            .filter(|a| a.pupil == timeline.pupil && known_at.is_none_or(|k| a.recorded_at <= k))
            .cloned()
            .collect();
        rule::evaluate(&ready.program, &ready.calendar, &built.roster, timeline, &acts, on, &mut scratch, &mut out);
    }
    rule::evaluate_classes(&ready.program, &ready.calendar, &built, on, known_at.or(now), &mut out);
    Ok(out)
}

/// The vault's view of a pupil for the steps (contacts of now).
pub fn guardians(
    conn: &Connection,
    vault: &Vault,
    pupil: PupilId,
) -> Result<Option<crate::store::vault::PupilCard>, StoreError> {
    crate::store::vault::pupil_card(conn, vault, pupil)
}
