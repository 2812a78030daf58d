//! Intake: from a file that was found to sealed, stamped evidence. A delivery is wholly applied or not at all; what is odd
//! is held; what cannot be read is rejected. Decides no finding and tells nobody.

pub mod again;
mod apply;
mod collect;
mod identity;
mod register;
mod spool;
mod winners;

use crate::decode;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{DeliveryId, SourceId};
use crate::domain::normalise::stated_dates;
use crate::domain::policy::{Content, CoverageKind, Policy, Source, StatedAt};
use crate::domain::ratio::Ratio;
use crate::domain::record::{Observation, Place};
use crate::domain::{Date, Time};
use crate::store::deliveries::{self, ConditionKind, Settled, State};
use crate::store::{Db, StoreError};
use collect::Collected;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// The most faults that are stored (and reported) of one delivery; all are counted.
pub const FAULTS_MAX: usize = 2000;

#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file cannot be read")]
    File(#[from] io::Error),
    #[error("no source is called {0}")]
    NoSuchSource(SourceId),
}

/// A file that was found.
pub struct Found<'a> {
    pub source: SourceId,
    /// Without folders.
    pub file_name: &'a str,
    pub modified: Time,
}

/// How it came.
#[derive(Clone, Copy, Default)]
pub enum How<'a> {
    /// Found by polling: the file will be moved away.
    #[default]
    Poll,
    /// `import`: the file stays where it is.
    Import { stated_at: Option<Time>, confirm: bool, by: Option<&'a str> },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Applied,
    Held,
    Rejected,
    /// The same bytes as the source's latest delivery: not a new statement.
    Duplicate,
    /// It took the process down twice and is not read again by itself.
    SetAside,
}

/// What became of a file.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Received {
    pub delivery: DeliveryId,
    pub outcome: Outcome,
    /// What became of the delivery whose bytes these are (for a duplicate).
    pub state: State,
    pub rows: u32,
    pub unknown: u32,
    pub fault_count: u32,
    /// The first of them, with the file's name.
    pub faults: Vec<Fault>,
    pub odd: Option<Odd>,
}

/// Why a delivery is held; numbers only.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Odd {
    /// The date, pupils absent on it, pupils stated on it.
    pub absent: Option<(Date, u32, u32)>,
    /// Rows that name nobody or whose status is unknown, of all rows.
    pub unknown: Option<(u32, u32)>,
    /// Pupils of the register who are missing, of those who were in it.
    pub missing: Option<(u32, u32)>,
}

impl Odd {
    fn is_none(&self) -> bool {
        *self == Odd::default()
    }
}

fn over(n: u32, of: u32, limit: Option<Ratio>) -> bool {
    limit.is_some_and(|l| of > 0 && Ratio::new(i64::from(n), i64::from(of)) > l)
}

/// What a decoder tells before the rows: date and time in the file's name and in its title.
#[derive(Clone, Copy, Default)]
struct Stamps {
    name: Option<Time>,
    title: Option<Time>,
}

/// Reads all rows into the second, having told the stamps to the first; dates that the file states.
type Decode<'d> = dyn FnMut(
        &mut dyn FnMut(Stamps) -> Date,
        &mut dyn FnMut(Result<Observation, Fault>) -> ControlFlow<()>,
    ) -> Result<BTreeSet<Date>, Fault>
    + 'd;

/// Takes a file in. Running it twice at the same instant changes nothing.
pub fn receive<R: Read + Seek>(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    found: &Found,
    input: &mut R,
    how: How,
) -> Result<Received, IntakeError> {
    let source = policy.source(&found.source).ok_or_else(|| IntakeError::NoSuchSource(found.source.clone()))?;
    let bytes = digest(db, input, &dates_in_the_name(source, found.file_name))?;
    let mut decode = |stamps: &mut dyn FnMut(Stamps) -> Date,
                      row: &mut dyn FnMut(Result<Observation, Fault>) -> ControlFlow<()>| {
        let asked = decode::Asked {
            content: source.content,
            coverage: source.coverage,
            reader: &source.reader,
            file_name: found.file_name,
            statuses: &policy.statuses,
            acts: &policy.acts,
            school: source.school.as_ref().and_then(|s| policy.school(s)),
            school_column: source.school_column.as_deref(),
            schools: &policy.schools,
            stated_on: None,
        };
        let mut reading = decode::open(&mut *input, &asked)?;
        let d = reading.description();
        let day = stamps(Stamps { name: d.name_stamp, title: d.title_stamp });
        reading.stated_on(day);
        Ok(reading.for_each(row)?.stated)
    };
    take(db, policy, source, now, found, &bytes, how, &mut decode)
}

