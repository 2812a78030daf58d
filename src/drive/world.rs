//! The virtual world: the steps of the daemon under a clock of its own and scripted gateways, without tokio. Policy
//! tests, `simulate`, `demo` and the simulation test play here. Decides nothing that the steps decide.

use crate::domain::ids::{ChannelId, LetterId, Role, SourceId, StatusId, Word};
use crate::domain::letter::{Answer, Dispatch, Outcome, Question};
use crate::domain::policy::Policy;
use crate::domain::{Date, Time};
use chrono::TimeDelta;
use std::collections::{BTreeMap, VecDeque};

/// What breaks a world is a bug or a full disk, never a story.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// The process died within a step: what it had not committed is lost, and so is every answer that it owed or waited for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the process died")]
pub struct Died;

/// How long a slow gateway takes to answer, in seconds.
const SLOW_S: i64 = 60;
/// For how long one takes no more letters that says so.
const THROTTLE_S: u32 = 60;
/// When the engine is called again if it goes on asking for it.
const NAP: TimeDelta = TimeDelta::seconds(30);
/// So often at most the engine is called again at one instant without a letter between.
const AGAIN_MAX: u32 = 3;
/// More rounds than this within one instant mean that two steps feed each other for ever.
const ROUNDS_MAX: u32 = 10_000;

/// Something that happens at an instant from outside.
#[derive(Clone, Debug)]
pub enum Happening {
    /// Nothing runs until then; what comes meanwhile waits.
    AsleepUntil(Time),
    /// A reload that compiles, or the problems of one that does not.
    Reload(Result<Box<Policy>, String>),
    Gateway {
        channel: ChannelId,
        /// `None`: whatever the address.
        address: Option<String>,
        does: Does,
    },
    /// A gateway reports on the last letter that it was given for an address, before or after anything else it says.
    Report {
        channel: ChannelId,
        address: String,
        delivered: bool,
    },
    Restart(Death),
    Delivery(Delivery),
    Command(Command),
    /// Something out of the records of a database that is played again; the steps know it by its number.
    Recorded {
        no: usize,
        is_delivery: bool,
    },
}

impl Happening {
    /// The order within one instant (cases.md §6).
    fn rank(&self) -> u8 {
        match self {
            Happening::AsleepUntil(_) => 0,
            Happening::Reload(_) => 1,
            Happening::Gateway { .. } | Happening::Report { .. } | Happening::Restart(_) => 2,
            Happening::Delivery(_) | Happening::Recorded { is_delivery: true, .. } => 3,
            Happening::Command(_) | Happening::Recorded { .. } => 4,
        }
    }
}

/// What a gateway does with a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    Work,
    /// A passing error at once.
    Fail,
    /// Answers after 60 s.
    Slow,
    /// Accepts, and the answer is lost; no receipt comes.
    HangUp,
    /// Accepts and reports at once that the letter was not delivered.
    Undelivered,
    /// Accepts and never reports.
    NoReceipt,
    BadAddress,
    /// Takes no such message.
    BadMessage,
    RefuseLogin,
    /// Takes none for a minute.
    Throttle,
}

impl Does {
    pub fn parse(s: &str) -> Option<Does> {
        Some(match s {
            "work" => Does::Work,
            "fail" => Does::Fail,
            "slow" => Does::Slow,
            "hang_up" => Does::HangUp,
            "undelivered" => Does::Undelivered,
            "no_receipt" => Does::NoReceipt,
            "bad_address" => Does::BadAddress,
            "bad_message" => Does::BadMessage,
            "refuse_login" => Does::RefuseLogin,
            "throttle" => Does::Throttle,
            _ => return None,
        })
    }
}

/// Where the process dies before it starts again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Death {
    Now,
    /// The next letter has been claimed and not sent.
    BeforeSend,
    /// The next letter has been sent and not settled.
    BeforeSettle,
}

