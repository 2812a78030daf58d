//! From evidence to observations and coverage (rules.md §1): who says what about whom, in the order of stamps alone, never in
//! the order in which evidence is handed in. What counts of it is decided in `statement`.

use super::roster::{ClassNo, Member, Roster, Segment};
use super::{Code, EARLY_LEAVE, LATE, PRESENT, Statuses, Timeline};
use crate::domain::calendar::{Calendar, Periods};
use crate::domain::evidence::{DecisionKind, DeliveryFacts, Evidence, Stamp};
use crate::domain::fault::FaultKind;
use crate::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId, SlotName, SourceId};
use crate::domain::policy::{CoverageKind, Policy, Replaces};
use crate::domain::rule::ast::Cond;
use crate::domain::{Date, Time};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What an evaluation needs.
#[derive(Clone, Debug)]
pub struct Built {
    pub roster: Roster,
    pub timelines: BTreeMap<PupilId, Timeline>,
    pub faults: Vec<TimelineFault>,
    /// Dates on which any period of a class is covered.
    pub cover: ClassCover,
    /// Deliveries that turned unexcused periods into something else (only where a rule asks for them).
    pub corrections: Vec<Correction>,
    pub statuses: Arc<Statuses>,
}

/// An explicit row that states nothing, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimelineFault {
    pub delivery: DeliveryId,
    /// `None`: the pupil stands in the list of those present.
    pub row_no: Option<u32>,
    pub pupil: PupilId,
    pub date: Date,
    /// `ForeignPupil` or `NotASchoolDay`.
    pub kind: FaultKind,
}

/// From which day on a source has delivered anything for a school, and for which classes (none: all).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceStart {
    pub school: SchoolId,
    pub classes: Vec<ClassName>,
    pub first: Date,
}

/// Which classes were recorded when.
#[derive(Clone, Default, Debug)]
pub struct ClassCover {
    pub(super) full: HashMap<(ClassNo, Date), Cover>,
    pub(super) lists: HashMap<(SchoolId, Date), Vec<Listed>>,
    pub starts: Vec<SourceStart>,
}

#[derive(Clone, Default, Debug)]
pub(super) struct Cover {
    pub(super) all: Periods,
    pub(super) by: Vec<(u32, Periods)>,
}

/// An exceptions list that covers a school's date.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) order: u32,
    /// Empty: all of the school's.
    pub(super) classes: Vec<ClassName>,
    pub(super) slots: Vec<SlotName>,
}

/// One pupil's periods of one date, turned by one delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Correction {
    pub pupil: PupilId,
    pub date: Date,
    pub delivery: DeliveryId,
    pub stated_on: Date,
    pub periods: u32,
}

impl ClassCover {
    /// Any period of the day's `plan` is covered for the class.
    pub fn covers(
        &self,
        (calendar, roster): (&Calendar, &Roster),
        school: &SchoolId,
        class: Option<&ClassName>,
        date: Date,
        plan: Periods,
    ) -> bool {
        let full = roster.class_no(school, class).and_then(|no| self.full.get(&(no, date)));
        let of_class = |l: &&Listed| l.classes.is_empty() || class.is_some_and(|c| l.classes.contains(c));
        let frame = calendar.school_index(school).map(|i| calendar.frame_of(i));
        let periods = |l: &Listed| match frame {
            Some(f) if !l.slots.is_empty() => l.slots.iter().filter_map(|s| f.slot(s.as_str())).fold(0, |m, p| m | p),
            _ => Periods::MAX,
        };
        let lists = self.lists.get(&(school.clone(), date)).map_or(&[][..], Vec::as_slice);
        full.is_some_and(|c| c.all & plan != 0) || lists.iter().filter(of_class).any(|l| periods(l) & plan != 0)
    }
}

/// An observation of one pupil on one date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Order of the stamp, or of the decision; then the row.
    pub(super) rank: (Rank, u32, u32),
    pub(super) periods: Periods,
    /// The school that states it; decisions and leaves hold for all.
    pub(super) school: Option<u16>,
    pub(super) source: u16,
    pub(super) code: Code,
    pub(super) leave: bool,
    pub(super) leave_until: Option<Date>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    Export,
    Decision,
}

pub(super) const NO_SOURCE: u16 = u16::MAX;

