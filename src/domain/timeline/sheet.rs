//! Presence lists as bits (rules.md §5): for each school one row of bits a pupil, one bit a list, so that a day on which a
//! pupil stands on the lists and nothing else is said is told by one look.

use super::resolve::{Rank, Seen, SourceStart, Statements, TimelineFault};
use super::roster::{ClassNo, Roster};
use super::{PRESENT, Record, set_of, spread};
use crate::domain::Date;
use crate::domain::calendar::{Calendar, Periods, TrackId};
use crate::domain::evidence::{DeliveryFacts, Evidence, Sheet};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{ClassName, PupilId, SlotName};
use crate::domain::policy::CoverageKind;

/// One list, of one school.
struct List {
    /// Of its stamp.
    order: u32,
    source: u16,
    slot: SlotName,
    /// On the school's own timetable.
    periods: Periods,
}

/// The lists of one school and who stands on them.
#[derive(Default)]
pub(super) struct Lists {
    lists: Vec<List>,
    /// For each day of the calendar: its first list; one more at the end.
    starts: Vec<u32>,
    /// Everybody whom the register ever has at the school: index in the roster, ascending.
    members: Vec<u32>,
    /// Their references, and the class of those who never moved.
    pupils: Vec<PupilId>,
    classes: Vec<ClassNo>,
    words: usize,
    bits: Vec<u64>,
}

/// Of a pupil who has moved: the register says the class day by day.
const MOVED: ClassNo = ClassNo(u32::MAX);

impl Lists {
    /// The bits of a member of the roster.
    pub(super) fn row(&self, member: usize) -> Option<&[u64]> {
        let member = u32::try_from(member).ok()?;
        let i = self.members.binary_search(&member).ok()?;
        self.bits.get(i * self.words..(i + 1) * self.words)
    }

    /// The lists of a day, by its number in the calendar, on which the row stands.
    fn on<'a>(&'a self, row: &'a [u64], day: u32) -> impl Iterator<Item = &'a List> {
        let day = day as usize;
        let range = match (self.starts.get(day), self.starts.get(day + 1)) {
            (Some(a), Some(b)) => *a as usize..*b as usize,
            _ => 0..0,
        };
        range.filter(|j| row.get(j / 64).is_some_and(|w| w >> (j % 64) & 1 != 0)).map(|j| &self.lists[j])
    }

    /// What the lists of a day say by themselves.
    pub(super) fn say(&self, row: &[u64], planned: &Planned, replaceable: &[bool]) -> Say {
        let (mut rest, mut any) = (planned.periods, false);
        for l in self.on(row, planned.day) {
            if replaceable[usize::from(l.source)] {
                return Say::Part;
            }
            rest &= !l.periods;
            any = true;
        }
        match (rest, any) {
            (0, _) => Say::Present,
            (_, false) => Say::Nothing,
            _ => Say::Part,
        }
    }
}

/// What lists say of a pupil's day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Say {
    /// Present all day, and nothing could take it back.
    Present,
    Nothing,
    /// It must be looked at.
    Part,
}

/// A day with lessons, as it is when nobody is away.
#[derive(Clone, Copy)]
pub(super) struct Planned {
    pub(super) record: Record,
    pub(super) periods: Periods,
    /// Its number in the calendar.
    pub(super) day: u32,
}

/// The days with lessons, up to a date, of every track that somebody is on.
pub(super) fn plans(calendar: &Calendar, roster: &Roster, until: Date) -> Vec<Vec<Planned>> {
    let mut out = vec![Vec::new(); calendar.track_count()];
    let (Some(first), Some(last)) = (calendar.first_day(), calendar.last_day()) else { return out };
    let mut on: Vec<Option<(TrackId, usize)>> = vec![None; out.len()];
    for segment in roster.members().iter().flat_map(|m| m.segments()) {
        if let (Some(track), Some(school)) = (segment.track, segment.school) {
            on[usize::from(track.0)] = Some((track, school));
        }
    }
    for (track, school) in on.into_iter().flatten() {
        let days = &mut out[usize::from(track.0)];
        for (day, date) in first.iter_days().take_while(|d| *d <= last.min(until)).enumerate() {
            let periods = calendar.periods(track, date);
            if periods != 0 {
                days.push(planned(calendar, track, school, date, periods, day));
            }
        }
    }
    out
}

fn planned(c: &Calendar, track: TrackId, school: usize, date: Date, periods: Periods, day: usize) -> Planned {
    let word = spread(periods, PRESENT);
    let record = Record {
        date,
        word,
        leave_until: None,
        school: u16::try_from(school).unwrap_or(u16::MAX),
        segment: 0,
        track,
        term: c.term_no(track, date),
        is_day: c.is_day(track, date),
        set: set_of(word),
    };
    Planned { record, periods, day: u32::try_from(day).unwrap_or(u32::MAX) }
}

/// A list with what its delivery says.
type Stated<'a> = (&'a Sheet, &'a DeliveryFacts, u32, u16);

