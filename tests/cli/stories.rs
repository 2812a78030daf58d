//! `kongchuo test`: what is wrong with a story is shown with its line, a difference with both sides, and machines read it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The township of the policy stories.
fn policy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/kongchuo.yaml")
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Tells a story of one absent child; `rest` follows the attendance.
fn tell(marks: &str, rest: &str, args: &[&str]) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("one.test.yaml");
    let story = format!(
        "title: 一天\npolicy: {}\npupils:\n  - {{student_no: S1, name: 张小雨, school: cs-primary, grade: 3, class: 三年级2班, guardian1_phone: \"13900000001\"}}\nattendance:\n  from: 2026-09-07\n  S1: \"{marks}\"\n{rest}",
        policy().display()
    );
    std::fs::write(&file, story).expect("the story is written");
    let said = Command::new(env!("CARGO_BIN_EXE_kongchuo"))
        .args(["test", "one.test.yaml"])
        .args(args)
        .current_dir(folder.path())
        .env("LANG", "zh_CN.UTF-8")
        .output()
        .expect("the program runs");
    Said {
        code: said.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&said.stdout).into_owned(),
        err: String::from_utf8_lossy(&said.stderr).into_owned(),
    }
}

const WANT: &str = "until: \"2026-09-07 12:00\"\nwant: {letters: []}\n";

/// The events stand from line 9 on.
fn event(event: &str) -> Said {
    tell("×", &format!("timeline:\n  - {event}\n{WANT}"), &[])
}

#[test]
fn a_mistake_in_an_event_is_shown_with_its_line() {
    let wrong = [
        ("{at: \"2026-09-07 25:00\", acknowledge: S1}", "2026-09-07 25:00"),
        ("{acknowledge: S1, by: 李老师}", "at"),
        ("{at: \"2026-09-07 10:00\", acknowledg: S1}", "acknowledge"),
        ("{at: \"2026-09-07 10:00\", migrate: S1, reply: \"1\", from: \"13900000001\"}", "reply"),
        ("{at: \"2026-09-07 10:00\", acknowledge: S9, by: 李老师}", "S9"),
        ("{at: \"2026-09-07 10:00\", acknowledge: S1, bye: 李老师}", "bye"),
        ("{at: \"2026-09-07 10:00\", act: {pupil: S1}}", "kind"),
        ("{at: \"2026-09-07 10:00\", act: {pupil: S1, kind: visit, when: now}}", "when"),
        ("{at: \"2026-09-07 10:00\", correct: {S1: {2026-09-31: sick}}}", "2026-09-31"),
        ("{at: \"2026-09-07 10:00\", correct: {S1: {2026-09-07: ill}}}", "ill"),
        ("{at: \"2026-09-07 10:00\", correct: {S1: {2026-09-07: sick}}, as: nobody}", "nobody"),
        ("{at: \"2026-09-07 10:00\", leave: {S1: {from: 2026-09-07}}}", "until"),
        ("{at: \"2026-09-07 10:00\", close: S1}", "reason"),
        ("{at: \"2026-09-07 10:00\", serve: {pupil: S1}}", "document"),
        ("{at: \"2026-09-07 10:00\", reply: \"1\"}", "from"),
        ("{at: \"2026-09-07 10:00\", import: list.csv, source: no-such}", "no-such"),
        ("{at: \"2026-09-07 10:00\", register: {S1: {nickname: 小雨}}}", "nickname"),
        ("{at: \"2026-09-07 10:00\", channel: sms, does: explode}", "explode"),
        ("{at: \"2026-09-07 10:00\", channel: pigeon, does: fail}", "pigeon"),
        ("{at: \"2026-09-07 10:00\", channel: sms, reports: lost, number: \"13900000001\"}", "lost"),
        ("{at: \"2026-09-07 10:00\", channel: sms, reports: delivered}", "number"),
        ("{at: \"2026-09-07 10:00\", channel: pigeon, reports: delivered, number: \"13900000001\"}", "pigeon"),
        ("{at: \"2026-09-07 10:00\", policy: gone.yaml}", "gone.yaml"),
        ("{at: \"2026-09-07 10:00\", restart: maybe}", "maybe"),
        ("{at: \"2026-09-07 10:00\", asleep_until: tomorrow}", "tomorrow"),
    ];
    for (line, names) in wrong {
        let said = event(line);
        assert_eq!(said.code, 2, "{line}\n{}{}", said.out, said.err);
        let shown = said.err.lines().any(|l| l.starts_with("one.test.yaml:9: ") && l.contains(names));
        assert!(shown, "{line}\n{}", said.err);
    }
}

#[test]
fn a_policy_that_is_not_there_is_shown_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let story =
        "title: 一天\npupils: []\npolicy: nowhere/gone.yaml\nuntil: \"2026-09-07 12:00\"\nwant: {letters: []}\n";
    std::fs::write(folder.path().join("one.test.yaml"), story).expect("the story is written");
    let said = Command::new(env!("CARGO_BIN_EXE_kongchuo"))
        .args(["test", "one.test.yaml"])
        .current_dir(folder.path())
        .output()
        .expect("the program runs");
    let err = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(2), "{err}");
    assert!(err.lines().any(|l| l.starts_with("one.test.yaml:3: ") && l.contains("nowhere/gone.yaml")), "{err}");
}

