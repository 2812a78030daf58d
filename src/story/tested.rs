//! The configuration as a test plays it, and the sources of what a story itself brings.

use super::event::What;
use super::read::Story;
use crate::domain::ids::SchoolId;
use crate::domain::policy::{
    Blank, ChannelKind, Content, CoverageKind, Format, Guard, Layout, Policy, Poll, Reader, Receipts, Replaces, Source,
    SourceKind, StatedAt,
};
use std::collections::{BTreeMap, BTreeSet};

/// The header of the school's column in files of our own.
pub const SCHOOL_HEADER: &str = "学校";
/// The source of registers and leave where the configuration has none of its own.
pub const REGISTER_SOURCE: &str = "story-register";
pub const LEAVE_SOURCE: &str = "story-leave";

/// The configuration as a test plays it: no guard unless the story asks, schools without pupils expect nothing,
/// and sources of registers and leave for what the story itself brings.
pub fn as_tested(mut policy: Policy, story: &Story) -> Policy {
    let schools: BTreeSet<&str> = story
        .pupils
        .iter()
        .map(|p| &p.fields)
        .chain(story.events.iter().flat_map(|e| match &e.what {
            What::Register(changes) => changes.iter().filter_map(|c| c.fields.as_ref()).collect(),
            _ => Vec::new(),
        }))
        .flatten()
        .filter(|(name, _)| *name == "school")
        .map(|(_, value)| value.as_str())
        .collect();
    let ours: BTreeSet<SchoolId> = policy
        .schools
        .iter()
        .filter(|s| schools.contains(s.id.as_str()) || schools.contains(s.name.as_str()))
        .map(|s| s.id.clone())
        .collect();
    for source in &mut policy.sources {
        if !story.guard {
            source.guard = Guard::default();
        }
        let empty = source.school.as_ref().map_or(ours.is_empty(), |s| !ours.contains(s));
        if empty {
            source.expected_by = None;
        }
    }
    // The gateways of a story report what became of each letter.
    for channel in &mut policy.channels {
        if channel.receipts == Receipts::Usual && matches!(channel.kind, ChannelKind::Http(_)) {
            channel.receipts = Receipts::USUAL;
        }
    }
    let own = [(REGISTER_SOURCE, Content::Register), (LEAVE_SOURCE, Content::Leave)];
    policy.sources.extend(own.map(|(id, content)| Source {
        id: id.into(),
        school: None,
        school_column: Some(SCHOOL_HEADER.into()),
        content,
        kind: SourceKind::Directory { path: "/nonexistent".into(), matching: "*.csv".into() },
        poll: Poll::Every { seconds: 10 },
        settle_s: 0,
        coverage: CoverageKind::Full,
        replaces: Replaces::Rows,
        classes: Vec::new(),
        slots: Vec::new(),
        expected_by: None,
        guard: Guard::default(),
        reader: our_words(),
        keep_days: None,
    }));
    policy
}

/// How files are read that a story writes itself.
pub fn our_words() -> Reader {
    Reader {
        format: Format::Auto,
        encoding: None,
        layout: Layout::Auto,
        sheet: None,
        stated_at: StatedAt::Arrival,
        columns: BTreeMap::new(),
        statuses: BTreeMap::new(),
        legend: BTreeMap::new(),
        blank: Blank::Hold,
        late_over: None,
    }
}
