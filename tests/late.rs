//! What should have gone and did not: a channel without room or with a pace of its own keeps notices, and that is told.

use kongchuo::config;
use kongchuo::domain::Time;
use kongchuo::domain::ids::{ChannelId, SourceId};
use kongchuo::domain::letter::{Dispatch, Outcome};
use kongchuo::domain::policy::Policy;
use kongchuo::drive::daemon::{Local, Work};
use kongchuo::step::intake::{Found, How, moved, receive};
use kongchuo::step::machine::{self, Machine};
use kongchuo::step::{courier, engine, late};
use kongchuo::store::{Db, Key, incidents};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

struct Town {
    db: Db,
    policy: Policy,
}

const REGISTER: &str = "学籍号,姓名,年级,班级,学籍状态,监护人1姓名,监护人1电话\n\
    S0001,张小雨,3,三年级2班,在读,张父,13900000001\n\
    S0002,何小全,3,三年级2班,在读,何父,13900000002\n\
    S0003,吕小文,4,四年级1班,在读,吕父,13900000003\n";

fn at(s: &str) -> Time {
    Time::parse_from_str(&format!("2026-09-{s}"), "%Y-%m-%d %H:%M:%S").expect("an instant")
}

impl Town {
    /// Zhang is away on the seventh: the homeroom teacher is to be told at nine by SMS.
    fn new() -> Town {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/kongchuo.yaml");
        let mut policy = config::load(&root).unwrap_or_else(|p| panic!("{} problems", p.len())).policy;
        // One of three is no odd list here, and nobody waits for other schools.
        for source in &mut policy.sources {
            source.guard = Default::default();
            source.expected_by = None;
        }
        let key = Key::from_hex(&"5a".repeat(32)).expect("64 digits");
        let mut town = Town { db: Db::open_in_memory(&key).expect("memory"), policy };
        town.give("cs-primary-register", "01 08:00:00", REGISTER);
        town.give(
            "cs-primary-roll",
            "07 09:00:00",
            "学籍号,日期,状态\nS0001,2026-09-07,缺勤\nS0002,2026-09-07,出勤\nS0003,2026-09-07,出勤\n",
        );
        town.step("07 09:00:00");
        town
    }
    fn give(&mut self, source: &str, now: &str, csv: &str) {
        let found = Found { source: SourceId::new(source), file_name: "a.csv", modified: at(now) };
        let how = How::Poll;
        let got = receive(&mut self.db, &self.policy, at(now), &found, &mut Cursor::new(csv.as_bytes()), how);
        moved(&mut self.db, got.expect("received").delivery).expect("moved");
    }
    fn step(&mut self, now: &str) -> Option<Time> {
        engine::run(&mut self.db, &self.policy, at(now)).expect("a step")
    }
    fn claim(&mut self, now: &str, room: usize) -> Vec<Dispatch> {
        let room = BTreeMap::from([(ChannelId::new("sms"), room)]);
        let claimed = courier::claim_within(&mut self.db, &self.policy, at(now), "boot", &room, &BTreeSet::new())
            .expect("claimed");
        claimed.into_iter().filter(|d| d.channel == "sms").collect()
    }
    fn next(&mut self, now: &str) -> Option<Time> {
        courier::next(&mut self.db, &self.policy, at(now)).expect("readable")
    }
    fn settle(&mut self, now: &str, d: &Dispatch, outcome: Outcome) {
        courier::settle(&mut self.db, &self.policy, at(now), d.letter, d.attempt, outcome, false).expect("settled");
    }
    fn open(&self) -> Vec<String> {
        let all = incidents::list(self.db.conn(), false).expect("readable");
        all.into_iter().map(|i| i.kind).collect()
    }
    fn is_any_overdue(&self, now: &str) -> bool {
        late::is_any_overdue(self.db.conn(), &self.policy, at(now)).expect("readable")
    }
}

#[test]
fn a_notice_for_which_a_channel_has_no_room_is_overdue_and_then_stuck_until_it_goes() {
    let mut t = Town::new();
    assert_eq!(t.claim("07 09:00:00", 0).len(), 0);
    assert_eq!(t.next("07 09:00:00"), Some(at("07 09:00:00")), "it is due");
    t.step("07 09:14:59");
    assert_eq!((t.open(), t.is_any_overdue("07 09:14:59")), (vec![], false));
    t.claim("07 09:14:59", 0);
    t.step("07 09:15:00");
    assert_eq!((t.open(), t.is_any_overdue("07 09:15:00")), (vec!["ladder_overdue".to_owned()], true));
    for minute in 16..60 {
        t.step(&format!("07 09:{minute}:00"));
    }
    assert_eq!(t.open(), ["ladder_overdue"]);
    t.step("07 10:00:00");
    assert_eq!(t.open(), ["ladder_overdue", "letters_stuck"]);
    for d in t.claim("07 10:01:00", 10) {
        t.settle("07 10:01:00", &d, Outcome::Accepted(None));
    }
    t.step("07 10:01:00");
    assert_eq!((t.open(), t.is_any_overdue("07 10:01:00")), (vec![], false));
}

