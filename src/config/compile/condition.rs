//! Conditions: `when:` of a rule as data; which units, windows and places a condition takes (rules.md §2).

use super::rule::{Known, day_test};
use super::{Bench, need_at_least_one, status};
use crate::config::leaf::Share;
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw::{self, Within};
use crate::config::read::{Many, Opt};
use crate::domain::ids::Word;
use crate::domain::ratio::Ratio;
use crate::domain::rule::ast::{
    ActMatch, Amount, BrokenBy, Clip, Cond, Counting, Of, SubjectKind, Threshold, Window, WindowKind,
};
use std::collections::BTreeMap;

/// Where a condition stands.
#[derive(Clone, Copy)]
struct Place {
    subject: SubjectKind,
    /// A `consecutive` stands beside it in the same `all`.
    beside_run: bool,
}

pub fn cond(raw: &raw::Cond, pos: Pos, subject: SubjectKind, known: &Known, b: &mut Bench) -> Option<Cond> {
    let cond = one(raw, pos, Place { subject, beside_run: false }, known, b)?;
    if !asks_for_something(&cond, true) {
        b.warn(pos, say!(true_of_everybody), Some(say!(hint_true_of_everybody)));
    }
    Some(cond)
}

/// Whether something must be found for the condition to be true; with `is` false: for it to be false. What has nothing
/// but `not` is true of everybody on every day.
fn asks_for_something(c: &Cond, is: bool) -> bool {
    match c {
        Cond::Not(inner) => asks_for_something(inner, !is),
        Cond::All(list) | Cond::Any(list) if matches!(c, Cond::All(_)) == is => {
            list.is_empty() || list.iter().any(|c| asks_for_something(c, is))
        }
        Cond::All(list) | Cond::Any(list) => list.iter().all(|c| asks_for_something(c, is)),
        _ => is,
    }
}

/// Names of the conditions given, with their places.
fn given(c: &raw::Cond) -> Vec<(&'static str, Pos)> {
    let all = [
        ("consecutive", c.consecutive.given, c.consecutive.pos),
        ("total", c.total.given, c.total.pos),
        ("rate", c.rate.given, c.rate.pos),
        ("weekday", c.weekday.given, c.weekday.pos),
        ("not_registered", c.not_registered.given, c.not_registered.pos),
        ("unlisted", c.unlisted.given, c.unlisted.pos),
        ("overdue_return", c.overdue_return.given, c.overdue_return.pos),
        ("leave_stated", c.leave_stated.given, c.leave_stated.pos),
        ("not_arrived", c.not_arrived.given, c.not_arrived.pos),
        ("acts", c.acts.given, c.acts.pos),
        ("still_absent", c.still_absent.given, c.still_absent.pos),
        ("all", c.all.given, c.all.pos),
        ("any", c.any.given, c.any.pos),
        ("not", c.not.given, c.not.pos),
        ("cluster", c.cluster.given, c.cluster.pos),
        ("roll_call_missing", c.roll_call_missing.given, c.roll_call_missing.pos),
        ("always_full", c.always_full.given, c.always_full.pos),
        ("corrected_late", c.corrected_late.given, c.corrected_late.pos),
    ];
    all.into_iter().filter(|(_, given, _)| *given).map(|(key, _, pos)| (key, pos)).collect()
}

