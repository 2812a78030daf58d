//! Of all that is said about one pupil's day, what counts (rules.md §1, "Which statement counts"): one status for each
//! period, from observations in the order of their stamps.

use super::resolve::{Correction, Listed, NO_SOURCE, Rank, Seen, Statements};
use super::roster::{ClassNo, Segment};
use super::sheet::{Planned, Say};
use super::{Code, NOT_LISTED, NOT_RECORDED, PRESENT, Record, StatusSet, Timeline, UNEXPLAINED, set_of, spread};
use crate::domain::Date;
use crate::domain::calendar::{Periods, TrackId};
use crate::domain::ids::PupilId;
use std::collections::{BTreeSet, HashMap};

/// A day's word and set, once it was looked at.
type Silent = Option<(u64, StatusSet)>;

/// Timelines read one after the other in the same buffers: nothing is allocated for a pupil.
pub struct Reading<'s, 'a> {
    statements: &'s Statements<'a>,
    timeline: Timeline,
    /// What is said of the day at hand.
    said: Vec<(Date, Seen)>,
    /// By class and track: what a day is of which nobody says anything, by its number in the calendar.
    silent: HashMap<(ClassNo, TrackId), Vec<Silent>>,
}

impl Reading<'_, '_> {
    /// The timeline of a pupil; `None`: the register does not know them.
    pub fn of(&mut self, pupil: PupilId) -> Option<&Timeline> {
        let member = self.statements.roster.index_of(pupil)?;
        self.timeline.pupil = pupil;
        self.timeline.records.clear();
        for segment in 0..self.statements.roster.members()[member].segments().len() {
            self.segment(member, segment);
        }
        self.timeline.sum_up();
        Some(&self.timeline)
    }

    fn segment(&mut self, member: usize, no: usize) {
        let s = self.statements;
        let segment = &s.roster.members()[member].segments()[no];
        let (true, Some(track), Some(school)) = (segment.expected, segment.track, segment.school) else { return };
        let plan = &s.plans[usize::from(track.0)];
        let from = plan.partition_point(|p| p.record.date < segment.from);
        let upto = plan.partition_point(|p| p.record.date <= segment.to);
        let lists = &s.lists[school];
        let row = lists.row(member).unwrap_or(&[]);
        let alone = segment.also.is_empty();
        let segment_no = u16::try_from(no).unwrap_or(u16::MAX);
        let all = s.said_of(member);
        let mut at = all.partition_point(|(d, _)| *d < segment.from);
        for planned in plan.get(from..upto).unwrap_or(&[]) {
            let date = planned.record.date;
            while at < all.len() && all[at].0 < date {
                at += 1;
            }
            let start = at;
            while at < all.len() && all[at].0 == date {
                at += 1;
            }
            let said = &all[start..at];
            if alone && said.is_empty() {
                match lists.say(row, planned, &s.replaceable) {
                    Say::Present => {
                        self.timeline.records.push(Record { segment: segment_no, ..planned.record });
                        continue;
                    }
                    Say::Nothing => {
                        let (word, set) = self.silent(segment, track, planned);
                        self.push(planned, segment_no, word, set, None);
                        continue;
                    }
                    Say::Part => {}
                }
            }
            self.said.clear();
            s.on_lists(school, row, school, planned, &mut self.said);
            for (other, _) in &segment.also {
                if let Some(row) = s.lists[*other].row(member) {
                    s.on_lists(*other, row, school, planned, &mut self.said);
                }
            }
            self.said.extend_from_slice(said);
            self.said.sort_by_key(|(_, s)| s.rank);
            let (word, leave_until) = s.day(segment, date, planned.periods, &self.said, u32::MAX);
            self.push(planned, segment_no, word, set_of(word), leave_until);
        }
    }

    fn push(&mut self, planned: &Planned, segment: u16, word: u64, set: StatusSet, leave_until: Option<Date>) {
        if word != u64::MAX {
            self.timeline.records.push(Record { segment, word, set, leave_until, ..planned.record });
        }
    }

    /// A day of which nothing is said: not listed where the class is covered, present where a list of exceptions is.
    fn silent(&mut self, segment: &Segment, track: TrackId, planned: &Planned) -> (u64, StatusSet) {
        let days = self.silent.entry((segment.class_no, track)).or_default();
        let day = planned.day as usize;
        if days.len() <= day {
            days.resize(day + 1, None);
        }
        *days[day].get_or_insert_with(|| {
            let (word, _) = self.statements.day(segment, planned.record.date, planned.periods, &[], u32::MAX);
            (word, set_of(word))
        })
    }
}

