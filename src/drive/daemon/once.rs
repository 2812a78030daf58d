//! `run --once`: one round of everything that is due, then the end. The same work as the loops', one after the other.

use super::work::Work;
use super::{DaemonError, Lanes, Parts};
use crate::clock;
use crate::domain::Time;
use crate::domain::policy::Policy;
use crate::drive::inbox;
use crate::step::intake::Outcome;
use std::collections::BTreeSet;
use std::time::Duration;

/// What a round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Done {
    /// Files that were read.
    pub read: u32,
    /// Files that were rejected or are held, and sources that could not be looked into.
    pub refused: u32,
    /// Letters that a gateway took.
    pub accepted: u32,
    /// Attempts that failed or whose outcome is unknown.
    pub failed: u32,
}

/// A file that has just been dropped is waited for until it has settled, but never longer than this.
const SETTLING_MAX: chrono::TimeDelta = chrono::TimeDelta::seconds(60);
/// A round ends even if every step always finds something new.
const ROUNDS_MAX: usize = 1000;

/// Reads, decides and sends until nothing is due.
pub fn once<W: Work>(parts: Parts<W>) -> Result<Done, DaemonError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        super::signals::survive_size_limits()?;
        round(parts).await
    })
}

async fn round<W: Work>(parts: Parts<W>) -> Result<Done, DaemonError> {
    let Parts { lock, policy, mut work, secret, .. } = parts;
    let lanes = Lanes::open(&policy, &*secret);
    let zone = policy.township.zone;
    let begun = clock::now(zone);
    work.recover(&policy, begun, &lock.boot).map_err(DaemonError::Start)?;
    let letters = work.letters_on(&policy, begun.date()).map_err(DaemonError::Start)?;
    lanes.sent_on(begun.date(), &letters);
    let (read, refused) = read_settled(&mut work, &policy, begun).await?;
    for (channel, _) in lanes.fetching() {
        match lanes.fetch(&channel, clock::now(zone)).await {
            Ok(came) => work.incoming(&policy, clock::now(zone), &channel, &came).map_err(DaemonError::Start)?,
            Err(error) => tracing::warn!(%channel, %error, "replies and receipts cannot be had"),
        }
    }
    let (mut accepted, mut failed) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        work.engine(&policy, clock::now(zone)).map_err(DaemonError::Start)?;
        let dispatches = work
            .claim(&policy, clock::now(zone), &lock.boot, &lanes.room(), &BTreeSet::new())
            .map_err(DaemonError::Start)?;
        let questions = work.questions(clock::now(zone)).map_err(DaemonError::Start)?;
        if dispatches.is_empty() && questions.is_empty() {
            break;
        }
        let lanes = &lanes;
        let asked = questions.into_iter().map(|question| async move {
            let answer = lanes.ask(&question, clock::now(zone)).await;
            (question.letter, answer)
        });
        for (letter, answer) in all(asked).await {
            work.answered(&policy, clock::now(zone), letter, &answer).map_err(DaemonError::Start)?;
        }
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
    Ok(Done { read, refused, accepted, failed })
}

/// Takes in what lies in the folders; a file that is still settling is waited for. How many files were read, and how
/// many of them refused or held, with the sources that could not be looked into.
async fn read_settled<W: Work>(work: &mut W, policy: &Policy, begun: Time) -> Result<(u32, u32), DaemonError> {
    let zone = policy.township.zone;
    let (mut read, mut refused, mut unreadable) = (0, 0, BTreeSet::new());
    let mut folders: Vec<_> = policy.sources.iter().map(|s| (s, inbox::directory(policy, s))).collect();
    let settle = policy.sources.iter().map(|s| i64::from(s.settle_s)).max().unwrap_or(0);
    let until = begun + chrono::TimeDelta::seconds(settle + 1).min(SETTLING_MAX);
    loop {
        let mut settling = false;
        for (source, directory) in &mut folders {
            let now = clock::now(zone);
            let files = match directory.poll(now, true) {
                Ok(files) => files,
                Err(error) => {
                    // The others go on; it is told once, however often it is looked into.
                    if unreadable.insert(source.id.clone()) {
                        tracing::warn!(source = %source.id, %error, "a source cannot be read");
                    }
                    continue;
                }
            };
            settling |= directory.watched() > files.len();
            for file in files {
                let now = clock::now(zone);
                let received = work.take_in(policy, now, source, &file).map_err(DaemonError::Start)?;
                read += 1;
                if !matches!(received.outcome, Outcome::Applied | Outcome::Duplicate) {
                    refused += 1;
                }
                inbox::put_away(directory, policy, source, &file, &received, now)
                    .map_err(|e| DaemonError::Start(e.into()))?;
                work.moved(received.delivery).map_err(DaemonError::Start)?;
            }
        }
        if !settling || clock::now(zone) >= until {
            return Ok((read, refused + u32::try_from(unreadable.len()).unwrap_or(u32::MAX)));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
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
