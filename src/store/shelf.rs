//! The shelf: a copy of everything that a database holds, beside an empty database on which the same days are played again.
//! What became known at an instant is taken from the shelf and put into the empty one. The database itself is only read.

use super::decisions::{ActWords, NewAct, NewDecision};
use super::time::{day, from_day, from_ms, ms};
use super::vault::Cell;
use super::{Connection, Db, StoreError, Transaction, Vault, deliveries, migrate, word};
use crate::domain::ids::{
    CaseId, ChannelId, ClassName, DecisionId, DeliveryId, LetterId, NoticeId, PupilId, SchoolId, StatusId, Word,
};
use crate::domain::{Date, Time, evidence::DecisionKind};
use deliveries::{ConditionKind, Delivery, State};
use rusqlite::backup::Backup;
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

impl Db {
    /// An empty database with all of this one on the shelf; consistent while others write. Both lie in files that have no
    /// name and are gone when it is dropped.
    pub fn stage(&self) -> Result<Db, StoreError> {
        let mut conn = Connection::open("")?;
        conn.execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -65536; ATTACH '' AS shelf;",
        )?;
        super::settle(&conn)?;
        if migrate::found(&self.conn)? < migrate::version() {
            // What an earlier version wrote is brought up to date on a copy.
            let mut between = Connection::open("")?;
            copy(&self.conn, &mut between, "main")?;
            migrate::run(&mut between, None)?;
            copy(&between, &mut conn, "shelf")?;
        } else {
            copy(&self.conn, &mut conn, "shelf")?;
        }
        migrate::run(&mut conn, None)?;
        conn.execute_batch(
            "CREATE INDEX shelf.attendance_of ON attendance_row (delivery);
             CREATE INDEX shelf.leave_of ON leave_row (delivery);
             CREATE INDEX shelf.register_of ON register_row (delivery, row_no);
             CREATE INDEX shelf.act_of ON act (delivery);
             CREATE INDEX shelf.decision_of ON decision (delivery);
             INSERT INTO main.register_text SELECT * FROM shelf.register_text;",
        )?;
        Ok(Db { conn, vault: Arc::clone(&self.vault), path: None })
    }
}

impl Db {
    /// So many stages of one and the same state.
    pub fn stages(&self, n: usize) -> Result<Vec<Db>, StoreError> {
        // The state is that of the first look.
        self.conn.execute_batch("BEGIN; SELECT 1 FROM meta LIMIT 1;")?;
        let stages = (0..n).map(|_| self.stage()).collect();
        self.conn.execute_batch("COMMIT")?;
        stages
    }
}

fn copy(from: &Connection, to: &mut Connection, name: &str) -> Result<(), StoreError> {
    Backup::new_with_names(from, "main", to, name)?.run_to_completion(1000, Duration::ZERO, None)?;
    Ok(())
}

/// The first and the last instant of which anything is recorded.
pub fn instants(conn: &Connection) -> Result<Option<(Time, Time)>, StoreError> {
    let (first, last): (Option<i64>, Option<i64>) = conn.query_row(
        "SELECT min(a), max(z) FROM (
           SELECT min(arrived_at) AS a, max(ifnull(settled_at, arrived_at)) AS z FROM shelf.delivery
           UNION ALL SELECT min(opened), max(opened) FROM shelf.incident
           UNION ALL SELECT min(made), max(made) FROM shelf.notice
           UNION ALL SELECT min(claimed), max(claimed) FROM shelf.letter
           UNION ALL SELECT min(at), max(at) FROM shelf.case_event
           UNION ALL SELECT min(at), max(at) FROM shelf.logbook)",
        [],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(first.zip(last).map(|(a, z)| (from_ms(a), from_ms(z))))
}

/// What people did, oldest first.
pub fn logbook(conn: &Connection, vault: &Vault) -> Result<Vec<super::logbook::Line>, StoreError> {
    super::logbook::in_schema(conn, vault, "shelf")
}

// ---------------------------------------------------------------- deliveries

/// A delivery as it is remembered.
#[derive(Clone, Debug)]
pub struct Past {
    pub delivery: Delivery,
    /// What was wrong with it when it arrived, for the condition of its source.
    pub trouble: Option<(State, ConditionKind, String)>,
    /// When it was applied (at once, or when a person confirmed it).
    pub applied_at: Option<Time>,
}

