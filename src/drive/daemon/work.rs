//! What the daemon has done on the writer's thread. The loops know when, this knows what: each call is one step at
//! one instant. The township implements it with the steps; the loops' own tests implement it with a script.

use crate::domain::ids::{ChannelId, LetterId};
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::policy::Policy;
use crate::domain::{Date, Time};
use serde_json::Value;
use std::collections::BTreeMap;

/// What went wrong with a step; free of personal data, for the log and `status`.
pub type WorkError = Box<dyn std::error::Error + Send + Sync>;

pub trait Work: Send + 'static {
    /// Once after the start, before anything else: what stands in `sending` from an earlier boot is unknown.
    fn recover(&mut self, policy: &Policy, now: Time, boot: &str) -> Result<(), WorkError>;
    /// Reads what has come. When to look again.
    fn intake(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// When a file that is there but may still be growing can be read; `None`: no such file.
    fn settling(&mut self, policy: &Policy, now: Time) -> Option<Time>;
    /// Decides. When something is due next.
    fn engine(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// Retention, backup, audit. When to do it again.
    fn upkeep(&mut self, policy: &Policy, now: Time) -> Result<Option<Time>, WorkError>;
    /// Claims letters that are due: of each channel at most so many.
    fn claim(
        &mut self,
        policy: &Policy,
        now: Time,
        boot: &str,
        room: &BTreeMap<ChannelId, usize>,
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
