//! What the daemon has done on the writer's thread. The loops know when, this knows what: each call is one step at
//! one instant. The township implements it with the steps; the loops' own tests implement it with a script.

use crate::domain::ids::{ChannelId, DeliveryId, LetterId, SourceId};
use crate::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::policy::{Policy, Source};
use crate::domain::{Date, Time};
use crate::source::directory::Ready;
use crate::step::intake::Received;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What went wrong with a step; free of personal data, for the log and `status`.
pub type WorkError = Box<dyn std::error::Error + Send + Sync>;

pub trait Work: Send + 'static {
    /// Once after the start, before anything else: what stands in `sending` from an earlier boot is unknown.
    fn recover(&mut self, policy: &Policy, now: Time, boot: &str) -> Result<(), WorkError>;
    /// Takes a complete file of a source in.
    fn take_in(&mut self, policy: &Policy, now: Time, source: &Source, file: &Ready) -> Result<Received, WorkError>;
    /// The file of a delivery has been moved away.
    fn moved(&mut self, delivery: DeliveryId) -> Result<(), WorkError>;
    /// Decides. When something is due next.
    fn engine(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// Retention, backup, audit. When to do it again.
    fn upkeep(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// Claims letters that are due: of each channel at most so many, none about children of a school of which files lie
    /// unread.
    fn claim(
        &mut self,
        policy: &Policy,
        now: Time,
        boot: &str,
        room: &BTreeMap<ChannelId, usize>,
        unread: &BTreeSet<SourceId>,
    ) -> Result<Vec<Dispatch>, WorkError>;
    /// Writes down what became of an attempt.
    fn settle(
        &mut self,
        policy: &Policy,
        now: Time,
        letter: LetterId,
        attempt: u32,
        outcome: Outcome,
    ) -> Result<(), WorkError>;
    /// Letters about which their gateway is to be asked now.
    fn questions(&mut self, now: Time) -> Result<Vec<Question>, WorkError>;
    /// What a gateway knew of a letter.
    fn answered(&mut self, policy: &Policy, now: Time, letter: LetterId, answer: &Answer) -> Result<(), WorkError>;
    /// Replies and receipts that came from a channel's gateway.
    fn incoming(&mut self, policy: &Policy, now: Time, channel: &ChannelId, came: &[Incoming])
    -> Result<(), WorkError>;
    /// When the next letter can be claimed.
    fn next_letter(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// How many letters each channel has taken on a day.
    fn letters_on(&mut self, policy: &Policy, day: Date) -> Result<BTreeMap<ChannelId, u32>, WorkError>;
    /// Obeys a command that came over the socket.
    fn obey(&mut self, policy: &Policy, now: Time, request: Value) -> Value;
    /// A reload that compiled is in force from now on.
    fn adopt(&mut self, old: &Policy, new: &Policy, now: Time) -> Result<(), WorkError>;
    /// A reload that did not compile: the old policy runs on.
    fn reject(&mut self, policy: &Policy, now: Time, why: String) -> Result<(), WorkError>;
    /// No delivery unread, no notice overdue, no letter stuck: the heartbeat may be given.
    fn is_healthy(&mut self, policy: &Policy, now: Time) -> Result<bool, WorkError>;
}
