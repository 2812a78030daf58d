//! Nobody is alarmed wrongly: days before the start, corrections, a softer rule, a whole school at once; and exit codes.

use crate::town::{HE, Town, ZHANG};

#[test]
fn a_hundred_days_before_the_start_alarm_nobody() {
    let town = Town::new();
    let today = town.today;
    town.edit("kongchuo.yaml", |text| {
        text.replace(&format!("live_from: {}", town.day(-200)), &format!("live_from: {today}"))
    });
    town.two();
    let days: Vec<(&str, i64)> = (1..=100).map(|n| (ZHANG[0], -n)).collect();
    town.absent("history.csv", &days);
    town.round();
    assert!(town.letters_to("guardian").is_empty(), "{:?}", town.letters());
    assert!(!town.json(&["findings", "--on", &town.day(-1).to_string()]).is_empty());
}

#[test]
fn a_list_sent_again_without_the_child_empties_the_findings_and_corrects_once() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], 0), (HE[0], 0)]);
    town.round();
    assert_eq!(town.letters_to("guardian").len(), 2);
    town.absent("b.csv", &[(HE[0], 0)]);
    let found = town.json(&["findings", "--identify"]);
    assert_eq!(found.iter().map(|f| &f["subject"]["pupil"]).collect::<Vec<_>>(), [HE[0]]);
    let case = &town.json(&["case", "show", ZHANG[0]])[0];
    assert_eq!((&case["state"], &case["reason"]), (&"closed".into(), &"mistaken".into()));
    let waiting = town.json(&["outbox", "list", "--notices"]);
    let corrections =
        |role: &str| waiting.iter().filter(|n| n["rung"] == "corrected" && n["to"]["role"] == role).count();
    assert_eq!((corrections("guardian"), corrections("homeroom"), waiting.len()), (1, 1, 2), "{waiting:?}");
    town.round();
    town.round();
    let corrected = town.letters_to("guardian").iter().filter(|rungs| rungs.contains(&"corrected".to_owned())).count();
    assert_eq!(corrected, 1);
}

#[test]
fn a_higher_threshold_retracts_nothing_and_is_told_once() {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0)]);
    town.round();
    let case = |t: &Town| t.json(&["case", "list"]).pop().expect("a case");
    assert_eq!(case(&town)["level"], 2);
    let before = town.letters();
    town.rules(5);
    town.round();
    town.round();
    let after = town.letters();
    let new: Vec<_> = after.iter().skip(before.len()).collect();
    let weakened = new.iter().filter(|(_, rungs)| rungs.contains(&"weakened".to_owned())).count();
    assert_eq!(weakened, new.len(), "{new:?}");
    let roles: std::collections::BTreeSet<&str> = new.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles.len(), new.len(), "one letter to each office: {new:?}");
    assert!(!new.is_empty());
    assert_eq!((&case(&town)["level"], &case(&town)["state"]), (&2.into(), &"open".into()));
    let ledger = town.json(&["case", "show", "P-000001"])[0]["ledger"].clone();
    assert!(!ledger.to_string().contains("finding_retracted"), "{ledger}");
}

#[test]
fn forty_absent_at_once_alarm_no_guardian_before_somebody_has_looked() {
    let town = Town::new();
    let pupils: Vec<[String; 4]> = (0..60)
        .map(|i| {
            [format!("G999123203{i:03}"), format!("李某{}", i % 10), "三年级1班".into(), format!("139000002{i:02}")]
        })
        .collect();
    let rows: Vec<[&str; 4]> = pupils.iter().map(|p| [&*p[0], &*p[1], &*p[2], &*p[3]]).collect();
    town.register(&rows);
    let absent: Vec<(&str, i64)> = rows[..40].iter().map(|p| (p[0], 0)).collect();
    town.absent("a.csv", &absent);
    town.round();
    town.round();
    assert!(town.letters_to("guardian").is_empty(), "{:?}", town.letters());
    assert_eq!(town.letters_to("township_government").len(), 1, "{:?}", town.letters());
    let said = town.run(&["--format", "json", "incidents"]);
    assert_eq!(said.code, 1);
    let mass: Vec<_> = said.lines().into_iter().filter(|i| i["kind"] == "mass_absence").collect();
    assert_eq!(
        (mass.len(), &mass[0]["subject"], &mass[0]["closed"]),
        (1, &"cs-primary".into(), &serde_json::Value::Null)
    );
    assert!(town.run(&["incidents"]).out.contains("mass_absence"));
    let explained = town.json(&["explain", rows[0][0]])[0]["cases"][0].clone();
    let guardian = |p: &&serde_json::Value| p["rung"] == "guardian-1";
    let past = explained["past"].as_array().expect("rungs").iter().find(guardian).expect("the guardian's rung");
    assert_eq!((&past["text"], &past["notices"][0]["state"]), (&"暂缓".into(), &"held".into()), "{past}");
    let notes = explained["future"][0]["notes"].to_string();
    let by_itself = format!("最迟 {}", town.day(2));
    assert!(notes.contains("核实放行后发") && notes.contains(&by_itself), "{notes}");

    assert_eq!(town.run(&["outbox", "release"]).code, 2);
    let said = town.run(&["outbox", "release", "--by", "王主任", "--school", "cs-junior"]);
    assert_eq!(said.code, 2, "{}", said.out);
    town.ok(&["outbox", "release", "--by", "王主任", "--school", "cs-primary"]);
    let ledger = town.json(&["case", "show", rows[0][0]])[0]["ledger"].clone();
    let released = ledger.as_array().expect("events").iter().find(|l| l["event"] == "released");
    assert!(released.is_some_and(|l| l["uid"].is_u64()), "{ledger}");
    town.round();
    assert_eq!(town.letters_to("guardian").len(), 40);
}

