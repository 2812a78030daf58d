//! Whom a delivery of attendance changes: only a pupil for whom another statement counts than before is marked, so that a
//! month file sent every day costs nothing. Looks at one school and date at a time; writes nothing.

use super::collect::{Collected, Stated};
use crate::domain::Date;
use crate::domain::calendar::{Calendar, Periods};
use crate::domain::evidence::Stamp;
use crate::domain::ids::{ClassName, PupilId, SchoolId, SlotName, SourceId, StatusId};
use crate::domain::policy::{CoverageKind, Policy, Replaces, Source};
use crate::domain::timeline::{ClassNo, Roster, Segment};
use crate::store::statements::{From, Said, of_day};
use crate::store::{Connection, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// What a delivery changes.
#[derive(Default)]
pub struct Change {
    pub pupils: BTreeSet<PupilId>,
    pub classes: BTreeSet<(SchoolId, ClassName)>,
    /// Dates of an exceptions list, by school.
    pub stated: BTreeSet<(SchoolId, Date)>,
    /// The date with the greatest share of absences that were not known before: the date, absent, of.
    pub absent: Option<(Date, u32, u32)>,
}

/// Compares what counts before and after the delivery, day by day.
pub fn plan(
    conn: &Connection,
    source: &Source,
    collected: &Collected,
    stamp: Stamp,
    file_states: &BTreeSet<Date>,
) -> Result<Change, StoreError> {
    let mut change = Change::default();
    let mut days: BTreeSet<(SchoolId, Date)> = collected.dates.keys().cloned().collect();
    if source.coverage == CoverageKind::Exceptions {
        let mut schools: BTreeSet<SchoolId> = collected.dates.keys().map(|(s, _)| s.clone()).collect();
        schools.extend(source.school.clone());
        for school in schools {
            for date in file_states.iter().filter(|d| **d <= stamp.stated_at.date()) {
                days.insert((school.clone(), *date));
            }
        }
        change.stated = days.clone();
    }
    for (school, date) in days {
        let rows = rows_of(collected, &school, date)?;
        day(conn, source, collected, stamp, &school, date, &rows, &mut change)?;
    }
    Ok(change)
}

/// The delivery's rows about a school and date, by pupil and row.
pub fn rows_of(collected: &Collected, school: &SchoolId, date: Date) -> Result<Vec<Stated>, StoreError> {
    match collected.schools.iter().position(|s| s == school).and_then(|n| u16::try_from(n).ok()) {
        Some(no) => Ok(collected.stated.day(no, date)?),
        None => Ok(Vec::new()),
    }
}

fn day(
    conn: &Connection,
    source: &Source,
    collected: &Collected,
    stamp: Stamp,
    school: &SchoolId,
    date: Date,
    rows: &[Stated],
    change: &mut Change,
) -> Result<(), StoreError> {
    let (from, said) = of_day(conn, school, date)?;
    let scope = format!(
        "{}{}",
        serde_json::to_string(&source.classes).unwrap_or_default(),
        serde_json::to_string(&source.slots).unwrap_or_default()
    );
    let (mut from_then, mut said_then) = (from.clone(), said.clone());
    from_then.push(From {
        stamp,
        source: source.id.clone(),
        coverage: source.coverage,
        replaces: source.replaces,
        scope,
        stated: source.coverage == CoverageKind::Exceptions,
    });
    said_then.extend(rows.iter().map(|r| Said {
        stamp,
        row_no: r.row_no,
        pupil: r.pupil,
        slot: collected.slots[usize::from(r.slot)].clone(),
        status: collected.statuses[usize::from(r.status)].clone(),
        leave_until: leave_until(collected, r),
    }));
    let two = Two { before: (&from, &said), after: (&from_then, &said_then) };
    let is_excused = |status: &StatusId| is_excused(collected.policy, status);
    let (before, after) =
        weigh(collected.calendar, &collected.roster, school, date, stamp, &source.classes, &two, &is_excused, change);
    look_for_absence(source, collected, school, date, rows, &before, &after, change);
    Ok(())
}

/// All that is said of a day before a delivery and with it.
pub struct Two<'a> {
    pub before: (&'a [From], &'a [Said]),
    pub after: (&'a [From], &'a [Said]),
}

