//! The calendar (rules.md §1): terms, holidays, make-up days, patterns and periods; school, working and calendar days;
//! quiet hours. Compiled once from the policy into one table of days per school and grade. Knows no pupil and asks no clock.

use super::ids::{ClassName, SchoolId, SlotName};
use super::policy::{
    CalendarPolicy, Holidays, Hours, Makeup, Pattern, Policy, School, Scope, Stage, Term, WeekPattern,
};
use super::{Date, Time, TimeOfDay};
use chrono::{Datelike, Days, Weekday};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One bit for each period of a school's day.
pub type Periods = u16;
/// The most periods a day can have: a day of a pupil is one word of sixteen statuses.
pub const PERIODS_MAX: usize = 16;

/// What the calendar says about one date for one school, grade and class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayPlan {
    /// It has periods at all: it is a school day, or a half day that counts for lessons only.
    pub open: bool,
    /// It is a day for things counted in days.
    pub counts_as_day: bool,
    /// Indices into `School::periods`.
    pub periods: Vec<usize>,
    pub reason: Reason,
}

/// The voice that decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    OutsideTerms,
    Opened(String),
    Closed(String),
    Holiday(String),
    MakeUp(String),
    Weekend,
    HalfDay,
    Ordinary,
}

/// A row of days for one school, grade and (where an entry names classes) class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TrackId(pub u16);

#[derive(Clone, Copy, Default, Debug)]
struct Cell {
    periods: Periods,
    is_day: bool,
    /// Index into the terms, 255 outside.
    term: u8,
}

#[derive(Debug)]
struct Track {
    cells: Vec<Cell>,
    /// School days up to and including each date.
    upto: Vec<u32>,
    /// The school days themselves.
    days: Vec<Date>,
}

/// A school as rules need it: its periods and what they weigh.
#[derive(Debug)]
pub struct SchoolFrame {
    pub id: SchoolId,
    pub all: Periods,
    /// In units of 1 / `Calendar::weight_scale`.
    pub weights: Vec<i64>,
    pub minutes: Vec<i64>,
    slots: HashMap<SlotName, Periods>,
    /// The periods of each session, in the order of the day.
    pub sessions: Vec<Periods>,
}

impl SchoolFrame {
    /// The periods that a slot or period id means here; `None`: the day does not have it.
    pub fn slot(&self, slot: &str) -> Option<Periods> {
        if slot == "day" { Some(self.all) } else { self.slots.get(slot).copied() }
    }
}

/// The compiled calendar.
#[derive(Debug)]
pub struct Calendar {
    policy: CalendarPolicy,
    schools: Vec<School>,
    by_id: HashMap<SchoolId, usize>,
    frames: Vec<SchoolFrame>,
    weight_scale: i64,
    live_from: Option<Date>,
    named_classes: BTreeSet<ClassName>,
    tracks: Vec<Track>,
    track_ids: HashMap<(usize, Option<u8>, Option<ClassName>), TrackId>,
    holidays: BTreeMap<Date, (bool, String)>,
    known_years: Option<BTreeSet<i32>>,
    first: Date,
    last: Date,
    year_starts: BTreeMap<i32, Date>,
}

fn monday(d: Date) -> Date {
    d - Days::new(u64::from(d.weekday().num_days_from_monday()))
}

/// The first of so many days, or of as many months, that end with `d`: however many, since a long window is all days.
pub fn first_of_days(n: u32, d: Date) -> Date {
    d.checked_sub_days(Days::new(u64::from(n.saturating_sub(1)))).unwrap_or(Date::MIN)
}
pub fn first_of_months(n: u32, d: Date) -> Date {
    d.checked_sub_months(chrono::Months::new(n)).map_or(Date::MIN, |before| before + Days::new(1))
}

