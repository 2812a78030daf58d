//! Which notices become which letters at this instant (cases.md §3): quiet hours, bundles, one a day, digests. Pure: the
//! candidates come with what the store knows of their addresses.

use super::Time;
use super::calendar::Calendar;
use super::ids::ChannelId;
use super::notice::{self, About, Notice};
use super::policy::Hours;
use chrono::{Days, TimeDelta};

/// A way to a recipient: one contact's address on one channel. No `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Way {
    pub contact: u32,
    pub channel: ChannelId,
    pub name: String,
    pub address: String,
    pub digest: [u8; 32],
    pub sms: bool,
}

/// A waiting notice with what decides when it may go.
pub struct Candidate<'a> {
    pub notice: Notice,
    pub way: Way,
    pub hours: &'a Hours,
    /// The recipient is an office: only an office's notices are gathered in a digest, a teacher's are not.
    pub office: bool,
    /// When a letter of its family last went to the address.
    pub last: Option<Time>,
    /// When the channel takes letters again.
    pub channel_from: Option<Time>,
    /// Counting SMS about the child to the number: how many there were on the day of an instant.
    pub counted: &'a dyn Fn(Time) -> u32,
}

impl<'a> Candidate<'a> {
    /// As if its channel took letters whenever they come.
    pub fn at_any_pace(&self) -> Candidate<'a> {
        Candidate { notice: self.notice.clone(), way: self.way.clone(), channel_from: None, ..*self }
    }
}

/// A letter to be written: candidates by index.
pub type Letter = Vec<usize>;

fn is_answer(n: &Notice) -> bool {
    n.rung == notice::REPLY
}

pub fn is_about_children(n: &Notice) -> bool {
    matches!(n.about, About::Case(_)) || n.pupil.is_some()
}

/// Told at an instant of its own, whatever the digest: the morning report, a hold and its reminders, what is made for
/// the digest.
fn is_at_its_time(n: &Notice) -> bool {
    matches!(n.rung.as_str(), notice::MORNING | notice::HELD | notice::DIGEST)
        || n.facts.get("kind").and_then(serde_json::Value::as_str) == Some(super::incident::MASS_ABSENCE)
}

/// Only notices to guardians by SMS that are no statutory, returned, relapsed or correction letter and no answer count
/// for one a day.
pub fn counts(n: &Notice, sms: bool) -> bool {
    sms && n.to.is_guardian()
        && !n.statutory
        && !n.urgent
        && !matches!(n.rung.as_str(), notice::RETURNED | notice::RELAPSED | notice::CORRECTED | notice::REPLY)
}

/// One of its kind: answers, morning reports and everything to guardians.
fn goes_alone(n: &Notice) -> bool {
    n.to.is_guardian() || is_answer(n) || n.rung == notice::MORNING
}

/// The first instant from `now` on at which a notice may be told, as things stand: what was due in the open and waited
/// into the quiet hours waits for their end.
pub fn earliest(c: &Candidate, calendar: &Calendar, now: Time, counted_now: u32) -> Time {
    let n = &c.notice;
    let mut t = n.due.max(n.not_before.unwrap_or(n.due)).max(c.channel_from.unwrap_or(n.due)).max(now);
    if n.urgent || is_answer(n) {
        return t;
    }
    let open = |t: Time| calendar.next_open(t, c.hours);
    t = open(t);
    if let Some(at) = c.hours.digest
        && c.office
        && !n.statutory
        && !is_at_its_time(n)
    {
        // What was held or put back is gathered from the instant at which it may be told.
        let day = calendar.add_working_days(n.due.max(n.not_before.unwrap_or(n.due)).date(), 1);
        t = open(t.max(day.and_time(at)));
    }
    if !goes_alone(n)
        && let Some(last) = c.last
    {
        t = open(t.max(last + TimeDelta::seconds(c.hours.bundle_s)));
    }
    if let (true, Some(per_day)) = (counts(n, c.way.sms), c.hours.per_day) {
        // Today's letters of this very step count too.
        let mut extra = counted_now;
        for _ in 0..8 {
            if (c.counted)(t) + extra < per_day.max(1) {
                break;
            }
            t = open((t.date() + Days::new(1)).and_time(super::TimeOfDay::MIN));
            extra = 0;
        }
    }
    t
}

/// Letters that go now, and when to look again.
pub fn compose(candidates: &[Candidate], calendar: &Calendar, now: Time) -> (Vec<Letter>, Option<Time>) {
    let mut letters: Vec<Letter> = Vec::new();
    let mut next: Option<Time> = None;
    for (i, c) in candidates.iter().enumerate() {
        let same_child = |j: &usize| {
            let o = &candidates[*j];
            o.way.digest == c.way.digest && o.notice.pupil == c.notice.pupil && counts(&o.notice, o.way.sms)
        };
        let counted_now = letters.iter().flatten().filter(|j| same_child(j)).count();
        let at = earliest(c, calendar, now, u32::try_from(counted_now).unwrap_or(u32::MAX));
        if at > now {
            next = Some(next.map_or(at, |n| n.min(at)));
            continue;
        }
        let fits = |l: &&mut Letter| {
            let o = &candidates[l[0]];
            !goes_alone(&c.notice)
                && !goes_alone(&o.notice)
                && o.way.channel == c.way.channel
                && o.way.digest == c.way.digest
                && is_about_children(&o.notice) == is_about_children(&c.notice)
        };
        match letters.iter_mut().find(fits) {
            Some(l) => l.push(i),
            None => letters.push(vec![i]),
        }
    }
    (letters, next)
}

/// When a passing error is tried again: 30 s, doubled each time up to 15 min, with jitter from (letter, attempt).
pub fn backoff(letter: i64, attempt: u32, jitter: bool) -> TimeDelta {
    let seconds = 30i64.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(900);
    if !jitter {
        return TimeDelta::seconds(seconds);
    }
    let mut x =
        (letter as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(attempt).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 31;
    // Up to a fifth more, never less.
    TimeDelta::milliseconds(seconds * 1000 + (x % (seconds as u64 * 200)) as i64)
}

/// After so many attempts a letter has failed for good.
pub const ATTEMPTS_MAX: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_double_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (1..=8).map(|a| backoff(7, a, false).num_seconds()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 900, 900, 900]);
        for a in 1..=8 {
            let (plain, spread) = (backoff(7, a, false), backoff(7, a, true));
            assert!(spread >= plain && spread < plain + plain / 4);
            assert_eq!(spread, backoff(7, a, true));
        }
    }
}
