//! A register export: who is who (numbers, L and G numbers), what changes, who is missing. Writes only in `apply`.

use super::collect::Collected;
use super::identity::id_in;
use crate::domain::Time;
use crate::domain::calendar::Calendar;
use crate::domain::evidence::{RegisterRow, Stamp};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{PupilId, SchoolId, SourceId};
use crate::domain::policy::{Content, Policy};
use crate::domain::record::RegisterLine;
use crate::domain::timeline::{Roster, Segment};
use crate::store::deliveries::{self, ConditionKind};
use crate::store::vault::{Card, ContactCard};
use crate::store::{Connection, Db, StoreError, Transaction, Vault, register, vault};
use std::collections::{BTreeMap, BTreeSet};

/// What the guard needs to know.
#[derive(Default)]
pub struct Roll {
    /// Pupils of the register who are missing, of those who were in it: the school where the share is greatest.
    pub missing: Option<(u32, u32)>,
}

/// Finds whom the export lists and whom it lacks; faults that the rows have as register rows.
pub fn plan(db: &Db, collected: &mut Collected, stamp: Stamp) -> Result<Roll, StoreError> {
    let (conn, vault) = (db.conn(), db.vault());
    let mut lines = std::mem::take(&mut collected.register);
    let mut listed: BTreeMap<SchoolId, BTreeSet<PupilId>> = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for (school, line) in &lines {
        let known = known(conn, &vault, line)?;
        if let Who::Is(p) = known {
            listed.entry(school.clone()).or_default().insert(p);
        } else {
            listed.entry(school.clone()).or_default();
        }
        let key = line.pupil.student_no.clone().or_else(|| line.pupil.id_number.clone());
        match key {
            // A row without a number cannot become a pupil: two children may have one name.
            None => collected.fault(FaultKind::NoPupil, &line.place, None),
            // The same said twice is no fault; of two different rows the later counts.
            Some(k) => {
                let says = (line.pupil.class.clone(), line.grade, line.standing, line.enrolled_on, line.left_on);
                if seen.insert((school.clone(), k), says.clone()).is_some_and(|before| before != says) {
                    collected.fault(FaultKind::DuplicatePupil, &line.place, None);
                }
            }
        }
        if known == Who::Two {
            collected.fault(FaultKind::AmbiguousPupil, &line.place, None);
        }
    }
    lines.retain(|(_, l)| l.pupil.student_no.is_some() || l.pupil.id_number.is_some());
    collected.register = lines;
    let mut roll = Roll::default();
    for (school, here) in &listed {
        // An export stated before the latest takes nobody away.
        let latest = register::latest_export(conn, school)?;
        let newest = latest.map(|d| deliveries::get(conn, d)).transpose()?.flatten();
        if newest.is_some_and(|d| d.stamp() > stamp) {
            continue;
        }
        let before: Vec<_> = register::last_rows(conn, school)?.into_iter().filter(|l| l.stays).collect();
        let missing = before.iter().filter(|l| !here.contains(&l.pupil)).count();
        let (n, of) = (u32::try_from(missing).unwrap_or(u32::MAX), u32::try_from(before.len()).unwrap_or(u32::MAX));
        let greater = |(a, b): (u32, u32)| u64::from(n) * u64::from(b) > u64::from(a) * u64::from(of);
        if n > 0 && roll.missing.is_none_or(greater) {
            roll.missing = Some((n, of));
        }
    }
    Ok(roll)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Is(PupilId),
    New,
    /// Its numbers belong to two pupils: a person joins them.
    Two,
}

/// A number finds its pupil; an L number and a G number are one pupil through the id number.
fn known(conn: &Connection, v: &Vault, line: &RegisterLine) -> Result<Who, StoreError> {
    let by_no = match &line.pupil.student_no {
        Some(no) => vault::pupil_by_student_no(conn, v, no)?,
        None => None,
    };
    let id = line.pupil.id_number.clone().or_else(|| line.pupil.student_no.as_deref().and_then(id_in));
    let by_id = match &id {
        Some(id) => vault::pupil_by_id_number(conn, v, id)?,
        None => None,
    };
    Ok(match (by_no, by_id) {
        (Some(a), Some(b)) if a != b => Who::Two,
        (Some(p), _) | (None, Some(p)) => Who::Is(p),
        (None, None) => Who::New,
    })
}

