//! What goes wrong in a year beside the files: gateways, the machine, the process. The process dies before or after a
//! commit that the seed draws; before and after a send is before and after the commits around it.

use super::files::{Export, at};
use super::life::Pupil;
use crate::disk;
use kongchuo::domain::ids::{ChannelId, LetterId, SourceId};
use kongchuo::domain::letter::{Dispatch, Outcome};
use kongchuo::domain::policy::Policy;
use kongchuo::domain::{Date, Time};
use kongchuo::drive::spine::Spine;
use kongchuo::drive::township::Chance;
use kongchuo::drive::world::{Broken, Command, Death, Delivery, Died, Does, Happening, Steps};

pub type Script = Vec<(Time, Happening)>;

#[derive(Default)]
pub struct Mishaps {
    /// Channel, from, to.
    pub outages: Vec<(&'static str, Time, Time)>,
    pub sleeps: Vec<(Time, Time)>,
    /// When the clock on the wall is set back.
    pub jumps: Vec<Time>,
    pub restarts: u64,
}

pub fn deliveries(exports: &[Export]) -> Script {
    exports
        .iter()
        .map(|e| {
            let delivery = Delivery {
                source: SourceId::from(e.source.as_str()),
                file_name: e.file_name.clone(),
                in_our_words: false,
                confirm: false,
                bytes: e.bytes.clone(),
                modified: e.written,
            };
            (e.at, Happening::Delivery(delivery))
        })
        .collect()
}

/// Draws a year's mishaps and writes them into the script.
pub fn draw(days: &[Date], pupils: &[Pupil], chance: &mut Chance, script: &mut Script) -> Mishaps {
    let mut all = Mishaps::default();
    for p in pupils.iter().filter(|p| p.dead_phone) {
        let address = Some(p.phones[0].clone());
        let dead = Happening::Gateway { channel: ChannelId::from("sms"), address, does: Does::BadAddress };
        script.push((at(days[0], 0), dead));
    }
    // In the last days nothing goes wrong, or what it delayed would not be seen.
    for day in &days[..days.len() - 6] {
        let any = |chance: &mut Chance| at(*day, chance.below(24 * 60) as u32);
        let working = |chance: &mut Chance| at(*day, 7 * 60 + chance.below(12 * 60) as u32);
        if chance.below(5) == 0 {
            let channel = *chance.pick(&["sms", "email"]);
            let (does, minutes) = *chance.pick(&[
                // Longer, and the eighth attempt would be the last.
                (Does::Fail, 25),
                (Does::Slow, 240),
                (Does::HangUp, 240),
                (Does::RefuseLogin, 480),
                (Does::Undelivered, 120),
                (Does::NoReceipt, 120),
            ]);
            let from = working(chance);
            let to = from + chrono::TimeDelta::minutes(5 + chance.below(minutes) as i64);
            if all.outages.iter().all(|(c, _, before)| *c != channel || *before < from) {
                all.outages.push((channel, from, to));
                let gateway = |does| Happening::Gateway { channel: ChannelId::from(channel), address: None, does };
                script.push((from, gateway(does)));
                script.push((to, gateway(Does::Work)));
            }
        }
        if chance.below(30) == 0 {
            let from = any(chance);
            let to = from + chrono::TimeDelta::minutes(30 + chance.below(50 * 60) as i64);
            if all.sleeps.iter().all(|(_, before)| *before < from) {
                all.sleeps.push((from, to));
                script.push((from, Happening::AsleepUntil(to)));
            }
        }
        if chance.below(12) == 0 {
            let death = *chance.pick(&[Death::Now, Death::BeforeSend, Death::BeforeSettle]);
            all.restarts += 1;
            script.push((any(chance), Happening::Restart(death)));
        }
        if chance.below(50) == 0 {
            all.jumps.push(working(chance));
        }
        if chance.below(3) == 0 {
            let pupil = chance.pick(pupils).student_no();
            let (by, role) = ("李老师".to_owned(), Some("homeroom".into()));
            let command = match chance.below(3) {
                0 => Command::Acknowledge { pupil, by, role },
                1 => Command::Act { pupil, kind: "visit".into(), result: None, date: Some(*day), by, note: None },
                _ => Command::Act { pupil, kind: "call".into(), result: None, date: Some(*day), by, note: None },
            };
            script.push((at(*day, 11 * 60 + chance.below(300) as u32), Happening::Command(command)));
        }
    }
    all
}

/// The real steps of a process that dies at a commit now and then.
pub struct Mortal {
    pub spine: Spine,
    chance: Chance,
    /// The commit at which it dies next, before it or after it.
    next: u64,
    before: bool,
    pub deaths: u64,
}

impl Mortal {
    pub fn new(spine: Spine, seed: u64) -> Self {
        disk::watch_commits(spine.db.conn(), None);
        let mut mortal = Mortal { spine, chance: Chance::new(seed), next: 0, before: false, deaths: 0 };
        mortal.plan();
        mortal
    }

    /// A file that took the process down twice is set aside: so often it does not die.
    fn plan(&mut self) {
        self.next = disk::commits() + 12 + self.chance.below(300) as u64;
        self.before = self.chance.below(2) == 0;
    }

    fn tried<T>(&mut self, step: impl FnOnce(&mut Spine) -> Result<T, Broken>) -> Result<T, Broken> {
        let refused_from = self.next + u64::from(!self.before);
        disk::refuse_from(Some(refused_from));
        let done = step(&mut self.spine);
        disk::refuse_from(None);
        let begun = disk::commits();
        let dies = begun >= refused_from || (!self.before && begun >= self.next);
        if dies {
            self.deaths += 1;
            self.plan();
            return Err(Died.into());
        }
        done
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
        self.tried(|s| s.reload(now, policy))
    }
    fn receive(&mut self, now: Time, d: &Delivery) -> Result<Option<String>, Broken> {
        self.tried(|s| s.receive(now, d))
    }
    fn obey(&mut self, now: Time, c: &Command) -> Result<Option<String>, Broken> {
        self.tried(|s| s.obey(now, c))
    }
    fn decide(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.tried(|s| s.decide(now))
    }
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        self.tried(|s| s.claim(now))
    }
    fn settle(&mut self, now: Time, d: &Dispatch, o: Outcome) -> Result<(), Broken> {
        self.tried(|s| s.settle(now, d, o))
    }
    fn receipt(&mut self, now: Time, l: LetterId, delivered: bool) -> Result<(), Broken> {
        self.tried(|s| s.receipt(now, l, delivered))
    }
    fn next(&mut self, now: Time) -> Result<Option<Time>, Broken> {
        self.tried(|s| s.next(now))
    }
    fn drops_copies(&self, channel: &ChannelId) -> bool {
        self.spine.drops_copies(channel)
    }
    fn gives_receipts(&self, channel: &ChannelId) -> bool {
        self.spine.gives_receipts(channel)
    }
}
