//! From evidence to observations and coverage (rules.md §1): who says what about whom, in the order of stamps alone, never in
//! the order in which evidence is handed in. Presence lists are read in `sheet`, what counts is decided in `statement`.

use super::roster::{ClassNo, Member, Roster, Segment};
use super::sheet::{Lists, Planned, plans};
use super::{Code, EARLY_LEAVE, LATE, PRESENT, Statuses, Timeline};
use crate::domain::calendar::{Calendar, Periods};
use crate::domain::evidence::{DecisionKind, DeliveryFacts, Evidence, RegisterRow, Stamp};
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
    /// By class and day of the calendar, which begins with `first`.
    full: Vec<Vec<Cover>>,
    first: Option<Date>,
    days: usize,
    pub(super) lists: HashMap<(SchoolId, Date), Vec<Listed>>,
    pub starts: Vec<SourceStart>,
}

#[derive(Clone, Default, Debug)]
pub(super) struct Cover {
    pub(super) all: Periods,
    /// By delivery; kept only where somebody asks for corrections.
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
    fn day(&self, date: Date) -> Option<usize> {
        usize::try_from((date - self.first?).num_days()).ok()
    }
    /// What full exports cover of a class on a date of the calendar.
    pub(super) fn full_on(&self, class: ClassNo, date: Date) -> Option<&Cover> {
        self.full.get(class.0 as usize)?.get(self.day(date)?)
    }
    /// Any period of the day's `plan` is covered for the class.
    pub fn covers(
        &self,
        (calendar, roster): (&Calendar, &Roster),
        school: &SchoolId,
        class: Option<&ClassName>,
        date: Date,
        plan: Periods,
    ) -> bool {
        let full = roster.class_no(school, class).and_then(|no| self.full_on(no, date));
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

/// The deliveries known, ascending: what each says of itself, its place in the order of stamps, its source.
struct Deliveries<'a>(Vec<(DeliveryId, &'a DeliveryFacts, u32, u16)>);

impl<'a> Deliveries<'a> {
    fn get(&self, id: DeliveryId) -> Option<(&'a DeliveryFacts, u32, u16)> {
        let i = self.0.binary_search_by_key(&id, |d| d.0).ok()?;
        let (_, facts, order, source) = self.0[i];
        Some((facts, order, source))
    }
}

/// All that is said, ready to be read pupil by pupil.
pub struct Statements<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) statuses: Arc<Statuses>,
    pub(super) roster: Roster,
    deliveries: Deliveries<'a>,
    pub(super) stamps: Vec<Stamp>,
    pub(super) cover: ClassCover,
    /// For each source, class and date: the deliveries that are its whole statement about some periods.
    pub(super) whole: HashMap<(u16, ClassNo, Date), Vec<(u32, Periods)>>,
    pub(super) whole_lists: HashMap<(SchoolId, Date), Vec<(u16, Listed)>>,
    pub(super) faults: BTreeSet<TimelineFault>,
    /// By school.
    pub(super) lists: Vec<Lists>,
    /// By track.
    pub(super) plans: Vec<Vec<Planned>>,
    /// By source: a newer delivery may take back what it said.
    pub(super) replaceable: Vec<bool>,
    /// What is said of single pupils, by date and stamp; for each member of the roster its first, and one more at the end.
    said: Vec<(Date, Seen)>,
    said_from: Vec<usize>,
    wants_corrections: bool,
    pub(super) until: Date,
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
    gather(policy, calendar, evidence, until, known_at).into_built(pupils)
}

/// The roster alone, of evidence in which nobody's days are told.
pub fn roster(calendar: &Calendar, evidence: &Evidence) -> Roster {
    let register: Vec<_> = evidence.register.iter().collect();
    let decisions: Vec<_> = evidence.decisions.iter().filter(|d| d.withdrawn_at.is_none()).collect();
    Roster::new(calendar, &register, &exports(evidence, &register, None), &decisions, &HashMap::new())
}

/// When each school's register was exported.
fn exports(
    evidence: &Evidence,
    register: &[&RegisterRow],
    known_at: Option<Time>,
) -> BTreeMap<SchoolId, BTreeSet<Stamp>> {
    let mut exports: BTreeMap<SchoolId, BTreeSet<Stamp>> = BTreeMap::new();
    for (school, stamp) in &evidence.register_exports {
        if known_at.is_none_or(|k| stamp.stated_at <= k) {
            exports.entry(school.clone()).or_default().insert(*stamp);
        }
    }
    for r in register {
        match exports.get_mut(&r.school) {
            Some(stamps) => stamps.insert(r.stamp),
            None => exports.entry(r.school.clone()).or_default().insert(r.stamp),
        };
    }
    exports
}

