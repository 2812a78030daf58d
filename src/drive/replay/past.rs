//! The past as steps: deliveries are applied from what is stored of them, people do again what they did, letters fare as
//! they did. Everything else is the daemon's own steps.

use super::letters::Remembered;
use super::script::Recorded;
use crate::domain::Time;
use crate::domain::ids::{ChannelId, DecisionId, LetterId, PupilId};
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::policy::Policy;
use crate::drive::orders;
use crate::drive::spine::Spine;
use crate::drive::world::{Broken, Command, Delivery, Does, Steps};
use crate::step::command::{self, Beside, Request};
use crate::step::intake::again::{self, Renumbered};
use crate::step::prepared;
use crate::store::{Db, StoreError, decisions, logbook, shelf};

pub struct Past {
    pub spine: Spine,
    events: Vec<Option<Recorded>>,
    letters: Remembered,
    /// Decisions have other numbers here where other things happen before them.
    numbers: Renumbered,
    pub refused: usize,
}

impl Past {
    pub fn new(copy: Db, policy: Policy, events: Vec<Recorded>) -> Result<Past, Broken> {
        let letters = Remembered::read(copy.conn())?;
        // No file is read here: the words in which one would be written are nobody's.
        let reader = policy.sources.first().map(|s| s.reader.clone()).ok_or("a township has a source")?;
        let mut spine = Spine::new(copy, policy, reader);
        spine.jitter = true;
        let events = events.into_iter().map(Some).collect();
        Ok(Past { spine, events, letters, numbers: Renumbered::new(), refused: 0 })
    }

    /// Somebody does again what he did.
    fn line(&mut self, now: Time, line: &logbook::Line) -> Result<Option<String>, Broken> {
        let answer = if line.what == "outbox" { self.by_hand(now, line)? } else { self.command(now, line)? };
        if answer.is_some() {
            self.refused += 1;
        }
        Ok(answer)
    }

    fn command(&mut self, now: Time, line: &logbook::Line) -> Result<Option<String>, Broken> {
        let mut request = line.body.request.clone();
        let pupil = self.pupil(line)?;
        for key in ["case", "pupil"] {
            if let (Some(pupil), true) = (pupil, request[key].is_string()) {
                request[key] = pupil.to_string().into();
            }
        }
        if let Some(was) = request["decision"].as_str().and_then(DecisionId::parse) {
            request["decision"] = self.numbers.get(&was).copied().unwrap_or(was).to_string().into();
        }
        // A line that an earlier version wrote in other words says nothing here.
        let Ok(request) = serde_json::from_value::<Request>(request) else { return Ok(Some(String::new())) };
        let policy = self.spine.policy().clone();
        let reply = command::obey_in(&mut self.spine.db, &policy, now, &request, &Beside::default())?;
        let refused = (!reply.ok && !matches!(request, Request::Reply { .. })).then_some(reply.message);
        if let Some(pupil) = pupil {
            self.decided(pupil, now, reply.decision.as_deref(), refused.is_some())?;
        }
        Ok(refused)
    }

    /// Decisions are evidence: what a person decided holds although there is no case here to decide it on.
    fn decided(&mut self, pupil: PupilId, now: Time, is: Option<&str>, refused: bool) -> Result<(), Broken> {
        let vault = self.spine.db.vault();
        let recorded = shelf::decisions(self.spine.db.conn(), &vault, Err((pupil, now)))?;
        let is = is.and_then(DecisionId::parse);
        for (was, decision) in recorded {
            let is = match is {
                Some(is) => Some(is),
                None if refused => {
                    let done: Result<_, StoreError> =
                        self.spine.db.write(|tx| decisions::record(tx, &vault, &decision));
                    done?
                }
                None => None,
            };
            if let Some(is) = is {
                self.numbers.insert(was, is);
            }
        }
        Ok(())
    }

    fn pupil(&self, line: &logbook::Line) -> Result<Option<PupilId>, Broken> {
        if line.body.pupil.is_some() {
            return Ok(line.body.pupil);
        }
        let request = &line.body.request;
        match request["case"].as_str().or_else(|| request["pupil"].as_str()) {
            Some(who) => Ok(shelf::pupil_of_case(self.spine.db.conn(), who)?.or_else(|| PupilId::parse(who))),
            None => Ok(None),
        }
    }

    /// A person's hand on a notice: the same notice, whatever its number is here.
    fn by_hand(&mut self, now: Time, line: &logbook::Line) -> Result<Option<String>, Broken> {
        let name = line.body.notice.as_deref();
        let same = name.map(|n| shelf::notice_named(self.spine.db.conn(), n)).transpose()?.flatten();
        let Some(notice) = same else { return Ok(Some(String::new())) };
        let mut request = line.body.request.clone();
        request["target"] = notice.to_string().into();
        let policy = self.spine.policy().clone();
        let answer = orders::obey(&mut self.spine.db, &policy, now, request);
        Ok((!answer.ok).then_some(answer.message))
    }
}

impl Steps for Past {
    fn recorded(&mut self, now: Time, no: usize) -> Result<Option<String>, Broken> {
        let Some(event) = self.events.get_mut(no).and_then(Option::take) else { return Ok(None) };
        match event {
            Recorded::Seen(past) => again::seen(&mut self.spine.db, now, &past)?,
            Recorded::Applied(past) => {
                let policy = self.spine.policy().clone();
                let ready = prepared(&policy);
                again::apply(&mut self.spine.db, &policy, &ready.calendar, now, &past, &mut self.numbers)?;
            }
            Recorded::Line(line) => return self.line(now, &line),
        }
        Ok(None)
    }

    fn remembered(&mut self, letter: &Dispatch) -> Result<Option<Does>, Broken> {
        Ok(self.letters.of(self.spine.db.conn(), letter)?)
    }

    fn awake(&mut self, now: Time) -> Result<(), Broken> {
        self.spine.awake(now)
    }
    fn reload(&mut self, now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken> {
        self.spine.reload(now, policy)
    }
    fn restart(&mut self, now: Time) -> Result<(), Broken> {
        self.spine.restart(now)
    }
    fn receive(&mut self, now: Time, delivery: &Delivery) -> Result<Option<String>, Broken> {
        self.spine.receive(now, delivery)
    }
    fn obey(&mut self, now: Time, command: &Command) -> Result<Option<String>, Broken> {
        self.spine.obey(now, command)
    }
    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.spine.decide(now)
    }
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        self.spine.claim(now)
    }
    fn settle(&mut self, now: Time, dispatch: &Dispatch, outcome: Outcome) -> Result<(), Broken> {
        self.spine.settle(now, dispatch, outcome)
    }
    fn receipt(&mut self, now: Time, letter: LetterId, delivered: bool) -> Result<(), Broken> {
        self.spine.receipt(now, letter, delivered)
    }
    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.spine.next(now)
    }
    fn gives_receipts(&self, channel: &ChannelId) -> bool {
        self.spine.gives_receipts(channel)
    }
    fn drops_copies(&self, channel: &ChannelId) -> bool {
        self.spine.drops_copies(channel)
    }
}
