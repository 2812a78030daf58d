//! Raw types of `sources`, `statuses` and `acts`.

use super::{
    ContentWord, CoverageWord, EncodingWord, FormatWord, KindWord, LayoutWord, ReplacesWord, SchoolOrColumn,
    StatedAtWord,
};
use crate::config::leaf::{Clock, Duration, Share};
use crate::config::read::{Dict, Many, raw};

raw! {
/// A place from which exports come.
pub struct Source {
    /// Its id. Required.
    pub id: String,
    /// A school's id, or `{column: 学校}` for one file with many schools (by id or name). Required.
    pub school: SchoolOrColumn,
    /// What its files hold; `leave` are intervals. Required.
    pub content: ContentWord,
    /// `directory` (default): files put into a folder.
    pub kind: KindWord,
    /// The folder. Files that were read move to `done/` in it. Required.
    pub path: String,
    /// Which file names, with `*` and `?`; default `*`.
    pub r#match: String,
    /// How often to look: a duration (`10s`), or a cron expression of 5 fields in the township's zone, weekdays by name
    /// (`"*/5 7-18 * * mon-fri"`); default 1m.
    pub poll: String,
    /// A file must stand unchanged this long, or arrive by renaming; default 10s.
    pub settle: Duration,
    /// `full` (default): every pupil of a class is listed; `exceptions`: only those not present.
    pub coverage: CoverageWord,
    /// What a newer file does to older ones. `rows` (default with `full`): each row stands until another speaks of it;
    /// `day` (default with `exceptions`): the newest file is the whole statement about its classes and dates.
    pub replaces: ReplacesWord,
    /// Exceptions: the classes that a file covers; default `all`.
    pub classes: Many<String>,
    /// Exceptions: the slots that a file covers; default `all`.
    pub slots: Many<String>,
    /// When its file must be there.
    pub expected: Expected,
    /// Limits beyond which a file is held.
    pub guard: Guard,
    /// How its files are read.
    pub reader: Reader,
    /// How long files stay in `done/`: `1 term` (default), or days such as `90d`.
    pub keep: String,
}
/// The column that names the school.
pub struct ColumnMap {
    /// Its header. Required.
    pub column: String,
}
/// When a file must be there.
pub struct Expected {
    /// On school days by this time, else an incident opens. Required.
    pub by: Clock,
}
/// Beyond these limits nothing is applied before a person has looked. A limit that is left out is not looked at.
pub struct Guard {
    /// The share of absent pupils.
    pub absent_share: Share,
    /// The share of rows that name nobody or cannot be understood.
    pub unknown_rows: Share,
    /// The share of the roster that is gone since the last time.
    pub roster_shrinks: Share,
}
/// How a file is read. What is left out is found from the file itself.
pub struct Reader {
    /// `auto` (default), `csv` or `xlsx`.
    pub format: FormatWord,
    /// `auto` (default), or the encoding of a text file.
    pub encoding: EncodingWord,
    /// `auto` (default), or `long`: one row for a pupil and date.
    pub layout: LayoutWord,
    /// `all` (default): every sheet that has a header; or a sheet's name.
    pub sheet: String,
    /// Where the time of the statement is taken from; default `arrival`.
    pub stated_at: StatedAtWord,
    /// Canonical field → the header of this file, where the usual words do not fit.
    pub columns: Dict<String>,
    /// Word of the file → status, beside the usual words.
    pub statuses: Dict<String>,
    /// Mark of the file (√, ○, △ …) → status.
    pub legend: Dict<String>,
    /// What an empty status cell means: `hold` (default: a fault, no statement), `nothing` (the row states nothing), or a
    /// status.
    pub blank: String,
    /// Lateness beyond some minutes is something else.
    pub late_over: LateOver,
}
/// A `late` or `early_leave` of more minutes is read as another status.
pub struct LateOver {
    /// Required.
    pub minutes: u32,
    /// The status. Required.
    pub is: String,
}
/// A status of one's own: `in` or `like` is required.
pub struct Status {
    /// The words of files that give it.
    pub words: Many<String>,
    /// The sets it is in: attended, excused, absent, unexcused, missing.
    pub r#in: Many<String>,
    /// It is in the sets of this status. A rule that names that status does not mean this one.
    pub like: String,
    /// Words of the reason column that turn an absence into it.
    pub reasons: Many<String>,
}
/// Acts of one's own beside call, visit, persuasion, urge, notice, arrival, replied and reached, failed, refused, returned.
pub struct Acts {
    /// Kind → the words of files.
    pub kinds: Dict<Many<String>>,
    /// Result → the words of files.
    pub results: Dict<Many<String>>,
}
}