impl<'a> Statements<'a> {
    /// Reads the lists: who stands on them, and which classes they cover.
    pub(super) fn sheets(&mut self, evidence: &'a Evidence) {
        let mut by_school: Vec<Vec<Stated>> = vec![Vec::new(); self.calendar.schools().len()];
        for s in &evidence.sheets {
            if let (Some((facts, order, source)), Some(school)) =
                (self.delivery(s.delivery), self.calendar.school_index(&s.school))
            {
                by_school[school].push((s, facts, order, source));
            }
        }
        let mut lists: Vec<Lists> = by_school.iter().map(|_| Lists::default()).collect();
        for (m, member) in self.roster.members().iter().enumerate() {
            let m = u32::try_from(m).unwrap_or(u32::MAX);
            let all = member.segments();
            let stays =
                all.iter().all(|s| s.also.is_empty() && s.school == all[0].school && s.class_no == all[0].class_no);
            for segment in all {
                for school in segment.school.into_iter().chain(segment.also.iter().map(|(s, _)| *s)) {
                    let l = &mut lists[school];
                    if by_school[school].is_empty() || l.members.last() == Some(&m) {
                        continue;
                    }
                    l.members.push(m);
                    l.pupils.push(member.pupil);
                    l.classes.push(if stays { segment.class_no } else { MOVED });
                }
            }
        }
        for (school, mut sheets) in by_school.into_iter().enumerate() {
            sheets.sort_by_key(|(s, _, order, _)| (s.date, *order));
            self.school(school, &sheets, &mut lists[school]);
        }
        self.lists = lists;
    }

    fn school(&mut self, school: usize, sheets: &[Stated], lists: &mut Lists) {
        let mut first_of: Vec<(u16, Date, Vec<ClassName>)> = Vec::new();
        let (first, last) = (self.calendar.first_day(), self.calendar.last_day());
        lists.words = sheets.len().div_ceil(64);
        lists.bits = vec![0; lists.words * lists.members.len()];
        if let (Some(first), Some(last)) = (first, last) {
            let days = first.iter_days().take_while(|d| *d <= last);
            let start = |d: Date| u32::try_from(sheets.partition_point(|(s, ..)| s.date < d)).unwrap_or(u32::MAX);
            lists.starts = days.map(start).collect();
            lists.starts.push(u32::try_from(sheets.partition_point(|(s, ..)| s.date <= last)).unwrap_or(u32::MAX));
        }
        // By class: what the list at hand covers of it.
        let mut covers: Vec<Periods> = vec![0; self.roster.class_count()];
        let mut touched: Vec<ClassNo> = Vec::new();
        for (n, (sheet, facts, order, source)) in sheets.iter().enumerate() {
            if !sheet.present.is_empty() {
                match first_of.iter_mut().find(|(s, ..)| s == source) {
                    Some((_, d, _)) => *d = (*d).min(sheet.date),
                    None => first_of.push((*source, sheet.date, facts.classes.clone())),
                }
            }
            let slot = sheet.slot.as_str();
            let own = self.calendar.frame_of(school).slot(slot).unwrap_or(0);
            let (word, bit) = (n / 64, 1 << (n % 64));
            let mut at = 0;
            let mut last_class = MOVED;
            for pupil in sheet.present.iter() {
                // Both ascend.
                while lists.pupils.get(at).is_some_and(|p| *p < pupil) {
                    at += 1;
                }
                let listed = lists.pupils.get(at) == Some(&pupil);
                if listed && lists.classes[at] != MOVED {
                    let class = lists.classes[at];
                    if class != last_class {
                        last_class = class;
                        touch(class, own, &mut covers, &mut touched);
                    }
                    lists.bits[at * lists.words + word] |= bit;
                    continue;
                }
                let Some(m) = self.roster.index_of(pupil) else { continue };
                let segment = self.roster.members()[m].at(sheet.date);
                let Some(class) = Self::class_at(segment, school).filter(|_| listed) else {
                    self.faults.insert(TimelineFault {
                        delivery: sheet.delivery,
                        row_no: None,
                        pupil,
                        date: sheet.date,
                        kind: FaultKind::ForeignPupil,
                    });
                    continue;
                };
                touch(class, self.slot(segment, slot), &mut covers, &mut touched);
                last_class = MOVED;
                lists.bits[at * lists.words + word] |= bit;
            }
            for class in touched.drain(..) {
                let periods = std::mem::take(&mut covers[class.0 as usize]);
                if facts.coverage == CoverageKind::Full {
                    self.covered(class, sheet.date, *order, *source, facts.replaces, periods);
                }
            }
            lists.lists.push(List { order: *order, source: *source, slot: sheet.slot.clone(), periods: own });
        }
        let id = self.calendar.frame_of(school).id.clone();
        for (_, first, classes) in first_of {
            self.cover.starts.push(SourceStart { school: id.clone(), classes, first });
        }
    }

    /// What the lists of a school say of a pupil on a day; `own`: the school whose timetable the pupil follows.
    pub(super) fn on_lists(
        &self,
        school: usize,
        row: &[u64],
        own: usize,
        planned: &Planned,
        out: &mut Vec<(Date, Seen)>,
    ) {
        for l in self.lists[school].on(row, planned.day) {
            let periods =
                if own == school { l.periods } else { self.calendar.frame_of(own).slot(l.slot.as_str()).unwrap_or(0) };
            if periods != 0 {
                let seen = Seen {
                    rank: (Rank::Export, l.order, 0),
                    periods,
                    school: u16::try_from(school).ok(),
                    source: l.source,
                    code: PRESENT,
                    leave: false,
                    leave_until: None,
                };
                out.push((planned.record.date, seen));
            }
        }
    }
}

/// A class may be listed for a slot that its day does not have: it is noted all the same.
fn touch(class: ClassNo, periods: Periods, covers: &mut [Periods], touched: &mut Vec<ClassNo>) {
    let c = &mut covers[class.0 as usize];
    if *c == 0 && !touched.contains(&class) {
        touched.push(class);
    }
    *c |= periods;
}
