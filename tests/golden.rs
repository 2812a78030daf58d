//! Golden texts (insta): the default words of letters, by telling and reader, in both languages; how an export is
//! described; the help. A change shows in the diff and is reviewed there.

#[path = "papers/mod.rs"]
mod papers;

use kongchuo::document;
use kongchuo::domain::Date;
use kongchuo::domain::message::{Lang, Text};
use kongchuo::domain::paper::Paper;
use kongchuo::domain::policy::{Policy, Template};
use kongchuo::domain::words::{CHILD_VARIABLES, Child, Facts, OFFICE_VARIABLES, Reader, incident_words, say};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn policy() -> Policy {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/kongchuo.yaml");
    kongchuo::config::load(&root).map(|l| l.policy).unwrap_or_else(|p| panic!("{} problems", p.len()))
}

fn child() -> Child {
    let day = |d| Date::from_ymd_opt(2026, 9, d).expect("a date");
    Child {
        name: "张小雨".into(),
        school: "春山镇中心小学".into(),
        class: "三年级2班".into(),
        dates: vec![day(7), day(8), day(9), day(14)],
        homeroom_name: "周老师".into(),
        homeroom_phone: "13900000014".into(),
        principal_name: "王校长".into(),
        principal_phone: "13900000012".into(),
        level: 2,
        number: Some("520123104-2026-0001".into()),
        returned_on: Some(day(10)),
    }
}

const TELLINGS: [&str; 10] =
    ["homeroom", "guardian-1", "school", "visit", "township", "overdue", "returned", "relapsed", "corrected", "reply"];

#[test]
fn default_letters_about_a_child() {
    let (policy, child) = (policy(), child());
    let mut out = String::new();
    for lang in [Lang::Zh, Lang::En] {
        for reader in [Reader::Guardian, Reader::Staff, Reader::Office] {
            for rung in TELLINGS {
                let facts = json!({ "unconfirmed": reader == Reader::Office && rung == "township" });
                let paper = match rung {
                    "township" => Some(Paper::RectificationOrder),
                    "school" => Some(Paper::WrittenReport),
                    _ => None,
                };
                let f = Facts {
                    rung,
                    template: None,
                    document: paper.map(Paper::as_str),
                    draft: paper.map(|p| (p, "520123104-2026-0001-01")),
                    attached: reader == Reader::Office,
                    child: Some(&child),
                    facts: &facts,
                    sms: reader == Reader::Guardian,
                    reader,
                    subject: String::new(),
                    lang,
                };
                let (subject, text) = say(&policy, &f);
                if reader == Reader::Guardian {
                    assert!(!text.contains("辍学") && !text.contains("dropout"), "{rung}: {text}");
                    assert!(!text.contains("520123104"), "a case number is an office's");
                }
                assert!(text.contains("张小雨"), "every letter about a child names the child: {text}");
                out += &format!("{reader:?} {rung} | {subject} | {text}\n");
            }
        }
    }
    insta::assert_snapshot!(out);
}

/// A township's own template may ask for whatever it likes: what its reader may not see is not there, and the default
/// words go out instead. No text about a child has a run of digits that could be an id number, or another child's name.
#[test]
fn no_template_shows_more_than_its_reader_may_see() {
    let mut policy = policy();
    let child = child();
    let all = CHILD_VARIABLES.iter().chain(&OFFICE_VARIABLES);
    let beyond = ["pupil.id_number", "pupil.student_no", "pupil.address", "guardian.phone", "case.grounds", "pupils"];
    let facts = json!({ "id_number": "999999201801010011", "other": "何小全", "pupils": ["何小全"] });
    for variable in all.copied().chain(beyond) {
        let text = Text { zh: format!("给您：{{{{ {variable} }}}}"), en: format!("To you: {{{{ {variable} }}}}") };
        let template =
            Template { sms: Some(text.clone()), email_subject: Some(text.clone()), email_text: Some(text.clone()) };
        policy.templates.by_id.insert("own".into(), template);
        for reader in [Reader::Guardian, Reader::Staff, Reader::Office] {
            for (sms, lang) in [(true, Lang::Zh), (false, Lang::Zh), (true, Lang::En), (false, Lang::En)] {
                for rung in TELLINGS {
                    let f = Facts {
                        rung,
                        template: Some("own"),
                        document: None,
                        draft: None,
                        attached: false,
                        child: Some(&child),
                        facts: &facts,
                        sms,
                        reader,
                        subject: String::new(),
                        lang,
                    };
                    let (subject, text) = say(&policy, &f);
                    let said = format!("{subject} {text}");
                    let longest = said.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
                    assert!(longest <= 11, "{variable} to {reader:?}: {said}");
                    assert!(!said.contains("何小全"), "{variable} to {reader:?}: {said}");
                    let is_own = said.contains("给您") || said.contains("To you");
                    // What an incident is about stands in letters about incidents only.
                    let may = CHILD_VARIABLES.contains(&variable) && variable != "incident"
                        || OFFICE_VARIABLES.contains(&variable) && reader == Reader::Office;
                    assert!(may || !is_own, "{variable} is not {reader:?}'s: {said}");
                    assert!(may == is_own, "{variable} is {reader:?}'s: {said}");
                }
            }
        }
    }
}

