//! Statements about pupils' days: presence sheets, explicit rows, leave, and rows that name nobody yet. Says what is
//! stored; which statement counts is the timeline's business.

use super::evidence::listed;
use super::time::{day, from_day, from_ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault, from_json, from_word, json};
use crate::domain::Date;
use crate::domain::evidence::{PupilList, Stamp};
use crate::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId, SlotName, SourceId, StatusId, Word};
use crate::domain::policy::{CoverageKind, Replaces};
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;

/// One statement about one pupil, as a sheet or a row holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    pub stamp: Stamp,
    pub row_no: u32,
    pub pupil: PupilId,
    pub slot: SlotName,
    pub status: StatusId,
    pub leave_until: Option<Date>,
}

/// The delivery that a statement came with, as far as its place among others needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct From {
    pub stamp: Stamp,
    pub source: SourceId,
    pub coverage: CoverageKind,
    pub replaces: Replaces,
    /// Classes and slots that an exceptions list covers; none: all.
    pub classes: Vec<ClassName>,
    pub slots: Vec<SlotName>,
    /// An exceptions list that states the date.
    pub stated: bool,
}

/// All that is stored about one school and date.
pub fn of_day(conn: &Connection, school: &SchoolId, date: Date) -> Result<(Vec<From>, Vec<Said>), StoreError> {
    let mut from = Vec::new();
    let mut stamps = HashMap::new();
    let mut q = conn.prepare_cached(
        "SELECT v.id, v.stated_at, v.source, v.coverage, v.replaces, v.classes, v.slots, d.stated
         FROM delivery_date d JOIN delivery v ON v.id = d.delivery
         WHERE d.school = ?1 AND d.date = ?2 AND v.content = 'attendance' AND v.state = 'applied'",
    )?;
    let mut rows = q.query(params![school.as_str(), day(date)])?;
    while let Some(r) = rows.next()? {
        let stamp = Stamp { delivery: DeliveryId(r.get(0)?), stated_at: from_ms(r.get(1)?) };
        stamps.insert(stamp.delivery, stamp);
        from.push(From {
            stamp,
            source: SourceId::from(r.get::<_, String>(2)?),
            coverage: from_word(&r.get::<_, String>(3)?)?,
            replaces: from_word(&r.get::<_, String>(4)?)?,
            classes: from_json(&r.get::<_, String>(5)?)?,
            slots: from_json(&r.get::<_, String>(6)?)?,
            stated: r.get(7)?,
        });
    }
    let present = StatusId::new("present");
    let mut said = Vec::new();
    let mut q = conn.prepare_cached("SELECT delivery, slot, present FROM sheet WHERE school = ?1 AND date = ?2")?;
    let mut rows = q.query(params![school.as_str(), day(date)])?;
    while let Some(r) = rows.next()? {
        let Some(stamp) = stamps.get(&DeliveryId(r.get(0)?)) else { continue };
        let slot = SlotName::from(r.get::<_, String>(1)?);
        for pupil in listed(&r.get::<_, Vec<u8>>(2)?)?.iter() {
            said.push(Said {
                stamp: *stamp,
                row_no: 0,
                pupil,
                slot: slot.clone(),
                status: present.clone(),
                leave_until: None,
            });
        }
    }
    let mut q = conn.prepare_cached(
        "SELECT delivery, row_no, pupil, slot, status, leave_until FROM attendance_row WHERE school = ?1 AND date = ?2",
    )?;
    let mut rows = q.query(params![school.as_str(), day(date)])?;
    while let Some(r) = rows.next()? {
        let Some(stamp) = stamps.get(&DeliveryId(r.get(0)?)) else { continue };
        said.push(Said {
            stamp: *stamp,
            row_no: r.get(1)?,
            pupil: PupilId(r.get(2)?),
            slot: SlotName::from(r.get::<_, String>(3)?),
            status: StatusId::from(r.get::<_, String>(4)?),
            leave_until: r.get::<_, Option<i64>>(5)?.map(from_day),
        });
    }
    Ok((from, said))
}

