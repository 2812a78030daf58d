//! The engine step: evaluates the subjects that are marked, decides what follows, opens and closes incidents. One
//! transaction; running it twice at the same instant changes nothing.

use super::pupils::{self, Evaluated};
use super::{Prepared, StepError, incidents, mass, policy_change, prepared, township};
use crate::domain::evidence::{Act, DecisionKind, Evidence};
use crate::domain::finding::{Change, Finding};
use crate::domain::ids::PupilId;
use crate::domain::policy::Policy;
use crate::domain::rule::{self, Findings, Scratch};
use crate::domain::timeline::{self, Built, Statements};
use crate::domain::{Date, Time, TimeOfDay};
use crate::store::time::{from_ms, ms};
use crate::store::{Connection, Db, StoreError, Transaction, Vault, cases, deliveries, evidence, findings, vault};
use chrono::Days;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one step came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When to be called again.
    pub next: Option<Time>,
    /// How many pupils were evaluated.
    pub evaluated: usize,
}

/// Evaluates, decides, writes; when to be called again.
///
/// # Errors
/// Only when the database cannot be read or written.
pub fn run(db: &mut Db, policy: &Policy, now: Time) -> Result<Option<Time>, StepError> {
    Ok(step(db, policy, now)?.next)
}

/// The same, with what there was to do.
///
/// # Errors
/// Only when the database cannot be read or written.
pub fn step(db: &mut Db, policy: &Policy, now: Time) -> Result<Step, StepError> {
    let sealed = db.vault();
    db.write(|tx| {
        let ready = prepared(policy);
        let since = last_step(tx)?;
        let slept_s = since.map_or(0, |t| (now - t).num_seconds());
        if slept_s > 15 * 60 {
            findings::set_meta(tx, "woke", ms(now).to_string().as_bytes())?;
        }
        let changed = policy_change::notice(tx, &sealed, policy, now)?;
        // Another policy concerns everybody, in the same transaction.
        let mut list = if changed.is_some() { vault::all_pupils(tx)? } else { deliveries::dirty_pupils(tx)? };
        let mut before = changed.and_then(|c| c.calendar_before);
        let marked = !list.is_empty() || deliveries::groups_are_dirty(tx)?;
        let woken = woken_pupils(tx, now)?;
        let mut groups = group_rules(policy) && (marked || !woken.is_empty() || groups_due(tx, now)?);
        list.extend(cases::due_pupils(tx, now)?);
        list.extend(woken);
        list.sort_unstable();
        list.dedup();
        let mut evaluated = 0;
        let mut looked_at = BTreeSet::new();
        deliveries::clear_marks(tx)?;
        // What follows for a pupil may be a decision withdrawn: then the pupil is looked at again, at this same instant.
        while !list.is_empty() || groups {
            let loaded = if groups { evidence::load_all(tx)? } else { evidence::load(tx, &list)? };
            let statements = timeline::gather(policy, &ready.calendar, &loaded, now.date(), None);
            let (changed, count) = evaluate(tx, &ready, &statements, &loaded, &list, now)?;
            evaluated += count;
            looked_at.extend(list.iter().copied());
            let around = pupils::Around {
                evidence: &loaded,
                policy,
                calendar: &ready.calendar,
                vault: &sealed,
                statements: &statements,
                now,
                before: before.as_ref(),
                since,
                slept_s,
            };
            for one in &changed {
                pupils::advance(tx, &around, one)?;
            }
            mass::hold_in_bulk(tx, &around)?;
            if groups {
                let built = statements.into_built(&vault::all_pupils(tx)?);
                evaluate_groups(tx, &ready, &built, now)?;
            }
            before = None;
            groups = false;
            list = deliveries::dirty_pupils(tx)?;
            deliveries::clear_marks(tx)?;
        }
        incidents::start_climbs(tx, policy)?;
        let mut next = incidents::run(tx, policy, &ready.calendar, &sealed, &looked_at, now, slept_s)?;
        for t in [
            township::morning(tx, policy, &ready.calendar, &sealed, now)?,
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
        Ok(Step { next: next.map(|t| t.max(now)), evaluated })
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

/// What the rules say of one pupil, where that is not what is stored or a case asks for it.
struct Judged {
    pupil: PupilId,
    found: Vec<Finding>,
    stored: Vec<Finding>,
    wake: Option<Time>,
}

/// What an evaluation only reads: it may be read from several threads.
struct Reading<'a> {
    ready: &'a Prepared,
    statements: &'a Statements<'a>,
    acts: HashMap<PupilId, Vec<Act>>,
    /// The next day that leave or a decision states in advance.
    ahead: HashMap<PupilId, Date>,
    stored: HashMap<PupilId, Vec<String>>,
    wakes: HashMap<PupilId, Time>,
    with_case: HashSet<PupilId>,
    on: Date,
}

/// So many pupils are evaluated in one go, and from twice as many on by several threads.
const BATCH: usize = 1_000;

/// Evaluates afresh, stores what the rules say now, and tells of whom something changed or is to be looked at; and how many
/// were evaluated.
fn evaluate(
    tx: &Transaction,
    ready: &Prepared,
    statements: &Statements,
    loaded: &Evidence,
    pupils: &[PupilId],
    now: Time,
) -> Result<(Vec<Evaluated>, usize), StepError> {
    let mut acts_of: HashMap<PupilId, Vec<Act>> = HashMap::new();
    for act in &loaded.acts {
        acts_of.entry(act.pupil).or_default().push(act.clone());
    }
    let reading = Reading {
        ready,
        statements,
        acts: acts_of,
        ahead: days_ahead(loaded, now.date()),
        stored: findings::bodies(tx, pupils)?,
        wakes: cases::pupil_wakes(tx)?,
        with_case: cases::pupils(tx)?,
        on: now.date(),
    };
    let hashes = ready.program.hashes();
    let mut out = Vec::new();
    let (judged, evaluated) = judge(&reading, pupils)?;
    for one in judged {
        let changes = store_changes(tx, &hashes, &one.stored, &one.found)?;
        if one.wake != reading.wakes.get(&one.pupil).copied() {
            set_pupil_wake(tx, one.pupil, one.wake)?;
        }
        if changes.is_empty() && !reading.with_case.contains(&one.pupil) {
            continue;
        }
        let mut all = one.found;
        all.extend(findings::of_pupil(tx, one.pupil, true)?);
        out.push(Evaluated { pupil: one.pupil, findings: all, changes });
    }
    Ok((out, evaluated))
}

/// Of each pupil the first day after `on` for which leave or a decision says something.
fn days_ahead(loaded: &Evidence, on: Date) -> HashMap<PupilId, Date> {
    let leaves = loaded.leaves.iter().map(|l| (l.pupil, l.from, l.until));
    let decided = loaded.decisions.iter().filter(|d| d.withdrawn_at.is_none() && d.kind != DecisionKind::NotExpected);
    let mut ahead: HashMap<PupilId, Date> = HashMap::new();
    for (pupil, from, _) in leaves.chain(decided.map(|d| (d.pupil, d.from, d.to))).filter(|(.., to)| *to > on) {
        let day = from.max(on + Days::new(1));
        ahead.entry(pupil).and_modify(|d| *d = day.min(*d)).or_insert(day);
    }
    ahead
}

/// A batch by its number.
type Batch = (usize, Vec<Judged>);

/// The pure part: batch by batch, by as many threads as there are processors where it is worth it. In the order of pupils.
fn judge(reading: &Reading, pupils: &[PupilId]) -> Result<(Vec<Judged>, usize), StepError> {
    let batches: Vec<&[PupilId]> = pupils.chunks(BATCH).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut bench =
            Bench { timelines: reading.statements.reading(), scratch: Scratch::default(), found: Findings::default() };
        let mut done = Vec::new();
        let mut evaluated = 0;
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(n) else { return Ok((done, evaluated)) };
            let mut judged = Vec::new();
            for pupil in *batch {
                evaluated += usize::from(reading.judge(*pupil, &mut bench, &mut judged)?);
            }
            done.push((n, judged));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(batches.len()).min(8);
    let parts: Vec<Result<(Vec<Batch>, usize), StoreError>> = if threads < 2 {
        vec![work()]
    } else {
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut parts = vec![work()];
            parts.extend(others.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))));
            parts
        })
    };
    let (mut all, mut evaluated) = (Vec::new(), 0);
    for part in parts {
        let (done, n) = part?;
        all.extend(done);
        evaluated += n;
    }
    all.sort_unstable_by_key(|(n, _)| *n);
    Ok((all.into_iter().flat_map(|(_, judged)| judged).collect(), evaluated))
}

