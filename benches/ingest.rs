//! How long a file of a million attendance rows takes from bytes to sealed evidence, how long when it comes again with one
//! row changed, and a month file of 100,000 rows that comes again unchanged: nobody is evaluated.

#[path = "../tests/town/mod.rs"]
mod town;

use criterion::{Criterion, criterion_group, criterion_main};
use kongchuo::domain::ids::SourceId;
use kongchuo::domain::policy::Policy;
use kongchuo::step::engine;
use kongchuo::step::intake::{Found, How, Outcome, receive};
use kongchuo::store::{Db, deliveries};
use std::fmt::Write;
use std::io::Cursor;
use std::time::{Duration, Instant};
use town::{at, key, policy};

/// 2000 pupils, 85 school days, six lessons: a term of one large school.
const PUPILS: usize = 2000;

fn register() -> String {
    let mut s = String::from("学籍号,姓名,年级,班级,学籍状态\n");
    for n in 0..PUPILS {
        let (grade, class) = (n % 6 + 1, n / 6 % 8 + 1);
        writeln!(s, "S{n:05},学生{n},{grade},{grade}年级{class}班,在读").expect("a string takes everything");
    }
    s
}

fn term(rows: usize, changed: bool) -> String {
    let mut s = String::from("学籍号,日期,时段,状态\n");
    let mut day = at("2026-09-01 08:00").date();
    let mut n = 0;
    while n < rows {
        if day.format("%u").to_string().as_str() < "6" {
            'day: for p in 0..PUPILS {
                for lesson in 1..=6 {
                    if n == rows {
                        break 'day;
                    }
                    let absent = (n % 97 == 0) != (changed && n == 1000);
                    let status = if absent { "缺勤" } else { "出勤" };
                    writeln!(s, "S{p:05},{day},第{lesson}节,{status}").expect("a string takes everything");
                    n += 1;
                }
            }
        }
        day = day.succ_opt().expect("a next day");
    }
    s
}

fn give(db: &mut Db, policy: &Policy, source: &str, now: &str, csv: &str) -> Duration {
    let now = at(now);
    let found = Found { source: SourceId::new(source), file_name: "a.csv", modified: now };
    let begin = Instant::now();
    let r = receive(db, policy, now, &found, &mut Cursor::new(csv.as_bytes()), How::Poll).expect("received");
    let took = begin.elapsed();
    assert_eq!(r.outcome, Outcome::Applied);
    db.write(|tx| deliveries::moved(tx, r.delivery)).expect("moved");
    took
}

/// A month file written anew with the same in it, until the engine has done what follows; nobody is evaluated.
fn month(c: &mut Criterion) {
    const ROWS: usize = 100_000;
    let first = term(ROWS, false);
    let mut group = c.benchmark_group("month");
    group.sample_size(10);
    group.bench_function(format!("{ROWS} rows again, unchanged"), |b| {
        b.iter_custom(|times| {
            let (_dir, mut db, policy) = town();
            give(&mut db, &policy, "roll", "2026-09-30 18:00", &first);
            let step = |db: &mut Db, now: &str| engine::step(db, &policy, at(now)).expect("a step").evaluated;
            assert_eq!(step(&mut db, "2026-09-30 18:01"), PUPILS);
            let mut took = Duration::ZERO;
            let mut again = first.clone();
            for _ in 0..times {
                again.push('\n');
                took += give(&mut db, &policy, "roll", "2026-09-30 18:30", &again);
                let begin = Instant::now();
                assert_eq!(step(&mut db, "2026-09-30 18:31"), 0);
                took += begin.elapsed();
            }
            took
        });
    });
    group.finish();
}

fn town() -> (tempfile::TempDir, Db, Policy) {
    let dir = tempfile::tempdir().expect("a folder");
    let policy = policy();
    let mut db = Db::open(&dir.path().join("k.db"), &key()).expect("opens");
    give(&mut db, &policy, "register", "2026-08-31 08:00", &register());
    (dir, db, policy)
}

fn ingest(c: &mut Criterion) {
    let rows = std::env::var("ROWS").ok().and_then(|r| r.parse().ok()).unwrap_or(1_000_000);
    let (first, second) = (term(rows, false), term(rows, true));
    let mut group = c.benchmark_group("ingest");
    group.sample_size(10);
    group.bench_function(format!("{rows} rows"), |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    let (_dir, mut db, policy) = town();
                    give(&mut db, &policy, "roll", "2027-01-22 18:00", &first)
                })
                .sum()
        });
    });
    group.bench_function(format!("{rows} rows again, one changed"), |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    let (_dir, mut db, policy) = town();
                    give(&mut db, &policy, "roll", "2027-01-22 18:00", &first);
                    give(&mut db, &policy, "roll", "2027-01-22 18:30", &second)
                })
                .sum()
        });
    });
    group.finish();
}

criterion_group!(benches, ingest, month);
criterion_main!(benches);
