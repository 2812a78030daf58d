//! Timelines (rules.md §1): one word of status nibbles for each recorded day of a pupil, built from deliveries, register
//! and decisions. What is said is gathered in `resolve` and `sheet`, what counts is decided in `statement`, where a pupil
//! is in `roster`; this file is what others read.

mod resolve;
pub mod roster;
mod sheet;
mod statement;

pub use resolve::{Built, ClassCover, Correction, SourceStart, Statements, TimelineFault, build, gather, roster};
pub use roster::{ClassNo, Member, Roster, Segment};
pub use statement::Reading;

use super::Date;
use super::calendar::{Calendar, PERIODS_MAX, Periods, SchoolFrame, TrackId};
use super::ids::{PupilId, SchoolId, StatusId};
use super::policy::{Policy, Status};
use super::ratio::Ratio;
use super::rule::ast::{DayTest, Of};
use std::sync::Arc;

/// Code of a status in a packed day: its position in `Policy::statuses`.
pub type Code = u8;
/// One bit for each status.
pub type StatusSet = u16;

pub const PRESENT: Code = 0;
pub const LATE: Code = 1;
pub const EARLY_LEAVE: Code = 2;
pub const OFFICIAL: Code = 3;
pub const UNEXPLAINED: Code = 7;
pub const NOT_LISTED: Code = 8;
pub const NOT_RECORDED: Code = 15;

/// The statuses of a policy with their sets as bits.
#[derive(Clone, Debug, Default)]
pub struct Statuses {
    all: Vec<Status>,
    pub attended: StatusSet,
    pub excused: StatusSet,
    pub absent: StatusSet,
    pub unexcused: StatusSet,
    pub missing: StatusSet,
}

impl Statuses {
    pub fn new(policy: &Policy) -> Self {
        // More than fifteen cannot be packed; `check` refuses them.
        let all: Vec<Status> = policy.statuses.iter().take(usize::from(NOT_RECORDED)).cloned().collect();
        let set = |name: &str| {
            all.iter().enumerate().filter(|(_, s)| s.sets.iter().any(|x| x == name)).fold(0, |m, (i, _)| m | 1 << i)
        };
        Statuses {
            attended: set("attended"),
            excused: set("excused"),
            absent: set("absent"),
            unexcused: set("unexcused"),
            missing: set("missing"),
            all,
        }
    }
    pub fn code(&self, id: &StatusId) -> Option<Code> {
        self.all.iter().position(|s| s.id == *id).and_then(|i| Code::try_from(i).ok())
    }
    pub fn id(&self, code: Code) -> Option<&StatusId> {
        self.all.get(usize::from(code)).map(|s| &s.id)
    }
    pub fn all(&self) -> &[Status] {
        &self.all
    }
}

/// One recorded day, packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    pub date: Date,
    /// A nibble for each period, the first lowest; 15 where nothing is recorded or the day has no such period.
    pub word: u64,
    pub leave_until: Option<Date>,
    /// Index of the school in the policy.
    pub school: u16,
    /// Index of the segment in the roster's member.
    pub segment: u16,
    pub track: TrackId,
    pub term: u8,
    /// A day for things counted in days.
    pub is_day: bool,
    /// Which statuses occur.
    pub set: StatusSet,
}

impl Record {
    pub fn code(&self, period: usize) -> Code {
        (self.word >> (4 * period)) as Code & 15
    }
}

/// One pupil's recorded days, ascending.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub pupil: PupilId,
    records: Vec<Record>,
    statuses: Arc<Statuses>,
    /// Which statuses occur on any day.
    set: StatusSet,
    tally: Tally,
    has_leave: bool,
}

/// How often each status occurs, by its code: what no rule can count more of.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    pub days: [u32; 16],
    pub periods: [u32; 16],
}

