//! Schools: stages and grades, periods and slots, week patterns, the people of the school.

use super::{Bench, at_least_one, contact, id, is_id};
use crate::config::leaf::DayOfWeek;
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::{At, Dict};
use crate::domain::calendar::PERIODS_MAX;
use crate::domain::ids::{ClassName, Role, SchoolId};
use crate::domain::normalise;
use crate::domain::policy::{HalfDay, Makeup, Pattern, Period, Person, School, Slot, SlotId, Stage, WeekPattern};
use crate::domain::ratio::Ratio;
use chrono::Weekday;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub fn schools(list: &[At<raw::School>], weekend: &[Weekday], pos: Pos, b: &mut Bench) -> Vec<School> {
    if list.is_empty() {
        b.error(pos, say!(no_schools), Some(say!(hint_no_schools)));
    }
    let mut taken = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for raw in list {
        let id = id(&raw.id, &mut taken, b).map(str::to_string);
        if let Some(name) = raw.name.need(b.p, "name") {
            // A file may name the school by its id or by its name.
            if names.contains(name) {
                b.error(raw.name.pos, say!(id_twice, name), Some(say!(hint_id_twice)));
            }
            names.push(name.clone());
        }
        let school = school(raw, id.as_deref().unwrap_or(""), weekend, b);
        if id.is_some() {
            out.push(school);
        }
    }
    out
}

fn school(raw: &raw::School, id: &str, weekend: &[Weekday], b: &mut Bench) -> School {
    let (stages, grades) = stages(raw, b);
    let (periods, timetable) = periods(raw, b);
    let slots = slots(raw, &periods, timetable, b);
    let mut sessions: Vec<SlotId> = Vec::new();
    for s in raw.sessions.get().map(|m| m.0.as_slice()).unwrap_or_default() {
        let ids: Vec<&str> = slots.iter().map(|s| s.id.as_str()).collect();
        if !ids.contains(&s.value.as_str()) {
            b.error(s.pos, say!(unknown_slot, s.value), did_you_mean(&s.value, &ids));
        } else if !sessions.iter().any(|x| *x == s.value.as_str()) {
            sessions.push(SlotId::new(&s.value));
        }
    }
    let mut homerooms: BTreeMap<ClassName, Person> = BTreeMap::new();
    for (key, person) in raw.homerooms.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        let (Some(class), Some(person)) = (normalise::class_name(&key.text), contact::person(person, b)) else {
            continue;
        };
        if homerooms.insert(class.clone(), person).is_some() {
            b.error(key.pos, say!(class_twice, key.text, class), Some(say!(hint_id_twice)));
        }
    }
    let mut contacts: BTreeMap<Role, Person> = BTreeMap::new();
    for (key, person) in raw.contacts.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if !is_id(&key.text) {
            b.error(key.pos, say!(bad_id, key.text), Some(say!(hint_id)));
        } else if key.text == "guardian" || key.text == "home_township" {
            b.error(key.pos, say!(role_not_configured, key.text), Some(say!(hint_role_not_configured)));
        } else if let Some(person) = contact::person(person, b) {
            contacts.insert(Role::new(&key.text), person);
        }
    }
    School {
        id: SchoolId::new(id),
        name: raw.name.get().cloned().unwrap_or_default(),
        patterns: patterns(raw, &periods, &grades, weekend, b),
        stages,
        grades,
        periods,
        timetable,
        slots,
        sessions,
        makeup: match raw.makeup.get() {
            Some(raw::MakeupWord::Ignore) => Makeup::Ignore,
            _ => Makeup::Follow,
        },
        contacts,
        homerooms,
    }
}

pub fn stage(word: raw::StageWord) -> Stage {
    match word {
        raw::StageWord::Kindergarten => Stage::Kindergarten,
        raw::StageWord::Primary => Stage::Primary,
        raw::StageWord::Junior => Stage::Junior,
        raw::StageWord::Senior => Stage::Senior,
        raw::StageWord::Special => Stage::Special,
    }
}

fn grades_of(stage: Stage) -> RangeInclusive<u8> {
    match stage {
        Stage::Primary => 1..=6,
        Stage::Junior => 7..=9,
        Stage::Senior => 10..=12,
        Stage::Special => 1..=9,
        #[allow(clippy::reversed_empty_ranges)]
        Stage::Kindergarten => 1..=0,
    }
}

