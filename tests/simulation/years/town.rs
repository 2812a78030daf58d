//! The townships of the simulated school years: ten schools of different habits, or three of them; their configuration.

use kongchuo::config;
use kongchuo::domain::Date;
use kongchuo::domain::message::Lang;
use kongchuo::domain::policy::{Policy, StatedAt};
use kongchuo::drive::township::date;
use std::collections::BTreeMap;

/// How a school tells the township who is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Habit {
    /// A full roll call, CSV in GB18030.
    Roll,
    /// The same as a workbook with a title above the header.
    Workbook,
    /// Only those who are away; the date stands in the file's name.
    Exceptions,
    /// A full roll call as "Unicode text": UTF-16 with tabs, pupils by id number.
    UnicodeText,
    /// A full roll call of mornings and afternoons, one row for each.
    Sessions,
    /// Lessons that were missed, one row for each, by name and class.
    Lessons,
    /// The week's register on its last school day.
    Weekly,
    /// Every day the whole month so far.
    MonthToDate,
    /// Those who are away without reasons; approved leave comes in a file of its own.
    Leave,
    /// A full roll call, and now and then a week of silence.
    Silent,
}

pub const HABITS: [Habit; 10] = [
    Habit::Roll,
    Habit::Workbook,
    Habit::Exceptions,
    Habit::UnicodeText,
    Habit::Sessions,
    Habit::Lessons,
    Habit::Weekly,
    Habit::MonthToDate,
    Habit::Leave,
    Habit::Silent,
];

impl Habit {
    pub fn lists_exceptions(self) -> bool {
        matches!(self, Habit::Exceptions | Habit::Lessons | Habit::Leave)
    }
}

/// How large a township is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// Ten schools, two thousand pupils.
    Whole,
    /// Ten schools, some two hundred and fifty pupils.
    Middle,
    /// Three schools, each with another habit, some fifty pupils.
    Small,
}

#[derive(Clone, Debug)]
pub struct School {
    pub id: String,
    pub name: String,
    pub grades: std::ops::RangeInclusive<u8>,
    pub class_size: usize,
    pub habit: Habit,
    /// Minutes after midnight.
    pub sends_at: u32,
}

impl School {
    pub fn source(&self) -> String {
        format!("{}-roll", self.id)
    }
    pub fn leave_source(&self) -> String {
        format!("{}-leave", self.id)
    }
}

pub fn schools(scale: Scale, seed: u64) -> Vec<School> {
    let chosen: Vec<usize> = match scale {
        Scale::Whole | Scale::Middle => (0..10).collect(),
        Scale::Small => (0..3).map(|i| (seed as usize * 3 + i) % 10).collect(),
    };
    let (grades, class_size) = if scale == Scale::Whole { (6, 34) } else { (2, 9) };
    let school = |n: usize| {
        // Every third school is a junior one.
        let grades = if n % 3 == 2 { 7..=9.min(6 + grades) } else { 1..=grades };
        let class_size = if scale == Scale::Whole && n % 3 == 2 { 66 } else { class_size };
        let (id, name) = (format!("s{n}"), format!("春山镇第{}学校", NUMBERS[n]));
        School { id, name, grades, class_size, habit: HABITS[n], sends_at: 8 * 60 + 20 + 7 * n as u32 }
    };
    chosen.into_iter().map(school).collect()
}

pub const NUMBERS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

pub fn class_of(grade: u8) -> String {
    format!("{}年级1班", NUMBERS[usize::from(grade) - 1])
}

// ---------------------------------------------------------------- the calendar

/// Terms: a school year, and the first days of the next.
pub fn terms() -> [(Date, Date); 3] {
    [
        (date(2026, 9, 1), date(2027, 1, 22)),
        (date(2027, 2, 22), date(2027, 7, 2)),
        (date(2027, 9, 1), date(2027, 9, 10)),
    ]
}

pub fn last_day() -> Date {
    date(2027, 9, 10)
}

/// (First day off, last day off, name); made up for 2027.
type Ymd = (i32, u32, u32);
const OFF: [(Ymd, Ymd, &str); 7] = [
    ((2026, 9, 25), (2026, 9, 27), "中秋节"),
    ((2026, 10, 1), (2026, 10, 7), "国庆节"),
    ((2027, 1, 1), (2027, 1, 3), "元旦"),
    ((2027, 2, 5), (2027, 2, 11), "春节"),
    ((2027, 4, 3), (2027, 4, 5), "清明节"),
    ((2027, 5, 1), (2027, 5, 5), "劳动节"),
    ((2027, 6, 9), (2027, 6, 11), "端午节"),
];
const MAKE_UP: [Ymd; 5] = [(2026, 9, 20), (2026, 10, 10), (2027, 4, 24), (2027, 5, 8), (2027, 6, 13)];

fn day((y, m, d): Ymd) -> Date {
    date(y, m, d)
}

pub fn is_working(d: Date) -> bool {
    use chrono::Datelike;
    let is_off = OFF.iter().any(|(from, to, _)| (day(*from)..=day(*to)).contains(&d));
    MAKE_UP.iter().any(|m| day(*m) == d) || (d.weekday().num_days_from_monday() < 5 && !is_off)
}

