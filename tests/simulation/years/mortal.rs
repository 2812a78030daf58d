//! The real steps of a process that has bad luck: now and then it dies before or after a commit, a commit is refused, or
//! the disk is full. Its gateway reports late, early, twice, otherwise or never what became of letters, and people answer
//! letters; both come by the way by which gateways bring them.

use crate::disk;
use kongchuo::domain::Time;
use kongchuo::domain::ids::{ChannelId, LetterId};
use kongchuo::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use kongchuo::domain::notice::NoticeState;
use kongchuo::domain::policy::{ChannelKind, Policy};
use kongchuo::drive::spine::Spine;
use kongchuo::drive::township::Chance;
use kongchuo::drive::world::{Broken, Command, Delivery, Died, Steps};
use kongchuo::step::incoming;
use kongchuo::store::outbox::{self, LetterRow};
use std::ops::AddAssign;

/// How often what happened.
#[derive(Clone, Copy, Default, Debug)]
pub struct Luck {
    pub deaths: u64,
    /// Commits that the disk refused, once.
    pub refused: u64,
    /// Steps that found the disk full.
    pub full: u64,
    pub receipts: u64,
    /// Before the acceptance was written down.
    pub early: u64,
    /// About a letter that was finished: nothing may change.
    pub moot: u64,
    pub not_delivered: u64,
    /// Letters on which the gateway reports nothing.
    pub never: u64,
    pub replies: u64,
    /// That were handed out more than once.
    pub replies_twice: u64,
    pub wrong_numbers: u64,
}

impl AddAssign for Luck {
    fn add_assign(&mut self, o: Luck) {
        self.deaths += o.deaths;
        self.refused += o.refused;
        self.full += o.full;
        self.receipts += o.receipts;
        self.early += o.early;
        self.moot += o.moot;
        self.not_delivered += o.not_delivered;
        self.never += o.never;
        self.replies += o.replies;
        self.replies_twice += o.replies_twice;
        self.wrong_numbers += o.wrong_numbers;
    }
}

/// What befalls the process next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    DiesBefore,
    DiesAfter,
    Refused,
    Full,
}

pub struct Mortal {
    pub spine: Spine,
    chance: Chance,
    /// The commit at which it happens.
    next: u64,
    fate: Fate,
    /// What gateways have still to bring.
    coming: Vec<(Time, Incoming)>,
    serial: u64,
    /// Answers that take a case on: when they came, and the letter that they answer.
    pub taken_on: Vec<(Time, String)>,
    /// Numbers that are nobody's, or whose owner wants no letters.
    pub wrong: Vec<(Time, String)>,
    pub luck: Luck,
    seed: u64,
}

/// In SQLite's words: as many pages as there can be.
const PAGES_MAX: i64 = 4_294_967_294;

impl Mortal {
    pub fn new(spine: Spine, seed: u64) -> Self {
        disk::watch_commits(spine.db.conn(), None);
        let mut mortal = Mortal {
            spine,
            chance: Chance::new(seed),
            next: 0,
            fate: Fate::DiesAfter,
            coming: Vec::new(),
            serial: 0,
            taken_on: Vec::new(),
            wrong: Vec::new(),
            luck: Luck::default(),
            seed,
        };
        mortal.plan();
        mortal
    }

    /// A file that took the process down twice is set aside: so often it does not die.
    fn plan(&mut self) {
        self.next = disk::commits() + 12 + self.chance.below(250) as u64;
        let fates = [Fate::DiesBefore, Fate::DiesBefore, Fate::DiesAfter, Fate::DiesAfter, Fate::Refused, Fate::Full];
        self.fate = *self.chance.pick(&fates);
    }

    fn pages(&self, max: Option<i64>) {
        let conn = self.spine.db.conn();
        let ask = |pragma: &str| conn.query_row(pragma, [], |r| r.get::<_, i64>(0)).expect("a pragma can be asked");
        let max = max.unwrap_or_else(|| ask("PRAGMA page_count"));
        ask(&format!("PRAGMA max_page_count = {max}"));
    }

    /// Does a step. What could not be written is tried again, as the daemon does.
    fn tried<T>(&mut self, step: impl Fn(&mut Spine) -> Result<T, Broken>) -> Result<T, Broken> {
        let dies_from = self.next + u64::from(self.fate == Fate::DiesAfter);
        let is_full = self.fate == Fate::Full && disk::commits() >= self.next;
        match self.fate {
            Fate::DiesBefore | Fate::DiesAfter => disk::refuse_from(Some(dies_from)),
            Fate::Refused => disk::refuse_only(Some(self.next)),
            Fate::Full if is_full => self.pages(None),
            Fate::Full => {}
        }
        let done = step(&mut self.spine);
        disk::refuse_from(None);
        disk::refuse_only(None);
        if is_full {
            self.pages(Some(PAGES_MAX));
        }
        let begun = disk::commits();
        match self.fate {
            Fate::DiesBefore | Fate::DiesAfter => {
                if begun >= dies_from || (self.fate == Fate::DiesAfter && begun >= self.next) {
                    self.luck.deaths += 1;
                    self.plan();
                    return Err(Died.into());
                }
                done
            }
            Fate::Refused if begun >= self.next => {
                self.luck.refused += 1;
                self.plan();
                if done.is_err() { self.tried(step) } else { done }
            }
            Fate::Full if is_full && done.is_err() => {
                self.luck.full += 1;
                self.plan();
                self.tried(step)
            }
            _ => done,
        }
    }

