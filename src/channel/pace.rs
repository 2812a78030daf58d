//! The pace of one channel: so many milliseconds between two letters, so many letters a day.
//! In memory only: the daemon tells it after a start how many of today's letters have gone.

use crate::domain::Date;
use crate::domain::policy::Rate;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Pace {
    every: Option<Duration>,
    per_day: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the next letter may go.
    next: Option<Instant>,
    day: Option<Date>,
    letters: u32,
}

/// When a letter may go.
#[derive(PartialEq, Eq, Debug)]
pub enum Turn {
    Now,
    After(Duration),
    Tomorrow,
}

impl Pace {
    pub fn new(rate: &Rate) -> Self {
        Pace { every: rate.every_ms.map(Duration::from_millis), per_day: rate.per_day, state: Mutex::default() }
    }

    pub fn is_paced(&self) -> bool {
        self.every.is_some_and(|every| every >= Duration::from_millis(500))
    }

    pub fn sent_on(&self, day: Date, letters: u32) {
        let mut state = self.lock();
        if state.day != Some(day) {
            state.letters = 0;
        }
        state.day = Some(day);
        state.letters = state.letters.max(letters);
    }

    /// Takes a place in the queue for a letter of that day.
    pub fn turn(&self, day: Date, now: Instant) -> Turn {
        let mut state = self.lock();
        if state.day != Some(day) {
            state.day = Some(day);
            state.letters = 0;
        }
        if self.per_day.is_some_and(|most| state.letters >= most) {
            return Turn::Tomorrow;
        }
        state.letters += 1;
        let Some(every) = self.every else { return Turn::Now };
        let goes = state.next.filter(|next| *next > now).unwrap_or(now);
        state.next = Some(goes + every);
        if goes > now { Turn::After(goes - now) } else { Turn::Now }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Counters are right at every instant, whoever panicked while holding them.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> Date {
        Date::from_ymd_opt(2026, 9, d).expect("a real date")
    }

    #[test]
    fn letters_keep_their_distance() {
        let pace = Pace::new(&Rate { every_ms: Some(2000), per_day: None });
        let now = Instant::now();
        assert_eq!(pace.turn(day(1), now), Turn::Now);
        assert_eq!(pace.turn(day(1), now), Turn::After(Duration::from_secs(2)));
        assert_eq!(pace.turn(day(1), now), Turn::After(Duration::from_secs(4)));
        assert_eq!(pace.turn(day(1), now + Duration::from_secs(60)), Turn::Now);
    }

    #[test]
    fn the_limit_of_a_day_counts_what_went_before_a_restart_and_ends_with_the_day() {
        let pace = Pace::new(&Rate { every_ms: None, per_day: Some(3) });
        pace.sent_on(day(1), 2);
        let now = Instant::now();
        assert_eq!(pace.turn(day(1), now), Turn::Now);
        assert_eq!(pace.turn(day(1), now), Turn::Tomorrow);
        assert_eq!(pace.turn(day(2), now), Turn::Now);
    }
}
