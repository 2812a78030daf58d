//! The register in the database: rows with their stamps as history, each text stored once. Decides no attribute.

use super::time::{day, from_day, from_ms, ms};
use super::{Connection, StoreError, Transaction, Vault, from_json, from_word, json, word};
use crate::domain::Date;
use crate::domain::evidence::{RegisterRow, Stamp, Standing};
use crate::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId};
use rusqlite::{OptionalExtension, Rows, params};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Everybody whom the register of a school ever listed, ascending.
pub fn pupils_of(conn: &Connection, school: &SchoolId) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT r.pupil FROM register_text t JOIN register_row r ON r.text = t.id AND r.is_news = 1
         WHERE t.school = ?1 ORDER BY r.pupil",
    )?;
    let found = q.query_map([school.as_str()], |r| Ok(PupilId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

// Without statistics SQLite would rather read all of a pupil's rows by the primary key: the index is named.

/// The register's history of everybody whom one of the schools ever listed, by pupil and stamp: the rows that said
/// something new.
pub fn rows_of_schools(conn: &Connection, schools: &BTreeSet<String>) -> Result<Vec<RegisterRow>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT r.pupil, r.text, r.row_no, v.id, v.stated_at, v.arrived_at
         FROM register_row r INDEXED BY register_news JOIN delivery v ON v.id = r.delivery
         WHERE r.is_news = 1 AND r.pupil IN (
           SELECT r2.pupil FROM register_text t JOIN register_row r2 ON r2.text = t.id AND r2.is_news = 1
           WHERE t.school IN (SELECT value FROM json_each(?1)))
         ORDER BY r.pupil, v.stated_at, v.id, r.row_no",
    )?;
    rows_of(conn, q.query([json(schools)?])?)
}

/// The same of everybody.
pub fn all_rows(conn: &Connection) -> Result<Vec<RegisterRow>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT r.pupil, r.text, r.row_no, v.id, v.stated_at, v.arrived_at
         FROM register_row r INDEXED BY register_news JOIN delivery v ON v.id = r.delivery
         WHERE r.is_news = 1 ORDER BY r.pupil, v.stated_at, v.id, r.row_no",
    )?;
    rows_of(conn, q.query([])?)
}

/// The same of one pupil.
pub fn rows_of_pupil(conn: &Connection, pupil: PupilId) -> Result<Vec<RegisterRow>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT r.pupil, r.text, r.row_no, v.id, v.stated_at, v.arrived_at
         FROM register_row r INDEXED BY register_news JOIN delivery v ON v.id = r.delivery
         WHERE r.is_news = 1 AND r.pupil = ?1 ORDER BY v.stated_at, v.id, r.row_no",
    )?;
    rows_of(conn, q.query([pupil.0])?)
}

fn rows_of(conn: &Connection, mut rows: Rows<'_>) -> Result<Vec<RegisterRow>, StoreError> {
    let mut out = Vec::new();
    let mut texts = Texts::default();
    while let Some(r) = rows.next()? {
        let mut row = texts.get(conn, r.get(1)?)?.as_ref().clone();
        row.pupil = PupilId(r.get(0)?);
        row.row_no = r.get(2)?;
        row.stamp = Stamp { stated_at: from_ms(r.get(4)?), delivery: DeliveryId(r.get(3)?) };
        row.arrived_at = from_ms(r.get(5)?);
        out.push(row);
    }
    with_repetitions(conn, out)
}

