//! Rules about classes and schools (rules.md §2): cluster, roll_call_missing, always_full, corrected_late, and episodes over
//! the recorded days of a group.

use super::ast::{Clip, Cond, SubjectKind, Window, WindowKind};
use super::program::{Chosen, Compiled, Leaf, Node, Program};
use super::table::{Table, alike};
use crate::domain::calendar::{Calendar, first_of_days, first_of_months};
use crate::domain::finding::{Finding, Measure, Subject, Unit};
use crate::domain::ids::{ClassName, SchoolId};
use crate::domain::ratio::Ratio;
use crate::domain::timeline::{Built, Member, NOT_RECORDED, PRESENT, Record, Segment};
use crate::domain::{Date, Time, TimeOfDay};
use chrono::{Datelike, Days};
use std::collections::{BTreeMap, BTreeSet};

/// A class or a school on one of its days.
struct GroupDay {
    date: Date,
    term: u8,
    is_day: bool,
    /// One of its pupils has a recorded day.
    recorded: bool,
    /// One of them has a recorded half day at least, which rules in lessons and sessions see.
    seen: bool,
}

struct Group<'a> {
    school: SchoolId,
    class: Option<ClassName>,
    /// Timelines of everybody who ever belonged to it, by index into `tables`.
    pupils: Vec<usize>,
    days: Vec<GroupDay>,
    tables: &'a [Vec<Table>],
}

struct Asked<'a> {
    calendar: &'a Calendar,
    built: &'a Built,
    members: &'a [(&'a Member, &'a [Record])],
    rule: &'a Compiled,
    group: &'a Group<'a>,
    on: Date,
    now: Option<Time>,
}

type Answer = (Option<Measure>, BTreeSet<Date>);

fn count(unit: Unit, n: usize) -> Option<Measure> {
    Some(Measure { unit, value: Ratio::whole(i64::try_from(n).unwrap_or(i64::MAX)) })
}

/// The findings about classes and schools as of `on`. `built` must hold the timelines of all pupils of the schools asked
/// about; `now` decides whether today's roll call is already missing (`None`: every day up to `on` is over).
pub fn evaluate_classes(
    program: &Program,
    calendar: &Calendar,
    built: &Built,
    on: Date,
    now: Option<Time>,
    out: &mut Vec<Finding>,
) {
    if program.rules.iter().all(|r| r.subject == SubjectKind::Pupil) {
        return;
    }
    let members: Vec<_> =
        built.timelines.values().filter_map(|t| built.roster.member_of(t.pupil).map(|m| (m, t.records()))).collect();
    // Only the specs that rules about groups use.
    let used: BTreeSet<usize> = program
        .rules
        .iter()
        .filter(|r| r.subject != SubjectKind::Pupil)
        .flat_map(|r| r.leaves.iter().filter_map(|l| l.spec))
        .collect();
    let mut stretches = Vec::new();
    let tables: Vec<Vec<Table>> = program
        .specs
        .iter()
        .enumerate()
        .map(|(i, spec)| {
            if !used.contains(&i) {
                return Vec::new();
            }
            members
                .iter()
                .map(|(_, records)| {
                    let mut t = Table::default();
                    alike(records, &mut stretches);
                    t.fill(spec, records, &stretches, calendar, &program.statuses);
                    t
                })
                .collect()
        })
        .collect();
    for kind in [SubjectKind::Class, SubjectKind::School] {
        if program.rules.iter().all(|r| r.subject != kind) {
            continue;
        }
        let of_kind = || program.rules.iter().filter(|r| r.subject == kind);
        let mut ask = |groups: &[Group], rule| {
            for group in groups {
                let asked = Asked { calendar, built, members: &members, rule, group, on, now };
                asked.episodes(out);
            }
        };
        let whole = groups(kind, None, calendar, &members, on, &tables);
        for rule in of_kind() {
            // A rule that chooses classes sees of a school the days of these classes alone.
            if kind == SubjectKind::School && rule.filter.chooses_classes() {
                ask(&groups(kind, Some(&rule.filter), calendar, &members, on, &tables), rule);
            } else {
                ask(&whole, rule);
            }
        }
    }
}

