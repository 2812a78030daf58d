//! A made-up township in a folder of its own: `init`, then a calendar, rules and ladders that fit any day of the year.

use chrono::{Days, NaiveDate};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

pub struct Town {
    dir: TempDir,
    pub today: NaiveDate,
}

pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Each line of stdout as JSON.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// A pupil of the register: number, name, class, the guardian's phone.
pub const ZHANG: [&str; 4] = ["G999123202001", "张小雨", "三年级2班", "13900000101"];
pub const HE: [&str; 4] = ["G999123202002", "何小全", "三年级2班", "13900000102"];

const REGISTER: &str = "student_no,name,grade,class,guardian1_name,guardian1_phone\n";
const ROLL: &str = "student_no,date,status\n";

impl Town {
    pub fn new() -> Town {
        let dir = tempfile::tempdir().expect("a folder");
        // As the program sees it: the townships' zone, not the machine's.
        let now = kongchuo::clock::now(chrono_tz::Asia::Shanghai);
        let town = Town { dir, today: now.date() };
        let said = town.run_raw(&["init", &town.path("T").display().to_string()]);
        assert_eq!(said.code, 0, "{}", said.err);
        for folder in ["inbox/register", "inbox/absent", "inbox/full"] {
            std::fs::create_dir_all(town.path(folder)).expect("a folder");
        }
        town.write("calendar.yaml", &town.calendar());
        town.write("sources.yaml", SOURCES);
        town.rules(3);
        town.write("ladders.yaml", LADDERS);
        town.edit("contacts.yaml", |text| {
            let (offices, _) = text.split_once("  hours:").expect("the example has hours");
            format!("{offices}  hours:\n    guardian: {{quiet: []}}\n    office: {{quiet: [], working_days_only: false, bundle: 0s}}\n")
        });
        let first = town.day(-200);
        town.edit("kongchuo.yaml", |text| {
            text.replace("live_from: 2026-09-01", &format!("live_from: {first}"))
                .replace("morning_report:", "# morning_report:")
        });
        town
    }

    fn calendar(&self) -> String {
        let (start, end) = (self.day(-150), self.day(150));
        format!(
            "calendar:\n  terms: [{{id: now, start: {start}, end: {end}}}]\n  weekend: []\n  holidays: none\n  school_year: {{starts: \"{}\"}}\n",
            start.format("%m-%d")
        )
    }

    pub fn rules(&self, days: u32) {
        self.write("rules.yaml", &RULES.replace("{days}", &days.to_string()));
    }

    /// So many days from today.
    pub fn day(&self, n: i64) -> NaiveDate {
        match u64::try_from(n) {
            Ok(n) => self.today + Days::new(n),
            Err(_) => self.today - Days::new(n.unsigned_abs()),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        match name {
            "T" => self.dir.path().join("T"),
            name => self.dir.path().join("T").join(name),
        }
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    pub fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(self.path(name)).expect("there");
        self.write(name, &change(text));
    }

    fn run_raw(&self, args: &[&str]) -> Said {
        let out = Command::new(env!("CARGO_BIN_EXE_kongchuo"))
            .args(args)
            .current_dir(self.dir.path())
            .env_remove("LANG")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .output()
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: out.status.code().unwrap_or(-1), out: text(out.stdout), err: text(out.stderr) }
    }

    /// A command on this township, whatever it says.
    pub fn run(&self, args: &[&str]) -> Said {
        let config = self.path("kongchuo.yaml").display().to_string();
        let mut all = vec!["--config", config.as_str()];
        all.extend(args);
        self.run_raw(&all)
    }