/// The same day `n` months later (earlier when negative), the month's last if there is none.
pub fn months_after(d: Date, n: i32) -> Date {
    let m = chrono::Months::new(n.unsigned_abs());
    let moved = if n < 0 { d.checked_sub_months(m) } else { d.checked_add_months(m) };
    moved.unwrap_or(if n < 0 { Date::MIN } else { Date::MAX })
}

fn mask(periods: &[usize]) -> Periods {
    periods.iter().filter(|p| **p < PERIODS_MAX).fold(0, |m, p| m | 1 << p)
}

pub(crate) fn lcm(a: i64, b: i64) -> i64 {
    fn gcd(a: i64, b: i64) -> i64 {
        if b == 0 { a } else { gcd(b, a % b) }
    }
    a / gcd(a, b).max(1) * b
}

/// How closely an entry names what it is about; `None`: it is about something else.
fn fit(scope: &Scope, school: &SchoolId, grade: Option<u8>, class: Option<&ClassName>) -> Option<u8> {
    let schools = scope.schools.is_empty() || scope.schools.contains(school);
    let grades = scope.grades.is_empty() || grade.is_some_and(|g| scope.grades.contains(&g));
    let classes = scope.classes.is_empty() || class.is_some_and(|c| scope.classes.contains(c));
    if !(schools && grades && classes) {
        return None;
    }
    // A class is always one of a school's: an entry that names classes is as close as it gets.
    Some(match (scope.classes.is_empty(), scope.grades.is_empty(), scope.schools.is_empty()) {
        (false, _, _) | (_, false, false) => 3,
        (true, false, true) => 2,
        (true, true, false) => 1,
        (true, true, true) => 0,
    })
}

impl Calendar {
    pub fn new(policy: &Policy) -> Calendar {
        Calendar::of(&policy.calendar, &policy.schools, policy.live_from)
    }

    pub fn of(cal: &CalendarPolicy, schools: &[School], live_from: Option<Date>) -> Calendar {
        let weight_scale =
            schools.iter().flat_map(|s| s.periods.iter()).fold(1, |scale, p| lcm(scale, p.weight.denominator()));
        let mut holidays = BTreeMap::new();
        let known_years = match &cal.holidays {
            Holidays::None => None,
            Holidays::Years(years) => {
                for (date, off, name) in years.iter().filter(|y| y.announced).flat_map(|y| y.days.iter()) {
                    holidays.insert(*date, (*off, name.clone()));
                }
                Some(years.iter().filter(|y| y.announced).map(|y| y.year).collect())
            }
        };
        let first = cal.terms.iter().map(|t| t.start).min().unwrap_or(Date::MIN);
        let last = cal.terms.iter().map(|t| t.end).max().unwrap_or(Date::MIN);
        let mut year_starts: BTreeMap<i32, Date> = BTreeMap::new();
        for t in cal.terms.iter().filter(|t| t.start.month() >= 7) {
            let at = year_starts.entry(t.start.year()).or_insert(t.start);
            *at = (*at).min(t.start);
        }
        let mut out = Calendar {
            policy: cal.clone(),
            schools: schools.to_vec(),
            by_id: schools.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect(),
            frames: schools.iter().map(|s| frame(s, weight_scale)).collect(),
            weight_scale,
            live_from,
            named_classes: cal
                .open
                .iter()
                .map(|o| &o.scope)
                .chain(cal.closed.iter().map(|c| &c.scope))
                .flat_map(|s| s.classes.iter().cloned())
                .collect(),
            tracks: Vec::new(),
            track_ids: HashMap::new(),
            holidays,
            known_years,
            first,
            last,
            year_starts,
        };
        out.lay_tracks();
        out
    }

