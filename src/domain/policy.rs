//! Policy: the checked configuration. `config` compiles files into it, everything else reads it; it is immutable
//! and swapped whole on reload. Nothing here parses, reads files or asks for the time.

use super::ids::{ChannelId, ClassName, LadderId, Role, RungId, SchoolId, SourceId, StatusId, Word};
use super::message::{Lang, Text};
use super::ratio::Ratio;
use super::rule::ast::Rule;
use super::{Date, Time, TimeOfDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The whole checked configuration.
#[derive(Clone, Debug)]
pub struct Policy {
    pub township: Township,
    pub mode: Mode,
    /// Absence before this day builds the timeline and alarms nobody. `None`: from the first day on.
    pub live_from: Option<Date>,
    /// The level from which a follow-up is a numbered case.
    pub ledger_from: u8,
    pub mass: Mass,
    /// When the township's morning report goes out on school days.
    pub morning_report: Option<TimeOfDay>,
    /// Where the daemon's sign of life goes; given only while nothing is stuck (cases.md §5).
    pub heartbeat: Option<Heartbeat>,
    /// Absolute.
    pub data_dir: PathBuf,
    /// The folder of the root file: what relative paths count from. Absolute.
    pub base_dir: PathBuf,
    pub seal: Secret,
    pub calendar: CalendarPolicy,
    pub schools: Vec<School>,
    pub sources: Vec<Source>,
    /// Built-in statuses first (in the order of `STATUSES`), then the township's own.
    pub statuses: Vec<Status>,
    /// Words of acts: kinds and results, built-in and own.
    pub acts: ActWords,
    pub rules: Vec<Rule>,
    pub ladders: Vec<Ladder>,
    pub contacts: Contacts,
    pub channels: Vec<Channel>,
    pub templates: Templates,
    /// Content hash of all files read: names a policy in the ledger.
    pub hash: String,
    /// The files themselves, the root first, so that the policy in force can be read again while they are being mended.
    pub files: std::sync::Arc<Vec<PolicyFile>>,
}

/// A file of the configuration as it was read; secrets are only referred to in it. Sealed where it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    /// Absolute.
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// Without the text, which names people.
impl std::fmt::Debug for PolicyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.path.display(), self.bytes.len())
    }
}

impl Policy {
    pub fn school(&self, id: &SchoolId) -> Option<&School> {
        self.schools.iter().find(|s| &s.id == id)
    }
    pub fn source(&self, id: &SourceId) -> Option<&Source> {
        self.sources.iter().find(|s| &s.id == id)
    }
    pub fn ladder(&self, id: &LadderId) -> Option<&Ladder> {
        self.ladders.iter().find(|l| &l.id == id)
    }
    pub fn channel(&self, id: &ChannelId) -> Option<&Channel> {
        self.channels.iter().find(|c| &c.id == id)
    }
    pub fn status(&self, id: &StatusId) -> Option<&Status> {
        self.statuses.iter().find(|s| &s.id == id)
    }
}

#[derive(Clone, Debug)]
pub struct Township {
    pub name: String,
    /// Statistical code, 9 digits: the first part of case numbers.
    pub code: String,
    pub zone: chrono_tz::Tz,
    /// The language of what leaves the machine.
    pub lang: Lang,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Everything runs, every letter goes to the folder channel.
    Rehearsal,
    Live,
}

/// When openings at one school at once are held (cases.md §4).
#[derive(Clone, Debug)]
pub struct Mass {
    pub share: Ratio,
    pub pupils: u32,
    pub class_min: u32,
}

#[derive(Clone, Debug)]
pub struct Heartbeat {
    pub url: Option<String>,
    pub file: Option<PathBuf>,
    pub every_s: u32,
}

/// Where a secret comes from; the secret itself is never part of the policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secret {
    /// `$CREDENTIALS_DIRECTORY/NAME` (systemd LoadCredential).
    Credential(String),
    /// Absolute path; refused when others can read it.
    File(PathBuf),
    Env(String),
}

