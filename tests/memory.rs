//! Memory does not grow with the file: an import of four times as many rows, and the engine's step after it, need hardly
//! more of it. What grows is only what is known of the pupils: the days on which they were not present.

mod town;

use kongchuo::domain::Date;
use kongchuo::domain::ids::SourceId;
use kongchuo::step::engine;
use kongchuo::step::intake::{Found, How, Outcome, receive};
use kongchuo::store::Db;
use std::fmt::Write as _;
use std::io::Cursor;
use town::{at, date, key, policy};

const PUPILS: usize = 4_000;
const DAYS: usize = 25;

fn number(pupil: usize) -> String {
    format!("S{pupil:06}")
}

fn register() -> String {
    let mut csv = String::from("学籍号,姓名,年级,班级,学籍状态\n");
    for n in 0..PUPILS {
        let class = n % 40 + 1;
        writeln!(csv, "{},王某某,{},{class}班,在读", number(n), n % 6 + 1).expect("a string");
    }
    csv
}

/// A roll call of so many school days: everybody as often a day as `slots` says, one in twenty-five not present.
fn roll(days: usize, slots: &[&str]) -> String {
    let mut csv = String::from("学籍号,日期,时段,状态\n");
    let first = date("2026-09-01");
    let school_days = first.iter_days().filter(|d| !matches!(chrono::Datelike::weekday(d).number_from_monday(), 6 | 7));
    let mut seed = 1u64;
    let mut row = |day: Date, pupil: usize, slot: &str| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let status = match (seed >> 33) % 1_000 {
            0..14 => "缺勤",
            14..40 => "病假",
            _ => "出勤",
        };
        writeln!(csv, "{},{day},{slot},{status}", number(pupil)).expect("a string");
    };
    for day in school_days.take(days) {
        for slot in slots {
            for pupil in 0..PUPILS {
                row(day, pupil, slot);
            }
        }
    }
    csv
}

/// The most that an import and the step after it hold at once beside the file, in bytes.
fn most(days: usize, slots: &[&str]) -> u64 {
    let (mut db, policy) = (Db::open_in_memory(&key()).expect("memory"), policy());
    let (register, roll) = (register(), roll(days, slots));
    let mut give = |source: &str, now: &str, csv: &str| {
        let found = Found { source: SourceId::new(source), file_name: "a.csv", modified: at(now) };
        let taken = receive(&mut db, &policy, at(now), &found, &mut Cursor::new(csv.as_bytes()), How::Poll);
        let taken = taken.expect("received");
        assert_eq!((taken.outcome, taken.fault_count), (Outcome::Applied, 0), "{:?}", taken.faults.first());
        engine::step(&mut db, &policy, at(now)).expect("a step");
    };
    give("register", "2026-08-31 08:00", &register);
    let counted = allocation_counter::measure(|| give("roll", "2027-01-25 08:00", &roll));
    counted.bytes_max
}

const ALL_DAY: &str = "全天";

#[test]
fn memory_does_not_grow_with_the_rows_of_a_file() {
    let few = most(DAYS, &[ALL_DAY]);
    let days = most(DAYS * 4, &[ALL_DAY]);
    let parts = most(DAYS, &["上午", "下午"]);
    let often = most(DAYS, &[ALL_DAY; 4]);
    println!("{few} bytes; four times as many days: {days}; each day in two parts: {parts}; said four times: {often}");
    assert!(days < few + few / 2, "{few} bytes, and {days} for four times as many days");
    assert!(parts < few + few / 2, "{few} bytes, and {parts} for the same days in two parts");
    // Four rolls of a day contradict each other about every seventh pupil: of those, a row for each status is kept.
    assert!(often < few * 2, "{few} bytes, and {often} for the same days said four times");
}
