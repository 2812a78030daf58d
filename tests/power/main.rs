//! Power cuts, I/O errors: the daemon's real transactions on a disk that loses what was not synced, and on one that refuses
//! an operation. KONGCHUO_CUTS says how often the power is cut.

mod disk;
mod life;
#[path = "../simulation/look.rs"]
mod look;

use disk::{Fate, Fault, Image, Instant};
use kongchuo::domain::{Date, Time};
use kongchuo::drive::township::{Chance, date};
use kongchuo::drive::world::World;
use kongchuo::step::courier;
use kongchuo::store::Db;
use life::{Mishaps, Powered, Stage, came, evening, key, lived, play, script, sound, stage};
use look::Seen;
use std::collections::{BTreeMap, BTreeSet};

/// An unoptimised build needs minutes for what an optimised one does in seconds.
const IS_SLOW: bool = cfg!(debug_assertions);

fn cuts_wanted() -> u64 {
    let said = std::env::var("KONGCHUO_CUTS").ok().map(|n| n.parse().expect("KONGCHUO_CUTS is a number"));
    said.unwrap_or(if IS_SLOW { 400 } else { 24_000 })
}

fn morning(day: Date) -> Time {
    day.and_hms_opt(0, 0, 0).expect("midnight")
}

// ---------------------------------------------------------------- a cut at every operation

#[derive(Default, Debug)]
struct Tally {
    operations: u64,
    commits: u64,
    cuts: u64,
    /// Different databases that came out of them.
    states: u64,
    /// Images that lacked a transaction which had been acknowledged.
    lost: u64,
    /// Images that are no database any more, or one that never was.
    broken: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.operations += other.operations;
        self.commits += other.commits;
        self.cuts += other.cuts;
        self.states += other.states;
        self.lost += other.lost;
        self.broken += other.broken;
    }
}

/// The databases that there were between two commits, by fingerprint, and those that have been looked into.
#[derive(Default)]
struct States {
    after: BTreeMap<u64, u64>,
    known: BTreeSet<u64>,
}

/// What a disk holds after the power came back, as the store opens it.
fn reopened(image: Image) -> Option<(disk::Id, Db, u64)> {
    let id = disk::insert(image);
    let opened = Db::open_on(disk::NAME, &disk::path(id), &key()).and_then(|db| {
        db.checkpoint()?;
        Ok(db)
    });
    match opened {
        Ok(db) => {
            let print = disk::with(id, |d| d.bytes("kongchuo.db").fingerprint());
            Some((id, db, print))
        }
        Err(_) => {
            disk::remove(id);
            None
        }
    }
}

impl States {
    /// One cut: the database that comes back is to the byte what it was after the last commit that was acknowledged, or
    /// after the one that had begun.
    fn cut(&mut self, stage: &Stage, instant: &Instant, image: Image, now: Time, tally: &mut Tally) {
        tally.cuts += 1;
        let Some((id, mut db, print)) = reopened(image) else {
            tally.broken += 1;
            return;
        };
        let at_least = if instant.acknowledged { instant.commits } else { instant.commits.saturating_sub(1) };
        let is = |n: &u64| self.after.get(n) == Some(&print);
        if !(at_least..=instant.commits).any(|n| is(&n)) {
            if self.after.values().any(|p| *p == print) {
                tally.lost += 1;
            } else {
                tally.broken += 1;
            }
        } else if self.known.insert(print) {
            // Each database that comes back for the first time is looked into, and the next process starts on it.
            tally.states += 1;
            sound(&db);
            courier::recover(&mut db, &stage.policy, now, "after the cut").expect("a process starts");
            sound(&db);
        }
        drop(db);
        disk::remove(id);
    }

    fn learn(&mut self, instant: &Instant, chance: &mut Chance) {
        if instant.between && !self.after.contains_key(&instant.commits) {
            let image = instant.image(Fate::Kept, chance);
            let (id, db, print) = reopened(image).expect("a database between two commits");
            self.after.insert(instant.commits, print);
            drop(db);
            disk::remove(id);
        }
    }
}

