//! Findings: what the rules say about a subject (rules.md §3), and what changed between two evaluations.

use super::Date;
use super::ids::{ClassName, PupilId, RuleId, SchoolId};
use super::ratio::Ratio;
use serde::{Deserialize, Serialize};

/// Whom a finding is about; school and class as the register has them on `last_on`.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub school: Option<SchoolId>,
    pub class: Option<ClassName>,
    pub pupil: Option<PupilId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Days,
    Sessions,
    Lessons,
    Hours,
    Periods,
    Spells,
    Rate,
    Acts,
    Pupils,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Measure {
    pub unit: Unit,
    pub value: Ratio,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub rule: RuleId,
    /// The version (content hash) of the rule.
    pub rule_hash: String,
    pub subject: Subject,
    pub fired_on: Date,
    pub last_on: Date,
    pub open: bool,
    pub measure: Option<Measure>,
    /// Ascending, without repeats.
    pub evidence: Vec<Date>,
}

/// What an evaluation changed, by (rule, subject, fired_on).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Opened,
    Extended,
    Cleared,
    Retracted,
}

/// Findings in buffers that are used again: what `clear` takes away is written over, so that nothing is allocated for a
/// pupil.
#[derive(Default, Debug)]
pub struct Findings {
    all: Vec<Finding>,
    len: usize,
}

impl Findings {
    pub fn clear(&mut self) {
        self.len = 0;
    }
    /// One more, to be written over: an old one, or a new one without content.
    pub fn add(&mut self) -> &mut Finding {
        if self.len == self.all.len() {
            self.all.push(Finding {
                rule: RuleId::new(""),
                rule_hash: String::new(),
                subject: Subject { school: None, class: None, pupil: None },
                fired_on: Date::MIN,
                last_on: Date::MIN,
                open: false,
                measure: None,
                evidence: Vec::new(),
            });
        }
        self.len += 1;
        &mut self.all[self.len - 1]
    }
}

impl std::ops::Deref for Findings {
    type Target = [Finding];
    fn deref(&self) -> &[Finding] {
        &self.all[..self.len]
    }
}

impl std::ops::DerefMut for Findings {
    fn deref_mut(&mut self) -> &mut [Finding] {
        &mut self.all[..self.len]
    }
}
