//! What people decide and do: decisions (excuse, return, an end of expectation) and acts (phone call, visit, …). Decisions
//! are never changed, only withdrawn; acts that say the same are one.

use super::time::{day, from_day, from_ms, ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault, json};
use crate::domain::evidence::{Act, Decision, DecisionKind};
use crate::domain::ids::{ActId, DecisionId, DeliveryId, PupilId, StatusId, Word};
use crate::domain::{Date, Time};
use rusqlite::{OptionalExtension, params, params_from_iter};

/// Who decided and why; sealed. No `Debug`.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grounds {
    pub by: Option<String>,
    pub role: Option<String>,
    /// The second person of a decision that needs two.
    pub second: Option<String>,
    pub reason: Option<String>,
    pub evidence: Option<String>,
    pub note: Option<String>,
}

pub struct NewDecision {
    pub pupil: PupilId,
    pub kind: DecisionKind,
    pub from: Date,
    pub to: Date,
    pub recorded_at: Time,
    pub delivery: Option<DeliveryId>,
    pub grounds: Grounds,
}

pub struct NewAct {
    pub pupil: PupilId,
    pub date: Date,
    pub kind: Word,
    pub result: Option<Word>,
    pub recorded_at: Time,
    pub delivery: Option<DeliveryId>,
    pub by: Option<String>,
    pub note: Option<String>,
}

/// Records a decision and marks its pupil. A return that a file reported before is not recorded again (`None`).
pub fn record(tx: &Transaction, vault: &Vault, d: &NewDecision) -> Result<Option<DecisionId>, StoreError> {
    let (kind, status) = match &d.kind {
        DecisionKind::Excuse(s) => ("excuse", Some(s.as_str())),
        DecisionKind::Return => ("return", None),
        DecisionKind::NotExpected => ("not_expected", None),
    };
    let new = tx
        .prepare_cached(
            "INSERT OR IGNORE INTO decision (pupil, kind, status, from_date, to_date, recorded_at, delivery, sealed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, x'')",
        )?
        .execute(params![
            d.pupil.0,
            kind,
            status,
            day(d.from),
            day(d.to),
            ms(d.recorded_at),
            d.delivery.map(|v| v.0)
        ])?;
    if new == 0 {
        return Ok(None);
    }
    let id = DecisionId(tx.last_insert_rowid());
    let sealed = vault.seal_json(Cell("decision.sealed", id.0), &d.grounds)?;
    tx.prepare_cached("UPDATE decision SET sealed = ?2 WHERE id = ?1")?.execute(params![id.0, sealed])?;
    super::deliveries::mark_pupil(tx, d.pupil, d.recorded_at)?;
    Ok(Some(id))
}

/// Withdraws a decision; `None`: there is none, or it is withdrawn already. Marks the pupil.
pub fn withdraw(tx: &Transaction, id: DecisionId, at: Time) -> Result<Option<PupilId>, StoreError> {
    let pupil: Option<i64> = tx
        .prepare_cached("UPDATE decision SET withdrawn_at = ?2 WHERE id = ?1 AND withdrawn_at IS NULL RETURNING pupil")?
        .query_row(params![id.0, ms(at)], |r| r.get(0))
        .optional()?;
    let pupil = pupil.map(PupilId);
    if let Some(p) = pupil {
        super::deliveries::mark_pupil(tx, p, at)?;
    }
    Ok(pupil)
}