/// Lives on from an image, day after day, and cuts the power at every operation until that was often enough.
fn cut_everywhere(seed: u64, synchronous: &str, wanted: u64) -> Tally {
    let stage = stage(seed);
    let (first, last) = (date(2026, 9, 7), date(2026, 9, 30));
    let disk = disk::insert(lived(&stage, first.pred_opt().expect("a day")).image);
    let powered = Powered::new(&stage, disk, Mishaps::None, seed);
    powered.spine.db.conn().pragma_update(None, "synchronous", synchronous).expect("a pragma");
    let mut world = World::new(powered, morning(first), script(&stage, first, last));
    disk::with(disk, |d| d.records = true);
    let (mut tally, mut states, mut chance) = (Tally::default(), States::default(), Chance::new(seed));
    let mut now = morning(first);
    while tally.cuts < wanted && now.date() <= last {
        now += chrono::TimeDelta::minutes(5);
        world.play(now).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let instants = disk::with(disk, |d| std::mem::take(&mut d.instants));
        for instant in &instants {
            states.learn(instant, &mut chance);
        }
        for instant in &instants {
            let lost = instant.image(Fate::Lost, &mut chance);
            let kept = instant.image(Fate::Kept, &mut chance);
            let something_waits = lost != kept;
            states.cut(&stage, instant, lost, now, &mut tally);
            if something_waits {
                states.cut(&stage, instant, kept, now, &mut tally);
                for _ in 0..2 {
                    states.cut(&stage, instant, instant.image(Fate::Sectors, &mut chance), now, &mut tally);
                }
            }
        }
        // Older states can no longer come back, except as a loss, which is one.
        let keep_from = states.after.keys().next_back().copied().unwrap_or(0).saturating_sub(200);
        states.after.retain(|n, _| *n >= keep_from);
    }
    tally.operations = disk::with(disk, |d| d.operations);
    tally.commits = disk::with(disk, |d| d.commits);
    drop(world);
    disk::remove(disk);
    tally
}

#[test]
fn whenever_the_power_goes_every_acknowledged_transaction_is_there_afterwards() {
    let wanted = cuts_wanted();
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let halves: Vec<_> =
            [1, 2].map(|seed| scope.spawn(move || cut_everywhere(seed, "FULL", wanted / 2))).into_iter().collect();
        for half in halves {
            all.add(&half.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
        }
    });
    println!(
        "power: {} cuts at {} operations of {} transactions: {} databases came back, {} broken, {} acknowledged transactions lost",
        all.cuts, all.operations, all.commits, all.states, all.broken, all.lost
    );
    assert!(all.cuts >= wanted && all.states > 1, "{all:?}");
    assert_eq!((all.broken, all.lost), (0, 0), "{all:?}");
}

/// The proof that the test above can fail: what SQLite does not sync at each commit is lost, and that is seen.
#[test]
fn with_fewer_syncs_the_same_test_finds_losses() {
    let wanted = cuts_wanted().min(4_000) / 4;
    let normal = cut_everywhere(3, "NORMAL", wanted);
    let off = cut_everywhere(3, "OFF", wanted * 2);
    println!("power: with synchronous=NORMAL {} of {} images lack a transaction", normal.lost, normal.cuts);
    println!("power: with synchronous=OFF {} of {} are broken, {} lack a transaction", off.broken, off.cuts, off.lost);
    assert!(normal.lost > 0, "{normal:?}");
    assert!(off.lost + off.broken > 0, "{off:?}");
}

// ---------------------------------------------------------------- lives that go on

