//! What one roll call of a school says: each pupil's day, or the part of it that falls into a slot, as lines of an export.

use super::file::{self, Line};
use super::marks::{Day, Mark};
use crate::domain::Date;
use crate::domain::policy::{Policy, School};
use std::collections::{BTreeMap, BTreeSet};

/// How a file names a period: a plain number, or the id that the school gave it.
pub fn slot_word(school: &School, period: usize) -> String {
    let id = school.periods.get(period).map_or("", |p| p.id.as_str());
    id.strip_prefix("p:").unwrap_or(id).to_owned()
}

pub fn slot_periods(school: &School, slot: &str) -> Vec<usize> {
    school.slots.iter().find(|s| s.id == *slot).map(|s| s.periods.clone()).unwrap_or_default()
}

/// What one export of a school says.
#[derive(Default)]
pub struct Call {
    pub date: Option<Date>,
    pub slots: BTreeSet<String>,
    /// Somebody was recorded.
    pub recorded: bool,
    pub all: Vec<Line>,
    pub exceptions: Vec<Line>,
}

impl Call {
    /// A pupil's day, or the part of it that falls into the slot.
    pub fn add(
        &mut self,
        policy: &Policy,
        no: &str,
        fields: &BTreeMap<&'static str, String>,
        date: Date,
        school: &School,
        periods: &[usize],
        day: &Day,
        within: Option<&[usize]>,
    ) {
        let get = |k: &str| fields.get(k).cloned().unwrap_or_default();
        let mut said: Vec<(String, Mark)> = Vec::new();
        match (day, within) {
            (Day::Whole(mark), None) => said.push((String::new(), mark.clone())),
            _ => {
                let each = periods.iter().zip(day.by_period(periods.len()));
                let inside = each.filter(|(p, _)| within.is_none_or(|w| w.contains(p)));
                said.extend(inside.map(|(p, mark)| (slot_word(school, *p), mark)));
            }
        }
        for (slot, mark) in said {
            self.recorded |= mark != Mark::NotRecorded;
            let Mark::Status(status) = mark else { continue };
            let Some(word) = file::word(policy, &status) else { continue };
            let line = Line {
                student_no: no.into(),
                name: get("name"),
                class: get("class"),
                date,
                slot,
                status: word,
                until: None,
            };
            if status != "present" {
                self.exceptions.push(line.clone());
            }
            self.all.push(line);
        }
    }
}