    /// A command that must go well.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Said {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}\n{}\n{}", said.out, said.err);
        said
    }

    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let mut all = vec!["--format", "json"];
        all.extend(args);
        self.ok(&all).lines()
    }

    #[track_caller]
    pub fn import(&self, source: &str, name: &str, text: &str) {
        self.write(name, text);
        self.ok(&["import", &self.path(name).display().to_string(), "--source", source]);
    }

    pub fn register(&self, pupils: &[[&str; 4]]) {
        let rows: String = pupils
            .iter()
            .map(|[no, name, class, phone]| format!("{no},{name},3,{class},{name}的父亲,{phone}\n"))
            .collect();
        self.import("register", "register.csv", &format!("{REGISTER}{rows}"));
    }

    /// Zhang and He, in the same class.
    pub fn two(&self) {
        self.register(&[ZHANG, HE]);
    }

    /// An exceptions list: who was absent on which day (counted from today).
    pub fn absent(&self, name: &str, rows: &[(&str, i64)]) {
        let rows: String = rows.iter().map(|(no, n)| format!("{no},{},unexplained\n", self.day(*n))).collect();
        self.import("absent", name, &format!("{ROLL}{rows}"));
    }

    /// One round: letters go into the folder.
    #[track_caller]
    pub fn round(&self) {
        self.ok(&["run", "--once"]);
    }

    /// The letters that went, as (role, rungs).
    pub fn letters(&self) -> Vec<(String, Vec<String>)> {
        let lines = self.json(&["outbox", "list"]);
        lines
            .iter()
            .map(|l| {
                let rungs = l["rungs"].as_array().expect("rungs").iter().filter_map(|r| r.as_str().map(str::to_owned));
                (l["to"]["role"].as_str().expect("a role").to_owned(), rungs.collect())
            })
            .collect()
    }

    pub fn letters_to(&self, role: &str) -> Vec<Vec<String>> {
        self.letters().into_iter().filter(|(r, _)| r == role).map(|(_, rungs)| rungs).collect()
    }

    /// The log of reads and the logbook.
    pub fn db(&self) -> kongchuo::store::Db {
        let hex = std::fs::read_to_string(self.path("secrets/seal.key")).expect("a key");
        let key = kongchuo::store::Key::from_hex(&hex).expect("64 digits");
        kongchuo::store::Db::open_read_only(&self.path("data/kongchuo.db"), &key).expect("a database")
    }
}

const SOURCES: &str = "
sources:
  - {id: register, school: cs-primary, content: register, kind: directory, path: inbox/register, poll: 1m}
  - {id: absent, school: cs-primary, content: attendance, kind: directory, path: inbox/absent, poll: 1m, coverage: exceptions}
  - {id: full, school: cs-primary, content: attendance, kind: directory, path: inbox/full, poll: 1m, coverage: full, guard: {unknown_rows: 10%}}
";

const RULES: &str = "
rules:
  - {id: absent-1d, title: 无故缺课满一天, where: {stage: [primary]}, when: {consecutive: {of: unexcused, days: 1}}, level: 1, ladder: compulsory}
  - {id: absent-3d, title: 连续无故缺课, where: {stage: [primary]}, when: {consecutive: {of: unexcused, days: {days}, broken_by: attended}}, level: 2, ladder: compulsory}
";

const LADDERS: &str = "
ladders:
  - id: compulsory
    title: 义务教育阶段缺课
    rungs:
      - {id: homeroom, at: {after: 0h}, to: [homeroom], via: [sms]}
      - {id: guardian-1, at: {after: 0h}, to: [guardian], via: [sms]}
      - {id: school, at: {after: {school_days: 1}}, to: [principal], via: [sms]}
      - {id: township, at: {level: 2}, to: [township_government], via: [sms], statutory: true}
    gap_min: 0h
    return: {days: 1}
    watch: {school_days: 20, relapse: {of: unexcused, days: 1}}
    acknowledge: {holds: {school_days: 2}, by: [homeroom, principal]}
  - id: operations
    title: 运行与数据
    rungs:
      - {id: operator, at: {after: 0h}, to: [operator], via: [sms]}
      - {id: township, at: {after: {school_days: 1}}, to: [township_government], via: [sms]}
    gap_min: 0h
";
