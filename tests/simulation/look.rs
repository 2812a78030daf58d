//! What must hold of every world at every end, whatever happened in it: read off its database and what its gateways saw.
#![allow(dead_code)]

use kongchuo::domain::Time;
use kongchuo::domain::case::{self, State};
use kongchuo::domain::notice::About;
use kongchuo::domain::policy::{OnUnknown, Policy};
use kongchuo::drive::world::Sent;
use kongchuo::store::{Connection, Db, cases, outbox};
use std::collections::{BTreeMap, BTreeSet};

/// How often something was seen.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Seen {
    pub letters: u64,
    /// Copies of a letter that a gateway got, each noted as a possible repeat.
    pub repeats: u64,
    /// Letters of which nobody knows whether they arrived, and which were not sent again: the channel says so.
    pub unknown: u64,
    pub cases: u64,
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Seen) {
        self.letters += other.letters;
        self.repeats += other.repeats;
        self.unknown += other.unknown;
        self.cases += other.cases;
    }
}

pub fn is_quiet(at: Time) -> bool {
    let minutes = chrono::Timelike::num_seconds_from_midnight(&at) / 60;
    !(7 * 60..21 * 60).contains(&minutes)
}

/// Rungs of ladders; the other notices (returned, corrected, …) may be about a closed case.
const OUTSIDE_RUNGS: [&str; 10] =
    ["returned", "relapsed", "corrected", "mended", "held", "unconfirmed", "weakened", "reply", "digest", "morning"];

/// The invariants that can be read off a world at its end; `seed` says which one it was.
pub fn look(policy: &Policy, db: &Db, sent: &[Sent], seed: &str) -> Seen {
    let (conn, vault) = (db.conn(), db.vault());
    let ledger = cases::ledger(conn, &vault, None).expect("the ledger can be read");
    let all = cases::all(conn, &vault, true).expect("the cases can be read");

    for row in &all {
        let events: Vec<_> = ledger.iter().filter(|e| e.case == row.id).collect();
        let folded = case::fold(row.id, events.iter().map(|e| (e.at, &e.event)));
        assert_eq!(folded.as_ref(), Some(row), "{seed}: the ledger of {} does not fold to its row", row.id);
    }

    for sent in sent.iter().filter(|s| s.role == "guardian") {
        // Whoever has just written is answered at once.
        let notices = outbox::notices_of(conn, sent.letter).expect("its notices can be read");
        // (Of an erased follow-up only the letter is left.)
        let is_answer = notices.iter().all(|n| n.rung.as_str() == "reply") && !sent.text.contains("未到校");
        let quiet = is_quiet(sent.at) && !is_answer;
        assert!(!quiet, "{seed}: {} to a guardian in quiet hours at {}: {}", sent.letter, sent.at, sent.text);
        let letter = outbox::letter(conn, sent.letter).expect("a letter can be read").expect("a sent letter is stored");
        for notice in notices {
            let About::Case(case) = notice.about else { continue };
            if OUTSIDE_RUNGS.contains(&notice.rung.as_str()) {
                continue;
            }
            let events: Vec<_> = ledger.iter().filter(|e| e.case == case && e.at < letter.claimed).collect();
            let then = case::fold(case, events.iter().map(|e| (e.at, &e.event)));
            let state = then.map(|c| c.state);
            assert_ne!(state, Some(State::Closed), "{seed}: {} about {case}, which had closed", sent.letter);
        }
    }

    let lost = outbox::untold(conn).expect("the letters can be read");
    assert!(lost.is_empty(), "{seed}: notices wait for letters that have come to an end: {lost:?}");

    let mut seen = Seen { cases: all.len() as u64, letters: sent.len() as u64, ..Seen::default() };
    // A letter comes twice only where it is marked as a possible repeat.
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    for sent in sent {
        *times.entry(sent.letter).or_default() += 1;
    }
    for letter in outbox::letters(conn).expect("the letters can be read") {
        let n = times.get(&letter.id).copied().unwrap_or(0);
        let when = || sent.iter().filter(|s| s.letter == letter.id).map(|s| s.at.to_string()).collect::<Vec<_>>();
        // An idempotent channel (a folder) has the same letter once however often it goes.
        let once = policy.channel(&letter.channel).is_some_and(|c| c.on_unknown == OnUnknown::Idempotent);
        assert!(n <= 1 || once || letter.repeated, "{seed}: went {n} times unmarked, at {:?}: {letter:?}", when());
        // `unknown` stands for perhaps; these two do not.
        let surely = matches!(letter.state.as_str(), "accepted" | "delivered");
        assert!(!surely || n >= 1, "{seed}: counts as accepted, no gateway saw it: {letter:?}");
        seen.repeats += u64::from(n.saturating_sub(1));
        seen.unknown += u64::from(letter.state == "unknown");
    }
    seen
}

/// Every row of every table, to tell whether anything changed.
pub fn everything(conn: &Connection) -> BTreeMap<String, BTreeSet<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut names = conn.prepare(sql).expect("the schema can be read");
    let tables: Vec<String> =
        names.query_map([], |r| r.get(0)).and_then(Iterator::collect).expect("the schema can be read");
    let mut all = BTreeMap::new();
    for table in tables {
        let mut rows = conn.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table can be read");
        let width = rows.column_count();
        let text: BTreeSet<String> = rows
            .query_map([], |r| {
                (0..width)
                    .map(|i| r.get_ref(i).map(|v| format!("{v:?}")))
                    .collect::<Result<Vec<_>, _>>()
                    .map(|v| v.join("|"))
            })
            .and_then(Iterator::collect)
            .expect("a table can be read");
        all.insert(table, text);
    }
    all
}
