//! Kills the real daemon with SIGKILL at random points while exports arrive and letters leave. Afterwards no notice is
//! missing, no letter was made twice, and a letter that reached the gateway twice is marked as tried again.
//! KONGCHUO_KILLS says how often.

mod running;

use kongchuo::store::{Db, Key, outbox};
use running::{KEY, PUPILS, drop_export, gateway, log_of, phone, start, stop, township, wait_for, write};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A file that was being read at two deaths is set aside, and its report says what to do: export it anew.
fn export_anew(dir: &Path) -> usize {
    let aside: Vec<PathBuf> = std::fs::read_dir(dir.join("inbox/roll/rejected"))
        .map(|entries| entries.filter_map(Result::ok).map(|e| e.path()).collect())
        .unwrap_or_default();
    let exports: Vec<_> = aside.into_iter().filter(|f| f.extension().is_some_and(|e| e == "csv")).collect();
    for file in &exports {
        let text = std::fs::read_to_string(file).expect("ours");
        let name = file.file_name().expect("it has one");
        write(&dir.join("inbox/roll").join(name), &format!("{text}\n"));
        std::fs::remove_file(file).expect("ours");
    }
    exports.len()
}

#[test]
fn a_daemon_that_is_killed_again_and_again_loses_nobody() {
    let kills: u64 = std::env::var("KONGCHUO_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(100);
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(4);
    township(dir, port);
    let mut first = start(dir);
    wait_for("the register to be read", dir, || dir.join("inbox/register/done").exists());
    stop(&mut first);
    let mut chance = Chance(20_261_124);
    let (mut dropped, mut anew) = (0, 0);
    let requests = || seen.lock().expect("no panic").values().map(|(_, times)| u64::from(*times)).sum::<u64>();
    let mut under_load = 0;
    for kill in 0..kills {
        let (dropped_before, sent_before) = (dropped, requests());
        let due = usize::try_from(kill + 1).expect("few") * PUPILS / usize::try_from(kills).expect("few");
        let mut drop_one = |most: usize| {
            if dropped < most.min(PUPILS) {
                drop_export(dir, dropped);
                dropped += 1;
            }
        };
        // Exports arrive all along: one while nothing runs, the others while the daemon starts, reads and sends.
        drop_one(due);
        let mut daemon = start(dir);
        let parts = 4;
        let life = 20 + chance.below(180);
        for _ in 0..parts {
            std::thread::sleep(Duration::from_millis(life / parts));
            drop_one(due);
        }
        assert!(daemon.0.try_wait().expect("ours").is_none(), "it died by itself:\n{}", log_of(dir));
        drop(daemon);
        under_load += u64::from(dropped > dropped_before || requests() > sent_before);
    }
    while dropped < PUPILS {
        drop_export(dir, dropped);
        dropped += 1;
    }
    let mut daemon = start(dir);
    let all: BTreeSet<String> = (0..PUPILS).map(phone).collect();
    let mut missing: BTreeSet<String> = all.clone();
    wait_for("everybody to be told", dir, || {
        anew += export_anew(dir);
        let told: BTreeSet<String> = seen.lock().expect("no panic").values().map(|(to, _)| to.clone()).collect();
        missing = all.difference(&told).cloned().collect();
        missing.is_empty()
    });
    // Retries of what was hung up on come after 30 seconds; they repeat keys and make no new ones.
    stop(&mut daemon);

    let seen = seen.lock().expect("no panic").clone();
    let mut keys: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (key, (to, _)) in &seen {
        keys.entry(to).or_default().push(key);
    }
    let twice: Vec<_> = keys.values().filter(|keys| keys.len() > 1).collect();
    assert!(twice.is_empty(), "two letters to one phone: {twice:?}");

    let db = Db::open_read_only(&dir.join("data/kongchuo.db"), &Key::from_hex(&KEY.repeat(32)).expect("64 digits"));
    let letters = outbox::letters(db.expect("the daemon's database").conn()).expect("letters");
    let attempts: BTreeMap<String, u32> = letters.iter().map(|l| (l.id.to_string(), l.attempts)).collect();
    for (key, (_, times)) in &seen {
        let marked = attempts.get(key).copied().unwrap_or_default();
        assert!(*times <= marked, "{key} came {times} times and is marked {marked}");
    }
    let repeats: u32 = seen.values().map(|(_, times)| times - 1).sum();
    println!(
        "kill -9: {kills} kills, {under_load} of them while exports arrived or letters left; {} letters to {} guardians, \
         {repeats} repeats absorbed by their keys, {anew} exports set aside and made anew; missing: 0, twice: 0",
        seen.len(),
        all.len()
    );
    assert!(2 * under_load > kills, "most of the kills meet a daemon that has something to do");
}