/// A file that arrives.
#[derive(Clone)]
pub struct Delivery {
    pub source: SourceId,
    pub file_name: String,
    /// Written by us in our own words: the reader that the source declares is not for it.
    pub in_our_words: bool,
    pub confirm: bool,
    pub bytes: Vec<u8>,
    /// When it came; the steps may see it later (after a sleep).
    pub modified: Time,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({}, {} bytes)", self.source, self.bytes.len())
    }
}

/// What people do, in their own words: a pupil or case is a student number, a reference or a case's id.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Acknowledge { pupil: String, by: String, role: Option<Role> },
    Act { pupil: String, kind: Word, result: Option<Word>, date: Option<Date>, by: String, note: Option<String> },
    Excuse { pupil: String, from: Date, to: Date, status: StatusId, by: String, second: Option<String> },
    Return { pupil: String, on: Date, by: String },
    Close { pupil: String, reason: String, evidence: String, until: Option<Date>, by: String },
    Reopen { pupil: String, by: String, reason: String },
    Serve { pupil: String, document: Word, on: Date, by: String },
    Migrate { pupil: String, by: String },
    Release { kind: String, subject: Option<String>, by: String },
    Reply { from: String, text: String },
}

/// A letter that a gateway accepted, at the instant at which it said yes.
#[derive(Clone)]
pub struct Sent {
    pub letter: LetterId,
    pub at: Time,
    pub channel: ChannelId,
    pub role: Role,
    pub name: String,
    pub address: String,
    pub subject: Option<String>,
    pub text: String,
}

/// Something that was asked for and refused, in the words in which it was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub at: Time,
    pub message: String,
}

/// The steps as the world calls them: always with `now`, never with a clock of their own.
pub trait Steps {
    /// The process was awake until now.
    fn awake(&mut self, now: Time) -> Result<(), Broken>;
    fn reload(&mut self, now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken>;
    /// A new process looks at what the one before left.
    fn restart(&mut self, now: Time) -> Result<(), Broken>;
    /// `Some`: refused, and why.
    fn receive(&mut self, now: Time, delivery: &Delivery) -> Result<Option<String>, Broken>;
    /// `Some`: refused, and why.
    fn obey(&mut self, now: Time, command: &Command) -> Result<Option<String>, Broken>;
    /// Something out of the records happens. `Some`: refused, and why.
    fn recorded(&mut self, _now: Time, _no: usize) -> Result<Option<String>, Broken> {
        Ok(None)
    }
    /// What became of this letter, where the records know it; it goes before what gateways are told to do.
    fn remembered(&mut self, _letter: &Dispatch) -> Result<Option<Does>, Broken> {
        Ok(None)
    }
    /// Evaluates, decides; when to be called again.
    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken>;
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken>;
    fn settle(&mut self, now: Time, dispatch: &Dispatch, outcome: Outcome) -> Result<(), Broken>;
    fn receipt(&mut self, now: Time, letter: LetterId, delivered: bool) -> Result<(), Broken>;
    /// Letters about which their gateway is to be asked now.
    fn questions(&mut self, _now: Time) -> Result<Vec<Question>, Broken> {
        Ok(Vec::new())
    }
    fn answered(&mut self, _now: Time, _letter: LetterId, _answer: Answer) -> Result<(), Broken> {
        Ok(())
    }
    /// When the next letter may go.
    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken>;
    /// The channel's gateway reports what became of a letter.
    fn gives_receipts(&self, channel: &ChannelId) -> bool;
    /// The channel's gateway drops a second copy of a letter.
    fn drops_copies(&self, _channel: &ChannelId) -> bool {
        false
    }
}

/// The world: a script, a clock, gateways, and what was seen of the letters.
pub struct World<S> {
    pub steps: S,
    now: Time,
    script: VecDeque<(Time, Happening)>,
    wake: Option<Time>,
    asleep_until: Option<Time>,
    dies: Option<Death>,
    gateways: BTreeMap<(ChannelId, Option<String>), Does>,
    /// The last letter that a gateway was given for an address.
    last: BTreeMap<(ChannelId, String), LetterId>,
    /// Letters that a slow gateway has taken and not answered.
    in_flight: Vec<(Time, Dispatch)>,
    pub sent: Vec<Sent>,
    pub refused: Vec<Refused>,
}

impl<S: Steps> World<S> {
    /// A world that begins at `start`. The script is put in order of time; what stands at one instant keeps its order.
    pub fn new(steps: S, start: Time, mut script: Vec<(Time, Happening)>) -> Self {
        script.sort_by_key(|(at, _)| *at);
        World {
            steps,
            now: start,
            script: script.into(),
            wake: Some(start),
            asleep_until: None,
            dies: None,
            gateways: BTreeMap::new(),
            last: BTreeMap::new(),
            in_flight: Vec::new(),
            sent: Vec::new(),
            refused: Vec::new(),
        }
    }

