//! `run --once`: one round of everything that is due, then the end. The same work as the loops', one after the other.

use super::work::Work;
use super::{DaemonError, Lanes, Parts};
use crate::clock;
use crate::domain::Time;
use crate::domain::policy::Policy;
use std::time::Duration;

/// A file that has just been dropped is waited for until it has settled, but never longer than this.
const SETTLING_MAX: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// A round ends even if every step always finds something new.
const ROUNDS_MAX: usize = 1000;

/// Reads, decides and sends until nothing is due. How many letters were taken by a gateway, and how many attempts failed.
pub fn once<W: Work>(parts: Parts<W>) -> Result<(u32, u32), DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        super::signals::survive_size_limits()?;
        round(parts).await
    })
}

async fn round<W: Work>(parts: Parts<W>) -> Result<(u32, u32), DaemonError> {
    let Parts { lock, policy, mut work, secret, .. } = parts;
    let lanes = Lanes::open(&policy, &*secret);
    let zone = policy.township.zone;
    let begun = clock::now(zone);
    work.recover(&policy, begun, &lock.boot).map_err(DaemonError::Start)?;
    let letters = work.letters_on(&policy, begun.date()).map_err(DaemonError::Start)?;
    lanes.sent_on(begun.date(), &letters);
    read_settled(&mut work, &policy, begun).await?;
    let (mut accepted, mut failed) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        work.engine(&policy, clock::now(zone)).map_err(DaemonError::Start)?;
        let dispatches =
            work.claim(&policy, clock::now(zone), &lock.boot, &lanes.room()).map_err(DaemonError::Start)?;
        if dispatches.is_empty() {
            break;
        }
        let lanes = &lanes;
        let sent = dispatches.into_iter().map(|dispatch| async move {
            let outcome = lanes.send(&dispatch, None).await;
            (dispatch.letter, dispatch.attempt, outcome)
        });
        for (letter, attempt, outcome) in all(sent).await {
            match outcome {
                crate::domain::letter::Outcome::Accepted(_) => accepted += 1,
                _ => failed += 1,
            }
            work.settle(&policy, clock::now(zone), letter, attempt, outcome).map_err(DaemonError::Start)?;
        }
    }
    work.upkeep(&policy, clock::now(zone)).map_err(DaemonError::Start)?;
    drop(lock);
    Ok((accepted, failed))
}

/// Polls until no file is about to settle.
async fn read_settled<W: Work>(work: &mut W, policy: &Policy, begun: Time) -> Result<(), DaemonError> {
    let zone = policy.township.zone;
    let settle = policy.sources.iter().map(|s| i64::from(s.settle_s)).max().unwrap_or(0);
    let until = begun + chrono::TimeDelta::seconds(settle + 1).min(SETTLING_MAX);
    loop {
        let now = clock::now(zone);
        work.intake(policy, now).map_err(DaemonError::Start)?;
        let Some(ready) = work.settling(policy, now).filter(|ready| *ready <= until && now < until) else {
            return Ok(());
        };
        tokio::time::sleep((ready - now).to_std().unwrap_or_default().max(Duration::from_millis(100))).await;
    }
}

/// All of them at the same time; a slow one holds up only the end.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|cx| {
        pending.retain_mut(|f| match f.as_mut().poll(cx) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}
