//! Evidence out of the database: everything that timelines of some pupils are built from. Decides nothing.

use super::time::{day, from_day, from_ms};
use super::{Connection, StoreError, from_json, from_word, json};
use crate::domain::Date;
use crate::domain::evidence::{DeliveryFacts, Evidence, Leave, PupilList, Row, Sheet, Stamp};
use crate::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId, SlotName, SourceId, StatusId};
use rusqlite::{Params, Rows, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// From so many pupils on, everything is read in one ordered scan a table instead of pupil by pupil.
const MANY: usize = 2_000;

/// The evidence about these pupils: sheets, rows and exceptions coverage of every school that they were ever listed or
/// stated in, register rows of everybody of those schools (coverage needs all), their own decisions, acts and leaves.
/// Of many pupils: everything there is.
pub fn load(conn: &Connection, pupils: &[PupilId]) -> Result<Evidence, StoreError> {
    if pupils.len() > MANY {
        return load_all(conn);
    }
    let mut schools = BTreeSet::new();
    let ids = json(&pupils.iter().map(|p| p.0).collect::<Vec<_>>())?;
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT t.school FROM register_row r INDEXED BY register_news JOIN register_text t ON t.id = r.text
         WHERE r.is_news = 1 AND r.pupil IN (SELECT value FROM json_each(?1))
         UNION SELECT DISTINCT school FROM attendance_row WHERE pupil IN (SELECT value FROM json_each(?1))",
    )?;
    for s in q.query_map([&ids], |r| r.get::<_, String>(0))? {
        schools.insert(s?);
    }
    let mut e = Evidence::default();
    let mut words = Words::default();
    for name in &schools {
        let mut q = conn.prepare_cached(&format!("{ROWS} WHERE school = ?1"))?;
        attendance(&mut q.query([name])?, &mut words, &mut e)?;
    }
    e.register = super::register::rows_of_schools(conn, &schools)?;
    leaves(conn, "WHERE l.pupil IN (SELECT value FROM json_each(?1))", [&ids], &mut e)?;
    super::decisions::load(conn, Some(pupils), &mut e.decisions, &mut e.acts)?;
    of_schools(conn, &schools, None, &mut words, &mut e)?;
    Ok(e)
}

/// The register's history of one pupil.
pub fn register_of(conn: &Connection, pupil: PupilId) -> Result<Vec<crate::domain::evidence::RegisterRow>, StoreError> {
    super::register::rows_of_pupil(conn, pupil)
}

/// The evidence about everybody.
pub fn load_all(conn: &Connection) -> Result<Evidence, StoreError> {
    let mut e = Evidence::default();
    let mut words = Words::default();
    let mut q = conn.prepare_cached(ROWS)?;
    attendance(&mut q.query([])?, &mut words, &mut e)?;
    e.register = super::register::all_rows(conn)?;
    leaves(conn, "", [], &mut e)?;
    super::decisions::load(conn, None, &mut e.decisions, &mut e.acts)?;
    let schools = schools(conn)?;
    nameless(conn, &mut e)?;
    of_schools(conn, &schools, None, &mut words, &mut e)?;
    Ok(e)
}

/// The first day of each delivery of which a row waits for its pupil: only rules about classes and schools ask for it.
fn nameless(conn: &Connection, e: &mut Evidence) -> Result<(), StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT p.delivery, p.school, min(p.date) FROM pending_row p JOIN delivery v ON v.id = p.delivery
         WHERE v.content = 'attendance' AND v.state = 'applied' GROUP BY p.delivery, p.school",
    )?;
    let found =
        q.query_map([], |r| Ok((DeliveryId(r.get(0)?), SchoolId::from(r.get::<_, String>(1)?), from_day(r.get(2)?))))?;
    e.nameless = found.collect::<Result<_, _>>()?;
    Ok(())
}

/// Every school of which something is stored.
fn schools(conn: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut schools = BTreeSet::new();
    for table in ["attendance_row", "register_text"] {
        // From one school to the next: the index has an entry for each row.
        let mut q = conn.prepare_cached(&format!("SELECT min(school) FROM {table} WHERE school > ?1"))?;
        let mut last = String::new();
        while let Some(school) = q.query_row([&last], |r| r.get::<_, Option<String>>(0))? {
            schools.insert(school.clone());
            last = school;
        }
    }
    Ok(schools)
}