fn one(raw: &raw::Cond, pos: Pos, place: Place, known: &Known, b: &mut Bench) -> Option<Cond> {
    let given = given(raw);
    match given.as_slice() {
        [] => {
            // A key that is not known has been reported; an empty map has not.
            b.error(pos, say!(no_condition), Some(say!(hint_known, raw::Cond::names().join(", "))));
            return None;
        }
        [(name, at)] => subject_of(name, *at, place.subject, b),
        [_, (second, at), ..] => {
            b.error(*at, say!(two_conditions, second), Some(say!(hint_two_conditions)));
            return None;
        }
    }
    if let Some(c) = raw.consecutive.get() {
        return consecutive(c, known, b);
    }
    if let Some(c) = raw.total.get() {
        let counting = counting(&c.of, &c.slots, &c.day_share, &c.day_lessons, known, b);
        let parts = c.parts.get().copied().unwrap_or(false);
        let units = [
            (Unit::Days, &c.days),
            (Unit::Sessions, &c.sessions),
            (Unit::Lessons, &c.lessons),
            (Unit::Hours, &c.hours),
            (Unit::Periods, &c.periods),
            (Unit::Spells, &c.spells),
        ];
        if parts && !c.days.given {
            b.error(c.parts.pos, say!(parts_without_days), Some(say!(hint_parts)));
        }
        let amount = amount(&units, c.pos, parts, b);
        let within = need_window(&c.within, Flags::of(&c.clip, &c.across_terms, &c.across_schools), place, known, b);
        let (amount, within) = (amount?, within?);
        if let Amount::Days(t) = amount
            && let Some(most) = most_days(&within.kind)
            && !parts
            && (t.n > Ratio::whole(most) || t.over && t.n == Ratio::whole(most))
        {
            b.warn(c.days.pos, say!(never_true, most), Some(say!(hint_never_true)));
        }
        return Some(Cond::Total { counting: counting?, amount, parts, within });
    }
    if let Some(c) = raw.rate.get() {
        let counting = counting(&c.of, &c.slots, &c.day_share, &c.day_lessons, known, b);
        let share = share(&c.at_least, &c.over, c.pos, b);
        let within = need_window(&c.within, Flags::of(&c.clip, &c.across_terms, &c.across_schools), place, known, b);
        let min_days = super::at_least_one(&c.min_days, b).unwrap_or(1);
        let (by_days, planned) = (c.by.get().is_some(), c.out_of.get().is_some());
        if by_days && planned {
            b.error(c.out_of.pos, say!(only_one_of, "by, out_of"), Some(say!(hint_only_one)));
        }
        let (counting, share) = (counting?, share?);
        let heaviest = counting.of.weights.iter().map(|(_, w)| *w).max().unwrap_or(Ratio::ONE);
        if share.over && share.n >= Ratio::ONE && (by_days || heaviest <= Ratio::ONE) {
            b.warn(c.over.pos, say!(never_more_than_all), Some(say!(hint_never_more_than_all)));
        }
        return Some(Cond::Rate { counting, share, within: within?, min_days, by_days, planned });
    }
    if let Some(c) = raw.weekday.get() {
        return weekday(c, known, b);
    }
    if let Some(c) = raw.not_registered.get() {
        let units = [
            (Unit::Days, &c.days),
            (Unit::Weeks, &c.weeks),
            (Unit::Months, &c.months),
            (Unit::CalendarDays, &c.calendar_days),
        ];
        let excused_stops = !matches!(c.excused.get(), Some(raw::ExcusedWord::Counts));
        return Some(Cond::NotRegistered { amount: amount(&units, c.pos, false, b)?, excused_stops });
    }
    if let Some(c) = raw.unlisted.get() {
        return Some(Cond::Unlisted { days: days(&c.days, b)? });
    }
    if let Some(c) = raw.overdue_return.get() {
        let units = [
            (Unit::Days, &c.days),
            (Unit::Weeks, &c.weeks),
            (Unit::Months, &c.months),
            (Unit::CalendarDays, &c.calendar_days),
        ];
        return Some(Cond::OverdueReturn { amount: amount(&units, c.pos, false, b)? });
    }
    if let Some(c) = raw.leave_stated.get() {
        let units = [(Unit::Days, &c.days), (Unit::CalendarDays, &c.calendar_days)];
        return Some(Cond::LeaveStated { amount: amount(&units, c.pos, false, b)? });
    }
    if let Some(c) = raw.not_arrived.get() {
        return Some(Cond::NotArrived { days: days(&c.days, b)? });
    }
    if let Some(c) = raw.acts.get() {
        let acts = act_match(&c.kind, &c.result, known, b);
        let at_least = super::at_least_one(&c.at_least, b).unwrap_or(1);
        let flags = Flags::of(&c.clip, &c.across_terms, &c.across_schools);
        let within = if c.within.given {
            Some(window(&c.within, flags, place, known, b)?)
        } else {
            flags.without_window(b);
            None
        };
        return Some(Cond::Acts { acts: acts?, at_least, within });
    }
    if let Some(c) = raw.still_absent.get() {
        let after = c.after.need(b.p, "after").and_then(|a| act_match(&a.kind, &a.result, known, b));
        let units = [(Unit::Days, &c.days), (Unit::CalendarDays, &c.calendar_days)];
        let amount = amount(&units, c.pos, false, b);
        return Some(Cond::StillAbsent { after: after?, amount: amount? });
    }
    for (list, together) in [(&raw.all, true), (&raw.any, false)] {
        let Some(items) = list.get() else { continue };
        if items.is_empty() {
            b.error(list.pos, say!(empty_list), Some(say!(hint_empty_list)));
        }
        let beside_run = together && items.iter().any(|i| i.consecutive.given);
        let place = Place { beside_run, ..place };
        let parts: Vec<Option<Cond>> = items.iter().map(|i| one(i, i.pos, place, known, b)).collect();
        let parts: Vec<Cond> = parts.into_iter().collect::<Option<_>>()?;
        return Some(if together { Cond::All(parts) } else { Cond::Any(parts) });
    }
    if let Some(c) = raw.not.get() {
        return Some(Cond::Not(Box::new(one(c, raw.not.pos, Place { beside_run: false, ..place }, known, b)?)));
    }
    if let Some(c) = raw.cluster.get() {
        let counting = counting(&c.of, &c.slots, &c.day_share, &c.day_lessons, known, b);
        let pupils = need_at_least_one(&c.pupils, "pupils", b);
        let within = need_window(&c.within, Flags::of(&c.clip, &c.across_terms, &c.across_schools), place, known, b);
        let share = c.share.get().map(|s| s.0);
        return Some(Cond::Cluster { counting: counting?, pupils: pupils?, within: within?, share });
    }
    if let Some(c) = raw.roll_call_missing.get() {
        let by = c.by.need(b.p, "by").map(|t| t.0);
        return Some(Cond::RollCallMissing { by: by?, days: super::at_least_one(&c.days, b).unwrap_or(1) });
    }
    if let Some(c) = raw.always_full.get() {
        let (days, pupils) = (need_at_least_one(&c.days, "days", b), need_at_least_one(&c.pupils, "pupils", b));
        return Some(Cond::AlwaysFull { days: days?, pupils: pupils? });
    }
    if let Some(c) = raw.corrected_late.get() {
        let lessons = c.lessons.need(b.p, "lessons").map(|n| n.0);
        let older = c.older_than.need(b.p, "older_than").and_then(|o| o.school_days.need(b.p, "school_days")).copied();
        return Some(Cond::CorrectedLate { lessons: lessons?, older_than_school_days: older? });
    }
    None
}