impl Tally {
    fn of(records: &[Record]) -> Tally {
        let mut t = Tally::default();
        // Most days say the same as the day before.
        for same in records.chunk_by(|a, b| a.word == b.word) {
            let n = u32::try_from(same.len()).unwrap_or(u32::MAX);
            let mut set = same[0].set;
            while set != 0 {
                t.days[set.trailing_zeros() as usize] += n;
                set &= set - 1;
            }
            // Where nothing is recorded any more the rest is all ones.
            let mut word = same[0].word;
            while word != u64::MAX {
                t.periods[(word & 15) as usize] += n;
                word = (word >> 4) | (15 << 60);
            }
        }
        t.periods[usize::from(NOT_RECORDED)] = 0;
        t
    }
}

/// A one in the lowest bit of each of these periods' nibbles.
fn nibbles(periods: Periods) -> u64 {
    let mut x = u64::from(periods);
    x = (x | (x << 24)) & 0x0000_00ff_0000_00ff;
    x = (x | (x << 12)) & 0x000f_000f_000f_000f;
    x = (x | (x << 6)) & 0x0303_0303_0303_0303;
    x |= x << 3;
    x & 0x1111_1111_1111_1111
}

/// The word of a day on which these periods have one status.
fn spread(periods: Periods, code: Code) -> u64 {
    let ones = nibbles(periods);
    !(ones * 15) | (ones * u64::from(code))
}

fn set_of(word: u64) -> StatusSet {
    let (mut word, mut set) = (word, 0u16);
    while word != u64::MAX {
        set |= 1 << (word & 15);
        word = (word >> 4) | (15 << 60);
    }
    set & !(1 << NOT_RECORDED)
}

impl PartialEq for Timeline {
    fn eq(&self, o: &Self) -> bool {
        self.pupil == o.pupil && self.records == o.records
    }
}

impl Timeline {
    fn new(pupil: PupilId, statuses: Arc<Statuses>) -> Self {
        Timeline { pupil, records: Vec::new(), statuses, set: 0, tally: Tally::default(), has_leave: false }
    }
    /// Sums up the records, once they are all there.
    fn sum_up(&mut self) {
        self.tally = Tally::of(&self.records);
        self.set = (0..16).fold(0, |set, code| set | u16::from(self.tally.days[code] > 0) << code);
        self.has_leave = self.records.iter().any(|r| r.leave_until.is_some());
    }
    pub fn records(&self) -> &[Record] {
        &self.records
    }
    pub fn set(&self) -> StatusSet {
        self.set
    }
    /// How often each status occurs on all days together.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
    /// An end of leave is stated for any day.
    pub fn has_leave(&self) -> bool {
        self.has_leave
    }
    pub fn statuses(&self) -> &Statuses {
        &self.statuses
    }
    /// Recorded days, half days that are no day (`counts_as_day` false) among them.
    pub fn days<'a>(&'a self, calendar: &'a Calendar) -> impl DoubleEndedIterator<Item = Day<'a>> {
        self.records.iter().map(move |r| Day { record: r, calendar, statuses: &self.statuses })
    }
    pub fn day<'a>(&'a self, calendar: &'a Calendar, date: Date) -> Option<Day<'a>> {
        let i = self.records.binary_search_by_key(&date, |r| r.date).ok()?;
        Some(Day { record: &self.records[i], calendar, statuses: &self.statuses })
    }
    /// Days recorded after `after`, up to and including `upto`, that are days for things counted in days.
    pub fn recorded_days_between(&self, after: Date, upto: Date) -> usize {
        self.records.iter().filter(|r| r.is_day && after < r.date && r.date <= upto).count()
    }
    /// The latest day on or before the date that counts as a day.
    pub fn latest_day<'a>(&'a self, calendar: &'a Calendar, on: Date) -> Option<Day<'a>> {
        self.days(calendar).rev().find(|d| d.counts_as_day() && d.date() <= on)
    }
}

/// A recorded day as others read it.
#[derive(Clone, Copy)]
pub struct Day<'a> {
    record: &'a Record,
    calendar: &'a Calendar,
    statuses: &'a Statuses,
}

