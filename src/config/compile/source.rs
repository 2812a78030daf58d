//! Sources: where exports come from, how often to look, what they cover and how they are read.

use super::{Bench, id, known, seconds, status_ids};
use crate::config::leaf::Duration;
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::{At, Dict};
use crate::config::schedule;
use crate::domain::ids::{ClassName, SchoolId, SlotName, SourceId, StatusId};
use crate::domain::normalise;
use crate::domain::policy::{
    Blank, Content, CoverageKind, Encoding, Format, Guard, Layout, Poll, Reader, Replaces, School, Source, SourceKind,
    StatedAt, Status,
};
use std::collections::BTreeMap;

const IDENTITY: [&str; 6] = ["student_no", "id_number", "name", "class", "school", "grade"];
const ATTENDANCE: [&str; 7] = ["date", "slot", "status", "reason", "leave_until", "minutes", "approved"];
const LEAVE: [&str; 5] = ["from", "until", "status", "approved", "reason"];
const FEEDBACK: [&str; 6] = ["date", "action", "by", "result", "returned_on", "note"];
const REGISTER: [&str; 21] = [
    "sex",
    "birth_date",
    "status",
    "status_until",
    "status_basis",
    "enrolled_on",
    "left_on",
    "household_township",
    "household_address",
    "boarding",
    "groups",
    "guardian1_name",
    "guardian1_relation",
    "guardian1_phone",
    "guardian1_email",
    "guardian2_name",
    "guardian2_relation",
    "guardian2_phone",
    "guardian2_email",
    "carer_name",
    "carer_phone",
];

/// The canonical fields of a content (interface.md §2).
fn fields(content: Content) -> Vec<&'static str> {
    let own: &[&str] = match content {
        Content::Attendance => &ATTENDANCE,
        Content::Register => &REGISTER,
        Content::Feedback => &FEEDBACK,
        Content::Leave => &LEAVE,
    };
    IDENTITY.iter().chain(own).copied().collect()
}

pub fn sources(list: &[At<raw::Source>], schools: &[School], statuses: &[Status], b: &mut Bench) -> Vec<Source> {
    let mut taken = Vec::new();
    let mut out = Vec::new();
    for raw in list {
        let id = id(&raw.id, &mut taken, b).map(str::to_string);
        let source = source(raw, id.as_deref().unwrap_or(""), schools, statuses, b);
        if let (Some(_), Some(source)) = (id, source) {
            out.push(source);
        }
    }
    out
}

