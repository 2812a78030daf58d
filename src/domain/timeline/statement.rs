//! Of all that is said about one pupil's day, what counts (rules.md §1, "Which statement counts"): one status for each
//! period, from observations in the order of their stamps.

use super::resolve::{Builder, Correction, Listed, NO_SOURCE, Rank, Seen};
use super::roster::{ClassNo, Member, Segment};
use super::{Code, NOT_LISTED, NOT_RECORDED, PRESENT, Record, Timeline, UNEXPLAINED};
use crate::domain::Date;
use crate::domain::calendar::Periods;
use std::collections::BTreeSet;

impl Builder<'_> {
    pub(super) fn timeline(&self, member: &Member, seen: &[(Date, Seen)], until: Date) -> Timeline {
        let mut records = Vec::with_capacity(member.segments().len().max(seen.len().min(256)));
        for (n, segment) in member.segments().iter().enumerate() {
            let (true, Some(track), Some(school)) = (segment.expected, segment.track, segment.school) else { continue };
            let from = segment.from.max(self.calendar.first_day().unwrap_or(segment.from));
            let to = segment.to.min(until).min(self.calendar.last_day().unwrap_or(until));
            let mut at = seen.partition_point(|(d, _)| *d < from);
            let mut date = from;
            // The usual day's plan, word and set.
            let mut usual = (0, u64::MAX, 0);
            while date <= to {
                let start = at;
                while at < seen.len() && seen[at].0 == date {
                    at += 1;
                }
                let plan = self.calendar.periods(track, date);
                if plan != 0 {
                    let said = &seen[start..at];
                    let (word, leave_until, set) = if self.is_usual(segment, school, plan, said) {
                        if usual.0 != plan {
                            let word = spread(plan, PRESENT);
                            usual = (plan, word, set_of(word));
                        }
                        (usual.1, said[0].1.leave_until, usual.2)
                    } else {
                        let (word, leave_until) = self.day(segment, date, plan, said, u32::MAX);
                        (word, leave_until, set_of(word))
                    };
                    if word != u64::MAX {
                        records.push(Record {
                            date,
                            word,
                            leave_until,
                            school: u16::try_from(school).unwrap_or(u16::MAX),
                            segment: u16::try_from(n).unwrap_or(u16::MAX),
                            track,
                            term: self.calendar.term_no(track, date),
                            is_day: self.calendar.is_day(track, date),
                            set,
                        });
                    }
                }
                let Some(next) = date.succ_opt() else { break };
                date = next;
            }
        }
        Timeline::new(member.pupil, records, self.statuses.clone())
    }

    /// One plain statement about all periods by the only school, and nothing that could take it back.
    fn is_usual(&self, segment: &Segment, school: usize, plan: Periods, seen: &[(Date, Seen)]) -> bool {
        matches!(seen, [(_, only)] if only.code == PRESENT
            && plan & !only.periods == 0
            && (only.school.is_none() || only.school == u16::try_from(school).ok())
            && (only.source == NO_SOURCE || self.whole.is_empty() && self.whole_lists.is_empty()))
            && segment.also.is_empty()
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
            self.cover.full.get(&(class, date)).map_or(0, |c| {
                if cutoff == u32::MAX {
                    c.all
                } else {
                    c.by.iter().filter(|(o, _)| *o < cutoff).fold(0, |m, (_, p)| m | p)
                }
            })
        };
        // The usual day: one plain statement about all periods.
        if let [(_, only)] = seen
            && only.code == PRESENT
            && mine(only)
            && plan & !only.periods == 0
            && !self.is_replaced(segment, school, class, date, plan, only, cutoff)
        {
            return (spread(plan, PRESENT), only.leave_until);
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
    pub(super) fn corrections(&self, member: &Member, seen: &[(Date, Seen)], until: Date, out: &mut Vec<Correction>) {
        let unexcused = |w: u64, p: u32| {
            let c = nibble(w, p);
            c != NOT_RECORDED && self.statuses.unexcused & 1 << c != 0
        };
        for day in seen.chunk_by(|a, b| a.0 == b.0) {
            let date = day[0].0;
            let segment = member.at(date);
            let (true, Some(track), Some(school)) = (segment.expected && date <= until, segment.track, segment.school)
            else {
                continue;
            };
            let plan = self.calendar.periods(track, date);
            if plan == 0 || !day.iter().any(|(_, s)| self.statuses.unexcused & 1 << s.code != 0) {
                continue;
            }
            let mut orders: BTreeSet<u32> =
                day.iter().filter(|(_, s)| s.rank.0 == Rank::Export).map(|(_, s)| s.rank.1).collect();
            // A period attended at either of two schools is attended: what the other one covers may turn it as well.
            let speaks = std::iter::once((school, segment.class_no)).chain(segment.also.iter().copied());
            for (school, class) in speaks {
                if let Some(c) = self.cover.full.get(&(class, date)) {
                    orders.extend(c.by.iter().map(|(o, _)| *o));
                }
                let key = (self.calendar.frame_of(school).id.clone(), date);
                orders.extend(self.cover.lists.get(&key).into_iter().flatten().map(|l| l.order));
            }
            let exports: Vec<(Date, Seen)> = day.iter().filter(|(_, s)| s.rank.0 == Rank::Export).copied().collect();
            let mut before = u64::MAX;
            for order in orders {
                let (after, _) = self.day(segment, date, plan, &exports, order + 1);
                let periods = (0..16).filter(|p| unexcused(before, *p) && !unexcused(after, *p)).count();
                if periods > 0 {
                    let stamp = self.stamps[order as usize];
                    out.push(Correction {
                        pupil: member.pupil,
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

/// The word of a day on which these periods have one status.
fn spread(periods: Periods, code: Code) -> u64 {
    (0..16).filter(|p| periods & 1 << p != 0).fold(u64::MAX, |w, p| w & !(15 << (4 * p)) | u64::from(code) << (4 * p))
}

fn set_of(word: u64) -> u16 {
    (0..16).map(|p| nibble(word, p)).filter(|c| *c != NOT_RECORDED).fold(0, |m, c| m | 1 << c)
}
