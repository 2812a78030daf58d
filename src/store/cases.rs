//! Cases and their ledgers: the current row and its events, always in one transaction. Bodies are sealed: evidence and
//! the names of those who acted stand in them.

use super::time::{from_ms, ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault};
use crate::domain::Time;
use crate::domain::case::{Case, Event, State};
use crate::domain::ids::{CaseId, PupilId, SchoolId};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One line of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    pub case: CaseId,
    pub at: Time,
    pub event: Event,
    /// The user id of whoever asked for it on the command line.
    pub uid: Option<u64>,
}

fn read(vault: &Vault, r: &Row) -> Result<Case, StoreError> {
    let id: i64 = r.get(0)?;
    let sealed: Vec<u8> = r.get(1)?;
    vault.unseal_json(Cell("case_row.body", id), &sealed)
}

fn collect(
    vault: &Vault,
    q: &mut rusqlite::CachedStatement,
    p: impl rusqlite::Params,
) -> Result<Vec<Case>, StoreError> {
    let mut rows = q.query(p)?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(read(vault, r)?);
    }
    Ok(out)
}

/// All cases of a pupil, oldest first.
pub fn of_pupil(conn: &Connection, vault: &Vault, pupil: PupilId) -> Result<Vec<Case>, StoreError> {
    let mut q = conn.prepare_cached("SELECT id, sealed_body FROM case_row WHERE pupil = ?1 ORDER BY id")?;
    collect(vault, &mut q, [pupil.0])
}

pub fn get(conn: &Connection, vault: &Vault, id: CaseId) -> Result<Option<Case>, StoreError> {
    let mut q = conn.prepare_cached("SELECT id, sealed_body FROM case_row WHERE id = ?1")?;
    Ok(collect(vault, &mut q, [id.0])?.pop())
}

pub fn by_number(conn: &Connection, vault: &Vault, number: &str) -> Result<Option<Case>, StoreError> {
    let mut q = conn.prepare_cached("SELECT id, sealed_body FROM case_row WHERE number = ?1")?;
    Ok(collect(vault, &mut q, [number])?.pop())
}

/// All cases, oldest first; without the closed ones unless asked for.
pub fn all(conn: &Connection, vault: &Vault, closed_too: bool) -> Result<Vec<Case>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT id, sealed_body FROM case_row WHERE ?1 OR state <> 'closed' ORDER BY id")?;
    collect(vault, &mut q, [closed_too])
}

/// Pupils whose case has something to do by now.
pub fn due_pupils(conn: &Connection, now: Time) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT DISTINCT pupil FROM case_row WHERE wake_at <= ?1 ORDER BY pupil")?;
    let out = q.query_map([ms(now)], |r| r.get(0).map(PupilId))?.collect::<Result<_, _>>()?;
    Ok(out)
}

pub fn next_wake(conn: &Connection) -> Result<Option<Time>, StoreError> {
    let t: Option<i64> = conn
        .prepare_cached("SELECT min(wake_at) FROM case_row WHERE wake_at IS NOT NULL")?
        .query_row([], |r| r.get(0))?;
    Ok(t.map(from_ms))
}

pub fn next_id(conn: &Connection) -> Result<i64, StoreError> {
    // Those of erased follow-ups are not given again: year 0 remembers the highest of them.
    let sql = "SELECT max((SELECT ifnull(max(id), 0) FROM case_row),
                          ifnull((SELECT last FROM case_serial WHERE year = 0), 0)) + 1";
    Ok(conn.prepare_cached(sql)?.query_row([], |r| r.get(0))?)
}

/// Takes the next serial of a school year.
pub fn next_serial(tx: &Transaction, year: i32) -> Result<i64, StoreError> {
    tx.prepare_cached("INSERT INTO case_serial (year, last) VALUES (?1, 1) ON CONFLICT DO UPDATE SET last = last + 1")?
        .execute([year])?;
    Ok(tx.prepare_cached("SELECT last FROM case_serial WHERE year = ?1")?.query_row([year], |r| r.get(0))?)
}

/// Writes the row as it is now and appends the events that made it so.
pub fn write(
    tx: &Transaction,
    vault: &Vault,
    case: &Case,
    events: &[Event],
    school: Option<&SchoolId>,
    wake: Option<Time>,
    now: Time,
) -> Result<(), StoreError> {
    write_for(tx, vault, case, events, school, wake, now, None)
}

