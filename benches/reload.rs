//! A reload of the policy as the daemon meets it: 100,000 pupils in fifty schools, a term of roll calls in the database, ten
//! rules of which one has changed. One step of the engine evaluates everybody afresh and writes what follows.

#[path = "../tests/differential/world.rs"]
#[allow(dead_code)]
mod world;

use kongchuo::config;
use kongchuo::domain::evidence::{RegisterRow, Stamp, Standing};
use kongchuo::domain::ids::{ClassName, DeliveryId, PupilId, SchoolId, SlotName, StatusId};
use kongchuo::domain::policy::Policy;
use kongchuo::domain::{Date, Time};
use kongchuo::step::engine;
use kongchuo::store::deliveries::{New, Settled, State};
use kongchuo::store::statements::NewRow;
use kongchuo::store::vault::Card;
use kongchuo::store::{Db, Key, StoreError, Transaction, Vault, deliveries, register, statements, vault};
use std::fmt::Write;
use std::time::Instant;
use world::{Dice, day};

const SCHOOLS: i64 = 50;
/// In classes of fifty.
const CLASS: i64 = 50;

fn pupils() -> i64 {
    std::env::var("PUPILS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000)
}

/// The rules of the example township about pupils, and one about a share of a term.
fn yaml(three: u32) -> String {
    let mut s = String::from(
        "township: {name: 春山镇, code: \"999123104\", timezone: Asia/Shanghai, locale: zh-CN}
mode: rehearsal
live_from: 2026-09-01
data_dir: ./data
seal: {key: {file: seal.key}}
calendar: {terms: [{id: t, start: 2026-09-01, end: 2027-01-22}], weekend: [sat, sun], holidays: none}
contacts:
  offices:
    operator: {name: 管理员, people: [{name: 管理员, email: operator@town.example}]}
    township_government: {name: 镇政府, people: [{name: 镇政府, email: township@town.example}]}
channels: {letters: {kind: folder, path: letters}}
ladders:
  - id: operations
    title: 值守
    rungs: [{id: operator, at: {after: 0h}, to: [operator], via: [letters]}]
  - id: compulsory
    title: 缺课
    rungs:
      - {id: guardian, at: {after: 30m}, to: [guardian], via: [letters]}
      - {id: township, at: {level: 2}, to: [township_government], via: [letters], statutory: true}
    watch: {school_days: 20, relapse: {of: unexcused, days: 1}}
",
    );
    let rules = [
        ("absent-1d", "consecutive: {of: unexcused, days: 1}".to_owned(), 1, true),
        ("absent-3d", format!("consecutive: {{of: unexcused, days: {three}, broken_by: attended}}"), 2, true),
        ("absent-10d-term", "total: {of: unexcused, days: 10, parts: true, within: term}".to_owned(), 2, true),
        (
            "absent-2w",
            "consecutive: {of: unexcused, weeks: 2, broken_by: attended, across_terms: true}".to_owned(),
            3,
            true,
        ),
        ("not-registered", "not_registered: {days: 3}".to_owned(), 2, true),
        ("overdue-return", "overdue_return: {days: 1}".to_owned(), 1, true),
        ("unlisted-3d", "unlisted: {days: 3}".to_owned(), 1, true),
        ("sick-10d", "consecutive: {of: sick, days: 10}".to_owned(), 1, false),
        ("fridays", "weekday: {of: absent, weekdays: [fri], at_least: 3, of_last: 5}".to_owned(), 1, false),
        ("share", "rate: {of: absent, at_least: 10%, within: term, min_days: 10}".to_owned(), 1, false),
    ];
    s.push_str("rules:\n");
    for (id, when, level, climbs) in rules {
        let ladder = if climbs { ", ladder: compulsory" } else { "" };
        writeln!(s, "  - {{id: {id}, title: {id}, when: {{{when}}}, level: {level}{ladder}}}").expect("a string");
    }
    s.push_str("schools:\n");
    for n in 0..SCHOOLS {
        writeln!(
            s,
            "  - {{id: s{n}, name: 学校{n}, stage: {{primary: 1-6, junior: 7-9}}, grades: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}"
        )
        .expect("a string");
    }
    s.push_str("sources:\n");
    for n in 0..SCHOOLS {
        for (id, more) in [("register", "content: register"), ("roll", "content: attendance, coverage: full")] {
            writeln!(
                s,
                "  - {{id: {id}-{n}, school: s{n}, {more}, kind: directory, path: in/{id}-{n}, match: \"*.csv\"}}"
            )
            .expect("a string");
        }
    }
    s
}

fn policy(three: u32) -> Policy {
    let base = std::env::temp_dir();
    match config::compile_inline(&yaml(three), &base, "reload.yaml", 0) {
        Ok(loaded) => loaded.policy,
        Err(problems) => panic!("{problems:#?}"),
    }
}

fn deliver(tx: &Transaction, vault: &Vault, policy: &Policy, source: &str, n: u64, at: Time) -> DeliveryId {
    let source = policy.sources.iter().find(|s| s.id == *source).expect("a source of the policy");
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&n.to_be_bytes());
    let new = New { source, file_name: "a.csv", digest, size: 1, arrived_at: at, stated_at: at, to_move: false };
    let id = deliveries::insert(tx, vault, &new).expect("a delivery");
    let settled = Settled {
        state: State::Applied,
        at,
        stated_at: at,
        rows: 1,
        unknown: 0,
        fault_count: 0,
        faults: &[],
        odd: None,
        by: None,
    };
    deliveries::settle(tx, vault, id, &settled).expect("settled");
    id
}

