//! What became of letters, as it is remembered: a letter that is met again by the same way to the same recipient fares as
//! it did; every other is accepted.

use crate::domain::ids::LetterId;
use crate::domain::letter::Dispatch;
use crate::drive::world::Does;
use crate::store::shelf::{self, PastLetter, Way};
use crate::store::{Connection, StoreError};
use std::collections::{BTreeMap, VecDeque};

pub struct Remembered {
    by_way: BTreeMap<Way, VecDeque<PastLetter>>,
    /// Letters of the replay that were met before.
    met: BTreeMap<LetterId, Option<PastLetter>>,
}

impl Remembered {
    pub fn read(conn: &Connection) -> Result<Remembered, StoreError> {
        let mut by_way: BTreeMap<Way, VecDeque<PastLetter>> = BTreeMap::new();
        for (way, letter) in shelf::letters(conn)? {
            by_way.entry(way).or_default().push_back(letter);
        }
        Ok(Remembered { by_way, met: BTreeMap::new() })
    }

    /// What its gateway did with this attempt.
    pub fn of(&mut self, conn: &Connection, d: &Dispatch) -> Result<Option<Does>, StoreError> {
        if !self.met.contains_key(&d.letter) {
            let mut found: Option<PastLetter> = None;
            for way in shelf::ways(conn, d.letter)? {
                let Some(list) = self.by_way.get_mut(&way) else { continue };
                // One letter carried several notices: each of them knows it.
                match &found {
                    Some(letter) => list.retain(|l| l.id != letter.id),
                    None => found = list.pop_front(),
                }
            }
            self.met.insert(d.letter, found);
        }
        Ok(self.met.get(&d.letter).and_then(Option::as_ref).map(|letter| did(letter, d.attempt)))
    }
}

fn did(l: &PastLetter, attempt: u32) -> Does {
    let why = l.why.as_deref().unwrap_or_default();
    if attempt < l.attempts {
        return if matches!(why, "unknown" | "idempotent") { Does::HangUp } else { Does::Fail };
    }
    match (l.state.as_str(), why) {
        ("failed", "bad_address") => Does::BadAddress,
        ("failed", "bad_message") => Does::BadMessage,
        ("failed", "channel_down") => Does::RefuseLogin,
        ("failed", _) if l.was_accepted => Does::Undelivered,
        ("failed" | "waiting", _) => Does::Fail,
        // Its receipt did not come in time.
        ("unknown", "not_delivered") => Does::NoReceipt,
        ("unknown", _) => Does::HangUp,
        // No receipt has come, or the gateway gives none.
        ("accepted", _) => Does::NoReceipt,
        _ => Does::Work,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_fares_as_it_did() {
        #[track_caller]
        fn check(state: &str, why: Option<&str>, attempts: u32, accepted: bool, expected: &[Does]) {
            let letter = PastLetter {
                id: LetterId(1),
                state: state.to_owned(),
                why: why.map(str::to_owned),
                attempts,
                was_accepted: accepted,
            };
            let got: Vec<Does> = (1..=attempts).map(|n| did(&letter, n)).collect();
            assert_eq!(got, expected);
        }
        check("delivered", Some("timeout"), 3, true, &[Does::Fail, Does::Fail, Does::Work]);
        check("delivered", Some("idempotent"), 2, true, &[Does::HangUp, Does::Work]);
        check("failed", Some("bad_address"), 1, false, &[Does::BadAddress]);
        check("failed", Some("bad_message"), 1, false, &[Does::BadMessage]);
        check("failed", Some("channel_down"), 1, false, &[Does::RefuseLogin]);
        check("failed", Some("not_delivered"), 1, true, &[Does::Undelivered]);
        check("failed", Some("timeout"), 2, false, &[Does::Fail, Does::Fail]);
        check("accepted", None, 1, true, &[Does::NoReceipt]);
        check("unknown", Some("not_delivered"), 1, true, &[Does::NoReceipt]);
        check("unknown", None, 1, true, &[Does::HangUp]);
    }
}