/// Whom the delivery of that stamp changes on one day of a school; what counted before and what counts with it.
/// `classes`: those that it covers (none: all).
pub fn weigh(
    calendar: &Calendar,
    roster: &Roster,
    school: &SchoolId,
    date: Date,
    stamp: Stamp,
    classes: &[ClassName],
    two: &Two,
    is_excused: &dyn Fn(&StatusId) -> bool,
    change: &mut Change,
) -> (Standing, Standing) {
    let frame = calendar.school_index(school).map(|i| calendar.frame_of(i));
    // Slots that the school does not have overlap with everything.
    let periods = |slot: &SlotName| frame.and_then(|f| f.slot(slot.as_str())).unwrap_or(u16::MAX);
    let class = |p: PupilId| class_in(roster, roster.at(p, date)?, school);
    let before = standing(two.before.0, two.before.1, &periods, &class, is_excused);
    let after = standing(two.after.0, two.after.1, &periods, &class, is_excused);
    let mut changed = BTreeSet::new();
    for p in before.keys().chain(after.keys()) {
        if before.get(p) != after.get(p) {
            changed.insert(*p);
        }
    }
    // A class that is covered now and was not: those whom nobody names are not listed now, or present.
    let covered_before = cover(two.before.0, two.before.1, roster, school, date);
    for (class, _) in cover(two.after.0, two.after.1, roster, school, date).difference(&covered_before) {
        mark_class(roster, *class, date, change, &mut changed);
    }
    let own = two.after.0.iter().find(|f| f.stamp == stamp).filter(|f| f.coverage == CoverageKind::Exceptions);
    let same = |f: &From, own: &From| f.stated && f.coverage == CoverageKind::Exceptions && f.scope == own.scope;
    if own.is_some_and(|own| !two.before.0.iter().any(|f| same(f, own))) {
        // Those whom this school lists beside another one too.
        for m in roster.members().iter().filter(|m| m.at(date).expected) {
            let Some(no) = class_in(roster, m.at(date), school) else { continue };
            let class = roster.class_of(no).1;
            if classes.is_empty() || class.is_some_and(|c| classes.contains(c)) {
                changed.insert(m.pupil);
                if let Some(c) = class {
                    change.classes.insert((school.clone(), c.clone()));
                }
            }
        }
    }
    for p in changed {
        if let Some(c) = roster.at(p, date).filter(|s| s.school_id == *school).and_then(|s| s.class.clone()) {
            change.classes.insert((school.clone(), c));
        }
        change.pupils.insert(p);
    }
    (before, after)
}

/// The class in which a school has a pupil, be it beside another school.
fn class_in(roster: &Roster, at: &Segment, school: &SchoolId) -> Option<ClassNo> {
    if at.school_id == *school {
        return Some(at.class_no);
    }
    at.also.iter().map(|(_, no)| *no).find(|no| roster.class_of(*no).0 == school)
}

fn leave_until(collected: &Collected, r: &Stated) -> Option<Date> {
    let i = usize::try_from(r.extra).ok()?.checked_sub(1)?;
    collected.extras.get(i)?.leave_until
}

fn mark_class(roster: &Roster, class: ClassNo, date: Date, change: &mut Change, changed: &mut BTreeSet<PupilId>) {
    let (school, name) = roster.class_of(class);
    if let Some(n) = name {
        change.classes.insert((school.clone(), n.clone()));
    }
    for m in roster.members() {
        let at = m.at(date);
        if at.class_no == class || at.also.iter().any(|(_, no)| *no == class) {
            changed.insert(m.pupil);
        }
    }
}

fn look_for_absence(
    source: &Source,
    collected: &Collected,
    school: &SchoolId,
    date: Date,
    rows: &[Stated],
    before: &Standing,
    after: &Standing,
    change: &mut Change,
) {
    let mut absent = BTreeSet::new();
    let mut listed = BTreeSet::new();
    for r in rows {
        listed.insert(r.pupil);
        if collected.is_absent[usize::from(r.status)] && before.get(&r.pupil) != after.get(&r.pupil) {
            absent.insert(r.pupil);
        }
    }
    let of = match source.coverage {
        CoverageKind::Full => listed.len(),
        CoverageKind::Exceptions => collected
            .roster
            .expected_in(school, None, date)
            .filter(|m| {
                source.classes.is_empty() || m.at(date).class.as_ref().is_some_and(|c| source.classes.contains(c))
            })
            .count()
            .max(listed.len()),
    };
    let (n, of) = (u32::try_from(absent.len()).unwrap_or(u32::MAX), u32::try_from(of).unwrap_or(u32::MAX));
    let greater = |(_, a, b): (Date, u32, u32)| u64::from(n) * u64::from(b) > u64::from(a) * u64::from(of);
    if n > 0 && change.absent.is_none_or(greater) {
        change.absent = Some((date, n, of));
    }
}

/// What counts for each pupil: the latest statement of each slot, in the order in which they were made (a later one
/// about the whole day leaves nothing of the earlier ones).
pub type Standing = BTreeMap<PupilId, Vec<Stands>>;

