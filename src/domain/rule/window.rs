//! W(d): the windows of rules.md §2, and the school days that they are counted in, each read by the calendar of the school
//! where the pupil was on it.

use super::ast::{Clip, Window, WindowKind};
use super::condition::{Ask, Asked};
use super::program::Spec;
use crate::domain::Date;
use crate::domain::calendar::{first_of_days, first_of_months, months_after};
use crate::domain::timeline::Segment;
use chrono::{Datelike, Days};

impl Asked<'_> {
    pub(super) fn term_start(&self, at: &Ask) -> Option<Date> {
        self.calendar.terms().get(usize::from(at.term)).map(|t| t.start)
    }

    /// The first day of W(d); `None`: the window holds nothing.
    pub(super) fn window(&self, w: &Window, leaf: usize, at: &Ask) -> Option<Date> {
        let d = at.date;
        let mut from = match &w.kind {
            WindowKind::SchoolDays(n) => self.school_days_back(*n, d),
            WindowKind::SchoolWeeks(n) => self.school_weeks_back(*n, d),
            WindowKind::CalendarDays(n) => first_of_days(*n, d),
            WindowKind::Months(n) => first_of_months(*n, d),
            WindowKind::Week => d - Days::new(u64::from(d.weekday().num_days_from_monday())),
            WindowKind::Month => d.with_day(1).unwrap_or(d),
            WindowKind::Term => self.term_start(at)?,
            WindowKind::SchoolYear => self.calendar.school_year_of(d).1,
            WindowKind::Enrolment => Date::MIN,
            WindowKind::Span(name) => self.calendar.span_at(name, d)?.0,
            WindowKind::Run => {
                let beside = self.rule.leaves[leaf].run?;
                let run = self.scratch.laid[beside].runs.get(at.upto.checked_sub(1)?)?;
                if run.value == 0 || self.new_stretch(&self.rule.leaves[beside], at) {
                    return None;
                }
                self.timeline.records()[run.first as usize].date
            }
            WindowKind::AfterAct(kinds) => self
                .acts
                .iter()
                .filter(|a| a.date <= d && (kinds.is_empty() || kinds.contains(&a.kind)))
                .map(|a| a.date + Days::new(1))
                .max()
                .unwrap_or(Date::MIN),
        };
        if w.clip == Some(Clip::Term) || matches!(w.kind, WindowKind::SchoolDays(_)) && !w.across_terms {
            from = from.max(self.term_start(at)?);
        }
        if w.clip == Some(Clip::SchoolYear) {
            from = from.max(self.calendar.school_year_of(d).1);
        }
        if !w.across_schools {
            from = from.max(self.member.same_school_since(d));
        }
        Some(from.max(self.member.earliest_expected().unwrap_or(from)))
    }

    /// The n-th last school day up to d, each day read by the calendar of the pupil's school of that day.
    pub(super) fn school_days_back(&self, n: u32, d: Date) -> Date {
        let segments = self.member.segments();
        let mut left = n.max(1);
        let mut to = d;
        for s in segments[..=self.member.index_at(d)].iter().rev() {
            if let Some(track) = s.track {
                let here = self.calendar.days_between(track, s.from, to);
                if here >= left {
                    let upto = self.calendar.days_upto(track, to);
                    return self.calendar.nth_day(track, upto - left + 1).unwrap_or(s.from);
                }
                left -= here;
            }
            let Some(before) = s.from.pred_opt() else { break };
            to = before;
        }
        Date::MIN
    }

    pub(super) fn school_weeks_back(&self, n: u32, d: Date) -> Date {
        let mut monday = d - Days::new(u64::from(d.weekday().num_days_from_monday()));
        let mut to = d;
        let mut left = n.max(1);
        let first = self.calendar.first_day().unwrap_or(d);
        loop {
            if self.school_days(monday, to) > 0 {
                left -= 1;
            }
            if left == 0 || monday < first {
                return if left == 0 { monday } else { Date::MIN };
            }
            to = monday - Days::new(1);
            monday = monday - Days::new(7);
        }
    }

    pub(super) fn stretches(&self, from: Date, to: Date) -> impl Iterator<Item = (&Segment, Date, Date)> {
        let segments = self.member.segments();
        let (a, b) = (self.member.index_at(from), self.member.index_at(to.max(from)));
        segments[a..=b].iter().map(move |s| (s, s.from.max(from), s.to.min(to)))
    }
    pub(super) fn school_days(&self, from: Date, to: Date) -> i64 {
        self.stretches(from, to)
            .filter_map(|(s, f, t)| s.track.map(|track| i64::from(self.calendar.days_between(track, f, t))))
            .sum()
    }
    pub(super) fn expected_school_days(&self, from: Date, to: Date) -> i64 {
        self.stretches(from, to)
            .filter(|(s, ..)| s.expected)
            .filter_map(|(s, f, t)| s.track.map(|track| i64::from(self.calendar.days_between(track, f, t))))
            .sum()
    }
    pub(super) fn first_expected_school_day(&self, from: Date, to: Date) -> Option<Date> {
        if to < from {
            return None;
        }
        self.stretches(from, to).filter(|(s, ..)| s.expected).find_map(|(s, f, t)| {
            let track = s.track?;
            let before = f.pred_opt().map_or(0, |p| self.calendar.days_upto(track, p));
            self.calendar.nth_day(track, before + 1).filter(|d| *d <= t)
        })
    }

    /// Weights and days that the calendar plans from `from` to the window's own end, days to come of the term included.
    pub(super) fn planned(&self, spec: &Spec, within: &Window, from: Date, at: &Ask) -> (i64, i64) {
        let d = at.date;
        let end = match &within.kind {
            WindowKind::Week => d + Days::new(u64::from(6 - d.weekday().num_days_from_monday())),
            WindowKind::Month => months_after(d.with_day(1).unwrap_or(d), 1) - Days::new(1),
            WindowKind::Term | WindowKind::SchoolYear | WindowKind::Enrolment => Date::MAX,
            WindowKind::Span(name) => self.calendar.span_at(name, d).map_or(d, |(_, to)| to),
            _ => d,
        };
        let term_end = self.calendar.terms().get(usize::from(at.term)).map_or(d, |t| t.end);
        let (mut weight, mut days) = (0, 0);
        for date in from.max(self.calendar.first_day().unwrap_or(from)).iter_days() {
            if date > end.min(term_end) {
                break;
            }
            let segment = self.member.at(date);
            let (Some(track), Some(school)) = (segment.track, segment.school) else { continue };
            let is_day = self.calendar.is_day(track, date);
            if is_day || spec.sees_half {
                let plan = self.calendar.periods(track, date) & spec.look[school];
                let weights = &self.calendar.frame_of(school).weights;
                weight += (0..weights.len()).filter(|p| plan >> p & 1 != 0).map(|p| weights[p]).sum::<i64>();
                days += i64::from(plan != 0);
            }
        }
        (weight, days)
    }
}