fn source(raw: &raw::Source, id: &str, schools: &[School], statuses: &[Status], b: &mut Bench) -> Option<Source> {
    let content = match raw.content.need(b.p, "content") {
        Some(raw::ContentWord::Register) => Content::Register,
        Some(raw::ContentWord::Feedback) => Content::Feedback,
        Some(raw::ContentWord::Leave) => Content::Leave,
        _ => Content::Attendance,
    };
    let (mut school, mut school_column) = (None, None);
    match raw.school.need(b.p, "school") {
        Some(raw::SchoolOrColumn::School(name)) => {
            let ids: Vec<&str> = schools.iter().map(|s| s.id.as_str()).collect();
            if ids.contains(&name.as_str()) {
                school = Some(SchoolId::new(name));
            } else {
                b.error(raw.school.pos, say!(unknown_school, name), did_you_mean(name, &ids));
            }
        }
        Some(raw::SchoolOrColumn::Column(map)) => school_column = map.column.need(b.p, "column").cloned(),
        None => {}
    }
    let owner = school.as_ref().and_then(|id| schools.iter().find(|s| &s.id == id));
    let coverage = match raw.coverage.get() {
        Some(raw::CoverageWord::Exceptions) => CoverageKind::Exceptions,
        _ => CoverageKind::Full,
    };
    if coverage == CoverageKind::Exceptions && content != Content::Attendance {
        b.error(raw.coverage.pos, say!(exceptions_not_attendance), Some(say!(hint_exceptions_not_attendance)));
    }
    let kind_bad = raw.kind.given && raw.kind.get().is_none();
    // What else a kind needs is not looked at when the kind itself is not to be had.
    let path = if kind_bad { None } else { raw.path.need(b.p, "path").map(|p| b.path(p)) };
    let matching = raw.r#match.get().map_or("*", String::as_str);
    if matching.contains('/') {
        b.error(raw.r#match.pos, say!(glob_with_folder, matching), Some(say!(hint_glob)));
    }
    let reader = reader(raw.reader.get(), content, statuses, b);
    let guard = raw.guard.get().map_or_else(Guard::default, |g| Guard {
        absent_share: g.absent_share.get().map(|s| s.0),
        unknown_rows: g.unknown_rows.get().map(|s| s.0),
        roster_shrinks: g.roster_shrinks.get().map(|s| s.0),
    });
    Some(Source {
        id: SourceId::new(id),
        poll: poll(raw, b),
        settle_s: seconds(&raw.settle, 0, b).and_then(|s| u32::try_from(s).ok()).unwrap_or(10),
        replaces: match (raw.replaces.get(), coverage) {
            (Some(raw::ReplacesWord::Day), _) | (None, CoverageKind::Exceptions) => Replaces::Day,
            _ => Replaces::Rows,
        },
        classes: classes(raw),
        slots: slots(raw, owner, schools, b),
        expected_by: raw.expected.get().and_then(|e| e.by.need(b.p, "by")).map(|c| c.0),
        guard,
        reader,
        keep_days: keep(raw, b),
        kind: SourceKind::Directory { path: path?, matching: matching.to_string() },
        school,
        school_column,
        content,
        coverage,
    })
}

fn poll(raw: &raw::Source, b: &mut Bench) -> Poll {
    let default = Poll::Every { seconds: 60 };
    let Some(text) = raw.poll.get() else { return default };
    if text.trim().contains(char::is_whitespace) {
        return match schedule::parse(text) {
            Ok(poll) => poll,
            Err((text, way_out)) => {
                b.error(raw.poll.pos, text, way_out);
                default
            }
        };
    }
    match Duration::parse(text) {
        Some(d) if d.0 > 0 => Poll::Every { seconds: u32::try_from(d.0).unwrap_or(60) },
        Some(_) => {
            b.error(raw.poll.pos, say!(too_short, 1), Some(say!(hint_duration)));
            default
        }
        None if text.bytes().all(|c| c.is_ascii_digit()) => {
            b.error(raw.poll.pos, say!(duration_without_unit, text), Some(say!(hint_duration_unit, text)));
            default
        }
        None => {
            b.error(raw.poll.pos, say!(bad_duration, text), Some(say!(hint_poll)));
            default
        }
    }
}

/// `all`, or nothing, is every class.
fn classes(raw: &raw::Source) -> Vec<ClassName> {
    let list = raw.classes.get().map(|m| m.0.as_slice()).unwrap_or_default();
    if list.iter().any(|c| c.value == "all") {
        return Vec::new();
    }
    list.iter().filter_map(|c| normalise::class_name(&c.value)).collect()
}

fn slots(raw: &raw::Source, owner: Option<&School>, schools: &[School], b: &mut Bench) -> Vec<SlotName> {
    let list = raw.slots.get().map(|m| m.0.as_slice()).unwrap_or_default();
    if list.iter().any(|c| c.value == "all") {
        return Vec::new();
    }
    let mut out = Vec::new();
    for item in list {
        // A file with many schools is read by each school's own slots.
        let found = match owner {
            Some(school) => normalise::slot(&item.value, Some(school)),
            None => schools.iter().find_map(|s| normalise::slot(&item.value, Some(s))),
        };
        match found {
            Some(slot) => out.push(slot),
            None => {
                let ids: Vec<&str> = owner.map(|s| s.slots.iter().map(|x| x.id.as_str()).collect()).unwrap_or_default();
                b.error(item.pos, say!(unknown_slot, item.value), did_you_mean(&item.value, &ids));
            }
        }
    }
    out
}

/// `1 term` is what happens without a number of days.
fn keep(raw: &raw::Source, b: &mut Bench) -> Option<u32> {
    let text = raw.keep.get()?;
    if matches!(text.as_str(), "1 term" | "term") {
        return None;
    }
    match Duration::parse(text) {
        Some(d) if d.0 >= 86_400 => u32::try_from(d.0 / 86_400).ok(),
        _ => {
            b.error(raw.keep.pos, say!(bad_keep, text), Some(say!(hint_keep)));
            None
        }
    }
}

fn reader(raw: Option<&raw::Reader>, content: Content, statuses: &[Status], b: &mut Bench) -> Reader {
    let mut out = Reader {
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
    };
    let Some(raw) = raw else { return out };
    out.format = match raw.format.get() {
        Some(raw::FormatWord::Csv) => Format::Csv,
        Some(raw::FormatWord::Xlsx) => Format::Xlsx,
        _ => Format::Auto,
    };
    out.encoding = match raw.encoding.get() {
        Some(raw::EncodingWord::Utf8) => Some(Encoding::Utf8),
        Some(raw::EncodingWord::Gb18030 | raw::EncodingWord::Gbk) => Some(Encoding::Gb18030),
        Some(raw::EncodingWord::Utf16) => Some(Encoding::Utf16),
        _ => None,
    };
    if let Some(raw::LayoutWord::Long) = raw.layout.get() {
        out.layout = Layout::Long;
    }
    out.sheet = raw.sheet.get().filter(|s| *s != "all").cloned();
    out.stated_at = match raw.stated_at.get() {
        Some(raw::StatedAtWord::Content) => StatedAt::Content,
        Some(raw::StatedAtWord::Filename) => StatedAt::Filename,
        Some(raw::StatedAtWord::Modified) => StatedAt::Modified,
        _ => StatedAt::Arrival,
    };
    let names = fields(content);
    for (key, header) in raw.columns.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if names.contains(&key.text.as_str()) {
            out.columns.insert(key.text.clone(), header.value.clone());
        } else {
            b.error(key.pos, say!(unknown_field, key.text), did_you_mean(&key.text, &names));
        }
    }
    out.statuses = words(raw.statuses.get(), statuses, b);
    out.legend = words(raw.legend.get(), statuses, b);
    if let Some(text) = raw.blank.get() {
        out.blank = match text.as_str() {
            "hold" => Blank::Hold,
            "nothing" => Blank::Nothing,
            word => match stated(word, raw.blank.pos, &["hold", "nothing"], statuses, b) {
                Some(id) => Blank::Status(id),
                None => Blank::Hold,
            },
        };
    }
    if let Some(late) = raw.late_over.get() {
        let minutes = late.minutes.need(b.p, "minutes").copied();
        let is = late.is.need(b.p, "is").and_then(|is| stated(is, late.is.pos, &[], statuses, b));
        out.late_over = minutes.zip(is);
    }
    out
}

fn words(raw: Option<&Dict<String>>, statuses: &[Status], b: &mut Bench) -> BTreeMap<String, StatusId> {
    let mut out = BTreeMap::new();
    for (key, word) in raw.map(|d| d.0.as_slice()).unwrap_or_default() {
        if let Some(id) = stated(&word.value, word.pos, &[], statuses, b) {
            out.insert(key.text.clone(), id);
        }
    }
    out
}

/// A status that a file can state: `not_listed` follows from silence alone.
fn stated(word: &str, pos: Pos, others: &[&str], statuses: &[Status], b: &mut Bench) -> Option<StatusId> {
    let mut ids: Vec<&str> = status_ids(statuses).into_iter().filter(|s| *s != "not_listed").collect();
    let found = ids.contains(&word);
    ids.extend(others);
    let item = At { pos, value: word.to_string() };
    known(&item, &ids, b);
    found.then(|| StatusId::new(word))
}
