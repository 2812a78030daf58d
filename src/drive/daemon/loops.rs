//! The loops: each takes `now` once an activation and sleeps until the step's next wake, its bell, or half a minute.
//! An error of a step is written into the rounds and tried again, later each time; nothing else runs later for it.

use super::work::{Work, WorkError};
use super::{DaemonError, FAREWELL, Lanes, NAP_MAX, ReadSecret, Round, Rounds, Shared, notify};
use crate::domain::Time;
use crate::domain::letter::{Dispatch, Outcome, Question};
use crate::domain::message::run as words;
use crate::domain::policy::Policy;
use crate::drive::control::Asked;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

/// A loop that wakes up after so long (it naps for half a minute) has slept with the machine.
const STALE: chrono::TimeDelta = chrono::TimeDelta::seconds(90);
/// How long a source that hangs is waited for, beyond the time for which a file must stand unchanged.
const LOOK_MAX: Duration = Duration::from_secs(15);
const SETTLE_MAX: u32 = 120;

type Compile = Arc<Box<dyn Fn() -> Result<Policy, String> + Send + Sync>>;
type Step<W> = fn(&mut W, &Policy, Time) -> Result<Option<Time>, WorkError>;

/// One activation of a step: when it wants to run again, and whether it went well.
async fn activate<W: Work>(
    shared: &Shared<W>,
    step: Step<W>,
    round: fn(&mut Rounds) -> &mut Round,
    failures: &mut u32,
) -> Result<(Duration, bool), DaemonError> {
    let policy = shared.policy();
    let zone = policy.township.zone;
    let (now, done) = shared
        .writer
        .call(move |w| {
            let now = crate::clock::now(zone);
            (now, step(w, &policy, now))
        })
        .await?;
    let nap = match &done {
        Ok(next) => {
            *failures = 0;
            nap(*next, now)
        }
        Err(_) => {
            *failures += 1;
            Duration::from_secs(1 << (*failures).min(5)).min(NAP_MAX)
        }
    };
    let went_well = done.is_ok();
    shared.rounds.send_modify(|rounds| {
        let round = round(rounds);
        round.tried = Some(now);
        match done {
            Ok(_) => {
                round.finished = Some(now);
                round.error = None;
            }
            Err(e) => {
                let text = chain(&*e);
                tracing::error!(error = %text, "a step failed");
                round.error = Some(text);
            }
        }
    });
    Ok((nap, went_well))
}

/// How long to sleep until an instant: never so short that a step that is always due eats a core.
fn nap(next: Option<Time>, now: Time) -> Duration {
    let Some(next) = next else { return NAP_MAX };
    (next - now).to_std().unwrap_or_default().clamp(Duration::from_millis(100), NAP_MAX)
}

pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text.push_str(&format!(": {e}"));
        cause = e.source();
    }
    text
}

async fn sleep<W>(shared: &Shared<W>, nap: Duration, bell: &Notify) {
    let mut stop = shared.stop.subscribe();
    tokio::select! {
        () = tokio::time::sleep(nap) => {}
        () = bell.notified() => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

pub async fn engine<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let mut failures = 0;
    let mut is_ready = false;
    let watchdog = notify::watchdog_every();
    let mut last = None;
    while !shared.is_stopping() {
        // What has come while nothing ran, or while the machine slept, is read before anything is decided.
        let now = shared.now();
        if has_slept(last, now) {
            look(&shared, now).await;
        }
        last = Some(shared.now());
        let (nap, went_well) = activate(&shared, W::engine, |r| &mut r.engine, &mut failures).await?;
        if went_well {
            notify::watchdog();
            if !is_ready {
                is_ready = true;
                notify::ready();
            }
            let lang = shared.policy().township.lang;
            notify::status(&words::last_step(lang, shared.now().format("%m-%d %H:%M:%S")));
        }
        shared.bells.courier.notify_one();
        sleep(&shared, watchdog.map_or(nap, |every| nap.min(every)), &shared.bells.engine).await;
    }
    Ok(())
}

pub async fn upkeep<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let mut failures = 0;
    let nobody = Notify::new();
    first(&shared, |r| r.engine.tried.is_some()).await;
    while !shared.is_stopping() {
        let (nap, _) = activate(&shared, W::upkeep, |r| &mut r.upkeep, &mut failures).await?;
        sleep(&shared, nap, &nobody).await;
    }
    Ok(())
}