    pub fn now(&self) -> Time {
        self.now
    }

    pub fn is_asleep(&self) -> bool {
        self.asleep_until.is_some()
    }

    /// Plays every instant up to `until`, included.
    pub fn play(&mut self, until: Time) -> Result<(), Broken> {
        while let Some(at) = self.next_instant().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.instant()?;
        }
        self.now = self.now.max(until);
        Ok(())
    }

    fn next_instant(&self) -> Option<Time> {
        if let Some(t) = self.asleep_until {
            return Some(t);
        }
        let scripted = self.script.front().map(|(at, _)| *at);
        let answered = self.in_flight.iter().map(|(at, _)| *at).min();
        [scripted, self.wake, answered].into_iter().flatten().min()
    }

    fn instant(&mut self) -> Result<(), Broken> {
        let now = self.now;
        let waking = self.asleep_until.take().is_some();
        let mut due = Vec::new();
        while self.script.front().is_some_and(|(at, _)| *at <= now) {
            due.extend(self.script.pop_front().map(|(_, h)| h));
        }
        if let Some(i) = due.iter().position(|h| matches!(h, Happening::AsleepUntil(t) if *t > now)) {
            // Whatever else stands at this instant waits for the waking, in its order.
            if let Happening::AsleepUntil(t) = due.remove(i) {
                self.asleep_until = Some(t);
                for h in due.into_iter().rev() {
                    self.script.push_front((now, h));
                }
                return Ok(());
            }
        }
        due.sort_by_key(Happening::rank);
        if !waking {
            self.whatever_dies(|w| w.steps.awake(now))?;
        }
        let (outside, commands): (Vec<_>, Vec<_>) = due.into_iter().partition(|h| h.rank() < 3);
        for happening in outside {
            self.whatever_dies(|w| w.happen(&happening))?;
        }
        self.answer()?;
        for happening in commands {
            self.whatever_dies(|w| w.happen(&happening))?;
        }
        self.run()
    }

    /// Does something to its end. A process that dies in the middle is followed by another, which finds the same to do: the
    /// file still lies there, and who got no answer asks again.
    fn whatever_dies<T>(&mut self, mut act: impl FnMut(&mut Self) -> Result<T, Broken>) -> Result<T, Broken> {
        loop {
            match act(self) {
                Err(e) if e.is::<Died>() => self.die()?,
                done => return done,
            }
        }
    }

