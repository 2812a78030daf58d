//! Commands that change something: cases, decisions, the outbox by hand; with and without a daemon.

use crate::town::{HE, Town, ZHANG};
use kongchuo::store::logbook;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn one_day() -> Town {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], 0)]);
    town
}

fn case(town: &Town) -> serde_json::Value {
    town.json(&["case", "show", "P-000001"]).pop().expect("a case")
}

#[test]
fn an_acknowledgement_holds_and_a_second_one_is_told_by_whom() {
    let town = one_day();
    let said = town.run(&["case", "acknowledge", "P-000001"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--by"), "{}", said.err);
    let line = &town.json(&["case", "acknowledge", "P-000001", "--by", "周老师", "--reason", "去家访"])[0];
    assert_eq!(line["case"], "C-000001");
    let next = line["climbs"][0]["next"].clone();
    assert_eq!(next["rung"], "school");
    assert!(next["at"].as_str().is_some_and(|at| at.starts_with(&town.day(2).to_string())), "{next}");
    let said = town.run(&["case", "acknowledge", "C-000001", "--by", "王校长", "--role", "principal"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("已由周老师于"), "{}", said.err);
    let said = town.run(&["case", "acknowledge", "C-000001", "--by", "沈所长", "--role", "justice_office"]);
    assert!(said.code == 2 && said.err.contains("justice_office"), "{}", said.err);
    // Whose user id it was, and why, is in the logbook.
    let db = town.db();
    let book = logbook::all(db.conn(), &db.vault()).expect("the logbook");
    let line = book.iter().find(|l| l.what == "acknowledge").expect("written down");
    assert_eq!((line.body.by.as_deref(), line.body.reason.as_deref()), (Some("周老师"), Some("去家访")));
    assert!(line.body.uid.is_some());
}

#[test]
fn a_case_is_closed_only_with_a_reason_and_its_evidence() {
    let town = one_day();
    let close = |args: &[&str]| {
        let mut all = vec!["case", "close", "P-000001"];
        all.extend(args);
        town.run(&all)
    };
    let refused = |args: &[&str], has: &str| {
        let said = close(args);
        assert!(said.code == 2 && said.err.contains(has), "{args:?}: {} {}", said.code, said.err);
        assert_eq!(case(&town)["state"], "open");
    };
    refused(&["--reason", "unreachable", "--evidence", "x", "--by", "王主任"], "联系不上");
    refused(&["--reason", "transferred", "--by", "王主任"], "证据");
    refused(&["--reason", "suspended", "--evidence", "批文1号", "--by", "王主任"], "--until");
    refused(&["--reason", "transferred", "--evidence", "转学证明1号"], "--by");
    assert_eq!(close(&["--reason", "transferred", "--evidence", "转学证明1号", "--by", "王主任"]).code, 0);
    let closed = case(&town);
    assert_eq!((&closed["state"], &closed["reason"]), (&"closed".into(), &"transferred".into()));
    assert!(town.json(&["case", "list"]).is_empty());
    assert_eq!(town.json(&["case", "list", "--all"]).len(), 1);
    // Evidence is personal: masked unless identified.
    assert!(!town.ok(&["case", "show", "P-000001"]).out.contains("转学证明1号"));
    assert!(town.ok(&["case", "show", "P-000001", "--identify"]).out.contains("转学证明1号"));
    town.ok(&["case", "reopen", "C-000001", "--by", "王主任", "--reason", "转学没有办成"]);
    assert_eq!(case(&town)["state"], "open");
}

#[test]
fn decisions_print_their_number_and_can_be_withdrawn() {
    let town = one_day();
    let today = town.today.to_string();
    let said = town.ok(&[
        "case",
        "excuse",
        "P-000001",
        "--from",
        &today,
        "--status",
        "sick",
        "--by",
        "周老师",
        "--reason",
        "补假条",
    ]);
    assert_eq!(said.out, "{\"decision\":\"E-000001\"}\n");
    assert!(town.json(&["findings"]).is_empty());
    assert_eq!((&case(&town)["state"], &case(&town)["reason"]), (&"closed".into(), &"mistaken".into()));
    let said = town.ok(&["case", "withdraw", "E-000001", "--by", "周老师", "--reason", "假条是假的"]);
    assert_eq!(said.out, "{\"decision\":\"E-000001\"}\n");
    assert_eq!(town.json(&["findings"]).len(), 1);
    let long = town.day(-9).to_string();
    let said = town.run(&[
        "case",
        "excuse",
        "P-000001",
        "--from",
        &long,
        "--to",
        &today,
        "--status",
        "sick",
        "--by",
        "周老师",
    ]);
    assert!(said.code == 2 && said.err.contains("--second"), "{}", said.err);
    let said = town.ok(&["case", "act", ZHANG[0], "--kind", "visit", "--result", "failed", "--by", "周老师"]);
    assert_eq!(said.out, "{\"decision\":\"A-000001\"}\n");
    assert_eq!(town.run(&["case", "return", "P-000009", "--on", &today, "--by", "x"]).code, 2);
    assert_eq!(town.run(&["case", "return", "P-000001", "--on", "gestern", "--by", "x"]).code, 2);
}

#[test]
fn a_stated_return_puts_the_case_under_watch_until_attendance_confirms_it() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -1)]);
    let said = town.ok(&["case", "return", "P-000001", "--on", &town.today.to_string(), "--by", "周老师"]);
    assert_eq!(said.out, "{\"decision\":\"E-000001\"}\n");
    assert_eq!(case(&town)["state"], "watching");
}

/// The events of the one case, by name.
fn events(town: &Town, name: &str) -> Vec<serde_json::Value> {
    let ledger = case(town)["ledger"].clone();
    ledger.as_array().expect("lines").iter().filter(|l| l["event"] == name).cloned().collect()
}