/// Waits until the rounds say so (or the daemon stops).
async fn first<W>(shared: &Shared<W>, so: impl Fn(&Rounds) -> bool) {
    let mut rounds = shared.rounds.subscribe();
    let mut stop = shared.stop.subscribe();
    tokio::select! {
        _ = rounds.wait_for(|r| so(r)) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

pub async fn courier<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let mut on_their_way: JoinSet<Result<(), DaemonError>> = JoinSet::new();
    let mut failures = 0;
    let mut counted = None;
    let mut last = None;
    while !shared.is_stopping() {
        // No letter goes before the cases have been looked at: a child may have come back meanwhile.
        let now = shared.now();
        if has_slept(last, now) {
            shared.bells.engine.notify_one();
            first(&shared, |r| r.engine.tried.is_some_and(|at| at >= now)).await;
        }
        last = Some(shared.now());
        while let Some(sent) = on_their_way.try_join_next() {
            finished(sent)?;
        }
        let lanes = shared.lanes();
        count_today(&shared, &lanes, &mut counted).await?;
        let nap = match claim(&shared, &lanes).await? {
            Ok((dispatches, next)) => {
                failures = 0;
                // What is due but has no room waits for a letter to come back (the bell), not for the clock.
                let next = if dispatches.is_empty() { next.max(Duration::from_secs(1)) } else { next };
                for dispatch in dispatches {
                    let place = lanes.enter(&dispatch.channel);
                    on_their_way.spawn(deliver(shared.clone(), lanes.clone(), dispatch, place));
                }
                next
            }
            Err(nap) => {
                failures += 1;
                nap * failures.min(10)
            }
        };
        if let Ok(questions) = ask_about(&shared).await? {
            for question in questions {
                on_their_way.spawn(ask(shared.clone(), lanes.clone(), question));
            }
        }
        shared.rounds.send_modify(|r| r.on_their_way = on_their_way.len());
        tokio::select! {
            () = sleep(&shared, nap.min(NAP_MAX), &shared.bells.courier) => {}
            Some(sent) = on_their_way.join_next() => finished(sent)?,
        }
    }
    let farewell = async {
        while let Some(sent) = on_their_way.join_next().await {
            finished(sent)?;
        }
        Ok(())
    };
    // What is still on its way then stands in `sending` and is unknown at the next start.
    tokio::time::timeout(FAREWELL, farewell).await.unwrap_or(Ok(()))
}

fn finished(sent: Result<Result<(), DaemonError>, tokio::task::JoinError>) -> Result<(), DaemonError> {
    sent.map_err(|_| DaemonError::LoopEnded("courier".into()))?
}

/// Nothing ran for a while: a start, a machine that slept, a clock that was set.
fn has_slept(last: Option<Time>, now: Time) -> bool {
    last.is_none_or(|last| now - last > STALE || last > now)
}

/// Has all sources looked into and waits for them; for one that hangs not for ever.
async fn look<W>(shared: &Shared<W>, since: Time) {
    shared.look.send_modify(|n| *n += 1);
    let policy = shared.policy();
    let all = first(shared, |r| all_looked_into(&policy, r, since));
    let settle = policy.sources.iter().map(|s| s.settle_s).max().unwrap_or(0).min(SETTLE_MAX);
    let _ = tokio::time::timeout(LOOK_MAX + Duration::from_secs(settle.into()), all).await;
}

/// Asked of the policy's sources, not of those in the rounds: before the first look the rounds know none. A file that is
/// still being written belongs to what has come.
pub(super) fn all_looked_into(policy: &Policy, rounds: &Rounds, since: Time) -> bool {
    let read = |round: &Round| round.settling == 0 && round.tried.is_some_and(|at| at >= since);
    policy.sources.iter().all(|source| rounds.sources.get(&source.id).is_some_and(read))
}

/// The daily limits of channels count what went before this start.
async fn count_today<W: Work>(
    shared: &Shared<W>,
    lanes: &Arc<Lanes>,
    counted: &mut Option<Arc<Lanes>>,
) -> Result<(), DaemonError> {
    if counted.as_ref().is_some_and(|c| Arc::ptr_eq(c, lanes)) {
        return Ok(());
    }
    let (policy, day) = (shared.policy(), shared.now().date());
    if let Ok(letters) = shared.writer.call(move |w| w.letters_on(&policy, day)).await? {
        lanes.sent_on(day, &letters);
        *counted = Some(lanes.clone());
    }
    Ok(())
}

/// Letters that are due and for which there is room, and how long until the next. An error is how long to wait.
async fn claim<W: Work>(
    shared: &Shared<W>,
    lanes: &Lanes,
) -> Result<Result<(Vec<Dispatch>, Duration), Duration>, DaemonError> {
    let (policy, boot, room) = (shared.policy(), shared.boot.clone(), lanes.room());
    let unread: BTreeSet<_> =
        shared.rounds.borrow().sources.iter().filter(|(_, round)| round.unread > 0).map(|(id, _)| id.clone()).collect();
    let zone = policy.township.zone;
    let (now, claimed) = shared
        .writer
        .call(move |w| {
            let now = crate::clock::now(zone);
            let claimed = w.claim(&policy, now, &boot, &room, &unread);
            let claimed = claimed.and_then(|letters| Ok((letters, w.next_letter(&policy, now)?)));
            (now, claimed)
        })
        .await?;
    shared.rounds.send_modify(|r| {
        r.courier.tried = Some(now);
        match &claimed {
            Ok(_) => {
                r.courier.finished = Some(now);
                r.courier.error = None;
            }
            Err(e) => {
                let text = chain(&**e);
                tracing::error!(error = %text, "letters could not be claimed");
                r.courier.error = Some(text);
            }
        }
    });
    Ok(match claimed {
        Ok((letters, next)) => Ok((letters, nap(next, now))),
        Err(_) => Err(Duration::from_secs(3)),
    })
}

/// Sends one letter and writes down what became of it. An outcome that cannot be written is not forgotten.
async fn deliver<W: Work>(
    shared: Arc<Shared<W>>,
    lanes: Arc<Lanes>,
    dispatch: Dispatch,
    place: Option<OwnedSemaphorePermit>,
) -> Result<(), DaemonError> {
    let outcome = lanes.send(&dispatch, place).await;
    let (letter, attempt, channel) = (dispatch.letter, dispatch.attempt, dispatch.channel.clone());
    drop(dispatch);
    tracing::info!(%letter, attempt, %channel, outcome = name_of(&outcome), "letter");
    let mut wait = Duration::from_secs(1);
    loop {
        let (policy, outcome) = (shared.policy(), outcome.clone());
        let zone = policy.township.zone;
        let settled = shared
            .writer
            .call(move |w| {
                let now = crate::clock::now(zone);
                w.settle(&policy, now, letter, attempt, outcome)
            })
            .await?;
        match settled {
            Ok(()) => break,
            Err(e) => tracing::error!(%letter, error = %chain(&*e), "an outcome could not be written down"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(NAP_MAX);
    }
    shared.bells.engine.notify_one();
    shared.bells.courier.notify_one();
    Ok(())
}

/// Letters about which their gateway is to be asked now.
async fn ask_about<W: Work>(shared: &Shared<W>) -> Result<Result<Vec<Question>, WorkError>, DaemonError> {
    let zone = shared.policy().township.zone;
    Ok(shared.writer.call(move |w| w.questions(crate::clock::now(zone))).await?)
}

/// Asks a gateway about one letter and writes down what it knew; what cannot be written is asked again.
async fn ask<W: Work>(shared: Arc<Shared<W>>, lanes: Arc<Lanes>, question: Question) -> Result<(), DaemonError> {
    let answer = lanes.ask(&question, shared.now()).await;
    let letter = question.letter;
    tracing::info!(%letter, channel = %question.channel, ?answer, "a gateway was asked about a letter");
    let policy = shared.policy();
    let zone = policy.township.zone;
    let written = shared.writer.call(move |w| w.answered(&policy, crate::clock::now(zone), letter, &answer)).await?;
    if let Err(e) = written {
        tracing::error!(%letter, error = %chain(&*e), "an answer could not be written down");
    }
    shared.bells.engine.notify_one();
    shared.bells.courier.notify_one();
    Ok(())
}

fn name_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::BadAddress(_) => "bad_address",
        Outcome::BadMessage(_) => "bad_message",
        Outcome::ChannelDown(_) => "channel_down",
        Outcome::NotBefore { .. } => "not_before",
        Outcome::Passing(_) => "passing",
        Outcome::Unknown(_) => "unknown",
    }
}

/// Commands from the socket, one after the other, each at its own instant.
pub async fn commands<W: Work>(shared: Arc<Shared<W>>, mut requests: mpsc::Receiver<Asked>) -> Result<(), DaemonError> {
    while let Some(Asked { request, reply }) = requests.recv().await {
        let answer = match request.get("command").and_then(|c| c.as_str()) {
            // Answered without the writer: `status` must learn that the writer hangs.
            Some("rounds") => serde_json::to_value(&*shared.rounds.borrow()).unwrap_or_default(),
            _ => {
                let policy = shared.policy();
                let zone = policy.township.zone;
                let obeyed = shared.writer.call(move |w| {
                    let now = crate::clock::now(zone);
                    w.obey(&policy, now, request)
                });
                obeyed.await?
            }
        };
        let _ = reply.send(answer);
        shared.bells.engine.notify_one();
        shared.bells.courier.notify_one();
    }
    Ok(())
}

/// Reloads, one after the other, once the policy of the start has taken its first step.
pub async fn reloads<W: Work>(
    shared: Arc<Shared<W>>,
    compile: Compile,
    secret: Arc<ReadSecret>,
    mut asked: mpsc::Receiver<()>,
) -> Result<(), DaemonError> {
    first(&shared, |r| r.engine.tried.is_some()).await;
    while asked.recv().await.is_some() {
        reload(&shared, compile.clone(), secret.clone()).await?;
    }
    Ok(())
}

/// Reads the configuration again. One that does not compile leaves everything as it is and is told.
async fn reload<W: Work>(
    shared: &Arc<Shared<W>>,
    compile: Compile,
    secret: Arc<ReadSecret>,
) -> Result<(), DaemonError> {
    let old = shared.policy();
    let (zone, lang) = (old.township.zone, old.township.lang);
    let compiled = tokio::task::spawn_blocking(move || {
        let policy = compile()?;
        let lanes = Lanes::open(&policy, &*secret);
        Ok::<_, String>((policy, lanes))
    });
    let compiled = compiled.await.unwrap_or_else(|_| Err(words::reload_died(lang)));
    let compiled = compiled.and_then(|(policy, lanes)| {
        let stays = policy.data_dir == old.data_dir && policy.seal == old.seal;
        if stays { Ok((policy, lanes)) } else { Err(words::reload_needs_restart(lang)) }
    });
    let done = match compiled {
        Ok((policy, lanes)) => {
            let policy = Arc::new(policy);
            let new = policy.clone();
            let done = shared
                .writer
                .call(move |w| {
                    let now = crate::clock::now(zone);
                    w.adopt(&old, &new, now)
                })
                .await?;
            if done.is_ok() {
                tracing::info!(policy = %policy.hash, "the configuration was read again");
                shared.rounds.send_modify(|r| r.policy.clone_from(&policy.hash));
                shared.policy.send_replace(policy);
                shared.lanes.send_replace(Arc::new(lanes));
            }
            done
        }
        Err(why) => {
            tracing::warn!("the configuration has problems: the old one stays in force");
            let reject = shared.writer.call(move |w| {
                let now = crate::clock::now(zone);
                w.reject(&old, now, why)
            });
            reject.await?
        }
    };
    if let Err(e) = done {
        tracing::error!(error = %chain(&*e), "the reload could not be written down");
    }
    shared.bells.engine.notify_one();
    Ok(())
}

/// The sign of life for whoever watches from outside: given only while nothing is stuck.
pub async fn heartbeat<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let nobody = Notify::new();
    first(&shared, |r| r.engine.finished.is_some()).await;
    while !shared.is_stopping() {
        let policy = shared.policy();
        let Some(beat) = policy.heartbeat.clone() else {
            sleep(&shared, NAP_MAX, &nobody).await;
            continue;
        };
        let zone = policy.township.zone;
        let healthy = shared
            .writer
            .call(move |w| {
                let now = crate::clock::now(zone);
                w.is_healthy(&policy, now)
            })
            .await?;
        let is_alive = {
            let (rounds, now) = (shared.rounds.borrow(), shared.now());
            let lately = |r: &Round| r.error.is_none() && r.finished.is_some_and(|at| now - at < STALE);
            let read = rounds.sources.values().all(|s| s.tried.is_some() && s.error.is_none());
            lately(&rounds.engine) && read && rounds.courier.error.is_none()
        };
        if is_alive && matches!(healthy, Ok(true)) {
            give(&beat, shared.now()).await;
        }
        sleep(&shared, Duration::from_secs(u64::from(beat.every_s.max(1))), &nobody).await;
    }
    Ok(())
}

async fn give(beat: &crate::domain::policy::Heartbeat, now: Time) {
    if let Some(file) = beat.file.clone() {
        let text = format!("{}\n", now.format("%Y-%m-%dT%H:%M:%S"));
        let touched = tokio::task::spawn_blocking(move || notify::touch(&file, &text)).await;
        if !matches!(touched, Ok(Ok(()))) {
            tracing::warn!("the heartbeat's file cannot be written");
        }
    }
    if let Some(url) = &beat.url
        && !crate::channel::ping(url).await
    {
        tracing::warn!("the heartbeat's address cannot be reached");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_ends_at_the_next_wake_and_after_half_a_minute_at_the_latest() {
        let now =
            chrono::NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 0, 0)).expect("an instant");
        let check = |after_ms: Option<i64>, expected_ms: u64| {
            let next = after_ms.map(|ms| now + chrono::TimeDelta::milliseconds(ms));
            assert_eq!(nap(next, now), Duration::from_millis(expected_ms));
        };
        check(None, 30_000);
        check(Some(90_000), 30_000);
        check(Some(5_000), 5_000);
        check(Some(0), 100);
        check(Some(-60_000), 100);
    }
}
