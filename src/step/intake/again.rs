//! A delivery that was taken in before, applied once more from what is stored of it: with the marks and the conditions that
//! intake gives, and nothing read or judged anew. For replays on a copy; see `store::shelf`.

use super::IntakeError;
use super::apply;
use super::collect::roster;
use super::register;
use super::winners::{Change, Two, given, is_excused, weigh};
use crate::domain::Time;
use crate::domain::calendar::Calendar;
use crate::domain::evidence::Stamp;
use crate::domain::ids::{DecisionId, DeliveryId, PupilId, StatusId};
use crate::domain::policy::{Content, Policy};
use crate::domain::timeline::Roster;
use crate::store::deliveries::{self, ConditionKind, State};
use crate::store::shelf::{self, Past};
use crate::store::statements::{self, NewLeave, leaves_on, of_day};
use crate::store::{Db, StoreError, Transaction, Vault, decisions};
use std::collections::BTreeMap;

/// Decisions of files: as they were numbered, and as they are now.
pub type Renumbered = BTreeMap<DecisionId, DecisionId>;

/// It arrived and was not applied: held, or it could not be read.
pub fn seen(db: &mut Db, now: Time, past: &Past) -> Result<(), IntakeError> {
    let Some((state, kind, detail)) = &past.trouble else { return Ok(()) };
    Ok(db.write(|tx| {
        shelf::admit(tx, past.delivery.id, *state, now)?;
        deliveries::set_condition(tx, &past.delivery.source, *kind, now, detail)
    })?)
}

/// It is applied now.
pub fn apply(
    db: &mut Db,
    policy: &Policy,
    calendar: &Calendar,
    now: Time,
    past: &Past,
    numbers: &mut Renumbered,
) -> Result<(), IntakeError> {
    let vault = db.vault();
    let (id, stamp) = (past.delivery.id, past.delivery.stamp());
    Ok(db.write(|tx| {
        let before = match past.delivery.content {
            Content::Attendance | Content::Register => Some(roster(tx, calendar)?),
            Content::Leave | Content::Feedback => None,
        };
        shelf::admit(tx, id, State::Applied, now)?;
        match (past.delivery.content, before) {
            (Content::Attendance, Some(roster)) => attendance(tx, policy, calendar, &roster, stamp, now)?,
            (Content::Register, Some(before)) => {
                let fresh = listed(tx, calendar, &before, stamp, now)?;
                waited(tx, &vault, policy, calendar, &fresh, now, numbers)?;
                register::conditions(tx, policy, now)?;
            }
            _ => {
                shelf::put_dates(tx, id)?;
                told(tx, &vault, id, None, now, numbers)?;
            }
        }
        shelf::put_nameless(tx, id)?;
        deliveries::clear_condition(tx, &past.delivery.source, ConditionKind::ExportHeld)?;
        deliveries::clear_condition(tx, &past.delivery.source, ConditionKind::ExportRejected)?;
        apply::conditions(tx, policy, now)
    })?)
}

fn attendance(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    roster: &Roster,
    stamp: Stamp,
    now: Time,
) -> Result<(), StoreError> {
    let mut change = Change::default();
    for (school, date) in shelf::days(tx, stamp.delivery)? {
        let before = of_day(tx, &school, date)?;
        shelf::put_day(tx, stamp.delivery, &school, date)?;
        let after = of_day(tx, &school, date)?;
        let two = Two { before: (&before.0, &before.1), after: (&after.0, &after.1), leaves: &leaves_on(tx, date)? };
        let is_excused = |status: &StatusId| is_excused(policy, status);
        weigh(calendar, roster, &school, date, Some(stamp), &two, &is_excused, &mut change);
    }
    change.pupils.retain(|p| roster.member_of(*p).is_some());
    change.mark(tx, now)
}

/// Pupils who are new with it.
fn listed(
    tx: &Transaction,
    calendar: &Calendar,
    before: &Roster,
    stamp: Stamp,
    now: Time,
) -> Result<Vec<PupilId>, StoreError> {
    let mut fresh = Vec::new();
    for row in shelf::listed(tx, stamp.delivery)? {
        if shelf::admit_pupil(tx, row.pupil)? {
            fresh.push(row.pupil);
        }
        if crate::store::register::place(tx, row.pupil, stamp, row.row_no, row.text)? {
            deliveries::mark_pupil(tx, row.pupil, now)?;
        }
    }
    shelf::put_dates(tx, stamp.delivery)?;
    register::mark_changes(tx, calendar, before, now)?;
    Ok(fresh)
}

/// What had been said of pupils before the register brought them.
fn waited(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    calendar: &Calendar,
    fresh: &[PupilId],
    now: Time,
    numbers: &mut Renumbered,
) -> Result<(), StoreError> {
    let mut known = None;
    for pupil in fresh {
        let days = shelf::waits_for(tx, *pupil)?;
        if days.is_empty() {
            shelf::put_waiting(tx, *pupil)?;
        } else {
            let now_known = match known.take() {
                Some(roster) => roster,
                None => roster(tx, calendar)?,
            };
            let put = || shelf::put_waiting(tx, *pupil);
            given(tx, policy, calendar, &now_known, &days, put)?.mark(tx, now)?;
            known = Some(now_known);
        }
        for delivery in shelf::spoke_of(tx, *pupil)? {
            told(tx, vault, delivery, Some(*pupil), now, numbers)?;
        }
    }
    Ok(())
}

/// Leave, acts and returns that a file brought (of one pupil, or of all who are known).
fn told(
    tx: &Transaction,
    vault: &Vault,
    id: DeliveryId,
    only: Option<PupilId>,
    now: Time,
    numbers: &mut Renumbered,
) -> Result<(), StoreError> {
    let wanted = |pupil: PupilId| only.is_none_or(|p| p == pupil);
    for l in shelf::leaves(tx, id)?.into_iter().filter(|l| wanted(l.pupil)) {
        let leave = NewLeave {
            delivery: id,
            row_no: l.row_no,
            pupil: l.pupil,
            from: l.from,
            until: l.until,
            status: &l.status,
            reason: None,
        };
        if statements::put_leave(tx, vault, &leave)? {
            deliveries::mark_pupil(tx, l.pupil, now)?;
        }
    }
    for act in shelf::acts(tx, vault, id)?.into_iter().filter(|a| wanted(a.pupil)) {
        decisions::record_act(tx, vault, &act)?;
    }
    for (was, decision) in shelf::decisions(tx, vault, Ok(id))?.into_iter().filter(|d| wanted(d.1.pupil)) {
        if let Some(is) = decisions::record(tx, vault, &decision)? {
            numbers.insert(was, is);
        }
    }
    Ok(())
}