#[test]
fn a_mark_that_nobody_knows_or_too_few_for_the_day_are_problems() {
    for (marks, names) in [("？", "？"), ("√√", "√√"), ("× √√√√√√√", "√√√√√√√")]
    {
        let said = tell(marks, WANT, &[]);
        assert_eq!(said.code, 2, "{marks}: {}", said.out);
        assert!(said.err.lines().any(|l| l.starts_with("one.test.yaml:7: ") && l.contains(names)), "{}", said.err);
    }
    let own = tell("？", &format!("marks: {{？: present}}\n{WANT}"), &[]);
    assert_eq!(own.code, 0, "{}{}", own.out, own.err);
    let six = tell("√√√√××", WANT, &[]);
    assert_eq!(six.code, 0, "{}{}", six.out, six.err);
}

#[test]
fn a_mistake_in_what_is_wanted_is_shown_with_its_line() {
    let wrong = [
        ("letter: []", "letter"),
        ("letters: {at: now}", "letters"),
        ("letters: [{too: guardian}]", "too"),
        ("letters: [{at: \"2026-09-07 9\"}]", "2026-09-07 9"),
        ("letters_of: {too: guardian}", "too"),
        ("findings: [{rule: absent-1d, fired_on: yesterday}]", "yesterday"),
        ("findings: [{pupil: S9}]", "S9"),
        ("cases: [{colour: red}]", "colour"),
        ("incidents: [{type: x}]", "type"),
        ("refused: [{why: x}]", "why"),
        ("checkpoints: [{cases: []}]", "at"),
        ("checkpoints: [{at: \"2026-09-07 10:00\", case: []}]", "case"),
        ("checkpoints: [{at: \"2026-09-07 12:01\", cases: []}]", "2026-09-07 12:01"),
    ];
    for (want, names) in wrong {
        let said = tell("×", &format!("until: \"2026-09-07 12:00\"\nwant:\n  {want}\n"), &[]);
        assert_eq!(said.code, 2, "{want}\n{}{}", said.out, said.err);
        let shown = said.err.lines().any(|l| l.starts_with("one.test.yaml:10: ") && l.contains(names));
        assert!(shown, "{want}\n{}", said.err);
    }
}

#[test]
fn output_that_cannot_be_written_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    let said = Command::new(env!("CARGO_BIN_EXE_kongchuo")).arg("schema").stdout(full).output().expect("it runs");
    assert_eq!(said.status.code(), Some(3));
    assert!(!said.stderr.is_empty());
}

#[test]
fn a_story_without_an_end_or_a_wish_and_a_policy_that_does_not_compile_are_problems() {
    assert_eq!(tell("×", "want: {letters: []}\n", &[]).code, 2);
    assert_eq!(tell("×", "until: \"2026-09-07 12:00\"\n", &[]).code, 2);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.test.yaml");
    let story = "title: 坏的\npolicy:\n  township: {name: 春山镇, code: \"520123104\"}\n  mode: lively\npupils: []\nuntil: \"2026-09-07 12:00\"\nwant: {letters: []}\n";
    std::fs::write(&file, story).expect("the story is written");
    let said = Command::new(env!("CARGO_BIN_EXE_kongchuo")).arg("test").arg(&file).output().expect("the program runs");
    let err = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(2), "{err}");
    assert!(err.lines().any(|l| l.contains("bad.test.yaml:4:") && l.contains("lively")), "{err}");
}

#[test]
fn one_letter_too_many_or_one_too_few_fails_and_both_sides_are_shown() {
    let want = "until: \"2026-09-07 09:30\"\nwant:\n  letters:\n    - {at: \"2026-09-07 09:00\", to: homeroom}\n";
    let many = tell("×", want, &[]);
    assert_eq!(many.code, 1, "{}{}", many.out, many.err);
    assert!(
        many.out.contains("（没有）") && many.out.contains("guardian") && many.out.contains("09-07 ×"),
        "{}",
        many.out
    );
    let few = tell("√", want, &["--format", "json"]);
    assert_eq!(few.code, 1, "{}{}", few.out, few.err);
    let told: Value = serde_json::from_str(&few.out).expect("one object");
    assert_eq!(
        (&told["file"], &told["title"], &told["passed"]),
        (&"one.test.yaml".into(), &"一天".into(), &false.into())
    );
    let difference = &told["differences"][0];
    assert_eq!((&difference["section"], &difference["line"]), (&"letters".into(), &11.into()));
    assert!(difference["wanted"].as_str().is_some_and(|w| w.contains("homeroom")) && difference["got"].is_null());
}

#[test]
fn a_letter_a_minute_late_or_with_a_word_that_must_not_be_there_fails() {
    let letter = |entry: &str| {
        let want =
            format!("until: \"2026-09-07 10:00\"\nwant:\n  letters_of: {{to: guardian}}\n  letters:\n    - {entry}\n");
        tell("×", &want, &[]).code
    };
    assert_eq!(letter("{at: \"2026-09-07 09:30\", pupil: S1, rung: guardian-1, has: [张小雨], has_not: [辍学]}"), 0);
    assert_eq!(letter("{at: \"2026-09-07 09:31\"}"), 1);
    assert_eq!(letter("{at: \"2026-09-07 09:30\", has: [李小明]}"), 1);
    assert_eq!(letter("{at: \"2026-09-07 09:30\", has_not: [张小雨]}"), 1);
    assert_eq!(letter("{at: \"2026-09-07 09:30\", rungs: [guardian-1, school]}"), 1);
    assert_eq!(letter("{at: \"2026-09-07 09:30\", pupils: [S1]}"), 0);
}