/// Of a pupil of several schools, which school's latest export lists them says where they are: there the repetitions count
/// too. Those in exports that follow on each other are told by the first of them; after an export without the pupil the
/// words are said anew.
fn with_repetitions(conn: &Connection, news: Vec<RegisterRow>) -> Result<Vec<RegisterRow>, StoreError> {
    let of_pupils = || news.chunk_by(|a, b| a.pupil == b.pupil);
    let several: Vec<&[RegisterRow]> = of_pupils().filter(|c| c.iter().any(|r| r.school != c[0].school)).collect();
    if several.is_empty() {
        return Ok(news);
    }
    let mut exports: HashMap<SchoolId, Vec<Stamp>> = HashMap::new();
    for (school, stamp) in exports_of_all(conn)? {
        exports.entry(school).or_default().push(stamp);
    }
    exports.values_mut().for_each(|e| e.sort_unstable());
    let ids = json(&several.iter().map(|c| c[0].pupil.0).collect::<Vec<_>>())?;
    let mut q = conn.prepare_cached(
        "SELECT r.pupil, v.id, v.stated_at, r.row_no, v.arrived_at FROM register_row r JOIN delivery v ON v.id = r.delivery
         WHERE r.is_news = 0 AND r.pupil IN (SELECT value FROM json_each(?1)) AND v.state = 'applied'
         ORDER BY r.pupil, v.stated_at, v.id, r.row_no",
    )?;
    let mut repeated: HashMap<PupilId, Vec<(Stamp, u32, crate::domain::Time)>> = HashMap::new();
    let mut rows = q.query([ids])?;
    while let Some(r) = rows.next()? {
        let stamp = Stamp { stated_at: from_ms(r.get(2)?), delivery: DeliveryId(r.get(1)?) };
        repeated.entry(PupilId(r.get(0)?)).or_default().push((stamp, r.get(3)?, from_ms(r.get(4)?)));
    }
    let mut out = Vec::with_capacity(news.len());
    for chunk in of_pupils() {
        let mut again = repeated.remove(&chunk[0].pupil).unwrap_or_default().into_iter().peekable();
        for (i, row) in chunk.iter().enumerate() {
            let mut said = row.clone();
            let next = chunk.get(i + 1).map(|n| (n.stamp, n.row_no));
            while let Some((stamp, row_no, arrived_at)) = again.next_if(|(s, no, _)| next.is_none_or(|n| (*s, *no) < n))
            {
                let of_school = exports.get(&said.school).map_or(&[][..], Vec::as_slice);
                let place = |s: Stamp| of_school.binary_search(&s).ok();
                let last = said.through.unwrap_or(said.stamp);
                if place(stamp).zip(place(last)).is_some_and(|(now, then)| now <= then + 1) {
                    said.through = Some(stamp);
                } else {
                    let anew = RegisterRow { stamp, row_no, arrived_at, through: None, ..said.clone() };
                    out.push(std::mem::replace(&mut said, anew));
                }
            }
            out.push(said);
        }
    }
    Ok(out)
}