fn groups<'a>(
    kind: SubjectKind,
    filter: Option<&Chosen>,
    calendar: &Calendar,
    members: &[(&Member, &[Record])],
    on: Date,
    tables: &'a [Vec<Table>],
) -> Vec<Group<'a>> {
    type Days = BTreeMap<Date, GroupDay>;
    let mut found: BTreeMap<(SchoolId, Option<ClassName>), (Vec<usize>, Days)> = BTreeMap::new();
    let (Some(first), Some(last)) = (calendar.first_day(), calendar.last_day()) else { return Vec::new() };
    for (i, (m, records)) in members.iter().enumerate() {
        for (n, s) in m.segments().iter().enumerate() {
            let (true, Some(track)) = (s.expected, s.track) else { continue };
            if filter.is_some_and(|f| !f.takes_place(s)) {
                continue;
            }
            let class = if kind == SubjectKind::Class {
                // Pupils without a class are in none.
                let Some(c) = &s.class else { continue };
                Some(c.clone())
            } else {
                None
            };
            let (pupils, days) = found.entry((s.school_id.clone(), class)).or_default();
            if pupils.last() != Some(&i) {
                pupils.push(i);
            }
            let from = s.from.max(first);
            for date in from.iter_days().take_while(|d| *d <= s.to.min(on).min(last)) {
                if calendar.periods(track, date) == 0 {
                    continue;
                }
                let day = days.entry(date).or_insert(GroupDay {
                    date,
                    term: calendar.term_no(track, date),
                    is_day: false,
                    recorded: false,
                    seen: false,
                });
                day.is_day |= calendar.is_day(track, date);
            }
            for r in records.iter().filter(|r| usize::from(r.segment) == n && r.date <= on) {
                if let Some(day) = days.get_mut(&r.date) {
                    day.seen = true;
                    day.recorded |= r.is_day;
                }
            }
        }
    }
    found
        .into_iter()
        .map(|((school, class), (pupils, days))| Group {
            school,
            class,
            pupils,
            days: days.into_values().collect(),
            tables,
        })
        .collect()
}

