//! The rule language as data (rules.md §2). The compiled configuration holds it; its JSON, hashed, is the version of a rule.

use crate::domain::ids::{LadderId, RuleId, StatusId, Word};
use crate::domain::message::Text;
use crate::domain::policy::Stage;
use crate::domain::ratio::Ratio;
use crate::domain::{Date, TimeOfDay};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    pub id: RuleId,
    pub title: Text,
    /// Printed in explanations and documents.
    pub basis: Option<String>,
    pub subject: SubjectKind,
    pub filter: Filter,
    pub when: Cond,
    /// When a day counts, unless the condition says otherwise. Exactly one of the two forms.
    pub day: DayTest,
    /// 1…9.
    pub level: u8,
    pub ladder: Option<LadderId>,
    pub effective_from: Option<Date>,
    pub effective_to: Option<Date>,
    /// Hash of the rest of this value as JSON.
    pub hash: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    Pupil,
    Class,
    School,
}

/// `day_share` (a day counts if a > 0 and a / L ≥ share) or `day_lessons` (a ≥ n).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayTest {
    Share(Ratio),
    Lessons(Ratio),
}

/// `of:` resolved to status weights: sets are expanded when the configuration is compiled. Statuses not listed weigh 0.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Of {
    /// As written (`unexcused`, `truant+late`), for explanations.
    pub written: String,
    pub weights: Vec<(StatusId, Ratio)>,
}

/// ≥ n, or with `over` > n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Threshold {
    pub n: Ratio,
    pub over: bool,
}

/// A unit with its threshold. Which units a condition takes is rules.md's table; `check` refuses the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    Days(Threshold),
    CalendarDays(Threshold),
    Weeks(Threshold),
    Months(Threshold),
    Sessions(Threshold),
    Lessons(Threshold),
    Hours(Threshold),
    Periods(Threshold),
    Spells(Threshold),
}

/// `of`, `slots`, and a day test of the condition's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counting {
    pub of: Of,
    /// Slot ids (or period ids); empty: the whole day.
    pub slots: Vec<String>,
    /// `None`: the rule's.
    pub day: Option<DayTest>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokenBy {
    Day,
    Attended,
    AttendedDays(u32),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    pub kind: WindowKind,
    pub clip: Option<Clip>,
    pub across_terms: bool,
    pub across_schools: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    Term,
    SchoolYear,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    SchoolDays(u32),
    SchoolWeeks(u32),
    CalendarDays(u32),
    Months(u32),
    Week,
    Month,
    Term,
    SchoolYear,
    Enrolment,
    Span(String),
    Run,
    AfterAct(Vec<Word>),
}

/// Acts of these kinds with these results; empty: any.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ActMatch {
    pub kinds: Vec<Word>,
    pub results: Vec<Word>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cond {
    Consecutive {
        counting: Counting,
        amount: Amount,
        broken_by: BrokenBy,
        across_terms: bool,
        across_schools: bool,
    },
    Total {
        counting: Counting,
        amount: Amount,
        parts: bool,
        within: Window,
    },
    Rate {
        counting: Counting,
        share: Threshold,
        within: Window,
        min_days: u32,
        by_days: bool,
        planned: bool,
    },
    Weekday {
        counting: Counting,
        weekdays: Vec<chrono::Weekday>,
        at_least: u32,
        of_last: u32,
        across_terms: bool,
        across_schools: bool,
    },
    NotRegistered {
        amount: Amount,
        excused_stops: bool,
    },
    Unlisted {
        days: Threshold,
    },
    OverdueReturn {
        amount: Amount,
    },
    LeaveStated {
        amount: Amount,
    },
    NotArrived {
        days: Threshold,
    },
    Acts {
        acts: ActMatch,
        at_least: u32,
        within: Option<Window>,
    },
    StillAbsent {
        after: ActMatch,
        amount: Amount,
    },
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Not(Box<Cond>),
    Cluster {
        counting: Counting,
        pupils: u32,
        within: Window,
        share: Option<Ratio>,
    },
    RollCallMissing {
        by: TimeOfDay,
        days: u32,
    },
    AlwaysFull {
        days: u32,
        pupils: u32,
    },
    CorrectedLate {
        lessons: Ratio,
        older_than_school_days: u32,
    },
}

/// `where:`; all that are given must hold on the day. Empty lists: anything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Filter {
    pub stages: Vec<Stage>,
    pub grades: Vec<u8>,
    pub schools: Vec<String>,
    /// Canonical class names.
    pub classes: Vec<String>,
    /// Any of the pupil's tags.
    pub groups: Vec<String>,
    pub boarding: Option<bool>,
    /// `male` / `female`.
    pub sex: Option<Sex>,
    pub age: Option<Age>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Male,
    Female,
}

/// Full years, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Age {
    pub from: Option<u8>,
    pub to: Option<u8>,
    pub on_school_year_start: bool,
}