const ROWS: &str = "SELECT pupil, date, delivery, row_no, slot, status, leave_until, school FROM attendance_row";

/// One copy of each word instead of one a row.
#[derive(Default)]
struct Words {
    schools: HashMap<String, SchoolId>,
    slots: HashMap<String, SlotName>,
    statuses: HashMap<String, StatusId>,
}

/// The evidence about everybody as far as it speaks of one day.
pub fn load_day(conn: &Connection, on: Date) -> Result<Evidence, StoreError> {
    let (mut e, mut words) = (Evidence::default(), Words::default());
    let schools = schools(conn)?;
    for name in &schools {
        let mut q = conn.prepare_cached(&format!("{ROWS} WHERE school = ?1 AND date = ?2"))?;
        attendance(&mut q.query(params![name, day(on)])?, &mut words, &mut e)?;
    }
    e.register = super::register::all_rows(conn)?;
    leaves(conn, "", [], &mut e)?;
    super::decisions::load(conn, None, &mut e.decisions, &mut e.acts)?;
    of_schools(conn, &schools, Some(on), &mut words, &mut e)?;
    Ok(e)
}

/// One copy of each word instead of one a row.
fn shared<T: for<'a> From<&'a str> + Clone>(cache: &mut HashMap<String, T>, s: &str) -> T {
    if let Some(v) = cache.get(s) {
        return v.clone();
    }
    let v = T::from(s);
    cache.insert(s.to_owned(), v.clone());
    v
}

/// What schools delivered: presence lists, dates that lists of exceptions state, register exports, and the deliveries.
fn of_schools(
    conn: &Connection,
    schools: &BTreeSet<String>,
    on: Option<Date>,
    words: &mut Words,
    e: &mut Evidence,
) -> Result<(), StoreError> {
    // The whole time, or one day of it.
    let (first, last) = on.map_or((i64::MIN, i64::MAX), |d| (day(d), day(d)));
    let mut used: BTreeSet<DeliveryId> =
        e.rows.chunk_by(|a, b| a.delivery == b.delivery).map(|c| c[0].delivery).collect();
    used.extend(e.nameless.iter().map(|(delivery, ..)| *delivery));
    let mut stated: BTreeMap<DeliveryId, BTreeMap<SchoolId, Vec<crate::domain::Date>>> = BTreeMap::new();
    for name in schools {
        let school = SchoolId::new(name);
        let mut q = conn.prepare_cached(
            "SELECT date, slot, delivery, present FROM sheet WHERE school = ?1 AND date BETWEEN ?2 AND ?3",
        )?;
        let mut rows = q.query(params![name, first, last])?;
        while let Some(r) = rows.next()? {
            let delivery = DeliveryId(r.get(2)?);
            used.insert(delivery);
            e.sheets.push(Sheet {
                delivery,
                school: school.clone(),
                date: from_day(r.get(0)?),
                slot: shared(&mut words.slots, r.get_ref(1)?.as_str().map_err(damaged)?),
                present: listed(r.get_ref(3)?.as_blob().map_err(damaged)?)?,
            });
        }
        let mut q = conn.prepare_cached(
            "SELECT d.delivery, d.date FROM delivery_date d JOIN delivery v ON v.id = d.delivery
             WHERE d.school = ?1 AND d.stated = 1 AND v.content = 'attendance' AND v.state = 'applied'
               AND d.date BETWEEN ?2 AND ?3 ORDER BY d.delivery, d.date",
        )?;
        let mut rows = q.query(params![name, first, last])?;
        while let Some(r) = rows.next()? {
            let delivery = DeliveryId(r.get(0)?);
            used.insert(delivery);
            stated.entry(delivery).or_default().entry(school.clone()).or_default().push(from_day(r.get(1)?));
        }
    }
    // Who lists a pupil of several schools is told by what each of them exported last.
    let mut listing: BTreeSet<SchoolId> = e.register.iter().map(|r| r.school.clone()).collect();
    listing.extend(schools.iter().map(SchoolId::new));
    for school in listing {
        let mut q = conn.prepare_cached(
            "SELECT v.stated_at, v.id FROM delivery_date d JOIN delivery v ON v.id = d.delivery
             WHERE d.school = ?1 AND v.content = 'register' AND v.state = 'applied' ORDER BY v.stated_at, v.id",
        )?;
        let mut rows = q.query([school.as_str()])?;
        while let Some(r) = rows.next()? {
            let stamp = Stamp { stated_at: from_ms(r.get(0)?), delivery: DeliveryId(r.get(1)?) };
            e.register_exports.push((school.clone(), stamp));
        }
    }
    for id in used {
        let mut facts = delivery_facts(conn, id)?;
        facts.stated = stated.remove(&id).unwrap_or_default();
        e.deliveries.insert(id, facts);
    }
    Ok(())
}

