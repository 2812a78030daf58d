//! Deliveries: what was seen, its stamp, state and faults; marks of whom to evaluate; what is wrong with a source.

use super::time::{day, from_day, from_ms, ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault, from_json, from_word, json, word};
use crate::domain::evidence::Stamp;
use crate::domain::fault::Fault;
use crate::domain::ids::{DeliveryId, PupilId, SchoolId, SourceId};
use crate::domain::policy::{Content, Source};
use crate::domain::record::Place;
use crate::domain::{Date, Time};
use rusqlite::{OptionalExtension, Row as SqlRow, params};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Seen, not read yet.
    Pending,
    Applied,
    Held,
    Rejected,
    /// It took the process down twice.
    SetAside,
}

#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: DeliveryId,
    pub source: SourceId,
    pub content: Content,
    pub arrived_at: Time,
    pub stated_at: Time,
    pub state: State,
    pub attempts: u32,
    /// A reading has begun and not ended.
    pub reading: bool,
    pub settled_at: Option<Time>,
    pub rows: u32,
    pub faults: u32,
    pub unknown: u32,
    /// Why it is held: JSON, free of personal data.
    pub odd: Option<String>,
}

impl Delivery {
    pub fn stamp(&self) -> Stamp {
        Stamp { stated_at: self.stated_at, delivery: self.id }
    }
}

pub(super) const COLUMNS: &str =
    "id, source, content, arrived_at, stated_at, state, attempts, reading, settled_at, rows, faults, unknown, odd";

pub(super) fn read(r: &SqlRow<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(r.get(0)?),
        source: SourceId::from(r.get::<_, String>(1)?),
        content: from_word(&r.get::<_, String>(2)?)?,
        arrived_at: from_ms(r.get(3)?),
        stated_at: from_ms(r.get(4)?),
        state: from_word(&r.get::<_, String>(5)?)?,
        attempts: r.get(6)?,
        reading: r.get(7)?,
        settled_at: r.get::<_, Option<i64>>(8)?.map(from_ms),
        rows: r.get(9)?,
        faults: r.get(10)?,
        unknown: r.get(11)?,
        odd: r.get(12)?,
    })
}

fn one(conn: &Connection, rest: &str, p: impl rusqlite::Params) -> Result<Option<Delivery>, StoreError> {
    let mut q = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM delivery WHERE {rest}"))?;
    let mut rows = q.query(p)?;
    rows.next()?.map(read).transpose()
}

pub fn get(conn: &Connection, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    one(conn, "id = ?1", [id.0])
}

/// What the source delivered last, whatever became of it.
pub fn latest(conn: &Connection, source: &SourceId) -> Result<Option<Delivery>, StoreError> {
    one(conn, "source = ?1 ORDER BY id DESC LIMIT 1", [source.as_str()])
}

/// The latest delivery of the source with these bytes.
pub fn with_bytes(conn: &Connection, source: &SourceId, digest: &[u8; 32]) -> Result<Option<Delivery>, StoreError> {
    one(conn, "source = ?1 AND digest = ?2 ORDER BY id DESC LIMIT 1", params![source.as_str(), digest])
}

/// A delivery of this name and these bytes whose file has not been moved away yet (the process died in between).
pub fn not_moved(
    conn: &Connection,
    source: &SourceId,
    name: &[u8; 32],
    digest: &[u8; 32],
) -> Result<Option<Delivery>, StoreError> {
    one(
        conn,
        "source = ?1 AND name_digest = ?2 AND digest = ?3 AND to_move = 1 ORDER BY id DESC LIMIT 1",
        params![source.as_str(), name, digest],
    )
}

pub fn file_name(conn: &Connection, vault: &Vault, id: DeliveryId) -> Result<Option<String>, StoreError> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT sealed_name FROM delivery WHERE id = ?1")?
        .query_row([id.0], |r| r.get(0))
        .optional()?;
    sealed.map(|s| vault.unseal_text(Cell("delivery.sealed_name", id.0), &s)).transpose()
}