    fn lay_tracks(&mut self) {
        for s in 0..self.schools.len() {
            let grades: Vec<Option<u8>> =
                std::iter::once(None).chain(self.schools[s].grades.iter().map(|g| Some(*g))).collect();
            let classes: Vec<Option<ClassName>> =
                std::iter::once(None).chain(self.named_classes.iter().cloned().map(Some)).collect();
            for grade in grades {
                for class in &classes {
                    let track = self.lay_track(s, grade, class.as_ref());
                    let id = TrackId(u16::try_from(self.tracks.len()).unwrap_or(u16::MAX));
                    self.tracks.push(track);
                    self.track_ids.insert((s, grade, class.clone()), id);
                }
            }
        }
    }

    fn lay_track(&self, school: usize, grade: Option<u8>, class: Option<&ClassName>) -> Track {
        let days = if self.first > self.last { 0 } else { (self.last - self.first).num_days() + 1 };
        let days = usize::try_from(days).unwrap_or(0);
        let mut track = Track { cells: Vec::with_capacity(days), upto: Vec::with_capacity(days), days: Vec::new() };
        let mut date = self.first;
        let mut n = 0;
        for _ in 0..days {
            let (periods, is_day, _) = self.decide(school, grade, class, date);
            let term = if periods == 0 { None } else { self.term_index(&self.schools[school], grade, date) };
            n += u32::from(is_day);
            if is_day {
                track.days.push(date);
            }
            track.cells.push(Cell { periods, is_day, term: term.and_then(|t| u8::try_from(t).ok()).unwrap_or(255) });
            track.upto.push(n);
            date = date + Days::new(1);
        }
        track
    }

    /// The first voice that speaks (rules.md §1, "Calendar").
    fn decide(
        &self,
        school: usize,
        grade: Option<u8>,
        class: Option<&ClassName>,
        date: Date,
    ) -> (Periods, bool, Reason) {
        let s = &self.schools[school];
        let all = self.frames[school].all;
        if self.term_index(s, grade, date).is_none() {
            return (0, false, Reason::OutsideTerms);
        }
        let week = self.week(s, grade, date);
        let opened = self
            .policy
            .open
            .iter()
            .filter(|o| o.date == date)
            .filter_map(|o| fit(&o.scope, &s.id, grade, class).map(|f| (f, o)))
            .reduce(|best, o| if o.0 > best.0 { o } else { best });
        let closed = self
            .policy
            .closed
            .iter()
            .filter(|c| c.from <= date && date <= c.to)
            .filter_map(|c| fit(&c.scope, &s.id, grade, class).map(|f| (f, c)))
            .reduce(|best, c| if c.0 > best.0 { c } else { best });
        match (opened, closed) {
            (Some((o, _)), Some((c, closure))) if c > o => {
                return (0, false, Reason::Closed(closure.reason.clone()));
            }
            (Some((_, opening)), _) => {
                // Only the periods are borrowed from the weekday named: what is opened is a day. A weekday without
                // lessons lends all periods, since nobody opens a school for none.
                let periods = opening.timetable_of.map_or(all, |w| match half(week, w) {
                    Some(h) => mask(&h.periods) & all,
                    None => all,
                });
                return (if periods == 0 { all } else { periods }, true, Reason::Opened(opening.reason.clone()));
            }
            (None, Some((_, closure))) => return (0, false, Reason::Closed(closure.reason.clone())),
            (None, None) => {}
        }
        match self.holidays.get(&date) {
            Some((true, name)) => return (0, false, Reason::Holiday(name.clone())),
            Some((false, name)) if s.makeup == Makeup::Follow => {
                return (all, true, Reason::MakeUp(name.clone()));
            }
            _ => {}
        }
        if let Some(h) = half(week, date.weekday()) {
            let periods = mask(&h.periods) & all;
            return (periods, h.day && periods != 0, Reason::HalfDay);
        }
        let weekend = week.map_or(&self.policy.weekend, |w| &w.weekend);
        if weekend.contains(&date.weekday()) {
            return (0, false, Reason::Weekend);
        }
        (all, true, Reason::Ordinary)
    }