/// Builds the roster, and gathers what is said of everybody up to `until` (included), so that timelines can be read one by
/// one.
pub fn gather<'a>(
    policy: &Policy,
    calendar: &'a Calendar,
    evidence: &'a Evidence,
    until: Date,
    known_at: Option<Time>,
) -> Statements<'a> {
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
    let deliveries = evidence.deliveries.iter().filter_map(|(id, d)| {
        let source = sources.binary_search(&&d.source).ok().and_then(|i| u16::try_from(i).ok())?;
        order(d.stamp).filter(|_| known(d.stamp.stated_at)).map(|o| (*id, d, o, source))
    });
    let deliveries = Deliveries(deliveries.collect());

    let register: Vec<_> = evidence.register.iter().filter(|r| known(r.stamp.stated_at)).collect();
    let exports = exports(evidence, &register, known_at);
    let first_rows = first_rows(evidence, &register, &deliveries);
    let mut decisions: Vec<_> = evidence
        .decisions
        .iter()
        .filter(|d| known(d.recorded_at) && d.withdrawn_at.is_none_or(|w| !known(w)))
        .collect();
    let roster = Roster::new(calendar, &register, &exports, &decisions, &first_rows);
    decisions.sort_by_key(|d| (d.recorded_at, d.id));

    let days = calendar.first_day().zip(calendar.last_day()).map_or(0, |(f, l)| (l - f).num_days() + 1);
    let classes = roster.class_count();
    let mut s = Statements {
        calendar,
        statuses: Arc::new(Statuses::new(policy)),
        plans: plans(calendar, &roster, until),
        roster,
        deliveries,
        stamps,
        cover: ClassCover {
            // Most classes are of schools that nobody has asked about.
            full: vec![Vec::new(); classes],
            first: calendar.first_day(),
            days: usize::try_from(days).unwrap_or(0),
            ..ClassCover::default()
        },
        whole: HashMap::new(),
        whole_lists: HashMap::new(),
        faults: BTreeSet::new(),
        lists: Vec::new(),
        replaceable: vec![false; sources.len()],
        said: Vec::new(),
        said_from: Vec::new(),
        wants_corrections: policy.rules.iter().any(|r| asks_for_corrections(&r.when)),
        until,
    };
    s.exceptions();
    for (delivery, school, first) in &evidence.nameless {
        if let Some((facts, ..)) = s.delivery(*delivery) {
            let start = SourceStart { school: school.clone(), classes: facts.classes.clone(), first: *first };
            s.cover.starts.push(start);
        }
    }
    s.sheets(evidence);
    let mut said = Vec::new();
    s.rows(evidence, &mut said);
    s.leaves(evidence, &mut said);
    for (n, d) in decisions.iter().enumerate() {
        let code = match &d.kind {
            DecisionKind::Excuse(status) => s.statuses.code(status),
            DecisionKind::Return => Some(PRESENT),
            DecisionKind::NotExpected => None,
        };
        let (Some(code), Some(m)) = (code, s.roster.index_of(d.pupil)) else { continue };
        let seen = Seen {
            rank: (Rank::Decision, u32::try_from(n).unwrap_or(u32::MAX), 0),
            periods: Periods::MAX,
            school: None,
            source: NO_SOURCE,
            code,
            leave: false,
            leave_until: None,
        };
        said.extend(d.from.iter_days().take_while(|x| *x <= d.to && *x <= until).map(|date| (m, date, seen)));
    }
    said.sort_by_key(|(m, date, seen)| (*m, *date, seen.rank));
    let members = s.roster.members().len();
    s.said_from = Vec::with_capacity(members + 1);
    let mut at = 0;
    for m in 0..=members {
        while said.get(at).is_some_and(|x| x.0 < m) {
            at += 1;
        }
        s.said_from.push(at);
    }
    s.said = said.into_iter().map(|(_, date, seen)| (date, seen)).collect();
    let by_rows = s.whole.keys().map(|(source, ..)| *source);
    for source in by_rows.chain(s.whole_lists.values().flatten().map(|(source, _)| *source)) {
        s.replaceable[usize::from(source)] = true;
    }
    s
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
    register: &[&RegisterRow],
    deliveries: &Deliveries,
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
        if let Some((facts, ..)) = deliveries.get(delivery) {
            let at = out.entry((pupil, date)).or_insert(facts.stamp);
            *at = (*at).min(facts.stamp);
        }
    };
    for r in evidence.rows.iter().filter(|r| asked.contains(&(r.date, r.pupil))) {
        note(r.pupil, r.date, r.delivery);
    }
    let days: BTreeSet<Date> = asked.iter().map(|(d, _)| *d).collect();
    for s in evidence.sheets.iter().filter(|s| days.contains(&s.date)) {
        for p in s.present.iter().filter(|p| asked.contains(&(s.date, *p))) {
            note(p, s.date, s.delivery);
        }
    }
    out
}

impl<'a> Statements<'a> {
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(super) fn delivery(&self, id: DeliveryId) -> Option<(&'a DeliveryFacts, u32, u16)> {
        self.deliveries.get(id)
    }

    /// What is said of a single pupil (by the index in the roster), by date and stamp.
    pub(super) fn said_of(&self, member: usize) -> &[(Date, Seen)] {
        &self.said[self.said_from[member]..self.said_from[member + 1]]
    }