#[test]
fn a_channel_that_asks_for_patience_keeps_what_is_told_as_late() {
    let mut t = Town::new();
    let first = t.claim("07 09:00:00", 10);
    assert_eq!(first.len(), 1);
    t.settle("07 09:00:00", &first[0], Outcome::NotBefore { seconds: 7200, why: "daily limit".into() });
    // Lü's absence becomes known five minutes later: no letter is written before the channel takes one.
    t.give("cs-primary-roll", "07 09:05:00", "学籍号,日期,状态\nS0003,2026-09-07,缺勤\n");
    t.step("07 09:05:00");
    assert_eq!(t.claim("07 09:05:00", 10).len(), 0);
    assert_eq!(t.next("07 09:05:00"), Some(at("07 09:15:00")), "the first is late then");
    t.step("07 09:15:00");
    assert_eq!(t.open(), ["ladder_overdue"]);
    t.step("07 09:20:00");
    assert_eq!(t.open(), ["ladder_overdue", "ladder_overdue"]);
    let at_last = t.claim("07 11:00:00", 10);
    assert!(!at_last.is_empty());
    for d in at_last {
        t.settle("07 11:00:00", &d, Outcome::Accepted(None));
    }
    t.step("07 11:00:00");
    assert_eq!(t.open(), Vec::<String>::new());
}

#[test]
fn what_waits_for_a_channel_that_has_stopped_is_told_as_that_and_not_as_late() {
    let mut t = Town::new();
    let first = t.claim("07 09:00:00", 10);
    t.settle("07 09:00:00", &first[0], Outcome::ChannelDown("login refused".into()));
    for minute in 1..20 {
        t.step(&format!("07 09:{minute:02}:00"));
        assert_eq!(t.open(), ["channel_down"]);
        // A quarter of an hour later the channel is tried again; the engine looks while that letter is on its way.
        for d in t.claim(&format!("07 09:{minute:02}:00"), 10) {
            assert_eq!(minute, 15);
            t.step("07 09:15:01");
            assert_eq!(t.open(), ["channel_down"]);
            t.settle("07 09:15:02", &d, Outcome::ChannelDown("login refused".into()));
        }
    }
}

#[test]
fn the_heartbeat_needs_every_notice_in_time_every_delivery_read_and_a_disk_that_is_not_full() {
    fn is_healthy(t: Town, now: &str) -> bool {
        Local::new(t.db).is_healthy(&t.policy, at(now)).expect("readable")
    }
    let mut well = Town::new();
    for d in well.claim("07 09:00:00", 10) {
        well.settle("07 09:00:00", &d, Outcome::Accepted(None));
    }
    well.step("07 09:10:00");
    assert!(is_healthy(well, "07 09:10:00"));

    // Whether the engine has looked since or not.
    let mut overdue = Town::new();
    overdue.claim("07 09:00:00", 0);
    assert!(!is_healthy(overdue, "07 09:15:00"));
    let mut in_time = Town::new();
    in_time.claim("07 09:00:00", 0);
    assert!(is_healthy(in_time, "07 09:14:59"));

    for (free, healthy) in [(49, false), (50, true)] {
        let mut t = Town::new();
        machine::observe(&mut t.db, at("07 09:01:00"), &Machine { up: None, free_permille: Some(free) })
            .expect("written");
        t.step("07 09:01:00");
        assert_eq!(t.open(), if healthy { vec![] } else { vec!["disk_low".to_owned()] });
        assert_eq!(is_healthy(t, "07 09:01:00"), healthy, "{free}");
    }
}

#[test]
fn after_a_clock_was_set_nothing_is_sent_for_ten_minutes() {
    let mut t = Town::new();
    let up =
        |minutes: u64| Machine { up: Some(("one".into(), Duration::from_secs(minutes * 60))), free_permille: None };
    machine::observe(&mut t.db, at("07 07:00:00"), &up(10)).expect("written");
    // Two hours on the wall, one minute of the machine.
    machine::observe(&mut t.db, at("07 09:01:00"), &up(11)).expect("written");
    t.step("07 09:01:00");
    assert_eq!(t.open(), ["clock_jumped"]);
    assert_eq!((t.claim("07 09:01:00", 10).len(), t.claim("07 09:10:59", 10).len()), (0, 0));
    assert_eq!(t.next("07 09:01:00"), Some(at("07 09:11:00")));
    t.step("07 09:11:00");
    assert_eq!(t.claim("07 09:11:00", 10).len(), 1);
    t.step("07 10:00:59");
    assert!(t.open().contains(&"clock_jumped".to_owned()));
    t.step("07 10:01:00");
    assert!(!t.open().contains(&"clock_jumped".to_owned()));
}

#[test]
fn after_a_sleep_lateness_is_counted_from_the_waking() {
    let mut t = Town::new();
    assert_eq!(t.claim("07 09:00:00", 0).len(), 0);
    t.step("07 12:00:00");
    assert_eq!((t.open(), t.is_any_overdue("07 12:00:00")), (vec![], false));
    t.step("07 12:14:59");
    assert_eq!(t.open(), Vec::<String>::new());
    t.step("07 12:15:00");
    assert_eq!(t.open(), ["ladder_overdue"]);
}
