//! `simulate`: what days that have passed come to when they are replayed, and that nothing of the township changes by it.

use crate::town::{HE, Said, Town, ZHANG};
use kongchuo::store::logbook;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const ONE_DAY: &str = "  - {id: absent-1d, title: 无故缺课满一天, where: {stage: [primary]}, when: {consecutive: {of: unexcused, days: 1}}, level: 1, ladder: compulsory}\n";
const THREE_DAYS: &str = "  - {id: absent-3d, title: 连续无故缺课, where: {stage: [primary]}, when: {consecutive: {of: unexcused, days: 3, broken_by: attended}}, level: 2, ladder: compulsory}\n";

/// A list of who was absent on one day, read in now and stated on that day.
fn history(town: &Town, n: i64, absent: &[&str]) {
    let day = town.day(n);
    let rows: String = absent.iter().map(|no| format!("{no},{day},unexplained\n")).collect();
    let name = format!("{day}.csv");
    town.write(&name, &format!("student_no,date,status\n{rows}"));
    let file = town.path(&name).display().to_string();
    town.ok(&["import", &file, "--source", "absent", "--stated-at", &format!("{day}T09:00")]);
}

/// Two children; Zhang was away for three days and is back, He for the last of them.
fn three_days_ago() -> Town {
    let town = Town::new();
    town.two();
    history(&town, -20, &[ZHANG[0]]);
    history(&town, -19, &[ZHANG[0]]);
    history(&town, -18, &[ZHANG[0], HE[0]]);
    history(&town, -17, &[]);
    town
}

fn simulate(town: &Town, from: i64, to: i64, more: &[&str]) -> Said {
    let (from, to) = (town.day(from).to_string(), town.day(to).to_string());
    let mut args = vec!["simulate", "--from", from.as_str(), "--to", to.as_str()];
    args.extend(more);
    town.run(&args)
}

#[track_caller]
fn lines(town: &Town, from: i64, to: i64, more: &[&str]) -> Vec<Value> {
    let mut args = vec!["--format", "json"];
    args.extend(more);
    let said = simulate(town, from, to, &args);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    said.lines()
}

fn of<'l>(lines: &'l [Value], record: &str) -> Vec<&'l Value> {
    lines.iter().filter(|l| l["record"] == record).collect()
}

fn letters<'l>(lines: impl IntoIterator<Item = &'l Value>) -> Vec<(String, String, String)> {
    let mut out: Vec<_> =
        lines.into_iter().map(|l| (l["to"].to_string(), l["rungs"].to_string(), l["pupils"].to_string())).collect();
    out.sort();
    out
}

/// Every file below, with its bytes; what readers of the database leave beside it is nobody's.
fn files(below: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(below).expect("a folder").map(|e| e.expect("an entry").path()) {
        let name = entry.display().to_string();
        if entry.is_dir() {
            out.extend(files(&entry));
        } else if !name.ends_with("-wal") && !name.ends_with("-shm") {
            out.insert(name, std::fs::read(&entry).expect("a file"));
        }
    }
    out
}

#[test]
fn today_replayed_is_what_the_daemon_did_today_and_nothing_changes() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0), (HE[0], 0)]);
    town.round();
    town.ok(&["case", "acknowledge", "C-000001", "--by", "周老师", "--role", "homeroom", "--reason", "去家访"]);
    town.ok(&[
        "case",
        "excuse",
        HE[0],
        "--from",
        &town.day(0).to_string(),
        "--status",
        "sick",
        "--by",
        "周老师",
        "--reason",
        "发烧",
    ]);
    // Between two commands a daemon would have sent what was due.
    town.round();
    let three = town.json(&[
        "case",
        "excuse",
        ZHANG[0],
        "--from",
        &town.day(0).to_string(),
        "--status",
        "sick",
        "--by",
        "周老师",
        "--reason",
        "听错",
    ]);
    town.round();
    let decision = three[0]["decision"].as_str().expect("a decision").to_owned();
    town.ok(&["case", "withdraw", &decision, "--by", "周老师", "--reason", "记错了"]);
    town.round();
    let before = files(&town.path("T"));
    let replayed = lines(&town, 0, 0, &[]);
    assert!(before == files(&town.path("T")), "the township's folder was written to");

    let sent = town.json(&["outbox", "list"]);
    assert!(sent.len() > 3, "{sent:?}");
    assert_eq!(letters(of(&replayed, "letter")), letters(&sent));
    let cases = town.json(&["case", "list", "--all"]);
    let seen = |c: &Value| (c["pupil"].clone(), c["state"].clone(), c["level"].clone(), c["reason"].clone());
    let (is, was): (Vec<_>, Vec<_>) =
        (of(&replayed, "case").into_iter().map(seen).collect(), cases.iter().map(seen).collect());
    assert_eq!(is, was);
    assert!(is.iter().any(|c| c.3 == "mistaken"), "the excuse is replayed: {is:?}");
    let summary = of(&replayed, "summary")[0];
    assert_eq!(summary["policy"], "today");
    assert_eq!((&summary["commands"], &summary["refused"]), (&4.into(), &0.into()));
    // In a rehearsal the folder holds what would be SMS.
    assert_eq!(summary["sms"]["letters"], sent.len());
    assert!(summary["sms"]["segments"].as_u64() >= summary["sms"]["letters"].as_u64());
}

