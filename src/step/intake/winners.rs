//! Whom a delivery of attendance changes: only a pupil for whom another statement counts than before is marked, so that a
//! month file sent every day costs nothing. Looks at one school and date at a time; writes nothing.

use super::collect::{Collected, Stated};
use crate::domain::calendar::{Calendar, Periods};
use crate::domain::evidence::Stamp;
use crate::domain::ids::{ClassName, PupilId, SchoolId, SlotName, SourceId, StatusId};
use crate::domain::policy::{CoverageKind, Policy, Replaces, Source};
use crate::domain::timeline::{ClassNo, Roster, Segment};
use crate::domain::{Date, Time};
use crate::store::statements::{From, Said, leaves_on, of_day};
use crate::store::{Connection, StoreError, Transaction, deliveries};
use std::collections::{BTreeMap, BTreeSet};

/// What a delivery changes.
#[derive(Default)]
pub struct Change {
    pub pupils: BTreeSet<PupilId>,
    /// Rules about classes and schools may find something else.
    pub groups: bool,
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
    let (mut from_then, mut said_then) = (from.clone(), said.clone());
    from_then.push(From {
        stamp,
        source: source.id.clone(),
        coverage: source.coverage,
        replaces: source.replaces,
        classes: source.classes.clone(),
        slots: source.slots.clone(),
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
    let two = Two { before: (&from, &said), after: (&from_then, &said_then), leaves: &leaves_on(conn, date)? };
    let is_excused = |status: &StatusId| is_excused(collected.policy, status);
    let (before, after) =
        weigh(collected.calendar, &collected.roster, school, date, Some(stamp), &two, &is_excused, change);
    look_for_absence(source, collected, school, date, rows, &before, &after, change);
    Ok(())
}

/// All that is said of a day before a delivery and with it.
pub struct Two<'a> {
    pub before: (&'a [From], &'a [Said]),
    pub after: (&'a [From], &'a [Said]),
    /// Whose leave takes in the day, and when that was stated.
    pub leaves: &'a [(PupilId, Stamp)],
}

/// Whom a change of what is said of one day of a school changes; what counted before and what counts with it.
/// `stamp`: of the delivery that is new, if one is.
pub fn weigh(
    calendar: &Calendar,
    roster: &Roster,
    school: &SchoolId,
    date: Date,
    stamp: Option<Stamp>,
    two: &Two,
    is_excused: &dyn Fn(&StatusId) -> bool,
    change: &mut Change,
) -> (Standing, Standing) {
    let frame = calendar.school_index(school).map(|i| calendar.frame_of(i));
    // Slots that the school does not have overlap with everything.
    let periods = |slot: &SlotName| frame.and_then(|f| f.slot(slot.as_str())).unwrap_or(u16::MAX);
    let name = |no: ClassNo| roster.class_of(no).1;
    let mut changed = BTreeSet::new();
    let mut classes_changed: BTreeSet<ClassNo> = BTreeSet::new();
    // Whether a register row of the day itself says where the pupil is depends on the first row for the pupil on that day:
    // whoever moves on that day is looked at in both places.
    let eve = date.pred_opt().unwrap_or(date);
    let both = [date, eve];
    let moves = |p: PupilId| roster.member_of(p).filter(|m| !m.at(date).classes().eq(m.at(eve).classes()));
    let mut stands = None;
    for on in if two.after.1.iter().any(|s| moves(s.pupil).is_some()) { &both[..] } else { &both[..1] } {
        let class = |p: PupilId| classes_of(roster, roster.at(p, *on)?, school).next();
        let before = standing(two.before.0, two.before.1, &periods, &class, &name, is_excused);
        let after = standing(two.after.0, two.after.1, &periods, &class, &name, is_excused);
        changed.extend(before.keys().chain(after.keys()).filter(|p| before.get(p) != after.get(p)));
        // A class that is covered now and was not: those whom nobody names are not listed now, or present.
        let covered_before = cover(two.before.0, two.before.1, roster, school, *on);
        let covered = cover(two.after.0, two.after.1, roster, school, *on);
        classes_changed.extend(covered.difference(&covered_before).map(|(no, _)| *no));
        stands.get_or_insert((before, after));
    }
    // What is said again after leave was stated goes before it, though it is the same as what was said before it.
    for r in two.after.1 {
        let from = two.leaves.partition_point(|(p, _)| *p < r.pupil);
        let of_pupil =
            two.leaves[from..].iter().take_while(|(p, _)| *p == r.pupil).filter(|(_, stated)| *stated < r.stamp);
        let repeated =
            |after: Stamp| two.before.1.iter().any(|b| (b.pupil, &b.slot) == (r.pupil, &r.slot) && b.stamp > after);
        if of_pupil.clone().any(|(_, stated)| !repeated(*stated)) {
            changed.insert(r.pupil);
        }
    }
    let (first_then, first_now) = (first_of(two.before.1), first_of(two.after.1));
    for (p, _) in first_now.iter().filter(|(p, first)| first_then.get(p) != Some(first)) {
        if let Some(m) = moves(*p) {
            changed.insert(*p);
            classes_changed.extend(both.iter().flat_map(|on| m.at(*on).classes()));
        }
    }
    let list = |f: &From| f.stated && f.coverage == CoverageKind::Exceptions;
    let own = two.after.0.iter().find(|f| Some(f.stamp) == stamp);
    let same = |f: &From, own: &From| list(f) && (&f.classes, &f.slots) == (&own.classes, &own.slots);
    let new_list = own.filter(|own| list(own) && !two.before.0.iter().any(|f| same(f, own)));
    if new_list.is_some() || !classes_changed.is_empty() {
        for m in roster.members() {
            for at in both.iter().map(|on| m.at(*on)) {
                let listed = |no: ClassNo| {
                    new_list.is_some_and(|l| l.classes.is_empty() || name(no).is_some_and(|c| l.classes.contains(c)))
                };
                if at.classes().any(|no| classes_changed.contains(&no))
                    || at.expected && classes_of(roster, at, school).any(listed)
                {
                    changed.insert(m.pupil);
                }
            }
        }
    }
    // What comes late between others says what was corrected, and when, even if it counts no more; and a source is asked
    // for the days from the first of which it has said anything.
    let late = two.after.0.iter().any(|f| stamp.is_none_or(|s| f.stamp > s));
    let first = own.is_some_and(|own| !two.before.0.iter().any(|f| f.source == own.source));
    change.groups |= late || first || !changed.is_empty();
    change.pupils.extend(changed);
    stands.unwrap_or_default()
}

/// Rows of earlier deliveries that belong to pupils only now: whom they change. `put` writes the rows of those days.
pub fn given(
    tx: &Transaction,
    policy: &Policy,
    calendar: &Calendar,
    roster: &Roster,
    days: &BTreeSet<(SchoolId, Date)>,
    put: impl FnOnce() -> Result<(), StoreError>,
) -> Result<Change, StoreError> {
    let mut before = Vec::with_capacity(days.len());
    for (school, date) in days {
        before.push(of_day(tx, school, *date)?);
    }
    put()?;
    let mut change = Change::default();
    let is_excused = |status: &StatusId| is_excused(policy, status);
    for ((school, date), (from, said)) in days.iter().zip(&before) {
        let (from_then, said_then) = of_day(tx, school, *date)?;
        let two = Two { before: (from, said), after: (&from_then, &said_then), leaves: &leaves_on(tx, *date)? };
        weigh(calendar, roster, school, *date, None, &two, &is_excused, &mut change);
    }
    Ok(change)
}

impl Change {
    pub fn mark(&self, tx: &Transaction, now: Time) -> Result<(), StoreError> {
        for pupil in &self.pupils {
            deliveries::mark_pupil(tx, *pupil, now)?;
        }
        if self.groups {
            deliveries::mark_groups(tx, now)?;
        }
        Ok(())
    }
}

fn leave_until(collected: &Collected, r: &Stated) -> Option<Date> {
    let i = usize::try_from(r.extra).ok()?.checked_sub(1)?;
    collected.extras.get(i)?.leave_until
}

/// When each pupil is first spoken of.
fn first_of(said: &[Said]) -> BTreeMap<PupilId, Stamp> {
    let mut first = BTreeMap::new();
    for s in said {
        let at = first.entry(s.pupil).or_insert(s.stamp);
        *at = s.stamp.min(*at);
    }
    first
}

/// The classes of a school in which a pupil is listed: of two schools, too, that both list the pupil (借读).
fn classes_of<'a>(roster: &'a Roster, at: &'a Segment, school: &'a SchoolId) -> impl Iterator<Item = ClassNo> + 'a {
    at.classes().filter(move |no| roster.class_of(*no).0 == school)
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