/// The buffers of one thread.
struct Bench<'s, 'a> {
    timelines: timeline::Reading<'s, 'a>,
    scratch: Scratch,
    found: Findings,
}

impl Reading<'_> {
    /// Says whether the register knows the pupil.
    fn judge(&self, pupil: PupilId, bench: &mut Bench, out: &mut Vec<Judged>) -> Result<bool, StoreError> {
        let Some(timeline) = bench.timelines.of(pupil) else { return Ok(false) };
        let (program, calendar, roster) = (&self.ready.program, &self.ready.calendar, self.statements.roster());
        let acts = self.acts.get(&pupil).map_or(&[][..], Vec::as_slice);
        bench.found.clear();
        rule::evaluate(program, calendar, roster, timeline, acts, self.on, &mut bench.scratch, &mut bench.found);
        // The timeline ends with today: a day that is recorded in advance is one to look again, though nothing more comes.
        let ahead = self.ahead.get(&pupil).map(|d| d.and_time(TimeOfDay::MIN));
        let wake =
            [rule::next_instant(program, calendar, roster, timeline, self.on), ahead].into_iter().flatten().min();
        let stored = self.stored.get(&pupil).map_or(&[][..], Vec::as_slice);
        let stored: Vec<Finding> = stored.iter().map(|s| findings::read(s)).collect::<Result<_, _>>()?;
        let same = stored.len() == bench.found.len() && bench.found.iter().all(|f| stored.contains(f));
        if !same || self.with_case.contains(&pupil) || wake != self.wakes.get(&pupil).copied() {
            out.push(Judged { pupil, found: bench.found.to_vec(), stored, wake });
        }
        Ok(true)
    }
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

