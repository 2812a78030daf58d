//! Raw types of `rules`.

use super::{
    AgeOnWord, BrokenBy, ByWord, ClipWord, DayShare, ExcusedWord, OfValue, OutOfWord, SexWord, StageWord, SubjectWord,
    Threshold, Within,
};
use crate::config::leaf::{Clock, Day, DayOfWeek, Number, Numbers, Share, Words};
use crate::config::read::{At, Many, raw};

raw! {
/// A rule: on which days something is true of a pupil, class or school.
pub struct Rule {
    /// Unique and stable, in small letters, digits and `-` (`truancy-3d`). Required.
    pub id: String,
    /// Required.
    pub title: Words,
    /// The paper it rests on; printed in explanations and documents.
    pub basis: String,
    /// `pupil` (default), `class` or `school`.
    pub subject: SubjectWord,
    /// Whom it is about; everything given must hold.
    pub r#where: Where,
    /// The condition. Required.
    pub when: Cond,
    /// How high the case is lifted, 1…9; default 1.
    pub level: u32,
    /// The ladder that the case climbs. Without one the finding is shown and reported, and nobody is told.
    pub ladder: String,
    /// On other days the rule is not asked.
    pub effective: Effective,
    /// A day counts from this share of its stated periods on; default 1/2; `all` is 1, `any` is 0.
    pub day_share: DayShare,
    /// In place of `day_share`: a day counts from so many weighted lessons on.
    pub day_lessons: Number,
}
/// Days on which a rule is asked, both ends included.
pub struct Effective {
    /// Left out: from the beginning.
    pub from: Day,
    /// Left out: for ever.
    pub to: Day,
}
/// Whom a rule is about.
pub struct Where {
    /// Stages.
    pub stage: Many<StageWord>,
    /// Grades: 3, 1-6, [7, 9].
    pub grade: Numbers,
    /// Ids of schools.
    pub school: Many<String>,
    /// Names of classes.
    pub class: Many<String>,
    /// Any of these tags of the register (类别).
    pub group: Many<String>,
    /// Boarders, or those who are none.
    pub boarding: bool,
    /// `male` or `female`.
    pub sex: SexWord,
    /// Full years, both ends included.
    pub age: Age,
}
/// Full years, both ends included; a birthday is full.
pub struct Age {
    /// At least.
    pub from: u32,
    /// At most.
    pub to: u32,
    /// On the day itself (default), or at the start of the school year.
    pub on: AgeOnWord,
}
/// A condition: exactly one of these.
pub struct Cond {
    /// A run of counting days.
    pub consecutive: Consecutive,
    /// A sum over a window.
    pub total: Total,
    /// A share over a window.
    pub rate: Rate,
    /// The same weekday again and again.
    pub weekday: WeekdayCond,
    /// Not seen since the term began.
    pub not_registered: NotRegistered,
    /// On the register, not on the roll.
    pub unlisted: Unlisted,
    /// Leave or a suspension is over, the pupil is not back.
    pub overdue_return: OverdueReturn,
    /// Long leave.
    pub leave_stated: LeaveStated,
    /// Left for another school, and no school has them.
    pub not_arrived: NotArrived,
    /// What people did.
    pub acts: ActsCond,
    /// Still away after an act.
    pub still_absent: StillAbsent,
    /// All of these.
    pub all: Vec<At<Cond>>,
    /// Any of these.
    pub any: Vec<At<Cond>>,
    /// Not this.
    pub not: Box<Cond>,
    /// Class or school: several pupils at once.
    pub cluster: Cluster,
    /// Class or school: nobody called the roll.
    pub roll_call_missing: RollCallMissing,
    /// Class or school: too good to be true.
    pub always_full: AlwaysFull,
    /// Class or school: old absences turned into something else.
    pub corrected_late: CorrectedLate,
}
/// A run of counting days that has not been broken. Exactly one unit; `days: 3` means 3 or more, `days: {over: 5}` more
/// than 5. Stops at the start of a term unless `across_terms: true`.
pub struct Consecutive {
    /// A set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at.
    pub slots: Many<String>,
    /// When a day counts, in place of the rule's.
    pub day_share: DayShare,
    /// When a day counts, in place of the rule's.
    pub day_lessons: Number,
    /// So many counting days.
    pub days: Threshold,
    /// So many days of the calendar.
    pub calendar_days: Threshold,
    /// So many weeks of the calendar.
    pub weeks: Threshold,
    /// So many months of the calendar.
    pub months: Threshold,
    /// So many sessions (half days).
    pub sessions: Threshold,
    /// So many lessons, weighted.
    pub lessons: Threshold,
    /// So many hours of lessons.
    pub hours: Threshold,
    /// What breaks a run: `day` (default: every day that does not count), `attended` (only a day with an attended period),
    /// `{attended_days: k}` (only k days in a row that were attended for the half).
    pub broken_by: BrokenBy,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// A sum over a window. Exactly one unit.
pub struct Total {
    /// A set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at.
    pub slots: Many<String>,
    /// When a day counts, in place of the rule's.
    pub day_share: DayShare,
    /// When a day counts, in place of the rule's.
    pub day_lessons: Number,
    /// So many counting days.
    pub days: Threshold,
    /// So many sessions (half days).
    pub sessions: Threshold,
    /// So many lessons, weighted.
    pub lessons: Threshold,
    /// So many hours of lessons.
    pub hours: Threshold,
    /// So many periods, whatever they weigh.
    pub periods: Threshold,
    /// So many separate spells.
    pub spells: Threshold,
    /// With `days`: parts of days are summed.
    pub parts: bool,
    /// The days that are looked at. Required.
    pub within: Within,
    /// Cut the window at the start of the term or school year.
    pub clip: ClipWord,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// A share over a window: `at_least` or `over`.
pub struct Rate {
    /// A set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at.
    pub slots: Many<String>,
    /// When a day counts, in place of the rule's.
    pub day_share: DayShare,
    /// When a day counts, in place of the rule's.
    pub day_lessons: Number,
    /// This share or more.
    pub at_least: Share,
    /// More than this share.
    pub over: Share,
    /// The days that are looked at. Required.
    pub within: Within,
    /// Cut the window at the start of the term or school year.
    pub clip: ClipWord,
    /// From so many days on; default 1.
    pub min_days: u32,
    /// `days`: counting days by existing days, in place of periods.
    pub by: ByWord,
    /// `planned`: of all that is planned in the window, days to come included.
    pub out_of: OutOfWord,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// k of the last n days that fall on these weekdays.
pub struct WeekdayCond {
    /// A set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at.
    pub slots: Many<String>,
    /// When a day counts, in place of the rule's.
    pub day_share: DayShare,
    /// When a day counts, in place of the rule's.
    pub day_lessons: Number,
    /// Required.
    pub weekdays: Many<DayOfWeek>,
    /// Required.
    pub at_least: u32,
    /// Required.
    pub of_last: u32,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// Nothing attended since the term's first school day. Exactly one unit.
pub struct NotRegistered {
    /// So many counting days.
    pub days: Threshold,
    /// So many weeks of the calendar.
    pub weeks: Threshold,
    /// So many months of the calendar.
    pub months: Threshold,
    /// So many days of the calendar.
    pub calendar_days: Threshold,
    /// `stops` (default): stated leave ends the stretch; `counts`: it does not.
    pub excused: ExcusedWord,
}
/// Days in a row on which a full export does not list the pupil.
pub struct Unlisted {
    /// Required.
    pub days: Threshold,
}
/// Time since leave or an exemption ended. Exactly one unit.
pub struct OverdueReturn {
    /// So many counting days.
    pub days: Threshold,
    /// So many weeks of the calendar.
    pub weeks: Threshold,
    /// So many months of the calendar.
    pub months: Threshold,
    /// So many days of the calendar.
    pub calendar_days: Threshold,
}
/// The length of stated leave. Exactly one unit.
pub struct LeaveStated {
    /// So many counting days.
    pub days: Threshold,
    /// So many days of the calendar.
    pub calendar_days: Threshold,
}
/// School days of the old school since the pupil left.
pub struct NotArrived {
    /// Required.
    pub days: Threshold,
}
/// Acts recorded for the pupil.
pub struct ActsCond {
    /// Kinds; left out: any.
    pub kind: Many<String>,
    /// Results; left out: any.
    pub result: Many<String>,
    /// So many or more; default 1.
    pub at_least: u32,
    /// The days that are looked at; left out: all.
    pub within: Within,
    /// Cut the window at the start of the term or school year.
    pub clip: ClipWord,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// Still away so long after the first such act since the last attended period. Exactly one unit.
pub struct StillAbsent {
    /// The act. Required.
    pub after: ActMatch,
    /// So many counting days.
    pub days: Threshold,
    /// So many days of the calendar.
    pub calendar_days: Threshold,
}
/// Acts of these kinds with these results.
pub struct ActMatch {
    /// Left out: any.
    pub kind: Many<String>,
    /// Left out: any.
    pub result: Many<String>,
}
/// Different pupils with a counting day in the window.
pub struct Cluster {
    /// A set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at.
    pub slots: Many<String>,
    /// When a day counts, in place of the rule's.
    pub day_share: DayShare,
    /// When a day counts, in place of the rule's.
    pub day_lessons: Number,
    /// So many or more. Required.
    pub pupils: u32,
    /// And this share or more of those expected.
    pub share: Share,
    /// The days that are looked at. Required.
    pub within: Within,
    /// Cut the window at the start of the term or school year.
    pub clip: ClipWord,
    /// Go on over the end of a term; default false.
    pub across_terms: bool,
    /// Go on over a change of school; default true.
    pub across_schools: bool,
}
/// No period of the day is covered.
pub struct RollCallMissing {
    /// Today only after this time. Required.
    pub by: Clock,
    /// So many school days in a row; default 1.
    pub days: u32,
}
/// Every recorded period was present.
pub struct AlwaysFull {
    /// So many recorded days in a row. Required.
    pub days: u32,
    /// Each with so many recorded pupils. Required.
    pub pupils: u32,
}
/// A delivery turned unexcused periods of long ago into something else.
pub struct CorrectedLate {
    /// So many periods or more. Required.
    pub lessons: Number,
    /// For days this long ago. Required.
    pub older_than: OlderThan,
}
/// How long ago.
pub struct OlderThan {
    /// More than so many school days before. Required.
    pub school_days: u32,
}
/// A threshold that is not enough by itself.
pub struct OverMap {
    /// More than this. Required.
    pub over: Number,
}
/// So many attended days in a row.
pub struct AttendedDays {
    /// Required.
    pub attended_days: u32,
}
/// The days that are looked at, up to the day itself: exactly one of these.
pub struct WithinMap {
    /// The last n school days.
    pub school_days: u32,
    /// The last n calendar weeks that have a school day.
    pub school_weeks: u32,
    /// The last n days of the calendar.
    pub calendar_days: u32,
    /// The days after the same day n months before.
    pub months: u32,
    /// A span of the calendar.
    pub span: String,
    /// The days after the latest such act.
    pub after_act: AfterAct,
}
/// An act.
pub struct AfterAct {
    /// Its kinds. Required.
    pub kind: Many<String>,
}
}