    /// The engine and the courier in turn, until neither has anything left to do at this instant.
    fn run(&mut self) -> Result<(), Broken> {
        let now = self.now;
        let mut again = 0;
        for _ in 0..ROUNDS_MAX {
            let decided = self.whatever_dies(|w| w.steps.decide(now))?;
            let claimed = match self.steps.claim(now) {
                // Before anything is sent the new process looks at the cases.
                Err(e) if e.is::<Died>() => {
                    self.die()?;
                    continue;
                }
                claimed => claimed?,
            };
            let asked = match self.ask() {
                Err(e) if e.is::<Died>() => {
                    self.die()?;
                    continue;
                }
                asked => asked?,
            };
            if claimed.is_empty() && !asked {
                // The engine asks to be called again at once (a hold that began or ended in its own step).
                if decided.is_some_and(|t| t <= now) && again < AGAIN_MAX {
                    again += 1;
                    continue;
                }
                let next = self.whatever_dies(|w| w.steps.next(now))?;
                let decided = decided.map(|t| if t <= now { now + NAP } else { t });
                self.wake = [decided, next].into_iter().flatten().filter(|t| *t > now).min();
                return Ok(());
            }
            if !claimed.is_empty() {
                self.send(claimed)?;
            }
        }
        Err(format!("no end of letters at {now}").into())
    }

    fn happen(&mut self, happening: &Happening) -> Result<(), Broken> {
        let now = self.now;
        let refused = match happening {
            Happening::AsleepUntil(_) => None,
            Happening::Reload(policy) => {
                self.steps.reload(now, policy.clone())?;
                None
            }
            Happening::Gateway { channel, address, does } => {
                self.gateways.insert((channel.clone(), address.clone()), *does);
                None
            }
            Happening::Report { channel, address, delivered } => {
                if let Some(letter) = self.last.get(&(channel.clone(), address.clone())) {
                    self.steps.receipt(now, *letter, *delivered)?;
                }
                None
            }
            Happening::Restart(Death::Now) => {
                self.die()?;
                None
            }
            Happening::Restart(death) => {
                self.dies = Some(*death);
                None
            }
            Happening::Delivery(delivery) => self.steps.receive(now, delivery)?,
            Happening::Command(command) => self.steps.obey(now, command)?,
            Happening::Recorded { no, .. } => self.steps.recorded(now, *no)?,
        };
        self.refused.extend(refused.map(|message| Refused { at: now, message }));
        Ok(())
    }

    /// The process is gone, and with it every answer that it waited for.
    fn die(&mut self) -> Result<(), Broken> {
        for (at, dispatch) in std::mem::take(&mut self.in_flight) {
            self.accepted(&dispatch, at);
        }
        while let Err(e) = self.steps.restart(self.now) {
            if !e.is::<Died>() {
                return Err(e);
            }
        }
        Ok(())
    }

    fn accepted(&mut self, d: &Dispatch, at: Time) {
        if self.steps.drops_copies(&d.channel) && self.sent.iter().any(|s| s.letter == d.letter) {
            return;
        }
        self.sent.push(Sent {
            letter: d.letter,
            at,
            channel: d.channel.clone(),
            role: d.to.role.clone(),
            name: d.to.name.clone(),
            address: d.to.address.clone(),
            subject: d.subject.clone(),
            text: d.text.clone(),
        });
    }

    fn does(&self, d: &Dispatch) -> Does {
        let own = self.gateways.get(&(d.channel.clone(), Some(d.to.address.clone())));
        let all = self.gateways.get(&(d.channel.clone(), None));
        own.or(all).copied().unwrap_or(Does::Work)
    }

    /// Asks the gateways about letters of which nobody knows; whether there was one to ask about.
    fn ask(&mut self) -> Result<bool, Broken> {
        let now = self.now;
        let asked = self.steps.questions(now)?;
        for question in &asked {
            let answer = self.know(question);
            self.steps.answered(now, question.letter, answer)?;
        }
        Ok(!asked.is_empty())
    }

    /// What a gateway knows when it is asked: whether it accepted the letter, and never what became of it then.
    fn know(&self, q: &Question) -> Answer {
        let own = self.gateways.get(&(q.channel.clone(), Some(q.address.clone())));
        let does = own.or_else(|| self.gateways.get(&(q.channel.clone(), None))).copied().unwrap_or(Does::Work);
        match does {
            Does::Fail | Does::RefuseLogin | Does::Throttle => Answer::NoAnswer("scripted failure".into()),
            _ if self.sent.iter().any(|s| s.letter == q.letter) => Answer::Accepted,
            _ => Answer::NeverCame,
        }
    }

