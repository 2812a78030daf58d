//! Evidence out of the database: everything that timelines of some pupils are built from. Decides nothing.

use super::time::{day, from_day, from_ms};
use super::{Connection, StoreError, from_json, from_word};
use crate::domain::Date;
use crate::domain::evidence::{DeliveryFacts, Evidence, Leave, Row, Sheet, Stamp};
use crate::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId, SlotName, SourceId, StatusId};
use rusqlite::types::Value;
use rusqlite::{Row as SqlRow, params_from_iter};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The evidence about these pupils: sheets, rows and exceptions coverage of every school that they were ever listed or
/// stated in, register rows of everybody of those schools (coverage needs all), their own decisions, acts and leaves.
pub fn load(conn: &Connection, pupils: &[PupilId]) -> Result<Evidence, StoreError> {
    gather(conn, &schools_of(conn, pupils)?, &pupils.iter().copied().collect(), None)
}

fn schools_of(conn: &Connection, pupils: &[PupilId]) -> Result<BTreeSet<String>, StoreError> {
    let mut schools = BTreeSet::new();
    for chunk in pupils.chunks(500) {
        let marks = marks(chunk.len());
        let sql = format!(
            "SELECT DISTINCT t.school FROM register_row r JOIN register_text t ON t.id = r.text WHERE r.pupil IN ({marks})
             UNION SELECT DISTINCT school FROM attendance_row WHERE pupil IN ({marks})"
        );
        // The numbered marks stand twice in the statement and are given once.
        let mut q = conn.prepare(&sql)?;
        for s in q.query_map(params_from_iter(chunk.iter().map(|p| p.0)), |r| r.get::<_, String>(0))? {
            schools.insert(s?);
        }
    }
    Ok(schools)
}

/// The register's history of one pupil.
pub fn register_of(conn: &Connection, pupil: PupilId) -> Result<Vec<crate::domain::evidence::RegisterRow>, StoreError> {
    super::register::rows_of_pupil(conn, pupil)
}

/// The evidence about everybody whom the register of a school ever listed.
pub fn load_school(conn: &Connection, school: &SchoolId) -> Result<Evidence, StoreError> {
    load(conn, &super::register::pupils_of(conn, school)?)
}

/// The evidence about everybody.
pub fn load_all(conn: &Connection) -> Result<Evidence, StoreError> {
    load(conn, &super::vault::all_pupils(conn)?)
}

/// The evidence about everybody as far as it speaks of one day.
pub fn load_day(conn: &Connection, on: Date) -> Result<Evidence, StoreError> {
    let pupils = super::vault::all_pupils(conn)?;
    gather(conn, &schools_of(conn, &pupils)?, &pupils.iter().copied().collect(), Some(on))
}

