//! The pure core: no IO, no clock, no async, no logging, no SQL. Values and `now` in, values out.

pub mod calendar;
pub mod case;
pub mod casework;
pub mod climbing;
pub mod compose;
pub mod evidence;
pub mod fault;
pub mod finding;
pub mod ids;
pub mod incident;
pub mod ladder;
pub mod letter;
pub mod message;
pub mod normalise;
pub mod notice;
pub mod paper;
pub mod policy;
pub mod ratio;
pub mod record;
pub mod rule;
pub mod text;
pub mod timeline;
pub mod weaken;
pub mod words;

/// An instant as the township's clock on the wall shows it (its zone is configuration; zones with daylight saving
/// are refused by `check`, so local time is a total order).
pub type Time = chrono::NaiveDateTime;
/// A calendar date in the township.
pub type Date = chrono::NaiveDate;
/// A time of day in the township.
pub type TimeOfDay = chrono::NaiveTime;
