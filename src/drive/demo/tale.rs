//! What became of a term, read from the database: cases by school, rungs, letters, incidents, and one child's way. Numbers
//! and references only; the words are the command's.

use crate::domain::Time;
use crate::domain::case::{Case, Event, Reason, State};
use crate::domain::ids::{ChannelId, PupilId, Role, RungId};
use crate::domain::incident::Incident;
use crate::domain::policy::Policy;
use crate::store::{Db, StoreError, cases, incidents, outbox, register};
use std::collections::BTreeMap;

/// A school's children.
#[derive(Clone, Debug, Default)]
pub struct SchoolTale {
    pub name: String,
    pub pupils: usize,
    pub follow_ups: usize,
    pub cases: usize,
}

/// How often a rung was sent, in the order in which rungs first were.
#[derive(Clone, Debug)]
pub struct Told {
    pub rung: RungId,
    pub times: usize,
}

/// One case, event by event.
#[derive(Clone, Debug)]
pub struct Child {
    pub pupil: PupilId,
    pub school: String,
    pub case: Case,
    pub events: Vec<(Time, Event)>,
}

#[derive(Clone, Debug, Default)]
pub struct Tale {
    pub schools: Vec<SchoolTale>,
    pub returned: usize,
    pub watching: usize,
    pub open: usize,
    pub mistaken: usize,
    pub otherwise: usize,
    pub rungs: Vec<Told>,
    pub letters: usize,
    /// Role → channel → letters that were accepted.
    pub by_role: BTreeMap<Role, BTreeMap<ChannelId, usize>>,
    pub incidents: Vec<Incident>,
    pub child: Option<Child>,
}

pub fn tale(db: &Db, policy: &Policy) -> Result<Tale, StoreError> {
    let (conn, vault) = (db.conn(), db.vault());
    let mut tale = Tale::default();
    let all = cases::all(conn, &vault, true)?;
    let mut school_of: BTreeMap<PupilId, usize> = BTreeMap::new();
    for (index, school) in policy.schools.iter().enumerate() {
        let pupils = register::pupils_of(conn, &school.id)?;
        school_of.extend(pupils.iter().map(|p| (*p, index)));
        tale.schools.push(SchoolTale { name: school.name.clone(), pupils: pupils.len(), ..SchoolTale::default() });
    }
    for case in &all {
        if let Some(school) = school_of.get(&case.pupil).and_then(|s| tale.schools.get_mut(*s)) {
            match case.number {
                Some(_) => school.cases += 1,
                None => school.follow_ups += 1,
            }
        }
        match (case.state, case.closing.as_ref().map(|c| c.reason)) {
            (State::Open, _) => tale.open += 1,
            (State::Watching, _) => tale.watching += 1,
            (State::Closed, Some(Reason::Returned)) => tale.returned += 1,
            (State::Closed, Some(Reason::Mistaken)) => tale.mistaken += 1,
            (State::Closed, _) => tale.otherwise += 1,
        }
    }

    let ledger = cases::ledger(conn, &vault, None)?;
    for entry in &ledger {
        if let Event::RungSent { rung, .. } = &entry.event {
            match tale.rungs.iter_mut().find(|t| t.rung == *rung) {
                Some(told) => told.times += 1,
                None => tale.rungs.push(Told { rung: rung.clone(), times: 1 }),
            }
        }
    }
    for letter in outbox::letters(conn)?.iter().filter(|l| l.accepted.is_some()) {
        tale.letters += 1;
        *tale.by_role.entry(letter.role.clone()).or_default().entry(letter.channel.clone()).or_default() += 1;
    }
    tale.incidents = incidents::list(conn, true)?;

    // The child whose way is told: the highest case that is still open, of those the one that began first.
    let chosen = all
        .iter()
        .filter(|c| c.number.is_some())
        .max_by_key(|c| (c.state == State::Open, c.level, std::cmp::Reverse(c.opened)));
    tale.child = chosen.map(|case| Child {
        pupil: case.pupil,
        school: school_of.get(&case.pupil).map(|s| tale.schools[*s].name.clone()).unwrap_or_default(),
        case: case.clone(),
        events: ledger.iter().filter(|e| e.case == case.id).map(|e| (e.at, e.event.clone())).collect(),
    });
    Ok(tale)
}
