//! The nightly audit on a database in which something was lost.

use super::town::{Town, ZHANG};

/// Takes something out of the database behind the program's back, and the word that an audit was done.
fn damage(town: &Town, sql: &str) {
    let db = rusqlite::Connection::open(town.path("data/kongchuo.db")).expect("opens");
    let changed = db.execute(sql, []).expect("runs");
    assert!(changed > 0, "nothing was damaged");
    db.execute("DELETE FROM meta WHERE key = 'audited'", []).expect("runs");
}

fn audited(sql: &str, check: &str) {
    let town = Town::new();
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -3), (ZHANG[0], -2), (ZHANG[0], -1)]);
    town.round();
    let open = |town: &Town| -> Vec<String> {
        let said = town.run(&["--format", "json", "incidents"]);
        said.lines().iter().map(|i| i["kind"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert!(!open(&town).contains(&"audit_failed".to_owned()), "{:?}", open(&town));
    let before = town.json(&["findings"]);
    damage(&town, sql);
    town.round();
    // The round that audits decides before it: the incident opens in the next one.
    town.round();
    assert!(open(&town).contains(&"audit_failed".to_owned()), "{check}: {:?}", open(&town));
    let said = town.run(&["incidents"]);
    assert!(!said.out.contains(ZHANG[1]), "{}", said.out);
    assert_eq!(town.json(&["findings"]), before);
}

#[test]
fn a_finding_that_got_lost_is_noticed_and_comes_back() {
    audited("DELETE FROM finding WHERE rule = 'absent-3d'", "finding");
}

#[test]
fn a_ledger_that_lost_an_event_is_noticed() {
    audited("DELETE FROM case_event WHERE id = (SELECT max(id) FROM case_event)", "ledger");
}

#[test]
fn a_case_that_was_lost_with_its_ledger_is_noticed_and_opened_again() {
    audited("DELETE FROM case_row", "caseless");
}
