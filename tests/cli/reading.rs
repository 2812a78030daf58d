//! Commands that read: findings, case list, explain, outbox, inspect; references and masked names, or identified and logged.

use crate::town::{HE, Town, ZHANG};
use kongchuo::store::logbook;

/// Zhang was away for three days, today the last of them.
fn three_days() -> Town {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0)]);
    town
}

/// Without any space: a text however its lines are broken.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn findings_have_the_form_of_the_contract_and_are_sorted() {
    let town = three_days();
    let found = town.json(&["findings", "--on", &town.today.to_string(), "--identify"]);
    let days: Vec<String> = [-2, -1, 0].iter().map(|n| town.day(*n).to_string()).collect();
    assert_eq!(found.len(), 2);
    let expected = serde_json::json!({
        "rule": "absent-3d",
        "subject": {"school": "cs-primary", "class": "三年级2班", "pupil": ZHANG[0]},
        "fired_on": days[2], "last_on": days[2], "open": true, "measure": {"days": 3}, "evidence": days,
    });
    assert_eq!(found[1], expected);
    assert_eq!(found[0]["rule"], "absent-1d");
    let keys: Vec<&String> = found[1].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["rule", "subject", "fired_on", "last_on", "open", "measure", "evidence"]);

    // Yesterday there was no third day; an instant before the file knew nothing.
    let yesterday = town.json(&["findings", "--on", &town.day(-1).to_string()]);
    assert_eq!(yesterday.len(), 1);
    assert_eq!(yesterday[0]["subject"]["pupil"], "P-000001");
    let before = format!("{}T00:00", town.day(-3));
    assert!(town.json(&["findings", "--known-at", &before]).is_empty());
    assert_eq!(town.json(&["findings", "--rule", "absent-3d"]).len(), 1);
}

#[test]
fn known_at_leaves_out_what_was_stated_or_recorded_later() {
    let town = Town::new();
    town.two();
    // The register is stated today: what was known before knows nobody. So it is stated early here.
    let stated = |source: &str, name: &str, text: &str, at: &str| {
        town.write(name, text);
        let file = town.path(name).display().to_string();
        town.ok(&["import", &file, "--source", source, "--stated-at", at]);
    };
    let at = |n: i64, clock: &str| format!("{}T{clock}", town.day(n));
    let register = std::fs::read_to_string(town.path("register.csv")).expect("there");
    stated("register", "early.csv", &format!("{register}\n"), &at(-10, "07:00"));
    for n in [-3, -2, -1] {
        let row = format!("student_no,date,status\n{},{},unexplained\n", ZHANG[0], town.day(n));
        stated("absent", &format!("{n}.csv"), &row, &at(n, "09:00"));
    }
    let known = |when: &str| -> Vec<(String, String)> {
        let found = town.json(&["findings", "--on", &town.day(-1).to_string(), "--known-at", when]);
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        found.iter().map(|f| (text(&f["rule"]), text(&f["last_on"]))).collect()
    };
    let one = |rule: &str, n: i64| (rule.to_owned(), town.day(n).to_string());
    assert_eq!(known(&at(-3, "08:59")), []);
    assert_eq!(known(&at(-3, "09:00")), [one("absent-1d", -3)]);
    assert_eq!(known(&at(-2, "12:00")), [one("absent-1d", -2)]);
    assert_eq!(known(&at(-1, "09:00")), [one("absent-1d", -1), one("absent-3d", -1)]);

    // A decision recorded now changes what is known now, and nothing of what was known.
    let day = town.day(-2).to_string();
    let said = town.ok(&[
        "case",
        "excuse",
        ZHANG[0],
        "--from",
        &day,
        "--status",
        "sick",
        "--by",
        "周老师",
        "--reason",
        "发烧",
    ]);
    assert_eq!(known(&at(-1, "09:00")), [one("absent-1d", -1), one("absent-3d", -1)]);
    let now = format!("{}T23:59", town.day(0));
    assert!(!known(&now).contains(&one("absent-3d", -1)), "{:?}", known(&now));
    // Nor does its withdrawal bring it into the past.
    let decision: String =
        said.out.chars().skip_while(|c| *c != 'E').take_while(|c| c.is_alphanumeric() || *c == '-').collect();
    town.ok(&["case", "withdraw", &decision, "--by", "周老师", "--reason", "记错了"]);
    assert_eq!(known(&now), [one("absent-1d", -1), one("absent-3d", -1)]);
    assert_eq!(known(&at(-2, "12:00")), [one("absent-1d", -2)]);
}

