//! The only file that asks for the time.

use crate::domain::Time;
use chrono::TimeZone;

/// Now, on the township's wall clock, to the millisecond.
#[allow(clippy::disallowed_methods)]
pub fn now(zone: chrono_tz::Tz) -> Time {
    let now = chrono::Utc::now().with_timezone(&zone).naive_local();
    chrono::DurationRound::duration_trunc(now, chrono::TimeDelta::milliseconds(1)).unwrap_or(now)
}

/// The clock that nobody sets: for distances, never for dates.
pub fn tick() -> std::time::Instant {
    std::time::Instant::now()
}

/// Which start of the machine this is, and how long ago it was, sleeps included; `None` where the system does not say.
pub fn since_boot() -> Option<(String, std::time::Duration)> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let up = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds = up.split_whitespace().next()?.parse().ok()?;
    Some((boot.trim().to_owned(), std::time::Duration::try_from_secs_f64(seconds).ok()?))
}

/// A local instant with its offset, as machines read it (RFC 3339, whole seconds).
pub fn rfc3339(at: Time, zone: chrono_tz::Tz) -> String {
    match zone.from_local_datetime(&at).earliest() {
        Some(t) => t.to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        None => format!("{}", at.format("%Y-%m-%dT%H:%M:%S")),
    }
}

/// The local instant of a moment since the epoch (file times).
pub fn local(at: std::time::SystemTime, zone: chrono_tz::Tz) -> Time {
    let utc: chrono::DateTime<chrono::Utc> = at.into();
    utc.with_timezone(&zone).naive_local()
}
