//! The conditions of pupils (rules.md §2), each answered for one day from tables that are laid once: is it true, how much,
//! and on which dates.

use super::ast::{Amount, Cond, Threshold, Window, WindowKind};
use super::program::{Compiled, Leaf, Node, Program, Spec, by_parts, matches_act, meets, threshold};
use super::table::{
    Cell, Run, Runs, Stops, Stretch, Sums, Table, day_runs, next_one, ones, part_runs, periods, scale, sessions,
};
use crate::domain::Date;
use crate::domain::calendar::{Calendar, months_after};
use crate::domain::evidence::Act;
use crate::domain::finding::{Measure, Unit};
use crate::domain::ratio::Ratio;
use crate::domain::timeline::{Member, NOT_LISTED, OFFICIAL, Record, StatusSet, Timeline};
use chrono::{Datelike, Days};

/// A day on which rules are asked about a pupil.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub date: Date,
    /// Records up to and including the date.
    pub upto: usize,
    pub kind: AskKind,
    pub segment: usize,
    pub term: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AskKind {
    Recorded,
    /// A recorded half day that is no day.
    Half,
    /// A school day of the old school of a pupil who left.
    Departed,
}

/// Buffers of one leaf.
#[derive(Default, Debug)]
pub(super) struct Laid {
    pub(super) runs: Runs,
    /// Running sums of values, one longer than the records.
    sums: Vec<i64>,
    /// One bit for each record: on the others the condition is false. Shorter than the records: nothing is known.
    pub(super) may: Vec<u64>,
    /// Where the last window asked for began, since the next mostly begins there or a little later.
    low: std::cell::Cell<usize>,
    /// Days on which a total is known to stay below its amount.
    below: std::cell::Cell<Option<Below>>,
}

/// From a day of a term on, up to so many records, a total stays below its amount: nothing more counts in between, and the
/// windows of these days begin no earlier.
#[derive(Clone, Copy, Debug)]
struct Below {
    from: Date,
    term: u8,
    upto: usize,
}

impl Below {
    fn holds(self, at: &Ask) -> bool {
        self.from <= at.date && self.term == at.term && at.upto <= self.upto
    }
}

impl Laid {
    /// Bits from the records of a run on which a test of its length says yes.
    fn allow_runs(&mut self, n: usize, yes: impl Fn(i64) -> bool) {
        self.may.resize(n.div_ceil(64), 0);
        for i in ones(&self.runs.standing) {
            if self.runs.get(i).is_some_and(|run| yes(run.value)) {
                self.may[i / 64] |= 1 << (i % 64);
            }
        }
    }

    fn allow_from(&mut self, n: usize, first: Option<usize>) {
        let first = first.unwrap_or(n);
        self.may.extend((0..n).step_by(64).map(|from| match first.saturating_sub(from) {
            ahead if ahead >= 64 => 0,
            ahead => u64::MAX << ahead,
        }));
    }
}

/// The records in whose 64 bits the rule may be true.
pub(super) fn may(node: &Node, laid: &[Laid], word: usize) -> u64 {
    match node {
        Node::All(ns) => ns.iter().fold(u64::MAX, |m, n| m & may(n, laid, word)),
        Node::Any(ns) => ns.iter().fold(0, |m, n| m | may(n, laid, word)),
        Node::Not(_) => u64::MAX,
        Node::Leaf(i) => laid[*i].may.get(word).copied().unwrap_or(u64::MAX),
    }
}

/// Buffers that are reused from pupil to pupil.
#[derive(Default, Debug)]
pub struct Scratch {
    pub(super) asks: Vec<Ask>,
    pub(super) tables: Vec<Table>,
    pub(super) filled: Vec<bool>,
    pub(super) laid: Vec<Laid>,
    pub(super) acts: Vec<usize>,
    /// Of the pupil at hand: records that say the same.
    pub(super) stretches: Vec<Stretch>,
    /// Records up to the day asked for.
    pub(super) days: usize,
    /// Some asks are about days of an old school, which have no record.
    pub(super) has_departed: bool,
}