impl<'a> Statements<'a> {
    pub fn reading(&self) -> Reading<'_, 'a> {
        let timeline = Timeline::new(PupilId(0), self.statuses.clone());
        Reading { statements: self, timeline, said: Vec::new(), silent: HashMap::new() }
    }

    /// The timeline of one pupil; many are read faster by one `reading`.
    pub fn timeline(&self, pupil: PupilId) -> Option<Timeline> {
        self.reading().of(pupil).cloned()
    }

    /// The statuses of one day, from the observations with an order below `cutoff`.
    fn day(
        &self,
        segment: &Segment,
        date: Date,
        plan: Periods,
        seen: &[(Date, Seen)],
        cutoff: u32,
    ) -> (u64, Option<Date>) {
        let own = segment.school.unwrap_or(0);
        let (mut word, mut leave_until) = self.stated_by(segment, own, segment.class_no, date, plan, seen, cutoff);
        for (other, class) in &segment.also {
            let (theirs, their_leave) = self.stated_by(segment, *other, *class, date, plan, seen, cutoff);
            for p in 0..16 {
                let (mine, other) = (nibble(word, p), nibble(theirs, p));
                // Attended in either is attended; else what is stated goes before what only follows from silence.
                let attended = |c: Code| c != NOT_RECORDED && self.statuses.attended & 1 << c != 0;
                let silent = |c: Code| c == NOT_RECORDED || c == NOT_LISTED;
                if !attended(mine)
                    && (attended(other)
                        || silent(mine) && !silent(other)
                        || mine == NOT_RECORDED && other == NOT_LISTED)
                {
                    word = word & !(15 << (4 * p)) | u64::from(other) << (4 * p);
                }
            }
            leave_until = leave_until.max(their_leave);
        }
        (word, leave_until)
    }

    fn stated_by(
        &self,
        segment: &Segment,
        school: usize,
        class: ClassNo,
        date: Date,
        plan: Periods,
        seen: &[(Date, Seen)],
        cutoff: u32,
    ) -> (u64, Option<Date>) {
        let school_no = u16::try_from(school).ok();
        let mine = |s: &Seen| {
            (s.school.is_none() || s.school == school_no) && (s.rank.0 == Rank::Decision || s.rank.1 < cutoff)
        };
        let covered = || {
            self.cover.full_on(class, date).map_or(0, |c| {
                if cutoff == u32::MAX {
                    c.all
                } else {
                    c.by.iter().filter(|(o, _)| *o < cutoff).fold(0, |m, (_, p)| m | p)
                }
            })
        };
        // The usual day: one statement about all periods.
        if let [(_, only)] = seen
            && mine(only)
            && plan & !only.periods == 0
            && !self.is_replaced(segment, school, class, date, plan, only, cutoff)
        {
            return (spread(plan, only.code), only.leave_until);
        }
        let mut full = None;
        let mut listed = None;
        let mut word = u64::MAX;
        let mut leave_until = None;
        let mut rest = plan;
        while rest != 0 {
            let p = rest.trailing_zeros();
            rest &= rest - 1;
            let bit: Periods = 1 << p;
            let mut winner: Option<&Seen> = None;
            let mut until = None;
            let mut on_leave = false;
            for (_, s) in seen.iter().filter(|(_, s)| s.periods & bit != 0 && mine(s)) {
                if self.is_replaced(segment, school, class, date, bit, s, cutoff) {
                    continue;
                }
                if s.code == UNEXPLAINED && s.rank.0 == Rank::Export && on_leave {
                    continue;
                }
                let excused = |c: Code| self.statuses.excused & 1 << c != 0;
                let stays = winner.is_some_and(|w| excused(w.code)) && excused(s.code);
                until = s.leave_until.or(if stays { until } else { None });
                on_leave = s.leave || on_leave && stays;
                winner = Some(s);
            }
            let code = match winner {
                Some(s) => s.code,
                None if *full.get_or_insert_with(&covered) & bit != 0 => NOT_LISTED,
                None if *listed.get_or_insert_with(|| self.listed(segment, school, class, date, cutoff)) & bit != 0 => {
                    PRESENT
                }
                None => NOT_RECORDED,
            };
            word = word & !(15 << (4 * p)) | u64::from(code) << (4 * p);
            leave_until = leave_until.max(until);
        }
        (word, leave_until)
    }