fn stages(raw: &raw::School, b: &mut Bench) -> (Vec<(Stage, RangeInclusive<u8>)>, Vec<u8>) {
    let given = raw.grades.get().map(|g| g.values());
    for (pos, n) in raw.grades.get().map(|g| g.0.as_slice()).unwrap_or_default() {
        if !(1..=12).contains(n) {
            b.error(*pos, say!(bad_grade, n), Some(say!(hint_grade)));
        }
    }
    match raw.stage.need(b.p, "stage") {
        None => (Vec::new(), given.unwrap_or_default()),
        Some(raw::StageMap::One(word)) => {
            let stage = stage(*word);
            let grades = given.unwrap_or_else(|| grades_of(stage).collect());
            // Whatever grade a register names, an ordinary school has one stage.
            (vec![(stage, 0..=u8::MAX)], grades)
        }
        Some(raw::StageMap::Map(map)) => {
            let mut stages: Vec<(Stage, RangeInclusive<u8>)> = Vec::new();
            let mut all: Vec<u8> = Vec::new();
            for (key, numbers) in &map.0 {
                let word = raw::StageWord::WORDS.iter().position(|w| *w == key.text);
                let Some(word) = word else {
                    b.error(key.pos, say!(unknown_word, key.text), did_you_mean(&key.text, raw::StageWord::WORDS));
                    continue;
                };
                const STAGES: [Stage; 5] =
                    [Stage::Kindergarten, Stage::Primary, Stage::Junior, Stage::Senior, Stage::Special];
                let values = numbers.values();
                let whole = values.windows(2).all(|w| w[1] == w[0] + 1);
                match (values.first(), values.last()) {
                    (Some(a), Some(z)) if whole && (1..=12).contains(a) && *z <= 12 => {
                        if values.iter().any(|v| all.contains(v)) {
                            b.error(numbers.pos, say!(grade_in_two_stages), Some(say!(hint_stage_map)));
                        }
                        stages.push((STAGES[word], *a..=*z));
                        all.extend(values);
                    }
                    _ => b.error(numbers.pos, say!(bad_stage_grades), Some(say!(hint_grade))),
                }
            }
            all.sort_unstable();
            if let Some(given) = &given
                && let Some(lost) = given.iter().find(|g| !all.contains(g))
            {
                b.error(raw.grades.pos, say!(grade_without_stage, lost), Some(say!(hint_stage_map)));
            }
            (stages, given.unwrap_or(all))
        }
    }
}

fn periods(raw: &raw::School, b: &mut Bench) -> (Vec<Period>, bool) {
    let minutes = at_least_one(&raw.lesson_minutes, b).unwrap_or(40);
    if raw.lessons.given && raw.periods.given {
        b.error(raw.periods.pos, say!(only_one_of, "lessons, periods"), Some(say!(hint_only_one)));
    }
    let most = u32::try_from(PERIODS_MAX).unwrap_or(16);
    if let Some(n) = raw.lessons.get() {
        if *n == 0 || *n > most {
            b.error(raw.lessons.pos, say!(bad_lessons, most), Some(say!(hint_lessons)));
        }
        let numbered = |n: u32| Period { id: SlotId::new(format!("p:{n}")), weight: Ratio::ONE, minutes };
        return ((1..=(*n).clamp(1, most)).map(numbered).collect(), true);
    }
    let mut out: Vec<Period> = Vec::new();
    for item in raw.periods.get().map(Vec::as_slice).unwrap_or_default() {
        let (text, pos, weight, length) = match &item.value {
            raw::Period::Plain(text) => (text.as_str(), item.pos, Ratio::ONE, minutes),
            raw::Period::Map(map) => {
                let Some(text) = map.id.need(b.p, "id") else { continue };
                let weight = map.weight.get().map_or(Ratio::ONE, |w| w.0);
                if weight.is_zero() {
                    b.error(map.weight.pos, say!(not_zero), Some(say!(hint_at_least_one)));
                }
                (text.as_str(), map.id.pos, weight, at_least_one(&map.minutes, b).unwrap_or(minutes))
            }
        };
        let id = period_id(text);
        if id != "day" && (is_id(text) || id.as_str().starts_with("p:")) {
            if out.iter().any(|p| p.id == id) {
                b.error(pos, say!(id_twice, text), Some(say!(hint_id_twice)));
            } else {
                out.push(Period { id, weight, minutes: length });
            }
        } else {
            b.error(pos, say!(bad_id, text), Some(say!(hint_id)));
        }
    }
    if out.len() > PERIODS_MAX {
        b.error(raw.periods.pos, say!(bad_lessons, most), Some(say!(hint_lessons)));
        out.truncate(PERIODS_MAX);
    }
    if out.is_empty() {
        return (vec![Period { id: SlotId::new("p:1"), weight: Ratio::ONE, minutes }], false);
    }
    (out, true)
}

/// `3` → `p:3`; names stay.
fn period_id(text: &str) -> SlotId {
    match text.parse::<u32>() {
        Ok(n) => SlotId::new(format!("p:{n}")),
        Err(_) => SlotId::new(text),
    }
}