/// All deliveries that were read, by arrival number.
pub fn deliveries(conn: &Connection) -> Result<Vec<Past>, StoreError> {
    let mut q = conn.prepare(&format!("SELECT {} FROM shelf.delivery ORDER BY id", deliveries::COLUMNS))?;
    let mut rows = q.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let d = deliveries::read(r)?;
        let waited = d.settled_at.is_some_and(|t| t > d.arrived_at) && d.attempts == 1;
        let (trouble, applied_at) = match d.state {
            State::Pending => continue,
            State::Applied if waited => (Some(trouble_then(conn, &d)?), d.settled_at),
            State::Applied => (None, Some(d.settled_at.unwrap_or(d.arrived_at))),
            State::Held => {
                let odd = d.odd.clone().unwrap_or_else(|| "{}".to_owned());
                (Some((State::Held, ConditionKind::ExportHeld, odd)), None)
            }
            State::Rejected => (Some((State::Rejected, ConditionKind::ExportRejected, rejected(conn, &d)?)), None),
            State::SetAside => {
                let detail = format!("{{\"delivery\":{},\"set_aside\":true}}", d.id.0);
                (Some((State::SetAside, ConditionKind::ExportRejected, detail)), None)
            }
        };
        out.push(Past { delivery: d, trouble, applied_at });
    }
    Ok(out)
}

fn rejected(conn: &Connection, d: &Delivery) -> Result<String, StoreError> {
    let kind: Option<String> = conn
        .prepare_cached("SELECT kind FROM shelf.fault WHERE delivery = ?1 ORDER BY no LIMIT 1")?
        .query_row([d.id.0], |r| r.get(0))
        .optional()?;
    Ok(serde_json::json!({ "delivery": d.id, "kind": kind }).to_string())
}

