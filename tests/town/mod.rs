//! A made-up township's policy, built by hand: one school, its register, its roll call, an absentee list, feedback.

use kongchuo::domain::ids::{SchoolId, SourceId, StatusId};
use kongchuo::domain::message::Lang;
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::{Date, Time};
use kongchuo::store::Key;
use std::collections::BTreeMap;

pub fn key() -> Key {
    Key::from_hex(&"5a".repeat(32)).expect("64 digits")
}

pub fn date(d: &str) -> Date {
    d.parse().expect("a date")
}

pub fn at(t: &str) -> Time {
    Time::parse_from_str(t, "%Y-%m-%d %H:%M").expect("a time")
}

pub fn status(id: &str, sets: &[&str]) -> Status {
    Status {
        id: StatusId::new(id),
        words: Vec::new(),
        sets: sets.iter().map(|s| (*s).to_owned()).collect(),
        reasons: Vec::new(),
        like: None,
    }
}

pub fn source(id: &str, content: Content, coverage: CoverageKind) -> Source {
    Source {
        id: SourceId::new(id),
        school: Some(SchoolId::new("cs")),
        school_column: None,
        content,
        kind: SourceKind::Directory { path: "/nowhere".into(), matching: "*".into() },
        poll: Poll::Every { seconds: 10 },
        settle_s: 10,
        coverage,
        replaces: if coverage == CoverageKind::Full { Replaces::Rows } else { Replaces::Day },
        classes: Vec::new(),
        slots: Vec::new(),
        expected_by: None,
        guard: Guard::default(),
        reader: Reader {
            format: Format::Auto,
            encoding: None,
            layout: Layout::Auto,
            sheet: None,
            stated_at: StatedAt::Arrival,
            columns: BTreeMap::new(),
            statuses: BTreeMap::new(),
            legend: BTreeMap::new(),
            blank: Blank::Hold,
            late_over: None,
        },
        keep_days: None,
    }
}

pub fn policy() -> Policy {
    let period = |n: usize| Period { id: format!("p:{n}").as_str().into(), weight: Ratio::ONE, minutes: 40 };
    let school = School {
        id: SchoolId::new("cs"),
        name: "春山镇中心小学".into(),
        stages: vec![(Stage::Primary, 1..=6)],
        grades: vec![1, 2, 3, 4, 5, 6],
        periods: (1..=6).map(period).collect(),
        timetable: true,
        slots: vec![
            Slot { id: "am".into(), title: Some("上午".into()), periods: vec![0, 1, 2, 3] },
            Slot { id: "pm".into(), title: Some("下午".into()), periods: vec![4, 5] },
        ],
        sessions: vec!["am".into(), "pm".into()],
        makeup: Makeup::Follow,
        patterns: Vec::new(),
        contacts: BTreeMap::new(),
        homerooms: BTreeMap::new(),
    };
    Policy {
        township: Township {
            name: "春山镇".into(),
            code: "999123104".into(),
            zone: chrono_tz::Asia::Shanghai,
            lang: Lang::Zh,
        },
        mode: Mode::Live,
        live_from: None,
        ledger_from: 2,
        mass: Mass { share: Ratio::new(1, 20), pupils: 10, class_min: 5 },
        morning_report: None,
        heartbeat: None,
        data_dir: "/nowhere".into(),
        base_dir: "/nowhere".into(),
        seal: Secret::Env("NO".into()),
        calendar: CalendarPolicy {
            terms: vec![Term {
                id: "2026-autumn".into(),
                start: date("2026-09-01"),
                end: date("2027-01-22"),
                stages: Vec::new(),
            }],
            weekend: vec![chrono::Weekday::Sat, chrono::Weekday::Sun],
            holidays: Holidays::None,
            ..CalendarPolicy::default()
        },
        schools: vec![school],
        sources: vec![
            source("register", Content::Register, CoverageKind::Full),
            source("roll", Content::Attendance, CoverageKind::Full),
            source("absent", Content::Attendance, CoverageKind::Exceptions),
            source("feedback", Content::Feedback, CoverageKind::Full),
        ],
        statuses: vec![
            status("present", &["attended"]),
            status("late", &["attended"]),
            status("early_leave", &["attended"]),
            status("official", &[]),
            status("sick", &["excused", "absent"]),
            status("personal", &["excused", "absent"]),
            status("truant", &["unexcused", "absent", "missing"]),
            status("unexplained", &["unexcused", "absent", "missing"]),
            status("not_listed", &["missing"]),
        ],
        acts: ActWords::default(),
        rules: Vec::new(),
        ladders: Vec::new(),
        contacts: Contacts::default(),
        channels: Vec::new(),
        templates: Templates::default(),
        hash: String::new(),
        files: std::sync::Arc::default(),
    }
}