impl<'a> Day<'a> {
    pub fn date(&self) -> Date {
        self.record.date
    }
    pub fn record(&self) -> &'a Record {
        self.record
    }
    fn frame(&self) -> &'a SchoolFrame {
        self.calendar.frame_of(usize::from(self.record.school))
    }
    pub fn school(&self) -> &'a SchoolId {
        &self.frame().id
    }
    pub fn counts_as_day(&self) -> bool {
        self.record.is_day
    }
    /// The latest end of leave stated for the day.
    pub fn leave_until(&self) -> Option<Date> {
        self.record.leave_until
    }
    /// Recorded periods with their status and weight: (index into `School::periods`, status, weight).
    pub fn statuses(&self) -> impl Iterator<Item = (usize, &'a StatusId, Ratio)> + use<'a> {
        let (record, statuses, frame, scale) = (self.record, self.statuses, self.frame(), self.calendar.weight_scale());
        (0..PERIODS_MAX.min(frame.weights.len()))
            .filter_map(move |p| statuses.id(record.code(p)).map(|id| (p, id, Ratio::new(frame.weights[p], scale))))
    }
    pub fn has_attended(&self) -> bool {
        self.record.set & self.statuses.attended != 0
    }
    /// A period is stated: neither unrecorded nor `not_listed`.
    pub fn stated(&self) -> bool {
        self.record.set & !(1 << NOT_LISTED) != 0
    }
    /// Weight of the attended periods over that of the stated ones; `None` when none is stated.
    pub fn attended_share(&self) -> Option<Ratio> {
        let (mut a, mut l) = (0, 0);
        for p in 0..self.frame().weights.len() {
            let code = self.record.code(p);
            if code != NOT_RECORDED && code != NOT_LISTED {
                l += self.frame().weights[p];
                if self.statuses.attended & 1 << code != 0 {
                    a += self.frame().weights[p];
                }
            }
        }
        self.stated().then(|| Ratio::new(a, l.max(1)))
    }
    /// The day counts (rules.md §1, "When a day counts"). `slots` empty: the whole day.
    pub fn counts(&self, of: &Of, test: &DayTest, slots: &[String]) -> bool {
        let look = looked_at(self.frame(), slots);
        let names_not_listed =
            of.weights.iter().any(|(s, w)| self.statuses.code(s) == Some(NOT_LISTED) && !w.is_zero());
        let (mut a, mut l) = (Ratio::ZERO, Ratio::ZERO);
        for (p, status, weight) in self.statuses().filter(|(p, ..)| look & 1 << p != 0) {
            if !names_not_listed && self.record.code(p) == NOT_LISTED {
                continue;
            }
            l = l + weight;
            if let Some((_, w)) = of.weights.iter().find(|(s, _)| s == status) {
                a = a + weight * *w;
            }
        }
        a > Ratio::ZERO
            && match test {
                DayTest::Share(share) => a >= *share * l,
                DayTest::Lessons(n) => a >= *n,
            }
    }
    /// Leave with an end date pauses rungs that are not statutory: half of what is stated is excused, and an end is named.
    pub fn excused_with_end(&self) -> bool {
        let (mut a, mut l) = (0, 0);
        for p in 0..self.frame().weights.len() {
            let code = self.record.code(p);
            if code != NOT_RECORDED && code != NOT_LISTED {
                l += self.frame().weights[p];
                if self.statuses.excused & 1 << code != 0 {
                    a += self.frame().weights[p];
                }
            }
        }
        self.record.leave_until.is_some() && a > 0 && 2 * a >= l
    }
}

/// The periods that slots name in a school; none named: all.
pub(crate) fn looked_at(frame: &SchoolFrame, slots: &[String]) -> Periods {
    if slots.is_empty() { frame.all } else { slots.iter().filter_map(|s| frame.slot(s)).fold(0, |m, s| m | s) }
}