/// Whose leave takes in a date, and when that was stated.
pub fn leaves_on(conn: &Connection, date: Date) -> Result<Vec<(PupilId, Stamp)>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT l.pupil, v.stated_at, v.id FROM leave_row l JOIN delivery v ON v.id = l.delivery
         WHERE l.to_date >= ?1 AND l.from_date <= ?1 AND v.state = 'applied' ORDER BY l.pupil",
    )?;
    let found = q.query_map([day(date)], |r| {
        let stamp = Stamp { stated_at: from_ms(r.get(1)?), delivery: DeliveryId(r.get(2)?) };
        Ok((PupilId(r.get(0)?), stamp))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn put_sheet(
    tx: &Transaction,
    delivery: DeliveryId,
    school: &SchoolId,
    date: Date,
    slot: &SlotName,
    present: &[PupilId],
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO sheet (school, date, slot, delivery, present) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![school.as_str(), day(date), slot.as_str(), delivery.0, PupilList::new(present).bytes()])?;
    Ok(())
}

/// A reason is sealed under its delivery and row.
fn reason_cell(delivery: DeliveryId, row_no: u32) -> Cell {
    Cell("attendance_row.sealed_reason", (delivery.0 << 32) | i64::from(row_no))
}

pub struct NewRow<'a> {
    pub delivery: DeliveryId,
    pub row_no: u32,
    pub school: &'a SchoolId,
    pub pupil: PupilId,
    pub date: Date,
    pub slot: &'a SlotName,
    pub status: &'a StatusId,
    pub leave_until: Option<Date>,
    pub reason: Option<&'a str>,
}

pub fn put_row(tx: &Transaction, vault: &Vault, row: &NewRow) -> Result<(), StoreError> {
    let reason = row.reason.map(|r| vault.seal(reason_cell(row.delivery, row.row_no), r.as_bytes())).transpose()?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO attendance_row (pupil, date, delivery, row_no, school, slot, status, leave_until, sealed_reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        row.pupil.0,
        day(row.date),
        row.delivery.0,
        row.row_no,
        row.school.as_str(),
        row.slot.as_str(),
        row.status.as_str(),
        row.leave_until.map(day),
        reason
    ])?;
    Ok(())
}

/// The reason that the row gives, for explanations and documents.
pub fn reason(
    conn: &Connection,
    vault: &Vault,
    pupil: PupilId,
    date: Date,
    delivery: DeliveryId,
    row_no: u32,
) -> Result<Option<String>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = conn
        .prepare_cached(
            "SELECT sealed_reason FROM attendance_row WHERE pupil = ?1 AND date = ?2 AND delivery = ?3 AND row_no = ?4",
        )?
        .query_row(params![pupil.0, day(date), delivery.0, row_no], |r| r.get(0))
        .optional()?;
    sealed.flatten().map(|s| vault.unseal_text(reason_cell(delivery, row_no), &s)).transpose()
}

pub struct NewLeave<'a> {
    pub delivery: DeliveryId,
    pub row_no: u32,
    pub pupil: PupilId,
    pub from: Date,
    pub until: Date,
    pub status: &'a StatusId,
    pub reason: Option<&'a str>,
}

/// Says whether it is news: no earlier leave says the same.
pub fn put_leave(tx: &Transaction, vault: &Vault, l: &NewLeave) -> Result<bool, StoreError> {
    let known: Option<i64> = tx
        .prepare_cached(
            "SELECT 1 FROM leave_row WHERE pupil = ?1 AND from_date = ?2 AND to_date = ?3 AND status = ?4 LIMIT 1",
        )?
        .query_row(params![l.pupil.0, day(l.from), day(l.until), l.status.as_str()], |r| r.get(0))
        .optional()?;
    let cell = Cell("leave_row.sealed_reason", (l.delivery.0 << 32) | i64::from(l.row_no));
    let reason = l.reason.map(|r| vault.seal(cell, r.as_bytes())).transpose()?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO leave_row (pupil, delivery, row_no, from_date, to_date, status, sealed_reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![l.pupil.0, l.delivery.0, l.row_no, day(l.from), day(l.until), l.status.as_str(), reason])?;
    // An equal statement under a later stamp may still count over what came in between.
    let others: bool = tx
        .prepare_cached("SELECT count(DISTINCT status) > 1 FROM leave_row WHERE pupil = ?1")?
        .query_row([l.pupil.0], |r| r.get(0))?;
    Ok(known.is_none() || others)
}