pub(super) struct Builder<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) statuses: Arc<Statuses>,
    pub(super) roster: Roster,
    pub(super) deliveries: BTreeMap<DeliveryId, (&'a DeliveryFacts, u32, u16)>,
    pub(super) stamps: Vec<Stamp>,
    pub(super) cover: ClassCover,
    /// For each source, class and date: the deliveries that are its whole statement about some periods.
    pub(super) whole: HashMap<(u16, ClassNo, Date), Vec<(u32, Periods)>>,
    pub(super) whole_lists: HashMap<(SchoolId, Date), Vec<(u16, Listed)>>,
    pub(super) faults: BTreeSet<TimelineFault>,
}

/// Builds the roster, and the timelines of `pupils` up to `until` (included). `known_at`: only what was stated or recorded
/// by then.
pub fn build(
    policy: &Policy,
    calendar: &Calendar,
    evidence: &Evidence,
    pupils: &[PupilId],
    until: Date,
    known_at: Option<Time>,
) -> Built {
    let known = |t: Time| known_at.is_none_or(|k| t <= k);
    let mut stamps: Vec<Stamp> = evidence
        .deliveries
        .values()
        .map(|d| d.stamp)
        .chain(evidence.leaves.iter().map(|l| l.stamp))
        .filter(|s| known(s.stated_at))
        .collect();
    stamps.sort_unstable();
    stamps.dedup();
    let order = |s: Stamp| stamps.binary_search(&s).ok().and_then(|i| u32::try_from(i).ok());

    let mut sources: Vec<&SourceId> = evidence.deliveries.values().map(|d| &d.source).collect();
    sources.sort_unstable();
    sources.dedup();
    let deliveries: BTreeMap<DeliveryId, (&DeliveryFacts, u32, u16)> = evidence
        .deliveries
        .iter()
        .filter_map(|(id, d)| {
            let source = sources.binary_search(&&d.source).ok().and_then(|i| u16::try_from(i).ok())?;
            order(d.stamp).filter(|_| known(d.stamp.stated_at)).map(|o| (*id, (d, o, source)))
        })
        .collect();

    let register: Vec<_> = evidence.register.iter().filter(|r| known(r.stamp.stated_at)).collect();
    let mut exports: BTreeMap<SchoolId, BTreeSet<Stamp>> = BTreeMap::new();
    for (school, stamp) in &evidence.register_exports {
        if known(stamp.stated_at) {
            exports.entry(school.clone()).or_default().insert(*stamp);
        }
    }
    for r in &register {
        exports.entry(r.school.clone()).or_default().insert(r.stamp);
    }
    let first_rows = first_rows(evidence, &register, &deliveries);
    let decisions: Vec<_> = evidence
        .decisions
        .iter()
        .filter(|d| known(d.recorded_at) && d.withdrawn_at.is_none_or(|w| !known(w)))
        .collect();
    let roster = Roster::new(calendar, &register, &exports, &decisions, &first_rows);

    let mut b = Builder {
        calendar,
        statuses: Arc::new(Statuses::new(policy)),
        roster,
        deliveries,
        stamps: stamps.clone(),
        cover: ClassCover::default(),
        whole: HashMap::new(),
        whole_lists: HashMap::new(),
        faults: BTreeSet::new(),
    };
    b.lists();

    // Members to build, by their index in the roster.
    let mut wanted: Vec<Option<usize>> = vec![None; b.roster.members().len()];
    let mut members: Vec<usize> = pupils.iter().filter_map(|p| b.roster.index_of(*p)).collect();
    members.sort_unstable();
    members.dedup();
    for (i, m) in members.iter().enumerate() {
        wanted[*m] = Some(i);
    }
    let mut seen: Vec<Vec<(Date, Seen)>> = vec![Vec::new(); members.len()];
    b.sheets(evidence, &wanted, &mut seen);
    b.rows(evidence, &wanted, &mut seen);
    b.leaves(evidence, &wanted, &mut seen, until, &order);
    let mut decisions = decisions;
    decisions.sort_by_key(|d| (d.recorded_at, d.id));
    for (n, d) in decisions.iter().enumerate() {
        let code = match &d.kind {
            DecisionKind::Excuse(status) => b.statuses.code(status),
            DecisionKind::Return => Some(PRESENT),
            DecisionKind::NotExpected => None,
        };
        let (Some(code), Some(i)) = (code, b.roster.index_of(d.pupil).and_then(|m| wanted[m])) else { continue };
        let s = Seen {
            rank: (Rank::Decision, u32::try_from(n).unwrap_or(u32::MAX), 0),
            periods: Periods::MAX,
            school: None,
            source: NO_SOURCE,
            code,
            leave: false,
            leave_until: None,
        };
        for date in d.from.iter_days().take_while(|x| *x <= d.to && *x <= until) {
            seen[i].push((date, s));
        }
    }

    let wants_corrections = policy.rules.iter().any(|r| asks_for_corrections(&r.when));
    let mut timelines = BTreeMap::new();
    let mut corrections = Vec::new();
    for (i, m) in members.iter().enumerate() {
        let mut list = std::mem::take(&mut seen[i]);
        list.sort_by_key(|(date, s)| (*date, s.rank));
        let member = &b.roster.members()[*m];
        timelines.insert(member.pupil, b.timeline(member, &list, until));
        if wants_corrections {
            b.corrections(member, &list, until, &mut corrections);
        }
    }
    Built {
        roster: b.roster,
        timelines,
        faults: b.faults.into_iter().collect(),
        cover: b.cover,
        corrections,
        statuses: b.statuses,
    }
}

