//! Writing a delivery, all in the caller's transaction: sheets, rows, leave, acts, and the rows that waited for the register.

use super::collect::{Collected, Extra, Stated, roster};
use super::identity::{Identity, Named, Who};
use super::winners::{self, Change, rows_of};
use super::{Odd, over, register};
use crate::domain::calendar::Calendar;
use crate::domain::evidence::{DecisionKind, Stamp};
use crate::domain::ids::{PupilId, SlotName, Word};
use crate::domain::policy::{CoverageKind, Policy, Source};
use crate::domain::{Date, Time};
use crate::store::decisions::{self, Grounds, NewAct, NewDecision};
use crate::store::deliveries::{self, ConditionKind};
use crate::store::statements::{self, NewLeave, NewRow, Says, Waiting};
use crate::store::{StoreError, Transaction, Vault};
use std::collections::{BTreeMap, BTreeSet};

pub enum Plan {
    Attendance(Change),
    Register(register::Roll),
    /// Leave and feedback.
    Rows,
}

impl Plan {
    /// What the source's guard finds odd.
    pub fn odd(&self, source: &Source, collected: &Collected) -> Odd {
        let (unknown, rows) = (collected.unknown + collected.unreadable, collected.rows);
        let mut odd = Odd {
            unknown: over(unknown, rows, source.guard.unknown_rows).then_some((unknown, rows)),
            ..Odd::default()
        };
        match self {
            Plan::Attendance(change) => {
                odd.absent = change.absent.filter(|(_, n, of)| over(*n, *of, source.guard.absent_share));
            }
            Plan::Register(roll) => {
                odd.missing = roll.missing.filter(|(n, of)| over(*n, *of, source.guard.roster_shrinks));
            }
            Plan::Rows => {}
        }
        odd
    }

    pub fn apply(
        &mut self,
        tx: &Transaction,
        vault: &Vault,
        policy: &Policy,
        calendar: &Calendar,
        source: &Source,
        collected: &mut Collected,
        stamp: Stamp,
        now: Time,
    ) -> Result<(), StoreError> {
        match self {
            Plan::Attendance(change) => attendance(tx, vault, calendar, source, collected, change, stamp, now)?,
            Plan::Register(_) => {
                register::apply(tx, vault, collected, stamp, now)?;
                resolve(tx, vault, policy, calendar, now)?;
                register::conditions(tx, policy, now)?;
            }
            Plan::Rows => rows(tx, vault, collected, stamp, now)?,
        }
        for (row_no, school, date, row) in &collected.pending {
            statements::put_pending(tx, vault, stamp.delivery, *row_no, &source.id, school, *date, row)?;
        }
        Ok(())
    }
}

/// Rows that name nobody, for each source.
pub fn conditions(tx: &Transaction, policy: &Policy, now: Time) -> Result<(), StoreError> {
    for source in &policy.sources {
        let n = statements::unknown_rows(tx, &source.id)?;
        if n == 0 {
            deliveries::clear_condition(tx, &source.id, ConditionKind::UnknownPupils)?;
        } else {
            let detail = format!("{{\"rows\":{n}}}");
            deliveries::set_condition(tx, &source.id, ConditionKind::UnknownPupils, now, &detail)?;
        }
    }
    Ok(())
}

fn attendance(
    tx: &Transaction,
    vault: &Vault,
    calendar: &Calendar,
    source: &Source,
    collected: &Collected,
    change: &Change,
    stamp: Stamp,
    now: Time,
) -> Result<(), StoreError> {
    let id = stamp.delivery;
    let none = Extra { reason: None, leave_until: None };
    let days: BTreeSet<_> = collected.dates.keys().chain(&change.stated).cloned().collect();
    for key in days {
        let n = collected.dates.get(&key).copied().unwrap_or(0);
        let stated = change.stated.contains(&key);
        let (school, date) = key;
        deliveries::put_date(tx, id, &school, date, stated, n)?;
        let frame = calendar.school_index(&school).map(|i| calendar.frame_of(i));
        // Slots that the school does not have overlap with everything: their rows are kept one by one.
        let masks: Vec<u16> =
            collected.slots.iter().map(|s| frame.and_then(|f| f.slot(s.as_str())).unwrap_or(u16::MAX)).collect();
        let mut sheets: BTreeMap<&SlotName, Vec<PupilId>> = BTreeMap::new();
        for rows in rows_of(collected, &school, date)?.chunk_by(|a, b| a.pupil == b.pupil) {
            for (i, r) in rows.iter().enumerate() {
                let slot = &collected.slots[usize::from(r.slot)];
                let status = &collected.statuses[usize::from(r.status)];
                let mask = |x: &Stated| masks[usize::from(x.slot)];
                // A presence that nothing in the file contradicts, however often it stands there, is one bit.
                let present = |x: &Stated| collected.statuses[usize::from(x.status)] == *"present" && x.extra == 0;
                let alone = |j: usize, o: &Stated| j == i || (o.slot != r.slot && mask(o) & mask(r) == 0) || present(o);
                if source.coverage == CoverageKind::Full
                    && present(r)
                    && rows.iter().enumerate().all(|(j, o)| alone(j, o))
                {
                    let listed = sheets.entry(slot).or_default();
                    if listed.last() != Some(&r.pupil) {
                        listed.push(r.pupil);
                    }
                    continue;
                }
                let extra = usize::try_from(r.extra)
                    .ok()
                    .and_then(|n| n.checked_sub(1))
                    .and_then(|n| collected.extras.get(n))
                    .unwrap_or(&none);
                let row = NewRow {
                    delivery: id,
                    row_no: r.row_no,
                    school: &school,
                    pupil: r.pupil,
                    date,
                    slot,
                    status,
                    leave_until: extra.leave_until,
                    reason: extra.reason.as_deref(),
                };
                statements::put_row(tx, vault, &row)?;
            }
        }
        for (slot, present) in &sheets {
            statements::put_sheet(tx, id, &school, date, slot, present)?;
        }
    }
    change.mark(tx, now)
}