fn evaluate_groups(tx: &Transaction, ready: &Prepared, built: &Built, now: Time) -> Result<(), StepError> {
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
    let statements = timeline::gather(policy, &ready.calendar, &loaded, on, known_at);
    let pupils = vault::all_pupils(conn)?;
    let mut acts: HashMap<PupilId, Vec<Act>> = HashMap::new();
    for act in loaded.acts.iter().filter(|a| known_at.is_none_or(|k| a.recorded_at <= k)) {
        acts.entry(act.pupil).or_default().push(act.clone());
    }
    let (mut timelines, mut scratch, mut found) = (statements.reading(), Scratch::default(), Findings::default());
    for pupil in &pupils {
        let Some(timeline) = timelines.of(*pupil) else { continue };
        let acts = acts.get(pupil).map_or(&[][..], Vec::as_slice);
        let roster = statements.roster();
        rule::evaluate(&ready.program, &ready.calendar, roster, timeline, acts, on, &mut scratch, &mut found);
    }
    let mut out = found.to_vec();
    if group_rules(policy) {
        let built = statements.into_built(&pupils);
        rule::evaluate_classes(&ready.program, &ready.calendar, &built, on, known_at.or(now), &mut out);
    }
    Ok(out)
}

/// The vault's view of a pupil for the steps (contacts of now).
pub fn guardians(conn: &Connection, sealed: &Vault, pupil: PupilId) -> Result<Option<vault::PupilCard>, StoreError> {
    vault::pupil_card(conn, sealed, pupil)
}