/// A delivery as it is first seen.
pub struct New<'a> {
    pub source: &'a Source,
    pub file_name: &'a str,
    pub digest: [u8; 32],
    pub size: u64,
    pub arrived_at: Time,
    pub stated_at: Time,
    /// Its file is to be moved away once it is settled.
    pub to_move: bool,
}

/// Gives it its arrival number.
pub fn insert(tx: &Transaction, vault: &Vault, new: &New) -> Result<DeliveryId, StoreError> {
    tx.prepare_cached(
        "INSERT INTO delivery (source, content, sealed_name, digest, name_digest, size, arrived_at, stated_at, state,
         to_move, coverage, replaces, classes, slots)
         VALUES (?1, ?2, x'', ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        new.source.id.as_str(),
        word(&new.source.content)?,
        new.digest,
        vault.digest("file_name", new.file_name),
        i64::try_from(new.size).unwrap_or(i64::MAX),
        ms(new.arrived_at),
        ms(new.stated_at),
        new.to_move,
        word(&new.source.coverage)?,
        word(&new.source.replaces)?,
        json(&new.source.classes)?,
        json(&new.source.slots)?,
    ])?;
    let id = tx.last_insert_rowid();
    let sealed = vault.seal(Cell("delivery.sealed_name", id), new.file_name.as_bytes())?;
    tx.prepare_cached("UPDATE delivery SET sealed_name = ?2 WHERE id = ?1")?.execute(params![id, sealed])?;
    Ok(DeliveryId(id))
}

/// Writes down that a reading begins. `fresh`: a person asked for it anew, earlier readings are not counted.
pub fn begin_reading(tx: &Transaction, id: DeliveryId, fresh: bool) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE delivery SET attempts = CASE WHEN ?2 THEN 1 ELSE attempts + 1 END, reading = 1,
         state = CASE WHEN state IN ('rejected', 'set_aside') THEN 'pending' ELSE state END WHERE id = ?1",
    )?
    .execute(params![id.0, fresh])?;
    Ok(())
}

/// The reading ended with an error that was told (a full disk, say), not with the end of the process: it does not count.
pub fn end_reading(tx: &Transaction, id: DeliveryId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE delivery SET attempts = max(attempts - 1, 0), reading = 0 WHERE id = ?1 AND reading = 1",
    )?
    .execute([id.0])?;
    Ok(())
}

/// Its file still lies where it was found.
pub fn is_to_move(conn: &Connection, id: DeliveryId) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT to_move FROM delivery WHERE id = ?1")?
        .query_row([id.0], |r| r.get(0))
        .optional()?
        .unwrap_or(false))
}

/// What became of it.
pub struct Settled<'a> {
    pub state: State,
    pub at: Time,
    pub stated_at: Time,
    pub rows: u32,
    pub unknown: u32,
    /// All there were; `faults` may be the first of them.
    pub fault_count: u32,
    pub faults: &'a [Fault],
    pub odd: Option<String>,
    pub by: Option<&'a str>,
}

pub fn settle(tx: &Transaction, vault: &Vault, id: DeliveryId, s: &Settled) -> Result<(), StoreError> {
    let by = s.by.map(|b| vault.seal(Cell("delivery.sealed_by", id.0), b.as_bytes())).transpose()?;
    tx.prepare_cached(
        "UPDATE delivery SET state = ?2, settled_at = ?3, stated_at = ?4, rows = ?5, unknown = ?6, faults = ?7, odd = ?8,
         sealed_by = ?9, reading = 0 WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        word(&s.state)?,
        ms(s.at),
        ms(s.stated_at),
        s.rows,
        s.unknown,
        s.fault_count,
        s.odd,
        by
    ])?;
    tx.prepare_cached("DELETE FROM fault WHERE delivery = ?1")?.execute([id.0])?;
    let mut q = tx.prepare_cached(
        "INSERT INTO fault (delivery, no, kind, sheet, row, column_name, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (no, f) in s.faults.iter().enumerate() {
        q.execute(params![
            id.0,
            i64::try_from(no).unwrap_or(i64::MAX),
            word(&f.kind)?,
            f.place.sheet.as_deref(),
            f.place.row,
            f.place.column,
            f.value
        ])?;
    }
    Ok(())
}