#[test]
fn a_township_whose_power_fails_again_and_again_finds_and_tells_the_same() {
    let (base_day, last) = (date(2026, 9, 6), date(2026, 9, 11));
    let first = base_day.succ_opt().expect("a day");
    let stage = stage(5);
    let base = lived(&stage, base_day);
    let live = |mishaps: Mishaps, seed: u64| {
        let powered = Powered::new(&stage, disk::insert(base.image.clone()), mishaps, seed);
        let mut world = World::new(powered, morning(first), script(&stage, first, last));
        let seen = play(&stage, &mut world, &base.sent, last, &format!("seed {seed}"));
        let came = came(&stage, &world.steps.spine.db, last);
        (world.steps.cuts, seen, came)
    };
    let (_, _, calm) = live(Mishaps::None, 0);
    assert!(
        calm.findings.len() > 1 && calm.notices.len() > 10,
        "a life in which nothing happens proves nothing: {} findings, {} notices",
        calm.findings.len(),
        calm.notices.len()
    );
    let (mut cuts, mut seen, lives) = (0, Seen::default(), if IS_SLOW { 2 } else { 40 });
    for seed in 1..=lives {
        let (n, s, wild) = live(Mishaps::Cuts(120, 500), seed);
        let differ =
            |a: &BTreeSet<String>, b: &BTreeSet<String>| a.symmetric_difference(b).take(5).cloned().collect::<Vec<_>>();
        let findings = differ(&calm.findings, &wild.findings);
        assert!(findings.is_empty(), "seed {seed}: after {n} cuts other findings: {findings:#?}");
        let notices = differ(&calm.notices, &wild.notices);
        assert!(notices.is_empty(), "seed {seed}: after {n} cuts other people were told: {notices:#?}");
        cuts += n;
        seen += s;
    }
    println!(
        "power: {lives} lives of {} days with {cuts} cuts: {} letters, {} repeats, all marked; findings and notices as without",
        (last - base_day).num_days(),
        seen.letters,
        seen.repeats
    );
    assert!(cuts > 4 * lives, "the power went now and then");
}

// ---------------------------------------------------------------- one operation fails

#[test]
fn one_operation_that_fails_is_an_error_of_one_step_and_nothing_is_lost() {
    let (base_day, day) = (date(2026, 9, 6), date(2026, 9, 7));
    let stage = stage(5);
    let base = lived(&stage, base_day);
    let live = |fault: Option<(u64, Fault)>| {
        let disk = disk::insert(base.image.clone());
        let powered = Powered::new(&stage, disk, Mishaps::Fault, 1);
        let begun = disk::with(disk, |d| {
            d.reads_count = true;
            d.fault_at = fault.map(|(n, f)| (d.operations + n, f));
            d.operations
        });
        let mut world = World::new(powered, morning(day), script(&stage, day, day));
        world.play(evening(day)).unwrap_or_else(|e| panic!("{fault:?}: {e}"));
        // What follows only looks.
        let (operations, writes) = disk::with(disk, |d| {
            (d.reads_count, d.fault_at) = (false, None);
            let writes: BTreeSet<u64> = d.writes.iter().filter(|n| **n > begun).map(|n| n - begun).collect();
            (d.operations - begun, writes)
        });
        play(&stage, &mut world, &base.sent, day, &format!("{fault:?}"));
        sound(&world.steps.spine.db);
        let came = came(&stage, &world.steps.spine.db, day);
        let sent: BTreeSet<String> = (world.sent.iter())
            .map(|s| format!("{} {} {} {} {}", s.at, s.channel, s.role, s.address, s.text))
            .collect();
        let errors = world.steps.errors;
        drop(world);
        disk::remove(disk);
        (errors, operations, writes, came, sent)
    };
    let (none, operations, writes, calm, sent) = live(None);
    assert!(none == 0 && !sent.is_empty() && operations > 500, "a day on which something is written and told");
    let stride = if IS_SLOW { operations / 12 } else { 1 };
    let (mut faults, mut errors) = (0, 0);
    for at in (1..=operations).step_by(usize::try_from(stride).expect("small")) {
        for fault in [Fault::Io, Fault::Full] {
            if fault == Fault::Full && !writes.contains(&at) {
                continue;
            }
            let (e, _, _, came, told) = live(Some((at, fault)));
            assert!(came == calm, "{fault:?} at operation {at}: other findings or notices");
            let other: Vec<_> = sent.symmetric_difference(&told).take(3).collect();
            assert!(other.is_empty(), "{fault:?} at operation {at}: other letters: {other:#?}");
            faults += 1;
            errors += e;
        }
    }
    println!(
        "disk: {faults} single failures (EIO, ENOSPC) at the {operations} operations of a working day: {errors} errors, \
         each of one step that then worked; 0 panics, 0 losses"
    );
    assert!(errors > faults / 2, "most failures are seen by a step");
}