pub fn school_days() -> Vec<Date> {
    let of = |(from, to): (Date, Date)| from.iter_days().take_while(move |d| *d <= to).filter(|d| is_working(*d));
    terms().into_iter().flat_map(of).collect()
}

fn holidays(year: i32) -> String {
    use chrono::Datelike;
    let off = OFF.iter().flat_map(|(from, to, name)| {
        let to = day(*to);
        day(*from).iter_days().take_while(move |d| *d <= to).map(move |d| (d, true, *name))
    });
    let make_up = MAKE_UP.iter().map(|m| (day(*m), false, "补班"));
    let days: Vec<String> = (off.chain(make_up).filter(|(d, _, _)| d.year() == year))
        .map(|(d, off, name)| format!("{{\"name\": \"{name}\", \"date\": \"{d}\", \"isOffDay\": {off}}}"))
        .collect();
    format!("{{\"year\": {year}, \"papers\": [\"simulation\"], \"days\": [{}]}}", days.join(",\n"))
}

// ---------------------------------------------------------------- the configuration

/// What is done about a letter of unknown fate, township by township: the gateway drops copies, is sent to once more, is
/// not sent to again but the next contact is, or is asked.
const ON_UNKNOWN: [&str; 4] = [
    "idempotent",
    "resend_once",
    "next_contact",
    "query, query: {url: \"http://127.0.0.1:9/sms?id={{ id }}\", method: GET, state: /state, accepted: [SENT], delivered: [DELIVRD], failed: [UNDELIV], absent: [NONE]}",
];

/// The checked policy of a township; every second one waits for receipts.
pub fn policy(schools: &[School], seed: u64) -> Policy {
    let receipts = if seed % 8 < 4 { "2h" } else { "null" };
    let on_unknown = ON_UNKNOWN[(seed % 4) as usize];
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    files.insert("kongchuo.yaml", ROOT.replace("ON_UNKNOWN", on_unknown).replace("RECEIPTS", receipts));
    files.insert("schools.yaml", schools_yaml(schools));
    files.insert("sources.yaml", sources_yaml(schools));
    files.insert("ladders.yaml", LADDERS.to_owned());
    files.insert("2026.json", holidays(2026));
    files.insert("2027.json", holidays(2027));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    for s in schools {
        for source in [s.source(), s.leave_source()] {
            std::fs::create_dir_all(folder.path().join("inbox").join(source)).expect("a folder");
        }
    }
    std::fs::create_dir_all(folder.path().join("inbox/register")).expect("a folder");
    let loaded = config::load(&folder.path().join("kongchuo.yaml")).unwrap_or_else(|problems| {
        let said: Vec<String> = problems.iter().map(|p| p.render(Lang::En)).collect();
        panic!("the township's configuration: {}", said.join("\n"))
    });
    let mut policy = loaded.policy;
    // What a file says is stated when the school wrote it, however late it comes: so the order of arrival is free.
    for source in &mut policy.sources {
        source.reader.stated_at = StatedAt::Modified;
    }
    policy
}

fn schools_yaml(schools: &[School]) -> String {
    let mut out = String::from("schools:\n");
    for (n, s) in schools.iter().enumerate() {
        let stage = if *s.grades.start() >= 7 { "junior" } else { "primary" };
        let grades: Vec<String> = s.grades.clone().map(|g| g.to_string()).collect();
        out.push_str(&format!("  - id: {}\n    name: {}\n    stage: {stage}\n", s.id, s.name));
        out.push_str(&format!("    grades: [{}]\n", grades.join(", ")));
        if matches!(s.habit, Habit::Sessions | Habit::Lessons) {
            out.push_str("    lessons: 6\n    slots:\n      am: {periods: 1-4, title: 上午}\n      pm: {periods: 5-6, title: 下午}\n    sessions: [am, pm]\n");
        }
        out.push_str(&format!("    contacts:\n      principal: {{name: 校长{n}, phone: \"139000001{n:02}\"}}\n"));
        out.push_str(&format!(
            "      moral_education: {{name: 主任{n}, phone: \"139000002{n:02}\"}}\n    homerooms:\n"
        ));
        for g in s.grades.clone() {
            out.push_str(&format!("      \"{}\": {{name: 班主任{n}-{g}, phone: \"139000003{n}{g}\"}}\n", class_of(g)));
        }
    }
    out
}

fn sources_yaml(schools: &[School]) -> String {
    let mut out = String::from(
        "sources:\n  - {id: register, school: {column: 学校}, content: register, kind: directory, path: inbox/register, match: \"*\", poll: 10m, settle: 0s, guard: {roster_shrinks: 30%}}\n",
    );
    for s in schools {
        let (id, source) = (&s.id, s.source());
        let coverage = if s.habit.lists_exceptions() { "exceptions" } else { "full" };
        let guard = if s.habit.lists_exceptions() { "{}" } else { "{absent_share: 40%, unknown_rows: 20%}" };
        let expected = if s.habit == Habit::Weekly { "" } else { "expected: {by: \"16:30\"}, " };
        out.push_str(&format!(
            "  - {{id: {source}, school: {id}, content: attendance, kind: directory, path: inbox/{source}, match: \"*\", poll: 10m, settle: 0s, coverage: {coverage}, {expected}guard: {guard}}}\n"
        ));
        if s.habit == Habit::Leave {
            let leave = s.leave_source();
            out.push_str(&format!(
                "  - {{id: {leave}, school: {id}, content: leave, kind: directory, path: inbox/{leave}, match: \"*\", poll: 10m, settle: 0s, guard: {{}}}}\n"
            ));
        }
    }
    out
}

