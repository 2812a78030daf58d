//! How instants and dates stand in the database: milliseconds of wall time, days since 1970. Nothing else.

use crate::domain::{Date, Time};
use chrono::{DateTime, Datelike};

/// Days from 0001-01-01 (day 1 of the common era) to 1970-01-01.
const EPOCH: i64 = 719_163;

pub fn ms(t: Time) -> i64 {
    t.and_utc().timestamp_millis()
}

pub fn from_ms(v: i64) -> Time {
    DateTime::from_timestamp_millis(v).map_or(Time::MAX, |t| t.naive_utc())
}

pub fn day(d: Date) -> i64 {
    i64::from(d.num_days_from_ce()) - EPOCH
}

pub fn from_day(v: i64) -> Date {
    i32::try_from(v + EPOCH).ok().and_then(Date::from_num_days_from_ce_opt).unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_come_back_as_they_went_in() {
        for d in [Date::MAX, Date::from_ymd_opt(2026, 9, 16).expect("a date"), Date::default()] {
            assert_eq!(from_day(day(d)), d);
        }
        assert_eq!(day(Date::default()), 0);
        let t = Date::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_milli_opt(9, 30, 0, 7)).expect("a time");
        assert_eq!(from_ms(ms(t)), t);
    }
}