/// One pupil under one program.
pub(super) struct Asked<'a> {
    pub program: &'a Program,
    pub calendar: &'a Calendar,
    pub member: &'a Member,
    pub timeline: &'a Timeline,
    pub acts: &'a [Act],
    pub scratch: &'a Scratch,
    pub rule: &'a Compiled,
}

type Raw = (Unit, i64, i64);

/// What a condition says on a day where it is true.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// Unit and value as a fraction that is not reduced yet: it is only asked for where a finding is made.
    measure: Option<Raw>,
    /// Records whose dates may be evidence: from, up to (excluded).
    from: usize,
    upto: usize,
    dates: Dates,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dates {
    None,
    /// Records of the stretch that are days.
    Days,
    Counting,
    CountingOn(u8),
    /// Days with a > 0.
    Positive,
    /// Days with a > 0 and a value.
    Worth,
    /// Days with a session or period of the run.
    Parts,
    /// School days of the old school after this date.
    SchoolDaysAfter(Date),
}

fn days_long(n: i64) -> Option<Raw> {
    Some((Unit::Days, n, 1))
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn whole(t: Threshold) -> i32 {
    i32::try_from(t.n.numerator() / t.n.denominator()).unwrap_or(i32::MAX)
}

/// The days from `first` to `last` are as many calendar days, weeks or months.
fn long_enough(amount: &Amount, first: Date, last: Date) -> bool {
    let days = (last - first).num_days() + 1;
    match amount {
        Amount::Weeks(t) => meets(Threshold { n: t.n * Ratio::whole(7), over: t.over }, days, 1),
        Amount::Months(t) => {
            let (next, due) = (last + Days::new(1), months_after(first, whole(*t)));
            if t.over { next > due } else { next >= due }
        }
        _ => meets(threshold(amount), days, 1),
    }
}

/// As many calendar days, weeks or months have gone since `u`.
fn gone_since(amount: &Amount, u: Date, d: Date) -> bool {
    match amount {
        Amount::Months(t) => {
            let due = months_after(u, whole(*t));
            if t.over { d > due } else { d >= due }
        }
        _ => long_enough(amount, u + Days::new(1), d),
    }
}

/// Lays the tables that the leaves of a rule need.
pub(super) fn lay(scratch: &mut Scratch, program: &Program, rule: &Compiled, timeline: &Timeline, calendar: &Calendar) {
    let records = timeline.records();
    let statuses = &program.statuses;
    if scratch.laid.len() < rule.leaves.len() {
        scratch.laid.resize_with(rule.leaves.len(), Laid::default);
    }
    let n = records.len();
    for (i, leaf) in rule.leaves.iter().enumerate() {
        scratch.laid[i].may.clear();
        scratch.laid[i].low.set(0);
        scratch.laid[i].below.set(None);
        let Some(s) = leaf.spec else {
            match &leaf.cond {
                Cond::Unlisted { days } => {
                    unlisted_runs(records, &mut scratch.laid[i].runs);
                    scratch.laid[i].allow_runs(n, |value| meets(*days, value, 1));
                }
                Cond::NotRegistered { .. } => {
                    unattended(records, statuses.attended, calendar, &mut scratch.laid[i].may)
                }
                _ => {}
            }
            continue;
        };
        let spec = &program.specs[s];
        if !scratch.filled[s] {
            scratch.tables[s].fill(spec, records, &scratch.stretches, calendar, statuses);
            scratch.filled[s] = true;
        }
        let (table, laid) = (&scratch.tables[s], &mut scratch.laid[i]);
        match &leaf.cond {
            Cond::Consecutive { amount, broken_by, across_terms, across_schools, .. } => {
                let stops = Stops { across_terms: *across_terms, across_schools: *across_schools };
                if by_parts(amount) {
                    part_runs(spec, table, records, calendar, statuses, amount, broken_by, stops, &mut laid.runs);
                } else {
                    day_runs(table, records, broken_by, stops, &mut laid.runs);
                }
                match amount {
                    Amount::CalendarDays(_) | Amount::Weeks(_) | Amount::Months(_) => {
                        laid.allow_runs(n, |_| true);
                    }
                    _ => {
                        let (t, scale) = (threshold(amount), scale(amount, spec, program.weight_scale));
                        laid.allow_runs(n, |value| meets(t, value, scale));
                    }
                }
            }
            Cond::LeaveStated { .. } => {
                let stops = Stops { across_terms: true, across_schools: true };
                day_runs(table, records, &super::ast::BrokenBy::Day, stops, &mut laid.runs);
            }
            Cond::Rate { share, by_days, within, min_days, planned, .. } if !meets(*share, 0, 1) => {
                let first = next_one(if *by_days { &table.counting } else { &table.touched }, 0);
                if within.kind == WindowKind::Term && within.clip.is_none() && within.across_schools && !planned {
                    laid.may.resize(n.div_ceil(64), 0);
                    over_terms(records, table, first, calendar, &mut laid.may, |was, is| {
                        let (exists, l) = (is.exists - was.exists, is.l - was.l);
                        let (part, all) = if *by_days {
                            (i64::from(is.counts - was.counts), i64::from(exists))
                        } else {
                            (is.a - was.a, l * spec.scale)
                        };
                        exists >= (*min_days).max(1) && meets(*share, part, all)
                    });
                } else {
                    laid.allow_from(n, first);
                }
            }
            Cond::Total { amount, parts, .. } => {
                laid.sums.clear();
                let mut sum = 0;
                for i in ones(&table.touched) {
                    laid.sums.resize(i + 1, sum);
                    let (r, c) = (&records[i], &table.cells[i]);
                    sum += match amount {
                        Amount::Sessions(_) => sessions(spec, r, calendar, statuses).map(|p| p.value).sum(),
                        Amount::Hours(_) | Amount::Periods(_) => {
                            periods(spec, r, calendar, statuses, amount).map(|p| p.value).sum()
                        }
                        Amount::Lessons(_) => c.a,
                        _ => i64::from(c.counts),
                    };
                }
                laid.sums.resize(n + 1, sum);
                // What all days up to one together do not reach no window reaches.
                if !parts && !matches!(amount, Amount::Spells(_)) {
                    let (t, scale) = (threshold(amount), scale(amount, spec, program.weight_scale));
                    let first = laid.sums[1..].partition_point(|s| !meets(t, *s, scale));
                    laid.allow_from(n, Some(first));
                }
            }
            _ => {}
        }
    }
}

/// The records from `first` on whose term up to them passes a test of the sums before it and with them.
fn over_terms(
    records: &[Record],
    table: &Table,
    first: Option<usize>,
    calendar: &Calendar,
    may: &mut [u64],
    test: impl Fn(Sums, Sums) -> bool,
) {
    let (mut term, mut was) = (None, None);
    for i in first.unwrap_or(records.len())..records.len() {
        let r = &records[i];
        if term != Some(r.term) {
            term = Some(r.term);
            let start = calendar.terms().get(usize::from(r.term)).map(|t| t.start);
            was = start.map(|s| table.upto(records.partition_point(|r| r.date < s).min(i + 1)));
        }
        if was.is_some_and(|was| test(was, table.upto(i + 1))) {
            may[i / 64] |= 1 << (i % 64);
        }
    }
}

/// The records before which nothing was attended in their term.
fn unattended(records: &[Record], attended: StatusSet, calendar: &Calendar, may: &mut Vec<u64>) {
    may.resize(records.len().div_ceil(64), 0);
    let (mut term, mut over) = (None, true);
    for (i, r) in records.iter().enumerate() {
        if term != Some(r.term) {
            term = Some(r.term);
            over = match calendar.terms().get(usize::from(r.term)) {
                None => true,
                Some(t) => {
                    let low = records.partition_point(|r| r.date < t.start);
                    records[low.min(i)..i].iter().any(|r| r.is_day && r.set & attended != 0)
                }
            };
        }
        over |= r.is_day && r.set & attended != 0;
        if !over {
            may[i / 64] |= 1 << (i % 64);
        }
    }
}

fn unlisted_runs(records: &[Record], out: &mut Runs) {
    let mut run = Run::default();
    out.fill(records.iter().enumerate().map(|(i, r)| {
        let i = u32::try_from(i).unwrap_or(u32::MAX);
        if r.is_day && r.set == 1 << NOT_LISTED {
            run = Run { first: if run.value == 0 { i } else { run.first }, last: i, value: run.value + 1 };
        } else if r.is_day {
            run = Run::default();
        }
        run
    }));
}

impl Asked<'_> {
    /// C(d).
    pub fn holds(&self, node: &Node, at: &Ask) -> bool {
        match node {
            Node::All(ns) => ns.iter().all(|n| self.holds(n, at)),
            Node::Any(ns) => ns.iter().any(|n| self.holds(n, at)),
            Node::Not(n) => !self.holds(n, at),
            Node::Leaf(i) => self.answer(*i, at).is_some(),
        }
    }

    /// The dates that count toward C, and the value of the first true branch that has one.
    pub fn account(&self, node: &Node, at: &Ask, evidence: &mut Vec<Date>) -> Option<Measure> {
        match node {
            Node::All(ns) | Node::Any(ns) => {
                let mut measure = None;
                for n in ns.iter().filter(|n| self.holds(n, at)) {
                    let m = self.account(n, at, evidence);
                    measure = measure.or(m);
                }
                measure
            }
            Node::Not(_) => None,
            Node::Leaf(i) => {
                let answer = self.answer(*i, at)?;
                self.dates(*i, &answer, at, evidence);
                answer.measure.map(|(unit, n, d)| Measure { unit, value: Ratio::new(n, d) })
            }
        }
    }

    fn dates(&self, leaf: usize, a: &Answer, at: &Ask, out: &mut Vec<Date>) {
        let records = self.timeline.records();
        let cells = self.rule.leaves[leaf].spec.map(|s| &self.scratch.tables[s].cells);
        let counts = |i: &usize| cells.is_some_and(|c| c[*i].counts);
        match a.dates {
            Dates::None => {}
            Dates::Days => out.extend(records[a.from..a.upto].iter().filter(|r| r.is_day).map(|r| r.date)),
            Dates::Counting => out.extend((a.from..a.upto).filter(counts).map(|i| records[i].date)),
            Dates::CountingOn(days) => out.extend(
                (a.from..a.upto)
                    .filter(counts)
                    .map(|i| records[i].date)
                    .filter(|d| days >> d.weekday().num_days_from_monday() & 1 != 0),
            ),
            Dates::Positive => {
                out.extend((a.from..a.upto).filter(|i| cells.is_some_and(|c| c[*i].a > 0)).map(|i| records[i].date))
            }
            Dates::Parts => out.extend((a.from..a.upto).filter(|i| self.has_part(leaf, *i)).map(|i| records[i].date)),
            Dates::Worth => {
                let sums = &self.scratch.laid[leaf].sums;
                out.extend(
                    (a.from..a.upto)
                        .filter(|i| cells.is_some_and(|c| c[*i].a > 0) && sums[i + 1] > sums[*i])
                        .map(|i| records[i].date),
                );
            }
            Dates::SchoolDaysAfter(left) => {
                if let Some(track) = self.member.at(at.date).track {
                    out.extend(
                        left.iter_days()
                            .skip(1)
                            .take_while(|d| *d <= at.date)
                            .filter(|d| self.calendar.is_day(track, *d)),
                    );
                }
            }
        }
    }

    /// A session (or period) of the day counts.
    fn has_part(&self, leaf: usize, record: usize) -> bool {
        let leaf = &self.rule.leaves[leaf];
        let Some((spec, table)) = self.spec(leaf) else { return false };
        match &leaf.cond {
            Cond::Consecutive { amount: Amount::Sessions(_), .. } => {
                let r = &self.timeline.records()[record];
                sessions(spec, r, self.calendar, &self.program.statuses).any(|p| p.value > 0)
            }
            _ => table.cells[record].a > 0,
        }
    }

    fn spec(&self, leaf: &Leaf) -> Option<(&Spec, &Table)> {
        leaf.spec.map(|s| (&self.program.specs[s], &self.scratch.tables[s]))
    }

    /// The answer of a condition on a day, `None` where it is false.
    fn answer(&self, i: usize, at: &Ask) -> Option<Answer> {
        let leaf = &self.rule.leaves[i];
        let laid = &self.scratch.laid[i];
        let records = self.timeline.records();
        match &leaf.cond {
            Cond::Consecutive { amount, .. } => self.consecutive(laid, leaf, amount, at),
            Cond::Total { amount, parts, within, .. } => self.total(i, leaf, laid, amount, *parts, within, at),
            Cond::Rate { share, within, min_days, by_days, planned, .. } => {
                self.rate(i, leaf, *share, within, *min_days, *by_days, *planned, at)
            }
            Cond::Weekday { weekdays, at_least, of_last, across_terms, across_schools, .. } => {
                let days = weekdays.iter().fold(0u8, |m, w| m | 1 << w.num_days_from_monday());
                self.weekday(leaf, days, *at_least, *of_last, *across_terms, *across_schools, at)
            }
            Cond::NotRegistered { amount, excused_stops } => self.not_registered(amount, *excused_stops, at),
            Cond::Unlisted { days } => {
                // The run ends at d: on a half day in between it is that of the last day.
                let run = *laid.runs.get(at.upto.checked_sub(1)?)?;
                (run.value > 0 && meets(*days, run.value, 1)).then(|| Answer {
                    measure: days_long(run.value),
                    from: run.first as usize,
                    upto: run.last as usize + 1,
                    dates: Dates::Days,
                })
            }
            Cond::OverdueReturn { amount } => {
                let leave = records[..at.upto].iter().rev().find(|r| r.is_day && r.leave_until.is_some());
                let leave = leave.and_then(|r| r.leave_until.map(|u| (r.date, u)));
                let (_, u) = leave.max(self.member.exemption_before(at.date))?;
                self.away_since(u, amount, at)
            }
            Cond::LeaveStated { amount } => self.leave_stated(leaf, laid, amount, at),
            Cond::NotArrived { days } => {
                let segment = self.member.at(at.date);
                let (left, track) = (segment.departed?, segment.track?);
                let arrived = self.acts.iter().any(|a| a.date <= at.date && a.kind == "arrival");
                let n = i64::from(self.calendar.days_between(track, left + Days::new(1), at.date));
                (!arrived && meets(*days, n, 1)).then_some(Answer {
                    measure: days_long(n),
                    from: 0,
                    upto: 0,
                    dates: Dates::SchoolDaysAfter(left),
                })
            }
            Cond::Acts { acts, at_least, within } => {
                let from = match within {
                    Some(w) => self.window(w, i, at)?,
                    None => Date::MIN,
                };
                let n =
                    self.acts.iter().filter(|a| from <= a.date && a.date <= at.date && matches_act(acts, a)).count();
                (n >= *at_least as usize).then(|| Answer {
                    measure: Some((Unit::Acts, number(n), 1)),
                    from: 0,
                    upto: 0,
                    dates: Dates::None,
                })
            }
            Cond::StillAbsent { after, amount } => {
                let seen = self.last_attended(at);
                let u = self
                    .scratch
                    .acts
                    .iter()
                    .map(|i| &self.acts[*i])
                    .find(|a| seen.is_none_or(|s| a.date > s) && a.date <= at.date && matches_act(after, a))?
                    .date;
                self.away_since(u, amount, at)
            }
            // Branches are nodes, and what is asked about classes is answered in `group`.
            Cond::All(_) | Cond::Any(_) | Cond::Not(_) => None,
            Cond::Cluster { .. }
            | Cond::RollCallMissing { .. }
            | Cond::AlwaysFull { .. }
            | Cond::CorrectedLate { .. } => None,
        }
    }

    fn last_attended(&self, at: &Ask) -> Option<Date> {
        let attended = self.program.statuses.attended;
        let records = &self.timeline.records()[..at.upto];
        records.iter().rev().find(|r| r.is_day && r.set & attended != 0).map(|r| r.date)
    }

    /// Nothing is attended after `u`, and as much has gone since.
    fn away_since(&self, u: Date, amount: &Amount, at: &Ask) -> Option<Answer> {
        if u >= at.date || self.last_attended(at).is_some_and(|s| s > u) {
            return None;
        }
        let records = self.timeline.records();
        let from = records.partition_point(|r| r.date <= u);
        let recorded = number(records[from.min(at.upto)..at.upto].iter().filter(|r| r.is_day).count());
        let (yes, n) = match amount {
            Amount::Days(t) => (meets(*t, recorded, 1), recorded),
            _ => (gone_since(amount, u, at.date), (at.date - u).num_days()),
        };
        yes.then(|| Answer { measure: days_long(n), from: from.min(at.upto), upto: at.upto, dates: Dates::Days })
    }

    /// The first record on or after a date, at most those up to d.
    fn low(&self, laid: &Laid, from: Date, at: &Ask) -> usize {
        let records = self.timeline.records();
        let mut low = laid.low.get();
        if low > at.upto || low > 0 && records[low - 1].date >= from {
            low = records.partition_point(|r| r.date < from);
        }
        while low < at.upto && records[low].date < from {
            low += 1;
        }
        laid.low.set(low);
        low.min(at.upto)
    }

    fn consecutive(&self, laid: &Laid, leaf: &Leaf, amount: &Amount, at: &Ask) -> Option<Answer> {
        let run = *laid.runs.get(at.upto.checked_sub(1)?)?;
        if run.value == 0 || self.new_stretch(leaf, at) {
            return None;
        }
        let records = self.timeline.records();
        let (first, last) = (records[run.first as usize].date, records[run.last as usize].date);
        let (yes, measure) = match amount {
            Amount::Days(t) => (meets(*t, run.value, 1), days_long(run.value)),
            Amount::Sessions(t) | Amount::Lessons(t) | Amount::Hours(t) | Amount::Periods(t) | Amount::Spells(t) => {
                let (spec, _) = self.spec(leaf)?;
                let scale = scale(amount, spec, self.program.weight_scale);
                (meets(*t, run.value, scale), Some(measured(amount, run.value, scale)))
            }
            _ => (long_enough(amount, first, last), days_long((last - first).num_days() + 1)),
        };
        // Sessions and periods are asked about on their own day only.
        if by_parts(amount) && records[at.upto - 1].date != at.date {
            return None;
        }
        let dates = if by_parts(amount) { Dates::Parts } else { Dates::Counting };
        let answer = Answer { measure, from: run.first as usize, upto: run.last as usize + 1, dates };
        yes.then_some(answer)
    }

    /// The day lies in another term than the last record, so that nothing of the run reaches it.
    pub(super) fn new_stretch(&self, leaf: &Leaf, at: &Ask) -> bool {
        let Cond::Consecutive { across_terms, .. } = &leaf.cond else { return false };
        !across_terms && self.timeline.records()[at.upto - 1].term != at.term
    }

    fn total(
        &self,
        i: usize,
        leaf: &Leaf,
        laid: &Laid,
        amount: &Amount,
        parts: bool,
        within: &Window,
        at: &Ask,
    ) -> Option<Answer> {
        let (spec, table) = self.spec(leaf)?;
        let t = threshold(amount);
        let scale = scale(amount, spec, self.program.weight_scale);
        // What all days together do not reach no window reaches.
        let adds_up = !parts && !matches!(amount, Amount::Spells(_));
        let is_below = laid.below.get().is_some_and(|b| b.holds(at));
        if adds_up && (is_below || !meets(t, laid.sums[at.upto], scale)) {
            return None;
        }
        let from = self.window(within, i, at)?;
        let low = self.low(laid, from, at);
        let dates = Dates::Worth;
        let answer = |measure| Some(Answer { measure: Some(measure), from: low, upto: at.upto, dates });
        if parts {
            let mut sum = Ratio::ZERO;
            for i in (low..at.upto).filter(|i| table.cells[*i].counts) {
                let l = table.upto(i + 1).l - table.upto(i).l;
                sum = sum + Ratio::new(table.cells[i].a, l * spec.scale);
            }
            let yes = if t.over { sum > t.n } else { sum >= t.n };
            return if yes { answer((Unit::Days, sum.numerator(), sum.denominator())) } else { None };
        }
        let value = match amount {
            Amount::Spells(_) => spells(&table.cells[low..at.upto]),
            _ => laid.sums[at.upto] - laid.sums[low],
        };
        if meets(t, value, scale) {
            return answer(measured(amount, value, scale));
        }
        // Windows of later days of the term begin no earlier: until something more counts they hold no more than this one.
        if adds_up && begins_later(&within.kind) {
            let upto = next_one(&table.touched, at.upto).unwrap_or(table.cells.len());
            laid.below.set(Some(Below { from: at.date, term: at.term, upto }));
        }
        None
    }

    fn rate(
        &self,
        i: usize,
        leaf: &Leaf,
        share: Threshold,
        within: &Window,
        min_days: u32,
        by_days: bool,
        planned: bool,
        at: &Ask,
    ) -> Option<Answer> {
        let (spec, table) = self.spec(leaf)?;
        let from = self.window(within, i, at)?;
        let low = self.low(&self.scratch.laid[i], from, at);
        let (was, is) = (table.upto(low), table.upto(at.upto));
        let exists = is.exists - was.exists;
        if exists < min_days.max(1) {
            return None;
        }
        let (part, all) = if by_days {
            let all = if planned { self.planned(spec, within, from, at).1 } else { i64::from(exists) };
            (i64::from(is.counts - was.counts), all)
        } else {
            let all = if planned { self.planned(spec, within, from, at).0 } else { is.l - was.l };
            (is.a - was.a, all * spec.scale)
        };
        let dates = if by_days { Dates::Counting } else { Dates::Positive };
        let answer = || {
            let measure = Some((Unit::Rate, part, all));
            Answer { measure, from: low, upto: at.upto, dates }
        };
        (all > 0 && meets(share, part, all)).then(answer)
    }

    fn weekday(
        &self,
        leaf: &Leaf,
        days: u8,
        at_least: u32,
        of_last: u32,
        across_terms: bool,
        across_schools: bool,
        at: &Ask,
    ) -> Option<Answer> {
        let (_, table) = self.spec(leaf)?;
        let on = |d: Date| days >> d.weekday().num_days_from_monday() & 1 != 0;
        if !on(at.date) || of_last == 0 {
            return None;
        }
        let mut floor = Date::MIN;
        if !across_terms {
            floor = self.term_start(at)?;
        }
        if !across_schools {
            floor = floor.max(self.member.same_school_since(at.date));
        }
        let records = self.timeline.records();
        let (mut exist, mut count, mut from) = (0, 0, at.upto);
        for i in (0..at.upto).rev().filter(|i| on(records[*i].date) && table.cells[*i].exists) {
            if records[i].date < floor || exist == of_last {
                break;
            }
            exist += 1;
            count += u32::from(table.cells[i].counts);
            from = i;
        }
        (exist == of_last && count >= at_least).then(|| Answer {
            measure: days_long(i64::from(count)),
            from,
            upto: at.upto,
            dates: Dates::CountingOn(days),
        })
    }

    fn not_registered(&self, amount: &Amount, excused_stops: bool, at: &Ask) -> Option<Answer> {
        let begin = self.term_start(at)?;
        let records = self.timeline.records();
        let low = records.partition_point(|r| r.date < begin);
        let term = &records[low.min(at.upto)..at.upto];
        let statuses = &self.program.statuses;
        let excuse = statuses.excused | 1 << OFFICIAL;
        let mut from = begin;
        for r in term.iter().filter(|r| r.is_day) {
            if r.set & statuses.attended != 0 {
                return None;
            }
            if excused_stops && r.set & excuse != 0 {
                from = r.date + Days::new(1);
            }
        }
        let first = self.first_expected_school_day(from, at.date)?;
        let start = records.partition_point(|r| r.date < first).min(at.upto);
        let recorded = number(records[start..at.upto].iter().filter(|r| r.is_day).count());
        let (yes, n) = match amount {
            Amount::Days(t) => {
                (meets(*t, recorded, 1) && meets(*t, self.expected_school_days(first, at.date), 1), recorded)
            }
            _ => (recorded > 0 && long_enough(amount, first, at.date), (at.date - first).num_days() + 1),
        };
        yes.then(|| Answer { measure: days_long(n), from: start, upto: at.upto, dates: Dates::Days })
    }

    fn leave_stated(&self, leaf: &Leaf, laid: &Laid, amount: &Amount, at: &Ask) -> Option<Answer> {
        let (_, table) = self.spec(leaf)?;
        let i = self.last_day(at)?;
        let run = *laid.runs.get(i)?;
        if run.value == 0 || !table.cells[i].counts {
            return None;
        }
        let records = self.timeline.records();
        let (first, upto) = (run.first as usize, i + 1);
        let first_day = records[first].date;
        let stated = (first..upto).filter(|i| table.cells[*i].counts).filter_map(|i| records[i].leave_until).max();
        let end = stated.map_or(records[i].date, |u| u.max(records[i].date));
        let (yes, n) = match amount {
            Amount::Days(t) => {
                let n = self.school_days(first_day, end);
                (meets(*t, n, 1), n)
            }
            _ => (long_enough(amount, first_day, end), (end - first_day).num_days() + 1),
        };
        yes.then(|| Answer { measure: days_long(n), from: first, upto, dates: Dates::Counting })
    }

    /// The latest record up to d that is a day.
    fn last_day(&self, at: &Ask) -> Option<usize> {
        self.timeline.records()[..at.upto].iter().rposition(|r| r.is_day)
    }
}

/// Within a term the first day of the window never moves back from one day to the next.
fn begins_later(kind: &WindowKind) -> bool {
    !matches!(kind, WindowKind::Span(_) | WindowKind::Run | WindowKind::AfterAct(_))
}

/// Maximal runs of counting days.
fn spells(cells: &[Cell]) -> i64 {
    let (mut n, mut inside) = (0, false);
    for c in cells.iter().filter(|c| c.exists) {
        n += i64::from(c.counts && !inside);
        inside = c.counts;
    }
    n
}

fn measured(amount: &Amount, value: i64, scale: i64) -> Raw {
    let unit = match amount {
        Amount::Sessions(_) => Unit::Sessions,
        Amount::Lessons(_) => Unit::Lessons,
        Amount::Hours(_) => Unit::Hours,
        Amount::Periods(_) => Unit::Periods,
        Amount::Spells(_) => Unit::Spells,
        _ => Unit::Days,
    };
    (unit, value, scale)
}