fn rows(tx: &Transaction, vault: &Vault, collected: &Collected, stamp: Stamp, now: Time) -> Result<(), StoreError> {
    let mut dates: BTreeMap<Date, u32> = BTreeMap::new();
    for (pupil, l) in &collected.leaves {
        *dates.entry(l.from).or_default() += 1;
        leave(tx, vault, *pupil, l.from, l.until, &l.status, l.reason.as_deref(), stamp, l.row_no, now)?;
    }
    for (pupil, f) in &collected.feedback {
        *dates.entry(f.date).or_default() += 1;
        let note = f.note.clone();
        feedback(tx, vault, *pupil, f.date, &f.kind, &f.result, &f.by, f.returned_on, note, stamp)?;
    }
    for (_, _, date, _) in &collected.pending {
        *dates.entry(*date).or_default() += 1;
    }
    let nowhere = crate::domain::ids::SchoolId::new("");
    for (date, n) in dates {
        deliveries::put_date(tx, stamp.delivery, &nowhere, date, false, n)?;
    }
    Ok(())
}

fn leave(
    tx: &Transaction,
    vault: &Vault,
    pupil: PupilId,
    from: Date,
    until: Date,
    status: &crate::domain::ids::StatusId,
    reason: Option<&str>,
    stamp: Stamp,
    row_no: u32,
    now: Time,
) -> Result<(), StoreError> {
    let l = NewLeave { delivery: stamp.delivery, row_no, pupil, from, until, status, reason };
    if statements::put_leave(tx, vault, &l)? {
        deliveries::mark_pupil(tx, pupil, now)?;
    }
    Ok(())
}

/// Acts and returns are recorded at the instant at which their file was stated: the order of reading changes nothing.
fn feedback(
    tx: &Transaction,
    vault: &Vault,
    pupil: PupilId,
    date: Date,
    kind: &Option<Word>,
    result: &Option<Word>,
    by: &Option<String>,
    returned_on: Option<Date>,
    note: Option<String>,
    stamp: Stamp,
) -> Result<(), StoreError> {
    if let Some(kind) = kind {
        let act = NewAct {
            pupil,
            date,
            kind: kind.clone(),
            result: result.clone(),
            recorded_at: stamp.stated_at,
            delivery: Some(stamp.delivery),
            by: by.clone(),
            note: note.clone(),
        };
        decisions::record_act(tx, vault, &act)?;
    }
    if let Some(day) = returned_on {
        let decision = NewDecision {
            pupil,
            kind: DecisionKind::Return,
            from: day,
            to: day,
            recorded_at: stamp.stated_at,
            delivery: Some(stamp.delivery),
            grounds: Grounds { by: by.clone(), note, ..Grounds::default() },
        };
        decisions::record(tx, vault, &decision)?;
    }
    Ok(())
}

/// Gives the rows that waited to the pupils whom the register has brought, and marks whom that changes: a row that names
/// its pupil covers the class.
fn resolve(tx: &Transaction, vault: &Vault, policy: &Policy, calendar: &Calendar, now: Time) -> Result<(), StoreError> {
    let waiting = statements::waiting(tx, vault)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let roster = roster(tx, calendar)?;
    let mut identity = Identity::default();
    let (mut known, mut days) = (Vec::new(), BTreeSet::new());
    for w in waiting {
        let named = Named {
            student_no: w.row.student_no.as_deref(),
            id_number: w.row.id_number.as_deref(),
            name: w.row.name.as_deref(),
            class: w.row.class.as_ref(),
        };
        let Who::Is(pupil) = identity.who(tx, vault, &roster, named, w.date, &w.school)? else { continue };
        if matches!(w.row.says, Says::Attendance { .. }) {
            days.insert((w.school.clone(), w.date));
        }
        known.push((pupil, w));
    }
    let put = || {
        for (pupil, w) in &known {
            give(tx, vault, *pupil, w, now)?;
            statements::drop_pending(tx, w.id)?;
        }
        Ok(())
    };
    winners::given(tx, policy, calendar, &roster, &days, put)?.mark(tx, now)
}

fn give(tx: &Transaction, vault: &Vault, pupil: PupilId, w: &Waiting, now: Time) -> Result<(), StoreError> {
    match &w.row.says {
        Says::Attendance { slot, status, reason, leave_until } => statements::put_row(
            tx,
            vault,
            &NewRow {
                delivery: w.stamp.delivery,
                row_no: w.row_no,
                school: &w.school,
                pupil,
                date: w.date,
                slot,
                status,
                leave_until: *leave_until,
                reason: reason.as_deref(),
            },
        ),
        Says::Leave { until, status, reason } => {
            leave(tx, vault, pupil, w.date, *until, status, reason.as_deref(), w.stamp, w.row_no, now)
        }
        Says::Feedback { kind, result, by, returned_on, note } => {
            feedback(tx, vault, pupil, w.date, kind, result, by, *returned_on, note.clone(), w.stamp)
        }
    }
}
