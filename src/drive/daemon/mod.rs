//! The daemon: when each step runs, how letters leave, when the process lives and dies. Decides nothing about pupils.
//! A loop that ends or panics ends the process, so that whoever watches it starts it again.

mod inbound;
mod intake;
mod lanes;
mod local;
mod loops;
mod notify;
mod once;
mod signals;
mod work;
mod writer;

pub use lanes::{Lanes, ReadSecret};
pub use local::Local;
pub use once::{Done, once};
pub use work::{Work, WorkError};

use super::control::{self, Asked};
use super::lock::Lock;
use crate::clock;
use crate::domain::Time;
use crate::domain::ids::{ChannelId, SourceId};
use crate::domain::policy::Policy;
use serde::{Deserialize, Serialize};
use signals::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use writer::Writer;

/// No loop sleeps longer: what nobody announced (a clock set, a folder filled) is seen within half a minute.
const NAP_MAX: Duration = Duration::from_secs(30);
/// How long letters on their way are waited for at a graceful end.
const FAREWELL: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error("the system refused")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Writer(#[from] writer::WriterGone),
    #[error("the loop `{0}` has ended")]
    LoopEnded(String),
    #[error("the start failed")]
    Start(#[source] WorkError),
}

/// Everything that a daemon is made of.
pub struct Parts<W> {
    pub lock: Lock,
    pub policy: Policy,
    pub work: W,
    /// Reads the configuration again. An error is the summary of its problems.
    pub reload: Box<dyn Fn() -> Result<Policy, String> + Send + Sync>,
    pub secret: Box<ReadSecret>,
}

/// When each step was last begun and finished, and what it last stumbled on; told to `status` over the socket.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rounds {
    pub boot: String,
    pub pid: u32,
    pub started: Option<Time>,
    pub policy: String,
    pub sources: BTreeMap<SourceId, Round>,
    /// Channels from which replies and receipts come.
    #[serde(default)]
    pub inbound: BTreeMap<ChannelId, Round>,
    pub engine: Round,
    pub courier: Round,
    pub upkeep: Round,
    pub on_their_way: usize,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Round {
    /// Of a source: files that were found and are not read yet.
    #[serde(default)]
    pub unread: usize,
    /// Of a source: files that are still being written.
    #[serde(default)]
    pub settling: usize,
    pub tried: Option<Time>,
    pub finished: Option<Time>,
    pub error: Option<String>,
}

/// What the loops share.
struct Shared<W> {
    writer: Writer<W>,
    boot: Arc<str>,
    policy: watch::Sender<Arc<Policy>>,
    lanes: watch::Sender<Arc<Lanes>>,
    rounds: watch::Sender<Rounds>,
    stop: watch::Sender<bool>,
    /// Counts up when all sources are to be looked into at once.
    look: watch::Sender<u64>,
    bells: Bells,
}

/// A bell a loop: it says "look", never what.
#[derive(Default)]
struct Bells {
    engine: Notify,
    courier: Notify,
}

impl<W> Shared<W> {
    fn policy(&self) -> Arc<Policy> {
        self.policy.borrow().clone()
    }

    fn lanes(&self) -> Arc<Lanes> {
        self.lanes.borrow().clone()
    }

    fn now(&self) -> Time {
        clock::now(self.policy.borrow().township.zone)
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Runs until it is told to stop. An error means that something died.
pub fn run<W: Work>(parts: Parts<W>) -> Result<(), DaemonError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let signals = signals::listen()?;
        serve(parts, signals).await
    });
    // A send that does not end must not hold up the end of the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve<W: Work>(parts: Parts<W>, mut signals: mpsc::Receiver<Signal>) -> Result<(), DaemonError> {
    let Parts { lock, policy, work, reload, secret } = parts;
    let (reload, secret): (Arc<_>, Arc<ReadSecret>) = (Arc::new(reload), Arc::from(secret));
    let data_dir = policy.data_dir.clone();
    let lanes = Lanes::open(&policy, &*secret);
    let (writer, thread) = Writer::start(work)?;
    let started = clock::now(policy.township.zone);
    let rounds = Rounds {
        boot: lock.boot.clone(),
        pid: std::process::id(),
        started: Some(started),
        policy: policy.hash.clone(),
        ..Rounds::default()
    };
    let shared = Arc::new(Shared {
        writer,
        boot: lock.boot.as_str().into(),
        policy: watch::Sender::new(Arc::new(policy)),
        lanes: watch::Sender::new(Arc::new(lanes)),
        rounds: watch::Sender::new(rounds),
        stop: watch::Sender::new(false),
        look: watch::Sender::new(0),
        bells: Bells::default(),
    });

    let (policy, boot) = (shared.policy(), shared.boot.clone());
    let recovered = shared.writer.call(move |w| w.recover(&policy, started, &boot)).await?;
    recovered.map_err(DaemonError::Start)?;

    let listener = control::listen(&data_dir)?;
    let (asked, requests) = mpsc::channel::<Asked>(64);
    let mut loops = tokio::task::JoinSet::new();
    loops.spawn(named("control socket", async move { control::serve(listener, asked).await.map_err(Into::into) }));
    loops.spawn(named("commands", loops::commands(shared.clone(), requests)));
    loops.spawn(named("intake", intake::run(shared.clone())));
    loops.spawn(named("inbound", inbound::run(shared.clone())));
    loops.spawn(named("engine", loops::engine(shared.clone())));
    loops.spawn(named("upkeep", loops::upkeep(shared.clone())));
    loops.spawn(named("heartbeat", loops::heartbeat(shared.clone())));
    let (reload_now, asked_to_reload) = mpsc::channel(1);
    loops.spawn(named("reload", loops::reloads(shared.clone(), reload, secret, asked_to_reload)));
    // The courier is the last to go: it waits for letters on their way.
    let mut courier = tokio::spawn(named("courier", loops::courier(shared.clone())));
    tracing::info!(boot = %shared.boot, "started");

    let ended = loop {
        tokio::select! {
            signal = signals.recv() => match signal {
                // A reload is under way already: it is asked for once more, not twice.
                Some(Signal::Reload) => drop(reload_now.try_send(())),
                Some(Signal::Stop) | None => break Ok(()),
            },
            Some(ended) = loops.join_next() => break Err(died(ended)),
            ended = &mut courier => break Err(died(ended)),
        }
    };
    notify::stopping();
    shared.stop.send_replace(true);
    loops.shutdown().await;
    control::close(&data_dir);
    if ended.is_ok() {
        let farewell = tokio::time::timeout(FAREWELL + Duration::from_secs(2), courier).await;
        tracing::info!(settled = farewell.is_ok(), "stopped");
        // All that was handed to the writer is written before the lock is given back.
        drop(shared);
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }
    drop(lock);
    ended
}

async fn named(
    name: &'static str,
    run: impl Future<Output = Result<(), DaemonError>>,
) -> (&'static str, Result<(), DaemonError>) {
    (name, run.await)
}

/// Why the daemon must end when one of its loops did.
fn died(ended: Result<(&'static str, Result<(), DaemonError>), tokio::task::JoinError>) -> DaemonError {
    match ended {
        Ok((_, Err(e))) => e,
        Ok((name, Ok(()))) => DaemonError::LoopEnded(name.into()),
        Err(_) => DaemonError::LoopEnded("panic".into()),
    }
}

#[cfg(test)]
mod tests;