#[test]
fn nobody_is_named_without_identify_and_every_identified_read_is_logged() {
    let town = three_days();
    let read: [&[&str]; 6] = [
        &["findings"],
        &["case", "list"],
        &["case", "show", "P-000001"],
        &["explain", "P-000001"],
        &["outbox", "list"],
        &["outbox", "list", "--notices"],
    ];
    let private = [ZHANG[0], ZHANG[1], ZHANG[3], HE[1], "张小雨的父亲", "13900000014", "周老师"];
    for command in read {
        for format in ["text", "json"] {
            let mut args = vec!["--format", format];
            args.extend(command);
            let said = town.ok(&args);
            for word in private {
                assert!(!said.out.contains(word) && !said.err.contains(word), "{args:?} names {word}:\n{}", said.out);
            }
            assert!(said.out.contains("P-000001") || command[0] == "outbox", "{args:?}\n{}", said.out);
        }
    }
    assert!(logbook::reads(town.db().conn()).expect("the log").is_empty());
    assert!(town.ok(&["case", "list"]).out.contains("张**"));

    for (n, command) in [(1, "findings"), (2, "case list"), (3, "explain P-000001")] {
        let mut args: Vec<&str> = command.split(' ').collect();
        args.push("--identify");
        let said = town.ok(&args);
        for word in [ZHANG[0], ZHANG[1], ZHANG[3]] {
            assert!(said.out.contains(word), "{args:?} does not show {word}:\n{}", said.out);
        }
        let log = logbook::reads(town.db().conn()).expect("the log");
        assert_eq!(log.len(), n);
        let (user, what, pupil) = &log[n - 1];
        assert!(!user.is_empty());
        assert!(command.starts_with(what.as_str()), "{what}");
        assert_eq!(pupil.is_some(), command.starts_with("explain"));
    }
}

