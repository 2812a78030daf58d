//! The open channels, each with a bounded number of letters on their way: a slow one fills its own lane only.

use crate::channel::{self, Opening, Outbound};
use crate::domain::Time;
use crate::domain::ids::ChannelId;
use crate::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::message::run as words;
use crate::domain::policy::{ChannelKind, Mode, Policy, Secret};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub type ReadSecret = dyn Fn(&Secret) -> Result<SecretString, String> + Send + Sync;

/// The channels of one policy.
pub struct Lanes {
    by_id: BTreeMap<ChannelId, Arc<Lane>>,
    /// In rehearsal: where everything goes.
    folder: Option<Arc<Lane>>,
    lang: crate::domain::message::Lang,
}

struct Lane {
    outbound: Outbound,
    permits: Arc<Semaphore>,
}

impl Lanes {
    /// In rehearsal every letter goes to the folder: no other channel is opened.
    pub fn open(policy: &Policy, secret: &ReadSecret) -> Self {
        let lang = policy.township.lang;
        let rehearsal = policy.mode == Mode::Rehearsal;
        let channels = policy.channels.iter().filter(|c| !rehearsal || matches!(c.kind, ChannelKind::Folder { .. }));
        let lanes = channels.map(|c| {
            let opening = Opening { zone: policy.township.zone, tick: crate::clock::tick, lang, secret: &secret };
            let outbound = channel::open(c, opening);
            let permits = Arc::new(Semaphore::new(outbound.at_once()));
            (c.id.clone(), Arc::new(Lane { outbound, permits }))
        });
        let by_id: BTreeMap<_, _> = lanes.collect();
        let first = ChannelId::new("letters");
        let folder = rehearsal.then(|| by_id.get(&first).or_else(|| by_id.values().next()).cloned()).flatten();
        Lanes { by_id, folder, lang }
    }

    fn lane(&self, channel: &ChannelId) -> Option<&Arc<Lane>> {
        self.folder.as_ref().or_else(|| self.by_id.get(channel))
    }

    /// How many more letters each channel can carry now; one that is not named can carry all.
    pub fn room(&self) -> BTreeMap<ChannelId, usize> {
        if self.folder.is_some() {
            return BTreeMap::new();
        }
        self.by_id.iter().map(|(id, lane)| (id.clone(), lane.permits.available_permits())).collect()
    }

    pub fn sent_on(&self, day: crate::domain::Date, letters: &BTreeMap<ChannelId, u32>) {
        for (id, lane) in &self.by_id {
            lane.outbound.sent_on(day, letters.get(id).copied().unwrap_or(0));
        }
    }

    /// A place in the channel's lane, taken before the letter sets off so that the next claim sees it; `None`: full.
    pub fn enter(&self, channel: &ChannelId) -> Option<OwnedSemaphorePermit> {
        self.lane(channel)?.permits.clone().try_acquire_owned().ok()
    }

    /// Asks a channel's gateway what became of a letter.
    pub async fn ask(&self, question: &Question, at: Time) -> Answer {
        match self.lane(&question.channel).cloned() {
            Some(lane) => lane.outbound.ask(question, at).await,
            None => Answer::CannotAsk,
        }
    }

    /// The channels from which replies and receipts are fetched, and how often.
    pub fn fetching(&self) -> Vec<(ChannelId, std::time::Duration)> {
        let lanes = self.by_id.iter().filter(|_| self.folder.is_none());
        lanes.filter_map(|(id, lane)| Some((id.clone(), lane.outbound.fetches_every()?))).collect()
    }

    pub async fn fetch(&self, channel: &ChannelId, at: Time) -> Result<Vec<Incoming>, String> {
        match self.by_id.get(channel).cloned() {
            Some(lane) => lane.outbound.fetch(at).await,
            None => Ok(Vec::new()),
        }
    }

    /// Sends a letter by its channel; without a place it waits for one.
    pub async fn send(&self, dispatch: &Dispatch, place: Option<OwnedSemaphorePermit>) -> Outcome {
        let Some(lane) = self.lane(&dispatch.channel).cloned() else {
            return Outcome::ChannelDown(words::no_such_channel(self.lang, &dispatch.channel));
        };
        let _place = match place {
            Some(place) => Some(place),
            // The semaphore is never closed; without a permit the letter goes all the same rather than not at all.
            None => lane.permits.clone().acquire_owned().await.ok(),
        };
        lane.outbound.send(dispatch).await
    }
}
