//! The logbook: what people did by hand (commands, replies, the outbox), as it was asked for, with the user id that the
//! system gave. Append-only; bodies are sealed; a simulation does it again from here. Beside it what the outbox is asked by hand: which letters carried a notice.

use super::time::{from_ms, ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault};
use crate::domain::Time;
use crate::domain::ids::{LetterId, NoticeId, PupilId};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who did it, why, and to what. No `Debug`: it names people.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    pub by: Option<String>,
    pub reason: Option<String>,
    /// The user id of whoever asked, as the kernel gave it.
    pub uid: Option<u64>,
    /// The request as it was made.
    pub request: Value,
    /// The pupil whom the request meant, as it was understood then.
    #[serde(default)]
    pub pupil: Option<PupilId>,
    /// The notice that it meant, as it is called whatever its number (see `shelf`).
    #[serde(default)]
    pub notice: Option<String>,
}

/// One line of the logbook.
pub struct Line {
    pub at: Time,
    /// The command's word.
    pub what: String,
    pub body: Body,
}

pub fn append(tx: &Transaction, vault: &Vault, at: Time, what: &str, body: &Body) -> Result<(), StoreError> {
    let id: i64 = tx.query_row("SELECT ifnull(max(id), 0) + 1 FROM logbook", [], |r| r.get(0))?;
    let sealed = vault.seal_json(Cell("logbook.body", id), body)?;
    tx.prepare_cached("INSERT INTO logbook (id, at, what, sealed_body) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        id,
        ms(at),
        what,
        sealed
    ])?;
    Ok(())
}

/// Everything, oldest first.
pub fn all(conn: &Connection, vault: &Vault) -> Result<Vec<Line>, StoreError> {
    in_schema(conn, vault, "main")
}

pub(super) fn in_schema(conn: &Connection, vault: &Vault, schema: &str) -> Result<Vec<Line>, StoreError> {
    let mut q = conn.prepare_cached(&format!("SELECT id, at, what, sealed_body FROM {schema}.logbook ORDER BY id"))?;
    let mut rows = q.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let sealed: Vec<u8> = r.get(3)?;
        let body = vault.unseal_json(Cell("logbook.body", r.get(0)?), &sealed)?;
        out.push(Line { at: from_ms(r.get(1)?), what: r.get(2)?, body });
    }
    Ok(out)
}

/// The letters that carried a notice, oldest first.
pub fn letters_of(conn: &Connection, notice: NoticeId) -> Result<Vec<LetterId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT letter FROM letter_notice WHERE notice = ?1 ORDER BY letter")?;
    let out = q.query_map([notice.0], |r| r.get(0).map(LetterId))?.collect::<Result<_, _>>()?;
    Ok(out)
}

/// The letter that carries a notice now.
pub fn letter_now(conn: &Connection, notice: NoticeId) -> Result<Option<LetterId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT letter FROM notice WHERE id = ?1")?;
    let found: Option<Option<i64>> = q.query_map([notice.0], |r| r.get(0))?.next().transpose()?;
    Ok(found.flatten().map(LetterId))
}

/// How often personal data was looked at, and at whom: (user id, command, pupil), oldest first.
pub fn reads(conn: &Connection) -> Result<Vec<(String, String, Option<PupilId>)>, StoreError> {
    let mut q = conn.prepare_cached("SELECT user_id, command, pupil FROM read_log ORDER BY id")?;
    let out = q
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get::<_, Option<i64>>(2)?.map(PupilId))))?
        .collect::<Result<_, _>>()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_by_hand_is_read_back_with_who_did_it() {
        let mut db = super::super::Db::open_in_memory(&super::super::test_key()).expect("memory");
        let vault = db.vault();
        let at = "2026-09-16T09:30:00".parse().expect("an instant");
        let body = Body {
            by: Some("王主任".to_owned()),
            reason: Some("重复".to_owned()),
            uid: Some(1000),
            request: serde_json::json!({"target": "N-000001"}),
            pupil: None,
            notice: None,
        };
        let wrote: Result<(), StoreError> = db.write(|tx| append(tx, &vault, at, "outbox_cancel", &body));
        wrote.expect("written");
        let lines = all(db.conn(), &vault).expect("read");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].what == "outbox_cancel" && lines[0].at == at && lines[0].body == body);
    }
}