// ---------------------------------------------------------------- calendar

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CalendarPolicy {
    pub terms: Vec<Term>,
    /// The township's weekend.
    pub weekend: Vec<chrono::Weekday>,
    pub holidays: Holidays,
    pub closed: Vec<Closure>,
    pub open: Vec<Opening>,
    pub spans: BTreeMap<String, Vec<(Date, Date)>>,
    /// Month and day on which a school year starts; `None`: with the first term that starts on or after 1 July.
    pub school_year_starts: Option<(u32, u32)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Term {
    pub id: String,
    /// First lesson day.
    pub start: Date,
    pub end: Date,
    /// Only for these stages; empty: for all.
    pub stages: Vec<Stage>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Holidays {
    /// `holidays: none`: open and closed entries are the whole truth.
    None,
    /// Files, read as one.
    Years(Vec<HolidayYear>),
}

impl Default for Holidays {
    fn default() -> Self {
        Holidays::Years(Vec::new())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HolidayYear {
    pub year: i32,
    /// False: the file is there but has no `papers` (not announced): the year is unknown.
    pub announced: bool,
    /// Date, is it a day off (true) or a make-up working day (false), its name.
    pub days: Vec<(Date, bool, String)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Scope {
    /// Empty: all.
    pub schools: Vec<SchoolId>,
    pub grades: Vec<u8>,
    pub classes: Vec<ClassName>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closure {
    pub from: Date,
    pub to: Date,
    pub reason: String,
    pub scope: Scope,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    pub date: Date,
    pub reason: String,
    pub scope: Scope,
    pub timetable_of: Option<chrono::Weekday>,
}

// ---------------------------------------------------------------- schools

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Kindergarten,
    Primary,
    Junior,
    Senior,
    Special,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct School {
    pub id: SchoolId,
    pub name: String,
    /// Stage of each range of grades; one entry with all grades for an ordinary school.
    pub stages: Vec<(Stage, std::ops::RangeInclusive<u8>)>,
    pub grades: Vec<u8>,
    /// In order. Never empty: without a timetable a day is one period of weight 1 (and `timetable` is false).
    pub periods: Vec<Period>,
    pub timetable: bool,
    pub slots: Vec<Slot>,
    /// Ids of slots that rules in sessions count.
    pub sessions: Vec<SlotId>,
    pub makeup: Makeup,
    pub patterns: Vec<Pattern>,
    /// Role → person. `principal`, `moral_education` and whatever else a school names.
    pub contacts: BTreeMap<Role, Person>,
    pub homerooms: BTreeMap<ClassName, Person>,
}

impl School {
    pub fn stage_of(&self, grade: Option<u8>) -> Option<Stage> {
        match grade {
            Some(g) => self.stages.iter().find(|(_, r)| r.contains(&g)).map(|(s, _)| *s),
            None if self.stages.len() == 1 => Some(self.stages[0].0),
            None => None,
        }
    }
}

pub type SlotId = super::ids::SlotName;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Period {
    /// `p:1`… for plain numbers, else the id given (`early`).
    pub id: SlotId,
    pub weight: Ratio,
    pub minutes: u32,
}

/// A named range of periods (indices into `School::periods`). The slot `day` is always all of them and is not listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slot {
    pub id: SlotId,
    pub title: Option<String>,
    pub periods: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Makeup {
    Follow,
    Ignore,
}

/// A week pattern of some grades of a school; the first that names the grade (and whose dates contain the day) counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    /// Empty: all grades.
    pub grades: Vec<u8>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// One entry, or several that alternate week by week; the first is the week that contains `from` (Mon–Sun).
    pub weeks: Vec<WeekPattern>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WeekPattern {
    pub weekend: Vec<chrono::Weekday>,
    pub half_days: Vec<HalfDay>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HalfDay {
    pub weekday: chrono::Weekday,
    /// Indices into `School::periods`.
    pub periods: Vec<usize>,
    /// False: no day for anything counted in days (Sunday evening study of boarders).
    pub day: bool,
}

// ---------------------------------------------------------------- sources

#[derive(Clone, Debug)]
pub struct Source {
    pub id: SourceId,
    /// `None`: the file names schools in the column `school_column`.
    pub school: Option<SchoolId>,
    pub school_column: Option<String>,
    pub content: Content,
    pub kind: SourceKind,
    pub poll: Poll,
    pub settle_s: u32,
    pub coverage: CoverageKind,
    pub replaces: Replaces,
    /// Empty: all of the school's.
    pub classes: Vec<ClassName>,
    /// Empty: the whole day.
    pub slots: Vec<SlotId>,
    pub expected_by: Option<TimeOfDay>,
    pub guard: Guard,
    pub reader: Reader,
    /// How long finished files stay in `done/`, in days; `None`: one term.
    pub keep_days: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    Attendance,
    Register,
    Feedback,
    Leave,
}

#[derive(Clone, Debug)]
pub enum SourceKind {
    /// A folder (absolute) and a glob on file names.
    Directory { path: PathBuf, matching: String },
}

#[derive(Clone, Debug)]
pub enum Poll {
    Every {
        seconds: u32,
    },
    /// The cron expression with seconds in front, as the cron crate reads it, and as it was written.
    Cron {
        expression: String,
        written: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum CoverageKind {
    Full,
    Exceptions,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Replaces {
    Rows,
    Day,
}

/// Limits beyond which a delivery is held; `None`: not looked at.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    pub absent_share: Option<Ratio>,
    pub unknown_rows: Option<Ratio>,
    pub roster_shrinks: Option<Ratio>,
}

#[derive(Clone, Debug)]
pub struct Reader {
    pub format: Format,
    /// `None`: found from the bytes.
    pub encoding: Option<Encoding>,
    pub layout: Layout,
    /// `None`: every sheet that has a header; else the one named.
    pub sheet: Option<String>,
    pub stated_at: StatedAt,
    /// Canonical field → the header as this file writes it.
    pub columns: BTreeMap<String, String>,
    /// Word → status, beside the defaults.
    pub statuses: BTreeMap<String, StatusId>,
    /// Mark → status (symbols mean different things in different schools).
    pub legend: BTreeMap<String, StatusId>,
    pub blank: Blank,
    /// A `late` or `early_leave` of more minutes is read as the status named.
    pub late_over: Option<(u32, StatusId)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Auto,
    Csv,
    Xlsx,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    Gb18030,
    Utf16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    Auto,
    Long,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatedAt {
    Content,
    Filename,
    Modified,
    Arrival,
}

/// What an empty status cell means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blank {
    /// A fault and no statement.
    Hold,
    Status(StatusId),
    /// The row states nothing.
    Nothing,
}

// ---------------------------------------------------------------- statuses, acts

/// A status with its words and the sets it is in (rules.md §1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    pub id: StatusId,
    pub words: Vec<String>,
    /// Of `attended`, `excused`, `absent`, `unexcused`, `missing`.
    pub sets: Vec<String>,
    /// Words of the reason column that turn a row into this status.
    pub reasons: Vec<String>,
    /// A status of one's own that is `like` another.
    pub like: Option<StatusId>,
}

/// The built-in statuses, in the order in which the packed timeline numbers them.
pub const STATUSES: [&str; 9] =
    ["present", "late", "early_leave", "official", "sick", "personal", "truant", "unexplained", "not_listed"];

#[derive(Clone, Debug, Default)]
pub struct ActWords {
    /// Kind → its words in files (`visit` → 家访).
    pub kinds: BTreeMap<Word, Vec<String>>,
    pub results: BTreeMap<Word, Vec<String>>,
}

// ---------------------------------------------------------------- ladders

/// A ladder as compiled; its JSON is stored under `hash` and a climb keeps the version it started with (cases.md §2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ladder {
    pub id: LadderId,
    pub title: Text,
    pub rungs: Vec<Rung>,
    pub marks: Vec<MarkRule>,
    pub repeat: Option<Repeat>,
    pub gap_min_s: i64,
    pub return_days: u32,
    pub watch: Watch,
    pub acknowledge: Option<Acknowledge>,
    /// No quiet hours, no `per_day`, no hold.
    pub urgent: bool,
    pub again: Option<Again>,
    /// Hash of the rest of this value as JSON.
    pub hash: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rung {
    pub id: RungId,
    pub at: Due,
    pub to: Vec<Role>,
    pub via: Vec<ChannelId>,
    pub template: Option<String>,
    pub unless: Vec<Unless>,
    pub document: Option<Word>,
    pub statutory: bool,
}

/// When a rung is due: anchor + after, moved to `time` where given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Due {
    pub anchor: Anchor,
    pub after: After,
    pub time: Option<TimeOfDay>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    Start,
    Level(u8),
    Act(Word),
    Served(Word),
    Mark(Word),
    Rung(RungId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    Seconds(i64),
    SchoolDays(u32),
    WorkingDays(u32),
    CalendarDays(u32),
    Months(u32),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unless {
    /// An acknowledgement that an act has followed.
    Acknowledged,
    Act {
        kind: Word,
        result: Option<Word>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MarkRule {
    /// `suspected` or `dropout`.
    pub mark: Word,
    pub at: Due,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Repeat {
    pub rung: RungId,
    pub every: After,
    pub times: u32,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watch {
    pub school_days: u32,
    /// What counts as a relapse, and how many counting days of it within the watch.
    pub relapse_of: super::rule::ast::Of,
    pub relapse_days: u32,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Acknowledge {
    pub holds: After,
    /// Roles with a duty that may acknowledge; empty: any that the ladder names.
    pub by: Vec<Role>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Again {
    /// So many earlier numbered cases in the school year…
    pub cases: u32,
    /// …lift the case to this level.
    pub level: u8,
}

// ---------------------------------------------------------------- contacts

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub phone: Option<String>,
    pub email: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Contacts {
    pub offices: BTreeMap<Role, Office>,
    /// By township code.
    pub home_townships: BTreeMap<String, HomeTownship>,
    /// By role; `office` holds for every role not named, `guardian` for guardians.
    pub hours: BTreeMap<Role, Hours>,
}

impl Contacts {
    /// The hours of a role: its own, else those of `office` (and the defaults if that is not there either).
    pub fn hours_of(&self, role: &Role) -> &Hours {
        static DEFAULT: Hours = Hours {
            quiet: None,
            per_day: None,
            working_days_only: false,
            bundle_s: 600,
            digest: None,
            valid_s: 86_400,
        };
        self.hours
            .get(role)
            .or_else(|| if *role == "guardian" { None } else { self.hours.get("office") })
            .unwrap_or(&DEFAULT)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Office {
    pub name: String,
    pub people: Vec<Person>,
}

#[derive(Clone, Debug)]
pub struct HomeTownship {
    pub office: Office,
    pub education_office: Option<Office>,
}

#[derive(Clone, Debug)]
pub struct Hours {
    /// Start inside, end outside; may span midnight.
    pub quiet: Option<(TimeOfDay, TimeOfDay)>,
    /// Accepted SMS a day about one child to one number (guardians).
    pub per_day: Option<u32>,
    pub working_days_only: bool,
    pub bundle_s: i64,
    pub digest: Option<TimeOfDay>,
    /// What is not told so long after it was due is composed anew.
    pub valid_s: i64,
}

// ---------------------------------------------------------------- channels

#[derive(Clone, Debug)]
pub struct Channel {
    pub id: ChannelId,
    pub kind: ChannelKind,
    pub rate: Rate,
    pub on_unknown: OnUnknown,
    pub receipts: Receipts,
}

/// How long a receipt is waited for before the next channel or contact is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Receipts {
    /// Nothing is said: two hours where the gateway gives receipts.
    Usual,
    Never,
    Seconds(i64),
}

impl Receipts {
    pub const USUAL: Receipts = Receipts::Seconds(2 * 3600);
}

impl Channel {
    pub fn receipt_within_s(&self) -> Option<i64> {
        let given =
            matches!(&self.kind, ChannelKind::Http(h) if h.inbound.as_ref().is_some_and(|i| i.receipt.is_some()));
        match if self.receipts == Receipts::Usual && given { Receipts::USUAL } else { self.receipts } {
            Receipts::Seconds(s) => Some(s),
            Receipts::Usual | Receipts::Never => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressKind {
    Phone,
    Email,
    /// Whatever there is (the folder).
    Any,
}

impl Channel {
    pub fn address_kind(&self) -> AddressKind {
        match self.kind {
            ChannelKind::Folder { .. } => AddressKind::Any,
            ChannelKind::Email(_) => AddressKind::Email,
            ChannelKind::Http(_) => AddressKind::Phone,
        }
    }
    /// The family of its templates: `sms` or `email`.
    pub fn is_sms(&self) -> bool {
        matches!(self.kind, ChannelKind::Http(_))
    }
}

#[derive(Clone, Debug)]
pub enum ChannelKind {
    /// Absolute.
    Folder {
        path: PathBuf,
    },
    Email(EmailChannel),
    Http(Box<HttpChannel>),
}

#[derive(Clone, Debug)]
pub struct EmailChannel {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// `"镇教育办 <alert@town.cn>"`.
    pub from: String,
    /// PEM file of a private CA, absolute.
    pub ca: Option<PathBuf>,
    pub timeout_s: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tls {
    Implicit,
    Starttls,
    /// Only to loopback.
    None,
}

#[derive(Clone, Debug)]
pub struct HttpChannel {
    pub url: String,
    pub method: String,
    /// Values are templates like the body; a secret stands as `{{ secret.NAME }}`.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub secrets: BTreeMap<String, Secret>,
    pub success: Option<Success>,
    /// JSON pointer to the gateway's own id of the message.
    pub id: Option<String>,
    /// JSON pointer to the code that `errors` maps; default: that of `success`.
    pub error_pointer: Option<String>,
    pub errors: BTreeMap<String, ErrorClass>,
    /// How the gateway is asked what became of a letter.
    pub query: Option<Query>,
    pub inbound: Option<Inbound>,
    pub timeout_s: u32,
}

/// A request by templates, as a channel's own.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    pub url: String,
    pub method: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub request: HttpRequest,
    /// JSON pointer to the state; the words that stand there.
    pub state: String,
    pub accepted: Vec<String>,
    pub delivered: Vec<String>,
    pub failed: Vec<String>,
    pub absent: Vec<String>,
}

/// Where replies and receipts come from.
#[derive(Clone, Debug)]
pub struct Inbound {
    pub poll: Option<(HttpRequest, u64)>,
    pub callback: Option<Callback>,
    /// JSON pointer to the list of items; empty: the whole.
    pub items: String,
    pub reply: Option<InboundReply>,
    pub receipt: Option<InboundReceipt>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Callback {
    /// A loopback address with its port.
    pub listen: String,
    pub path: String,
    pub answer: String,
}

/// JSON pointers into an item.
#[derive(Clone, Debug)]
pub struct InboundReply {
    pub from: String,
    pub text: String,
    pub id: Option<String>,
}

#[derive(Clone, Debug)]
pub struct InboundReceipt {
    pub id: String,
    pub state: String,
    pub delivered: Vec<String>,
    pub failed: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Success {
    pub pointer: String,
    pub equals: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorClass {
    BadAddress,
    BadMessage,
    ChannelDown,
    Throttled { seconds: u32 },
    Passing,
}

#[derive(Clone, Debug, Default)]
pub struct Rate {
    /// At most one letter in so many milliseconds.
    pub every_ms: Option<u64>,
    pub per_day: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    Query,
    Idempotent,
    ResendOnce,
    NextContact,
}

// ---------------------------------------------------------------- templates

/// Template texts by template id; what is not here has a default (message/letters.rs).
#[derive(Clone, Debug, Default)]
pub struct Templates {
    pub by_id: BTreeMap<String, Template>,
}

/// Short form for phones, long form for mail. minijinja source, strict.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pub sms: Option<Text>,
    pub email_subject: Option<Text>,
    pub email_text: Option<Text>,
}

/// A span of local time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub from: Time,
    pub to: Time,
}
