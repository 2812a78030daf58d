//! The daemon's work on a real database: each call is one step. Adds nothing to what the steps decide.

use super::work::{Work, WorkError};
use crate::clock;
use crate::domain::ids::{ChannelId, DeliveryId, LetterId, SourceId};
use crate::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::policy::{Policy, Source};
use crate::domain::{Date, Time, incident};
use crate::drive::{inbox, orders};
use crate::source::directory::Ready;
use crate::step::intake::{self, Received};
use crate::step::machine::{self, Machine};
use crate::step::{courier, engine, incoming, late, policy_change, upkeep};
use crate::store::{self, Db, deliveries, incidents, outbox};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub struct Local {
    db: Db,
}

impl Local {
    pub fn new(db: Db) -> Self {
        Local { db }
    }
}

impl Work for Local {
    fn recover(&mut self, policy: &Policy, now: Time, boot: &str) -> Result<(), WorkError> {
        Ok(courier::recover(&mut self.db, policy, now, boot)?)
    }

    fn take_in(&mut self, policy: &Policy, now: Time, source: &Source, file: &Ready) -> Result<Received, WorkError> {
        Ok(inbox::take_in(&mut self.db, policy, source, file, now)?)
    }

    fn moved(&mut self, delivery: DeliveryId) -> Result<(), WorkError> {
        Ok(intake::moved(&mut self.db, delivery)?)
    }

    fn engine(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError> {
        let free_permille = store::free_permille(&policy.data_dir).ok();
        machine::observe(&mut self.db, now, &Machine { up: clock::since_boot(), free_permille })?;
        Ok(engine::run(&mut self.db, policy, now)?)
    }

    fn upkeep(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError> {
        Ok(upkeep::run(&mut self.db, policy, now)?)
    }

    fn claim(
        &mut self,
        policy: &Policy,
        now: Time,
        boot: &str,
        room: &BTreeMap<ChannelId, usize>,
        unread: &BTreeSet<SourceId>,
    ) -> Result<Vec<Dispatch>, WorkError> {
        Ok(courier::claim_within(&mut self.db, policy, now, boot, room, unread)?)
    }

    fn settle(
        &mut self,
        policy: &Policy,
        now: Time,
        letter: LetterId,
        attempt: u32,
        outcome: Outcome,
    ) -> Result<(), WorkError> {
        Ok(courier::settle(&mut self.db, policy, now, letter, attempt, outcome, true)?)
    }

    fn questions(&mut self, now: Time) -> Result<Vec<Question>, WorkError> {
        Ok(courier::questions(&mut self.db, now)?)
    }

    fn answered(&mut self, policy: &Policy, now: Time, letter: LetterId, answer: &Answer) -> Result<(), WorkError> {
        Ok(courier::answered(&mut self.db, policy, now, letter, answer, true)?)
    }

    fn incoming(
        &mut self,
        policy: &Policy,
        now: Time,
        channel: &ChannelId,
        came: &[Incoming],
    ) -> Result<(), WorkError> {
        Ok(incoming::take(&mut self.db, policy, now, channel, came)?)
    }

    fn next_letter(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError> {
        Ok(courier::next(&mut self.db, policy, now)?)
    }

    fn letters_on(&mut self, _policy: &Policy, day: Date) -> Result<BTreeMap<ChannelId, u32>, WorkError> {
        let mut count = BTreeMap::new();
        for letter in outbox::letters(self.db.conn())? {
            if letter.accepted.is_some_and(|at| at.date() == day) {
                *count.entry(letter.channel).or_insert(0) += 1;
            }
        }
        Ok(count)
    }

    fn obey(&mut self, policy: &Policy, now: Time, request: Value) -> Value {
        serde_json::to_value(orders::obey(&mut self.db, policy, now, request)).unwrap_or_default()
    }

    fn adopt(&mut self, _old: &Policy, _new: &Policy, _now: Time) -> Result<(), WorkError> {
        // The next engine step compares the policy with the one of its last step and tells a weakening.
        Ok(policy_change::rejected(&mut self.db, None)?)
    }

    fn reject(&mut self, _policy: &Policy, _now: Time, why: String) -> Result<(), WorkError> {
        Ok(policy_change::rejected(&mut self.db, Some(&why))?)
    }

    fn is_healthy(&mut self, policy: &Policy, now: Time) -> Result<bool, WorkError> {
        let conn = self.db.conn();
        let sources: Vec<SourceId> = policy.sources.iter().map(|s| s.id.clone()).collect();
        let unread = !deliveries::unread(conn, &sources)?.is_empty();
        let overdue = late::is_any_overdue(conn, policy, now)?;
        let ill = [incident::CHANNEL_DOWN, incident::LETTERS_STUCK, incident::LADDER_OVERDUE, incident::DISK_LOW];
        let ill = incidents::list(conn, false)?.iter().any(|i| ill.contains(&i.kind.as_str()));
        Ok(!(unread || overdue || ill))
    }
}