/// `import`: the same, for a file that stays where it is.
pub fn import<R: Read + Seek>(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    found: &Found,
    input: &mut R,
    stated_at: Option<Time>,
    confirm: bool,
    by: Option<&str>,
) -> Result<Received, IntakeError> {
    receive(db, policy, now, found, input, How::Import { stated_at, confirm, by })
}

struct Bytes {
    digest: [u8; 32],
    size: u64,
}

/// An empty list of exceptions says "all present" of the date in its name: yesterday's and today's have the same bytes
/// and are two statements. Elsewhere a file renamed says nothing new.
fn dates_in_the_name(source: &Source, file_name: &str) -> Vec<Date> {
    match source.coverage {
        CoverageKind::Exceptions if source.content == Content::Attendance => stated_dates(file_name),
        _ => Vec::new(),
    }
}

/// The whole file is read once for its digest, so that a change between two looks is not missed.
fn digest<R: Read + Seek>(db: &Db, input: &mut R, named: &[Date]) -> Result<Bytes, IntakeError> {
    let mut hash = db.vault().hasher("file");
    for date in named {
        hash.update(date.to_string().as_bytes());
    }
    input.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let n = input.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        size += n as u64;
        hash.update(&buffer[..n]);
    }
    input.seek(SeekFrom::Start(0))?;
    Ok(Bytes { digest: hash.finish(), size })
}

/// The delivery that these bytes are, or what is said of them without reading.
fn first_seen(
    db: &mut Db,
    source: &Source,
    now: Time,
    found: &Found,
    bytes: &Bytes,
    how: How,
) -> Result<Result<DeliveryId, Received>, IntakeError> {
    let vault = db.vault();
    let confirm = matches!(how, How::Import { confirm: true, .. });
    let polled = matches!(how, How::Poll);
    let known =
        match deliveries::not_moved(db.conn(), &source.id, &vault.digest("file_name", found.file_name), &bytes.digest)?
        {
            // Found again after a crash between applying and moving.
            Some(d) if polled => Some(d),
            _ => {
                let latest = deliveries::latest(db.conn(), &source.id)?;
                let same = deliveries::with_bytes(db.conn(), &source.id, &bytes.digest)?;
                match (latest, same) {
                    (Some(l), Some(s)) if l.id == s.id || (confirm && s.state == State::Held) => Some(s),
                    _ => None,
                }
            }
        };
    if let Some(d) = known {
        let again = match d.state {
            State::Pending => true,
            State::Held => confirm,
            State::Applied => false,
            // Not a statement yet: after a change of the configuration it may be readable, if somebody asks for it anew.
            State::Rejected | State::SetAside => !polled || !deliveries::is_to_move(db.conn(), d.id)?,
        };
        if !again {
            let outcome = if d.state == State::Held { Outcome::Held } else { Outcome::Duplicate };
            let odd = d.odd.as_deref().map(deliveries::counts).transpose()?;
            let mut faults = deliveries::faults(db.conn(), d.id)?;
            for f in &mut faults {
                f.place.file = found.file_name.into();
            }
            return Ok(Err(Received {
                delivery: d.id,
                outcome,
                state: d.state,
                rows: d.rows,
                unknown: d.unknown,
                fault_count: d.faults,
                faults,
                odd,
            }));
        }
        if d.state == State::Pending && d.reading && d.attempts >= 2 {
            let id = d.id;
            db.write(|tx| {
                deliveries::set_aside(tx, id, now)?;
                let detail = format!("{{\"delivery\":{},\"set_aside\":true}}", id.0);
                deliveries::set_condition(tx, &source.id, ConditionKind::ExportRejected, now, &detail)
            })?;
            return Ok(Err(Received {
                delivery: id,
                outcome: Outcome::SetAside,
                state: State::SetAside,
                rows: 0,
                unknown: 0,
                fault_count: 0,
                faults: Vec::new(),
                odd: None,
            }));
        }
        let (id, fresh) = (d.id, !matches!(d.state, State::Pending));
        db.write(|tx| deliveries::begin_reading(tx, id, fresh))?;
        return Ok(Ok(id));
    }
    let stated_at = match (how, source.reader.stated_at) {
        (How::Import { stated_at: Some(t), .. }, _) => t,
        (_, StatedAt::Modified) => found.modified,
        _ => now,
    };
    let id = db.write(|tx| {
        let new = deliveries::New {
            source,
            file_name: found.file_name,
            digest: bytes.digest,
            size: bytes.size,
            arrived_at: now,
            stated_at,
            to_move: polled,
        };
        let id = deliveries::insert(tx, &vault, &new)?;
        deliveries::begin_reading(tx, id, false)?;
        Ok::<_, StoreError>(id)
    })?;
    Ok(Ok(id))
}