#[test]
fn explain_tells_the_days_the_because_the_past_and_what_comes() {
    let town = three_days();
    town.round();
    let told = &town.json(&["explain", ZHANG[0]])[0];
    assert_eq!((&told["pupil"], &told["name"]), (&"P-000001".into(), &"张**".into()));
    let strip = told["strip"].as_array().expect("a strip");
    assert_eq!(strip.last().expect("days"), &serde_json::json!({"date": town.today, "mark": "×"}));
    let because = told["findings"][1]["because"].as_str().expect("a sentence");
    assert!(because.starts_with("连续 3 个上课日无故缺课："), "{because}");
    let case = &told["cases"][0];
    let past: Vec<(&str, &str)> = case["past"]
        .as_array()
        .expect("rungs")
        .iter()
        .map(|p| (p["rung"].as_str().unwrap_or_default(), p["outcome"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(past.len(), 3, "{past:?}");
    assert!(["homeroom", "guardian-1", "township"].iter().all(|r| past.contains(&(r, "sent"))), "{past:?}");
    let future = case["future"].as_array().expect("rungs");
    assert_eq!((future.len(), &future[0]["rung"]), (1, &"school".into()));
    assert!(future[0]["at"].as_str().is_some_and(|at| at.starts_with(&town.day(1).to_string())));

    let text = town.ok(&["explain", "P-000001"]).out;
    for line in
        ["张**", "三年级2班", "连续 3 个上课日无故缺课", "定为 2 级", "已告知监护人（guardian-1，letters L-", "school"]
    {
        assert!(one_line(&text).contains(&one_line(line)), "no {line} in:\n{text}");
    }
    let english = town.ok(&["--lang", "en", "explain", "P-000001"]).out;
    assert!(english.contains("义务教育阶段缺课: rungs to come"), "{english}");
    assert!(!english.contains('\u{1b}'), "no colours where no terminal is");
}

#[test]
fn explain_says_what_clears_a_finding_and_what_changes_the_climb() {
    let town = three_days();
    town.round();
    let tomorrow = town.day(1);
    let said = &town.json(&["explain", "P-000001"])[0];
    let clears = &said["findings"][1]["clears"];
    let way =
        serde_json::json!({"by": "attending", "days": 1, "from": tomorrow, "on": tomorrow, "leave_does_too": false});
    assert_eq!(clears["ways"][0], way);
    let (month, day) = (tomorrow.format("%-m"), tomorrow.format("%-d"));
    let sentence = format!("回校上课满 1 天（{month}月{day}日起）即解除；请假不中断计算。");
    assert_eq!(clears["text"], sentence.as_str());
    let changes = said["cases"][0]["changes"][0]["text"].to_string();
    assert!(changes.contains("回校上课满 1 天") && changes.contains("班主任、校长接手"), "{changes}");

    // Somebody takes the case on: the rung says by whom it is put off, and from when.
    let due = said["cases"][0]["future"][0]["at"].clone();
    town.ok(&["case", "acknowledge", "P-000001", "--by", "周老师", "--reason", "去家访"]);
    let said = &town.json(&["explain", "P-000001"])[0]["cases"][0];
    let next = &said["future"][0];
    assert_eq!(next["rung"], "school");
    assert_ne!(next["at"], due);
    let due = due.as_str().expect("a time").replace('T', " ");
    let note = next["notes"][0].as_str().expect("a note");
    assert!(note.contains("周**接手") && note.contains(&due[..16]), "{note}");
    let text = town.ok(&["explain", "P-000001"]).out;
    assert!(text.contains("周**已接手，至"), "{text}");
    assert!(text.lines().all(|l| unicode_width::UnicodeWidthStr::width(l) <= 88), "a line is too wide:\n{text}");
    // A return stated by a person stops all of it.
    town.ok(&["case", "return", "P-000001", "--on", &town.day(0).to_string(), "--by", "周老师"]);
    let text = town.ok(&["explain", "P-000001"]).out;
    assert!(text.contains("个案观察中，流程停着") && text.contains("再无故缺课满 1 个上课日，流程继续"), "{text}");
}

#[test]
fn explain_of_a_rule_that_is_not_true_says_how_far_it_is() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -1), (ZHANG[0], 0)]);
    let said = &town.json(&["explain", "P-000001", "--rule", "absent-3d"])[0];
    assert_eq!(said["findings"], serde_json::json!([]));
    let far = &said["distance"];
    assert_eq!((&far["rule"], &far["barred"]), (&"absent-3d".into(), &serde_json::json!([])));
    assert_eq!(far["parts"][0]["now"], serde_json::json!({"days": 2}));
    assert_eq!(far["parts"][0]["dates"], serde_json::json!([town.day(-1), town.day(0)]));
    assert_eq!(far["earliest"], serde_json::json!({"on": town.day(1), "if": "truant"}));
    let text = town.ok(&["explain", "P-000001", "--rule", "absent-3d"]).out;
    assert!(text.contains("现为 2 个上课日，满 3 个上课日即触发；此后每天旷课的话，最早"), "{text}");
    let english = town.ok(&["--lang", "en", "explain", "P-000001", "--rule", "absent-3d"]).out;
    assert!(english.contains("now 2 school days; it takes at least 3 school days"), "{english}");
    // Of one that is true its findings are enough.
    let said = &town.json(&["explain", "P-000001", "--rule", "absent-1d"])[0];
    assert_eq!(said["findings"].as_array().map(Vec::len), Some(1));
    assert!(said["distance"].is_null());
}