fn standing<'a>(
    from: &[From],
    said: &[Said],
    periods: &dyn Fn(&SlotName) -> Periods,
    class: &dyn Fn(PupilId) -> Option<ClassNo>,
    name: &dyn Fn(ClassNo) -> Option<&'a ClassName>,
    is_excused: &dyn Fn(&StatusId) -> bool,
) -> Standing {
    let by_stamp: BTreeMap<Stamp, &From> = from.iter().map(|f| (f.stamp, f)).collect();
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
    // Lists of exceptions say themselves what they cover; of full exports each row covers the class of its pupil.
    let lists: Vec<&From> = from
        .iter()
        .filter(|f| f.stated && (f.replaces, f.coverage) == (Replaces::Day, CoverageKind::Exceptions))
        .collect();
    for no in if lists.is_empty() { BTreeSet::new() } else { said.iter().filter_map(|s| class(s.pupil)).collect() } {
        for f in lists.iter().filter(|f| f.classes.is_empty() || name(no).is_some_and(|n| f.classes.contains(n))) {
            let covered = if f.slots.is_empty() { Periods::MAX } else { f.slots.iter().fold(0, |m, s| m | periods(s)) };
            *replaced.entry((&f.source, no)).or_default().entry(f.stamp).or_default() |= covered;
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
    let mut order: Vec<&Said> = said.iter().collect();
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
        let Some(at) = roster.at(s.pupil, date) else { continue };
        for no in classes_of(roster, at, school) {
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