/// Conditions about a class or school and those about a pupil do not mix.
fn subject_of(name: &str, pos: Pos, subject: SubjectKind, b: &mut Bench) {
    let group = matches!(name, "cluster" | "roll_call_missing" | "always_full" | "corrected_late");
    let either = matches!(name, "all" | "any" | "not");
    if group && subject == SubjectKind::Pupil {
        b.error(pos, say!(condition_of_group, name), Some(say!(hint_condition_of_group)));
    } else if !group && !either && subject != SubjectKind::Pupil {
        b.error(pos, say!(condition_of_pupil, name), Some(say!(hint_condition_of_pupil)));
    }
}

fn consecutive(c: &raw::Consecutive, known: &Known, b: &mut Bench) -> Option<Cond> {
    let counting = counting(&c.of, &c.slots, &c.day_share, &c.day_lessons, known, b);
    let units = [
        (Unit::Days, &c.days),
        (Unit::CalendarDays, &c.calendar_days),
        (Unit::Weeks, &c.weeks),
        (Unit::Months, &c.months),
        (Unit::Sessions, &c.sessions),
        (Unit::Lessons, &c.lessons),
        (Unit::Hours, &c.hours),
    ];
    let amount = amount(&units, c.pos, false, b);
    let broken_by = match c.broken_by.get() {
        None | Some(raw::BrokenBy::Word(raw::BrokenByWord::Day)) => Some(BrokenBy::Day),
        Some(raw::BrokenBy::Word(raw::BrokenByWord::Attended)) => Some(BrokenBy::Attended),
        Some(raw::BrokenBy::AttendedDays(map)) => {
            need_at_least_one(&map.attended_days, "attended_days", b).map(BrokenBy::AttendedDays)
        }
    };
    Some(Cond::Consecutive {
        counting: counting?,
        amount: amount?,
        broken_by: broken_by?,
        across_terms: c.across_terms.get().copied().unwrap_or(false),
        across_schools: c.across_schools.get().copied().unwrap_or(true),
    })
}

