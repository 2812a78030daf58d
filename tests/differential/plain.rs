//! A second evaluator of rules.md, deliberately simple: day tables and plain loops. It shares the policy and evidence types
//! with the program and nothing else.

use chrono::{Datelike, Days, Months, NaiveDate as Date, Weekday};
use kongchuo::domain::evidence::*;
use kongchuo::domain::finding::{Finding, Measure, Subject, Unit};
use kongchuo::domain::ids::*;
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use std::collections::BTreeSet;

#[path = "about.rs"]
mod about;
pub use about::{About, flatten, stops};

const BEGIN: (i32, u32, u32) = (1900, 1, 1);

#[derive(Clone, Copy)]
pub struct Plain<'a> {
    pub policy: &'a Policy,
    pub evidence: &'a Evidence,
    /// Only what was stated before this stamp counts (`true`: the delivery with the stamp as well).
    pub upto: Option<(Stamp, bool)>,
}

#[derive(Clone, Debug)]
pub struct Day {
    pub date: Date,
    pub school: SchoolId,
    pub term: usize,
    pub is_day: bool,
    /// Period, status; recorded ones only.
    pub status: Vec<(usize, String)>,
    pub leave_until: Option<Date>,
}

pub struct Place<'a> {
    pub row: &'a RegisterRow,
    pub tags: &'a RegisterRow,
}

/// Order, status, leave until, is it approved leave, is it a decision.
type Said = ((u8, Stamp, u32), String, Option<Date>, bool, bool);

#[derive(Clone)]
struct Hit {
    measure: Option<Measure>,
    dates: Vec<Date>,
}

pub fn next(d: Date) -> Date {
    d + Days::new(1)
}
pub fn monday(d: Date) -> Date {
    d - Days::new(d.weekday().num_days_from_monday() as u64)
}
fn whole(n: usize) -> Ratio {
    Ratio::whole(n as i64)
}
fn ok(t: Threshold, v: Ratio) -> bool {
    if t.over { v > t.n } else { v >= t.n }
}
pub fn shift(d: Date, n: i64) -> Date {
    if n < 0 { d - Months::new(-n as u32) } else { d + Months::new(n as u32) }
}
fn days_of(n: i64) -> Option<Measure> {
    Some(Measure { unit: Unit::Days, value: Ratio::whole(n) })
}
fn stated_on(r: &RegisterRow) -> Date {
    r.stamp.stated_at.date()
}
fn out(s: Standing) -> bool {
    matches!(s, Standing::TransferredOut | Standing::Graduated | Standing::Left)
}
fn left(r: &RegisterRow, d: Date) -> bool {
    match r.left_on {
        Some(l) => l < d,
        None => out(r.standing),
    }
}