#[test]
fn case_show_tells_the_history_in_dated_sentences_and_json_keeps_the_events() {
    let town = three_days();
    town.round();
    town.ok(&["case", "act", "P-000001", "--kind", "visit", "--result", "failed", "--by", "周老师"]);
    town.ok(&["case", "acknowledge", "P-000001", "--by", "周老师", "--reason", "明天再去"]);
    let text = town.ok(&["case", "show", "P-000001"]).out;
    // Where lines are broken is of no concern here.
    let flowing = one_line(&text);
    let year = town.today.format("%Y年%-m月%-d日");
    for words in [
        format!("{year} "),
        "发现连续无故缺课（规则 absent-3d，版本 ".into(),
        "根据报送 D-000002 第 ".into(),
        "立案跟踪；定为 2 级；开始按“义务教育阶段缺课”逐级告知；".into(),
        "周**登记".into(),
        "家访（未联系上或劝返无效）（系统用户 ".into(),
        "周**（班主任）接手，至".into(),
        "理由：（用 --identify 显示）。".into(),
    ] {
        assert!(flowing.contains(&one_line(&words)), "no {words} in:\n{text}");
    }
    let ledger = town.json(&["case", "show", "P-000001"])[0]["ledger"].clone();
    let lines = ledger.as_array().expect("events");
    let of = |name: &str| lines.iter().find(|l| l["event"] == name).unwrap_or_else(|| panic!("{name} in {ledger}"));
    assert!(of("acknowledged")["uid"].is_u64() && of("act_recorded")["uid"].is_u64(), "{ledger}");
    assert!(of("opened")["uid"].is_null(), "nobody's hand opened it: {ledger}");
    assert_eq!(of("finding_added")["basis"]["delivery"], "D-000002");
    let known = town.json(&["case", "show", "P-000001", "--identify"])[0]["ledger"].clone();
    assert!(known.to_string().contains("明天再去"), "{known}");
    let english = town.ok(&["--lang", "en", "case", "show", "P-000001"]).out;
    assert!(one_line(&english).contains(&one_line("the case was opened; set to level 2")), "{english}");
}

#[test]
fn a_b_a_says_the_same_as_a() {
    let a: &[(&str, i64)] = &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0)];
    let once = Town::new();
    once.two();
    once.absent("a.csv", a);
    let again = Town::new();
    again.two();
    again.absent("a.csv", a);
    again.absent("b.csv", &[(HE[0], -2), (HE[0], -1), (HE[0], 0)]);
    again.absent("c.csv", a);
    let findings = |t: &Town| t.ok(&["--format", "json", "findings"]).out;
    assert!(!findings(&once).is_empty());
    assert_eq!(findings(&once), findings(&again));
}

#[test]
fn a_file_is_inspected_as_its_source_would_read_it() {
    let town = Town::new();
    town.write("roll.csv", &format!("student_no,date,status\n{},{},缺\n", ZHANG[0], town.today));
    town.edit("sources.yaml", |text| {
        text.replace("coverage: exceptions}", "coverage: exceptions, reader: {statuses: {缺: truant}}}")
    });
    let file = town.path("roll.csv").display().to_string();
    let said = &town.json(&["inspect", &file, "--source", "absent"])[0];
    assert_eq!((&said["good"], &said["faults"]), (&1.into(), &0.into()), "{said}");
    let said = town.run(&["inspect", &file, "--source", "nobody"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("register, absent, full"), "{}", said.err);
}

#[test]
fn completions_and_manual_pages_are_written() {
    let town = Town::new();
    assert!(town.ok(&["completions", "bash"]).out.contains("_kongchuo"));
    assert!(town.ok(&["man"]).out.contains(".TH kongchuo"));
    town.ok(&["man", &town.path("man").display().to_string()]);
    assert!(town.path("man/kongchuo-case-close.1").exists());
    assert_eq!(town.run(&["completions", "dos"]).code, 2);
}
