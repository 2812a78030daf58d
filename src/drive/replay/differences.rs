//! What differs between two replays of the same days: children, and letters. Compares; plays nothing.

use super::Played;
use crate::domain::case::Case;
use crate::domain::ids::{ChannelId, PupilId, Role, RuleId};
use crate::domain::{Date, Time};
use crate::drive::world::Broken;
use crate::store::outbox;
use std::collections::BTreeMap;

/// A child's first case of the days: what opened it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Child {
    pub pupil: PupilId,
    pub opened: Time,
    pub level: u8,
    pub rule: Option<RuleId>,
    pub fired_on: Option<Date>,
    /// How many cases within the days.
    pub cases: usize,
}

/// A letter as two replays can have it in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Letter {
    pub at: Time,
    pub role: Role,
    pub channel: ChannelId,
    pub rungs: Vec<String>,
    pub pupils: Vec<PupilId>,
    address: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Differences {
    /// Children who would have a case and have none today.
    pub more: Vec<Child>,
    /// Children who have a case today and would have none.
    pub fewer: Vec<Child>,
    /// Children who have one under both, opened at another time or on another level: today's, the other.
    pub otherwise: Vec<(Child, Child)>,
    pub letters_more: Vec<Letter>,
    pub letters_fewer: Vec<Letter>,
}

pub fn differences(today: &Played, other: &Played) -> Result<Differences, Broken> {
    let mut d = Differences::default();
    let (now, then) = (children(today), children(other));
    for (pupil, child) in &then {
        match now.get(pupil) {
            None => d.more.push(child.clone()),
            Some(known) if known != child => d.otherwise.push((known.clone(), child.clone())),
            Some(_) => {}
        }
    }
    d.fewer = now.iter().filter(|(pupil, _)| !then.contains_key(*pupil)).map(|(_, c)| c.clone()).collect();
    let (now, then) = (letters(today)?, letters(other)?);
    d.letters_more = without(&then, &now);
    d.letters_fewer = without(&now, &then);
    Ok(d)
}

fn children(played: &Played) -> BTreeMap<PupilId, Child> {
    let mut out: BTreeMap<PupilId, Child> = BTreeMap::new();
    for case in played.opened() {
        out.entry(case.pupil).and_modify(|c| c.cases += 1).or_insert_with(|| child(case));
    }
    out
}

fn child(case: &Case) -> Child {
    let ground = case.grounds.iter().max_by_key(|g| (g.level, std::cmp::Reverse(g.fired_on)));
    Child {
        pupil: case.pupil,
        opened: case.opened,
        level: case.level,
        rule: ground.map(|g| g.rule.clone()),
        fired_on: ground.map(|g| g.fired_on),
        cases: 1,
    }
}

/// Each letter of the days and how often it went.
fn letters(played: &Played) -> Result<BTreeMap<Letter, usize>, Broken> {
    let mut out = BTreeMap::new();
    for l in played.letters()? {
        let notices = outbox::notices_of(played.db.conn(), l.id)?;
        let mut rungs: Vec<String> = notices.iter().map(|n| n.rung.to_string()).collect();
        let mut pupils: Vec<PupilId> = notices.iter().filter_map(|n| n.pupil).collect();
        rungs.sort();
        rungs.dedup();
        pupils.sort();
        pupils.dedup();
        let at = l.accepted.unwrap_or(l.claimed);
        let letter = Letter { at, role: l.role, channel: l.channel, rungs, pupils, address: l.digest };
        *out.entry(letter).or_default() += 1;
    }
    Ok(out)
}

fn without(all: &BTreeMap<Letter, usize>, other: &BTreeMap<Letter, usize>) -> Vec<Letter> {
    let mut out = Vec::new();
    for (letter, n) in all {
        let common = other.get(letter).copied().unwrap_or(0);
        out.extend(std::iter::repeat_n(letter.clone(), n.saturating_sub(common)));
    }
    out
}
