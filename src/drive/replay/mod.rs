//! The replay: what is stored of deliveries and of what people did is played again in virtual time, under this policy or
//! another, on a copy that is gone afterwards. The steps are the daemon's; the database that was copied is only read.

mod differences;
mod letters;
mod past;
mod script;
mod sums;

pub use differences::{Child, Differences, Letter, differences};
pub use script::{Known, Scripted};
pub use sums::{Sums, sms_segments, sums};

use super::world::{Broken, World};
use crate::domain::case::Case;
use crate::domain::ids::{CaseId, PupilId};
use crate::domain::policy::Policy;
use crate::domain::{Date, Time, TimeOfDay};
use crate::store::outbox::LetterRow;
use crate::store::{Db, cases, outbox};
use past::Past;
use std::collections::BTreeMap;

/// The days asked for, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Days {
    pub from: Date,
    pub to: Date,
    /// The world ends then: with the last day, or now if that is earlier.
    pub end: Time,
}

impl Days {
    pub fn start(&self) -> Time {
        self.from.and_time(TimeOfDay::MIN)
    }
    pub fn has(&self, at: Time) -> bool {
        at >= self.start() && at <= self.end
    }
}

/// What the days came to.
pub struct Played {
    /// As it is at the end.
    pub db: Db,
    pub policy: Policy,
    pub days: Days,
    /// Every case that there was, those that were erased since too, as last seen.
    pub cases: Vec<Case>,
    pub start: Time,
    pub scripted: Scripted,
    /// What people did that had nothing to act on under this policy.
    pub refused: usize,
}

impl Played {
    /// Cases opened within the days.
    pub fn opened(&self) -> Vec<&Case> {
        self.cases.iter().filter(|c| self.days.has(c.opened)).collect()
    }

    /// Letters of these days, oldest first; those that nobody took are not among them.
    pub fn letters(&self) -> Result<Vec<LetterRow>, Broken> {
        let mut all = outbox::letters(self.db.conn())?;
        all.retain(|l| l.accepted.is_some_and(|at| self.days.has(at)));
        all.sort_by_key(|l| (l.accepted, l.id));
        Ok(all)
    }
}

/// Nothing is stored that could be played.
pub struct Nothing {
    /// From when on something is known.
    pub first: Option<Time>,
    /// Deliveries that became known only after the days asked for.
    pub later: usize,
}

/// Plays everything up to the end of the days from a copy of `db`; `progress` is told each day that is over.
pub fn play(
    copy: Db,
    policy: Policy,
    days: Days,
    known: Known,
    progress: &(dyn Fn(Date) + Sync),
) -> Result<Result<Played, Nothing>, Broken> {
    let written = script::write(&copy, days.end, known)?;
    let Some(start) = written.start.filter(|_| written.scripted.deliveries > 0) else {
        return Ok(Err(Nothing { first: written.first, later: written.scripted.later }));
    };
    let steps = Past::new(copy, policy, written.events)?;
    let mut world = World::new(steps, start, written.happenings);
    let mut seen: BTreeMap<(CaseId, Time, PupilId), Case> = BTreeMap::new();
    for day in start.date().iter_days().take_while(|d| *d <= days.end.date()) {
        let midnight = day.succ_opt().unwrap_or(day).and_time(TimeOfDay::MIN);
        world.play((midnight - chrono::TimeDelta::milliseconds(1)).min(days.end))?;
        // A follow-up is erased long after it closed: a look each day misses none.
        let db = &world.steps.spine.db;
        for case in cases::all(db.conn(), &db.vault(), true)? {
            seen.insert((case.id, case.opened, case.pupil), case);
        }
        progress(day);
    }
    let Past { spine, refused, .. } = world.steps;
    let policy = spine.policy().clone();
    let mut cases: Vec<Case> = seen.into_values().collect();
    cases.sort_by_key(|c| (c.opened, c.id));
    Ok(Ok(Played { db: spine.db, policy, days, cases, start, scripted: written.scripted, refused }))
}