fn asks_for_corrections(c: &Cond) -> bool {
    match c {
        Cond::CorrectedLate { .. } => true,
        Cond::All(cs) | Cond::Any(cs) => cs.iter().any(asks_for_corrections),
        Cond::Not(c) => asks_for_corrections(c),
        _ => false,
    }
}

/// The first attendance row for a pupil on each day on which a register row about them is stated.
fn first_rows(
    evidence: &Evidence,
    register: &[&crate::domain::evidence::RegisterRow],
    deliveries: &BTreeMap<DeliveryId, (&DeliveryFacts, u32, u16)>,
) -> HashMap<(PupilId, Date), Stamp> {
    type Place<'a> = (&'a SchoolId, Option<&'a ClassName>, Option<u8>);
    let mut places: HashMap<PupilId, BTreeSet<Place>> = HashMap::new();
    for r in register {
        places.entry(r.pupil).or_default().insert((&r.school, r.class.as_ref(), r.grade));
    }
    // Who never moved has nothing to lose by the order of one day.
    let asked: BTreeSet<(Date, PupilId)> = register
        .iter()
        .filter(|r| places.get(&r.pupil).is_some_and(|p| p.len() > 1))
        .map(|r| (r.stamp.stated_at.date(), r.pupil))
        .collect();
    let mut out: HashMap<(PupilId, Date), Stamp> = HashMap::new();
    let mut note = |pupil: PupilId, date: Date, delivery: DeliveryId| {
        if let Some((facts, ..)) = deliveries.get(&delivery) {
            let at = out.entry((pupil, date)).or_insert(facts.stamp);
            *at = (*at).min(facts.stamp);
        }
    };
    for r in evidence.rows.iter().filter(|r| asked.contains(&(r.date, r.pupil))) {
        note(r.pupil, r.date, r.delivery);
    }
    let days: BTreeSet<Date> = asked.iter().map(|(d, _)| *d).collect();
    for s in evidence.sheets.iter().filter(|s| days.contains(&s.date)) {
        for p in s.present.iter().filter(|p| asked.contains(&(s.date, **p))) {
            note(*p, s.date, s.delivery);
        }
    }
    out
}