/// The same for a person's command: the user id that the system gave stands beside the name that was typed.
pub fn write_for(
    tx: &Transaction,
    vault: &Vault,
    case: &Case,
    events: &[Event],
    school: Option<&SchoolId>,
    wake: Option<Time>,
    now: Time,
    uid: Option<u64>,
) -> Result<(), StoreError> {
    let sealed = vault.seal_json(Cell("case_row.body", case.id.0), case)?;
    let state = match case.state {
        State::Open => "open",
        State::Watching => "watching",
        State::Closed => "closed",
    };
    tx.prepare_cached(
        "INSERT INTO case_row (id, pupil, state, level, number, school, wake_at, sealed_body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET state = ?3, level = ?4, number = ?5, school = ?6, wake_at = ?7, sealed_body = ?8",
    )?
    .execute(params![
        case.id.0,
        case.pupil.0,
        state,
        case.level,
        case.number,
        school.map(SchoolId::as_str),
        wake.map(ms),
        sealed
    ])?;
    for event in events {
        if let Event::Drafted { document, number, .. } = event {
            super::documents::enter(tx, number, case.id, document, now)?;
        }
        append(tx, vault, case.id, now, event, uid)?;
    }
    Ok(())
}

fn append(
    tx: &Transaction,
    vault: &Vault,
    case: CaseId,
    at: Time,
    event: &Event,
    uid: Option<u64>,
) -> Result<(), StoreError> {
    let uid = uid.and_then(|uid| i64::try_from(uid).ok());
    let id: i64 = tx.prepare_cached("SELECT ifnull(max(id), 0) + 1 FROM case_event")?.query_row([], |r| r.get(0))?;
    let sealed = vault.seal_json(Cell("case_event.body", id), event)?;
    tx.prepare_cached(
        "INSERT INTO case_event (id, case_id, at, name, uid, sealed_body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![id, case.0, ms(at), event.name(), uid, sealed])?;
    Ok(())
}

/// The ledger of one case, or of all.
pub fn ledger(conn: &Connection, vault: &Vault, case: Option<CaseId>) -> Result<Vec<Entry>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT id, case_id, at, sealed_body, uid FROM case_event WHERE ?1 IS NULL OR case_id = ?1 ORDER BY id",
    )?;
    let mut rows = q.query([case.map(|c| c.0)])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let sealed: Vec<u8> = r.get(3)?;
        let event = vault.unseal_json(Cell("case_event.body", r.get(0)?), &sealed)?;
        let uid: Option<i64> = r.get(4)?;
        let uid = uid.and_then(|uid| u64::try_from(uid).ok());
        out.push(Entry { case: CaseId(r.get(1)?), at: from_ms(r.get(2)?), event, uid });
    }
    Ok(out)
}

/// What happened to any case after an instant.
pub fn events_since(conn: &Connection, vault: &Vault, since: Time) -> Result<Vec<Entry>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT id, case_id, at, sealed_body, uid FROM case_event WHERE at > ?1 ORDER BY id")?;
    let mut rows = q.query([ms(since)])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let sealed: Vec<u8> = r.get(3)?;
        let event = vault.unseal_json(Cell("case_event.body", r.get(0)?), &sealed)?;
        let uid: Option<i64> = r.get(4)?;
        let uid = uid.and_then(|uid| u64::try_from(uid).ok());
        out.push(Entry { case: CaseId(r.get(1)?), at: from_ms(r.get(2)?), event, uid });
    }
    Ok(out)
}

/// Which cases were opened or lifted since an instant, by school (the mass hold's question). One that somebody has let go
/// since is not held for the same reason again.
pub fn lifted_since(conn: &Connection, since: Time) -> Result<BTreeMap<SchoolId, Vec<CaseId>>, StoreError> {
    let q = conn.prepare_cached(
        "SELECT DISTINCT c.school, e.case_id FROM case_event e JOIN case_row c ON c.id = e.case_id
         WHERE c.school IS NOT NULL AND e.at >= ?1 AND e.name IN ('level_raised', 'relapsed', 'reopened', 'expired') AND c.state = 'open'
         AND NOT EXISTS (SELECT 1 FROM case_event r WHERE r.case_id = e.case_id AND r.name = 'released' AND r.id > e.id)
         ORDER BY 1, 2",
    )?;
    by_school(q, since)
}

/// Cases that were corrected since an instant, whatever their state, by school.
pub fn corrected_since(conn: &Connection, since: Time) -> Result<BTreeMap<SchoolId, Vec<CaseId>>, StoreError> {
    let q = conn.prepare_cached(
        "SELECT DISTINCT c.school, e.case_id FROM case_event e JOIN case_row c ON c.id = e.case_id
         WHERE c.school IS NOT NULL AND e.at >= ?1 AND e.name = 'corrected'
         AND NOT EXISTS (SELECT 1 FROM case_event r WHERE r.case_id = e.case_id AND r.name = 'released' AND r.id > e.id)
         ORDER BY 1, 2",
    )?;
    by_school(q, since)
}

fn by_school(mut q: rusqlite::CachedStatement, since: Time) -> Result<BTreeMap<SchoolId, Vec<CaseId>>, StoreError> {
    let mut rows = q.query([ms(since)])?;
    let mut out: BTreeMap<SchoolId, Vec<CaseId>> = BTreeMap::new();
    while let Some(r) = rows.next()? {
        out.entry(SchoolId::from(r.get::<_, String>(0)?)).or_default().push(CaseId(r.get(1)?));
    }
    Ok(out)
}