fn damaged(e: rusqlite::types::FromSqlError) -> StoreError {
    StoreError::Damaged(e.to_string())
}

/// Rows come by pupil and date, delivery, and number. What a delivery says of a pupil's day again in the same words counts
/// once, at its last place: of one period the last row counts, and what lies between is overruled or carried on by it.
fn attendance(rows: &mut Rows<'_>, words: &mut Words, e: &mut Evidence) -> Result<(), StoreError> {
    let mut begin = e.rows.len();
    while let Some(r) = rows.next()? {
        let row = Row {
            delivery: DeliveryId(r.get(2)?),
            row_no: r.get(3)?,
            school: shared(&mut words.schools, r.get_ref(7)?.as_str().map_err(damaged)?),
            pupil: PupilId(r.get(0)?),
            date: from_day(r.get(1)?),
            slot: shared(&mut words.slots, r.get_ref(4)?.as_str().map_err(damaged)?),
            status: shared(&mut words.statuses, r.get_ref(5)?.as_str().map_err(damaged)?),
            leave_until: r.get::<_, Option<i64>>(6)?.map(from_day),
        };
        let day = |x: &Row| (x.pupil, x.date, x.delivery);
        let says = |x: &Row| {
            (&x.school, &x.slot, &x.status, x.leave_until) == (&row.school, &row.slot, &row.status, row.leave_until)
        };
        if e.rows.last().is_none_or(|last| day(last) != day(&row)) {
            begin = e.rows.len();
        } else if let Some(n) = e.rows[begin..].iter().position(says) {
            e.rows.remove(begin + n);
        }
        e.rows.push(row);
    }
    Ok(())
}

fn delivery_facts(conn: &Connection, id: DeliveryId) -> Result<DeliveryFacts, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT source, stated_at, arrived_at, coverage, replaces, classes, slots FROM delivery WHERE id = ?1",
    )?;
    let (source, stated_at, arrived_at, coverage, replaces, classes, slots): (
        String,
        i64,
        i64,
        String,
        String,
        String,
        String,
    ) = q.query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?)))?;
    Ok(DeliveryFacts {
        stamp: Stamp { stated_at: from_ms(stated_at), delivery: id },
        source: SourceId::from(source),
        coverage: from_word(&coverage)?,
        replaces: from_word(&replaces)?,
        classes: from_json::<Vec<ClassName>>(&classes)?,
        slots: from_json::<Vec<SlotName>>(&slots)?,
        stated: BTreeMap::new(),
        arrived_at: from_ms(arrived_at),
    })
}

fn leaves(conn: &Connection, which: &str, pupils: impl Params, e: &mut Evidence) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT l.pupil, l.delivery, l.row_no, l.from_date, l.to_date, l.status, v.stated_at
         FROM leave_row l JOIN delivery v ON v.id = l.delivery {which}"
    );
    let mut q = conn.prepare_cached(&sql)?;
    let mut rows = q.query(pupils)?;
    while let Some(r) = rows.next()? {
        e.leaves.push(Leave {
            pupil: PupilId(r.get(0)?),
            stamp: Stamp { delivery: DeliveryId(r.get(1)?), stated_at: from_ms(r.get(6)?) },
            row_no: r.get(2)?,
            from: from_day(r.get(3)?),
            until: from_day(r.get(4)?),
            status: StatusId::from(r.get::<_, String>(5)?),
        });
    }
    Ok(())
}

/// A list of presences as it is stored.
pub(super) fn listed(bytes: &[u8]) -> Result<PupilList, StoreError> {
    PupilList::from_bytes(bytes).ok_or_else(|| StoreError::Damaged("a list of presences".into()))
}