fn weekday(c: &raw::WeekdayCond, known: &Known, b: &mut Bench) -> Option<Cond> {
    let counting = counting(&c.of, &c.slots, &c.day_share, &c.day_lessons, known, b);
    if c.weekdays.get().is_some_and(|m| m.0.is_empty()) {
        b.error(
            c.weekdays.pos,
            say!(empty_list),
            Some(say!(hint_known, crate::config::leaf::DayOfWeek::WORDS.join(", "))),
        );
    }
    let weekdays: Option<Vec<_>> = c.weekdays.need(b.p, "weekdays").map(|m| m.0.iter().map(|d| d.value.0).collect());
    let at_least = need_at_least_one(&c.at_least, "at_least", b);
    let of_last = need_at_least_one(&c.of_last, "of_last", b);
    if let (Some(k), Some(n)) = (at_least, of_last)
        && k > n
    {
        b.error(c.at_least.pos, say!(more_than_there_are, k, n), Some(say!(hint_more_than_there_are)));
    }
    Some(Cond::Weekday {
        counting: counting?,
        weekdays: weekdays.filter(|w| !w.is_empty())?,
        at_least: at_least?,
        of_last: of_last?,
        // Only `school_days` and `consecutive` stop at the term's start; the last Fridays go on counting.
        across_terms: c.across_terms.get().copied().unwrap_or(true),
        across_schools: c.across_schools.get().copied().unwrap_or(true),
    })
}

fn counting(
    of: &Opt<raw::OfValue>,
    slots: &Opt<Many<String>>,
    share: &Opt<raw::DayShare>,
    lessons: &Opt<crate::config::leaf::Number>,
    known: &Known,
    b: &mut Bench,
) -> Option<Counting> {
    let day = day_test(share, lessons, b);
    let mut names: Vec<String> = Vec::new();
    if slots.get().is_some_and(|m| m.0.is_empty()) {
        b.error(slots.pos, say!(empty_list), Some(say!(hint_empty_list)));
    }
    for s in slots.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        let periods = known.schools.iter().flat_map(|x| x.periods.iter().map(|p| p.id.as_str()));
        let all: Vec<&str> =
            known.schools.iter().flat_map(|x| x.slots.iter().map(|s| s.id.as_str())).chain(periods).collect();
        let name = s.value.parse::<u32>().map_or_else(|_| s.value.clone(), |n| format!("p:{n}"));
        if all.contains(&name.as_str()) || name == "day" {
            names.push(name);
        } else {
            let mut shown: Vec<&str> =
                all.iter().map(|id| id.strip_prefix("p:").unwrap_or(id)).chain(["day"]).collect();
            shown.sort_unstable();
            shown.dedup();
            b.error(s.pos, say!(unknown_slot, s.value), did_you_mean(&s.value, &shown));
        }
    }
    let of: Option<Of> = of.need(b.p, "of").and_then(|o| status::of(o, of.pos, known.statuses, b));
    Some(Counting { of: of?, slots: names, day })
}

// ---------------------------------------------------------------- amounts

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Days,
    CalendarDays,
    Weeks,
    Months,
    Sessions,
    Lessons,
    Hours,
    Periods,
    Spells,
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Unit::Days => "days",
            Unit::CalendarDays => "calendar_days",
            Unit::Weeks => "weeks",
            Unit::Months => "months",
            Unit::Sessions => "sessions",
            Unit::Lessons => "lessons",
            Unit::Hours => "hours",
            Unit::Periods => "periods",
            Unit::Spells => "spells",
        }
    }
    fn of(self, t: Threshold) -> Amount {
        match self {
            Unit::Days => Amount::Days(t),
            Unit::CalendarDays => Amount::CalendarDays(t),
            Unit::Weeks => Amount::Weeks(t),
            Unit::Months => Amount::Months(t),
            Unit::Sessions => Amount::Sessions(t),
            Unit::Lessons => Amount::Lessons(t),
            Unit::Hours => Amount::Hours(t),
            Unit::Periods => Amount::Periods(t),
            Unit::Spells => Amount::Spells(t),
        }
    }
    /// Sums of weights may be fractions, counts may not.
    fn divides(self) -> bool {
        matches!(self, Unit::Lessons | Unit::Hours | Unit::Periods)
    }
}

/// Exactly one unit with its threshold.
fn amount(units: &[(Unit, &Opt<raw::Threshold>)], pos: Pos, parts: bool, b: &mut Bench) -> Option<Amount> {
    let words: Vec<&str> = units.iter().map(|(u, _)| u.word()).collect();
    let given: Vec<_> = units.iter().filter(|(_, f)| f.given).collect();
    match given.as_slice() {
        [] => {
            // An unknown key in its place has been reported, with the units that there are.
            if !b.p.has_stranger(pos) {
                b.error(pos, say!(need_one_of, words.join(", ")), Some(say!(hint_threshold)));
            }
            None
        }
        [(unit, field)] => threshold(field, unit.divides() || parts, b).map(|t| unit.of(t)),
        [_, (_, second), ..] => {
            let both: Vec<&str> = given.iter().map(|(u, _)| u.word()).collect();
            b.error(second.pos, say!(only_one_of, both.join(", ")), Some(say!(hint_only_one)));
            None
        }
    }
}