/// A statement that counts: its slot and status, an end of leave, and the periods in which it was replaced.
pub type Stands = (SlotName, StatusId, Option<Date>, Periods);

/// What newer deliveries of full exports with `replaces: day` are the whole statement about, by source and class.
type Replaced<'a> = BTreeMap<(&'a SourceId, ClassNo), BTreeMap<Stamp, Periods>>;

fn standing(
    from: &[From],
    said: &[Said],
    periods: &dyn Fn(&SlotName) -> Periods,
    class: &dyn Fn(PupilId) -> Option<ClassNo>,
    is_excused: &dyn Fn(&StatusId) -> bool,
) -> Standing {
    let by_stamp: BTreeMap<Stamp, &From> = from.iter().map(|f| (f.stamp, f)).collect();
    // Lists of exceptions say themselves what they cover; of full exports each row covers the class of its pupil.
    let gone: BTreeSet<Stamp> = from
        .iter()
        .filter(|f| {
            from.iter().any(|o| {
                (o.replaces, o.coverage) == (Replaces::Day, CoverageKind::Exceptions)
                    && (&o.source, &o.scope) == (&f.source, &f.scope)
                    && o.stamp > f.stamp
            })
        })
        .map(|f| f.stamp)
        .collect();
    let mut replaced = Replaced::new();
    if from.iter().any(|f| (f.replaces, f.coverage) == (Replaces::Day, CoverageKind::Full)) {
        for s in said {
            let Some(f) = by_stamp.get(&s.stamp) else { continue };
            if (f.replaces, f.coverage) == (Replaces::Day, CoverageKind::Full)
                && let Some(class) = class(s.pupil)
            {
                *replaced.entry((&f.source, class)).or_default().entry(s.stamp).or_default() |= periods(&s.slot);
            }
        }
    }
    let replaced_of = |s: &Said| -> Periods {
        if replaced.is_empty() {
            return 0;
        }
        let Some((f, class)) = by_stamp.get(&s.stamp).zip(class(s.pupil)) else { return 0 };
        let newer = replaced.get(&(&f.source, class)).into_iter().flatten().filter(|(stamp, _)| **stamp > s.stamp);
        newer.fold(0, |m, (_, p)| m | p) & periods(&s.slot)
    };
    let mut order: Vec<&Said> = said.iter().filter(|s| !gone.contains(&s.stamp)).collect();
    order.sort_by_key(|s| (s.pupil, s.stamp, s.row_no));
    let mut out = Standing::new();
    for s in order {
        let replaced = replaced_of(s);
        if replaced == periods(&s.slot) && replaced != 0 {
            continue;
        }
        let now = out.entry(s.pupil).or_default();
        // An end of leave outlasts later rows that name none, as long as the child stays excused.
        let named = now.iter().filter_map(|(.., until, _)| *until).max();
        let until = s.leave_until.or(named.filter(|_| is_excused(&s.status)));
        // Where a statement was replaced, what another source said before it counts again.
        if replaced == 0 && s.slot == *"day" {
            now.clear();
        } else if replaced == 0 {
            now.retain(|(slot, ..)| *slot != s.slot);
        }
        now.push((s.slot.clone(), s.status.clone(), until, replaced));
        // Of statements about different times it says nothing which was made first, and presences are stored without
        // their place in the file.
        let mut i = now.len() - 1;
        while i > 0 && now[i].0 < now[i - 1].0 && periods(&now[i].0) & periods(&now[i - 1].0) == 0 {
            now.swap(i, i - 1);
            i -= 1;
        }
    }
    out
}

/// Classes and slots that full exports cover.
fn cover(
    from: &[From],
    said: &[Said],
    roster: &Roster,
    school: &SchoolId,
    date: Date,
) -> BTreeSet<(ClassNo, SlotName)> {
    let full: BTreeSet<Stamp> = from.iter().filter(|f| f.coverage == CoverageKind::Full).map(|f| f.stamp).collect();
    let mut out = BTreeSet::new();
    for s in said.iter().filter(|s| full.contains(&s.stamp)) {
        if let Some(no) = roster.at(s.pupil, date).and_then(|at| class_in(roster, at, school)) {
            let key = (no, s.slot.clone());
            if !out.contains(&key) {
                out.insert(key);
            }
        }
    }
    out
}

/// The status is one of those that `excused` means.
pub fn is_excused(policy: &Policy, status: &StatusId) -> bool {
    policy.status(status).is_some_and(|s| s.sets.iter().any(|x| x == "excused"))
}

/// The status is one of those that `absent` means.
pub fn is_absent(policy: &Policy, status: &StatusId) -> bool {
    policy.status(status).is_some_and(|s| s.sets.iter().any(|x| x == "absent"))
}
