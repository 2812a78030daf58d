//! Raw types of `ladders`.

use super::{AfterValue, MarkWord, OfValue, UnlessValue};
use crate::config::leaf::{Clock, Duration, Words};
use crate::config::read::{At, Many, raw};

raw! {
/// A ladder: who is told when. A climb keeps the text with which it started.
pub struct Ladder {
    /// Its id. Required.
    pub id: String,
    /// Its name in explanations; default: the id.
    pub title: Words,
    /// The rungs in order. Required.
    pub rungs: Vec<At<Rung>>,
    /// When a case is marked as suspected (疑似辍学) or dropout (辍学).
    pub marks: Vec<At<Mark>>,
    /// What goes again at the end of the ladder.
    pub repeat: Repeat,
    /// What lies at least between two rungs to one role; default 2h.
    pub gap_min: Duration,
    /// When a child is back.
    pub r#return: Return,
    /// How long a child that is back is watched.
    pub watch: Watch,
    /// What an acknowledgement does; left out: nobody can acknowledge.
    pub acknowledge: Acknowledge,
    /// No quiet hours, no one-a-day, no hold; default false.
    pub urgent: bool,
    /// Lifts the case of a pupil who had cases before.
    pub again: Again,
}
/// One rung.
pub struct Rung {
    /// Its id within the ladder. Required.
    pub id: String,
    /// When it is due. Required.
    pub at: Due,
    /// The roles that are told: guardian, homeroom, home_township, roles of the schools, offices. Required.
    pub to: Many<String>,
    /// The channels in the order in which they are tried. Required.
    pub via: Many<String>,
    /// The template of its letters; default: the built-in text.
    pub template: String,
    /// When it is skipped: `acknowledged`, `{act: visit}`, `{act: visit, result: reached}`.
    pub unless: Vec<At<UnlessValue>>,
    /// A paper: of `written_report` and `rectification_order` a numbered draft is attached to mails and laid beside letters in
    /// a folder, never for a guardian; another word stands for a paper of your own, whose service `case serve` records.
    pub document: String,
    /// Stopped by nothing but return, retraction or a closing with evidence; default false.
    pub statutory: bool,
}
/// When something is due: an anchor (level, act, served, mark or rung; default the start of the climb), `after`, `time`.
pub struct Due {
    /// How long after the anchor; default at once.
    pub after: AfterValue,
    /// At this time of day, in quotes.
    pub time: Clock,
    /// When the case reaches this level.
    pub level: u32,
    /// When an act of this kind is recorded.
    pub act: String,
    /// When this document is served; the period ends by the rules of the Civil Code.
    pub served: String,
    /// When the case is marked so.
    pub mark: String,
    /// When this rung is sent or skipped.
    pub rung: String,
}
/// A length of time in days or months: exactly one of these.
pub struct AfterMap {
    /// School days of the pupil's school and grade.
    pub school_days: u32,
    /// Working days of the public calendar.
    pub working_days: u32,
    /// Days.
    pub calendar_days: u32,
    /// The same day so many months later.
    pub months: u32,
}
/// An act that makes a rung superfluous.
pub struct UnlessAct {
    /// Its kind. Required.
    pub act: String,
    /// Its result; left out: any.
    pub result: String,
}
/// A mark on the case.
pub struct Mark {
    /// Required.
    pub mark: MarkWord,
    /// When it is set. Required.
    pub at: Due,
}
/// What goes again at the end of the ladder.
pub struct Repeat {
    /// Required.
    pub rung: String,
    /// How long after its last sending. Required.
    pub every: AfterValue,
    /// How often. Required.
    pub times: u32,
}
/// When a child is back.
pub struct Return {
    /// So many attended days in a row; default 1.
    pub days: u32,
}
/// How long a child that is back is watched.
pub struct Watch {
    /// School days; default 20.
    pub school_days: u32,
    /// What is a relapse.
    pub relapse: Relapse,
}
/// A relapse: so many counting days within the watch.
pub struct Relapse {
    /// What counts; default `unexcused`.
    pub of: OfValue,
    /// So many days; default 1.
    pub days: u32,
}
/// What an acknowledgement does.
pub struct Acknowledge {
    /// Rungs that are not statutory wait so long. Required.
    pub holds: AfterValue,
    /// The roles that may acknowledge; left out: all that the ladder names.
    pub by: Many<String>,
}
/// Lifts the case of a pupil who had numbered cases in the same school year.
pub struct Again {
    /// So many earlier cases. Required.
    pub cases: u32,
    /// The level, 1…9. Required.
    pub level: u32,
}
}