impl<'a> Plain<'a> {
    fn begin(&self) -> Date {
        Date::from_ymd_opt(BEGIN.0, BEGIN.1, BEGIN.2).expect("a date")
    }
    pub fn school(&self, id: &SchoolId) -> &'a School {
        self.policy.school(id).expect("a school of the policy")
    }

    // -------------------------------------------------------- calendar

    /// A pupil without a grade in a school of several stages: a term of any of them (rules.md is silent).
    fn for_stage(t: &Term, s: &School, grade: Option<u8>) -> bool {
        t.stages.is_empty()
            || match s.stage_of(grade) {
                Some(stage) => t.stages.contains(&stage),
                None => s.stages.iter().any(|(stage, _)| t.stages.contains(stage)),
            }
    }

    pub fn term(&self, s: &School, grade: Option<u8>, d: Date) -> Option<usize> {
        self.policy.calendar.terms.iter().position(|t| t.start <= d && d <= t.end && Self::for_stage(t, s, grade))
    }

    pub fn plan(&self, s: &School, grade: Option<u8>, class: Option<&ClassName>, d: Date) -> (Vec<usize>, bool) {
        let all: Vec<usize> = (0..s.periods.len()).collect();
        let shut = (vec![], false);
        if self.term(s, grade, d).is_none() {
            return shut;
        }
        let rank = |x: &Scope| -> i32 {
            if !x.schools.is_empty() && !x.schools.contains(&s.id)
                || !x.grades.is_empty() && !grade.is_some_and(|g| x.grades.contains(&g))
                || !x.classes.is_empty() && !class.is_some_and(|c| x.classes.contains(c))
            {
                return -1;
            }
            if !x.classes.is_empty() || !x.grades.is_empty() && !x.schools.is_empty() {
                3
            } else if !x.grades.is_empty() {
                2
            } else {
                i32::from(!x.schools.is_empty())
            }
        };
        let cal = &self.policy.calendar;
        let mut pattern = None;
        for named in [true, false] {
            for p in &s.patterns {
                let dates = p.from.is_none_or(|f| f <= d) && p.to.is_none_or(|t| d <= t);
                let fits = if named { grade.is_some_and(|g| p.grades.contains(&g)) } else { p.grades.is_empty() };
                if pattern.is_none() && dates && fits {
                    pattern = Some(p);
                }
            }
        }
        let week = pattern.map(|p| {
            let anchor = p.from.unwrap_or_else(|| cal.terms[self.term(s, grade, d).expect("in a term")].start);
            let n = (monday(d) - monday(anchor)).num_days() / 7;
            &p.weeks[n.rem_euclid(p.weeks.len() as i64) as usize]
        });
        let half = |w: Weekday| week.and_then(|x| x.half_days.iter().find(|h| h.weekday == w));
        let mut best = (-1, None, false);
        for o in cal.open.iter().filter(|o| o.date == d) {
            if rank(&o.scope) > best.0 {
                best = (rank(&o.scope), o.timetable_of, true);
            }
        }
        for c in cal.closed.iter().filter(|c| c.from <= d && d <= c.to) {
            if rank(&c.scope) > best.0 {
                best = (rank(&c.scope), None, false);
            }
        }
        if best.0 >= 0 {
            if !best.2 {
                return shut;
            }
            return match best.1.and_then(half) {
                Some(h) => (h.periods.clone(), true),
                None => (all, true),
            };
        }
        if let Holidays::Years(years) = &cal.holidays {
            for (date, off, _) in years.iter().filter(|y| y.announced).flat_map(|y| &y.days) {
                if *date == d && *off {
                    return shut;
                }
                if *date == d && s.makeup == Makeup::Follow {
                    return (all, true);
                }
            }
        }
        if let Some(h) = half(d.weekday()) {
            return (h.periods.clone(), h.day);
        }
        let weekend = week.map_or(&cal.weekend, |w| &w.weekend);
        if weekend.contains(&d.weekday()) { shut } else { (all, true) }
    }

    pub fn year_start(&self, d: Date) -> Date {
        let of = |y: i32| {
            if let Some((month, day)) = self.policy.calendar.school_year_starts {
                return Date::from_ymd_opt(y, month, day).expect("a date");
            }
            let terms = self.policy.calendar.terms.iter();
            let first = terms.map(|t| t.start).filter(|s| s.year() == y && s.month() >= 7).min();
            first.unwrap_or(Date::from_ymd_opt(y, 9, 1).expect("a date"))
        };
        if of(d.year()) <= d { of(d.year()) } else { of(d.year() - 1) }
    }

    // -------------------------------------------------------- register

    fn rows(&self, p: PupilId) -> Vec<&'a RegisterRow> {
        let mut rows: Vec<_> = self.evidence.register.iter().filter(|r| r.pupil == p).collect();
        rows.sort_by_key(|r| (r.stamp, r.row_no));
        rows
    }

    fn exports(&self, s: &SchoolId) -> BTreeSet<Stamp> {
        let of_rows = self.evidence.register.iter().filter(|r| r.school == *s).map(|r| r.stamp);
        self.evidence.register_exports.iter().filter(|(x, _)| x == s).map(|(_, t)| *t).chain(of_rows).collect()
    }

    fn reaches_back(&self, r: &RegisterRow, d: Date) -> bool {
        r.enrolled_on.is_some_and(|e| e <= d)
            && !left(r, d)
            && !self.rows(r.pupil).iter().any(|o| o.stamp > r.stamp && o.school != r.school && !left(o, d))
    }

    fn lists(&self, p: PupilId, s: &SchoolId, d: Date) -> bool {
        let latest = self.exports(s).into_iter().filter(|x| x.stated_at.date() <= d).max();
        self.rows(p)
            .iter()
            .any(|r| r.school == *s && !left(r, d) && (latest == Some(r.stamp) || self.reaches_back(r, d)))
    }

    fn before_first_row(&self, r: &RegisterRow) -> bool {
        let d = stated_on(r);
        let e = self.evidence;
        let rows = e.rows.iter().filter(|x| x.pupil == r.pupil && x.date == d).map(|x| x.delivery);
        let sheets = e.sheets.iter().filter(|x| x.date == d && x.present.contains(r.pupil)).map(|x| x.delivery);
        rows.chain(sheets).all(|x| r.stamp < e.deliveries[&x].stamp)
    }

    fn row_at(&self, p: PupilId, d: Date, place: bool) -> &'a RegisterRow {
        let rows = self.rows(p);
        let stated = |r: &RegisterRow| stated_on(r) < d || stated_on(r) == d && (!place || self.before_first_row(r));
        let fit: Vec<_> = rows.iter().copied().filter(|r| stated(r) || self.reaches_back(r, d)).collect();
        if fit.is_empty() {
            return rows[0];
        }
        let elsewhere = |r: &RegisterRow| rows.iter().any(|o| o.school != r.school && self.lists(p, &o.school, d));
        let best = fit.iter().rev().find(|r| !left(r, d) || !elsewhere(r)).unwrap_or(&fit[fit.len() - 1]);
        if stated(best) {
            return best;
        }
        let same: Vec<_> = fit.iter().filter(|r| r.school == best.school).collect();
        match same.iter().rev().find(|r| stated(r)) {
            Some(r) if !left(r, d) => r,
            Some(l) => same.iter().find(|r| r.stamp > l.stamp).unwrap_or(&best),
            None => same[0],
        }
    }

    pub fn place(&self, p: PupilId, d: Date) -> Place<'a> {
        Place { row: self.row_at(p, d, true), tags: self.row_at(p, d, false) }
    }

    /// (from, to, by transfer)
    fn stays(&self, p: PupilId, s: &SchoolId) -> Vec<(Date, Option<Date>, bool)> {
        let mut stays: Vec<(Date, Option<Date>, bool)> = vec![];
        for r in self.rows(p).into_iter().filter(|r| r.school == *s) {
            let end = r.left_on.or(if out(r.standing) { stated_on(r).pred_opt() } else { None });
            if stays.is_empty() {
                let sc = self.school(s);
                let term = |x: Date| {
                    let terms = self.policy.calendar.terms.iter().filter(|t| t.end >= x);
                    terms.filter(|t| Self::for_stage(t, sc, r.grade)).map(|t| t.start).min()
                };
                let mine = term(stated_on(r));
                let first = self.exports(s).into_iter().find(|x| term(x.stated_at.date()) == mine);
                let from = match (r.enrolled_on, mine) {
                    (Some(e), _) => e,
                    (None, Some(start)) if first == Some(r.stamp) => start,
                    _ => stated_on(r),
                };
                stays.push((from, None, false));
            } else {
                let last = stays.last_mut().expect("not empty");
                match (last.1, r.enrolled_on) {
                    (Some(to), Some(e)) if e > to => stays.push((e, None, false)),
                    (Some(to), _) if end.is_none() && stated_on(r) <= to => (last.1, last.2) = (None, false),
                    (Some(_), _) if end.is_none() => stays.push((stated_on(r), None, false)),
                    (_, Some(e)) => last.0 = e,
                    _ => {}
                }
            }
            let last = stays.last_mut().expect("not empty");
            if let Some(end) = end {
                if r.left_on.is_some() || last.1.is_none() {
                    last.1 = Some(end);
                }
                last.2 = r.standing == Standing::TransferredOut;
            }
        }
        stays
    }

    fn exempt(&self, p: PupilId, d: Date) -> bool {
        let r = self.row_at(p, d, false);
        let first = self.rows(p).into_iter().find(|o| o.school == r.school).is_some_and(|o| o.stamp == r.stamp);
        let from = match r.enrolled_on {
            Some(e) if first => e.min(stated_on(r)),
            _ => stated_on(r),
        };
        r.standing.is_exemption() && r.status_until.is_some_and(|u| d <= u) && from <= d
    }

    pub fn expected(&self, p: PupilId, d: Date) -> bool {
        if self.rows(p).is_empty() {
            return false;
        }
        let at = self.place(p, d);
        let there = self.stays(p, &at.row.school).iter().any(|s| s.0 <= d && s.1.is_none_or(|t| d <= t));
        let ended = self.evidence.decisions.iter().any(|x| {
            x.pupil == p && x.kind == DecisionKind::NotExpected && x.withdrawn_at.is_none() && x.from <= d && d <= x.to
        });
        there && !ended && !self.exempt(p, d)
    }

    fn departed(&self, p: PupilId, d: Date) -> Option<Date> {
        let s = &self.place(p, d).row.school;
        let stays = self.stays(p, s);
        if stays.iter().any(|x| x.0 <= d && x.1.is_none_or(|t| d <= t)) {
            return None;
        }
        let last = stays.iter().rfind(|x| x.0 <= d)?;
        let elsewhere = self.rows(p).iter().any(|r| r.school != *s && self.lists(p, &r.school, d));
        last.1.filter(|t| last.2 && !elsewhere && *t < d)
    }

    // -------------------------------------------------------- which statement counts

    pub fn in_set(&self, status: &str, set: &str) -> bool {
        self.policy.statuses.iter().any(|s| s.id == *status && s.sets.iter().any(|x| x == set))
    }

    fn slot(&self, s: &School, slot: &str) -> Vec<usize> {
        if slot == "day" {
            return (0..s.periods.len()).collect();
        }
        if let Some(x) = s.slots.iter().find(|x| x.id == *slot) {
            return x.periods.clone();
        }
        s.periods.iter().position(|p| p.id == *slot).into_iter().collect()
    }

    /// The schools that may speak about the pupil, each with the class there.
    fn speakers(&self, p: PupilId, d: Date) -> Vec<(SchoolId, Option<ClassName>)> {
        let own = self.place(p, d).row;
        let mut v = vec![(own.school.clone(), own.class.clone())];
        if self.lists(p, &own.school, d) {
            let rows = self.rows(p);
            for s in &self.policy.schools {
                if s.id != own.school && self.lists(p, &s.id, d) {
                    let of: Vec<_> = rows.iter().filter(|r| r.school == s.id).collect();
                    let r = of.iter().rfind(|r| stated_on(r) <= d).unwrap_or(&of[0]);
                    v.push((s.id.clone(), r.class.clone()));
                }
            }
        }
        v
    }

    /// Periods of the pupil's own day that a delivery covers for a class of a school.
    pub fn covered(
        &self,
        id: DeliveryId,
        school: &SchoolId,
        class: &Option<ClassName>,
        own: &School,
        d: Date,
    ) -> Vec<usize> {
        let f = &self.evidence.deliveries[&id];
        let e = self.evidence;
        if f.coverage == CoverageKind::Exceptions {
            let dates = f.stated.get(school).is_some_and(|x| x.contains(&d));
            if !dates || !(f.classes.is_empty() || class.as_ref().is_some_and(|c| f.classes.contains(c))) {
                return vec![];
            }
            if f.slots.is_empty() {
                return (0..own.periods.len()).collect();
            }
            return f.slots.iter().flat_map(|s| self.slot(own, s.as_str())).collect();
        }
        let mut v = vec![];
        let rows = e.rows.iter().filter(|r| r.delivery == id && r.date == d && r.school == *school);
        let sheets = e.sheets.iter().filter(|s| s.delivery == id && s.date == d && s.school == *school);
        let told =
            rows.map(|r| (r.pupil, &r.slot)).chain(sheets.flat_map(|s| s.present.iter().map(move |p| (p, &s.slot))));
        for (p, slot) in told {
            if self.rows(p).is_empty() {
                continue;
            }
            if self.speakers(p, d).iter().any(|(s, c)| s == school && c == class) {
                v.extend(self.slot(self.school(&self.place(p, d).row.school), slot.as_str()));
            }
        }
        v
    }

    fn heard(&self, stamp: Stamp) -> bool {
        self.upto.is_none_or(|(at, through)| stamp < at || through && stamp == at)
    }

    pub fn day(&self, p: PupilId, d: Date) -> Option<Day> {
        if !self.expected(p, d) {
            return None;
        }
        let e = self.evidence;
        let own = self.place(p, d).row;
        let school = self.school(&own.school);
        let (plan, is_day) = self.plan(school, own.grade, own.class.as_ref(), d);
        let mut status = vec![];
        let mut leave_until = None;
        for period in plan.iter().copied() {
            let mut per_school: Vec<Option<String>> = vec![];
            for (s, class) in self.speakers(p, d) {
                let mut said: Vec<Said> = vec![];
                let replaced = |id: DeliveryId| {
                    let mine = &e.deliveries[&id];
                    e.deliveries.iter().any(|(o, f)| {
                        f.source == mine.source
                            && self.heard(f.stamp)
                            && f.stamp > mine.stamp
                            && f.replaces == Replaces::Day
                            && self.covered(*o, &s, &class, school, d).contains(&period)
                    })
                };
                for x in e.sheets.iter().filter(|x| x.school == s && x.date == d && x.present.contains(p)) {
                    if !self.heard(e.deliveries[&x.delivery].stamp) {
                        continue;
                    }
                    if self.slot(school, x.slot.as_str()).contains(&period) && !replaced(x.delivery) {
                        let stamp = e.deliveries[&x.delivery].stamp;
                        said.push(((0, stamp, 0), "present".into(), None, false, false));
                    }
                }
                for x in e.rows.iter().filter(|x| x.pupil == p && x.school == s && x.date == d) {
                    if !self.heard(e.deliveries[&x.delivery].stamp) {
                        continue;
                    }
                    let of: Vec<usize> =
                        self.slot(school, x.slot.as_str()).into_iter().filter(|y| plan.contains(y)).collect();
                    if of.contains(&period) && !replaced(x.delivery) {
                        let mut st = x.status.as_str();
                        if st == "late" && of.iter().min() != Some(&period)
                            || st == "early_leave" && of.iter().max() != Some(&period)
                        {
                            st = "present";
                        }
                        let stamp = e.deliveries[&x.delivery].stamp;
                        said.push(((0, stamp, x.row_no), st.into(), x.leave_until, false, false));
                    }
                }
                for x in e.leaves.iter().filter(|x| x.pupil == p && x.from <= d && d <= x.until && self.heard(x.stamp))
                {
                    let approved = !self.in_set(x.status.as_str(), "unexcused");
                    said.push(((0, x.stamp, x.row_no), x.status.as_str().into(), Some(x.until), approved, false));
                }
                // Of what a delivery turned, only exports speak.
                let decided = |x: &&Decision| x.pupil == p && x.withdrawn_at.is_none() && self.upto.is_none();
                for x in e.decisions.iter().filter(decided) {
                    let st = match &x.kind {
                        DecisionKind::Excuse(s) => s.as_str(),
                        DecisionKind::Return => "present",
                        DecisionKind::NotExpected => continue,
                    };
                    if x.from <= d && d <= x.to {
                        let stamp = Stamp { stated_at: x.recorded_at, delivery: DeliveryId(x.id.0) };
                        said.push(((1, stamp, 0), st.into(), None, false, true));
                    }
                }
                said.sort_by_key(|x| x.0);
                let mut now: Option<String> = None;
                let mut until = None;
                let mut protected = false;
                for (_, st, lu, is_leave, is_decision) in said {
                    if st == "unexplained" && !is_decision && protected {
                        continue;
                    }
                    let stays = now.as_ref().is_some_and(|n| self.in_set(n, "excused")) && self.in_set(&st, "excused");
                    until = lu.or(if stays { until } else { None });
                    protected = is_leave || protected && stays;
                    now = Some(st);
                }
                if now.is_none() {
                    let by = |kind| {
                        e.deliveries.iter().any(|(id, f)| {
                            f.coverage == kind
                                && self.heard(f.stamp)
                                && self.covered(*id, &s, &class, school, d).contains(&period)
                        })
                    };
                    if by(CoverageKind::Full) {
                        now = Some("not_listed".into());
                    } else if by(CoverageKind::Exceptions) {
                        now = Some("present".into());
                    }
                }
                leave_until = leave_until.max(until);
                per_school.push(now);
            }
            let attended = per_school.iter().flatten().find(|s| self.in_set(s, "attended"));
            let explicit = per_school.iter().flatten().find(|s| *s != "not_listed");
            if let Some(s) = attended.or(explicit).or(per_school.iter().flatten().next()) {
                status.push((period, s.clone()));
            }
        }
        let term = self.term(school, own.grade, d).unwrap_or(99);
        (!status.is_empty()).then(|| Day { date: d, school: own.school.clone(), term, is_day, status, leave_until })
    }
}