// ---------------------------------------------------------------- rows that name nobody yet

/// How a row names its pupil, and what it says. Sealed whole; no `Debug`.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Pending {
    pub student_no: Option<String>,
    pub id_number: Option<String>,
    pub name: Option<String>,
    pub class: Option<ClassName>,
    pub says: Says,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub enum Says {
    Attendance {
        slot: SlotName,
        status: StatusId,
        reason: Option<String>,
        leave_until: Option<Date>,
    },
    Leave {
        until: Date,
        status: StatusId,
        reason: Option<String>,
    },
    Feedback {
        kind: Option<Word>,
        result: Option<Word>,
        by: Option<String>,
        returned_on: Option<Date>,
        note: Option<String>,
    },
}

/// A stored one.
pub struct Waiting {
    pub id: i64,
    pub stamp: Stamp,
    pub row_no: u32,
    pub source: SourceId,
    pub school: SchoolId,
    pub date: Date,
    pub row: Pending,
}

pub fn put_pending(
    tx: &Transaction,
    vault: &Vault,
    delivery: DeliveryId,
    row_no: u32,
    source: &SourceId,
    school: &SchoolId,
    date: Date,
    row: &Pending,
) -> Result<(), StoreError> {
    let cell = Cell("pending_row.sealed", (delivery.0 << 32) | i64::from(row_no));
    let sealed = vault.seal(cell, json(row)?.as_bytes())?;
    tx.prepare_cached(
        "INSERT INTO pending_row (delivery, row_no, source, school, date, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![delivery.0, row_no, source.as_str(), school.as_str(), day(date), sealed])?;
    Ok(())
}

/// Every row that waits for its pupil, in the order of stamps.
pub fn waiting(conn: &Connection, vault: &Vault) -> Result<Vec<Waiting>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT p.id, p.delivery, v.stated_at, p.row_no, p.source, p.school, p.date, p.sealed
         FROM pending_row p JOIN delivery v ON v.id = p.delivery ORDER BY v.stated_at, v.id, p.row_no",
    )?;
    let mut rows = q.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let (delivery, row_no): (i64, u32) = (r.get(1)?, r.get(3)?);
        let cell = Cell("pending_row.sealed", (delivery << 32) | i64::from(row_no));
        out.push(Waiting {
            id: r.get(0)?,
            stamp: Stamp { delivery: DeliveryId(delivery), stated_at: from_ms(r.get(2)?) },
            row_no,
            source: SourceId::from(r.get::<_, String>(4)?),
            school: SchoolId::from(r.get::<_, String>(5)?),
            date: from_day(r.get(6)?),
            row: vault.unseal_json(cell, &r.get::<_, Vec<u8>>(7)?)?,
        });
    }
    Ok(out)
}

pub fn drop_pending(tx: &Transaction, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM pending_row WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// How many rows of the source name nobody and have not been followed by a later delivery with data of their date.
pub fn unknown_rows(conn: &Connection, source: &SourceId) -> Result<u32, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT count(*) FROM pending_row p JOIN delivery pv ON pv.id = p.delivery
             WHERE p.source = ?1 AND NOT EXISTS (
               SELECT 1 FROM delivery v JOIN delivery_date d ON d.delivery = v.id
               WHERE v.source = p.source AND v.state = 'applied' AND d.date = p.date
                 AND (v.stated_at > pv.stated_at OR (v.stated_at = pv.stated_at AND v.id > pv.id)))",
        )?
        .query_row([source.as_str()], |r| r.get(0))?)
}