    /// A newer delivery of its source is the whole statement about all of these periods.
    fn is_replaced(
        &self,
        segment: &Segment,
        school: usize,
        class: ClassNo,
        date: Date,
        periods: Periods,
        s: &Seen,
        cutoff: u32,
    ) -> bool {
        if s.source == NO_SOURCE || self.whole.is_empty() && self.whole_lists.is_empty() {
            return false;
        }
        let newer = |order: u32| order > s.rank.1 && order < cutoff;
        let by_rows = self
            .whole
            .get(&(s.source, class, date))
            .is_some_and(|w| w.iter().any(|(o, p)| newer(*o) && p & periods != 0));
        let key = (self.calendar.frame_of(school).id.clone(), date);
        by_rows
            || self.whole_lists.get(&key).is_some_and(|lists| {
                lists.iter().any(|(source, l)| {
                    *source == s.source && newer(l.order) && self.covers(l, segment, class) & periods != 0
                })
            })
    }

    fn covers(&self, l: &Listed, segment: &Segment, class: ClassNo) -> Periods {
        let (_, name) = self.roster.class_of(class);
        if !(l.classes.is_empty() || name.is_some_and(|n| l.classes.contains(n))) {
            return 0;
        }
        if l.slots.is_empty() {
            return Periods::MAX;
        }
        l.slots.iter().fold(0, |m, s| m | self.slot(segment, s.as_str()))
    }

    fn listed(&self, segment: &Segment, school: usize, class: ClassNo, date: Date, cutoff: u32) -> Periods {
        if self.cover.lists.is_empty() {
            return 0;
        }
        let key = (self.calendar.frame_of(school).id.clone(), date);
        let lists = self.cover.lists.get(&key).map_or(&[][..], Vec::as_slice);
        lists.iter().filter(|l| l.order < cutoff).fold(0, |m, l| m | self.covers(l, segment, class))
    }

    /// Replays the statements about each day in the order of their stamps.
    pub(super) fn corrections(&self, member: usize, out: &mut Vec<Correction>) {
        let unexcused = |w: u64, p: u32| {
            let c = nibble(w, p);
            c != NOT_RECORDED && self.statuses.unexcused & 1 << c != 0
        };
        let pupil = self.roster.members()[member].pupil;
        for day in self.said_of(member).chunk_by(|a, b| a.0 == b.0) {
            let date = day[0].0;
            let segment = self.roster.members()[member].at(date);
            let (true, Some(track), Some(school)) =
                (segment.expected && date <= self.until, segment.track, segment.school)
            else {
                continue;
            };
            let plans = &self.plans[usize::from(track.0)];
            let Ok(planned) = plans.binary_search_by_key(&date, |p| p.record.date) else { continue };
            if !day.iter().any(|(_, s)| self.statuses.unexcused & 1 << s.code != 0) {
                continue;
            }
            let planned = &plans[planned];
            let mut exports = Vec::new();
            for other in std::iter::once(school).chain(segment.also.iter().map(|(s, _)| *s)) {
                if let Some(row) = self.lists[other].row(member) {
                    self.on_lists(other, row, school, planned, &mut exports);
                }
            }
            exports.extend(day.iter().filter(|(_, s)| s.rank.0 == Rank::Export));
            exports.sort_by_key(|(_, s)| s.rank);
            let mut orders: BTreeSet<u32> = exports.iter().map(|(_, s)| s.rank.1).collect();
            // A period attended at either of two schools is attended: what the other one covers may turn it as well.
            let speaks = std::iter::once((school, segment.class_no)).chain(segment.also.iter().copied());
            for (school, class) in speaks {
                if let Some(c) = self.cover.full_on(class, date) {
                    orders.extend(c.by.iter().map(|(o, _)| *o));
                }
                let key = (self.calendar.frame_of(school).id.clone(), date);
                orders.extend(self.cover.lists.get(&key).into_iter().flatten().map(|l| l.order));
            }
            let mut before = u64::MAX;
            for order in orders {
                let (after, _) = self.day(segment, date, planned.periods, &exports, order + 1);
                let periods = (0..16).filter(|p| unexcused(before, *p) && !unexcused(after, *p)).count();
                if periods > 0 {
                    let stamp = self.stamps[order as usize];
                    out.push(Correction {
                        pupil,
                        date,
                        delivery: stamp.delivery,
                        stated_on: stamp.stated_at.date(),
                        periods: u32::try_from(periods).unwrap_or(0),
                    });
                }
                before = after;
            }
        }
    }
}

fn nibble(word: u64, p: u32) -> Code {
    (word >> (4 * p)) as Code & 15
}
