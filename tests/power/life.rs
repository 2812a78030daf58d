//! The days of a small made-up township on a disk whose power can be cut: the daemon's real transactions (intake, engine,
//! courier) as the virtual world calls them, and what must hold of whatever the disk gives back.

use crate::disk::{self, Fate, Id, Image};
use crate::look::Seen;
use kongchuo::config;
use kongchuo::domain::case;
use kongchuo::domain::ids::{ChannelId, LetterId, SourceId};
use kongchuo::domain::letter::{Dispatch, Outcome};
use kongchuo::domain::message::Lang;
use kongchuo::domain::notice::{About, NoticeState};
use kongchuo::domain::policy::{OnUnknown, Policy, StatedAt};
use kongchuo::domain::{Date, Time};
use kongchuo::drive::demo::prepare;
use kongchuo::drive::spine::Spine;
use kongchuo::drive::township::{Chance, Size, Township, date};
use kongchuo::drive::world::{Broken, Command, Delivery, Died, Does, Happening, Sent, Steps, World};
use kongchuo::step::engine;
use kongchuo::store::{Db, Key, cases, outbox};
use std::collections::{BTreeMap, BTreeSet};

pub struct Stage {
    pub township: Township,
    pub policy: Policy,
}

pub fn key() -> Key {
    Key::from_hex(&"17".repeat(32)).expect("64 digits")
}

/// A township of 120; its channels send again what they do not know of, so that nothing may be missing.
pub fn stage(seed: u64) -> Stage {
    let township = Township::make(seed, Size::Small);
    let folder = tempfile::tempdir().expect("a folder");
    let root = prepare(folder.path(), &township, &"17".repeat(32)).expect("the folder can be written");
    let loaded = config::load(&root).unwrap_or_else(|problems| {
        let said: Vec<String> = problems.iter().map(|p| p.render(Lang::En)).collect();
        panic!("the township's configuration: {}", said.join("\n"))
    });
    let mut policy = loaded.policy;
    for source in &mut policy.sources {
        source.reader.stated_at = StatedAt::Modified;
    }
    for channel in &mut policy.channels {
        if channel.on_unknown == OnUnknown::NextContact {
            channel.on_unknown = OnUnknown::Idempotent;
        }
    }
    Stage { township, policy }
}

pub fn start() -> Time {
    date(2026, 8, 31).and_hms_opt(0, 0, 0).expect("midnight")
}

pub fn evening(day: Date) -> Time {
    day.and_hms_opt(22, 0, 0).expect("an hour of the day")
}

/// The exports from one day to another, the gateways failing now and then so that letters of every state lie about.
pub fn script(stage: &Stage, from: Date, to: Date) -> Vec<(Time, Happening)> {
    let mut script: Vec<_> = (stage.township.exports.iter().filter(|e| (from..=to).contains(&e.at.date())))
        .map(|e| {
            let delivery = Delivery {
                source: SourceId::from(e.source.as_str()),
                file_name: e.file_name.clone(),
                in_our_words: false,
                confirm: false,
                bytes: e.bytes.clone(),
                modified: e.at,
            };
            (e.at, Happening::Delivery(delivery))
        })
        .collect();
    for (n, day) in from.iter_days().take_while(|d| *d <= to).enumerate() {
        let does = [Does::HangUp, Does::Fail, Does::Slow][n % 3];
        for channel in ["sms", "email"].map(ChannelId::from) {
            let at = |h, m| day.and_hms_opt(h, m, 0).expect("a time of day");
            script.push((at(9, 15), Happening::Gateway { channel: channel.clone(), address: None, does }));
            script.push((at(10, 40), Happening::Gateway { channel, address: None, does: Does::Work }));
        }
    }
    script
}

pub fn open(disk: Id) -> Db {
    let db = Db::open_on(disk::NAME, &disk::path(disk), &key()).expect("the disk holds a database or nothing");
    // The log is moved into the file far more often than by default, so that this meets every mishap too.
    db.conn().pragma_update(None, "wal_autocheckpoint", 60).expect("a pragma");
    db
}

/// How a daemon under test meets its disk.
pub enum Mishaps {
    None,
    /// The power goes after so many operations, at least and at most; then again.
    Cuts(u64, u64),
    /// One operation has been told to fail: the step that it meets returns an error and is called once more.
    Fault,
}

/// The real steps on a disk. Without power they die; the next process finds what the disk then holds.
pub struct Powered {
    pub spine: Spine,
    pub disk: Id,
    pub mishaps: Mishaps,
    chance: Chance,
    pub cuts: u64,
    pub errors: u64,
}

impl Powered {
    pub fn new(stage: &Stage, disk: Id, mishaps: Mishaps, seed: u64) -> Powered {
        let spine = Spine::new(open(disk), stage.policy.clone(), stage.policy.sources[0].reader.clone());
        disk::watch_commits(spine.db.conn(), Some(disk));
        let mut powered = Powered { spine, disk, mishaps, chance: Chance::new(seed), cuts: 0, errors: 0 };
        powered.plan();
        powered
    }

    /// When the power goes next.
    fn plan(&mut self) {
        if let Mishaps::Cuts(least, most) = self.mishaps {
            let gap = least + self.chance.below((most - least) as usize) as u64;
            disk::with(self.disk, |d| d.cut_at = Some(d.operations + gap));
        }
    }