/// The text is what stands in the file: both come from one sheet.
#[test]
fn drafts_of_papers() {
    let mut out = String::new();
    for lang in [Lang::Zh, Lang::En] {
        for paper in Paper::ALL {
            for facts in [papers::full(lang), papers::bare(lang)] {
                let text = document::text(paper, &facts);
                // The order comes into a guardian's hands.
                assert!(paper != Paper::RectificationOrder || !text.contains("辍学") && !text.contains("dropout"));
                out += &format!("=== {lang:?} {}\n{text}\n", paper.as_str());
            }
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_long_case_says_the_range_and_lists_every_day_in_the_annex() {
    let text = document::text(Paper::WrittenReport, &papers::long(Lang::Zh));
    let (letter, annex) = text.split_once("- - - -").expect("a page of its own");
    assert!(letter.contains("2026年9月7日至2026年11月6日期间（共61天）") && !letter.contains("9日、10日"), "{letter}");
    assert!(annex.contains("29日、30日、10月1日、2日") && annex.contains("| 44 |"), "{annex}");
}

#[test]
fn default_letters_about_incidents() {
    let kinds = [
        ("export_overdue", json!({ "day": "2026-09-16", "by": "09:30" })),
        ("export_held", Value::Null),
        ("export_rejected", Value::Null),
        ("roster_shrunk", Value::Null),
        ("unknown_pupils", Value::Null),
        ("exemption_ends", Value::Null),
        ("calendar_unknown", Value::Null),
        ("mass_absence", json!({ "pupils": 40, "dates": ["2026-09-16"] })),
        ("contact_missing", Value::Null),
        ("channel_down", Value::Null),
        ("channel_down", json!({ "refused": "bad signature" })),
        ("letters_stuck", Value::Null),
        ("ladder_overdue", Value::Null),
        ("ladder_exhausted", Value::Null),
        ("case_for_review", Value::Null),
        ("policy_rejected", json!({ "problems": "kongchuo.yaml:3:5" })),
    ];
    let mut out = String::new();
    for lang in [Lang::Zh, Lang::En] {
        for (kind, detail) in &kinds {
            let (title, text) = incident_words(lang, kind, "春山镇中心小学", detail);
            out += &format!("{kind} | {title} | {text}\n");
        }
    }
    insta::assert_snapshot!(out);
}

/// What the real program prints, without the folder it ran in.
fn printed(args: &[&str], dir: &Path) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_kongchuo")).args(args).current_dir(dir).env("NO_COLOR", "1").output();
    let out = out.expect("the program starts");
    String::from_utf8_lossy(&out.stdout).replace(&dir.display().to_string(), ".")
}

#[test]
fn an_export_as_inspect_describes_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = "春山镇中心小学考勤表,,,,\n班级：三年级2班,,,,\n学籍号,姓名,班级,日期,状态\n\
                T001,张一,三年级2班,2026-09-07,到\nT002,李二,三(2)班,2026-09-07,旷课\nT003,王三,三2班,2026-09-31,病假\n\
                T004,赵四,三年级2班,2026-09-07,◎\n合计,,,,4\n";
    let (gbk, _, _) = encoding_rs::GB18030.encode(text);
    std::fs::write(dir.path().join("考勤.csv"), &gbk).expect("written");
    std::fs::write(dir.path().join("考勤（无日期）.csv"), "学籍号,状态\nT001,到\n").expect("written");
    let mut out = String::new();
    for lang in ["zh", "en"] {
        for file in ["考勤.csv", "考勤（无日期）.csv"] {
            out += &format!("--- {lang} {file}\n{}", printed(&["--lang", lang, "inspect", file], dir.path()));
        }
    }
    insta::assert_snapshot!(out);
}