/// What a delivery that was applied later had waited for: the incident that was opened says it.
fn trouble_then(conn: &Connection, d: &Delivery) -> Result<(State, ConditionKind, String), StoreError> {
    let found: Option<(String, String)> = conn
        .prepare_cached(
            "SELECT kind, body FROM shelf.incident WHERE subject = ?1 AND kind IN ('export_held', 'export_rejected')
             AND opened >= ?2 AND opened <= ?3 ORDER BY id LIMIT 1",
        )?
        .query_row(params![d.source.as_str(), ms(d.arrived_at), d.settled_at.map(ms)], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (kind, body) = found.unwrap_or_else(|| ("export_held".to_owned(), "{}".to_owned()));
    let body: serde_json::Value = super::from_json(&body)?;
    let detail = body.get("detail").cloned().unwrap_or_else(|| serde_json::json!({})).to_string();
    Ok(match kind.as_str() {
        "export_rejected" => (State::Rejected, ConditionKind::ExportRejected, detail),
        _ => (State::Held, ConditionKind::ExportHeld, detail),
    })
}

/// Puts a delivery into the empty database, seen at that instant, or settles one that is there.
pub fn admit(tx: &Transaction, id: DeliveryId, state: State, at: Time) -> Result<(), StoreError> {
    let new = tx
        .prepare_cached("INSERT OR IGNORE INTO main.delivery SELECT * FROM shelf.delivery WHERE id = ?1")?
        .execute([id.0])?;
    if new > 0 {
        tx.prepare_cached("UPDATE main.delivery SET arrived_at = ?2, to_move = 0, reading = 0 WHERE id = ?1")?
            .execute(params![id.0, ms(at)])?;
    }
    tx.prepare_cached("UPDATE main.delivery SET state = ?2, settled_at = ?3 WHERE id = ?1")?.execute(params![
        id.0,
        word(&state)?,
        ms(at)
    ])?;
    Ok(())
}

/// Schools and dates that it has something of.
pub fn days(conn: &Connection, id: DeliveryId) -> Result<Vec<(SchoolId, Date)>, StoreError> {
    let mut q =
        conn.prepare_cached("SELECT school, date FROM shelf.delivery_date WHERE delivery = ?1 ORDER BY school, date")?;
    let found = q.query_map([id.0], |r| Ok((SchoolId::from(r.get::<_, String>(0)?), from_day(r.get(1)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What it says of one school and date. Rows of pupils whom the register has not brought yet wait.
pub fn put_day(tx: &Transaction, id: DeliveryId, school: &SchoolId, date: Date) -> Result<(), StoreError> {
    let p = params![id.0, school.as_str(), day(date)];
    for sql in [
        "INSERT INTO main.delivery_date SELECT * FROM shelf.delivery_date WHERE delivery = ?1 AND school = ?2 AND date = ?3",
        "INSERT INTO main.sheet SELECT * FROM shelf.sheet WHERE delivery = ?1 AND school = ?2 AND date = ?3",
        "INSERT INTO main.attendance_row SELECT * FROM shelf.attendance_row
         WHERE delivery = ?1 AND +school = ?2 AND +date = ?3 AND pupil IN (SELECT id FROM main.pupil)",
    ] {
        tx.prepare_cached(sql)?.execute(p)?;
    }
    Ok(())
}

/// Rows that named nobody when it was read: those that still do, and those whose pupil came later.
pub fn put_nameless(tx: &Transaction, id: DeliveryId) -> Result<(), StoreError> {
    for sql in [
        "INSERT OR IGNORE INTO main.pending_row (delivery, row_no, source, school, date, sealed)
         SELECT delivery, row_no, source, school, date, sealed FROM shelf.pending_row WHERE delivery = ?1",
        "INSERT OR IGNORE INTO main.pending_row (delivery, row_no, source, school, date, sealed)
         SELECT a.delivery, a.row_no, v.source, a.school, a.date, x'' FROM shelf.attendance_row a
         JOIN shelf.delivery v ON v.id = a.delivery WHERE a.delivery = ?1 AND a.pupil NOT IN (SELECT id FROM main.pupil)",
        "INSERT OR IGNORE INTO main.pending_row (delivery, row_no, source, school, date, sealed)
         SELECT l.delivery, l.row_no, v.source, '', l.from_date, x'' FROM shelf.leave_row l
         JOIN shelf.delivery v ON v.id = l.delivery WHERE l.delivery = ?1 AND l.pupil NOT IN (SELECT id FROM main.pupil)",
    ] {
        tx.prepare_cached(sql)?.execute([id.0])?;
    }
    Ok(())
}

/// A leave that it states.
pub struct PastLeave {
    pub row_no: u32,
    pub pupil: PupilId,
    pub from: Date,
    pub until: Date,
    pub status: StatusId,
}

/// Leaves of pupils who are known by now.
pub fn leaves(conn: &Connection, id: DeliveryId) -> Result<Vec<PastLeave>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT row_no, pupil, from_date, to_date, status FROM shelf.leave_row
         WHERE delivery = ?1 AND pupil IN (SELECT id FROM main.pupil) ORDER BY row_no",
    )?;
    let found = q.query_map([id.0], |r| {
        Ok(PastLeave {
            row_no: r.get(0)?,
            pupil: PupilId(r.get(1)?),
            from: from_day(r.get(2)?),
            until: from_day(r.get(3)?),
            status: StatusId::from(r.get::<_, String>(4)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn put_dates(tx: &Transaction, id: DeliveryId) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO main.delivery_date SELECT * FROM shelf.delivery_date WHERE delivery = ?1")?
        .execute([id.0])?;
    Ok(())
}

/// Acts of pupils who are known by now.
pub fn acts(conn: &Connection, vault: &Vault, id: DeliveryId) -> Result<Vec<NewAct>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT id, pupil, date, kind, result, recorded_at, sealed FROM shelf.act
         WHERE delivery = ?1 AND pupil IN (SELECT id FROM main.pupil) ORDER BY id",
    )?;
    let mut rows = q.query([id.0])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let words: ActWords = vault.unseal_json(Cell("act.sealed", r.get(0)?), &r.get::<_, Vec<u8>>(6)?)?;
        out.push(NewAct {
            pupil: PupilId(r.get(1)?),
            date: from_day(r.get(2)?),
            kind: Word::from(r.get::<_, String>(3)?),
            result: r.get::<_, Option<String>>(4)?.map(Word::from),
            recorded_at: from_ms(r.get(5)?),
            delivery: Some(id),
            by: words.by,
            note: words.note,
        });
    }
    Ok(out)
}

/// Decisions that a delivery brought (`Ok`), or that a person made at that instant about a pupil (`Err`).
pub fn decisions(
    conn: &Connection,
    vault: &Vault,
    of: Result<DeliveryId, (PupilId, Time)>,
) -> Result<Vec<(DecisionId, NewDecision)>, StoreError> {
    let (delivery, pupil, at) = match of {
        Ok(id) => (Some(id.0), None, None),
        Err((pupil, at)) => (None, Some(pupil.0), Some(ms(at))),
    };
    let mut q = conn.prepare_cached(
        "SELECT id, pupil, kind, status, from_date, to_date, recorded_at, sealed FROM shelf.decision
         WHERE delivery IS ?1 AND (?2 IS NULL OR (pupil = ?2 AND recorded_at = ?3))
         AND pupil IN (SELECT id FROM main.pupil) ORDER BY id",
    )?;
    let mut rows = q.query(params![delivery, pupil, at])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let id: i64 = r.get(0)?;
        let kind = match (r.get::<_, String>(2)?.as_str(), r.get::<_, Option<String>>(3)?) {
            ("excuse", Some(s)) => DecisionKind::Excuse(StatusId::from(s)),
            ("return", _) => DecisionKind::Return,
            _ => DecisionKind::NotExpected,
        };
        let new = NewDecision {
            pupil: PupilId(r.get(1)?),
            kind,
            from: from_day(r.get(4)?),
            to: from_day(r.get(5)?),
            recorded_at: from_ms(r.get(6)?),
            delivery: delivery.map(DeliveryId),
            grounds: vault.unseal_json(Cell("decision.sealed", id), &r.get::<_, Vec<u8>>(7)?)?,
        };
        out.push((DecisionId(id), new));
    }
    Ok(out)
}

// ---------------------------------------------------------------- the register

/// A row of a register export.
pub struct Listed {
    pub pupil: PupilId,
    pub row_no: u32,
    pub text: i64,
    pub school: SchoolId,
    pub class: Option<ClassName>,
}

pub fn listed(conn: &Connection, id: DeliveryId) -> Result<Vec<Listed>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT r.pupil, r.row_no, r.text, t.school, t.class FROM shelf.register_row r
         JOIN shelf.register_text t ON t.id = r.text WHERE r.delivery = ?1 ORDER BY r.row_no",
    )?;
    let found = q.query_map([id.0], |r| {
        Ok(Listed {
            pupil: PupilId(r.get(0)?),
            row_no: r.get(1)?,
            text: r.get(2)?,
            school: SchoolId::from(r.get::<_, String>(3)?),
            class: r.get::<_, Option<String>>(4)?.map(ClassName::from),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Brings a pupil with the card, the numbers and the contacts of now; says whether he is new.
pub fn admit_pupil(tx: &Transaction, pupil: PupilId) -> Result<bool, StoreError> {
    let new = tx
        .prepare_cached("INSERT OR IGNORE INTO main.pupil SELECT * FROM shelf.pupil WHERE id = ?1")?
        .execute([pupil.0])?;
    if new > 0 {
        for sql in [
            "INSERT INTO main.pupil_lookup SELECT * FROM shelf.pupil_lookup WHERE pupil = ?1",
            "INSERT INTO main.contact SELECT * FROM shelf.contact WHERE pupil = ?1",
        ] {
            tx.prepare_cached(sql)?.execute([pupil.0])?;
        }
    }
    Ok(new > 0)
}

const WAITED: &str =
    "FROM shelf.attendance_row WHERE pupil = ?1 AND delivery IN (SELECT id FROM main.delivery WHERE state = 'applied')";

/// Days of which rows of attendance wait for a pupil.
pub fn waits_for(tx: &Transaction, pupil: PupilId) -> Result<BTreeSet<(SchoolId, Date)>, StoreError> {
    let mut q = tx.prepare_cached(&format!("SELECT DISTINCT school, date {WAITED}"))?;
    let days = q.query_map([pupil.0], |r| Ok((SchoolId::from(r.get::<_, String>(0)?), from_day(r.get(1)?))))?;
    Ok(days.collect::<Result<_, _>>()?)
}

/// Puts the rows that waited for a pupil where they belong.
pub fn put_waiting(tx: &Transaction, pupil: PupilId) -> Result<(), StoreError> {
    tx.prepare_cached(&format!("INSERT OR IGNORE INTO main.attendance_row SELECT * {WAITED}"))?.execute([pupil.0])?;
    tx.prepare_cached(
        "DELETE FROM main.pending_row WHERE (delivery, row_no) IN (SELECT delivery, row_no FROM shelf.attendance_row WHERE pupil = ?1
         UNION ALL SELECT delivery, row_no FROM shelf.leave_row WHERE pupil = ?1)",
    )?
    .execute([pupil.0])?;
    Ok(())
}

/// Deliveries applied by now that brought leave, acts or decisions of a pupil.
pub fn spoke_of(conn: &Connection, pupil: PupilId) -> Result<Vec<DeliveryId>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT id FROM main.delivery WHERE state = 'applied' AND id IN (
           SELECT delivery FROM shelf.leave_row WHERE pupil = ?1 UNION SELECT delivery FROM shelf.act WHERE pupil = ?1
           UNION SELECT delivery FROM shelf.decision WHERE pupil = ?1) ORDER BY id",
    )?;
    let found = q.query_map([pupil.0], |r| Ok(DeliveryId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

// ---------------------------------------------------------------- what commands name

/// Whose case it is, by its id or its number.
pub fn pupil_of_case(conn: &Connection, who: &str) -> Result<Option<PupilId>, StoreError> {
    let id = CaseId::parse(who).map(|c| c.0);
    Ok(conn
        .prepare_cached("SELECT pupil FROM shelf.case_row WHERE id = ?1 OR number = ?2")?
        .query_row(params![id, who], |r| Ok(PupilId(r.get(0)?)))
        .optional()?)
}

/// How a notice is called whatever its number: about whom, which rung, which telling, to whom.
fn called(schema: &str) -> String {
    format!(
        "CASE WHEN n.about LIKE 'case:%' THEN 'pupil:' || n.pupil WHEN i.id IS NOT NULL THEN i.kind || ':' || i.subject || ':' || i.opened
         ELSE n.about END || '/' || n.ladder || '/' || n.rung || '/' || n.telling || '/' || n.office || '/' || n.person AS called
         FROM {schema}.notice n LEFT JOIN {schema}.incident i ON n.about = 'incident:' || i.id"
    )
}

/// A notice as it is called in every playing of the same days.
pub fn notice_name(conn: &Connection, notice: NoticeId) -> Result<Option<String>, StoreError> {
    let sql = format!("SELECT {} WHERE n.id = ?1", called("main"));
    Ok(conn.prepare_cached(&sql)?.query_row([notice.0], |r| r.get(0)).optional()?)
}

/// The latest notice that is called so.
pub fn notice_named(conn: &Connection, name: &str) -> Result<Option<NoticeId>, StoreError> {
    let sql = format!("SELECT max(id) FROM (SELECT n.id AS id, {}) WHERE called = ?1", called("main"));
    Ok(conn.prepare_cached(&sql)?.query_row([name], |r| r.get::<_, Option<i64>>(0))?.map(NoticeId))
}

/// What became of a letter.
#[derive(Clone, Debug)]
pub struct PastLetter {
    pub id: LetterId,
    pub state: String,
    pub why: Option<String>,
    pub attempts: u32,
    pub was_accepted: bool,
}

/// A letter whose notices have been erased with their follow-up: to which address it was claimed, and when.
const UNCALLED: &str = "'to ' || hex(l.address_digest) || ' at ' || l.claimed";

/// A way to somebody: what a notice is called, the channel, the contact.
pub type Way = (String, ChannelId, u32);

/// Letters with the ways that each was, oldest first.
pub fn letters(conn: &Connection) -> Result<Vec<(Way, PastLetter)>, StoreError> {
    let sql = format!(
        "SELECT l.id, l.state, l.why, l.attempts, l.accepted IS NOT NULL, l.channel, l.contact,
                ifnull(c.called, {UNCALLED})
         FROM shelf.letter l LEFT JOIN shelf.letter_notice x ON x.letter = l.id
         LEFT JOIN (SELECT n.id AS id, {}) c ON c.id = x.notice
         ORDER BY l.id",
        called("shelf")
    );
    let mut q = conn.prepare(&sql)?;
    let found = q.query_map([], |r| {
        let letter = PastLetter {
            id: LetterId(r.get(0)?),
            state: r.get(1)?,
            why: r.get(2)?,
            attempts: r.get(3)?,
            was_accepted: r.get(4)?,
        };
        Ok(((r.get(7)?, ChannelId::from(r.get::<_, String>(5)?), r.get(6)?), letter))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The ways that a letter of the replay is, the surest first.
pub fn ways(conn: &Connection, letter: LetterId) -> Result<Vec<Way>, StoreError> {
    let sql = format!(
        "SELECT called, channel, contact FROM (
           SELECT c.called, l.channel, l.contact, c.id AS n FROM main.letter l JOIN main.letter_notice x ON x.letter = l.id
           JOIN (SELECT n.id AS id, {}) c ON c.id = x.notice WHERE l.id = ?1
           UNION ALL SELECT {UNCALLED}, l.channel, l.contact, NULL FROM main.letter l WHERE l.id = ?1)
         ORDER BY n IS NULL, n",
        called("main")
    );
    let mut q = conn.prepare_cached(&sql)?;
    let found = q.query_map([letter.0], |r| Ok((r.get(0)?, ChannelId::from(r.get::<_, String>(1)?), r.get(2)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}
