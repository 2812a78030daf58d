//! The script of a replay: at which instant each thing that is stored became known. Decides nothing that follows from it.

use crate::domain::Time;
use crate::domain::evidence::Stamp;
use crate::domain::ids::SourceId;
use crate::domain::policy::Content;
use crate::drive::world::Happening;
use crate::store::shelf::{self, Past};
use crate::store::{Db, StoreError, logbook};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// When what a delivery states became known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Known {
    /// As it arrived, as the daemon knew it; history that was read in after the days asked for counts as known when it was
    /// stated.
    #[default]
    Either,
    Arrived,
    Stated,
}

/// What was played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Scripted {
    pub deliveries: usize,
    /// Among them: known as of the instant at which they were stated.
    pub as_stated: usize,
    /// Among them: history that was read in within the days, and was known from then on only.
    pub read_in: usize,
    /// Known only after the days asked for, and left out.
    pub later: usize,
    pub commands: usize,
}

/// One thing out of the records.
pub enum Recorded {
    /// It arrives and is not applied.
    Seen(Past),
    Applied(Past),
    Line(logbook::Line),
}

pub struct Written {
    pub start: Option<Time>,
    /// From when on anything is known.
    pub first: Option<Time>,
    pub events: Vec<Recorded>,
    pub happenings: Vec<(Time, Happening)>,
    pub scripted: Scripted,
}

/// A file that lies about longer than this was no delivery of its day: it was read in as history.
const HISTORY_DAYS: i64 = 7;

/// Everything that is known by `end`.
pub fn write(copy: &Db, end: Time, known: Known) -> Result<Written, StoreError> {
    let conn = copy.conn();
    let lines = shelf::logbook(conn, &copy.vault())?;
    let by_hand = stated_by_hand(&lines);
    let mut scripted = Scripted::default();
    let mut events: Vec<(Time, Recorded)> = Vec::new();
    let (mut first, mut left_out): (Option<Time>, Vec<Past>) = (None, Vec::new());
    let mut history: Option<Time> = None;
    for past in shelf::deliveries(conn)? {
        let d = &past.delivery;
        let is_history = d.arrived_at - d.stated_at > TimeDelta::days(HISTORY_DAYS)
            || by_hand.contains(&(d.source.clone(), d.arrived_at, d.stated_at));
        let stated = past.applied_at.map(|_| d.stated_at).filter(|_| match known {
            Known::Arrived => false,
            Known::Stated => true,
            Known::Either => is_history && d.arrived_at > end,
        });
        let at = stated.unwrap_or(d.arrived_at);
        first = Some(first.map_or(at, |f| f.min(at)));
        if at > end {
            scripted.later += 1;
            left_out.push(past);
            continue;
        }
        scripted.deliveries += 1;
        scripted.read_in += usize::from(is_history && stated.is_none());
        if let Some(at) = stated {
            scripted.as_stated += 1;
            if d.content != Content::Register {
                history = Some(history.map_or(at, |h| h.min(at)));
            }
            events.push((at, Recorded::Applied(past)));
            continue;
        }
        if past.trouble.is_some() {
            events.push((at, Recorded::Seen(past.clone())));
        }
        if let Some(applied) = past.applied_at.filter(|t| *t <= end) {
            events.push((applied, Recorded::Applied(past)));
        }
    }
    if let Some(history) = history {
        let moved = registers_first(&mut events, left_out, history);
        scripted.deliveries += moved;
        scripted.as_stated += moved;
        scripted.later -= moved;
    }
    let recorded = shelf::instants(conn)?.map(|(first, _)| first);
    for line in lines.into_iter().filter(|l| l.at <= end && !matches!(l.what.as_str(), "import" | "log_read")) {
        scripted.commands += 1;
        events.push((line.at, Recorded::Line(line)));
    }
    let played = events.iter().map(|(at, _)| *at).min();
    let start = [recorded, played].into_iter().flatten().min();
    let mut happenings = Vec::new();
    let mut numbered = Vec::new();
    for (no, (at, event)) in events.into_iter().enumerate() {
        let is_delivery = !matches!(event, Recorded::Line(_));
        happenings.push((at, Happening::Recorded { no, is_delivery }));
        numbered.push(event);
    }
    Ok(Written { start, first, events: numbered, happenings, scripted })
}

/// Files whose stamp was given by hand: source, arrival, stamp.
fn stated_by_hand(lines: &[logbook::Line]) -> BTreeSet<(SourceId, Time, Time)> {
    let imports = lines.iter().filter(|l| l.what == "import");
    imports
        .filter_map(|l| {
            let stated: Time = serde_json::from_value(l.body.request["stated_at"].clone()).ok()?;
            Some((SourceId::new(l.body.request["source"].as_str()?), l.at, stated))
        })
        .collect()
}

/// History names pupils: the first register of each source is there before it, whenever it was read in (what it says
/// holds for the time before it too, rules.md §1). How many that had been left out come in so.
fn registers_first(events: &mut Vec<(Time, Recorded)>, left_out: Vec<Past>, history: Time) -> usize {
    let is_register = |p: &Past| p.delivery.content == Content::Register && p.applied_at.is_some();
    let mut first: BTreeMap<SourceId, Stamp> = BTreeMap::new();
    let inside = events.iter().filter_map(|(_, e)| match e {
        Recorded::Applied(p) => Some(p),
        _ => None,
    });
    for p in inside.chain(&left_out).filter(|p| is_register(p)) {
        let stamp = first.entry(p.delivery.source.clone()).or_insert(p.delivery.stamp());
        *stamp = p.delivery.stamp().min(*stamp);
    }
    let is_first = |p: &Past| is_register(p) && first.get(&p.delivery.source) == Some(&p.delivery.stamp());
    for (at, event) in events.iter_mut() {
        if matches!(event, Recorded::Applied(p) if is_first(p)) {
            *at = history.min(*at);
        }
    }
    let moved: Vec<Past> = left_out.into_iter().filter(is_first).collect();
    let n = moved.len();
    events.extend(moved.into_iter().map(|p| (history, Recorded::Applied(p))));
    // Registers before what names their pupils, in the order of arrival otherwise.
    events.sort_by_key(|(at, e)| (*at, !matches!(e, Recorded::Applied(p) if p.delivery.content == Content::Register)));
    n
}
