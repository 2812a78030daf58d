//! Whole school years of made-up townships, with everything that goes wrong in them, held against an oracle that knows only
//! the files and the mishaps. `KONGCHUO_YEAR=17` replays one, `KONGCHUO_YEARS=1000` plays so many.

mod files;
mod life;
mod mishaps;
mod mortal;
mod oracle;
mod town;

use crate::look::{Seen, look};
use files::Year;
use kongchuo::domain::letter::Outcome;
use kongchuo::domain::policy::Policy;
use kongchuo::domain::{Date, Time};
use kongchuo::drive::spine::Spine;
use kongchuo::drive::township::{Chance, date};
use kongchuo::drive::world::{Happening, Sent, Steps, World};
use kongchuo::step::engine;
use kongchuo::store::{Db, Key, incidents, outbox};
use mishaps::Mishaps;
use mortal::{Luck, Mortal};
use oracle::{Held, Oracle};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use town::{Scale, School};

/// An unoptimised build needs minutes for what an optimised one does in seconds.
const YEARS: u64 = if cfg!(debug_assertions) { 1 } else { 200 };
/// Years after this number are of the whole size. One takes minutes: KONGCHUO_WHOLE says how many, none by itself.
const WHOLE_FROM: u64 = 1_000_000;
/// Of the others, every such one is of ten schools.
const MIDDLE_EVERY: u64 = 20;

fn scale_of(number: u64) -> Scale {
    match number {
        n if n > WHOLE_FROM => Scale::Whole,
        n if n.is_multiple_of(MIDDLE_EVERY) => Scale::Middle,
        _ => Scale::Small,
    }
}

#[derive(Clone, Default, Debug)]
struct Figures {
    years: u64,
    whole: u64,
    middle: u64,
    pupils: u64,
    deliveries: u64,
    luck: Luck,
    restarts: u64,
    outages: u64,
    sleeps: u64,
    jumps: u64,
    silences: u64,
    seen: Seen,
    held: Held,
    slips: BTreeMap<&'static str, u32>,
    /// Of all letters, in whichever order the years were played.
    fingerprint: u64,
}

/// The same letters at the same instants have the same one (FNV).
fn fingerprint(sent: &[Sent]) -> u64 {
    let of = |hash: u64, b: u8| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
    let lines = sent.iter().map(|s| format!("{} {} {} {}", s.at, s.role, s.address, s.text));
    lines.flat_map(String::into_bytes).fold(0xcbf2_9ce4_8422_2325, of)
}

impl Figures {
    fn add(&mut self, o: &Figures) {
        self.years += o.years;
        self.whole += o.whole;
        self.middle += o.middle;
        self.pupils += o.pupils;
        self.deliveries += o.deliveries;
        self.luck += o.luck;
        self.restarts += o.restarts;
        self.outages += o.outages;
        self.sleeps += o.sleeps;
        self.jumps += o.jumps;
        self.silences += o.silences;
        self.fingerprint ^= o.fingerprint;
        self.seen += o.seen;
        self.held += o.held;
        for (name, n) in &o.slips {
            *self.slips.entry(name).or_default() += n;
        }
    }
}

fn db() -> Db {
    Db::open_in_memory(&Key::from_hex(&"17".repeat(32)).expect("64 digits")).expect("a database in memory")
}

fn start() -> Time {
    date(2026, 8, 31).and_hms_opt(0, 0, 0).expect("midnight")
}

fn evening(day: Date) -> Time {
    day.and_hms_opt(23, 0, 0).expect("an hour of the day")
}

/// The clock on the wall is set back by minutes, hours or days and runs on: nothing is told twice and nobody at night.
fn jump_back(world: &mut World<Mortal>, chance: &mut Chance, seed: &str) {
    let back = *chance.pick(&[3, 70, 14 * 60, 2 * 24 * 60]);
    let wall = world.now();
    let spine = &mut world.steps.spine;
    for step in 0..3 {
        let now = wall - chrono::TimeDelta::minutes(back - step * 20);
        if now < start() {
            return;
        }
        spine.decide(now).unwrap_or_else(|e| panic!("{seed}: {e}"));
        for d in spine.claim(now).unwrap_or_else(|e| panic!("{seed}: {e}")) {
            world.sent.push(Sent {
                letter: d.letter,
                at: now,
                channel: d.channel.clone(),
                role: d.to.role.clone(),
                name: d.to.name.clone(),
                address: d.to.address.clone(),
                subject: d.subject.clone(),
                text: d.text.clone(),
            });
            spine.settle(now, &d, Outcome::Accepted(None)).unwrap_or_else(|e| panic!("{seed}: {e}"));
        }
    }
}