fn threshold(field: &Opt<raw::Threshold>, divides: bool, b: &mut Bench) -> Option<Threshold> {
    let (n, over, pos) = match field.get()? {
        raw::Threshold::AtLeast(n) => (n.0, false, field.pos),
        raw::Threshold::Over(map) => (map.over.need(b.p, "over")?.0, true, map.over.pos),
    };
    if !divides && n.denominator() != 1 {
        b.error(pos, say!(want_whole, n), Some(say!(hint_whole_days)));
        return None;
    }
    if n.is_zero() && !over {
        b.error(pos, say!(not_zero), Some(say!(hint_threshold)));
        return None;
    }
    Some(Threshold { n, over })
}

fn days(field: &Opt<raw::Threshold>, b: &mut Bench) -> Option<Threshold> {
    field.need(b.p, "days")?;
    threshold(field, false, b)
}

fn share(at_least: &Opt<Share>, over: &Opt<Share>, pos: Pos, b: &mut Bench) -> Option<Threshold> {
    match (at_least.given, over.given) {
        (false, false) => {
            b.error(pos, say!(need_one_of, "at_least, over"), Some(say!(hint_share)));
            None
        }
        (true, true) => {
            b.error(over.pos, say!(only_one_of, "at_least, over"), Some(say!(hint_only_one)));
            None
        }
        (true, false) => {
            let n = at_least.get()?.0;
            if n == Ratio::ZERO {
                b.error(at_least.pos, say!(not_zero), Some(say!(hint_share)));
                return None;
            }
            Some(Threshold { n, over: false })
        }
        (false, true) => Some(Threshold { n: over.get()?.0, over: true }),
    }
}

// ---------------------------------------------------------------- acts and windows

fn act_match(kind: &Opt<Many<String>>, result: &Opt<Many<String>>, known: &Known, b: &mut Bench) -> Option<ActMatch> {
    let kinds = act_words(kind, &known.acts.kinds, b);
    let results = act_words(result, &known.acts.results, b);
    Some(ActMatch { kinds: kinds?, results: results? })
}

fn act_words(field: &Opt<Many<String>>, known: &BTreeMap<Word, Vec<String>>, b: &mut Bench) -> Option<Vec<Word>> {
    let words: Vec<&str> = known.keys().map(Word::as_str).collect();
    let mut good = true;
    if field.get().is_some_and(|m| m.0.is_empty()) {
        b.error(field.pos, say!(empty_list), Some(say!(hint_empty_list)));
        good = false;
    }
    let mut out = Vec::new();
    for item in field.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        good &= super::known(item, &words, b);
        out.push(Word::new(&item.value));
    }
    good.then_some(out)
}

struct Flags<'a> {
    clip: &'a Opt<raw::ClipWord>,
    across_terms: &'a Opt<bool>,
    across_schools: &'a Opt<bool>,
}

impl<'a> Flags<'a> {
    fn of(clip: &'a Opt<raw::ClipWord>, across_terms: &'a Opt<bool>, across_schools: &'a Opt<bool>) -> Self {
        Flags { clip, across_terms, across_schools }
    }

    /// Says which of them do nothing beside this window.
    fn fit(&self, kind: &WindowKind, b: &mut Bench) {
        let inside_term = matches!(kind, WindowKind::Term);
        let cuts = match self.clip.get() {
            Some(raw::ClipWord::Term) => !inside_term,
            Some(raw::ClipWord::SchoolYear) => !inside_term && !matches!(kind, WindowKind::SchoolYear),
            None => true,
        };
        if !cuts {
            let word = if inside_term { "term" } else { "school_year" };
            b.warn(self.clip.pos, say!(clips_nothing, word), Some(say!(hint_clips_nothing)));
        }
        // Only the last school days stop at the term's start.
        if self.across_terms.get() == Some(&false)
            && !matches!(kind, WindowKind::SchoolDays(_) | WindowKind::Term)
            && !self.clip.given
        {
            b.warn(self.across_terms.pos, say!(window_crosses_terms), Some(say!(hint_window_crosses_terms)));
        }
    }