    fn tried<T>(&mut self, mut step: impl FnMut(&mut Spine) -> Result<T, Broken>) -> Result<T, Broken> {
        let done = step(&mut self.spine);
        let done = match done {
            Err(_) if disk::with(self.disk, |d| d.is_dead) => return Err(Died.into()),
            // The loop writes down the error and comes again.
            Err(_) if matches!(self.mishaps, Mishaps::Fault) => {
                self.errors += 1;
                step(&mut self.spine)
            }
            done => done,
        };
        if done.is_ok() {
            disk::with(self.disk, |d| {
                if d.records {
                    let now = d.now(true, true);
                    d.instants.push(now);
                }
            });
        }
        done
    }
}

impl Steps for Powered {
    fn restart(&mut self, now: Time) -> Result<(), Broken> {
        if disk::with(self.disk, |d| d.is_dead) {
            self.cuts += 1;
            let fate = *self.chance.pick(&[Fate::Lost, Fate::Kept, Fate::Sectors, Fate::Sectors]);
            let image = disk::with(self.disk, |d| d.now(false, false)).image(fate, &mut self.chance);
            let after = disk::insert(image);
            self.spine.db = open(after);
            disk::remove(std::mem::replace(&mut self.disk, after));
            disk::watch_commits(self.spine.db.conn(), Some(after));
            sound(&self.spine.db);
            self.plan();
        }
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
        self.tried(|s| s.decide(now))
    }
    fn claim(&mut self, now: Time) -> Result<Vec<Dispatch>, Broken> {
        self.tried(|s| s.claim(now))
    }
    fn settle(&mut self, now: Time, d: &Dispatch, o: Outcome) -> Result<(), Broken> {
        self.tried(|s| s.settle(now, d, o.clone()))
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

// ---------------------------------------------------------------- what is looked at

/// SQLite finds nothing wrong, and every case is what its ledger says.
pub fn sound(db: &Db) {
    let said: String = db.conn().query_row("PRAGMA integrity_check", [], |r| r.get(0)).expect("it can be asked");
    assert_eq!(said, "ok");
    let vault = db.vault();
    let ledger = cases::ledger(db.conn(), &vault, None).expect("the ledger can be read");
    for row in cases::all(db.conn(), &vault, true).expect("the cases can be read") {
        let events = ledger.iter().filter(|e| e.case == row.id).map(|e| (e.at, &e.event));
        assert_eq!(
            case::fold(row.id, events).as_ref(),
            Some(&row),
            "the ledger of {} does not fold to its row",
            row.id
        );
    }
}

/// What one life came to, in words that do not depend on numbers that were given on the way.
#[derive(PartialEq, Eq, Debug)]
pub struct Came {
    pub findings: BTreeSet<String>,
    /// Who was told what about whom by which rung: every notice that must have come out.
    pub notices: BTreeSet<String>,
}

pub fn came(stage: &Stage, db: &Db, on: Date) -> Came {
    let found = engine::ask(db.conn(), &stage.policy, on, None, None).expect("the rules can be asked");
    use NoticeState::{Cancelled, GivenUp, Held, Told, Waiting};
    let notices = [Waiting, Held, Told, GivenUp, Cancelled]
        .into_iter()
        .flat_map(|state| outbox::in_state(db.conn(), state).expect("the notices can be read"))
        // A cut may be an incident of its own (letters that were late).
        .filter(|n| matches!(n.about, About::Case(_)));
    Came {
        findings: found.iter().map(|f| format!("{f:?}")).collect(),
        notices: notices
            .map(|n| format!("{:?} {:?} {} {} {:?} {:?}", n.about, n.pupil, n.rung, n.telling, n.to, n.state))
            .collect(),
    }
}

/// Nobody is told twice: a notice that its gateway took and that was settled goes in no second letter.
pub fn told_once(world: &World<Powered>) {
    let conn = world.steps.spine.db.conn();
    let mut carried: BTreeMap<_, u32> = BTreeMap::new();
    for letter in outbox::letters(conn).expect("letters") {
        if matches!(letter.state.as_str(), "accepted" | "delivered") {
            for n in outbox::notices_of(conn, letter.id).expect("notices") {
                *carried.entry(n.id).or_default() += 1;
            }
        }
    }
    assert!(carried.values().all(|n| *n == 1), "a notice was told by two letters");
}

/// A life to its last evening; `before` went out before it began.
pub fn play(stage: &Stage, world: &mut World<Powered>, before: &[Sent], to: Date, seed: &str) -> Seen {
    world.play(evening(to)).unwrap_or_else(|e| panic!("{seed}: {e}"));
    told_once(world);
    let all: Vec<Sent> = before.iter().chain(&world.sent).cloned().collect();
    let mut seen = crate::look::look(&stage.policy, &world.steps.spine.db, &all, seed);
    seen.letters -= before.len() as u64;
    seen
}

/// A database that has lived up to an evening, and the letters that it sent.
#[derive(Clone)]
pub struct Lived {
    pub image: Image,
    pub sent: Vec<Sent>,
}

pub fn lived(stage: &Stage, to: Date) -> Lived {
    let disk = disk::insert(Image::new());
    let powered = Powered::new(stage, disk, Mishaps::None, 1);
    let mut world = World::new(powered, start(), script(stage, start().date(), to));
    play(stage, &mut world, &[], to, "the days before");
    let sent = std::mem::take(&mut world.sent);
    drop(world);
    let image = disk::with(disk, |d| d.now(true, true)).image(Fate::Kept, &mut Chance::new(1));
    disk::remove(disk);
    Lived { image, sent }
}