pub fn set_aside(tx: &Transaction, id: DeliveryId, at: Time) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE delivery SET state = 'set_aside', settled_at = ?2, reading = 0 WHERE id = ?1")?
        .execute(params![id.0, ms(at)])?;
    Ok(())
}

/// The file has been moved away: if it is found once more, somebody has put it there.
pub fn moved(tx: &Transaction, id: DeliveryId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE delivery SET to_move = 0 WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

pub fn faults(conn: &Connection, id: DeliveryId) -> Result<Vec<Fault>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT kind, sheet, row, column_name, value FROM fault WHERE delivery = ?1 ORDER BY no")?;
    let mut rows = q.query([id.0])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(Fault {
            kind: from_word(&r.get::<_, String>(0)?)?,
            place: Place {
                file: Arc::from(""),
                sheet: r.get::<_, Option<String>>(1)?.map(Arc::from),
                row: r.get(2)?,
                column: r.get(3)?,
            },
            value: r.get(4)?,
        });
    }
    Ok(out)
}

/// Dates with data. `school` is `None` for rows without one.
pub fn put_date(
    tx: &Transaction,
    id: DeliveryId,
    school: &SchoolId,
    date: Date,
    stated: bool,
    rows: u32,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO delivery_date (delivery, school, date, stated, rows) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET stated = max(stated, excluded.stated), rows = rows + excluded.rows",
    )?
    .execute(params![id.0, school.as_str(), day(date), stated, rows])?;
    Ok(())
}

/// Days from … to of which applied deliveries have attendance of the school.
pub fn recorded_days(conn: &Connection, school: &SchoolId, from: Date, to: Date) -> Result<Vec<Date>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT d.date FROM delivery_date d JOIN delivery v ON v.id = d.delivery
         WHERE d.school = ?1 AND d.date BETWEEN ?2 AND ?3 AND v.state = 'applied' AND v.content = 'attendance' ORDER BY 1",
    )?;
    let found = q.query_map(params![school.as_str(), day(from), day(to)], |r| Ok(from_day(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

// ---------------------------------------------------------------- questions of the engine

/// The latest date of which the source's applied deliveries have data.
pub fn latest_data_date(conn: &Connection, source: &SourceId) -> Result<Option<Date>, StoreError> {
    let d: Option<i64> = conn
        .prepare_cached(
            "SELECT max(d.date) FROM delivery v JOIN delivery_date d ON d.delivery = v.id
             WHERE v.source = ?1 AND v.state = 'applied'",
        )?
        .query_row([source.as_str()], |r| r.get(0))?;
    Ok(d.map(from_day))
}

/// Has the source delivered data of that day or a later one? The newest delivery is looked at first: it usually has.
pub fn has_data_since(conn: &Connection, source: &SourceId, from: Date) -> Result<bool, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT 1 FROM delivery v WHERE v.source = ?1 AND v.state = 'applied'
         AND EXISTS (SELECT 1 FROM delivery_date d WHERE d.delivery = v.id AND d.date >= ?2)
         ORDER BY v.id DESC LIMIT 1",
    )?;
    Ok(q.exists(params![source.as_str(), day(from)])?)
}

/// The first delivery of the source that was applied.
pub fn first_delivery(conn: &Connection, source: &SourceId) -> Result<Option<Delivery>, StoreError> {
    one(conn, "source = ?1 AND state = 'applied' ORDER BY id LIMIT 1", [source.as_str()])
}

/// The first date of which the source's applied deliveries have data.
pub fn first_data_date(conn: &Connection, source: &SourceId) -> Result<Option<Date>, StoreError> {
    let d: Option<i64> = conn
        .prepare_cached(
            "SELECT min(d.date) FROM delivery v JOIN delivery_date d ON d.delivery = v.id
             WHERE v.source = ?1 AND v.state = 'applied'",
        )?
        .query_row([source.as_str()], |r| r.get(0))?;
    Ok(d.map(from_day))
}

/// Deliveries of the sources named that are seen and not read yet (the daemon's sign of life waits for them).
pub fn unread(conn: &Connection, sources: &[SourceId]) -> Result<Vec<Delivery>, StoreError> {
    let mut q = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM delivery INDEXED BY delivery_unread WHERE state = 'pending' AND source IN (SELECT value FROM json_each(?1)) ORDER BY id"
    ))?;
    let mut rows = q.query([json(&sources)?])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(read(r)?);
    }
    Ok(out)
}

