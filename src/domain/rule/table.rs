//! What each recorded day is worth to a condition: a table of days with running sums, and the runs of `consecutive`.
//! Whole numbers only; buffers are reused from pupil to pupil.

use super::ast::{Amount, BrokenBy, DayTest};
use super::program::{Spec, broken_by_attended_days};
use crate::domain::calendar::Calendar;
use crate::domain::timeline::{Record, Statuses};

/// One day of one condition.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Cell {
    pub a: i64,
    pub exists: bool,
    /// A period that is looked at has a status that weighs something.
    pub touched: bool,
    pub counts: bool,
    pub attended: bool,
    /// Attended periods weigh at least half of the stated ones.
    pub half_attended: bool,
}

#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Sums {
    pub a: i64,
    pub l: i64,
    pub counts: u32,
    pub exists: u32,
}

/// The days of one pupil as one spec weighs them.
#[derive(Default, Debug)]
pub(super) struct Table {
    pub cells: Vec<Cell>,
    /// Sums of all earlier days, by day; one more at the end.
    before: Vec<Sums>,
    /// One bit for each record, as the cells have it.
    pub touched: Vec<u64>,
    pub counting: Vec<u64>,
}

/// Records from one index to another (excluded) that say the same and are weighed once.
pub(super) type Stretch = (u32, u32);

/// The stretches of a timeline.
pub(super) fn alike(records: &[Record], out: &mut Vec<Stretch>) {
    out.clear();
    let mut from = 0;
    for same in records.chunk_by(|a, b| a.word == b.word && a.is_day == b.is_day && a.school == b.school) {
        let upto = from + u32::try_from(same.len()).unwrap_or(u32::MAX);
        out.push((from, upto));
        from = upto;
    }
}

fn set_bits(bits: &mut [u64], (from, upto): Stretch) {
    let (from, upto) = (from as usize, upto as usize);
    for (n, word) in bits.iter_mut().enumerate().take(upto.div_ceil(64)).skip(from / 64) {
        let low = from.saturating_sub(64 * n);
        let high = (upto - 64 * n).min(64);
        *word |= u64::MAX >> (64 - (high - low)) << low;
    }
}

/// The indices of the bits that are set, ascending.
pub(super) fn ones(bits: &[u64]) -> impl Iterator<Item = usize> {
    bits.iter().enumerate().flat_map(|(n, word)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| 64 * n + word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some(bit)
        })
    })
}

/// The first index at or after `from` whose bit is set.
pub(super) fn next_one(bits: &[u64], from: usize) -> Option<usize> {
    let mut n = from / 64;
    let mut word = bits.get(n)? & u64::MAX << (from % 64);
    while word == 0 {
        n += 1;
        word = *bits.get(n)?;
    }
    Some(64 * n + word.trailing_zeros() as usize)
}

impl Table {
    pub fn upto(&self, i: usize) -> Sums {
        self.before.get(i).or(self.before.last()).copied().unwrap_or_default()
    }

    pub fn fill(
        &mut self,
        spec: &Spec,
        records: &[Record],
        stretches: &[Stretch],
        calendar: &Calendar,
        statuses: &Statuses,
    ) {
        self.cells.clear();
        self.before.clear();
        for bits in [&mut self.touched, &mut self.counting] {
            bits.clear();
            bits.resize(records.len().div_ceil(64), 0);
        }
        let mut sums = Sums::default();
        // Between days that are out of the usual the usual one comes again.
        let mut usual: Option<((u64, u16), Cell, i64)> = None;
        for stretch in stretches {
            let r = &records[stretch.0 as usize];
            let n = stretch.1 - stretch.0;
            if !(r.is_day || spec.sees_half) {
                self.cells.resize(stretch.1 as usize, Cell::default());
                self.before.resize(stretch.1 as usize, sums);
                continue;
            }
            let key = (r.word, r.school);
            let (cell, l) = match usual {
                Some((k, cell, l)) if k == key => (cell, l),
                _ => {
                    let mut cell = Cell::default();
                    let l = day(spec, r, calendar, statuses, &mut cell);
                    if usual.is_none() {
                        usual = Some((key, cell, l));
                    }
                    (cell, l)
                }
            };
            let (counts, exists) = (u32::from(cell.counts), u32::from(cell.exists));
            self.cells.resize(stretch.1 as usize, cell);
            self.before.extend((0..n).map(|_| {
                let before = sums;
                sums.a += cell.a;
                sums.l += l;
                sums.counts += counts;
                sums.exists += exists;
                before
            }));
            if cell.touched {
                set_bits(&mut self.touched, *stretch);
            }
            if cell.counts {
                set_bits(&mut self.counting, *stretch);
            }
        }
        self.before.push(sums);
    }

