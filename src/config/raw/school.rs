//! Raw types of `calendar` and `schools`.

use super::{HalfDay, MakeupWord, Period, PeriodList, Slot, StageMap, StageWord};
use crate::config::leaf::{Day, DayOfWeek, Number, Numbers};
use crate::config::read::{At, Dict, Many, raw};

raw! {
/// When there is school. The first voice that speaks about a date wins: open and closed entries (the most closely named
/// first), public holidays and make-up days, the pattern of the grade or school, the weekend.
pub struct Calendar {
    /// The terms; outside them nothing is a school day. Required.
    pub terms: Vec<At<Term>>,
    /// Days of the week without school; default `[sat, sun]`.
    pub weekend: Vec<At<DayOfWeek>>,
    /// Files of public holidays: the holiday-cn JSON of a year, or an iCalendar (.ics). `none`: closed and open entries
    /// are the whole truth. A year in use without a file, or whose file has no `papers`, is reported.
    pub holidays: Many<String>,
    /// Days without school.
    pub closed: Vec<At<Closed>>,
    /// Days of school that would be none.
    pub open: Vec<At<OpenDay>>,
    /// Named spans of dates, for `within: {span: NAME}` of rules.
    pub spans: Dict<Vec<At<Span>>>,
    /// When a school year begins; default: with the first term that starts on or after 1 July.
    pub school_year: SchoolYear,
}
/// A term.
pub struct Term {
    /// Its name. Required.
    pub id: String,
    /// The first lesson day. Required.
    pub start: Day,
    /// The last day. Required.
    pub end: Day,
    /// Only for these stages; left out: for all.
    pub stage: Many<StageWord>,
}
/// Days without school, both ends included. Left out, `schools`, `grades` and `classes` mean all.
pub struct Closed {
    /// The first day. Required.
    pub from: Day,
    /// The last day; default: `from`.
    pub to: Day,
    /// Why, for explanations.
    pub reason: String,
    /// Ids of schools.
    pub schools: Many<String>,
    /// Grades 1…12.
    pub grades: Numbers,
    /// Names of classes.
    pub classes: Many<String>,
}
/// A day of school that would be none. Left out, `schools`, `grades` and `classes` mean all.
pub struct OpenDay {
    /// The day. Required.
    pub date: Day,
    /// Why, for explanations.
    pub reason: String,
    /// Ids of schools.
    pub schools: Many<String>,
    /// Grades 1…12.
    pub grades: Numbers,
    /// Names of classes.
    pub classes: Many<String>,
    /// The day has the periods of this weekday; left out: all periods.
    pub timetable_of: DayOfWeek,
}
/// A span of dates, both ends included.
pub struct Span {
    /// The first day. Required.
    pub start: Day,
    /// The last day. Required.
    pub end: Day,
}
/// When a school year begins.
pub struct SchoolYear {
    /// Month and day in quotes: `"09-01"`. Required.
    pub starts: String,
}
/// A school.
pub struct School {
    /// Its id: letters, digits, `-` and `_`. Keep it for ever. Required.
    pub id: String,
    /// Its name as letters and registers give it. Required.
    pub name: String,
    /// One stage, or a map of stages to grades: `{primary: 1-6, junior: 7-9}`. Required.
    pub stage: StageMap,
    /// The grades it has; default: those of its stage.
    pub grades: Numbers,
    /// Periods 1…n a day. Without `lessons` or `periods` a day is one period, and rules in lessons cannot reach the school.
    pub lessons: u32,
    /// The periods of a day in order, in place of `lessons`: ids, or maps with weight and minutes.
    pub periods: Vec<At<Period>>,
    /// Minutes of a period; default 40.
    pub lesson_minutes: u32,
    /// Named ranges of periods (`am`, `pm`, `evening` …). `day` is always all of them.
    pub slots: Dict<Slot>,
    /// The slots that rules in sessions count.
    pub sessions: Many<String>,
    /// `follow` (default): public make-up days are school days; `ignore`: they are not.
    pub makeup: MakeupWord,
    /// Week patterns; the first that names the grade counts, else the first without grades, else the township's weekend.
    pub patterns: Vec<At<Pattern>>,
    /// Role → person: `principal`, `moral_education` and any other that ladders name.
    pub contacts: Dict<Person>,
    /// Class → its homeroom teacher.
    pub homerooms: Dict<Person>,
}
/// A period with what it weighs.
pub struct PeriodMap {
    /// A number or a name (`early`). Required.
    pub id: String,
    /// What it weighs in a day, such as 1/2 or 2; default 1.
    pub weight: Number,
    /// Its minutes; default `lesson_minutes`.
    pub minutes: u32,
}
/// A named range of periods.
pub struct SlotMap {
    /// Such as `1-4` or `[5, 6]`. Required.
    pub periods: PeriodList,
    /// What files and letters call it (上午).
    pub title: String,
}
/// A week pattern of some grades.
pub struct Pattern {
    /// Left out: all grades.
    pub grades: Numbers,
    /// From this day on. Required with several `weeks`: the first of them is the week that contains it.
    pub from: Day,
    /// Until this day.
    pub to: Day,
    /// Days of the week without school; default: the township's.
    pub weekend: Vec<At<DayOfWeek>>,
    /// Weekday → the periods that it has.
    pub half_days: Dict<HalfDay>,
    /// Weeks that alternate, in place of `weekend` and `half_days`.
    pub weeks: Vec<At<Week>>,
}
/// One of several weeks that alternate.
pub struct Week {
    /// Days of the week without school; default: the township's.
    pub weekend: Vec<At<DayOfWeek>>,
    /// Weekday → the periods that it has.
    pub half_days: Dict<HalfDay>,
}
/// A half day.
pub struct HalfDayMap {
    /// The periods that it has. Required.
    pub periods: PeriodList,
    /// `false`: it is no day for anything counted in days (Sunday evening study of boarders); default true.
    pub day: bool,
}
/// A person; phone or email is required.
pub struct Person {
    /// Required.
    pub name: String,
    /// A mobile number, or a landline with its area code, in quotes.
    pub phone: String,
    /// An address of mail.
    pub email: String,
}
}