fn take(
    db: &mut Db,
    policy: &Policy,
    source: &Source,
    now: Time,
    found: &Found,
    bytes: &Bytes,
    how: How,
    decode: &mut Decode,
) -> Result<Received, IntakeError> {
    let id = match first_seen(db, source, now, found, bytes, how)? {
        Ok(id) => id,
        Err(received) => return Ok(received),
    };
    let result = read_and_apply(db, policy, source, now, found, how, id, decode);
    if result.is_err() {
        db.write(|tx| deliveries::end_reading(tx, id))?;
    }
    result
}

fn read_and_apply(
    db: &mut Db,
    policy: &Policy,
    source: &Source,
    now: Time,
    found: &Found,
    how: How,
    id: DeliveryId,
    decode: &mut Decode,
) -> Result<Received, IntakeError> {
    let delivery = deliveries::get(db.conn(), id)?.ok_or_else(|| StoreError::Damaged("a delivery".into()))?;
    let (confirm, by) = match how {
        How::Import { confirm, by, .. } => (confirm, by),
        How::Poll => (false, None),
    };
    let explicit = matches!(how, How::Import { stated_at: Some(_), .. });
    let ready = super::prepared(policy);
    let calendar = &ready.calendar;
    let mut stated_at = delivery.stated_at;
    let mut collected = Collected::new(db.conn(), policy, calendar, source)?;
    let read = {
        let vault = db.vault();
        let mut failed = None;
        let conn = db.conn();
        let read = decode(
            &mut |stamps| {
                // A file that does not say when it was made is stated when it arrived.
                stated_at = match source.reader.stated_at {
                    _ if explicit || delivery.settled_at.is_some() => stated_at,
                    StatedAt::Content => stamps.title.unwrap_or(stated_at),
                    StatedAt::Filename => stamps.name.unwrap_or(stated_at),
                    StatedAt::Modified | StatedAt::Arrival => stated_at,
                };
                stated_at.date()
            },
            &mut |row| match collected.observe(conn, &vault, row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            },
        );
        if let Some(e) = failed {
            return Err(e.into());
        }
        read
    };
    let stated = match read {
        Ok(stated) => stated,
        Err(fault) => return Ok(reject(db, source, now, id, stated_at, fault)?),
    };
    if collected.is_empty() && !collected.faults.is_empty() && collected.pending.is_empty() {
        // Every row is at fault: applied, it would say that nobody is there.
        let place = Place { file: found.file_name.into(), ..Place::default() };
        let whole = Fault { kind: FaultKind::EveryRowAtFault, place, value: None };
        collected.faults.insert(0, whole);
        collected.fault_count += 1;
        return Ok(reject_all(db, source, now, id, stated_at, collected)?);
    }
    let stamp = crate::domain::evidence::Stamp { stated_at, delivery: id };
    let mut plan = match source.content {
        Content::Register => apply::Plan::Register(register::plan(db, &mut collected, stamp)?),
        Content::Attendance => apply::Plan::Attendance(winners::plan(db.conn(), source, &collected, stamp, &stated)?),
        Content::Leave | Content::Feedback => apply::Plan::Rows,
    };
    let odd = if confirm { Odd::default() } else { plan.odd(source, &collected) };
    let state = if odd.is_none() { State::Applied } else { State::Held };
    let odd = (!odd.is_none()).then_some(odd);
    let odd_text = odd.as_ref().map(|o| serde_json::to_string(o).unwrap_or_default());
    let vault = db.vault();
    collected.faults.truncate(FAULTS_MAX);
    db.write(|tx| {
        let settled = Settled {
            state,
            at: now,
            stated_at,
            rows: collected.rows,
            unknown: collected.unknown,
            fault_count: collected.fault_count,
            faults: &collected.faults,
            odd: odd_text.clone(),
            by,
        };
        // Settled first: what is asked of the database from here on takes this delivery into account.
        deliveries::settle(tx, &vault, id, &settled)?;
        if state == State::Applied {
            plan.apply(tx, &vault, policy, calendar, source, &mut collected, stamp, now)?;
        }
        if let Some(text) = &odd_text {
            deliveries::set_condition(tx, &source.id, ConditionKind::ExportHeld, now, text)?;
        } else {
            deliveries::clear_condition(tx, &source.id, ConditionKind::ExportHeld)?;
            deliveries::clear_condition(tx, &source.id, ConditionKind::ExportRejected)?;
            apply::conditions(tx, policy, now)?;
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(Received {
        delivery: id,
        outcome: if state == State::Applied { Outcome::Applied } else { Outcome::Held },
        state,
        rows: collected.rows,
        unknown: collected.unknown,
        fault_count: collected.fault_count,
        faults: collected.faults,
        odd,
    })
}

fn reject(
    db: &mut Db,
    source: &Source,
    now: Time,
    id: DeliveryId,
    stated_at: Time,
    fault: Fault,
) -> Result<Received, StoreError> {
    settle_rejected(db, source, now, id, stated_at, 0, 1, vec![fault])
}

fn reject_all(
    db: &mut Db,
    source: &Source,
    now: Time,
    id: DeliveryId,
    stated_at: Time,
    mut collected: Collected,
) -> Result<Received, StoreError> {
    collected.faults.truncate(FAULTS_MAX);
    settle_rejected(db, source, now, id, stated_at, collected.rows, collected.fault_count, collected.faults)
}

fn settle_rejected(
    db: &mut Db,
    source: &Source,
    now: Time,
    id: DeliveryId,
    stated_at: Time,
    rows: u32,
    fault_count: u32,
    faults: Vec<Fault>,
) -> Result<Received, StoreError> {
    let vault = db.vault();
    db.write(|tx| {
        let settled = Settled {
            state: State::Rejected,
            at: now,
            stated_at,
            rows,
            unknown: 0,
            fault_count,
            faults: &faults,
            odd: None,
            by: None,
        };
        deliveries::settle(tx, &vault, id, &settled)?;
        let kind = faults.first().map(|f| f.kind);
        let detail = serde_json::json!({ "delivery": id, "kind": kind }).to_string();
        deliveries::set_condition(tx, &source.id, ConditionKind::ExportRejected, now, &detail)
    })?;
    Ok(Received {
        delivery: id,
        outcome: Outcome::Rejected,
        state: State::Rejected,
        rows,
        unknown: 0,
        fault_count,
        faults,
        odd: None,
    })
}

/// The file of a delivery has been moved away.
pub fn moved(db: &mut Db, id: DeliveryId) -> Result<(), IntakeError> {
    Ok(db.write(|tx| deliveries::moved(tx, id))?)
}
