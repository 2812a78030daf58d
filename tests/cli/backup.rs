//! `backup` and `restore`: one whole file with nothing readable in it, and the way back.

use super::town::{HE, Town, ZHANG};

fn away_for_three_days() -> Town {
    let town = Town::new();
    town.register(&[ZHANG, HE]);
    town.absent("one.csv", &[(ZHANG[0], -3), (ZHANG[0], -2), (ZHANG[0], -1)]);
    town
}

#[test]
fn a_backup_is_one_sealed_file_and_brings_everything_back() {
    let town = away_for_three_days();
    let before = town.json(&["findings"]);
    assert!(!before.is_empty());
    let copy = town.path("copy.db").display().to_string();
    let said = town.ok(&["backup", &copy]);
    assert!(said.out.contains("copy.db"), "{}", said.out);
    let bytes = std::fs::read(&copy).expect("written");
    for text in [ZHANG[1], HE[1], ZHANG[3], ZHANG[0]] {
        assert!(!bytes.windows(text.len()).any(|w| w == text.as_bytes()), "{text} can be read in the backup");
    }
    let beside = std::fs::read_dir(town.path("")).expect("a folder");
    let beside: Vec<String> = beside.map(|f| f.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(beside.iter().filter(|name| name.starts_with("copy.db")).count(), 1, "{beside:?}");

    // What comes after the backup is gone with the restore, and kept aside.
    town.absent("two-1.csv", &[(HE[0], -3), (HE[0], -2), (HE[0], -1)]);
    assert_ne!(town.json(&["findings"]), before);
    let said = town.ok(&["restore", &copy, "--by", "王主任"]);
    assert!(said.out.contains("before-restore"), "{}", said.out);
    assert_eq!(town.json(&["findings"]), before);
    let kept = std::fs::read_dir(town.path("data")).expect("a folder");
    assert!(kept.flatten().any(|f| f.file_name().to_string_lossy().starts_with("kongchuo.db.before-restore-")));
    // And the town goes on.
    town.absent("two-2.csv", &[(HE[0], -3), (HE[0], -2), (HE[0], -1)]);
    assert_ne!(town.json(&["findings"]), before);
}

#[test]
fn what_is_no_backup_of_ours_is_refused_and_nothing_is_overwritten() {
    let town = away_for_three_days();
    let before = town.json(&["findings"]);
    let copy = town.path("copy.db").display().to_string();
    town.ok(&["backup", &copy]);
    let said = town.run(&["backup", &copy]);
    assert_eq!(said.code, 2, "{}", said.err);

    let text = town.path("notes.txt").display().to_string();
    town.write("notes.txt", "not a database");
    let said = town.run(&["restore", &text, "--by", "王主任"]);
    assert_eq!(said.code, 3, "{}", said.err);
    let missing = town.path("none.db").display().to_string();
    assert_eq!(town.run(&["restore", &missing, "--by", "王主任"]).code, 2);

    // A backup of which a part was overwritten.
    let mut bytes = std::fs::read(&copy).expect("written");
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    let damaged = town.path("damaged.db");
    std::fs::write(&damaged, bytes).expect("written");
    let said = town.run(&["restore", &damaged.display().to_string(), "--by", "王主任"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert_eq!(town.json(&["findings"]), before);
}