/// Everybody about whom there is or was a case.
pub fn pupils(conn: &Connection) -> Result<HashSet<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT DISTINCT pupil FROM case_row")?;
    let out = q.query_map([], |r| r.get(0).map(PupilId))?.collect::<Result<_, _>>()?;
    Ok(out)
}

/// Cases whose hold is that incident's.
pub fn held_by(
    conn: &Connection,
    vault: &Vault,
    incident: crate::domain::ids::IncidentId,
) -> Result<Vec<Case>, StoreError> {
    Ok(all(conn, vault, true)?.into_iter().filter(|c| c.held == Some(incident)).collect())
}

/// Numbered cases of a pupil that were opened since a date, other than one.
pub fn numbered_since(conn: &Connection, pupil: PupilId, since: Time) -> Result<u32, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT count(*) FROM case_row c WHERE c.pupil = ?1 AND c.number IS NOT NULL AND c.state = 'closed'
         AND (SELECT min(at) FROM case_event e WHERE e.case_id = c.id) >= ?2",
    )?;
    Ok(q.query_row(params![pupil.0, ms(since)], |r| r.get(0))?)
}

/// When the follow-up closed that is to be erased next.
pub fn next_erasable(conn: &Connection, vault: &Vault) -> Result<Option<Time>, StoreError> {
    let closed = all(conn, vault, true)?.into_iter().filter(|c| c.state == State::Closed && c.number.is_none());
    Ok(closed.filter_map(|c| Some(c.closing?.at)).min())
}

/// Erases follow-ups (no number) that were closed by an instant, with their ledger.
pub fn erase_follow_ups(tx: &Transaction, vault: &Vault, closed_before: Time) -> Result<usize, StoreError> {
    let mut erased = 0;
    for case in all(tx, vault, true)? {
        let old = case.closing.as_ref().is_some_and(|c| c.at <= closed_before);
        if case.state == State::Closed && case.number.is_none() && old {
            erase(tx, case.id)?;
            erased += 1;
        }
    }
    Ok(erased)
}

/// Erases a case with its ledger and notices.
pub fn erase(tx: &Transaction, id: CaseId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM notice WHERE about = ?1")?.execute([format!("case:{}", id.0)])?;
    tx.prepare_cached("DELETE FROM case_row WHERE id = ?1")?.execute([id.0])?;
    tx.prepare_cached(
        "INSERT INTO case_serial (year, last) VALUES (0, ?1) ON CONFLICT DO UPDATE SET last = max(last, ?1)",
    )?
    .execute([id.0])?;
    Ok(())
}

pub fn exists(conn: &Connection, id: CaseId) -> Result<bool, StoreError> {
    let found: Option<i64> =
        conn.prepare_cached("SELECT 1 FROM case_row WHERE id = ?1")?.query_row([id.0], |r| r.get(0)).optional()?;
    Ok(found.is_some())
}

// ---------------------------------------------------------------- wake-ups of pupils

/// Pupils whose findings the clock may have changed by now.
pub fn woken_pupils(conn: &Connection, now: Time) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT pupil FROM pupil_wake WHERE at <= ?1 ORDER BY pupil")?;
    let out = q.query_map([ms(now)], |r| r.get(0).map(PupilId))?.collect::<Result<_, _>>()?;
    Ok(out)
}

/// When each pupil's findings can change by the clock alone.
pub fn pupil_wakes(conn: &Connection) -> Result<HashMap<PupilId, Time>, StoreError> {
    let mut q = conn.prepare_cached("SELECT pupil, at FROM pupil_wake")?;
    let out = q.query_map([], |r| Ok((PupilId(r.get(0)?), from_ms(r.get(1)?))))?.collect::<Result<_, _>>()?;
    Ok(out)
}

pub fn set_pupil_wake(tx: &Transaction, pupil: PupilId, at: Option<Time>) -> Result<(), StoreError> {
    match at {
        Some(at) => tx
            .prepare_cached("INSERT INTO pupil_wake (pupil, at) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at = ?2")?
            .execute(params![pupil.0, ms(at)])?,
        None => tx.prepare_cached("DELETE FROM pupil_wake WHERE pupil = ?1")?.execute([pupil.0])?,
    };
    Ok(())
}

pub fn next_pupil_wake(conn: &Connection) -> Result<Option<Time>, StoreError> {
    let t: Option<i64> = conn.prepare_cached("SELECT min(at) FROM pupil_wake")?.query_row([], |r| r.get(0))?;
    Ok(t.map(from_ms))
}

/// The case has something to look at by then (a letter was settled, a command came).
pub fn wake(tx: &Transaction, id: CaseId, at: Time) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE case_row SET wake_at = min(ifnull(wake_at, ?2), ?2) WHERE id = ?1")?
        .execute(params![id.0, ms(at)])?;
    Ok(())
}
