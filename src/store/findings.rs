//! Findings as of the last evaluation, and the texts of rules and ladders by hash.

use super::time::day;
use super::{Connection, StoreError, Transaction};
use crate::domain::finding::Finding;
use crate::domain::ids::PupilId;
use rusqlite::{OptionalExtension, params};
use std::collections::HashMap;

fn subject(f: &Finding) -> String {
    match (&f.subject.pupil, &f.subject.school, &f.subject.class) {
        (Some(p), ..) => p.0.to_string(),
        (None, Some(s), Some(c)) => format!("class:{s}/{c}"),
        (None, Some(s), None) => format!("school:{s}"),
        (None, None, _) => String::new(),
    }
}

fn collect(q: &mut rusqlite::CachedStatement, p: impl rusqlite::Params) -> Result<Vec<Finding>, StoreError> {
    let mut rows = q.query(p)?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(read(&r.get::<_, String>(0)?)?);
    }
    Ok(out)
}

/// A pupil's stored findings; those of superseded rule versions apart.
pub fn of_pupil(conn: &Connection, pupil: PupilId, superseded: bool) -> Result<Vec<Finding>, StoreError> {
    let mut q = conn.prepare_cached("SELECT body FROM finding WHERE pupil = ?1 AND superseded = ?2")?;
    collect(&mut q, params![pupil.0, superseded])
}

/// What is stored about each of these pupils, superseded versions left out, unread: most of it is what the rules still say.
pub fn bodies(conn: &Connection, pupils: &[PupilId]) -> Result<HashMap<PupilId, Vec<String>>, StoreError> {
    let mut out: HashMap<PupilId, Vec<String>> = HashMap::new();
    if pupils.len() > 500 {
        let mut q =
            conn.prepare_cached("SELECT pupil, body FROM finding WHERE pupil IS NOT NULL AND superseded = 0")?;
        let mut rows = q.query([])?;
        while let Some(r) = rows.next()? {
            out.entry(PupilId(r.get(0)?)).or_default().push(r.get(1)?);
        }
        return Ok(out);
    }
    let mut q = conn.prepare_cached("SELECT body FROM finding WHERE pupil = ?1 AND superseded = 0")?;
    for pupil in pupils {
        let found: Vec<String> = q.query_map([pupil.0], |r| r.get(0))?.collect::<Result<_, _>>()?;
        if !found.is_empty() {
            out.insert(*pupil, found);
        }
    }
    Ok(out)
}

/// A stored body as a finding.
pub fn read(body: &str) -> Result<Finding, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// Findings about classes and schools.
pub fn of_groups(conn: &Connection) -> Result<Vec<Finding>, StoreError> {
    let mut q = conn.prepare_cached("SELECT body FROM finding WHERE pupil IS NULL AND superseded = 0")?;
    collect(&mut q, [])
}

pub fn all(conn: &Connection) -> Result<Vec<Finding>, StoreError> {
    let mut q = conn.prepare_cached("SELECT body FROM finding WHERE superseded = 0")?;
    collect(&mut q, [])
}

pub fn put(tx: &Transaction, f: &Finding) -> Result<(), StoreError> {
    let body = serde_json::to_string(f).map_err(|e| StoreError::Damaged(e.to_string()))?;
    tx.prepare_cached(
        "INSERT INTO finding (rule, subject, fired_on, rule_hash, pupil, last_on, open, superseded, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)
         ON CONFLICT (rule, subject, fired_on)
         DO UPDATE SET rule_hash = ?4, last_on = ?6, open = ?7, superseded = 0, body = ?8",
    )?
    .execute(params![
        f.rule.as_str(),
        subject(f),
        day(f.fired_on),
        f.rule_hash,
        f.subject.pupil.map(|p| p.0),
        day(f.last_on),
        f.open,
        body
    ])?;
    Ok(())
}

pub fn remove(tx: &Transaction, f: &Finding) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM finding WHERE rule = ?1 AND subject = ?2 AND fired_on = ?3")?.execute(params![
        f.rule.as_str(),
        subject(f),
        day(f.fired_on)
    ])?;
    Ok(())
}

/// The version of its rule is no longer in force: it stays as the ground of its case and sends nothing.
pub fn supersede(tx: &Transaction, f: &Finding) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE finding SET superseded = 1 WHERE rule = ?1 AND subject = ?2 AND fired_on = ?3")?
        .execute(params![f.rule.as_str(), subject(f), day(f.fired_on)])?;
    Ok(())
}

pub fn put_text(tx: &Transaction, kind: &str, id: &str, hash: &str, body: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO policy_text (hash, kind, id, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![hash, kind, id, body])?;
    Ok(())
}

pub fn text(conn: &Connection, kind: &str, hash: &str) -> Result<Option<String>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT body FROM policy_text WHERE kind = ?1 AND hash = ?2")?
        .query_row(params![kind, hash], |r| r.get(0))
        .optional()?)
}

/// Every stored text of a kind: (id, hash, body).
pub fn texts(conn: &Connection, kind: &str) -> Result<Vec<(String, String, String)>, StoreError> {
    let mut q = conn.prepare_cached("SELECT id, hash, body FROM policy_text WHERE kind = ?1 ORDER BY id, hash")?;
    let out = q.query_map([kind], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?;
    Ok(out)
}

pub fn meta(conn: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?)
}

pub fn set_meta(tx: &Connection, key: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2")?
        .execute(params![key, value])?;
    Ok(())
}

pub fn meta_text(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(meta(conn, key)?.and_then(|v| String::from_utf8(v).ok()))
}