    // ------------------------------------------------------------ what comes back

    fn is_sms(&self, channel: &ChannelId) -> bool {
        self.spine.policy().channel(channel).is_some_and(|c| matches!(c.kind, ChannelKind::Http(_)))
    }

    fn later(&mut self, now: Time, minutes: usize, came: Incoming) {
        self.coming.push((now + chrono::TimeDelta::minutes(minutes as i64), came));
    }

    /// What the gateway will report of a letter that it took. True: that it was delivered, at once.
    fn will_report(&mut self, now: Time, letter: LetterId) -> bool {
        let receipt = |delivered| Incoming::Receipt { id: letter.to_string(), delivered };
        let (soon, late) = (1 + self.chance.below(90), 180 + self.chance.below(1600));
        match self.chance.below(80) {
            0 => self.luck.never += 1,
            1 => self.later(now, soon, receipt(false)),
            2 => self.later(now, late, receipt(false)),
            3 => self.later(now, late, receipt(true)),
            4 => [soon, soon, late].into_iter().for_each(|n| self.later(now, n, receipt(true))),
            5 => [(soon, true), (late, false)].into_iter().for_each(|(n, d)| self.later(now, n, receipt(d))),
            6 => [(soon, false), (late, true)].into_iter().for_each(|(n, d)| self.later(now, n, receipt(d))),
            7 => self.later(now, soon, receipt(true)),
            _ => return true,
        }
        false
    }

    /// What somebody will answer.
    fn will_answer(&mut self, now: Time, d: &Dispatch) {
        if !d.text.contains("未到校") {
            return;
        }
        let is_guardian = d.to.role.as_str() == "guardian";
        let (after, text) = match self.chance.below(if is_guardian { 24 } else { 60 }) {
            0 if is_guardian => (2 + self.chance.below(600), "收到"),
            1 if is_guardian => (2 + self.chance.below(600), "孩子病了，明天来"),
            // The other contact stays.
            2 if is_guardian && d.to.address.starts_with("139001") && self.chance.below(3) == 0 => {
                (2 + self.chance.below(300), *self.chance.pick(&["打错了", "退订"]))
            }
            // Whoever takes a case on before the guardian is told holds that, too.
            0 if !is_guardian => (45 + self.chance.below(300), *self.chance.pick(&["1", "收到"])),
            _ => return,
        };
        let at = now + chrono::TimeDelta::minutes(after as i64);
        match text {
            "打错了" | "退订" => self.wrong.push((at, d.to.address.clone())),
            _ if !is_guardian => self.taken_on.push((at, d.text.clone())),
            _ => {}
        }
        self.serial += 1;
        let key = format!("reply {}", self.serial);
        let reply = || Incoming::Reply { from: d.to.address.clone(), text: text.to_owned(), key: key.clone() };
        self.later(now, after, reply());
        if self.chance.below(4) == 0 {
            let again = after + self.chance.below(3000);
            self.later(now, again, reply());
            self.luck.replies_twice += 1;
        }
    }

    /// Everything that has come by now; what the process dies over comes again.
    fn comes(&mut self, now: Time) -> Result<(), Broken> {
        loop {
            let due =
                self.coming.iter().enumerate().filter(|(_, (at, _))| *at <= now).min_by_key(|(i, (at, _))| (*at, *i));
            let Some(i) = due.map(|(i, _)| i) else { return Ok(()) };
            self.comes_now(now, i)?;
            self.coming.remove(i);
        }
    }

    fn comes_now(&mut self, now: Time, i: usize) -> Result<(), Broken> {
        let (policy, sms) = (self.spine.policy().clone(), ChannelId::from("sms"));
        // Not `Clone`: it is personal.
        let came = match &self.coming[i].1 {
            Incoming::Reply { from, text, key } => {
                Incoming::Reply { from: from.clone(), text: text.clone(), key: key.clone() }
            }
            Incoming::Receipt { id, delivered } => Incoming::Receipt { id: id.clone(), delivered: *delivered },
        };
        let Incoming::Receipt { id, delivered } = &came else {
            let Incoming::Reply { text, .. } = &came else { return Ok(()) };
            self.luck.replies += 1;
            self.luck.wrong_numbers += u64::from(matches!(text.as_str(), "打错了" | "退订"));
            let came = std::slice::from_ref(&came);
            return self.tried(|s| Ok(incoming::take(&mut s.db, &policy, now, &sms, came)?));
        };
        let letter = LetterId::parse(id).expect("our own id");
        self.held_to(letter, *delivered, |mortal| {
            let came = std::slice::from_ref(&came);
            mortal.tried(|s| Ok(incoming::take(&mut s.db, &policy, now, &sms, came)?))
        })
    }