/// When each school's register was exported.
fn exports_of_all(conn: &Connection) -> Result<Vec<(SchoolId, Stamp)>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT d.school, v.stated_at, v.id FROM delivery v JOIN delivery_date d ON d.delivery = v.id
         WHERE v.content = 'register' AND v.state = 'applied'",
    )?;
    let found = q.query_map([], |r| {
        let stamp = Stamp { stated_at: from_ms(r.get(1)?), delivery: DeliveryId(r.get(2)?) };
        Ok((SchoolId::from(r.get::<_, String>(0)?), stamp))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[derive(Default)]
struct Texts(HashMap<i64, Rc<RegisterRow>>);

impl Texts {
    /// The row that a text makes; pupil and stamp are filled in by the caller.
    fn get(&mut self, conn: &Connection, id: i64) -> Result<Rc<RegisterRow>, StoreError> {
        if let Some(r) = self.0.get(&id) {
            return Ok(Rc::clone(r));
        }
        let mut q = conn.prepare_cached(
            "SELECT school, class, grade, standing, status_until, status_basis, enrolled_on, left_on, boarding, sex, birth_date, groups
             FROM register_text WHERE id = ?1",
        )?;
        let mut rows = q.query([id])?;
        let r = rows.next()?.ok_or_else(|| StoreError::Damaged("a register text".into()))?;
        let date = |i: usize| -> Result<_, StoreError> { Ok(r.get::<_, Option<i64>>(i)?.map(from_day)) };
        let row = Rc::new(RegisterRow {
            stamp: Stamp { stated_at: crate::domain::Time::MIN, delivery: DeliveryId(0) },
            arrived_at: crate::domain::Time::MIN,
            row_no: 0,
            through: None,
            pupil: PupilId(0),
            school: SchoolId::from(r.get::<_, String>(0)?),
            class: r.get::<_, Option<String>>(1)?.map(ClassName::from),
            grade: r.get(2)?,
            standing: from_word::<Standing>(&r.get::<_, String>(3)?)?,
            status_until: date(4)?,
            status_basis: r.get(5)?,
            enrolled_on: date(6)?,
            left_on: date(7)?,
            boarding: r.get(8)?,
            sex: r.get::<_, Option<String>>(9)?.map(|s| from_word(&s)).transpose()?,
            birth_date: date(10)?,
            groups: from_json(&r.get::<_, String>(11)?)?,
        });
        self.0.insert(id, Rc::clone(&row));
        Ok(row)
    }
}

/// The id of the row's text, stored if it is new.
pub fn put_text(tx: &Transaction, vault: &Vault, row: &RegisterRow) -> Result<i64, StoreError> {
    let groups = json(&row.groups)?;
    let standing = word(&row.standing)?;
    let sex = row.sex.as_ref().map(word).transpose()?;
    let whole = format!(
        "{}\u{1f}{:?}\u{1f}{:?}\u{1f}{standing}\u{1f}{:?}\u{1f}{}\u{1f}{:?}\u{1f}{:?}\u{1f}{:?}\u{1f}{sex:?}\u{1f}{:?}\u{1f}{groups}",
        row.school,
        row.class,
        row.grade,
        row.status_until,
        row.status_basis,
        row.enrolled_on,
        row.left_on,
        row.boarding,
        row.birth_date
    );
    let digest = vault.digest("register_text", &whole);
    let known: Option<i64> = tx
        .prepare_cached("SELECT id FROM register_text WHERE digest = ?1")?
        .query_row([digest], |r| r.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    tx.prepare_cached(
        "INSERT INTO register_text (digest, school, class, grade, standing, status_until, status_basis, enrolled_on,
         left_on, boarding, sex, birth_date, groups) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        digest,
        row.school.as_str(),
        row.class.as_ref().map(ClassName::as_str),
        row.grade,
        standing,
        row.status_until.map(day),
        row.status_basis,
        row.enrolled_on.map(day),
        row.left_on.map(day),
        row.boarding,
        sex,
        row.birth_date.map(day),
        groups,
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Adds a row; says whether it is news.
pub fn put_row(tx: &Transaction, vault: &Vault, row: &RegisterRow) -> Result<bool, StoreError> {
    let text = put_text(tx, vault, row)?;
    place(tx, row.pupil, row.stamp, row.row_no, text)
}

/// The same for a text that is stored. A register comes again and again with the same in it: what a row says that the
/// one before it (by stamp) did not say, or not as early, is news, and only news is read for the history.
pub fn place(tx: &Transaction, pupil: PupilId, stamp: Stamp, row_no: u32, text: i64) -> Result<bool, StoreError> {
    let mut q = tx.prepare_cached(
        "SELECT 1 FROM delivery WHERE content = 'register' AND state = 'applied' AND stated_at >= ?1
         AND (stated_at > ?1 OR id > ?2) LIMIT 1",
    )?;
    let is_latest = !q.exists(params![ms(stamp.stated_at), stamp.delivery.0])?;
    let is_news = !is_latest || {
        let mut q = tx.prepare_cached(
            "SELECT r.text = ?4 AND v.arrived_at <= (SELECT arrived_at FROM delivery WHERE id = ?2)
             FROM register_row r INDEXED BY register_news JOIN delivery v ON v.id = r.delivery
             WHERE r.is_news = 1 AND r.pupil = ?1 AND NOT (r.delivery = ?2 AND r.row_no = ?3)
             ORDER BY v.stated_at DESC, v.id DESC, r.row_no DESC LIMIT 1",
        )?;
        let said = q.query_row(params![pupil.0, stamp.delivery.0, row_no, text], |r| r.get(0)).optional()?;
        !said.unwrap_or(false)
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO register_row (pupil, delivery, row_no, text, is_news) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![pupil.0, stamp.delivery.0, row_no, text, is_news])?;
    if !is_latest {
        tell_news(tx, pupil)?;
    }
    Ok(is_news)
}

/// Tells a pupil's news from repetitions afresh: a row has come that was stated before others.
fn tell_news(tx: &Transaction, pupil: PupilId) -> Result<(), StoreError> {
    let mut q = tx.prepare_cached(
        "SELECT r.delivery, r.row_no, r.text, v.arrived_at, r.is_news FROM register_row r JOIN delivery v ON v.id = r.delivery
         WHERE r.pupil = ?1 ORDER BY v.stated_at, v.id, r.row_no",
    )?;
    let found = q.query_map([pupil.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    let rows: Vec<(i64, u32, i64, i64, bool)> = found.collect::<Result<_, _>>()?;
    let mut before: Option<(i64, i64)> = None;
    for (delivery, row_no, text, arrived, was) in rows {
        let is_news = !before.is_some_and(|(t, a)| t == text && a <= arrived);
        if is_news {
            before = Some((text, arrived));
        }
        if is_news != was {
            tx.prepare_cached(
                "UPDATE register_row SET is_news = ?4 WHERE pupil = ?1 AND delivery = ?2 AND row_no = ?3",
            )?
            .execute(params![pupil.0, delivery, row_no, is_news])?;
        }
    }
    Ok(())
}

/// A pupil's latest row by stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Last {
    pub pupil: PupilId,
    /// It lists the pupil as a pupil: enrolled or exempt, and names no day of leaving.
    pub stays: bool,
}

/// The latest rows that name this school.
pub fn last_rows(conn: &Connection, school: &SchoolId) -> Result<Vec<Last>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT l.pupil, t.standing, t.left_on FROM (
           SELECT r.pupil, r.text,
                  row_number() OVER (PARTITION BY r.pupil ORDER BY v.stated_at DESC, v.id DESC, r.row_no DESC) AS n
           FROM register_row r INDEXED BY register_news JOIN delivery v ON v.id = r.delivery
           WHERE r.is_news = 1 AND r.pupil IN (
             SELECT r2.pupil FROM register_text t2 JOIN register_row r2 ON r2.text = t2.id AND r2.is_news = 1
             WHERE t2.school = ?1)
         ) l JOIN register_text t ON t.id = l.text WHERE l.n = 1 AND t.school = ?1 ORDER BY l.pupil",
    )?;
    let mut rows = q.query([school.as_str()])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let standing: Standing = from_word(&r.get::<_, String>(1)?)?;
        let left: Option<i64> = r.get(2)?;
        out.push(Last {
            pupil: PupilId(r.get(0)?),
            stays: left.is_none() && (standing == Standing::Enrolled || standing.is_exemption()),
        });
    }
    Ok(out)
}

/// Whether the export lists the pupil.
pub fn lists(conn: &Connection, export: DeliveryId, pupil: PupilId) -> Result<bool, StoreError> {
    let mut q = conn.prepare_cached("SELECT 1 FROM register_row WHERE pupil = ?1 AND delivery = ?2")?;
    Ok(q.exists([pupil.0, export.0])?)
}

/// The school's latest register export by stamp.
pub fn latest_export(conn: &Connection, school: &SchoolId) -> Result<Option<DeliveryId>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT v.id FROM delivery_date d JOIN delivery v ON v.id = d.delivery
             WHERE d.school = ?1 AND v.content = 'register' AND v.state = 'applied'
             ORDER BY v.stated_at DESC, v.id DESC LIMIT 1",
        )?
        .query_row([school.as_str()], |r| Ok(DeliveryId(r.get(0)?)))
        .optional()?)
}