    /// From the day after one on: passes over days that do not exist, to the next one that does (an index) as long as
    /// nothing stops in between.
    fn reach(&self, after: usize, records: &[Record], stops: Stops, mut pass: impl FnMut(usize)) -> Option<usize> {
        for i in after + 1..records.len() {
            if stops.here(&records[i - 1], &records[i]) {
                return None;
            }
            if self.cells[i].exists {
                return Some(i);
            }
            pass(i);
        }
        None
    }
}

/// a and L of a day; returns L.
fn day(spec: &Spec, r: &Record, calendar: &Calendar, statuses: &Statuses, cell: &mut Cell) -> i64 {
    let frame = calendar.frame_of(usize::from(r.school));
    let look = spec.look[usize::from(r.school)];
    let (mut l, mut attended) = (0, 0);
    let mut word = r.word;
    for (p, weight) in frame.weights.iter().enumerate() {
        let code = (word & 15) as usize;
        word >>= 4;
        if spec.stated >> code & 1 != 0 && look >> p & 1 != 0 {
            cell.exists = true;
            l += weight;
            cell.a += weight * spec.weights[code];
            cell.touched |= spec.weights[code] != 0;
            if statuses.attended >> code & 1 != 0 {
                cell.attended = true;
                attended += weight;
            }
        }
    }
    cell.half_attended = cell.attended && 2 * attended >= l;
    cell.counts = cell.a > 0
        && match spec.test {
            DayTest::Share(s) => {
                i128::from(cell.a) * i128::from(s.denominator())
                    >= i128::from(s.numerator()) * i128::from(l) * i128::from(spec.scale)
            }
            DayTest::Lessons(n) => {
                i128::from(cell.a) * i128::from(n.denominator())
                    >= i128::from(n.numerator()) * i128::from(spec.scale) * i128::from(calendar.weight_scale())
            }
        };
    l
}

/// One unit of a day: a session or a period.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub value: i64,
    pub attended: bool,
}

/// The stated sessions of a day in order: value 1 where it counts.
pub(super) fn sessions<'a>(
    spec: &'a Spec,
    r: &'a Record,
    calendar: &'a Calendar,
    statuses: &'a Statuses,
) -> impl Iterator<Item = Part> + 'a {
    let frame = calendar.frame_of(usize::from(r.school));
    let look = spec.look[usize::from(r.school)];
    frame.sessions.iter().filter_map(move |session| {
        let (mut a, mut l, mut stated, mut attended) = (0, 0, false, false);
        for (p, weight) in frame.weights.iter().enumerate() {
            let code = usize::from(r.code(p));
            if spec.stated >> code & 1 != 0 && (look & session) >> p & 1 != 0 {
                stated = true;
                l += weight;
                a += weight * spec.weights[code];
                attended |= statuses.attended >> code & 1 != 0;
            }
        }
        let s = spec.session_share;
        let counts = a > 0
            && i128::from(a) * i128::from(s.denominator())
                >= i128::from(s.numerator()) * i128::from(l) * i128::from(spec.scale);
        stated.then_some(Part { value: i64::from(counts), attended })
    })
}

