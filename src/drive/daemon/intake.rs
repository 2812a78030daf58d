//! Looking into the sources: each by itself, so that a share that hangs holds up its own school only. The folder is
//! looked into and files are moved away on threads of their own; a file is taken in on the writer's thread.

use super::work::Work;
use super::{DaemonError, NAP_MAX, Round, Shared};
use crate::domain::Time;
use crate::domain::policy::{Policy, Poll, Source};
use crate::drive::inbox;
use crate::source::directory::{Directory, Ready};
use crate::step::intake::Received;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Watches the sources of the policy in force; a reload begins anew.
pub async fn run<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let mut policies = shared.policy.subscribe();
    let mut stop = shared.stop.subscribe();
    loop {
        let policy = policies.borrow_and_update().clone();
        shared.rounds.send_modify(|rounds| {
            rounds.sources = policy
                .sources
                .iter()
                .map(|s| (s.id.clone(), rounds.sources.remove(&s.id).unwrap_or_default()))
                .collect();
        });
        let mut watched = JoinSet::new();
        for source in &policy.sources {
            watched.spawn(watch(shared.clone(), policy.clone(), source.clone()));
        }
        tokio::select! {
            changed = policies.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                watched.shutdown().await;
            }
            () = stopped(&mut stop) => return Ok(()),
            Some(ended) = watched.join_next() => {
                return ended.unwrap_or_else(|_| Err(DaemonError::LoopEnded("source".into())));
            }
        }
    }
}

async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// One source, for ever.
async fn watch<W: Work>(shared: Arc<Shared<W>>, policy: Arc<Policy>, source: Source) -> Result<(), DaemonError> {
    let mut directory = inbox::directory(&policy, &source);
    let mut asked = shared.look.subscribe();
    let mut failures = 0;
    loop {
        asked.mark_unchanged();
        let now = shared.now();
        let found;
        (directory, found) = apart(move || {
            let found = directory.poll(now, false);
            (directory, found)
        })
        .await?;
        let mut trouble = None;
        let mut due = next_poll(&source.poll, now, policy.township.zone);
        let mut settling = 0;
        match found {
            Ok(files) => {
                settling = directory.watched() - files.len();
                // Known before the first of them is read: no letter goes between two files of one poll.
                waiting(&shared, &source, files.len());
                if settling > 0 {
                    due = now + chrono::TimeDelta::seconds(i64::from(source.settle_s.max(1)));
                }
                for file in files {
                    match take(&shared, &policy, &source, directory, file).await? {
                        (back, Ok(())) => directory = back,
                        (back, Err(e)) => {
                            directory = back;
                            trouble = Some(e);
                            break;
                        }
                    }
                }
            }
            Err(e) => trouble = Some(e.to_string()),
        }
        if trouble.is_some() {
            failures = (failures + 1).min(5);
            due = shared.now() + chrono::TimeDelta::seconds(1 << failures);
        } else {
            failures = 0;
        }
        note(&shared, &source, now, settling, trouble);
        shared.bells.engine.notify_one();
        // The clock may be set while this sleeps: it looks at it twice a minute.
        loop {
            let nap = (due - shared.now()).to_std().unwrap_or_default();
            if nap.is_zero() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(nap.clamp(Duration::from_millis(100), NAP_MAX)) => {}
                _ = asked.changed() => break,
            }
        }
    }
}

/// Takes one file in and moves it away. Commit first, then move: after a crash in between it is found again and only
/// moved.
async fn take<W: Work>(
    shared: &Shared<W>,
    policy: &Arc<Policy>,
    source: &Source,
    mut directory: Directory,
    file: Ready,
) -> Result<(Directory, Result<(), String>), DaemonError> {
    let (the_policy, the_source, the_file) = (policy.clone(), source.clone(), file.clone());
    let zone = policy.township.zone;
    let (now, taken) = shared
        .writer
        .call(move |w| {
            let now = crate::clock::now(zone);
            (now, w.take_in(&the_policy, now, &the_source, &the_file))
        })
        .await?;
    let received: Received = match taken {
        Ok(received) => received,
        Err(e) => return Ok((directory, Err(super::loops::chain(&*e)))),
    };
    let delivery = received.delivery;
    tracing::info!(
        source = %source.id, %delivery, outcome = ?received.outcome, rows = received.rows, faults = received.fault_count,
        "a file was read"
    );
    let (the_policy, the_source) = (policy.clone(), source.clone());
    let put_away;
    (directory, put_away) = apart(move || {
        let put_away = inbox::put_away(&mut directory, &the_policy, &the_source, &file, &received, now);
        (directory, put_away)
    })
    .await?;
    if let Err(e) = put_away {
        return Ok((directory, Err(super::loops::chain(&e))));
    }
    let moved = shared.writer.call(move |w| w.moved(delivery)).await?;
    Ok((directory, moved.map_err(|e| super::loops::chain(&*e))))
}

/// File work on a thread of its own: a share that hangs keeps that thread and nothing else.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DaemonError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| DaemonError::LoopEnded("source".into()))
}

/// So many files of a source were found and are not read yet.
fn waiting<W>(shared: &Shared<W>, source: &Source, files: usize) {
    if files > 0 {
        shared.rounds.send_modify(|rounds| rounds.sources.entry(source.id.clone()).or_default().unread = files);
    }
}

/// The files of a poll are read, or one of them cannot be: then the others wait for the next poll, and letters do not.
fn note<W>(shared: &Shared<W>, source: &Source, now: Time, settling: usize, trouble: Option<String>) {
    if let Some(error) = &trouble {
        tracing::warn!(source = %source.id, %error, "a source cannot be read");
    }
    shared.rounds.send_modify(|rounds| {
        let round: &mut Round = rounds.sources.entry(source.id.clone()).or_default();
        (round.unread, round.settling) = (0, settling);
        round.tried = Some(now);
        if trouble.is_none() {
            round.finished = Some(now);
        }
        round.error = trouble;
    });
}

/// When a source is looked into next.
fn next_poll(poll: &Poll, now: Time, zone: chrono_tz::Tz) -> Time {
    let next = match poll {
        Poll::Every { seconds } => Some(now + chrono::TimeDelta::seconds(i64::from(*seconds).max(1))),
        Poll::Cron { expression, .. } => cron::Schedule::from_str(expression).ok().and_then(|schedule| {
            let now = chrono::TimeZone::from_local_datetime(&zone, &now).earliest()?;
            Some(schedule.after(&now).next()?.naive_local())
        }),
    };
    // An expression that never fires is a problem that `check` names; a source is looked into all the same.
    next.unwrap_or(now + chrono::TimeDelta::hours(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_looked_into_by_its_clock() {
        let at = |h, m, s| {
            chrono::NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(h, m, s)).expect("an instant")
        };
        let check = |poll: Poll, now: Time, expected: Time| {
            assert_eq!(next_poll(&poll, now, chrono_tz::Asia::Shanghai), expected);
        };
        check(Poll::Every { seconds: 10 }, at(9, 0, 0), at(9, 0, 10));
        let cron = || Poll::Cron { expression: "0 */5 7-18 * * *".into(), written: "*/5 7-18 * * *".into() };
        check(cron(), at(9, 1, 30), at(9, 5, 0));
        check(cron(), at(9, 5, 0), at(9, 10, 0));
        check(cron(), at(18, 55, 0), at(7, 0, 0) + chrono::TimeDelta::days(1));
    }
}