/// Writes the rows; marks whom they change.
pub fn apply(
    tx: &Transaction,
    v: &Vault,
    collected: &mut Collected,
    stamp: Stamp,
    now: Time,
) -> Result<(), StoreError> {
    let mut schools: BTreeMap<SchoolId, u32> = BTreeMap::new();
    for (school, line) in std::mem::take(&mut collected.register) {
        *schools.entry(school.clone()).or_default() += 1;
        let pupil = match known(tx, v, &line)? {
            Who::Is(p) => p,
            Who::New => vault::new_pupil(tx, v, &card(&line, None), stamp)?,
            // The student number speaks; the id number is left with whom it belongs to.
            Who::Two => match &line.pupil.student_no {
                Some(no) => vault::pupil_by_student_no(tx, v, no)?.ok_or(StoreError::Sealed)?,
                None => continue,
            },
        };
        if let Some(no) = &line.pupil.student_no {
            vault::put_lookup(tx, v, "student_no", no, pupil)?;
        }
        let id = line.pupil.id_number.clone().or_else(|| line.pupil.student_no.as_deref().and_then(id_in));
        if let Some(id) = &id {
            vault::put_lookup(tx, v, "id_number", id, pupil)?;
        }
        if let Some(name) = &line.pupil.name {
            vault::put_lookup(tx, v, "name", name, pupil)?;
        }
        if vault::card_stamp(tx, pupil)?.is_none_or(|s| s <= stamp) {
            let before = vault::pupil_card(tx, v, pupil)?;
            let new = card(&line, before.as_ref());
            if before.as_ref().is_some_and(|b| is_the_same(b, &new)) {
                vault::renew_card(tx, pupil, stamp)?;
            } else {
                vault::put_card(tx, v, pupil, &new, stamp)?;
            }
            let contacts = contacts(&line);
            // An export without a single contact does not know them: it does not take them away.
            if !contacts.is_empty() && before.is_none_or(|b| b.contacts != contacts) {
                vault::put_contacts(tx, v, pupil, &contacts)?;
            }
        }
        let row = RegisterRow {
            stamp,
            arrived_at: now,
            row_no: line.row_no,
            through: None,
            pupil,
            school: school.clone(),
            class: line.pupil.class.clone(),
            grade: line.grade,
            standing: line.standing,
            status_until: line.status_until,
            status_basis: line.status_basis.is_some(),
            enrolled_on: line.enrolled_on,
            left_on: line.left_on,
            boarding: line.boarding,
            sex: line.sex,
            birth_date: line.birth_date,
            groups: line.groups.clone(),
        };
        if register::put_row(tx, v, &row)? {
            deliveries::mark_pupil(tx, pupil, now)?;
        }
    }
    for (school, rows) in &schools {
        deliveries::put_date(tx, stamp.delivery, school, stamp.stated_at.date(), false, *rows)?;
    }
    mark_changes(tx, collected.calendar, &collected.roster, now)
}

/// Marks whom an export changes by what it says or no longer says: those of whom the register says something else than
/// before, and those of the classes that they came into or went out of, since a row covers the class of its pupil.
pub fn mark_changes(tx: &Transaction, calendar: &Calendar, before: &Roster, now: Time) -> Result<(), StoreError> {
    let after = super::collect::roster(tx, calendar)?;
    let (pupils, classes) = after.differs_from(before);
    for m in after.members() {
        let in_class = || m.segments().iter().flat_map(Segment::classes).any(|no| classes.contains(&no));
        if pupils.contains(&m.pupil) || !classes.is_empty() && in_class() {
            deliveries::mark_pupil(tx, m.pupil, now)?;
        }
    }
    Ok(())
}

/// What the row does not say stays as it was.
fn card(line: &RegisterLine, before: Option<&vault::PupilCard>) -> Card {
    let keep = |new: &Option<String>, old: Option<&Option<String>>| new.clone().or_else(|| old.cloned().flatten());
    Card {
        student_no: keep(&line.pupil.student_no, before.map(|b| &b.student_no)),
        id_number: keep(&line.pupil.id_number, before.map(|b| &b.id_number)),
        name: line.pupil.name.clone().or_else(|| before.map(|b| b.name.clone())).unwrap_or_default(),
        household_township: keep(&line.household_township, before.map(|b| &b.household_township)),
        household_address: keep(&line.household_address, before.map(|b| &b.household_address)),
        status_basis: line.status_basis.clone(),
    }
}

fn is_the_same(before: &vault::PupilCard, card: &Card) -> bool {
    before.student_no == card.student_no
        && before.id_number == card.id_number
        && before.name == card.name
        && before.household_township == card.household_township
        && before.household_address == card.household_address
        && before.status_basis == card.status_basis
}

fn contacts(line: &RegisterLine) -> Vec<ContactCard> {
    let named = line.contacts.iter().filter(|c| c.name.is_some() || c.phone.is_some() || c.email.is_some());
    named
        .zip(0..)
        .map(|(c, position)| ContactCard {
            name: c.name.clone(),
            relation: c.relation.clone(),
            phone: c.phone.clone(),
            email: c.email.clone(),
            is_carer: c.is_carer,
            position,
        })
        .collect()
}

/// Pupils who are missing without a word, for each register source: nobody leaves the register by silence.
pub fn conditions(tx: &Transaction, policy: &Policy, now: Time) -> Result<(), StoreError> {
    for source in policy.sources.iter().filter(|s| s.content == Content::Register) {
        let missing = silent(tx, &source.id)?;
        if missing.is_empty() {
            deliveries::clear_condition(tx, &source.id, ConditionKind::RosterShrunk)?;
        } else {
            let detail = serde_json::json!({ "pupils": missing }).to_string();
            deliveries::set_condition(tx, &source.id, ConditionKind::RosterShrunk, now, &detail)?;
        }
    }
    Ok(())
}

fn silent(conn: &Connection, source: &SourceId) -> Result<Vec<PupilId>, StoreError> {
    let mut out = Vec::new();
    for school in register::schools_of(conn, source.as_str())? {
        let Some(latest) = register::latest_export(conn, &school)? else { continue };
        for l in register::last_rows(conn, &school)?.into_iter().filter(|l| l.stays) {
            if !register::lists(conn, latest, l.pupil)? {
                out.push(l.pupil);
            }
        }
    }
    Ok(out)
}
