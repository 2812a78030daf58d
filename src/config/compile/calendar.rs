//! Calendar: terms, holidays, closed and open days, named spans; overlaps and years that nobody has announced.

use super::{Bench, holidays, id, school};
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::{At, Many, Opt};
use crate::domain::ids::SchoolId;
use crate::domain::normalise;
use crate::domain::policy::{CalendarPolicy, Closure, HolidayYear, Holidays, Opening, School, Scope, Term};
use chrono::{Datelike as _, Weekday};

/// The township's weekend: Saturday and Sunday unless it says otherwise.
pub fn weekend(raw: Option<&raw::Calendar>) -> Vec<Weekday> {
    match raw.and_then(|c| c.weekend.get()) {
        Some(days) => days.iter().map(|d| d.value.0).collect(),
        None => vec![Weekday::Sat, Weekday::Sun],
    }
}

pub fn calendar(raw: &raw::Calendar, weekend: Vec<Weekday>, schools: &[School], b: &mut Bench) -> CalendarPolicy {
    let terms = terms(raw, b);
    let mut closed = Vec::new();
    let mut open = Vec::new();
    for c in raw.closed.get().map(Vec::as_slice).unwrap_or_default() {
        let scope = scope(&c.schools, &c.grades, &c.classes, schools, b);
        let Some(from) = c.from.need(b.p, "from").map(|d| d.0) else { continue };
        let to = c.to.get().map_or(from, |d| d.0);
        if to < from {
            b.error(c.to.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
        }
        closed.push((c.pos, Closure { from, to, reason: c.reason.get().cloned().unwrap_or_default(), scope }));
    }
    for o in raw.open.get().map(Vec::as_slice).unwrap_or_default() {
        let scope = scope(&o.schools, &o.grades, &o.classes, schools, b);
        let Some(date) = o.date.need(b.p, "date").map(|d| d.0) else { continue };
        let reason = o.reason.get().cloned().unwrap_or_default();
        // A tie: `open` wins, and `check` says so (rules.md §1).
        if let Some((_, c)) = closed.iter().find(|(_, c)| c.from <= date && date <= c.to && tie(&c.scope, &scope)) {
            b.p.note(o.pos, say!(open_beats_closed, date, c.reason), None);
        }
        if !terms.iter().any(|t| t.start <= date && date <= t.end) {
            b.warn(o.date.pos, say!(open_outside_terms, date), Some(say!(hint_open_outside_terms)));
        }
        open.push(Opening { date, reason, scope, timetable_of: o.timetable_of.get().map(|d| d.0) });
    }
    let mut out = CalendarPolicy {
        terms,
        weekend,
        holidays: Holidays::None,
        closed: closed.into_iter().map(|(_, c)| c).collect(),
        open,
        ..CalendarPolicy::default()
    };
    for (key, spans) in raw.spans.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        let mut list = Vec::new();
        for s in spans.iter() {
            if let (Some(start), Some(end)) = (s.start.need(b.p, "start"), s.end.need(b.p, "end")) {
                if start > end {
                    b.error(s.end.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
                }
                list.push((start.0, end.0));
            }
        }
        list.sort_unstable();
        out.spans.insert(key.text.clone(), list);
    }
    if let Some(starts) = raw.school_year.get().and_then(|y| y.starts.need(b.p, "starts").map(|s| (s, y.starts.pos))) {
        let (text, pos) = starts;
        let date =
            chrono::NaiveDate::parse_from_str(&format!("2000-{text}"), "%Y-%m-%d").ok().filter(|_| text.len() == 5);
        match date {
            Some(d) => out.school_year_starts = Some((d.month(), d.day())),
            None => b.error(pos, say!(bad_month_day, text), Some(say!(hint_month_day))),
        }
    }
    out.holidays = holidays_of(raw, &out.terms, b);
    out
}

fn terms(raw: &raw::Calendar, b: &mut Bench) -> Vec<Term> {
    let mut taken = Vec::new();
    let mut out: Vec<Term> = Vec::new();
    let Some(list) = raw.terms.need(b.p, "terms") else { return out };
    if list.is_empty() {
        b.error(raw.terms.pos, say!(no_terms), Some(say!(hint_no_terms)));
    }
    for t in list {
        let id = id(&t.id, &mut taken, b).map(str::to_string);
        let (start, end) = (t.start.need(b.p, "start").map(|d| d.0), t.end.need(b.p, "end").map(|d| d.0));
        let (Some(id), Some(start), Some(end)) = (id, start, end) else { continue };
        if end < start {
            b.error(t.end.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
        }
        let stages: Vec<_> =
            t.stage.get().map(|m| m.0.iter().map(|w| school::stage(w.value)).collect()).unwrap_or_default();
        let shares = |other: &Term| {
            other.stages.is_empty() || stages.is_empty() || other.stages.iter().any(|s| stages.contains(s))
        };
        if let Some(other) = out.iter().find(|o| o.start <= end && start <= o.end && shares(o)) {
            b.error(t.pos, say!(terms_overlap, id, other.id), Some(say!(hint_terms_overlap)));
        }
        out.push(Term { id, start, end, stages });
    }
    out
}

fn scope(
    schools: &Opt<Many<String>>,
    grades: &Opt<crate::config::leaf::Numbers>,
    classes: &Opt<Many<String>>,
    known: &[School],
    b: &mut Bench,
) -> Scope {
    Scope {
        schools: school_ids(schools, known, b),
        grades: grades.get().map(|g| g.values()).unwrap_or_default(),
        classes: classes
            .get()
            .map(|m| m.0.iter().filter_map(|c| normalise::class_name(&c.value)).collect())
            .unwrap_or_default(),
    }
}

/// Schools that are named must exist.
pub fn school_ids(field: &Opt<Many<String>>, known: &[School], b: &mut Bench) -> Vec<SchoolId> {
    let ids: Vec<&str> = known.iter().map(|s| s.id.as_str()).collect();
    let mut out = Vec::new();
    for item in field.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        if ids.contains(&item.value.as_str()) {
            out.push(SchoolId::new(&item.value));
        } else {
            b.error(item.pos, say!(unknown_school, item.value), did_you_mean(&item.value, &ids));
        }
    }
    out
}

/// Both speak about some class and name it equally closely.
fn tie(a: &Scope, b: &Scope) -> bool {
    fn meet<T: PartialEq>(a: &[T], b: &[T]) -> bool {
        a.is_empty() || b.is_empty() || a.iter().any(|x| b.contains(x))
    }
    fn rank(s: &Scope) -> u8 {
        match (s.classes.is_empty(), s.grades.is_empty(), s.schools.is_empty()) {
            (false, _, _) | (_, false, false) => 3,
            (_, false, true) => 2,
            (_, true, false) => 1,
            (_, true, true) => 0,
        }
    }
    rank(a) == rank(b) && meet(&a.schools, &b.schools) && meet(&a.grades, &b.grades) && meet(&a.classes, &b.classes)
}

fn holidays_of(raw: &raw::Calendar, terms: &[Term], b: &mut Bench) -> Holidays {
    let mut years: Vec<HolidayYear> = Vec::new();
    let list: &[At<String>] = raw.holidays.get().map(|m| m.0.as_slice()).unwrap_or_default();
    if list.iter().any(|i| i.value == "none") {
        if list.len() > 1 {
            b.error(raw.holidays.pos, say!(none_beside_files), Some(say!(hint_none_beside_files)));
        }
        return Holidays::None;
    }
    for item in list {
        let path = b.path(&item.value);
        match b.snapshot.bytes(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                b.warn(item.pos, say!(no_file, path.display()), Some(say!(hint_holidays)));
            }
            Err(e) => b.error(item.pos, say!(unreadable_file, path.display(), e), None),
            Ok(bytes) => match holidays::read(&bytes, &item.value) {
                Some(found) => years.extend(found),
                None => b.error(item.pos, say!(bad_holidays, item.value), Some(say!(hint_holidays))),
            },
        }
    }
    let pos = if raw.holidays.given { raw.holidays.pos } else { raw.pos };
    // Names of files that could not be read have been reported.
    if !raw.holidays.given || raw.holidays.get().is_some() {
        report_unknown(terms, &years, pos, b);
    }
    Holidays::Years(years)
}

fn report_unknown(terms: &[Term], years: &[HolidayYear], pos: Pos, b: &mut Bench) {
    let mut used: Vec<i32> = terms.iter().flat_map(|t| t.start.year()..=t.end.year()).collect();
    used.sort_unstable();
    used.dedup();
    for year in used {
        if !years.iter().any(|y| y.year == year && y.announced) {
            b.warn(pos, say!(year_unknown, year), Some(say!(hint_year_unknown, year)));
        }
    }
}