    fn of(&self, letter: LetterId) -> Option<(LetterRow, String)> {
        let conn = self.spine.db.conn();
        let row = outbox::letter(conn, letter).expect("a letter can be read")?;
        let notices = outbox::notices_of(conn, letter).expect("its notices can be read");
        Some((row, format!("{notices:?}")))
    }

    /// A receipt: it revives nothing that is finished, and nobody counts as told by a letter that was not delivered.
    fn held_to(
        &mut self,
        letter: LetterId,
        delivered: bool,
        report: impl FnOnce(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let before = self.of(letter);
        report(self)?;
        let (Some((was, notices)), Some((is, notices_now))) = (before, self.of(letter)) else { return Ok(()) };
        self.luck.receipts += 1;
        let seed = self.seed;
        if matches!(was.state.as_str(), "delivered" | "failed") {
            self.luck.moot += 1;
            assert_eq!((was.state, notices), (is.state, notices_now), "{seed}: a receipt revived {letter}");
            return Ok(());
        }
        self.luck.early += u64::from(was.state == "sending");
        if delivered {
            let open = !matches!(is.state.as_str(), "delivered" | "unknown");
            assert!(!open, "{seed}: {letter} was delivered and is {}", is.state);
            return Ok(());
        }
        self.luck.not_delivered += 1;
        for n in outbox::notices_of(self.spine.db.conn(), letter).expect("its notices can be read") {
            let by_it = n.told_by.as_ref() == Some(&(is.contact, is.channel.clone()));
            assert!(!(n.state == NoticeState::Told && by_it), "{seed}: {letter} was not delivered and tells {n:?}");
        }
        Ok(())
    }
}

impl Steps for Mortal {
    fn restart(&mut self, now: Time) -> Result<(), Broken> {
        self.tried(|s| s.restart(now))
    }
    fn awake(&mut self, now: Time) -> Result<(), Broken> {
        self.tried(|s| s.awake(now))
    }
    fn reload(&mut self, now: Time, policy: Result<Box<Policy>, String>) -> Result<(), Broken> {
        self.tried(|s| s.reload(now, policy.clone()))
    }
    fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
        self.tried(|s| s.receive(now, d))
    }
    fn obey(&mut self, now: Time, c: &Command) -> Result<Option<String>, Broken> {
        self.tried(|s| s.obey(now, c))
    }
    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.comes(now)?;
        self.tried(|s| s.decide(now))
    }
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        self.tried(|s| s.claim(now))
    }
    fn settle(&mut self, now: Time, d: &Dispatch, o: Outcome) -> Result<(), Broken> {
        let mut is_delivered = false;
        let taken = matches!(o, Outcome::Accepted(_) | Outcome::Unknown(_));
        if taken && self.is_sms(&d.channel) {
            // The report may be quicker than the answer.
            if matches!(o, Outcome::Accepted(_)) && self.chance.below(60) == 0 {
                let delivered = self.chance.below(3) > 0;
                self.receipt(now, d.letter, delivered)?;
            } else {
                is_delivered = self.will_report(now, d.letter);
            }
            self.will_answer(now, d);
        }
        self.tried(|s| s.settle(now, d, o.clone()))?;
        if is_delivered { self.receipt(now, d.letter, true) } else { Ok(()) }
    }
    fn receipt(&mut self, now: Time, l: LetterId, delivered: bool) -> Result<(), Broken> {
        self.held_to(l, delivered, |mortal| mortal.tried(|s| s.receipt(now, l, delivered)))
    }
    fn questions(&mut self, now: Time) -> Result<Vec<Question>, Broken> {
        self.tried(|s| s.questions(now))
    }
    fn answered(&mut self, now: Time, l: LetterId, answer: Answer) -> Result<(), Broken> {
        self.tried(|s| s.answered(now, l, answer.clone()))
    }
    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        let next = self.tried(|s| s.next(now))?;
        Ok(self.coming.iter().map(|(at, _)| *at).chain(next).min())
    }
    fn drops_copies(&self, channel: &ChannelId) -> bool {
        self.spine.drops_copies(channel)
    }
    /// They come in their own time.
    fn gives_receipts(&self, _: &ChannelId) -> bool {
        false
    }
}