impl Builder<'_> {
    /// What exceptions lists cover, and the day from which each source delivers.
    fn lists(&mut self) {
        let mut starts: BTreeMap<(SchoolId, u16), (Date, Vec<ClassName>)> = BTreeMap::new();
        for (facts, order, source) in self.deliveries.values() {
            for (school, dates) in &facts.stated {
                for date in dates {
                    let at = starts.entry((school.clone(), *source)).or_insert((*date, facts.classes.clone()));
                    at.0 = at.0.min(*date);
                    if facts.coverage == CoverageKind::Exceptions {
                        let l = Listed { order: *order, classes: facts.classes.clone(), slots: facts.slots.clone() };
                        if facts.replaces == Replaces::Day {
                            self.whole_lists.entry((school.clone(), *date)).or_default().push((*source, l.clone()));
                        }
                        self.cover.lists.entry((school.clone(), *date)).or_default().push(l);
                    }
                }
            }
        }
        for ((school, _), (first, classes)) in starts {
            self.cover.starts.push(SourceStart { school, classes, first });
        }
    }

    /// A row of a full export covers its pupil's register class.
    fn covered(&mut self, class: ClassNo, date: Date, order: u32, source: u16, replaces: Replaces, periods: Periods) {
        let c = self.cover.full.entry((class, date)).or_default();
        c.all |= periods;
        if let Some((_, p)) = c.by.iter_mut().find(|(o, _)| *o == order) {
            *p |= periods;
        } else {
            c.by.push((order, periods));
        }
        if replaces == Replaces::Day {
            let w = self.whole.entry((source, class, date)).or_default();
            match w.iter_mut().find(|(o, _)| *o == order) {
                Some((_, p)) => *p |= periods,
                None => w.push((order, periods)),
            }
        }
    }

    /// The class in which a school may speak about a pupil on a day; `None`: the register has them elsewhere.
    fn class_at(segment: &Segment, school: usize) -> Option<ClassNo> {
        if segment.school == Some(school) {
            return Some(segment.class_no);
        }
        segment.also.iter().find(|(s, _)| *s == school).map(|(_, c)| *c)
    }

    /// The periods of a slot on the pupil's own timetable.
    pub(super) fn slot(&self, segment: &Segment, slot: &str) -> Periods {
        segment.school.and_then(|s| self.calendar.frame_of(s).slot(slot)).unwrap_or(0)
    }

    fn sheets(&mut self, evidence: &Evidence, wanted: &[Option<usize>], seen: &mut [Vec<(Date, Seen)>]) {
        let mut sheets: Vec<_> = evidence
            .sheets
            .iter()
            .filter_map(|s| {
                let (facts, order, source) = self.deliveries.get(&s.delivery)?;
                Some((s, *facts, *order, *source, self.calendar.school_index(&s.school)?))
            })
            .collect();
        sheets.sort_by_key(|(s, _, order, ..)| (s.date, *order));
        let mut starts: BTreeMap<(SchoolId, u16), (Date, Vec<ClassName>)> = BTreeMap::new();
        // By class: what the sheet at hand covers of it.
        let mut covers: Vec<Periods> = vec![0; self.roster.class_count()];
        let mut classes: Vec<ClassNo> = Vec::new();
        for (sheet, facts, order, source, school) in sheets {
            if !sheet.present.is_empty() {
                let at = starts.entry((sheet.school.clone(), source)).or_insert((sheet.date, facts.classes.clone()));
                at.0 = at.0.min(sheet.date);
            }
            let mut last_slot: Option<(usize, Periods)> = None;
            let mut from = 0;
            for pupil in &sheet.present {
                // Both lists ascend: go on from where the last pupil was found.
                let Some(m) = find(self.roster.members(), from, *pupil) else { continue };
                from = m;
                let segment = self.roster.members()[m].at(sheet.date);
                let Some(class) = Self::class_at(segment, school) else {
                    self.faults.insert(TimelineFault {
                        delivery: sheet.delivery,
                        row_no: None,
                        pupil: *pupil,
                        date: sheet.date,
                        kind: FaultKind::ForeignPupil,
                    });
                    continue;
                };
                let own = segment.school.unwrap_or(school);
                let periods = match last_slot {
                    Some((s, p)) if s == own => p,
                    _ => {
                        let p = self.slot(segment, sheet.slot.as_str());
                        last_slot = Some((own, p));
                        p
                    }
                };
                let c = &mut covers[class.0 as usize];
                // A class may be listed for a slot that its day does not have: it is noted all the same.
                if *c == 0 && !classes.contains(&class) {
                    classes.push(class);
                }
                *c |= periods;
                if let (Some(i), true) = (wanted[m], periods != 0) {
                    let s = Seen {
                        rank: (Rank::Export, order, 0),
                        periods,
                        school: u16::try_from(school).ok(),
                        source,
                        code: PRESENT,
                        leave: false,
                        leave_until: None,
                    };
                    seen[i].push((sheet.date, s));
                }
            }
            for class in classes.drain(..) {
                let periods = std::mem::take(&mut covers[class.0 as usize]);
                if facts.coverage == CoverageKind::Full {
                    self.covered(class, sheet.date, order, source, facts.replaces, periods);
                }
            }
        }
        for ((school, _), (first, classes)) in starts {
            self.cover.starts.push(SourceStart { school, classes, first });
        }
    }

    fn rows(&mut self, evidence: &Evidence, wanted: &[Option<usize>], seen: &mut [Vec<(Date, Seen)>]) {
        for row in &evidence.rows {
            let Some((facts, order, source)) = self.deliveries.get(&row.delivery).copied() else { continue };
            if facts.coverage == CoverageKind::Full {
                let starts = &mut self.cover.starts;
                match starts.iter_mut().find(|s| s.school == row.school && s.classes.is_empty()) {
                    Some(s) => s.first = s.first.min(row.date),
                    None => {
                        starts.push(SourceStart { school: row.school.clone(), classes: Vec::new(), first: row.date })
                    }
                }
            }
            let (Some(m), Some(school)) = (self.roster.index_of(row.pupil), self.calendar.school_index(&row.school))
            else {
                continue;
            };
            let segment = self.roster.members()[m].at(row.date);
            let fault = |kind| TimelineFault {
                delivery: row.delivery,
                row_no: Some(row.row_no),
                pupil: row.pupil,
                date: row.date,
                kind,
            };
            let Some(class) = Self::class_at(segment, school) else {
                self.faults.insert(fault(FaultKind::ForeignPupil));
                continue;
            };
            let plan = segment.track.map_or(0, |t| self.calendar.periods(t, row.date));
            let periods = self.slot(segment, row.slot.as_str());
            if plan == 0 {
                self.faults.insert(fault(FaultKind::NotASchoolDay));
            }
            if facts.coverage == CoverageKind::Full {
                self.covered(class, row.date, order, source, facts.replaces, periods);
            }
            let (Some(i), Some(code)) = (wanted[m], self.statuses.code(&row.status)) else { continue };
            // Read by the day's own periods: which one is the first or the last of the slot may differ on a half day.
            let planned = plan & periods;
            let mut push = |periods: Periods, code: Code| {
                if periods != 0 {
                    let s = Seen {
                        rank: (Rank::Export, order, row.row_no),
                        periods,
                        school: u16::try_from(school).ok(),
                        source,
                        code,
                        leave: false,
                        leave_until: row.leave_until,
                    };
                    seen[i].push((row.date, s));
                }
            };
            match code {
                LATE if planned.count_ones() > 1 => {
                    let first = 1 << planned.trailing_zeros();
                    push(first, LATE);
                    push(planned & !first, PRESENT);
                }
                EARLY_LEAVE if planned.count_ones() > 1 => {
                    let last = 1 << (15 - planned.leading_zeros());
                    push(planned & !last, PRESENT);
                    push(last, EARLY_LEAVE);
                }
                _ => push(planned, code),
            }
        }
    }

    fn leaves(
        &mut self,
        evidence: &Evidence,
        wanted: &[Option<usize>],
        seen: &mut [Vec<(Date, Seen)>],
        until: Date,
        order: &dyn Fn(Stamp) -> Option<u32>,
    ) {
        for l in &evidence.leaves {
            let (Some(i), Some(code), Some(order)) =
                (self.roster.index_of(l.pupil).and_then(|m| wanted[m]), self.statuses.code(&l.status), order(l.stamp))
            else {
                continue;
            };
            let s = Seen {
                rank: (Rank::Export, order, l.row_no),
                periods: Periods::MAX,
                school: None,
                source: NO_SOURCE,
                code,
                // Leave that is not approved is stated as unexplained and protects nobody.
                leave: self.statuses.unexcused & 1 << code == 0,
                leave_until: Some(l.until),
            };
            for date in l.from.iter_days().take_while(|d| *d <= l.until && *d <= until) {
                seen[i].push((date, s));
            }
        }
    }
}

/// The member of that pupil at or after an index: a short walk, then halving.
fn find(members: &[Member], from: usize, pupil: PupilId) -> Option<usize> {
    if members.get(from + 1).is_some_and(|m| m.pupil == pupil) {
        return Some(from + 1);
    }
    let mut step = 1;
    let mut low = from;
    if members.get(low)?.pupil > pupil {
        low = 0;
    }
    let mut high = low + 1;
    while high < members.len() && members[high].pupil <= pupil {
        low = high;
        high += step;
        step *= 2;
    }
    let high = high.min(members.len());
    members[low..high].binary_search_by_key(&pupil, |m| m.pupil).ok().map(|i| i + low)
}