/// One pupil in thirty is away on a day, with leave; of a hundred one is often away without.
fn away(d: &mut Dice, pupil: i64) -> Option<&'static str> {
    if pupil % 100 == 7 && d.one_in(8) {
        Some(d.pick(&["unexplained", "unexplained", "truant"]))
    } else if d.one_in(30) {
        Some(d.pick(&["sick", "sick", "personal", "late"]))
    } else {
        None
    }
}

fn fill(tx: &Transaction, vault: &Vault, policy: &Policy) -> Result<(), StoreError> {
    let all = pupils();
    let each = all / SCHOOLS;
    let mut d = Dice::new(11);
    let mut n = 0;
    let begin = day("2026-08-31").and_hms_opt(8, 0, 0).expect("an hour");
    for s in 0..SCHOOLS {
        let school = SchoolId::new(format!("s{s}"));
        n += 1;
        let delivery = deliver(tx, vault, policy, &format!("register-{s}"), n, begin);
        deliveries::put_date(tx, delivery, &school, begin.date(), true, 1)?;
        let stamp = Stamp { stated_at: begin, delivery };
        for i in 0..each {
            let card = Card { name: format!("学生{i}"), ..Card::default() };
            let pupil = vault::new_pupil(tx, vault, &card, stamp)?;
            let class = i / CLASS;
            let row = RegisterRow {
                stamp,
                arrived_at: begin,
                row_no: u32::try_from(i).expect("few"),
                through: None,
                pupil,
                school: school.clone(),
                class: Some(ClassName::new(format!("{}年级{}班", class % 9 + 1, class / 9 + 1))),
                grade: u8::try_from(class % 9 + 1).ok(),
                standing: Standing::Enrolled,
                status_until: None,
                status_basis: false,
                enrolled_on: None,
                left_on: None,
                boarding: None,
                sex: None,
                birth_date: None,
                groups: Vec::new(),
            };
            register::put_row(tx, vault, &row)?;
        }
    }
    let slot = SlotName::new("day");
    let school_days = |from: Date| from.iter_days().filter(|x| x.format("%u").to_string().as_str() < "6");
    for date in school_days(day("2026-09-01")).take_while(|x| *x <= day("2027-01-22")) {
        let at = date.and_hms_opt(9, 0, 0).expect("an hour");
        for s in 0..SCHOOLS {
            let school = SchoolId::new(format!("s{s}"));
            n += 1;
            let delivery = deliver(tx, vault, policy, &format!("roll-{s}"), n, at);
            deliveries::put_date(tx, delivery, &school, date, false, u32::try_from(each).expect("few"))?;
            let mut present = Vec::new();
            for i in 0..each {
                let pupil = PupilId(s * each + i + 1);
                let Some(status) = away(&mut d, pupil.0) else {
                    present.push(pupil);
                    continue;
                };
                let row = NewRow {
                    delivery,
                    row_no: u32::try_from(i).expect("few"),
                    school: &school,
                    pupil,
                    date,
                    slot: &slot,
                    status: &StatusId::new(status),
                    leave_until: None,
                    reason: None,
                };
                statements::put_row(tx, vault, &row)?;
            }
            statements::put_sheet(tx, delivery, &school, date, &slot, &present)?;
        }
    }
    Ok(())
}

/// What this process has used of all processors (Linux counts hundredths of a second).
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("k.db");
    let key = Key::from_hex(&"5a".repeat(32)).expect("64 digits");
    let mut db = Db::open(&path, &key).expect("opens");
    let vault = db.vault();
    let told = |what: &str, (begin, cpu): (Instant, f64)| {
        println!("{what:<44} {:>8.2} s {:>8.2} s of processors", begin.elapsed().as_secs_f64(), cpu_s() - cpu);
    };
    let start = || (Instant::now(), cpu_s());
    let begin = start();
    let first = policy(3);
    db.write(|tx| fill(tx, &vault, &first)).expect("filled");
    let size = std::fs::metadata(&path).map_or(0, |m| m.len() / 1_000_000);
    told(&format!("{} pupils, a term, {size} MB", pupils()), begin);
    let now = day("2027-01-22").and_hms_opt(18, 0, 0).expect("an hour");
    let minutes = |n: i64| now + chrono::TimeDelta::minutes(n);
    let begin = start();
    engine::run(&mut db, &first, now).expect("a step");
    told("everybody for the first time", begin);
    let begin = start();
    engine::run(&mut db, &first, minutes(1)).expect("a step");
    told("a step in which nothing is due", begin);
    for (n, three) in [4, 3, 4, 3, 4].into_iter().enumerate() {
        // Compiling the files is the command line's own thread in the daemon; what it takes is told by itself.
        let begin = start();
        let next = policy(three);
        told("the policy compiled", begin);
        let begin = start();
        let step = engine::step(&mut db, &next, minutes(30 + 30 * i64::try_from(n).expect("few"))).expect("a step");
        assert_eq!(i64::try_from(step.evaluated), Ok(pupils()));
        told("everybody after a reload", begin);
    }
}