fn marks(n: usize) -> String {
    (1..=n).map(|i| format!("?{i}")).collect::<Vec<_>>().join(",")
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

fn gather(
    conn: &Connection,
    schools: &BTreeSet<String>,
    pupils: &BTreeSet<PupilId>,
    on: Option<Date>,
) -> Result<Evidence, StoreError> {
    // The statement about all days, or about one.
    let of = |sql: &str, column: &str, rest: &str| match on {
        Some(_) => format!("{sql} AND {column} = ?2 {rest}"),
        None => format!("{sql} {rest}"),
    };
    let asked =
        |school: &str| [Some(Value::Text(school.to_owned())), on.map(|d| Value::Integer(day(d)))].into_iter().flatten();
    let mut e = Evidence::default();
    let (mut slots, mut statuses) = (HashMap::<String, SlotName>::new(), HashMap::<String, StatusId>::new());
    let mut used = BTreeSet::new();
    let mut stated: BTreeMap<DeliveryId, BTreeMap<SchoolId, Vec<crate::domain::Date>>> = BTreeMap::new();
    for name in schools {
        let school = SchoolId::new(name);
        let sheets = "SELECT date, slot, delivery, present FROM sheet WHERE school = ?1";
        let mut q = conn.prepare_cached(&of(sheets, "date", ""))?;
        let mut rows = q.query(params_from_iter(asked(name)))?;
        while let Some(r) = rows.next()? {
            let delivery = DeliveryId(r.get(2)?);
            used.insert(delivery);
            e.sheets.push(Sheet {
                delivery,
                school: school.clone(),
                date: from_day(r.get(0)?),
                slot: shared(&mut slots, r.get_ref(1)?.as_str().map_err(damaged)?),
                present: unpack(r.get_ref(3)?.as_blob().map_err(damaged)?)?,
            });
        }
        let stated_rows =
            "SELECT pupil, date, delivery, row_no, slot, status, leave_until FROM attendance_row WHERE school = ?1";
        let mut q = conn.prepare_cached(&of(stated_rows, "date", ""))?;
        let mut rows = q.query(params_from_iter(asked(name)))?;
        while let Some(r) = rows.next()? {
            let row = attendance(r, &school, &mut slots, &mut statuses)?;
            used.insert(row.delivery);
            e.rows.push(row);
        }
        let dates = "SELECT d.delivery, d.date FROM delivery_date d JOIN delivery v ON v.id = d.delivery
             WHERE d.school = ?1 AND d.stated = 1 AND v.content = 'attendance' AND v.state = 'applied'";
        let mut q = conn.prepare_cached(&of(dates, "d.date", "ORDER BY d.delivery, d.date"))?;
        let mut rows = q.query(params_from_iter(asked(name)))?;
        while let Some(r) = rows.next()? {
            let delivery = DeliveryId(r.get(0)?);
            used.insert(delivery);
            stated.entry(delivery).or_default().entry(school.clone()).or_default().push(from_day(r.get(1)?));
        }
        let mut q = conn.prepare_cached(
            "SELECT v.stated_at, v.id FROM delivery_date d JOIN delivery v ON v.id = d.delivery
             WHERE d.school = ?1 AND v.content = 'register' AND v.state = 'applied' ORDER BY v.stated_at, v.id",
        )?;
        let mut rows = q.query([name])?;
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
    e.register = super::register::rows_of_schools(conn, schools)?;
    for chunk in pupils.iter().copied().collect::<Vec<_>>().chunks(500) {
        e.leaves.extend(leaves(conn, chunk)?);
        super::decisions::load(conn, chunk, &mut e.decisions, &mut e.acts)?;
    }
    Ok(e)
}

fn damaged(e: rusqlite::types::FromSqlError) -> StoreError {
    StoreError::Damaged(e.to_string())
}

fn attendance(
    r: &SqlRow<'_>,
    school: &SchoolId,
    slots: &mut HashMap<String, SlotName>,
    statuses: &mut HashMap<String, StatusId>,
) -> Result<Row, StoreError> {
    Ok(Row {
        delivery: DeliveryId(r.get(2)?),
        row_no: r.get(3)?,
        school: school.clone(),
        pupil: PupilId(r.get(0)?),
        date: from_day(r.get(1)?),
        slot: shared(slots, r.get_ref(4)?.as_str().map_err(damaged)?),
        status: shared(statuses, r.get_ref(5)?.as_str().map_err(damaged)?),
        leave_until: r.get::<_, Option<i64>>(6)?.map(from_day),
    })
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

fn leaves(conn: &Connection, pupils: &[PupilId]) -> Result<Vec<Leave>, StoreError> {
    let sql = format!(
        "SELECT l.pupil, l.delivery, l.row_no, l.from_date, l.to_date, l.status, v.stated_at
         FROM leave_row l JOIN delivery v ON v.id = l.delivery WHERE l.pupil IN ({})",
        marks(pupils.len())
    );
    let mut q = conn.prepare(&sql)?;
    let found = q.query_map(params_from_iter(pupils.iter().map(|p| Value::Integer(p.0))), |r| {
        Ok(Leave {
            pupil: PupilId(r.get(0)?),
            stamp: Stamp { delivery: DeliveryId(r.get(1)?), stated_at: from_ms(r.get(6)?) },
            row_no: r.get(2)?,
            from: from_day(r.get(3)?),
            until: from_day(r.get(4)?),
            status: StatusId::from(r.get::<_, String>(5)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

// ---------------------------------------------------------------- packed lists

/// Ascending references as varints of their differences.
pub fn pack(pupils: &[PupilId]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pupils.len() * 2);
    let mut last = 0i64;
    for p in pupils {
        let mut d = u64::try_from(p.0 - last).unwrap_or(0);
        last = p.0;
        loop {
            let low = (d & 0x7f) as u8;
            d >>= 7;
            if d == 0 {
                out.push(low);
                break;
            }
            out.push(low | 0x80);
        }
    }
    out
}

pub fn unpack(bytes: &[u8]) -> Result<Vec<PupilId>, StoreError> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut last, mut d, mut shift) = (0i64, 0u64, 0u32);
    for b in bytes {
        if shift > 56 {
            return Err(StoreError::Damaged("a list of presences".into()));
        }
        d |= u64::from(b & 0x7f) << shift;
        shift += 7;
        if b & 0x80 == 0 {
            last += d as i64;
            out.push(PupilId(last));
            (d, shift) = (0, 0);
        }
    }
    if shift != 0 {
        return Err(StoreError::Damaged("a list of presences".into()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_lists_come_back_as_they_went_in() {
        fn check(ids: &[i64]) {
            let p: Vec<_> = ids.iter().map(|i| PupilId(*i)).collect();
            assert_eq!(unpack(&pack(&p)).expect("unpacks"), p);
        }
        check(&[]);
        check(&[1]);
        check(&[1, 2, 3, 127, 128, 129, 300, 20_000, 5_000_000_000]);
        assert!(unpack(&[0x80]).is_err());
        assert!(unpack(&[0xff; 12]).is_err());
    }
}