/// The stated periods of a day in order, each worth its weight, its minutes or one, times the weight of its status.
pub(super) fn periods<'a>(
    spec: &'a Spec,
    r: &'a Record,
    calendar: &'a Calendar,
    statuses: &'a Statuses,
    amount: &'a Amount,
) -> impl Iterator<Item = Part> + 'a {
    let frame = calendar.frame_of(usize::from(r.school));
    let look = spec.look[usize::from(r.school)];
    frame.weights.iter().enumerate().filter_map(move |(p, weight)| {
        let code = usize::from(r.code(p));
        let stated = spec.stated >> code & 1 != 0 && look >> p & 1 != 0;
        let each = match amount {
            Amount::Lessons(_) => *weight,
            Amount::Hours(_) => frame.minutes[p],
            _ => 1,
        };
        stated.then(|| Part { value: each * spec.weights[code], attended: statuses.attended >> code & 1 != 0 })
    })
}

/// By what sums in this unit are scaled.
pub(super) fn scale(amount: &Amount, spec: &Spec, weight_scale: i64) -> i64 {
    match amount {
        Amount::Lessons(_) => weight_scale * spec.scale,
        Amount::Hours(_) => 60 * spec.scale,
        Amount::Periods(_) => spec.scale,
        _ => 1,
    }
}

/// The run that stands at a day: from its first counting day to its last (indices of records), and how long it is in its
/// unit. `value` 0: none.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Run {
    pub first: u32,
    pub last: u32,
    pub value: i64,
}

/// What ends runs besides days that do not count.
#[derive(Clone, Copy)]
pub(super) struct Stops {
    pub across_terms: bool,
    pub across_schools: bool,
}

impl Stops {
    fn here(self, last: &Record, r: &Record) -> bool {
        !self.across_terms && last.term != r.term || !self.across_schools && last.school != r.school
    }
}

/// The runs that stand at each day, and one bit for each day at which one stands.
#[derive(Default, Debug)]
pub(super) struct Runs {
    runs: Vec<Run>,
    pub standing: Vec<u64>,
}

impl Runs {
    pub fn get(&self, i: usize) -> Option<&Run> {
        self.runs.get(i)
    }
    fn clear(&mut self) {
        self.runs.clear();
        self.standing.clear();
    }
    /// No run on so many days, to be written where there is one.
    fn lay(&mut self, n: usize) {
        self.clear();
        self.runs.resize(n, Run::default());
        self.standing.resize(n.div_ceil(64), 0);
    }
    fn set(&mut self, i: usize, run: Run) {
        self.runs[i] = run;
        self.standing[i / 64] |= u64::from(run.value > 0) << (i % 64);
    }
    pub fn push(&mut self, run: Run) {
        let i = self.runs.len();
        if i.is_multiple_of(64) {
            self.standing.push(0);
        }
        self.runs.push(run);
        self.standing[i / 64] |= u64::from(run.value > 0) << (i % 64);
    }
    pub fn fill(&mut self, runs: impl Iterator<Item = Run>) {
        self.clear();
        runs.for_each(|run| self.push(run));
    }
}

