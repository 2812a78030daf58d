//! The real steps on one database, as the virtual world calls them: intake, engine, courier, commands. Only glue: what
//! they decide is theirs.

use super::world::{Broken, Command, Delivery, Steps};
use crate::domain::Time;
use crate::domain::ids::{ChannelId, LetterId};
use crate::domain::letter::{Answer, Dispatch, Outcome, Question};
use crate::domain::policy::{ChannelKind, OnUnknown, Policy, Reader};
use crate::step::intake::{self, Found, How};
use crate::step::{command, courier, engine, policy_change, upkeep};
use crate::store::Db;
use std::io::Cursor;

pub struct Spine {
    pub db: Db,
    policy: Policy,
    /// The policy whose sources read our own words.
    plain: Policy,
    our_words: Reader,
    /// Counts the processes.
    boot: u32,
    /// When upkeep wants to run; `None` after a start: at once.
    upkeep_at: Option<Time>,
    /// Attempts that are repeated are spread a little, as by the daemon.
    pub jitter: bool,
}

impl Spine {
    /// `our_words`: how files are read that the story itself writes.
    pub fn new(db: Db, policy: Policy, our_words: Reader) -> Self {
        let plain = plain(&policy, &our_words);
        Spine { db, policy, plain, our_words, boot: 1, upkeep_at: None, jitter: false }
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    fn boot_id(&self) -> String {
        format!("world-{}", self.boot)
    }
}

fn plain(policy: &Policy, reader: &Reader) -> Policy {
    let mut plain = policy.clone();
    for source in &mut plain.sources {
        source.reader = reader.clone();
    }
    plain
}

impl Steps for Spine {
    fn awake(&mut self, now: Time) -> Result<(), Broken> {
        Ok(engine::awake(&mut self.db, now)?)
    }

    fn reload(&mut self, _now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken> {
        match policy {
            Ok(policy) => {
                self.plain = plain(&policy, &self.our_words);
                self.policy = *policy;
                Ok(policy_change::rejected(&mut self.db, None)?)
            }
            Err(problems) => Ok(policy_change::rejected(&mut self.db, Some(&problems))?),
        }
    }

    fn restart(&mut self, now: Time) -> Result<(), Broken> {
        self.boot += 1;
        self.upkeep_at = None;
        let boot = self.boot_id();
        Ok(courier::recover(&mut self.db, &self.policy, now, &boot)?)
    }

    fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
        let policy = if d.in_our_words { &self.plain } else { &self.policy };
        let found = Found { source: d.source.clone(), file_name: &d.file_name, modified: d.modified };
        // Files of the story itself are as if polled (their stamp is the arrival); so is an import without --stated-at.
        let how = How::Import { stated_at: d.in_our_words.then_some(now), confirm: d.confirm, by: None };
        intake::receive(&mut self.db, policy, now, &found, &mut Cursor::new(&d.bytes), how)?;
        Ok(None)
    }

    fn obey(&mut self, now: Time, c: &Command) -> Result<Option<String>, Broken> {
        let reply = command::obey(&mut self.db, &self.policy, now, &request(c))?;
        Ok((!reply.ok).then_some(reply.message))
    }

    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        if self.upkeep_at.is_none_or(|at| at <= now) {
            self.upkeep_at = upkeep::run(&mut self.db, &self.policy, now)?;
        }
        let next = engine::run(&mut self.db, &self.policy, now)?;
        Ok([next, self.upkeep_at].into_iter().flatten().min())
    }

    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        let boot = self.boot_id();
        Ok(courier::claim(&mut self.db, &self.policy, now, &boot)?)
    }

    fn settle(&mut self, now: Time, d: &Dispatch, outcome: Outcome) -> Result<(), Broken> {
        Ok(courier::settle(&mut self.db, &self.policy, now, d.letter, d.attempt, outcome, self.jitter)?)
    }

    fn receipt(&mut self, now: Time, letter: LetterId, delivered: bool) -> Result<(), Broken> {
        Ok(courier::receipt(&mut self.db, &self.policy, now, letter, delivered)?)
    }

    fn questions(&mut self, now: Time) -> Result<Vec<Question>, Broken> {
        Ok(courier::questions(&mut self.db, now)?)
    }

    fn answered(&mut self, now: Time, letter: LetterId, answer: Answer) -> Result<(), Broken> {
        Ok(courier::answered(&mut self.db, &self.policy, now, letter, &answer, false)?)
    }

    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        Ok(courier::next(&mut self.db, &self.policy, now)?)
    }

    fn drops_copies(&self, channel: &ChannelId) -> bool {
        self.policy.channel(channel).is_some_and(|c| c.on_unknown == OnUnknown::Idempotent)
    }

    /// Gateways report; a mail server has nothing more to say once it accepted.
    fn gives_receipts(&self, channel: &ChannelId) -> bool {
        self.policy.channel(channel).is_some_and(|c| matches!(c.kind, ChannelKind::Http(_)))
    }
}

fn request(c: &Command) -> command::Request {
    use command::Request as R;
    match c.clone() {
        Command::Acknowledge { pupil, by, role } => R::Acknowledge { case: pupil, by, role },
        Command::Act { pupil, kind, result, date, by, note } => R::Act { pupil, kind, result, date, by, note },
        Command::Excuse { pupil, from, to, status, by, second } => {
            R::Excuse { pupil, from, to, status, by, second, reason: None }
        }
        Command::Return { pupil, on, by } => R::Return { pupil, on, by, reason: None },
        Command::Close { pupil, reason, evidence, until, by } => R::Close { case: pupil, reason, evidence, until, by },
        Command::Reopen { pupil, by, reason } => R::Reopen { case: pupil, by, reason },
        Command::Serve { pupil, document, on, by } => R::Serve { case: pupil, document, on, by },
        Command::Migrate { pupil, by } => R::Migrate { case: pupil, by },
        Command::Release { kind, subject, by } => R::Release { kind, subject, by },
        Command::Reply { from, text } => R::Reply { from, text },
    }
}