/// Records an act and marks its pupil; one that says the same as an earlier one is that one, and marks nobody.
/// The bool: it is new.
pub fn record_act(tx: &Transaction, vault: &Vault, a: &NewAct) -> Result<(ActId, bool), StoreError> {
    let by = vault.digest("act_by", a.by.as_deref().unwrap_or(""));
    let known: Option<i64> = tx
        .prepare_cached(
            "SELECT id FROM act WHERE pupil = ?1 AND date = ?2 AND kind = ?3 AND ifnull(result, '') = ?4 AND by_digest = ?5",
        )?
        .query_row(
            params![a.pupil.0, day(a.date), a.kind.as_str(), a.result.as_ref().map_or("", Word::as_str), by],
            |r| r.get(0),
        )
        .optional()?;
    if let Some(id) = known {
        return Ok((ActId(id), false));
    }
    tx.prepare_cached(
        "INSERT INTO act (pupil, date, kind, result, recorded_at, delivery, by_digest, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, x'')",
    )?
    .execute(params![
        a.pupil.0,
        day(a.date),
        a.kind.as_str(),
        a.result.as_ref().map(Word::as_str),
        ms(a.recorded_at),
        a.delivery.map(|v| v.0),
        by
    ])?;
    let id = ActId(tx.last_insert_rowid());
    let sealed =
        vault.seal(Cell("act.sealed", id.0), json(&ActWords { by: a.by.clone(), note: a.note.clone() })?.as_bytes())?;
    tx.prepare_cached("UPDATE act SET sealed = ?2 WHERE id = ?1")?.execute(params![id.0, sealed])?;
    super::deliveries::mark_pupil(tx, a.pupil, a.recorded_at)?;
    Ok((id, true))
}

/// Who decided and why.
pub fn grounds(conn: &Connection, vault: &Vault, id: DecisionId) -> Result<Option<Grounds>, StoreError> {
    let sealed: Option<Vec<u8>> =
        conn.prepare_cached("SELECT sealed FROM decision WHERE id = ?1")?.query_row([id.0], |r| r.get(0)).optional()?;
    sealed.map(|s| vault.unseal_json(Cell("decision.sealed", id.0), &s)).transpose()
}

/// Who acted, and the note. No `Debug`.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ActWords {
    pub by: Option<String>,
    pub note: Option<String>,
}

pub fn act_words(conn: &Connection, vault: &Vault, id: ActId) -> Result<Option<ActWords>, StoreError> {
    let sealed: Option<Vec<u8>> =
        conn.prepare_cached("SELECT sealed FROM act WHERE id = ?1")?.query_row([id.0], |r| r.get(0)).optional()?;
    sealed.map(|s| vault.unseal_json(Cell("act.sealed", id.0), &s)).transpose()
}

/// Decisions (withdrawn ones too) and acts of these pupils, or of everybody.
pub fn load(
    conn: &Connection,
    pupils: Option<&[PupilId]>,
    decisions: &mut Vec<Decision>,
    acts: &mut Vec<Act>,
) -> Result<(), StoreError> {
    let ids = pupils.map(|pupils| json(&pupils.iter().map(|p| p.0).collect::<Vec<_>>())).transpose()?;
    let which = if ids.is_some() { "WHERE pupil IN (SELECT value FROM json_each(?1))" } else { "" };
    let mut q = conn.prepare_cached(&format!(
        "SELECT id, pupil, kind, status, from_date, to_date, recorded_at, withdrawn_at, delivery FROM decision
         {which} ORDER BY id"
    ))?;
    let mut rows = q.query(params_from_iter(&ids))?;
    while let Some(r) = rows.next()? {
        let kind = match (r.get::<_, String>(2)?.as_str(), r.get::<_, Option<String>>(3)?) {
            ("excuse", Some(s)) => DecisionKind::Excuse(StatusId::from(s)),
            ("return", _) => DecisionKind::Return,
            _ => DecisionKind::NotExpected,
        };
        decisions.push(Decision {
            id: DecisionId(r.get(0)?),
            pupil: PupilId(r.get(1)?),
            kind,
            from: from_day(r.get(4)?),
            to: from_day(r.get(5)?),
            recorded_at: from_ms(r.get(6)?),
            withdrawn_at: r.get::<_, Option<i64>>(7)?.map(from_ms),
            delivery: r.get::<_, Option<i64>>(8)?.map(DeliveryId),
        });
    }
    let mut q = conn
        .prepare_cached(&format!("SELECT id, pupil, date, kind, result, recorded_at FROM act {which} ORDER BY id"))?;
    let mut rows = q.query(params_from_iter(&ids))?;
    while let Some(r) = rows.next()? {
        acts.push(Act {
            id: ActId(r.get(0)?),
            pupil: PupilId(r.get(1)?),
            date: from_day(r.get(2)?),
            kind: Word::from(r.get::<_, String>(3)?),
            result: r.get::<_, Option<String>>(4)?.map(Word::from),
            recorded_at: from_ms(r.get(5)?),
        });
    }
    Ok(())
}