const ROOT: &str = "\
township: {name: 春山镇, code: \"999999104\", timezone: Asia/Shanghai, locale: zh-CN}
mode: live
live_from: 2026-09-01
ledger_from: 2
mass: {share: 5%, pupils: 10, class_min: 8}
morning_report: \"10:00\"
data_dir: ./data
seal: {key: {file: seal.key}}
include: [schools.yaml, sources.yaml, ladders.yaml]
calendar:
  terms:
    - {id: 2026-autumn, start: 2026-09-01, end: 2027-01-22}
    - {id: 2027-spring, start: 2027-02-22, end: 2027-07-02}
    - {id: 2027-autumn, start: 2027-09-01, end: 2028-01-21}
  weekend: [sat, sun]
  holidays: [2026.json, 2027.json]
channels:
  letters: {kind: folder, path: letters}
  sms: {kind: http, url: \"http://127.0.0.1:9/sms\", method: POST, body: '{\"to\":\"{{ phone }}\",\"text\":\"{{ text }}\",\"id\":\"{{ id }}\"}', success: {pointer: /code, equals: \"0\"}, receipt_within: RECEIPTS, on_unknown: ON_UNKNOWN}
  email: {kind: email, host: 127.0.0.1, port: 9, tls: none, from: \"镇教育办 <office@town.example.cn>\", on_unknown: resend_once}
contacts:
  offices:
    operator: {name: 系统管理员, people: [{name: 系统管理员, phone: \"13900009001\", email: operator@town.example.cn}]}
    township_government: {name: 春山镇人民政府, people: [{name: 镇教育办, phone: \"13900009002\", email: office@town.example.cn}]}
    education_office: {name: 县教育局, people: [{name: 基础教育股, phone: \"13900009003\", email: desk@county.example.cn}]}
  hours:
    guardian: {quiet: [\"21:00\", \"07:00\"], per_day: 1}
    office: {quiet: [\"19:00\", \"07:30\"], working_days_only: true, bundle: 10m}
";

const LADDERS: &str = "\
rules:
  - {id: absent-1d, title: 未请假缺课一天, when: {consecutive: {of: unexcused, days: 1}}, level: 1, ladder: compulsory}
  - {id: absent-3d, title: 连续缺课满三天, when: {consecutive: {of: unexcused, days: 3, broken_by: attended}}, level: 2, ladder: compulsory}
  - {id: absent-often, title: 二十个上学日内累计缺课满五天, when: {total: {of: unexcused, days: 5, within: {school_days: 20}}}, level: 2, ladder: compulsory}
  - {id: absent-month, title: 连续缺课满二十天, when: {consecutive: {of: unexcused, days: 20, broken_by: attended}}, level: 3, ladder: compulsory}
  - {id: late-often, title: 一个月内迟到满六次, when: {total: {of: late, periods: 6, within: {months: 1}}}, level: 1}
ladders:
  - id: compulsory
    title: 义务教育阶段缺课
    rungs:
      - {id: homeroom,   at: {after: 0h}, to: [homeroom], via: [sms]}
      - {id: guardian-1, at: {after: 30m}, to: [guardian], via: [sms]}
      - {id: school,     at: {after: {school_days: 1}, time: \"08:30\"}, to: [principal], via: [sms], unless: [acknowledged]}
      - {id: visit,      at: {after: {school_days: 2}}, to: [homeroom, moral_education], via: [sms], unless: [{act: visit}]}
      - {id: township,   at: {level: 2}, to: [township_government], via: [email], statutory: true}
      - {id: education,  at: {level: 2}, to: [education_office], via: [email], statutory: true}
      - {id: order,      at: {level: 3}, to: [township_government], via: [email], statutory: true}
    marks: [{mark: suspected, at: {level: 2}}, {mark: dropout, at: {mark: suspected, after: {calendar_days: 30}}}]
    repeat: {rung: education, every: {school_days: 5}, times: 6}
    gap_min: 2h
    return: {days: 1}
    watch: {school_days: 20, relapse: {of: unexcused, days: 1}}
    acknowledge: {holds: {school_days: 2}, by: [homeroom, principal, moral_education, township_government]}
  - id: operations
    title: 运行值守
    rungs:
      - {id: operator, at: {after: 0h}, to: [operator], via: [email]}
      - {id: principal, at: {after: 30m}, to: [principal], via: [sms]}
      - {id: township, at: {after: 2h}, to: [township_government], via: [email]}
    gap_min: 10m
    return: {days: 1}
    watch: {school_days: 1, relapse: {of: unexcused, days: 1}}
";
