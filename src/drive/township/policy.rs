//! The configuration of the made-up township, as files that a real township could have written. Text only.

use super::life::{GIVEN, SURNAMES, class_name};
use super::{Township, term};

/// (File name, text); `kongchuo.yaml` is the root.
pub fn files(township: &Township) -> Vec<(&'static str, String)> {
    let (start, end) = term();
    vec![
        ("kongchuo.yaml", ROOT.replace("START", &start.to_string()).replace("END", &end.to_string())),
        ("schools.yaml", schools(township)),
        ("sources.yaml", sources(township)),
        ("rules.yaml", RULES.to_owned()),
        ("ladders.yaml", LADDERS.to_owned()),
        ("contacts.yaml", CONTACTS.to_owned()),
        ("holidays/2026.json", holidays("2026", &DAYS_2026)),
        ("holidays/2027.json", holidays("2027", &DAYS_2027)),
    ]
}

const ROOT: &str = "\
# The made-up township of `kongchuo demo`. Nobody in it is real; letters go to folders, never to a person.
township: {name: 春山镇, code: \"999999104\", timezone: Asia/Shanghai, locale: zh-CN}
mode: live
live_from: START
ledger_from: 2
mass: {share: 5%, pupils: 10, class_min: 5}
morning_report: \"10:00\"
data_dir: ./data
seal: {key: {file: seal.key}}
include: [schools.yaml, sources.yaml, rules.yaml, ladders.yaml, contacts.yaml]

calendar:
  terms: [{id: 2026-autumn, start: START, end: END}]
  weekend: [sat, sun]
  holidays: [holidays/2026.json, holidays/2027.json]

# The demo writes what these would send into letters/CHANNEL. Nothing listens on port 9: no real daemon can send by them.
channels:
  letters: {kind: folder, path: letters}
  sms: {kind: http, url: \"http://127.0.0.1:9/sms\", method: POST, body: '{\"to\":\"{{ phone }}\",\"text\":\"{{ text }}\",\"id\":\"{{ id }}\"}', success: {pointer: /code, equals: \"0\"}, on_unknown: next_contact}
  email: {kind: email, host: 127.0.0.1, port: 9, tls: none, from: \"镇教育办 <office@town.example.cn>\", on_unknown: resend_once}
";

/// (Date, off?, name) as the State Council announced them (2026).
const DAYS_2026: [(&str, bool, &str); 18] = [
    ("2026-06-19", true, "端午节"),
    ("2026-06-20", true, "端午节"),
    ("2026-06-21", true, "端午节"),
    ("2026-09-20", false, "国庆节"),
    ("2026-09-25", true, "中秋节"),
    ("2026-09-26", true, "中秋节"),
    ("2026-09-27", true, "中秋节"),
    ("2026-10-01", true, "国庆节"),
    ("2026-10-02", true, "国庆节"),
    ("2026-10-03", true, "国庆节"),
    ("2026-10-04", true, "国庆节"),
    ("2026-10-05", true, "国庆节"),
    ("2026-10-06", true, "国庆节"),
    ("2026-10-07", true, "国庆节"),
    ("2026-10-10", false, "国庆节"),
    ("2026-01-01", true, "元旦"),
    ("2026-01-02", true, "元旦"),
    ("2026-01-03", true, "元旦"),
];
/// Made up: only what the term of the demo needs.
const DAYS_2027: [(&str, bool, &str); 3] =
    [("2027-01-01", true, "元旦"), ("2027-01-02", true, "元旦"), ("2027-01-03", true, "元旦")];

fn holidays(year: &str, days: &[(&str, bool, &str)]) -> String {
    let days: Vec<String> = days
        .iter()
        .map(|(date, off, name)| format!("    {{\"name\": \"{name}\", \"date\": \"{date}\", \"isOffDay\": {off}}}"))
        .collect();
    format!(
        "{{\n  \"year\": {year},\n  \"papers\": [\"kongchuo demo\"],\n  \"days\": [\n{}\n  ]\n}}\n",
        days.join(",\n")
    )
}

/// Teachers' names, by their number.
fn made_up(n: usize) -> String {
    let name = |from: &[&str], step: usize| from[n * step % from.len()].to_owned();
    name(SURNAMES, 7) + &name(GIVEN, 11) + &name(GIVEN, 17)
}

fn schools(township: &Township) -> String {
    let mut out = String::from("schools:\n");
    let mut phone = 0;
    let mut person = || {
        phone += 1;
        let name = made_up(phone);
        format!("{{name: {name}, phone: \"1390000{phone:04}\", email: p{phone:04}@school.example.cn}}")
    };
    for s in &township.schools {
        let grades: Vec<String> = s.grades.clone().map(|g| g.to_string()).collect();
        out.push_str(&format!("  - id: {}\n    name: {}\n    stage: {}\n", s.id, s.name, s.stage));
        out.push_str(&format!("    grades: [{}]\n    contacts:\n", grades.join(", ")));
        out.push_str(&format!("      principal: {}\n", person()));
        out.push_str(&format!("      moral_education: {}\n", person()));
        out.push_str("    homerooms:\n");
        for grade in s.grades.clone() {
            for number in 1..=s.classes_per_grade {
                out.push_str(&format!("      \"{}\": {}\n", class_name(grade, number), person()));
            }
        }
    }
    out
}

fn sources(township: &Township) -> String {
    let mut out = String::from(
        "sources:
  - id: register
    school: {column: 学校}
    content: register
    kind: directory
    path: inbox/register
    match: \"*.csv\"
    poll: 10m
    settle: 0s
    guard: {roster_shrinks: 10%}
",
    );
    for s in &township.schools {
        let (pattern, coverage) = match s.habit {
            super::Habit::Workbook => ("*.xlsx", "full"),
            super::Habit::Exceptions => ("*.csv", "exceptions"),
            _ => ("*.csv", "full"),
        };
        let guard = match s.habit {
            // A list of two children may well hold one that the register does not know yet.
            super::Habit::Exceptions => "{}",
            _ => "{absent_share: 30%, unknown_rows: 10%}",
        };
        out.push_str(&format!(
            "
  - id: {source}
    school: {id}
    content: attendance
    kind: directory
    path: inbox/{source}
    match: \"{pattern}\"
    poll: 10m
    settle: 0s
    coverage: {coverage}
    expected: {{by: \"09:30\"}}
    guard: {guard}
",
            source = s.source(),
            id = s.id
        ));
    }
    out
}

const RULES: &str = "\
rules:
  - id: absent-1d
    title: {zh: 未请假缺课一天, en: One school day of absence without leave}
    when: {consecutive: {of: unexcused, days: 1}}
    level: 1
    ladder: compulsory

  - id: absent-3d
    title: {zh: 连续缺课满三天, en: Three school days of absence without leave}
    when: {consecutive: {of: unexcused, days: 3, broken_by: attended}}
    level: 2
    ladder: compulsory

  - id: absent-often
    title: {zh: 二十个上学日内累计缺课满五天, en: Five days of absence within twenty school days}
    when: {total: {of: unexcused, days: 5, within: {school_days: 20}}}
    level: 2
    ladder: compulsory

  - id: absent-month
    title: {zh: 连续缺课满二十天, en: Twenty school days of absence without leave}
    when: {consecutive: {of: unexcused, days: 20, broken_by: attended}}
    level: 3
    ladder: compulsory

  # Shown and reported, never sent: without a ladder.
  - id: late-often
    title: {zh: 一个月内迟到满六次, en: Late six times within a month}
    when: {total: {of: late, periods: 6, within: {months: 1}}}
    level: 1
";

const LADDERS: &str = "\
ladders:
  - id: compulsory
    title: {zh: 义务教育阶段缺课, en: Absence in compulsory schooling}
    rungs:
      - {id: homeroom,   at: {after: 0h}, to: [homeroom], via: [sms]}
      - {id: guardian-1, at: {after: 30m}, to: [guardian], via: [sms]}
      - {id: school,     at: {after: {school_days: 1}, time: \"08:30\"}, to: [principal], via: [sms], unless: [acknowledged]}
      - {id: visit,      at: {after: {school_days: 2}}, to: [homeroom, moral_education], via: [sms], unless: [{act: visit}]}
      - {id: township,   at: {level: 2}, to: [township_government], via: [email], document: written_report, statutory: true}
      - {id: education,  at: {level: 2}, to: [education_office], via: [email], document: written_report, statutory: true}
      - {id: order,      at: {level: 3}, to: [township_government], via: [email], document: rectification_order, statutory: true}
    marks: [{mark: suspected, at: {level: 2}}, {mark: dropout, at: {mark: suspected, after: {calendar_days: 30}}}]
    repeat: {rung: education, every: {school_days: 5}, times: 6}
    gap_min: 2h
    return: {days: 1}
    watch: {school_days: 20, relapse: {of: unexcused, days: 1}}
    acknowledge: {holds: {school_days: 2}, by: [homeroom, principal, moral_education, township_government]}

  - id: operations
    title: {zh: 运行值守, en: Operations}
    rungs:
      - {id: operator, at: {after: 0h}, to: [operator], via: [email]}
      - {id: principal, at: {after: 30m}, to: [principal], via: [sms]}
      - {id: township, at: {after: 2h}, to: [township_government], via: [email]}
    gap_min: 10m
    return: {days: 1}
    watch: {school_days: 1, relapse: {of: unexcused, days: 1}}
";

const CONTACTS: &str = "\
contacts:
  offices:
    operator: {name: 系统管理员, people: [{name: 系统管理员, phone: \"13900009001\", email: operator@town.example.cn}]}
    township_government: {name: 春山镇人民政府, people: [{name: 镇教育办, phone: \"13900009002\", email: office@town.example.cn}]}
    education_office: {name: 县教育局, people: [{name: 基础教育股, phone: \"13900009003\", email: desk@county.example.cn}]}
  hours:
    guardian: {quiet: [\"21:00\", \"07:00\"], per_day: 1}
    office: {quiet: [\"19:00\", \"07:30\"], working_days_only: true, bundle: 10m}
";

#[cfg(test)]
mod tests {
    #[test]
    fn the_configuration_compiles_without_a_problem() {
        let township = crate::drive::township::Township::make(1, crate::drive::township::Size::Small);
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in township.configuration() {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let said = match crate::config::load(&dir.path().join("kongchuo.yaml")) {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems,
        };
        let said: Vec<String> = said.iter().map(|p| p.render(crate::domain::message::Lang::En)).collect();
        assert!(said.is_empty(), "\n{}", said.join("\n"));
    }
}