    /// The timelines of these pupils beside everything else.
    pub fn into_built(self, pupils: &[PupilId]) -> Built {
        let mut reading = self.reading();
        let mut timelines = BTreeMap::new();
        for pupil in pupils {
            if let Some(t) = reading.of(*pupil) {
                timelines.insert(*pupil, t.clone());
            }
        }
        let mut corrections = Vec::new();
        if self.wants_corrections {
            for pupil in timelines.keys() {
                if let Some(m) = self.roster.index_of(*pupil) {
                    self.corrections(m, &mut corrections);
                }
            }
        }
        Built {
            roster: self.roster,
            timelines,
            faults: self.faults.into_iter().collect(),
            cover: self.cover,
            corrections,
            statuses: self.statuses,
        }
    }

    /// What exceptions lists cover, and the day from which each source delivers.
    fn exceptions(&mut self) {
        let mut starts: BTreeMap<(SchoolId, u16), (Date, Vec<ClassName>)> = BTreeMap::new();
        for (_, facts, order, source) in &self.deliveries.0 {
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
    pub(super) fn covered(
        &mut self,
        class: ClassNo,
        date: Date,
        order: u32,
        source: u16,
        replaces: Replaces,
        periods: Periods,
    ) {
        let add = |list: &mut Vec<(u32, Periods)>| match list.iter_mut().find(|(o, _)| *o == order) {
            Some((_, p)) => *p |= periods,
            None => list.push((order, periods)),
        };
        let day = self.cover.day(date);
        let of_class = self.cover.full.get_mut(class.0 as usize);
        if let Some(of_class) = of_class.filter(|days| days.is_empty()) {
            of_class.resize(self.cover.days, Cover::default());
        }
        if let Some(c) = day.and_then(|day| self.cover.full.get_mut(class.0 as usize)?.get_mut(day)) {
            c.all |= periods;
            if self.wants_corrections {
                add(&mut c.by);
            }
        }
        if replaces == Replaces::Day {
            add(self.whole.entry((source, class, date)).or_default());
        }
    }

    /// The class in which a school may speak about a pupil on a day; `None`: the register has them elsewhere.
    pub(super) fn class_at(segment: &Segment, school: usize) -> Option<ClassNo> {
        if segment.school == Some(school) {
            return Some(segment.class_no);
        }
        segment.also.iter().find(|(s, _)| *s == school).map(|(_, c)| *c)
    }

    /// The periods of a slot on the pupil's own timetable.
    pub(super) fn slot(&self, segment: &Segment, slot: &str) -> Periods {
        segment.school.and_then(|s| self.calendar.frame_of(s).slot(slot)).unwrap_or(0)
    }

    fn rows(&mut self, evidence: &Evidence, said: &mut Vec<(usize, Date, Seen)>) {
        // Rows come pupil by pupil or day by day: what was looked up for the row before is mostly asked for again.
        // By source and school: since when it delivers, and for which classes.
        let schools = self.calendar.schools().len();
        let mut first_of: Vec<Option<(Date, &[ClassName])>> = vec![None; self.replaceable.len() * schools];
        let mut from = 0;
        let (mut places, mut codes) = (Memo::default(), Memo::default());
        for row in &evidence.rows {
            let Some((facts, order, source)) = self.delivery(row.delivery) else { continue };
            let school = places.get(&row.school, |s| self.calendar.school_index(s));
            if let (Some(school), CoverageKind::Full) = (school, facts.coverage) {
                let first = &mut first_of[usize::from(source) * schools + school];
                *first = Some((first.map_or(row.date, |(d, _)| d.min(row.date)), &facts.classes));
            }
            let (Some(m), Some(school)) = (find(self.roster.members(), from, row.pupil), school) else { continue };
            from = m;
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
            let Some(code) = codes.get(&row.status, |s| self.statuses.code(s)) else { continue };
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
                    said.push((m, row.date, s));
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
        for (i, first) in first_of.into_iter().enumerate() {
            let Some((first, classes)) = first else { continue };
            let school = self.calendar.frame_of(i % schools).id.clone();
            self.cover.starts.push(SourceStart { school, classes: classes.to_vec(), first });
        }
    }

    fn leaves(&mut self, evidence: &Evidence, said: &mut Vec<(usize, Date, Seen)>) {
        for l in &evidence.leaves {
            let order = self.stamps.binary_search(&l.stamp).ok().and_then(|i| u32::try_from(i).ok());
            let (Some(m), Some(code), Some(order)) =
                (self.roster.index_of(l.pupil), self.statuses.code(&l.status), order)
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
            let until = l.until.min(self.until);
            said.extend(l.from.iter_days().take_while(|d| *d <= until).map(|date| (m, date, s)));
        }
    }
}

/// What was looked up last, since it is mostly asked for again.
struct Memo<'e, K, V>(Option<(&'e K, V)>);

impl<K, V> Default for Memo<'_, K, V> {
    fn default() -> Self {
        Memo(None)
    }
}

impl<'e, K: PartialEq, V: Copy> Memo<'e, K, V> {
    fn get(&mut self, key: &'e K, look_up: impl FnOnce(&K) -> V) -> V {
        match self.0 {
            Some((k, v)) if k == key => v,
            _ => {
                let v = look_up(key);
                self.0 = Some((key, v));
                v
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
