//! What the machine itself tells: a clock that was set, a disk that fills, a backup that is old (cases.md §5, §6). Only the
//! daemon has a machine; in virtual time nothing here is ever observed.

use super::StepError;
use crate::domain::Time;
use crate::domain::incident::{self as kind, Condition};
use crate::store::time::{from_ms, ms};
use crate::store::{Connection, Db, StoreError, Transaction, findings};
use chrono::TimeDelta;
use serde_json::json;
use std::time::Duration;

/// Further apart than this, wall clock and boot time have parted: somebody set the clock.
const PARTED: TimeDelta = TimeDelta::hours(1);
/// How long nothing is sent then: time for a second jump (a wrong time server that is put right) to show.
const MUTE: TimeDelta = TimeDelta::minutes(10);
/// How long it is told: until the clock has run evenly for an hour.
const TOLD: TimeDelta = TimeDelta::hours(1);
/// A backup older than this is told.
const BACKUP: TimeDelta = TimeDelta::days(8);
/// In thousandths: below 5 % free.
const FREE_MIN: u16 = 50;

/// What was read off the machine at one instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Which start of the machine, and how long ago, sleeps included. `None`: the system does not say.
    pub up: Option<(String, Duration)>,
    /// Free on the disk of the database, in thousandths.
    pub free_permille: Option<u16>,
}

/// Writes down what changed. To be called before the engine decides.
pub fn observe(db: &mut Db, now: Time, machine: &Machine) -> Result<(), StepError> {
    db.write(|tx| {
        if let Some((boot, up)) = &machine.up {
            clock(tx, now, boot, *up)?;
        }
        let low = machine.free_permille.filter(|free| *free < FREE_MIN);
        remember(tx, "disk_low", &low.map(|free| free.to_string()).unwrap_or_default())?;
        Ok(remember(tx, "machine", "seen")?)
    })
}

/// Wall clock and boot time against what they were at the last look: a sleep moves both, a person only one.
fn clock(tx: &Transaction, now: Time, boot: &str, up: Duration) -> Result<(), StoreError> {
    let apart = ms(now) - i64::try_from(up.as_millis()).unwrap_or(i64::MAX);
    let before = findings::meta_text(tx, "clock")?;
    let before = before.as_deref().and_then(|s| s.split_once(' ')).filter(|(b, _)| *b == boot);
    let moved = before.and_then(|(_, apart)| apart.parse().ok()).map_or(0, |before: i64| apart - before);
    if moved.abs() > PARTED.num_milliseconds() {
        remember(tx, "clock_jumped", &format!("{} {moved}", ms(now)))?;
    }
    // Small steps of a time server are followed, and not written down one by one.
    if before.is_none() || moved.abs() > 1000 {
        remember(tx, "clock", &format!("{boot} {apart}"))?;
    }
    Ok(())
}

fn remember(tx: &Transaction, key: &str, value: &str) -> Result<(), StoreError> {
    if findings::meta_text(tx, key)?.as_deref() != Some(value) {
        findings::set_meta(tx, key, value.as_bytes())?;
    }
    Ok(())
}

/// A backup was made now.
pub fn backed_up(tx: &Transaction, now: Time) -> Result<(), StoreError> {
    remember(tx, "backed_up", &ms(now).to_string())
}

/// When the last backup was made.
pub fn last_backup(conn: &Connection) -> Result<Option<Time>, StoreError> {
    instant(conn, "backed_up")
}

fn instant(conn: &Connection, key: &str) -> Result<Option<Time>, StoreError> {
    Ok(findings::meta_text(conn, key)?.and_then(|s| s.parse().ok()).map(from_ms))
}

/// When the clock jumped, and by how much.
fn jump(conn: &Connection) -> Result<Option<(Time, TimeDelta)>, StoreError> {
    let text = findings::meta_text(conn, "clock_jumped")?;
    let jump = text.as_deref().and_then(|s| s.split_once(' '));
    Ok(jump.and_then(|(at, by)| Some((from_ms(at.parse().ok()?), TimeDelta::milliseconds(by.parse().ok()?)))))
}

/// Until when nothing is sent: the clock has just been set.
pub fn mute_until(conn: &Connection, now: Time) -> Result<Option<Time>, StoreError> {
    let until = jump(conn)?.filter(|(at, _)| *at <= now).map(|(at, _)| at + MUTE);
    Ok(until.filter(|until| now < *until))
}