#[test]
fn a_stated_return_that_is_withdrawn_is_none_and_the_ledger_says_so() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -1)]);
    let today = town.today.to_string();
    town.ok(&["case", "return", "P-000001", "--on", &today, "--by", "周老师"]);
    town.ok(&["case", "withdraw", "E-000001", "--by", "王主任", "--reason", "看错了人"]);
    assert_eq!(case(&town)["state"], "open");
    let withdrawn = events(&town, "decision_withdrawn");
    assert_eq!((withdrawn.len(), &withdrawn[0]["decision"]), (1, &1.into()));
    assert_eq!(events(&town, "return_undone").len(), 1);
    assert_eq!(events(&town, "went_on").len(), 1);
}

#[test]
fn what_took_a_finding_away_stands_in_the_ledger_with_it() {
    let town = one_day();
    let today = town.today.to_string();
    town.ok(&[
        "case",
        "excuse",
        "P-000001",
        "--from",
        &today,
        "--status",
        "sick",
        "--by",
        "周老师",
        "--reason",
        "假条",
    ]);
    let excused = events(&town, "excused");
    assert_eq!((excused.len(), &excused[0]["status"], &excused[0]["decision"]), (1, &"sick".into(), &1.into()));
    let gone = &events(&town, "finding_retracted")[0];
    assert_eq!(gone["removed_by"], serde_json::json!({"what": "decision", "id": "E-000001"}));
    assert!(gone["text"].as_str().is_some_and(|t| t.contains("E-000001")), "{gone}");
}

#[test]
fn every_instant_in_json_has_the_townships_offset() {
    let town = one_day();
    town.ok(&["case", "acknowledge", "C-000001", "--by", "周老师", "--reason", "我去"]);
    let until = events(&town, "acknowledged")[0]["until"].clone();
    assert!(until.as_str().is_some_and(|t| t.ends_with("+08:00")), "{until}");
}

#[test]
fn a_notice_is_held_let_go_and_cancelled_by_hand_but_not_a_statutory_one() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0)]);
    let notices = town.json(&["outbox", "list", "--notices"]);
    let id = |rung: &str| {
        let found = notices.iter().find(|n| n["rung"] == rung).unwrap_or_else(|| panic!("{rung} in {notices:?}"));
        found["notice"].as_str().expect("an id").to_owned()
    };
    for act in ["hold", "cancel"] {
        let said = town.run(&["outbox", act, &id("township"), "--by", "王主任", "--reason", "x"]);
        assert!(said.code == 2 && said.err.contains("法定"), "{}", said.err);
    }
    let said = town.run(&["outbox", "hold", &id("homeroom"), "--by", "王主任"]);
    assert!(said.code == 2 && said.err.contains("--reason"), "{}", said.err);
    town.ok(&["outbox", "hold", &id("homeroom"), "--by", "王主任", "--reason", "先打电话"]);
    town.ok(&["outbox", "cancel", &id("guardian-1"), "--by", "王主任", "--reason", "家长已知"]);
    town.round();
    assert_eq!(town.letters(), [("township_government".to_owned(), vec!["township".to_owned()])]);
    let ledger = case(&town)["ledger"].clone();
    let skipped = |l: &serde_json::Value| l["event"] == "rung_skipped" && l["rung"] == "guardian-1";
    assert!(ledger.as_array().expect("lines").iter().any(skipped), "{ledger}");
    town.ok(&["outbox", "release", &id("homeroom"), "--by", "王主任"]);
    town.round();
    assert_eq!(town.letters_to("homeroom"), [["homeroom"]]);
    assert!(town.letters_to("guardian").is_empty());
    let letter = town.json(&["outbox", "list"]).pop().expect("a letter")["letter"].as_str().expect("an id").to_owned();
    assert_eq!(town.run(&["outbox", "cancel", &letter, "--by", "x", "--reason", "y"]).code, 2);
    assert_eq!(town.run(&["outbox", "retry", &letter, "--by", "x", "--reason", "y"]).code, 2);
    let shown = &town.json(&["outbox", "show", &letter])[0];
    assert_eq!((&shown["state"], &shown["notices"][0]["state"]), (&"accepted".into(), &"told".into()));
    assert_eq!(town.run(&["outbox", "show", "X-1"]).code, 2);
}

/// A daemon that is stopped with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn with_a_daemon_commands_go_to_it_and_take_effect_at_once() {
    let town = Town::new();
    town.two();
    let config = town.path("kongchuo.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kongchuo"));
    command.arg("--config").arg(config).arg("run").stdout(Stdio::null()).stderr(Stdio::null());
    let daemon = Daemon(command.spawn().expect("it starts"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while !town.path("data/control.sock").exists() {
        assert!(Instant::now() < deadline, "the daemon does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    town.absent("a.csv", &[(ZHANG[0], 0), (HE[0], 0)]);
    assert_eq!(town.json(&["findings", "--identify"]).len(), 2);
    assert_eq!(logbook::reads(town.db().conn()).expect("the log").len(), 1);
    let until = |what: &str, so: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !so() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    until("no case opened", &|| town.json(&["case", "list"]).len() == 2);
    town.ok(&["case", "acknowledge", "P-000001", "--by", "周老师"]);
    assert!(town.run(&["case", "acknowledge", "P-000001", "--by", "王校长"]).err.contains("周老师"));
    until("no letter went", &|| town.letters_to("guardian").len() == 2);
    let said = town.run(&["import", "/nowhere/x.csv", "--source", "absent"]);
    assert_eq!(said.code, 3, "{}", said.err);
    drop(daemon);
    // A killed daemon leaves its socket behind: the command takes the lock itself.
    town.ok(&["case", "act", "P-000001", "--kind", "visit", "--by", "周老师"]);
}