    /// A death meets one letter only: those claimed with it have come and gone.
    fn send(&mut self, mut claimed: Vec<Dispatch>) -> Result<(), Broken> {
        let now = self.now;
        self.last.extend(claimed.iter().map(|d| ((d.channel.clone(), d.to.address.clone()), d.letter)));
        let last = self.dies.take().map(|death| (death, claimed.remove(0)));
        for d in claimed {
            let does = match self.steps.remembered(&d)? {
                Some(does) => does,
                None => self.does(&d),
            };
            let settled = match does {
                Does::Work | Does::Undelivered | Does::NoReceipt => self.accept(&d, does),
                Does::Fail => self.steps.settle(now, &d, Outcome::Passing("scripted failure".into())),
                Does::Slow => {
                    self.in_flight.push((now + TimeDelta::seconds(SLOW_S), d));
                    Ok(())
                }
                Does::HangUp => {
                    self.accepted(&d, now);
                    self.steps.settle(now, &d, Outcome::Unknown("the answer was lost".into()))
                }
                Does::BadAddress => self.steps.settle(now, &d, Outcome::BadAddress("no such address".into())),
                Does::BadMessage => self.steps.settle(now, &d, Outcome::BadMessage("no such message".into())),
                Does::RefuseLogin => self.steps.settle(now, &d, Outcome::ChannelDown("login refused".into())),
                Does::Throttle => {
                    let seconds = THROTTLE_S;
                    self.steps.settle(now, &d, Outcome::NotBefore { seconds, why: "too many".into() })
                }
            };
            match settled {
                // The rest had been claimed and is never sent by this process.
                Err(e) if e.is::<Died>() => return self.die(),
                settled => settled?,
            }
        }
        match last {
            Some((Death::BeforeSettle, d)) => {
                use Does::{BadAddress, BadMessage, Fail, RefuseLogin, Throttle};
                let taken = !matches!(self.does(&d), Fail | BadAddress | BadMessage | RefuseLogin | Throttle);
                if taken {
                    self.accepted(&d, now);
                }
                self.die()
            }
            Some(_) => self.die(),
            None => Ok(()),
        }
    }

    /// The gateway says yes, and reports what it does.
    fn accept(&mut self, d: &Dispatch, does: Does) -> Result<(), Broken> {
        let now = self.now;
        self.accepted(d, now);
        self.steps.settle(now, d, Outcome::Accepted(Some(d.key.clone())))?;
        match does {
            Does::Undelivered => self.steps.receipt(now, d.letter, false),
            Does::NoReceipt => Ok(()),
            _ if self.steps.gives_receipts(&d.channel) => self.steps.receipt(now, d.letter, true),
            _ => Ok(()),
        }
    }