/// Indices of the periods that a list names: ids, numbers, and ranges of them in the order of the day.
fn indices(list: &raw::PeriodList, periods: &[Period], b: &mut Bench) -> Vec<usize> {
    let place = |text: &str| periods.iter().position(|p| p.id == period_id(text.trim()));
    let mut out = Vec::new();
    for item in &list.0 {
        let ends = match item.value.split_once('-') {
            _ if place(&item.value).is_some() => place(&item.value).map(|i| (i, i)),
            Some((from, to)) => place(from).zip(place(to)).filter(|(a, z)| a <= z),
            None => None,
        };
        match ends {
            Some((a, z)) => out.extend(a..=z),
            None => {
                let ids: Vec<&str> = periods.iter().map(|p| p.id.as_str().trim_start_matches("p:")).collect();
                b.error(item.pos, say!(unknown_period, item.value), Some(say!(hint_known, ids.join(", "))));
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn slots(raw: &raw::School, periods: &[Period], timetable: bool, b: &mut Bench) -> Vec<Slot> {
    let mut out: Vec<Slot> = Vec::new();
    for (key, slot) in raw.slots.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if !timetable {
            b.error(key.pos, say!(slot_without_periods, key.text), Some(say!(hint_slot_without_periods)));
            continue;
        }
        let (list, title) = match &slot.value {
            raw::Slot::Plain(list) => (Some(list), None),
            raw::Slot::Map(map) => (map.periods.need(b.p, "periods"), map.title.get().cloned()),
        };
        let id = SlotId::new(&key.text);
        if key.text == "day" || periods.iter().any(|p| p.id == id || p.id == period_id(&key.text)) {
            b.error(key.pos, say!(slot_clashes, key.text), Some(say!(hint_slot_clashes)));
            continue;
        }
        if !is_id(&key.text) {
            b.error(key.pos, say!(bad_id, key.text), Some(say!(hint_id)));
        }
        if let Some(title) = &title
            && out.iter().any(|s| s.title.as_ref() == Some(title))
        {
            b.error(slot.pos, say!(id_twice, title), Some(say!(hint_id_twice)));
        }
        let Some(list) = list else { continue };
        let periods = indices(list, periods, b);
        out.push(Slot { id, title, periods });
    }
    out
}

fn patterns(raw: &raw::School, periods: &[Period], grades: &[u8], weekend: &[Weekday], b: &mut Bench) -> Vec<Pattern> {
    let mut out = Vec::new();
    for pattern in raw.patterns.get().map(Vec::as_slice).unwrap_or_default() {
        for (pos, n) in pattern.grades.get().map(|g| g.0.as_slice()).unwrap_or_default() {
            if !grades.contains(n) {
                b.error(*pos, say!(grade_not_here, n), Some(say!(hint_grade_not_here)));
            }
        }
        if let (Some(from), Some(to)) = (pattern.from.get(), pattern.to.get())
            && from > to
        {
            b.error(pattern.to.pos, say!(ends_before_it_begins), Some(say!(hint_backwards)));
        }
        let of = |days: Option<&Vec<At<DayOfWeek>>>, half: Option<&Dict<raw::HalfDay>>, b: &mut Bench| WeekPattern {
            weekend: days.map_or_else(|| weekend.to_vec(), |l| l.iter().map(|d| d.value.0).collect()),
            half_days: half_days(half, periods, b),
        };
        let weeks = match pattern.weeks.get() {
            Some(weeks) => {
                if pattern.weekend.given || pattern.half_days.given {
                    b.error(pattern.weeks.pos, say!(weeks_beside_weekend), Some(say!(hint_weeks_beside_weekend)));
                }
                if weeks.len() > 1 && !pattern.from.given {
                    b.error(pattern.weeks.pos, say!(weeks_without_from), Some(say!(hint_missing_key, "from")));
                }
                weeks.iter().map(|w| of(w.weekend.get(), w.half_days.get(), b)).collect()
            }
            None => vec![of(pattern.weekend.get(), pattern.half_days.get(), b)],
        };
        out.push(Pattern {
            grades: pattern.grades.get().map(|g| g.values()).unwrap_or_default(),
            from: pattern.from.get().map(|d| d.0),
            to: pattern.to.get().map(|d| d.0),
            weeks,
        });
    }
    out
}

fn half_days(raw: Option<&Dict<raw::HalfDay>>, periods: &[Period], b: &mut Bench) -> Vec<HalfDay> {
    let mut out = Vec::new();
    for (key, half) in raw.map(|d| d.0.as_slice()).unwrap_or_default() {
        let Some(weekday) = DayOfWeek::parse(&key.text) else {
            b.error(key.pos, say!(bad_weekday, key.text), Some(say!(hint_known, DayOfWeek::WORDS.join(", "))));
            continue;
        };
        let (list, day) = match &half.value {
            raw::HalfDay::Plain(list) => (Some(list), true),
            raw::HalfDay::Map(map) => (map.periods.need(b.p, "periods"), map.day.get().copied().unwrap_or(true)),
        };
        if let Some(list) = list {
            out.push(HalfDay { weekday: weekday.0, periods: indices(list, periods, b), day });
        }
    }
    out
}