fn findings(db: &Db, policy: &Policy) -> BTreeSet<String> {
    let found = engine::ask(db.conn(), policy, town::last_day(), None, None).expect("the rules can be asked");
    found.iter().map(|f| format!("{f:?}")).collect()
}

/// The same files without a mishap, read one after the other with nobody told: what the rules find then.
fn calm(policy: &Policy, year: &Year) -> BTreeSet<String> {
    let mut spine = Spine::new(db(), policy.clone(), policy.sources[0].reader.clone());
    for (at, happening) in mishaps::deliveries(&year.exports) {
        let Happening::Delivery(d) = happening else { continue };
        spine.receive(at, &d).expect("a file is read");
    }
    findings(&spine.db, policy)
}

/// A silent source is one incident, from its first missed deadline to the file that ends it.
fn silences(db: &Db, schools: &[School], year: &Year, mishaps: &Mishaps, seed: &str) -> u64 {
    let all = incidents::list(db.conn(), true).expect("the incidents can be read");
    for (school, from, to) in &year.silences {
        let source = schools[*school].source();
        let of: Vec<_> = all.iter().filter(|i| i.kind == "export_overdue" && i.subject == source).collect();
        for pair in of.windows(2) {
            assert!(pair[0].closed.is_some_and(|c| c <= pair[1].opened), "{seed}: two silences of {source} at once");
        }
        let asleep = mishaps.sleeps.iter().any(|(a, b)| a.date() <= *to && b.date() >= *from);
        // By a clock that is set back before the deadline nothing is overdue, until it is again.
        let set_back = mishaps.jumps.iter().any(|j| (*from..=*to + chrono::Days::new(2)).contains(&j.date()));
        let began = of.iter().filter(|i| (*from..=*to).contains(&i.opened.date())).count();
        let already = of.iter().any(|i| i.opened.date() < *from && i.closed.is_none_or(|c| c.date() > *to));
        assert!(
            began + usize::from(already) == 1 || asleep || set_back,
            "{seed}: {source}, silent from {from} to {to}, is {began} incidents: {:?}; jumps: {:?}",
            of.iter().map(|i| (i.opened, i.closed)).collect::<Vec<_>>(),
            mishaps.jumps
        );
    }
    year.silences.len() as u64
}