#[test]
fn what_a_person_holds_by_hand_outlasts_the_end_of_a_mass_hold() {
    let town = Town::new();
    let pupils: Vec<[String; 4]> = (0..12)
        .map(|i| [format!("G999123203{i:03}"), "李某".into(), "三年级1班".into(), format!("139000002{i:02}")])
        .collect();
    let rows: Vec<[&str; 4]> = pupils.iter().map(|p| [&*p[0], &*p[1], &*p[2], &*p[3]]).collect();
    town.register(&rows);
    town.absent("a.csv", &rows.iter().map(|p| (p[0], 0)).collect::<Vec<_>>());
    town.round();
    let notices = town.json(&["outbox", "list", "--notices"]);
    let of_guardians = notices.iter().filter(|n| n["rung"] == "guardian-1" && n["state"] == "held");
    let ids: Vec<&str> = of_guardians.map(|n| n["notice"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), 12, "{notices:?}");
    let by = ["--by", "王主任", "--reason", "家里有丧事"];
    town.ok(&[&["outbox", "hold", ids[0]], &by[..]].concat());
    assert_eq!(town.run(&[&["outbox", "hold", ids[0]], &by[..]].concat()).code, 2, "it is held by hand already");
    // What the mass absence holds a hand does not let go.
    assert_eq!(town.run(&["outbox", "release", ids[1], "--by", "王主任"]).code, 2);
    town.ok(&["outbox", "release", "--by", "王主任", "--school", "cs-primary"]);
    town.round();
    assert_eq!(town.letters_to("guardian").len(), 11);
    town.ok(&["outbox", "release", ids[0], "--by", "王主任"]);
    town.round();
    assert_eq!(town.letters_to("guardian").len(), 12);
}

#[test]
fn exit_codes_tell_who_has_to_act() {
    let town = Town::new();
    let check = |args: &[&str], code: i32| {
        let said = town.run(args);
        assert_eq!(said.code, code, "{args:?}\n{}\n{}", said.out, said.err);
    };
    // Nothing there yet.
    check(&["findings"], 3);
    check(&["case", "act", "P-000001", "--kind", "visit", "--by", "x"], 3);
    town.two();
    check(&["incidents"], 0);
    check(&["findings"], 0);
    check(&["findings", "--rule", "nothing-such"], 2);
    check(&["findings", "--on", "16.9."], 2);
    check(&["explain", "P-000077"], 2);
    check(&["case", "show", "P-000001"], 2);
    check(&["outbox", "retry", "L-000001", "--by", "x", "--reason", "y"], 2);
    check(&["case", "close", "P-000001"], 2);
    // A row of somebody whom the register does not know is a fault.
    town.write("x.csv", &format!("student_no,date,status\nG999123209999,{},unexplained\n", town.today));
    let file = town.path("x.csv").display().to_string();
    check(&["import", &file, "--source", "absent"], 1);
    check(&["import", &file, "--source", "nobody"], 2);
    check(&["import", "/nowhere/x.csv", "--source", "absent"], 3);
    check(&["import", &file, "--source", "absent", "--stated-at", "soon"], 2);
    // An unreadable configuration.
    town.write("rules.yaml", "rules: 7\n");
    check(&["findings"], 2);
}
