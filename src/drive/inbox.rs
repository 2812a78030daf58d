//! Folder to intake: takes every complete file of a source in, then moves it away. Commit first, then move: after a crash
//! in between the file is found again and only moved.

use crate::domain::Time;
use crate::domain::ids::SourceId;
use crate::domain::message::{Lang, delivery as words, intake};
use crate::domain::policy::{Policy, Source, SourceKind};
use crate::source::directory::{Away, Directory, Ready};
use crate::step::intake::{Found, How, IntakeError, Outcome, Received, moved, receive};
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

/// The poller of a source.
pub fn directory(policy: &Policy, source: &Source) -> Directory {
    let SourceKind::Directory { path, matching } = &source.kind;
    Directory::new(path, matching, source.settle_s, policy.township.zone)
}

/// One poll of one source. A file that cannot be taken in stops the poll and stays: the next poll tries again.
pub fn take_all(
    db: &mut crate::store::Db,
    policy: &Policy,
    source: &Source,
    directory: &mut Directory,
    now: Time,
    once: bool,
) -> Result<Vec<Received>, IntakeError> {
    let mut out = Vec::new();
    for file in directory.poll(now, once)? {
        let received = take_in(db, policy, source, &file, now)?;
        put_away(directory, policy, source, &file, &received, now)?;
        moved(db, received.delivery)?;
        out.push(received);
    }
    Ok(out)
}

/// Takes one complete file in; it stays where it is.
pub fn take_in(
    db: &mut crate::store::Db,
    policy: &Policy,
    source: &Source,
    file: &Ready,
    now: Time,
) -> Result<Received, IntakeError> {
    let found = Found { source: source.id.clone(), file_name: &file.file_name, modified: file.modified };
    let mut input = BufReader::new(File::open(&file.path)?);
    receive(db, policy, now, &found, &mut input, How::Poll)
}

/// Moves a file that was taken in away, with a report beside it when there is something to mend.
pub fn put_away(
    directory: &mut Directory,
    policy: &Policy,
    source: &Source,
    file: &Ready,
    received: &Received,
    now: Time,
) -> Result<(), IntakeError> {
    use crate::store::deliveries::State;
    let to = match received.state {
        State::Applied | State::Pending => Away::Done,
        State::Held => Away::Held,
        State::Rejected | State::SetAside => Away::Rejected,
    };
    let text = report(policy.township.lang, source, &file.file_name, received);
    directory.put_away(file, to, now, text.as_deref())?;
    Ok(())
}

/// What a school clerk needs to mend the file; `None`: there is nothing to mend.
pub fn report(lang: Lang, source: &Source, file_name: &str, r: &Received) -> Option<String> {
    let mut lines = vec![words::report_file(lang, file_name)];
    match r.outcome {
        Outcome::Held => lines.push(words::report_held(lang, &source.id)),
        Outcome::Rejected => lines.push(words::report_rejected(lang)),
        Outcome::SetAside => lines.push(words::report_set_aside(lang)),
        Outcome::Applied | Outcome::Duplicate if r.fault_count == 0 => return None,
        Outcome::Applied | Outcome::Duplicate => lines.push(words::report_applied(lang, r.rows, r.fault_count)),
    }
    if let Some(odd) = &r.odd {
        lines.extend(words::odd(lang, odd.absent, odd.unknown, odd.missing));
    }
    for f in &r.faults {
        let place = intake::place(lang, &f.place);
        let sentence = intake::fault(lang, f);
        lines.push(if place.is_empty() { sentence } else { words::at_place(lang, place, sentence) });
    }
    if r.fault_count as usize > r.faults.len() {
        lines.push(words::more_faults(lang, r.fault_count as usize - r.faults.len()));
    }
    Some(lines.join("\n") + "\n")
}

/// A file to ingest now and to leave where it is, as the command line asks the daemon for it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Import {
    /// Absolute.
    pub file: PathBuf,
    pub source: SourceId,
    /// Outranks the reader's.
    pub stated_at: Option<Time>,
    /// Apply it although its guard holds it.
    pub confirm: bool,
    pub by: Option<String>,
}

/// Ingests it, for whoever holds the database.
pub fn import(db: &mut crate::store::Db, policy: &Policy, now: Time, asked: &Import) -> Result<Received, IntakeError> {
    let file = File::open(&asked.file)?;
    let modified = crate::clock::local(file.metadata()?.modified()?, policy.township.zone);
    let file_name = asked.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let found = Found { source: asked.source.clone(), file_name: &file_name, modified };
    let mut input = BufReader::new(file);
    crate::step::intake::import(
        db,
        policy,
        now,
        &found,
        &mut input,
        asked.stated_at,
        asked.confirm,
        asked.by.as_deref(),
    )
}