    /// The week pattern in force: of the grade, else of the school; `None`: the township's weekend.
    fn week<'a>(&self, s: &'a School, grade: Option<u8>, date: Date) -> Option<&'a WeekPattern> {
        let in_force = |p: &&Pattern| p.from.is_none_or(|f| f <= date) && p.to.is_none_or(|t| date <= t);
        let of_grade = |p: &&Pattern| grade.is_some_and(|g| p.grades.contains(&g));
        let pattern = s
            .patterns
            .iter()
            .filter(in_force)
            .find(of_grade)
            .or_else(|| s.patterns.iter().filter(in_force).find(|p| p.grades.is_empty()))?;
        if pattern.weeks.len() < 2 {
            return pattern.weeks.first();
        }
        // Without a `from` the weeks alternate from the term's first week on.
        let anchor = pattern.from.or_else(|| self.term_index(s, grade, date).map(|t| self.policy.terms[t].start))?;
        let weeks = (monday(date) - monday(anchor)).num_days() / 7;
        let i = weeks.rem_euclid(i64::try_from(pattern.weeks.len()).ok()?);
        pattern.weeks.get(usize::try_from(i).ok()?)
    }

    fn term_index(&self, s: &School, grade: Option<u8>, date: Date) -> Option<usize> {
        self.policy.terms.iter().position(|t| t.start <= date && date <= t.end && term_is_for(t, s, grade))
    }

    // ------------------------------------------------------------ what the rest of the program asks

    /// The plan of one date, with the voice that decided.
    pub fn day(&self, school: &SchoolId, grade: Option<u8>, class: Option<&ClassName>, date: Date) -> DayPlan {
        let Some(s) = self.by_id.get(school) else {
            return DayPlan { open: false, counts_as_day: false, periods: Vec::new(), reason: Reason::OutsideTerms };
        };
        let (periods, is_day, reason) = self.decide(*s, grade, class, date);
        DayPlan {
            open: periods != 0,
            counts_as_day: is_day,
            periods: (0..PERIODS_MAX).filter(|p| periods & 1 << p != 0).collect(),
            reason,
        }
    }

    /// A day for things counted in days.
    pub fn is_school_day(&self, school: &SchoolId, grade: Option<u8>, class: Option<&ClassName>, date: Date) -> bool {
        self.track(school, grade, class).is_some_and(|t| self.is_day(t, date))
    }

    /// The public calendar: holidays and make-up days, else Monday to Friday.
    pub fn is_working_day(&self, date: Date) -> bool {
        match self.holidays.get(&date) {
            Some((off, _)) => !off,
            None => !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// The n-th school day after `from` (0: `from` itself); `None`: the calendar ends first.
    pub fn add_school_days(
        &self,
        school: &SchoolId,
        grade: Option<u8>,
        class: Option<&ClassName>,
        from: Date,
        n: u32,
    ) -> Option<Date> {
        if n == 0 {
            return Some(from);
        }
        let t = self.track(school, grade, class)?;
        let wanted = self.days_upto(t, from) + n;
        let upto = &self.tracks[usize::from(t.0)].upto;
        let i = upto.partition_point(|u| *u < wanted);
        (i < upto.len()).then(|| self.first + Days::new(i as u64))
    }

    /// The n-th working day after `from` (0: `from` itself).
    pub fn add_working_days(&self, from: Date, n: u32) -> Date {
        let mut d = from;
        for _ in 0..n {
            d = self.next_working_day_on_or_after(d + Days::new(1));
        }
        d
    }

    pub fn next_working_day_on_or_after(&self, date: Date) -> Date {
        let mut d = date;
        while !self.is_working_day(d) {
            d = d + Days::new(1);
        }
        d
    }

    /// School days from `from` to `to`, both included.
    pub fn school_days_between(
        &self,
        school: &SchoolId,
        grade: Option<u8>,
        class: Option<&ClassName>,
        from: Date,
        to: Date,
    ) -> u32 {
        self.track(school, grade, class).map_or(0, |t| self.days_between(t, from, to))
    }

    /// The term of a school and grade that contains the date.
    pub fn term_of(&self, school: &SchoolId, grade: Option<u8>, date: Date) -> Option<&Term> {
        let s = &self.schools[*self.by_id.get(school)?];
        self.term_index(s, grade, date).map(|t| &self.policy.terms[t])
    }

    /// The term that contains the date, or else the next one.
    pub fn term_at_or_after(&self, school: &SchoolId, grade: Option<u8>, date: Date) -> Option<&Term> {
        let s = &self.schools[*self.by_id.get(school)?];
        self.policy.terms.iter().filter(|t| t.end >= date && term_is_for(t, s, grade)).min_by_key(|t| t.start)
    }

    /// The school year that contains the date: the calendar year in which it starts, and its first day. A year whose
    /// first term is not configured is taken to start on 1 September.
    pub fn school_year_of(&self, date: Date) -> (i32, Date) {
        let start = |year: i32| -> Option<Date> {
            match self.policy.school_year_starts {
                Some((m, d)) => Date::from_ymd_opt(year, m, d),
                None => self.year_starts.get(&year).copied(),
            }
        };
        let usual = |year: i32| Date::from_ymd_opt(year, 9, 1).unwrap_or(date);
        let this = start(date.year()).unwrap_or_else(|| usual(date.year()));
        if this <= date {
            return (date.year(), this);
        }
        let year = date.year() - 1;
        (year, start(year).unwrap_or_else(|| usual(year)))
    }

    /// Holidays of that year are announced (or the calendar says that there are none to announce).
    pub fn year_known(&self, year: i32) -> bool {
        self.known_years.as_ref().is_none_or(|k| k.contains(&year))
    }

    /// The next instant (`t` itself if it is one) outside the quiet hours and, where the role wants it, on a working day.
    pub fn next_open(&self, t: Time, hours: &Hours) -> Time {
        let mut t = t;
        loop {
            let before = t;
            if hours.working_days_only && !self.is_working_day(t.date()) {
                t = self.next_working_day_on_or_after(t.date()).and_time(TimeOfDay::MIN);
            }
            if let Some((from, to)) = hours.quiet {
                let at = t.time();
                if from <= to {
                    if from <= at && at < to {
                        t = t.date().and_time(to);
                    }
                } else if at >= from {
                    t = (t.date() + Days::new(1)).and_time(to);
                } else if at < to {
                    t = t.date().and_time(to);
                }
            }
            if t == before {
                return t;
            }
        }
    }

    /// The first lesson day of the first term; `None` without terms.
    pub fn first_day(&self) -> Option<Date> {
        (!self.policy.terms.is_empty()).then_some(self.first)
    }
    /// Where the calendar ends: the last day of the last term; `None` without terms.
    pub fn last_day(&self) -> Option<Date> {
        (!self.policy.terms.is_empty()).then_some(self.last)
    }
    pub fn terms(&self) -> &[Term] {
        &self.policy.terms
    }
    pub fn schools(&self) -> &[School] {
        &self.schools
    }
    pub fn school_index(&self, id: &SchoolId) -> Option<usize> {
        self.by_id.get(id).copied()
    }
    pub fn frame_of(&self, school: usize) -> &SchoolFrame {
        &self.frames[school]
    }
    /// Period weights are whole numbers after multiplying by this.
    pub fn weight_scale(&self) -> i64 {
        self.weight_scale
    }
    pub fn live_from(&self) -> Option<Date> {
        self.live_from
    }
    /// The dates of the span of that name that contains the date.
    pub fn span_at(&self, name: &str, date: Date) -> Option<(Date, Date)> {
        self.policy.spans.get(name)?.iter().find(|(f, t)| *f <= date && date <= *t).copied()
    }

    // ------------------------------------------------------------ tracks: the same, fast

    pub fn track(&self, school: &SchoolId, grade: Option<u8>, class: Option<&ClassName>) -> Option<TrackId> {
        self.track_at(*self.by_id.get(school)?, grade, class)
    }

    pub fn track_at(&self, school: usize, grade: Option<u8>, class: Option<&ClassName>) -> Option<TrackId> {
        let class = class.filter(|c| self.named_classes.contains(*c)).cloned();
        // A grade that the school does not have is read by what holds for the school as a whole.
        let grade = grade.filter(|g| self.schools[school].grades.contains(g));
        self.track_ids.get(&(school, grade, class)).copied()
    }

    pub fn track_count(&self) -> usize {
        self.tracks.len()
    }

    fn cell(&self, track: TrackId, date: Date) -> Cell {
        let none = Cell { periods: 0, is_day: false, term: 255 };
        if date < self.first || date > self.last {
            return none;
        }
        let i = usize::try_from((date - self.first).num_days()).unwrap_or(usize::MAX);
        self.tracks[usize::from(track.0)].cells.get(i).copied().unwrap_or(none)
    }

    pub fn periods(&self, track: TrackId, date: Date) -> Periods {
        self.cell(track, date).periods
    }
    pub fn is_day(&self, track: TrackId, date: Date) -> bool {
        self.cell(track, date).is_day
    }
    /// Index of the term of a date that has periods; 255 for others.
    pub fn term_no(&self, track: TrackId, date: Date) -> u8 {
        self.cell(track, date).term
    }
    /// School days of the track up to and including the date.
    pub fn days_upto(&self, track: TrackId, date: Date) -> u32 {
        let upto = &self.tracks[usize::from(track.0)].upto;
        if date < self.first {
            return 0;
        }
        let i = usize::try_from((date - self.first).num_days()).unwrap_or(usize::MAX);
        upto.get(i).or(upto.last()).copied().unwrap_or(0)
    }
    pub fn days_between(&self, track: TrackId, from: Date, to: Date) -> u32 {
        let Some(before) = from.pred_opt() else { return self.days_upto(track, to) };
        if to < from { 0 } else { self.days_upto(track, to) - self.days_upto(track, before) }
    }
    /// The date of the track's n-th school day (counted from 1).
    pub fn nth_day(&self, track: TrackId, n: u32) -> Option<Date> {
        self.tracks[usize::from(track.0)].days.get((n as usize).checked_sub(1)?).copied()
    }
}

fn half(week: Option<&WeekPattern>, weekday: Weekday) -> Option<&super::policy::HalfDay> {
    week?.half_days.iter().find(|h| h.weekday == weekday)
}

fn term_is_for(t: &Term, s: &School, grade: Option<u8>) -> bool {
    if t.stages.is_empty() {
        return true;
    }
    match s.stage_of(grade) {
        Some(stage) => t.stages.contains(&stage),
        // A pupil without a grade in a school of several stages: a term of any of them.
        None => s.stages.iter().any(|(stage, _): &(Stage, _)| t.stages.contains(stage)),
    }
}

fn frame(s: &School, scale: i64) -> SchoolFrame {
    let n = s.periods.len().min(PERIODS_MAX);
    let mut slots = HashMap::new();
    for (i, p) in s.periods.iter().enumerate().take(n) {
        slots.insert(p.id.clone(), 1 << i);
    }
    for slot in &s.slots {
        slots.insert(slot.id.clone(), mask(&slot.periods));
    }
    let sessions = s.sessions.iter().filter_map(|id| slots.get(id).copied()).collect();
    SchoolFrame {
        id: s.id.clone(),
        all: mask(&(0..n).collect::<Vec<_>>()),
        weights: s.periods.iter().take(n).map(|p| p.weight.numerator() * (scale / p.weight.denominator())).collect(),
        minutes: s.periods.iter().take(n).map(|p| i64::from(p.minutes)).collect(),
        slots,
        sessions,
    }
}