    /// Slow gateways whose time has come.
    fn answer(&mut self) -> Result<(), Broken> {
        let now = self.now;
        let (come, wait): (Vec<_>, Vec<_>) = std::mem::take(&mut self.in_flight).into_iter().partition(|f| f.0 <= now);
        self.in_flight = wait;
        let mut come = VecDeque::from(come);
        while let Some((_, d)) = come.pop_front() {
            let does = self.does(&d);
            match self.accept(&d, does) {
                Err(e) if e.is::<Died>() => {
                    self.in_flight.extend(come);
                    return self.die();
                }
                answered => answered?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::letter::Addressee;

    /// A courier with one letter to each address; it writes down what it was asked to do.
    #[derive(Default)]
    struct Diary {
        lines: Vec<String>,
        waiting: Vec<(i64, Time)>,
    }

    fn t(s: &str) -> Time {
        Time::parse_from_str(s, "%Y-%m-%d %H:%M:%S").expect("a time")
    }

    impl Diary {
        fn note(&mut self, now: Time, what: &str) {
            self.lines.push(format!("{} {what}", now.format("%d %H:%M:%S")));
        }
    }

    impl Steps for Diary {
        fn awake(&mut self, _: Time) -> Result<(), Broken> {
            Ok(())
        }
        fn reload(&mut self, now: Time, _: Result<Box<Policy>, String>) -> Result<(), Broken> {
            self.note(now, "reload");
            Ok(())
        }
        fn restart(&mut self, now: Time) -> Result<(), Broken> {
            self.note(now, "restart");
            Ok(())
        }
        fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
            self.note(now, &format!("receive {}", d.file_name));
            self.waiting.push((self.waiting.len() as i64 + 1, now));
            Ok(None)
        }
        fn obey(&mut self, now: Time, _: &Command) -> Result<Option<String>, Broken> {
            self.note(now, "obey");
            Ok(Some("no".into()))
        }
        fn decide(&mut self, _: Time) -> Result<Option<Time>, Broken> {
            Ok(None)
        }
        fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
            let (due, later) = self.waiting.iter().partition(|w| w.1 <= now);
            self.waiting = later;
            let due: Vec<(i64, Time)> = due;
            Ok(due.into_iter().map(|(n, _)| letter(n, now)).collect())
        }
        fn settle(&mut self, now: Time, d: &Dispatch, o: Outcome) -> Result<(), Broken> {
            self.note(now, &format!("settle {} {o:?}", d.letter.0));
            if matches!(o, Outcome::Passing(_)) {
                self.waiting.push((d.letter.0, now + TimeDelta::seconds(30)));
            }
            Ok(())
        }
        fn receipt(&mut self, now: Time, l: LetterId, delivered: bool) -> Result<(), Broken> {
            self.note(now, &format!("receipt {} {delivered}", l.0));
            Ok(())
        }
        fn next(&mut self, _: Time) -> Result<Option<Time>, Broken> {
            Ok(self.waiting.iter().map(|w| w.1).min())
        }
        fn gives_receipts(&self, _: &ChannelId) -> bool {
            true
        }
    }

    fn letter(n: i64, at: Time) -> Dispatch {
        Dispatch {
            letter: LetterId(n),
            key: "k".into(),
            attempt: 1,
            channel: "sms".into(),
            to: Addressee { role: "guardian".into(), name: String::new(), address: "1".into() },
            subject: None,
            text: String::new(),
            attachments: Vec::new(),
            at,
        }
    }

    fn file(name: &str) -> Happening {
        Happening::Delivery(Delivery {
            source: "s".into(),
            file_name: name.into(),
            in_our_words: true,
            confirm: false,
            bytes: Vec::new(),
            modified: t("2026-09-01 08:00:00"),
        })
    }

    fn sms(does: Does) -> Happening {
        Happening::Gateway { channel: "sms".into(), address: None, does }
    }

    #[track_caller]
    fn check(script: &[(&str, Happening)], want: &[&str]) {
        let script = script.iter().map(|(at, h)| (t(&format!("2026-09-{at}")), h.clone())).collect();
        let mut world = World::new(Diary::default(), t("2026-09-01 00:00:00"), script);
        world.play(t("2026-09-30 00:00:00")).expect("plays");
        assert_eq!(world.steps.lines, want);
    }

    #[test]
    fn what_stands_at_one_instant_goes_in_the_order_of_the_contract() {
        let reply = Happening::Command(Command::Reply { from: "1".into(), text: "1".into() });
        check(
            &[
                ("01 08:00:00", reply),
                ("01 08:00:00", file("a")),
                ("01 08:00:00", Happening::Restart(Death::Now)),
                ("01 08:00:00", Happening::Reload(Err(String::new()))),
            ],
            &[
                "01 08:00:00 reload",
                "01 08:00:00 restart",
                "01 08:00:00 receive a",
                "01 08:00:00 obey",
                "01 08:00:00 settle 1 Accepted(Some(\"k\"))",
                "01 08:00:00 receipt 1 true",
            ],
        );
    }

    #[test]
    fn a_slow_gateway_answers_after_a_minute_and_a_failing_one_is_tried_again() {
        check(
            &[
                ("01 08:00:00", sms(Does::Slow)),
                ("01 08:00:00", file("a")),
                ("02 08:00:00", sms(Does::Fail)),
                ("02 08:00:00", file("b")),
                ("02 08:00:10", sms(Does::NoReceipt)),
            ],
            &[
                "01 08:00:00 receive a",
                "01 08:01:00 settle 1 Accepted(Some(\"k\"))",
                "01 08:01:00 receipt 1 true",
                "02 08:00:00 receive b",
                "02 08:00:00 settle 1 Passing(\"scripted failure\")",
                "02 08:00:30 settle 1 Accepted(Some(\"k\"))",
            ],
        );
    }

    #[test]
    fn while_it_sleeps_nothing_runs_and_what_came_is_read_at_the_waking() {
        check(
            &[
                ("01 08:00:00", Happening::AsleepUntil(t("2026-09-03 08:00:00"))),
                ("01 08:00:00", file("a")),
                ("02 08:00:00", file("b")),
                ("02 09:00:00", sms(Does::BadAddress)),
            ],
            &[
                "03 08:00:00 receive a",
                "03 08:00:00 receive b",
                "03 08:00:00 settle 1 BadAddress(\"no such address\")",
                "03 08:00:00 settle 2 BadAddress(\"no such address\")",
            ],
        );
    }

    #[test]
    fn a_process_that_dies_in_a_step_leaves_the_rest_to_the_next_one() {
        /// Dies at the settling of the first letter, once.
        struct Frail(Diary, bool);
        impl Steps for Frail {
            fn settle(&mut self, now: Time, d: &Dispatch, o: Outcome) -> Result<(), Broken> {
                if std::mem::take(&mut self.1) {
                    return Err(Died.into());
                }
                self.0.settle(now, d, o)
            }
            fn awake(&mut self, now: Time) -> Result<(), Broken> {
                self.0.awake(now)
            }
            fn reload(&mut self, now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken> {
                self.0.reload(now, policy)
            }
            fn restart(&mut self, now: Time) -> Result<(), Broken> {
                self.0.restart(now)
            }
            fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
                self.0.receive(now, d)
            }
            fn obey(&mut self, now: Time, c: &Command) -> Result<Option<String>, Broken> {
                self.0.obey(now, c)
            }
            fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
                self.0.decide(now)
            }
            fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
                self.0.claim(now)
            }
            fn receipt(&mut self, now: Time, l: LetterId, delivered: bool) -> Result<(), Broken> {
                self.0.receipt(now, l, delivered)
            }
            fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
                self.0.next(now)
            }
            fn gives_receipts(&self, channel: &ChannelId) -> bool {
                self.0.gives_receipts(channel)
            }
        }
        let at = t("2026-09-01 08:00:00");
        let script = vec![(at, file("a")), (at, file("b"))];
        let mut world = World::new(Frail(Diary::default(), true), at, script);
        world.play(at).expect("plays");
        // The first was sent and not settled, the second never sent: both are for the new process to look at.
        assert_eq!(world.steps.0.lines, ["01 08:00:00 receive a", "01 08:00:00 receive b", "01 08:00:00 restart"]);
        assert_eq!(world.sent.len(), 1);
    }

    #[test]
    fn a_death_before_settling_leaves_the_letter_sent_and_unsettled() {
        let at = t("2026-09-01 08:00:00");
        let script = vec![(at, Happening::Restart(Death::BeforeSettle)), (at, file("a"))];
        let mut world = World::new(Diary::default(), at, script);
        world.play(at).expect("plays");
        assert_eq!(world.steps.lines, ["01 08:00:00 receive a", "01 08:00:00 restart"]);
        assert_eq!(world.sent.len(), 1);
    }
}