#[test]
fn history_that_was_read_in_afterwards_counts_as_known_when_it_was_stated() {
    let town = three_days_ago();
    let replayed = lines(&town, -25, -10, &["--identify"]);
    let opened: Vec<(String, String)> = of(&replayed, "case")
        .iter()
        .map(|c| {
            (c["pupil"].as_str().unwrap_or_default().to_owned(), c["opened"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let at = |n: i64| format!("{}T09:00:00+08:00", town.day(n));
    assert_eq!(opened, [(ZHANG[0].to_owned(), at(-20)), (HE[0].to_owned(), at(-18))]);
    let township: Vec<&Value> = of(&replayed, "letter")
        .into_iter()
        .filter(|l| {
            l["to"]["role"] == "township_government" && l["ladders"][0] == "compulsory" && l["rungs"][0] == "township"
        })
        .collect();
    assert_eq!(township.len(), 1);
    assert_eq!(township[0]["at"], at(-18));
    assert_eq!(township[0]["pupils"][0], ZHANG[0]);
    assert!(township[0]["text"].as_str().is_some_and(|t| t.contains(ZHANG[1])));
    let findings = of(&replayed, "finding");
    assert_eq!(findings.len(), 3);
    // As it arrived, nothing was known then.
    let said = simulate(&town, -25, -10, &["--known", "arrived"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--known stated"), "{}", said.err);
    // Days in which it was read in: known from then on, unless it is taken as it was stated.
    let known = lines(&town, -25, 0, &[]);
    assert_eq!(of(&known, "summary")[0]["read_in"], 4);
    let opened_today = |lines: &[Value]| {
        let today = town.day(0).to_string();
        of(lines, "case").iter().filter(|c| c["opened"].as_str().is_some_and(|t| t.starts_with(&today))).count()
    };
    assert!(opened_today(&known) > 0 || of(&known, "case").is_empty());
    let stated = lines(&town, -25, 0, &["--known", "stated"]);
    assert_eq!((of(&stated, "case").len(), opened_today(&stated)), (2, 0));
    // Days before there was anything to know of.
    assert_eq!(simulate(&town, -60, -50, &[]).code, 2);
    // The days are a window: what was before is played and not shown.
    let later = lines(&town, -18, -18, &[]);
    assert_eq!(of(&later, "case").len(), 1);
    assert!(
        of(&later, "letter")
            .iter()
            .all(|l| l["at"].as_str().is_some_and(|t| t.starts_with(&town.day(-18).to_string())))
    );
}

#[test]
fn what_differs_under_other_rules_is_named_child_by_child() {
    let town = three_days_ago();
    town.write("looser.yaml", &format!("rules:\n{THREE_DAYS}"));
    let looser = town.path("looser.yaml").display().to_string();
    let compared = lines(&town, -25, -10, &["--rules", &looser, "--compare"]);
    let children = |lines: &[Value]| -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        of(lines, "child_difference").into_iter().map(|l| (text(&l["difference"]), text(&l["pupil"]))).collect()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    // He would have none; Zhang's would open on the third day.
    assert_eq!(children(&compared), [pair("fewer", "P-000002"), pair("otherwise", "P-000001")]);
    let summaries = of(&compared, "summary");
    let letters = |s: &Value| s["letters"].as_i64().expect("a number");
    let (more, fewer): (Vec<&Value>, Vec<&Value>) =
        of(&compared, "letter_difference").into_iter().partition(|l| l["difference"] == "more");
    assert_eq!(letters(summaries[1]) - letters(summaries[0]), more.len() as i64 - fewer.len() as i64);
    assert!(!fewer.is_empty());

    // The other way round the stricter rule finds more.
    town.write("rules.yaml", &format!("rules:\n{THREE_DAYS}"));
    town.write("stricter.yaml", format!("{ONE_DAY}{THREE_DAYS}").replace("\n  ", "\n").trim_start());
    let stricter = town.path("stricter.yaml").display().to_string();
    let (today, other) = (lines(&town, -25, -10, &[]), lines(&town, -25, -10, &["--rules", &stricter]));
    assert_eq!((of(&today, "case").len(), of(&other, "case").len()), (1, 2));
    assert!(of(&today, "letter").len() < of(&other, "letter").len());
    let compared = lines(&town, -25, -10, &["--rules", &stricter, "--compare"]);
    assert_eq!(children(&compared), [pair("more", "P-000002"), pair("otherwise", "P-000001")]);
    let he = &of(&compared, "child_difference")[0]["other"];
    assert_eq!((&he["rule"], &he["fired_on"]), (&"absent-1d".into(), &town.day(-18).to_string().into()));

    // Another ladder: nobody but the homeroom teacher.
    town.edit("ladders.yaml", |text| text);
    let ladders = std::fs::read_to_string(town.path("ladders.yaml")).expect("there");
    town.write(
        "short.yaml",
        &ladders.lines().filter(|l| !l.contains("id: guardian-1")).map(|l| format!("{l}\n")).collect::<String>(),
    );
    let short = town.path("short.yaml").display().to_string();
    let other = lines(&town, -25, -10, &["--ladders", &short]);
    assert!(of(&other, "letter").iter().all(|l| l["rungs"][0] != "guardian-1"));
    assert!(of(&today, "letter").iter().any(|l| l["rungs"][0] == "guardian-1"));
}

#[test]
fn a_page_for_people_has_the_numbers_the_lists_and_what_was_assumed() {
    let town = three_days_ago();
    town.write("looser.yaml", &format!("rules:\n{THREE_DAYS}"));
    let looser = town.path("looser.yaml").display().to_string();
    for (lang, words) in [
        ("zh", ["新开个案 2 件", "absent-1d", "P-000001", "张**", "重放时的假定"]),
        ("en", ["2 cases opened", "absent-1d", "P-000001", "张**", "What was assumed"]),
    ] {
        let said = simulate(&town, -25, -10, &["--lang", lang]);
        assert_eq!(said.code, 0, "{}", said.err);
        for word in words {
            assert!(said.out.contains(word), "{word} is missing:\n{}", said.out);
        }
        let said = simulate(&town, -25, -10, &["--lang", lang, "--rules", &looser, "--compare"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("P-000002") && said.out.contains("absent-1d"), "{}", said.out);
    }
    for word in [ZHANG[0], ZHANG[1], ZHANG[3], HE[1], "周老师"] {
        for format in ["text", "json"] {
            let said = simulate(&town, -25, -10, &["--format", format]);
            assert!(!said.out.contains(word) && !said.err.contains(word), "{format} names {word}:\n{}", said.out);
        }
    }
    assert!(logbook::reads(town.db().conn()).expect("the log").is_empty());
    assert!(simulate(&town, -25, -10, &["--identify"]).out.contains(ZHANG[1]));
    let log = logbook::reads(town.db().conn()).expect("the log");
    assert_eq!((log.len(), log[0].1.as_str()), (1, "simulate"));
}

#[test]
fn what_cannot_be_simulated_is_said_with_the_way_out() {
    let town = Town::new();
    #[track_caller]
    fn check(said: &Said, code: i32, words: &[&str]) {
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        for word in words {
            assert!(said.err.contains(word), "{word} is missing:\n{}", said.err);
        }
    }
    // Nothing is there yet.
    assert_eq!(simulate(&town, -25, -10, &[]).code, 3);
    town.two();
    history(&town, -18, &[ZHANG[0]]);
    check(&simulate(&town, -10, -25, &[]), 2, &["--from"]);
    check(&simulate(&town, 10, 25, &[]), 2, &[]);
    check(&simulate(&town, -25, -10, &["--compare", "--lang", "en"]), 2, &["--rules", "--ladders"]);
    town.write(
        "broken.yaml",
        "rules:\n  - {id: absent-1d, title: x, when: {consecutive: {of: nonsense, days: 1}}, level: 1}\n",
    );
    let broken = town.path("broken.yaml").display().to_string();
    check(&simulate(&town, -25, -10, &["--rules", &broken]), 2, &["broken.yaml:2:", "nonsense"]);
    town.write("empty.yaml", "ladders: []\n");
    let empty = town.path("empty.yaml").display().to_string();
    check(
        &simulate(&town, -25, -10, &["--rules", &empty, "--lang", "en"]),
        2,
        &["empty.yaml", "has no rules", "`rules:`"],
    );
    let gone = town.path("gone.yaml").display().to_string();
    check(&simulate(&town, -25, -10, &["--rules", &gone]), 2, &["gone.yaml"]);
    check(&town.run(&["simulate", "--from", "gestern", "--to", "2026-09-01"]), 2, &["gestern"]);
}