/// Schools that the source's register exports ever listed.
pub fn schools_of(conn: &Connection, source: &str) -> Result<Vec<SchoolId>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT d.school FROM delivery v JOIN delivery_date d ON d.delivery = v.id
         WHERE v.source = ?1 AND v.content = 'register' AND v.state = 'applied' ORDER BY d.school",
    )?;
    let found = q.query_map([source], |r| Ok(SchoolId::from(r.get::<_, String>(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Register rows and exports alone, of all schools: what a roster is built from.
pub fn whole(conn: &Connection) -> Result<crate::domain::evidence::Evidence, StoreError> {
    let exports = exports_of_all(conn)?;
    Ok(crate::domain::evidence::Evidence { register: all_rows(conn)?, register_exports: exports, ..Default::default() })
}

/// Pupils of whom any register ever said that they are exempt until a day, that day or an earlier one.
pub fn exempt_until(conn: &Connection, last: Date) -> Result<BTreeSet<PupilId>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT r.pupil FROM register_text t JOIN register_row r ON r.text = t.id AND r.is_news = 1
         WHERE t.status_until <= ?1",
    )?;
    Ok(q.query_map([day(last)], |r| r.get(0).map(PupilId))?.collect::<Result<_, _>>()?)
}

/// What was seen of a pupil whose exemption ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExemptionSeen {
    /// When it was looked at.
    pub on: Date,
    /// The end that the register says.
    pub ends: Option<Date>,
    pub is_here: bool,
    /// The latest day attended.
    pub attended: Option<Date>,
}

pub fn exemptions_seen(conn: &Connection) -> Result<HashMap<PupilId, ExemptionSeen>, StoreError> {
    let mut q = conn.prepare_cached("SELECT pupil, date, ends, is_here, attended FROM exemption_seen")?;
    let found = q.query_map([], |r| {
        let date = |i: usize| r.get::<_, Option<i64>>(i).map(|d| d.map(from_day));
        let seen = ExemptionSeen { on: from_day(r.get(1)?), ends: date(2)?, is_here: r.get(3)?, attended: date(4)? };
        Ok((PupilId(r.get(0)?), seen))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn put_exemption_seen(tx: &Transaction, pupil: PupilId, s: &ExemptionSeen) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO exemption_seen (pupil, date, ends, is_here, attended) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![pupil.0, day(s.on), s.ends.map(day), s.is_here, s.attended.map(day)])?;
    Ok(())
}

/// The next such day after one.
pub fn next_exempt_until(conn: &Connection, after: Date) -> Result<Option<Date>, StoreError> {
    let next: Option<i64> = conn
        .prepare_cached("SELECT min(status_until) FROM register_text WHERE status_until > ?1")?
        .query_row([day(after)], |r| r.get(0))?;
    Ok(next.map(from_day))
}