impl Asked<'_> {
    fn episodes(&self, out: &mut Vec<Finding>) {
        let (rule, days) = (self.rule, &self.group.days);
        let mut open: Option<(usize, usize)> = None;
        let mut latest = None;
        for (i, day) in days.iter().enumerate() {
            if !self.is_asked(day) {
                continue;
            }
            latest = Some(i);
            if rule.from.is_some_and(|f| day.date < f) || rule.to.is_some_and(|t| day.date > t) {
                continue;
            }
            if let Some((first, last)) = open
                && rule.stops
                && days[last].term != day.term
            {
                out.push(self.finding(first, last));
                open = None;
            }
            let c = self.is_chosen(i) && self.answer(&rule.root, i).is_some();
            open = match (open, c) {
                (Some((first, _)), true) => Some((first, i)),
                (None, true) => Some((i, i)),
                (Some((first, last)), false) => {
                    out.push(self.finding(first, last));
                    None
                }
                (None, false) => None,
            };
        }
        if let Some((first, last)) = open {
            out.push(self.finding(first, last));
            if latest == Some(last)
                && let Some(f) = out.last_mut()
            {
                f.open = self.still_there();
            }
        }
    }

    /// Somebody is still expected in the group on the day asked for.
    fn still_there(&self) -> bool {
        self.belonging(self.on).any(|(_, s)| self.group.class.is_some() || self.rule.filter.takes_place(s))
    }

    /// The roll call of a school day is asked for: its day is past or today's hour has struck, in the time of `live_from`
    /// and of the first day for which a source of the group has delivered anything.
    fn is_due(&self, by: TimeOfDay, date: Date) -> bool {
        let is_over = self.now.is_none_or(|now| date < now.date() || date == now.date() && now.time() >= by);
        let starts = self.built.cover.starts.iter().filter(|s| {
            s.school == self.group.school
                && self.group.class.as_ref().is_none_or(|c| s.classes.is_empty() || s.classes.contains(c))
        });
        let since = starts.map(|s| s.first).min().map(|s| self.calendar.live_from().map_or(s, |l| l.max(s)));
        is_over && since.is_some_and(|s| s <= date)
    }

    fn is_asked(&self, day: &GroupDay) -> bool {
        if !self.rule.asks_unrecorded {
            return day.recorded || day.seen && self.rule.sees_half;
        }
        let due = |l: &Leaf| matches!(l.cond, Cond::RollCallMissing { by, .. } if self.is_due(by, day.date));
        day.recorded || day.seen && self.rule.sees_half || day.is_day && self.rule.leaves.iter().any(due)
    }

    /// A pupil who is counted: then of a class that stage, school, grade and class choose, and on d as the other filters
    /// ask. A class is chosen whole, since grades of one class sit in one room.
    fn is_counted(&self, then: &Segment, now: &Segment, d: Date) -> bool {
        (self.group.class.is_some() || self.rule.filter.takes_place(then))
            && self.rule.filter.takes_person(now, self.calendar, d)
    }

    /// Stage, school, grade and class choose the group: one of its pupils of that day fits.
    fn is_chosen(&self, i: usize) -> bool {
        let date = self.group.days[i].date;
        self.belonging(date).any(|(_, s)| self.rule.filter.takes_place(s))
    }

    fn is_of_group(&self, s: &Segment) -> bool {
        s.expected && s.school_id == self.group.school && (self.group.class.is_none() || s.class == self.group.class)
    }

    fn belonging(&self, date: Date) -> impl Iterator<Item = (usize, &Segment)> {
        self.group.pupils.iter().map(move |p| (*p, self.members[*p].0.at(date))).filter(|(_, s)| self.is_of_group(s))
    }

    fn finding(&self, first: usize, last: usize) -> Finding {
        let (measure, dates) = self.answer(&self.rule.root, last).unwrap_or_default();
        Finding {
            rule: self.rule.id.clone(),
            rule_hash: self.rule.hash.clone(),
            subject: Subject { school: Some(self.group.school.clone()), class: self.group.class.clone(), pupil: None },
            fired_on: self.group.days[first].date,
            last_on: self.group.days[last].date,
            open: false,
            measure,
            evidence: dates.into_iter().collect(),
        }
    }

    fn answer(&self, node: &Node, i: usize) -> Option<Answer> {
        match node {
            Node::All(ns) => {
                let answers: Option<Vec<Answer>> = ns.iter().map(|n| self.answer(n, i)).collect();
                Some(join(answers?))
            }
            Node::Any(ns) => {
                let answers: Vec<Answer> = ns.iter().filter_map(|n| self.answer(n, i)).collect();
                if answers.is_empty() { None } else { Some(join(answers)) }
            }
            Node::Not(n) => match self.answer(n, i) {
                Some(_) => None,
                None => Some((None, BTreeSet::new())),
            },
            Node::Leaf(l) => self.leaf(*l, i),
        }
    }

    fn leaf(&self, l: usize, i: usize) -> Option<Answer> {
        let leaf = &self.rule.leaves[l];
        match &leaf.cond {
            Cond::Cluster { pupils, within, share, .. } => self.cluster(leaf.spec?, *pupils, within, *share, i),
            Cond::RollCallMissing { by, days } => self.roll_call_missing(*by, *days, i),
            Cond::AlwaysFull { days, pupils } => self.always_full(*days, *pupils, i),
            Cond::CorrectedLate { lessons, older_than_school_days } => {
                self.corrected_late(*lessons, *older_than_school_days, i)
            }
            // What is asked about pupils says nothing about a group.
            _ => None,
        }
    }

    fn cluster(&self, spec: usize, n: u32, within: &Window, share: Option<Ratio>, i: usize) -> Option<Answer> {
        let d = self.group.days[i].date;
        let from = self.window(within, i)?;
        let mut dates = BTreeSet::new();
        let mut pupils = 0;
        for p in &self.group.pupils {
            let (member, records) = self.members[*p];
            let table = &self.group.tables[spec][*p];
            let mut has = false;
            let low = records.partition_point(|r| r.date < from);
            for (r, c) in records[low..].iter().zip(&table.cells[low..]).take_while(|(r, _)| r.date <= d) {
                let s = &member.segments()[usize::from(r.segment)];
                if c.counts && self.is_of_group(s) && self.is_counted(s, member.at(d), d) {
                    has = true;
                    dates.insert(r.date);
                }
            }
            pupils += usize::from(has);
        }
        let expected = self.belonging(d).filter(|(_, s)| self.is_counted(s, s, d)).count();
        let (have, all) = (i64::try_from(pupils).ok()?, i64::try_from(expected).ok()?);
        let enough = share.is_none_or(|p| Ratio::whole(have) >= p * Ratio::whole(all));
        (pupils >= n as usize && pupils > 0 && enough).then(|| (count(Unit::Pupils, pupils), dates))
    }

    fn is_missing(&self, by: TimeOfDay, i: usize) -> bool {
        let day = &self.group.days[i];
        if !self.is_due(by, day.date) {
            return false;
        }
        let covered = |s: &Segment| {
            let plan = s.track.map_or(0, |t| self.calendar.periods(t, day.date));
            let known = (self.calendar, &self.built.roster);
            self.built.cover.covers(known, &s.school_id, s.class.as_ref(), day.date, plan)
        };
        // A class that is chosen is chosen whole.
        let counts = |s: &Segment| self.group.class.is_some() || self.rule.filter.takes_place(s);
        !self.belonging(day.date).any(|(_, s)| counts(s) && covered(s))
    }

    fn roll_call_missing(&self, by: TimeOfDay, n: u32, i: usize) -> Option<Answer> {
        let days = (0..=i).rev().filter(|j| self.group.days[*j].is_day);
        let dates: BTreeSet<Date> =
            days.take_while(|j| self.is_missing(by, *j)).map(|j| self.group.days[j].date).collect();
        let today = self.group.days[i].is_day && dates.contains(&self.group.days[i].date);
        (today && dates.len() >= n as usize).then(|| (count(Unit::Days, dates.len()), dates))
    }

    fn is_full(&self, i: usize, pupils: u32, d: Date) -> bool {
        let day = &self.group.days[i];
        let mut recorded = 0;
        for (p, s) in self.belonging(day.date) {
            let (member, records) = self.members[p];
            if !self.is_counted(s, member.at(d), d) {
                continue;
            }
            if let Ok(at) = records.binary_search_by_key(&day.date, |r| r.date)
                && records[at].is_day
            {
                recorded += 1;
                let r = &records[at];
                if (0..16).any(|p| !matches!(r.code(p), PRESENT | NOT_RECORDED)) {
                    return false;
                }
            }
        }
        recorded >= pupils
    }

    fn always_full(&self, n: u32, pupils: u32, i: usize) -> Option<Answer> {
        let days = (0..=i).rev().filter(|j| self.group.days[*j].recorded);
        let dates: BTreeSet<Date> = days
            .take_while(|j| self.is_full(*j, pupils, self.group.days[i].date))
            .map(|j| self.group.days[j].date)
            .collect();
        (!dates.is_empty() && dates.len() >= n as usize).then(|| (count(Unit::Days, dates.len()), dates))
    }

    fn corrected_late(&self, lessons: Ratio, k: u32, i: usize) -> Option<Answer> {
        let days = &self.group.days;
        // What was stated on a day without records is asked on the next recorded one.
        if !(days[i].recorded || days[i].seen && self.rule.sees_half) {
            return None;
        }
        let d = days[i].date;
        let before = days[..i].iter().rev().find(|x| x.recorded || x.seen && self.rule.sees_half).map(|x| x.date);
        let mut by_delivery: BTreeMap<_, (u32, BTreeSet<Date>)> = BTreeMap::new();
        for c in &self.built.corrections {
            if c.stated_on > d || before.is_some_and(|b| c.stated_on <= b) {
                continue;
            }
            let Some(member) = self.built.roster.member_of(c.pupil) else { continue };
            let s = member.at(c.date);
            // More than k school days before the day on which it was stated.
            let older = days.iter().filter(|x| x.is_day && c.date < x.date && x.date <= c.stated_on).count();
            if self.is_of_group(s) && self.is_counted(s, member.at(d), d) && older > k as usize && c.date < c.stated_on
            {
                let e = by_delivery.entry(c.delivery).or_default();
                e.0 += c.periods;
                e.1.insert(c.date);
            }
        }
        let enough = |n: u32| Ratio::whole(i64::from(n)) >= lessons;
        let found: Vec<(u32, BTreeSet<Date>)> = by_delivery.into_values().filter(|(n, _)| enough(*n)).collect();
        // Of several such deliveries of one day the greatest is measured.
        let most = found.iter().map(|(n, _)| *n).max()?;
        Some((count(Unit::Lessons, most as usize), found.into_iter().flat_map(|(_, d)| d).collect()))
    }

    /// The first day of W(d), on the group's own school days.
    fn window(&self, w: &Window, i: usize) -> Option<Date> {
        let day = &self.group.days[i];
        let d = day.date;
        let term = self.calendar.terms().get(usize::from(day.term)).map(|t| t.start);
        let school_days = || self.group.days[..=i].iter().rev().filter(|x| x.is_day).map(|x| x.date);
        let mut from = match &w.kind {
            WindowKind::SchoolDays(n) => school_days().nth(n.saturating_sub(1) as usize).unwrap_or(Date::MIN),
            WindowKind::SchoolWeeks(n) => {
                let monday = |x: Date| x - Days::new(u64::from(x.weekday().num_days_from_monday()));
                let mut weeks: Vec<Date> = school_days().map(monday).collect();
                weeks.dedup();
                weeks.get(n.saturating_sub(1) as usize).copied().unwrap_or(Date::MIN)
            }
            WindowKind::CalendarDays(n) => first_of_days(*n, d),
            WindowKind::Months(n) => first_of_months(*n, d),
            WindowKind::Week => d - Days::new(u64::from(d.weekday().num_days_from_monday())),
            WindowKind::Month => d.with_day(1).unwrap_or(d),
            WindowKind::Term => term?,
            WindowKind::SchoolYear => self.calendar.school_year_of(d).1,
            WindowKind::Enrolment => Date::MIN,
            WindowKind::Span(name) => self.calendar.span_at(name, d)?.0,
            // A group has no run and no acts.
            WindowKind::Run | WindowKind::AfterAct(_) => return None,
        };
        if w.clip == Some(Clip::Term) || matches!(w.kind, WindowKind::SchoolDays(_)) && !w.across_terms {
            from = from.max(term?);
        }
        if w.clip == Some(Clip::SchoolYear) {
            from = from.max(self.calendar.school_year_of(d).1);
        }
        Some(from)
    }
}

fn join(answers: Vec<Answer>) -> Answer {
    let mut out: Answer = (None, BTreeSet::new());
    for (measure, dates) in answers {
        out.0 = out.0.or(measure);
        out.1.extend(dates);
    }
    out
}
