//! Replies and receipts: fetched from each gateway that hands them out, taken from each that brings them. A gateway that
//! cannot be asked is noted in the rounds and asked again; it holds up nothing else.

use super::work::Work;
use super::{DaemonError, NAP_MAX, Round, Shared, loops};
use crate::channel::callback::{self, Brought};
use crate::domain::ids::ChannelId;
use crate::domain::letter::Incoming;
use crate::domain::policy::{ChannelKind, Inbound, Mode, Policy};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long an address that is taken (an older process has not let go of it yet) is left alone.
const BIND_AGAIN: Duration = Duration::from_secs(5);

/// Serves the channels of the policy in force; a reload begins anew.
pub async fn run<W: Work>(shared: Arc<Shared<W>>) -> Result<(), DaemonError> {
    let mut policies = shared.policy.subscribe();
    let mut lanes = shared.lanes.subscribe();
    let mut stop = shared.stop.subscribe();
    loop {
        let policy = policies.borrow_and_update().clone();
        let fetching = lanes.borrow_and_update().fetching();
        shared.rounds.send_modify(|rounds| {
            rounds.inbound.retain(|id, _| policy.channel(id).is_some());
        });
        let mut ways = JoinSet::new();
        for (channel, every) in fetching {
            ways.spawn(fetch(shared.clone(), channel, every));
        }
        for (channel, inbound) in brought(&policy) {
            ways.spawn(listen(shared.clone(), channel, inbound));
        }
        tokio::select! {
            changed = policies.changed() => if changed.is_err() { return Ok(()) },
            changed = lanes.changed() => if changed.is_err() { return Ok(()) },
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            Some(ended) = ways.join_next() => {
                return ended.unwrap_or_else(|_| Err(DaemonError::LoopEnded("inbound".into())));
            }
        }
        // An address is let go of before it is listened on again.
        ways.shutdown().await;
    }
}

/// Channels to which something is brought; in rehearsal nothing is sent, and nothing comes back.
fn brought(policy: &Policy) -> Vec<(ChannelId, Inbound)> {
    let live = policy.channels.iter().filter(|_| policy.mode == Mode::Live);
    let inbound = live.filter_map(|c| match &c.kind {
        ChannelKind::Http(http) => Some((c.id.clone(), http.inbound.clone()?)),
        ChannelKind::Folder { .. } | ChannelKind::Email(_) => None,
    });
    inbound.filter(|(_, i)| i.callback.is_some()).collect()
}

async fn fetch<W: Work>(shared: Arc<Shared<W>>, channel: ChannelId, every: Duration) -> Result<(), DaemonError> {
    let mut failures = 0u32;
    loop {
        let came = shared.lanes().fetch(&channel, shared.now()).await;
        let trouble = match came {
            Ok(came) => take(&shared, &channel, came).await?,
            Err(why) => Some(why),
        };
        failures = if trouble.is_some() { (failures + 1).min(6) } else { 0 };
        note(&shared, &channel, trouble);
        tokio::time::sleep(every.max(Duration::from_secs(1)) * 2u32.pow(failures).min(16)).await;
    }
}

async fn listen<W: Work>(shared: Arc<Shared<W>>, channel: ChannelId, inbound: Inbound) -> Result<(), DaemonError> {
    let (hand_over, mut brought) = mpsc::channel::<Brought>(16);
    let serving = async {
        loop {
            if let Err(e) = callback::serve(inbound.clone(), hand_over.clone()).await {
                note(&shared, &channel, Some(e.to_string()));
            }
            tokio::time::sleep(BIND_AGAIN.min(NAP_MAX)).await;
        }
    };
    let taking = async {
        while let Some(Brought { came, written }) = brought.recv().await {
            let trouble = take(&shared, &channel, came).await?;
            // Whoever brought it has gone: it will come again.
            let _ = written.send(trouble.is_none());
            note(&shared, &channel, trouble);
        }
        Ok(())
    };
    tokio::select! {
        () = serving => Ok(()),
        ended = taking => ended,
    }
}

/// Hands what came to the writer. `Some`: it could not be written down, and why.
async fn take<W: Work>(
    shared: &Shared<W>,
    channel: &ChannelId,
    came: Vec<Incoming>,
) -> Result<Option<String>, DaemonError> {
    if came.is_empty() {
        return Ok(None);
    }
    tracing::debug!(%channel, items = came.len(), "replies or receipts came");
    let (policy, channel) = (shared.policy(), channel.clone());
    let zone = policy.township.zone;
    let taken = shared.writer.call(move |w| w.incoming(&policy, crate::clock::now(zone), &channel, &came)).await?;
    shared.bells.engine.notify_one();
    Ok(taken.err().map(|e| loops::chain(&*e)))
}

fn note<W>(shared: &Shared<W>, channel: &ChannelId, trouble: Option<String>) {
    if let Some(error) = &trouble {
        tracing::warn!(%channel, %error, "replies and receipts cannot be had");
    }
    let now = shared.now();
    shared.rounds.send_modify(|rounds| {
        let round: &mut Round = rounds.inbound.entry(channel.clone()).or_default();
        round.tried = Some(now);
        if trouble.is_none() {
            round.finished = Some(now);
        }
        round.error = trouble;
    });
}
