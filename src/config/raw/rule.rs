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
    /// Unique and stable, in small letters, digits and `-`, such as `truancy-3d`. Required.
    pub id: String,
    /// What people read of it: in letters, explanations and lists. Required.
    pub title: Words,
    /// The paper that it rests on; printed in explanations and documents. Default: none.
    pub basis: String,
    /// What it is about: `pupil`, `class` or `school`. Default: `pupil`.
    pub subject: SubjectWord,
    /// Whom it is about; everything that is given must hold on the day. Default: everybody.
    pub r#where: Where,
    /// The condition: on which days it is true. Required.
    pub when: Cond,
    /// How high the case is lifted, 1…9. Default: 1.
    pub level: u32,
    /// The ladder that the case climbs. Default: none; the finding is shown and reported, and nobody is told.
    pub ladder: String,
    /// On other days the rule is not asked; windows reach back freely. Default: always.
    pub effective: Effective,
    /// A day counts from this share of its stated periods on; `all` is 1, `any` is 0. Default: 1/2.
    pub day_share: DayShare,
    /// In place of `day_share`: a day counts from so many weighted lessons on. Default: `day_share` decides.
    pub day_lessons: Number,
}
/// Days on which a rule is asked, both ends included.
pub struct Effective {
    /// The first day. Default: from the beginning.
    pub from: Day,
    /// The last day. Default: for ever.
    pub to: Day,
}
/// Whom a rule is about.
pub struct Where {
    /// Stages: `kindergarten`, `primary`, `junior`, `senior`, `special`. Default: all.
    pub stage: Many<StageWord>,
    /// Grades: 3, 1-6, [7, 9]. Default: all.
    pub grade: Numbers,
    /// Ids of schools. Default: all.
    pub school: Many<String>,
    /// Names of classes, in any of the usual ways of writing. Default: all.
    pub class: Many<String>,
    /// Pupils with any of these tags of the register (类别). Default: everybody.
    pub group: Many<String>,
    /// `true`: boarders; `false`: those who are none. Default: both.
    pub boarding: bool,
    /// `male` or `female`. Default: both.
    pub sex: SexWord,
    /// Full years on the day or at the start of the school year. Default: all.
    pub age: Age,
}
/// Full years, both ends included; a birthday is full.
pub struct Age {
    /// This age or older. Default: all.
    pub from: u32,
    /// This age or younger. Default: all.
    pub to: u32,
    /// When the age is looked at: `day` or `school_year_start`. Default: `day`.
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
    /// What counts: a set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at. Default: the whole day.
    pub slots: Many<String>,
    /// When a day counts, by the share of its periods. Default: as the rule says.
    pub day_share: DayShare,
    /// When a day counts, by weighted lessons. Default: as the rule says.
    pub day_lessons: Number,
    /// So many counting school days. One unit.
    pub days: Threshold,
    /// So many days of the calendar, days off included. One unit.
    pub calendar_days: Threshold,
    /// So many weeks of the calendar (7 days each). One unit.
    pub weeks: Threshold,
    /// So many months of the calendar. One unit.
    pub months: Threshold,
    /// So many sessions (half days, as the school names them). One unit.
    pub sessions: Threshold,
    /// So many lessons: weight of the period times weight of the status. One unit.
    pub lessons: Threshold,
    /// So many hours: minutes of the periods times weight of the status, divided by 60. One unit.
    pub hours: Threshold,
    /// What breaks a run: `day` (every day that does not count), `attended` (only a day with an attended period),
    /// `{attended_days: k}` (only k days in a row that were attended for the half). Default: `day`.
    pub broken_by: BrokenBy,
    /// Go on over the end of a term. Default: `false`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// A sum over a window. Exactly one unit.
pub struct Total {
    /// What counts: a set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at. Default: the whole day.
    pub slots: Many<String>,
    /// When a day counts, by the share of its periods. Default: as the rule says.
    pub day_share: DayShare,
    /// When a day counts, by weighted lessons. Default: as the rule says.
    pub day_lessons: Number,
    /// So many counting school days. One unit.
    pub days: Threshold,
    /// So many sessions (half days, as the school names them). One unit.
    pub sessions: Threshold,
    /// So many lessons: weight of the period times weight of the status. One unit.
    pub lessons: Threshold,
    /// So many hours: minutes of the periods times weight of the status, divided by 60. One unit.
    pub hours: Threshold,
    /// So many periods, whatever they weigh: the weights of the statuses alone. One unit.
    pub periods: Threshold,
    /// So many separate spells: runs of counting days. One unit.
    pub spells: Threshold,
    /// With `days`: parts of days are summed, half a day as 1/2. Default: `false`.
    pub parts: bool,
    /// The days that are looked at: a window. Required.
    pub within: Within,
    /// Cut the window at the start of the `term` or `school_year`. Default: not cut.
    pub clip: ClipWord,
    /// With `{school_days: n}`, which stops at the start of the term: go on over it. Default: `false`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// A share over a window: `at_least` or `over`.
pub struct Rate {
    /// What counts: a set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at. Default: the whole day.
    pub slots: Many<String>,
    /// When a day counts, by the share of its periods. Default: as the rule says.
    pub day_share: DayShare,
    /// When a day counts, by weighted lessons. Default: as the rule says.
    pub day_lessons: Number,
    /// This share or more; or `over`. One of both.
    pub at_least: Share,
    /// More than this share; or `at_least`. One of both.
    pub over: Share,
    /// The days that are looked at: a window. Required.
    pub within: Within,
    /// Cut the window at the start of the `term` or `school_year`. Default: not cut.
    pub clip: ClipWord,
    /// Asked from so many existing days on. Default: 1.
    pub min_days: u32,
    /// `days`: counting days by existing days. Default: weights of periods.
    pub by: ByWord,
    /// `planned`: of all that is planned in the window, days to come of the term included. Default: what was stated.
    pub out_of: OutOfWord,
    /// With `{school_days: n}`, which stops at the start of the term: go on over it. Default: `false`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// k of the last n days that fall on these weekdays.
pub struct WeekdayCond {
    /// What counts: a set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at. Default: the whole day.
    pub slots: Many<String>,
    /// When a day counts, by the share of its periods. Default: as the rule says.
    pub day_share: DayShare,
    /// When a day counts, by weighted lessons. Default: as the rule says.
    pub day_lessons: Number,
    /// The days of the week: `mon` … `sun`. Required.
    pub weekdays: Many<DayOfWeek>,
    /// So many of them count. Required.
    pub at_least: u32,
    /// Of so many last ones. Required.
    pub of_last: u32,
    /// Go on over the end of a term. Default: `true`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// Nothing attended since the term's first school day. Exactly one unit.
pub struct NotRegistered {
    /// So many school days since the first, and as many recorded ones. One unit.
    pub days: Threshold,
    /// So many weeks of the calendar (7 days each). One unit.
    pub weeks: Threshold,
    /// So many months of the calendar. One unit.
    pub months: Threshold,
    /// So many days of the calendar, days off included. One unit.
    pub calendar_days: Threshold,
    /// `stops`: stated leave ends the stretch; `counts`: it does not. Default: `stops`.
    pub excused: ExcusedWord,
}
/// Days in a row on which a full export does not list the pupil.
pub struct Unlisted {
    /// So many days. Required.
    pub days: Threshold,
}
/// Time since leave or an exemption ended. Exactly one unit.
pub struct OverdueReturn {
    /// So many recorded school days since. One unit.
    pub days: Threshold,
    /// So many weeks of the calendar since. One unit.
    pub weeks: Threshold,
    /// So many months of the calendar since. One unit.
    pub months: Threshold,
    /// So many days of the calendar since. One unit.
    pub calendar_days: Threshold,
}
/// The length of stated leave. Exactly one unit.
pub struct LeaveStated {
    /// So many school days, up to the end that is stated. One unit.
    pub days: Threshold,
    /// So many days of the calendar, up to the end that is stated. One unit.
    pub calendar_days: Threshold,
}
/// School days of the old school since the pupil left.
pub struct NotArrived {
    /// So many days. Required.
    pub days: Threshold,
}
/// Acts recorded for the pupil.
pub struct ActsCond {
    /// Kinds of acts. Default: any.
    pub kind: Many<String>,
    /// Results of acts. Default: any.
    pub result: Many<String>,
    /// So many or more. Default: 1.
    pub at_least: u32,
    /// The days that are looked at: a window. Default: all days.
    pub within: Within,
    /// Cut the window at the start of the `term` or `school_year`. Default: not cut.
    pub clip: ClipWord,
    /// With `{school_days: n}`, which stops at the start of the term: go on over it. Default: `false`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// Still away so long after the first such act since the last attended period. Exactly one unit.
pub struct StillAbsent {
    /// The act from which it counts: kinds and results. Required.
    pub after: ActMatch,
    /// So many recorded school days since. One unit.
    pub days: Threshold,
    /// So many days of the calendar since. One unit.
    pub calendar_days: Threshold,
}
/// Acts of these kinds with these results.
pub struct ActMatch {
    /// Kinds of acts. Default: any.
    pub kind: Many<String>,
    /// Results of acts. Default: any.
    pub result: Many<String>,
}
/// Different pupils with a counting day in the window.
pub struct Cluster {
    /// What counts: a set, a status, a list of them, or a map to weights: `{truant: 1, late: 1/3}`. Required.
    pub of: OfValue,
    /// Only the periods of these slots are looked at. Default: the whole day.
    pub slots: Many<String>,
    /// When a day counts, by the share of its periods. Default: as the rule says.
    pub day_share: DayShare,
    /// When a day counts, by weighted lessons. Default: as the rule says.
    pub day_lessons: Number,
    /// So many different pupils or more. Required.
    pub pupils: u32,
    /// And this share or more of those expected on the day. Default: not asked.
    pub share: Share,
    /// The days that are looked at: a window. Required.
    pub within: Within,
    /// Cut the window at the start of the `term` or `school_year`. Default: not cut.
    pub clip: ClipWord,
    /// With `{school_days: n}`, which stops at the start of the term: go on over it. Default: `false`.
    pub across_terms: bool,
    /// Go on over a change of school. Default: `true`.
    pub across_schools: bool,
}
/// No period of the day is covered.
pub struct RollCallMissing {
    /// Today counts only after this time. Required.
    pub by: Clock,
    /// So many school days in a row. Default: 1.
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
    /// So many periods in one delivery, or more. Required.
    pub lessons: Number,
    /// For days this long ago. Required.
    pub older_than: OlderThan,
}
/// How long ago.
pub struct OlderThan {
    /// More than so many school days before the delivery. Required.
    pub school_days: u32,
}
/// A threshold that is not enough by itself.
pub struct OverMap {
    /// More than this. Required.
    pub over: Number,
}
/// So many attended days in a row.
pub struct AttendedDays {
    /// So many. Required.
    pub attended_days: u32,
}
/// The days that are looked at, up to the day itself: exactly one of these.
pub struct WithinMap {
    /// The last n school days of the calendar, recorded or not. One of these.
    pub school_days: u32,
    /// The last n calendar weeks (Monday to Sunday) that have a school day. One of these.
    pub school_weeks: u32,
    /// The day and the n−1 days of the calendar before. One of these.
    pub calendar_days: u32,
    /// The days after the same day n months before. One of these.
    pub months: u32,
    /// A span that the calendar names. One of these.
    pub span: String,
    /// The days after the latest such act; all days if there is none. One of these.
    pub after_act: AfterAct,
}
/// An act.
pub struct AfterAct {
    /// Kinds of acts. Required.
    pub kind: Many<String>,
}
}
