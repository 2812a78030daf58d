//! The open channels, each with a bounded number of letters on their way: a slow one fills its own lane only.

use crate::channel::{self, Opening, Outbound};
use crate::domain::ids::ChannelId;
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::message::run as words;
use crate::domain::policy::{Policy, Secret};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub type ReadSecret = dyn Fn(&Secret) -> Result<SecretString, String> + Send + Sync;

/// The channels of one policy.
pub struct Lanes {
    by_id: BTreeMap<ChannelId, Arc<Lane>>,
    lang: crate::domain::message::Lang,
}

struct Lane {
    outbound: Outbound,
    permits: Arc<Semaphore>,
}

impl Lanes {
    pub fn open(policy: &Policy, secret: &ReadSecret) -> Self {
        let lang = policy.township.lang;
        let by_id = policy.channels.iter().map(|c| {
            let outbound = channel::open(
                c,
                Opening { zone: policy.township.zone, tick: crate::clock::tick, lang, secret: &secret },
            );
            let permits = Arc::new(Semaphore::new(outbound.at_once()));
            (c.id.clone(), Arc::new(Lane { outbound, permits }))
        });
        Lanes { by_id: by_id.collect(), lang }
    }

    /// How many more letters each channel can carry now.
    pub fn room(&self) -> BTreeMap<ChannelId, usize> {
        self.by_id.iter().map(|(id, lane)| (id.clone(), lane.permits.available_permits())).collect()
    }

    pub fn sent_on(&self, day: crate::domain::Date, letters: &BTreeMap<ChannelId, u32>) {
        for (id, lane) in &self.by_id {
            lane.outbound.sent_on(day, letters.get(id).copied().unwrap_or(0));
        }
    }

    /// A place in the channel's lane, taken before the letter sets off so that the next claim sees it; `None`: full.
    pub fn enter(&self, channel: &ChannelId) -> Option<OwnedSemaphorePermit> {
        self.by_id.get(channel)?.permits.clone().try_acquire_owned().ok()
    }

    /// Sends a letter by its channel; without a place it waits for one.
    pub async fn send(&self, dispatch: &Dispatch, place: Option<OwnedSemaphorePermit>) -> Outcome {
        let Some(lane) = self.by_id.get(&dispatch.channel).cloned() else {
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