/// What holds now, and when that changes by the clock alone.
pub fn conditions(conn: &Connection, now: Time) -> Result<(Vec<Condition>, Vec<Time>), StoreError> {
    let (mut out, mut wakes) = (Vec::new(), Vec::new());
    let condition = |kind: &str, detail| Condition {
        kind: kind.to_owned(),
        subject: "machine".to_owned(),
        school: None,
        detail,
        ladder: None,
    };
    if let Some((at, by)) = jump(conn)?
        && at <= now
        && now < at + TOLD
    {
        out.push(condition(kind::CLOCK_JUMPED, json!({ "minutes": by.num_minutes() })));
        wakes.extend([at + MUTE, at + TOLD]);
    }
    if let Some(free) = findings::meta_text(conn, "disk_low")?.filter(|s| !s.is_empty()) {
        let free: u16 = free.parse().unwrap_or_default();
        out.push(condition(kind::DISK_LOW, json!({ "free": format!("{}.{}%", free / 10, free % 10) })));
    }
    if findings::meta_text(conn, "machine")?.is_some() {
        let last = last_backup(conn)?;
        // Nothing is old from before the daemon was there.
        if let Some(since) = last.map_or_else(|| instant(conn, "first_run"), |t| Ok(Some(t)))? {
            if now >= since + BACKUP {
                out.push(condition(kind::BACKUP_OLD, json!({ "last": last.map(|t| t.date()) })));
            }
            wakes.push(since + BACKUP);
        }
    }
    wakes.retain(|t| *t > now);
    Ok((out, wakes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Time {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 0, 0));
        start.expect("an instant") + TimeDelta::minutes(minutes)
    }

    fn machine(up_minutes: u64, free: u16) -> Machine {
        Machine { up: Some(("one".into(), Duration::from_secs(up_minutes * 60))), free_permille: Some(free) }
    }

    fn kinds(db: &Db, now: Time) -> Vec<String> {
        conditions(db.conn(), now).expect("readable").0.into_iter().map(|c| c.kind).collect()
    }

    #[test]
    fn a_clock_that_is_set_is_told_and_a_sleep_is_not() {
        let mut db = Db::open_in_memory(&crate::store::test_key()).expect("opens");
        observe(&mut db, at(0), &machine(10, 500)).expect("written");
        // Asleep for nine hours: both clocks went on.
        observe(&mut db, at(540), &machine(550, 500)).expect("written");
        assert!(kinds(&db, at(540)).is_empty());
        assert_eq!(mute_until(db.conn(), at(540)).expect("readable"), None);
        // Set ahead by two hours within a minute.
        observe(&mut db, at(661), &machine(551, 500)).expect("written");
        assert_eq!(kinds(&db, at(661)), [kind::CLOCK_JUMPED]);
        assert_eq!(mute_until(db.conn(), at(662)).expect("readable"), Some(at(671)));
        assert_eq!(mute_until(db.conn(), at(671)).expect("readable"), None);
        assert_eq!(kinds(&db, at(720)), [kind::CLOCK_JUMPED]);
        assert!(kinds(&db, at(721)).is_empty());
        // And set back again: told anew, from the instant that is now.
        observe(&mut db, at(602), &machine(612, 500)).expect("written");
        assert_eq!(kinds(&db, at(602)), [kind::CLOCK_JUMPED]);
        assert_eq!(mute_until(db.conn(), at(603)).expect("readable"), Some(at(612)));
        // Another start of the machine begins anew.
        let other = Machine { up: Some(("two".into(), Duration::from_secs(1))), free_permille: None };
        observe(&mut db, at(5000), &other).expect("written");
        assert!(kinds(&db, at(5000)).is_empty());
    }

    #[test]
    fn a_full_disk_and_an_old_backup_are_told_until_mended() {
        let mut db = Db::open_in_memory(&crate::store::test_key()).expect("opens");
        db.write(|tx| findings::set_meta(tx, "first_run", ms(at(0)).to_string().as_bytes())).expect("written");
        observe(&mut db, at(0), &machine(10, 49)).expect("written");
        assert_eq!(kinds(&db, at(0)), [kind::DISK_LOW]);
        observe(&mut db, at(1), &machine(11, 50)).expect("written");
        assert!(kinds(&db, at(1)).is_empty());
        let week = 8 * 24 * 60;
        assert!(kinds(&db, at(week - 1)).is_empty());
        assert_eq!(kinds(&db, at(week)), [kind::BACKUP_OLD]);
        db.write(|tx| backed_up(tx, at(week + 5))).expect("written");
        assert!(kinds(&db, at(week + 5)).is_empty());
        assert_eq!(conditions(db.conn(), at(week + 5)).expect("readable").1, [at(2 * week + 5)]);
    }
}