// ---------------------------------------------------------------- marks

/// Marks a pupil for evaluation.
pub fn mark_pupil(tx: &Transaction, pupil: PupilId, since: Time) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO pupil_dirty (pupil, since) VALUES (?1, ?2)")?
        .execute(params![pupil.0, ms(since)])?;
    Ok(())
}

/// Marks the rules about classes and schools for evaluation.
pub fn mark_groups(tx: &Transaction, since: Time) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO group_dirty (only_row, since) VALUES (1, ?1)")?.execute([ms(since)])?;
    Ok(())
}

pub fn dirty_pupils(conn: &Connection) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT pupil FROM pupil_dirty ORDER BY pupil")?;
    let found = q.query_map([], |r| Ok(PupilId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn groups_are_dirty(conn: &Connection) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM group_dirty)")?.query_row([], |r| r.get(0))?)
}

/// Everything that was marked has been evaluated; call it in the transaction that writes the consequences.
pub fn clear_marks(tx: &Transaction) -> Result<(), StoreError> {
    for sql in ["DELETE FROM pupil_dirty", "DELETE FROM group_dirty"] {
        tx.prepare_cached(sql)?.execute([])?;
    }
    Ok(())
}

// ---------------------------------------------------------------- conditions

#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionKind {
    ExportHeld,
    ExportRejected,
    RosterShrunk,
    UnknownPupils,
}

/// Something that is wrong with a source now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    pub source: SourceId,
    pub kind: ConditionKind,
    pub since: Time,
    /// JSON of counts, free of personal data.
    pub detail: String,
}

/// Holds from now on, or goes on with this detail; what held before keeps its beginning.
pub fn set_condition(
    tx: &Transaction,
    source: &SourceId,
    kind: ConditionKind,
    since: Time,
    detail: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO source_condition (source, kind, since, detail) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET detail = excluded.detail",
    )?
    .execute(params![source.as_str(), word(&kind)?, ms(since), detail])?;
    Ok(())
}

pub fn clear_condition(tx: &Transaction, source: &SourceId, kind: ConditionKind) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM source_condition WHERE source = ?1 AND kind = ?2")?
        .execute(params![source.as_str(), word(&kind)?])?;
    Ok(())
}

pub fn conditions(conn: &Connection) -> Result<Vec<Condition>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT source, kind, since, detail FROM source_condition ORDER BY source, kind")?;
    let mut rows = q.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(Condition {
            source: SourceId::from(r.get::<_, String>(0)?),
            kind: from_word(&r.get::<_, String>(1)?)?,
            since: from_ms(r.get(2)?),
            detail: r.get(3)?,
        });
    }
    Ok(out)
}

/// Reads what `odd` and `detail` hold.
pub fn counts<T: serde::de::DeserializeOwned>(s: &str) -> Result<T, StoreError> {
    from_json(s)
}