fn live(number: u64) -> Figures {
    let scale = scale_of(number);
    let seed = format!("KONGCHUO_YEAR={number}");
    let mut chance = Chance::new(number ^ 0x7ea5);
    let schools = town::schools(scale, number);
    let days = town::school_days();
    let pupils = life::people(&schools, &days, &mut chance);
    let year = files::write(&schools, &pupils, &days, &mut chance);
    let policy = town::policy(&schools, number);
    let mut script = mishaps::deliveries(&year.exports);
    let mishaps = mishaps::draw(&days, &pupils, &mut chance, &mut script);

    let spine = Spine::new(db(), policy.clone(), policy.sources[0].reader.clone());
    let mut world = World::new(Mortal::new(spine, number), start(), script);
    for jump in &mishaps.jumps {
        world.play(*jump).unwrap_or_else(|e| panic!("{seed}: {e}"));
        if !world.is_asleep() {
            jump_back(&mut world, &mut chance, &seed);
        }
    }
    world.play(evening(town::last_day())).unwrap_or_else(|e| panic!("{seed}: {e}"));

    let db = &world.steps.spine.db;
    let seen = look(&policy, db, &world.sent, &seed);
    let silences = silences(db, &schools, &year, &mishaps, &seed);
    let all = incidents::list(db.conn(), true).expect("the incidents can be read");
    let holds = all.iter().filter(|i| i.kind == "mass_absence");
    let sound: String = db.conn().query_row("PRAGMA integrity_check", [], |r| r.get(0)).expect("can be checked");
    assert_eq!(sound, "ok", "{seed}");
    let forgotten = outbox::waiting(db.conn()).expect("the notices can be read").into_iter();
    let forgotten: Vec<_> = forgotten.filter(|n| n.due + chrono::TimeDelta::days(5) < world.now()).collect();
    assert!(forgotten.is_empty(), "{seed}: nobody has been told of {forgotten:#?}");
    let letters = outbox::letters(db.conn()).expect("the letters can be read");
    let vault = db.vault();
    let arrived: BTreeSet<_> = world.sent.iter().map(|s| s.letter).collect();
    let unknown = letters.iter().filter(|l| l.state == "unknown" && !arrived.contains(&l.id)).filter_map(|l| {
        let words = outbox::words(db.conn(), &vault, l.id).expect("a letter's words can be read")?;
        Some((words.address, l.claimed))
    });
    let oracle = Oracle {
        schools: &schools,
        pupils: &pupils,
        days: &days,
        year: &year,
        mishaps: &mishaps,
        sent: &world.sent,
        holds: holds.map(|i| (i.subject.clone(), i.opened, i.closed.unwrap_or(world.now()))).collect(),
        unknown: unknown.collect(),
        failed: letters.iter().filter(|l| l.state == "failed").map(|l| l.id).collect(),
        taken_on: &world.steps.taken_on,
        seed: seed.clone(),
    };
    let held = oracle.hold();
    if number.is_multiple_of(4) || scale == Scale::Whole {
        let (a, b) = (calm(&policy, &year), findings(db, &policy));
        let only: Vec<_> = a.symmetric_difference(&b).take(5).collect();
        assert!(only.is_empty(), "{seed}: order, repetition or deaths change findings: {only:#?}");
        assert!(a.len() > 5, "{seed}: a year without findings proves nothing");
    }
    Figures {
        years: 1,
        whole: u64::from(scale == Scale::Whole),
        middle: u64::from(scale == Scale::Middle),
        pupils: pupils.len() as u64,
        deliveries: year.exports.len() as u64,
        luck: world.steps.luck,
        restarts: mishaps.restarts,
        outages: mishaps.outages.len() as u64,
        sleeps: mishaps.sleeps.len() as u64,
        jumps: mishaps.jumps.len() as u64,
        silences,
        seen,
        held,
        slips: year.slips,
        fingerprint: fingerprint(&world.sent),
    }
}

#[test]
fn in_whole_school_years_nobody_is_lost_and_nobody_is_told_of_wrongly() {
    let number = |name: &str| {
        std::env::var(name).ok().map(|v| v.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let years: Vec<u64> = match number("KONGCHUO_YEAR") {
        Some(one) => vec![one],
        None => {
            let whole = (1..=number("KONGCHUO_WHOLE").unwrap_or(0)).map(|n| WHOLE_FROM + n);
            whole.chain(1..=number("KONGCHUO_YEARS").unwrap_or(YEARS)).collect()
        }
    };
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Figures::default()));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(n) = years.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let figures = live(*n);
                    all.lock().expect("no panic while it is held").add(&figures);
                }
            });
        }
    });
    let f = all.into_inner().expect("no thread panicked");
    let (l, h) = (&f.luck, &f.held);
    println!(
        "simulation: {} school years ({} of ten schools and 2,000 pupils, {} of ten schools and some 250, the others of three \
         schools and some fifty; {} pupils), {} files",
        f.years, f.whole, f.middle, f.pupils, f.deliveries
    );
    println!(
        "simulation: {} deaths before or after a commit or a send, {} refused commits, {} full disks, {} restarts, {} gateway \
         outages, {} sleeps, {} clock jumps, {} silent weeks; slips of files: {:?}",
        l.deaths, l.refused, l.full, f.restarts, f.outages, f.sleeps, f.jumps, f.silences, f.slips
    );
    println!(
        "simulation: {} letters, {} cases; {} repeats, all marked; {} of unknown fate; {} receipts ({} before the acceptance, {} \
         about finished letters, {} not delivered), {} letters without one; {} replies ({} handed out twice, {} wrong numbers)",
        f.seen.letters,
        f.seen.cases,
        f.seen.repeats,
        f.seen.unknown,
        l.receipts,
        l.early,
        l.moot,
        l.not_delivered,
        l.never,
        l.replies,
        l.replies_twice,
        l.wrong_numbers
    );
    println!(
        "simulation: told in time: {} spells ({} more were taken on), {} reports, {} returns; {} alarms held against the files; \
         losses: 0, wrong alarms: 0; fingerprint {:016x}",
        h.spells, h.taken_on, h.reports, h.returns, h.letters, f.fingerprint
    );
}