    /// Without a window they do nothing.
    fn without_window(&self, b: &mut Bench) {
        let all = [
            ("clip", self.clip.given, self.clip.pos),
            ("across_terms", self.across_terms.given, self.across_terms.pos),
            ("across_schools", self.across_schools.given, self.across_schools.pos),
        ];
        for (name, _, pos) in all.into_iter().filter(|(_, given, _)| *given) {
            b.warn(pos, say!(flag_without_window, name), Some(say!(hint_flag_without_window)));
        }
    }
}

fn need_window(within: &Opt<Within>, flags: Flags, place: Place, known: &Known, b: &mut Bench) -> Option<Window> {
    within.need(b.p, "within")?;
    window(within, flags, place, known, b)
}

fn window(within: &Opt<Within>, flags: Flags, place: Place, known: &Known, b: &mut Bench) -> Option<Window> {
    let kind = match within.get()? {
        Within::Word(word) => match word {
            raw::WithinWord::Week => WindowKind::Week,
            raw::WithinWord::Month => WindowKind::Month,
            raw::WithinWord::Term => WindowKind::Term,
            raw::WithinWord::SchoolYear => WindowKind::SchoolYear,
            raw::WithinWord::Enrolment => WindowKind::Enrolment,
            raw::WithinWord::Run if place.subject != SubjectKind::Pupil => {
                b.error(within.pos, say!(window_of_pupil, "run"), Some(say!(hint_window)));
                return None;
            }
            raw::WithinWord::Run => {
                if !place.beside_run {
                    b.error(within.pos, say!(run_without_consecutive), Some(say!(hint_run)));
                    return None;
                }
                WindowKind::Run
            }
        },
        Within::Map(map) if map.after_act.given && place.subject != SubjectKind::Pupil => {
            b.error(map.after_act.pos, say!(window_of_pupil, "after_act"), Some(say!(hint_window)));
            return None;
        }
        Within::Map(map) => window_of(map, known, b)?,
    };
    flags.fit(&kind, b);
    Some(Window {
        kind,
        clip: flags.clip.get().map(|c| match c {
            raw::ClipWord::Term => Clip::Term,
            raw::ClipWord::SchoolYear => Clip::SchoolYear,
        }),
        across_terms: flags.across_terms.get().copied().unwrap_or(false),
        across_schools: flags.across_schools.get().copied().unwrap_or(true),
    })
}

/// How many days a window can have at most, where that is short enough to matter.
fn most_days(kind: &WindowKind) -> Option<i64> {
    match kind {
        WindowKind::SchoolDays(n) | WindowKind::CalendarDays(n) => Some(i64::from(*n)),
        WindowKind::SchoolWeeks(n) => Some(7 * i64::from(*n)),
        WindowKind::Months(n) => Some(31 * i64::from(*n)),
        WindowKind::Week => Some(7),
        WindowKind::Month => Some(31),
        _ => None,
    }
}

fn window_of(map: &raw::WithinMap, known: &Known, b: &mut Bench) -> Option<WindowKind> {
    let given = [
        map.school_days.given,
        map.school_weeks.given,
        map.calendar_days.given,
        map.months.given,
        map.span.given,
        map.after_act.given,
    ];
    match given.iter().filter(|g| **g).count() {
        1 => {}
        0 => {
            if !b.p.has_stranger(map.pos) {
                b.error(map.pos, say!(need_one_of, raw::WithinMap::names().join(", ")), Some(say!(hint_window)));
            }
            return None;
        }
        _ => {
            b.error(map.pos, say!(only_one_of, raw::WithinMap::names().join(", ")), Some(say!(hint_only_one)));
            return None;
        }
    }
    type Make = fn(u32) -> WindowKind;
    let counted: [(&Opt<u32>, Make); 4] = [
        (&map.school_days, WindowKind::SchoolDays),
        (&map.school_weeks, WindowKind::SchoolWeeks),
        (&map.calendar_days, WindowKind::CalendarDays),
        (&map.months, WindowKind::Months),
    ];
    for (field, make) in counted {
        if field.given {
            return super::at_least_one(field, b).map(make);
        }
    }
    if let Some(name) = map.span.get() {
        let names: Vec<&str> = known.calendar.spans.keys().map(String::as_str).collect();
        if !names.contains(&name.as_str()) {
            b.error(map.span.pos, say!(unknown_span, name), did_you_mean(name, &names));
            return None;
        }
        return Some(WindowKind::Span(name.clone()));
    }
    let after = map.after_act.get()?;
    let kinds = after.kind.need(b.p, "kind").and_then(|_| act_words(&after.kind, &known.acts.kinds, b))?;
    Some(WindowKind::AfterAct(kinds))
}
