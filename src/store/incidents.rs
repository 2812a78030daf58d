//! Incidents: one open per (kind, subject). Bodies hold counts and dates, never personal data.

use super::time::{from_ms, ms};
use super::{Connection, StoreError, Transaction, from_json, json};
use crate::domain::Time;
use crate::domain::ids::{IncidentId, SchoolId};
use crate::domain::incident::{Body, Incident};
use rusqlite::{Row, params};

fn read(r: &Row) -> Result<Incident, StoreError> {
    let body: Body = from_json(&r.get::<_, String>(6)?)?;
    Ok(Incident {
        id: IncidentId(r.get(0)?),
        kind: r.get(1)?,
        subject: r.get(2)?,
        school: r.get::<_, Option<String>>(3)?.map(SchoolId::from),
        opened: from_ms(r.get(4)?),
        closed: r.get::<_, Option<i64>>(5)?.map(from_ms),
        body,
    })
}

/// All incidents, oldest first; only the open ones unless asked for.
pub fn list(conn: &Connection, closed_too: bool) -> Result<Vec<Incident>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT id, kind, subject, school, opened, closed, body FROM incident WHERE ?1 OR closed IS NULL ORDER BY id",
    )?;
    let mut rows = q.query([closed_too])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(read(r)?);
    }
    Ok(out)
}

pub fn get(conn: &Connection, id: IncidentId) -> Result<Option<Incident>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT id, kind, subject, school, opened, closed, body FROM incident WHERE id = ?1")?;
    let mut rows = q.query([id.0])?;
    rows.next()?.map(read).transpose()
}

pub fn open(
    tx: &Transaction,
    kind: &str,
    subject: &str,
    school: Option<&SchoolId>,
    at: Time,
    body: &Body,
) -> Result<IncidentId, StoreError> {
    tx.prepare_cached("INSERT INTO incident (kind, subject, school, opened, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![kind, subject, school.map(SchoolId::as_str), ms(at), json(body)?])?;
    Ok(IncidentId(tx.last_insert_rowid()))
}

pub fn write(tx: &Transaction, i: &Incident, wake: Option<Time>) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE incident SET closed = ?2, wake_at = ?3, body = ?4 WHERE id = ?1")?.execute(params![
        i.id.0,
        i.closed.map(ms),
        wake.map(ms),
        json(&i.body)?
    ])?;
    Ok(())
}