/// Runs of counting days.
pub(super) fn day_runs(table: &Table, records: &[Record], broken_by: &BrokenBy, stops: Stops, out: &mut Runs) {
    out.clear();
    let cells = &table.cells;
    if *broken_by == BrokenBy::Day && stops.across_schools {
        // A run goes from one counting day to the next, over days that do not exist.
        out.lay(records.len());
        let (mut run, mut goes_on) = (Run::default(), None);
        for i in ones(&table.counting) {
            let today = u32::try_from(i).unwrap_or(u32::MAX);
            run = match goes_on == Some(i) {
                true => Run { last: today, value: run.value + 1, ..run },
                false => Run { first: today, last: today, value: 1 },
            };
            out.set(i, run);
            goes_on = table.reach(i, records, stops, |passed| out.set(passed, run));
        }
        return;
    }
    let mut run = Run::default();
    let mut attended = 0;
    for (i, (c, r)) in cells.iter().zip(records).enumerate() {
        if i > 0 && stops.here(&records[i - 1], r) {
            run = Run::default();
            attended = 0;
        }
        if c.counts {
            let i = u32::try_from(i).unwrap_or(u32::MAX);
            run = Run { first: if run.value == 0 { i } else { run.first }, last: i, value: run.value + 1 };
            attended = 0;
        } else if c.exists {
            attended = if c.half_attended { attended + 1 } else { 0 };
            let over = match broken_by {
                BrokenBy::Day => true,
                BrokenBy::Attended => c.attended,
                BrokenBy::AttendedDays(k) => attended >= *k,
            };
            if over {
                run = Run::default();
            }
        }
        out.push(run);
    }
}

/// For each day the longest run of sessions or periods that contains one of the day.
pub(super) fn part_runs(
    spec: &Spec,
    table: &Table,
    records: &[Record],
    calendar: &Calendar,
    statuses: &Statuses,
    amount: &Amount,
    broken_by: &BrokenBy,
    stops: Stops,
    out: &mut Runs,
) {
    out.clear();
    let cells = &table.cells;
    if *broken_by == BrokenBy::Day && stops.across_schools && !matches!(amount, Amount::Sessions(_)) {
        // A day that exists without a period that counts ends the run.
        out.lay(records.len());
        let (mut run, mut goes_on) = (Run::default(), None);
        for i in ones(&table.touched) {
            if goes_on != Some(i) {
                run = Run::default();
            }
            let today = u32::try_from(i).unwrap_or(u32::MAX);
            let mut best = Run::default();
            for part in periods(spec, &records[i], calendar, statuses, amount) {
                if part.value > 0 {
                    let first = if run.value == 0 { today } else { run.first };
                    run = Run { first, last: today, value: run.value + part.value };
                    if run.value > best.value {
                        best = run;
                    }
                } else {
                    run = Run::default();
                }
            }
            out.set(i, best);
            goes_on = table.reach(i, records, stops, |_| ());
        }
        return;
    }
    let after_days = broken_by_attended_days(broken_by);
    let mut run = Run::default();
    let mut attended_days = 0;
    for (i, r) in records.iter().enumerate() {
        if i > 0 && stops.here(&records[i - 1], r) {
            run = Run::default();
            attended_days = 0;
        }
        let mut best = Run::default();
        let seen = (r.is_day || spec.sees_half) && cells[i].exists;
        if seen {
            let today = u32::try_from(i).unwrap_or(u32::MAX);
            let mut counted = false;
            let mut each = |part: Part| {
                if part.value > 0 {
                    let first = if run.value == 0 { today } else { run.first };
                    run = Run { first, last: today, value: run.value + part.value };
                    counted = true;
                    if run.value > best.value {
                        best = run;
                    }
                } else if after_days.is_none() && (*broken_by == BrokenBy::Day || part.attended) {
                    run = Run::default();
                }
            };
            if let Amount::Sessions(_) = amount {
                sessions(spec, r, calendar, statuses).for_each(&mut each);
            } else {
                periods(spec, r, calendar, statuses, amount).for_each(&mut each);
            }
            if counted || !cells[i].half_attended {
                attended_days = 0;
            } else {
                attended_days += 1;
            }
            if after_days.is_some_and(|k| attended_days >= k) {
                run = Run::default();
            }
        }
        // Days that are passed over leave C as it was.
        let passed = after_days.is_some() && best.value == 0 && run.value > 0;
        let last = i.checked_sub(1).and_then(|i| out.get(i)).copied().unwrap_or_default();
        out.push(if passed { last } else { best });
    }
}
