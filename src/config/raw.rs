//! Raw: the types of the configuration files. Their doc comments are the manual (config/reference.md) and their shapes
//! the JSON Schema; nothing here knows what refers to what.

use super::leaf::{Clock, Day, DayOfWeek, Duration, Number, Numbers, Quiet, Share, Words};
use super::problem::{Problems, say};
use super::read::{At, Dict, Many, Read, raw, shape, words};
use super::tree::Node;

raw! {
/// The root file. Every section may stand here or in a file named under `include`.
pub struct Root {
    /// The township. Required.
    pub township: Township,
    /// `rehearsal` (default): every letter goes to the folder channel; `live` sends.
    pub mode: ModeWord,
    /// Absence before this day builds the timeline and alarms nobody.
    pub live_from: Day,
    /// The level from which a follow-up is a numbered case (default 2).
    pub ledger_from: u32,
    /// When openings at one school at once are held until a person has looked.
    pub mass: Mass,
    /// When the morning report goes out on school days; left out: none.
    pub morning_report: Clock,
    /// Sign of life for a watcher outside; given only while nothing is stuck.
    pub heartbeat: Heartbeat,
    /// Database, control socket, spool (default ./data).
    pub data_dir: String,
    /// The key that seals personal data (default: the systemd credential `seal`).
    pub seal: Seal,
    /// Files with further sections, read together with this one.
    pub include: Many<String>,
    /// Terms, holidays, closures. Required.
    pub calendar: Calendar,
    /// The schools. Required.
    pub schools: Vec<At<School>>,
    /// Where exports come from.
    pub sources: Vec<At<Source>>,
    /// Statuses of one's own beside the built-in ones.
    pub statuses: Dict<Status>,
    /// Kinds and results of acts of one's own.
    pub acts: Acts,
    /// The rules.
    pub rules: Vec<At<Rule>>,
    /// The ladders; one is called `operations`. Required.
    pub ladders: Vec<At<Ladder>>,
    /// Offices and hours.
    pub contacts: Contacts,
    /// The ways out. The folder `letters` is always there.
    pub channels: Dict<Channel>,
    /// Texts that override the defaults, by template id.
    pub templates: Dict<Template>,
}
/// The township itself.
pub struct Township {
    /// Its name. Required.
    pub name: String,
    /// Statistical code, 9 digits in quotes: the first part of case numbers. Required.
    pub code: String,
    /// IANA time zone without daylight saving (default Asia/Shanghai).
    pub timezone: String,
    /// zh-CN (default) or en: the language of letters.
    pub locale: LocaleWord,
}
/// Limits beyond which the cases of one school are held.
pub struct Mass {
    /// Held above this share of the school's pupils (default 5%)…
    pub share: Share,
    /// …and from so many pupils on (default 10).
    pub pupils: u32,
    /// A class of so many pupils without one attended period is held too (default 5).
    pub class_min: u32,
}
/// Where the sign of life goes.
pub struct Heartbeat { pub url: String, pub file: String,
    /// How often (default 1m).
    pub every: Duration }
/// Sealing of personal data.
pub struct Seal { pub key: SecretFrom,
    /// `aes` (AES-256-GCM).
    pub suite: SuiteWord }
/// Where a secret comes from: exactly one of the three. The secret itself never stands in the file.
pub struct Secret {
    /// The name of a systemd credential.
    pub credential: String,
    /// A file that only its owner can read.
    pub file: String,
    /// An environment variable.
    pub env: String }
/// When there is school.
pub struct Calendar {
    /// Required.
    pub terms: Vec<At<Term>>,
    /// Days of the week without school (default [sat, sun]).
    pub weekend: Vec<At<DayOfWeek>>,
    /// Files of the published holidays (JSON), or `none`: closed and open entries are the whole truth.
    pub holidays: Many<String>,
    pub closed: Vec<At<Closed>>,
    pub open: Vec<At<OpenDay>>,
    /// Named spans of dates for `within: {span: name}`.
    pub spans: Dict<Vec<At<Span>>>,
    pub school_year: SchoolYear,
}
pub struct Term { pub id: String,
    /// First lesson day.
    pub start: Day,
    pub end: Day,
    /// Only for these stages.
    pub stage: Many<StageWord> }
/// Days without school.
pub struct Closed { pub from: Day,
    /// Default: `from`.
    pub to: Day, pub reason: String, pub schools: Many<String>, pub grades: Numbers, pub classes: Many<String> }
/// A day of school that would be none.
pub struct OpenDay { pub date: Day, pub reason: String, pub schools: Many<String>, pub grades: Numbers, pub classes: Many<String>,
    /// The day has the periods of this weekday.
    pub timetable_of: DayOfWeek }
pub struct Span { pub start: Day, pub end: Day }
pub struct SchoolYear {
    /// Month and day in quotes: "09-01".
    pub starts: String }
pub struct School {
    pub id: String,
    pub name: String,
    /// kindergarten, primary, junior, senior, special; or a map of stages to grades.
    pub stage: StageMap,
    /// Default: those of the stage.
    pub grades: Numbers,
    /// How many lessons a day: short for periods 1…n.
    pub lessons: u32,
    /// The periods of a day in order, in place of `lessons`.
    pub periods: Vec<At<Period>>,
    /// Minutes of a period (default 40).
    pub lesson_minutes: u32,
    /// Named ranges of periods (am, pm, evening …).
    pub slots: Dict<Slot>,
    /// The slots that rules in sessions count.
    pub sessions: Many<String>,
    /// follow (default) or ignore public make-up days.
    pub makeup: MakeupWord,
    pub patterns: Vec<At<Pattern>>,
    /// Role → person.
    pub contacts: Dict<Person>,
    /// Class → its homeroom teacher.
    pub homerooms: Dict<Person>,
}
pub struct PeriodMap { pub id: String, pub weight: Number, pub minutes: u32 }
pub struct SlotMap { pub periods: PeriodList, pub title: String }
/// A week pattern of some grades; the first that names the grade counts.
pub struct Pattern { pub grades: Numbers, pub from: Day, pub to: Day, pub weekend: Vec<At<DayOfWeek>>, pub half_days: Dict<HalfDay>,
    /// Weeks that alternate; the first is the one that contains `from`.
    pub weeks: Vec<At<Week>> }
pub struct Week { pub weekend: Vec<At<DayOfWeek>>, pub half_days: Dict<HalfDay> }
pub struct HalfDayMap { pub periods: PeriodList,
    /// false: no day for anything counted in days.
    pub day: bool }
pub struct Person { pub name: String, pub phone: String, pub email: String }
pub struct Source {
    pub id: String,
    /// A school's id, or `{column: 学校}` for a file with many schools.
    pub school: SchoolOrColumn,
    /// attendance, register, feedback or leave.
    pub content: ContentWord,
    /// directory.
    pub kind: KindWord,
    /// The folder.
    pub path: String,
    /// Which file names (default *).
    pub r#match: String,
    /// A duration (10s) or a cron expression of 5 fields (default 1m).
    pub poll: String,
    /// A file must stand unchanged this long (default 10s).
    pub settle: Duration,
    pub coverage: CoverageWord,
    pub replaces: ReplacesWord,
    /// Exceptions lists: the classes covered; `all` (default).
    pub classes: Many<String>,
    /// Exceptions lists: the slots covered; `all` (default).
    pub slots: Many<String>,
    pub expected: Expected,
    pub guard: Guard,
    pub reader: Reader,
    /// How long files stay in done/: `1 term` (default) or a duration in days (90d).
    pub keep: String,
}
pub struct ColumnMap { pub column: String }
pub struct Expected { pub by: Clock }
/// Beyond these limits nothing is applied before a person has looked; a limit left out is not looked at.
pub struct Guard { pub absent_share: Share, pub unknown_rows: Share, pub roster_shrinks: Share }
/// How a file is read.
pub struct Reader { pub format: FormatWord, pub encoding: EncodingWord, pub layout: LayoutWord,
    /// `all` (default) or a sheet's name.
    pub sheet: String, pub stated_at: StatedAtWord,
    /// Canonical field → the header of this file.
    pub columns: Dict<String>,
    /// Word of the file → status.
    pub statuses: Dict<String>,
    /// Mark of the file → status.
    pub legend: Dict<String>,
    /// What an empty status cell means: hold (default), nothing, or a status.
    pub blank: String,
    pub late_over: LateOver }
pub struct LateOver { pub minutes: u32, pub is: String }
/// A status of one's own.
pub struct Status { pub words: Many<String>,
    /// The sets it is in: attended, excused, absent, unexcused, missing.
    pub r#in: Many<String>,
    /// In the sets of this status.
    pub like: String,
    /// Words of the reason column that give it.
    pub reasons: Many<String> }
pub struct Acts { pub kinds: Dict<Many<String>>, pub results: Dict<Many<String>> }
pub struct Rule {
    /// Unique, stable, kebab-case.
    pub id: String, pub title: Words,
    /// Printed in explanations and documents.
    pub basis: String, pub subject: SubjectWord, pub r#where: Where,
    /// The condition. Required.
    pub when: Cond,
    /// 1…9 (default 1): how high the case is lifted.
    pub level: u32,
    /// Without one the finding is shown and never sent.
    pub ladder: String, pub effective: Effective,
    /// A day counts from this share of its stated periods on (default 1/2; all; any).
    pub day_share: DayShare,
    /// In place of `day_share`: from so many lessons on.
    pub day_lessons: Number }
pub struct Effective { pub from: Day, pub to: Day }
pub struct Where { pub stage: Many<StageWord>, pub grade: Numbers, pub school: Many<String>, pub class: Many<String>, pub group: Many<String>, pub boarding: bool, pub sex: SexWord, pub age: Age }
pub struct Age { pub from: u32, pub to: u32, pub on: AgeOnWord }
/// Exactly one condition.
pub struct Cond { pub consecutive: Consecutive, pub total: Total, pub rate: Rate, pub weekday: WeekdayCond,
    pub not_registered: NotRegistered, pub unlisted: Unlisted, pub overdue_return: OverdueReturn, pub leave_stated: LeaveStated,
    pub not_arrived: NotArrived, pub acts: ActsCond, pub still_absent: StillAbsent,
    pub all: Vec<At<Cond>>, pub any: Vec<At<Cond>>, pub not: Box<Cond>,
    pub cluster: Cluster, pub roll_call_missing: RollCallMissing, pub always_full: AlwaysFull, pub corrected_late: CorrectedLate }
pub struct Consecutive { pub of: OfValue, pub slots: Many<String>, pub day_share: DayShare, pub day_lessons: Number,
    pub days: Threshold, pub calendar_days: Threshold, pub weeks: Threshold, pub months: Threshold, pub sessions: Threshold, pub lessons: Threshold, pub hours: Threshold,
    pub broken_by: BrokenBy, pub across_terms: bool, pub across_schools: bool }
pub struct Total { pub of: OfValue, pub slots: Many<String>, pub day_share: DayShare, pub day_lessons: Number,
    pub days: Threshold, pub sessions: Threshold, pub lessons: Threshold, pub hours: Threshold, pub periods: Threshold, pub spells: Threshold,
    pub parts: bool, pub within: Within, pub clip: ClipWord, pub across_terms: bool, pub across_schools: bool }
pub struct Rate { pub of: OfValue, pub slots: Many<String>, pub day_share: DayShare, pub day_lessons: Number,
    pub at_least: Share, pub over: Share, pub within: Within, pub min_days: u32, pub by: ByWord, pub out_of: OutOfWord,
    pub clip: ClipWord, pub across_terms: bool, pub across_schools: bool }
pub struct WeekdayCond { pub of: OfValue, pub slots: Many<String>, pub day_share: DayShare, pub day_lessons: Number,
    pub weekdays: Many<DayOfWeek>, pub at_least: u32, pub of_last: u32, pub across_terms: bool, pub across_schools: bool }
pub struct NotRegistered { pub days: Threshold, pub weeks: Threshold, pub months: Threshold, pub calendar_days: Threshold, pub excused: ExcusedWord }
pub struct Unlisted { pub days: Threshold }
pub struct OverdueReturn { pub days: Threshold, pub weeks: Threshold, pub months: Threshold, pub calendar_days: Threshold }
pub struct LeaveStated { pub days: Threshold, pub calendar_days: Threshold }
pub struct NotArrived { pub days: Threshold }
pub struct ActsCond { pub kind: Many<String>, pub result: Many<String>, pub at_least: u32, pub within: Within, pub clip: ClipWord, pub across_terms: bool, pub across_schools: bool }
pub struct StillAbsent { pub after: ActMatch, pub days: Threshold, pub calendar_days: Threshold }
pub struct ActMatch { pub kind: Many<String>, pub result: Many<String> }
pub struct Cluster { pub of: OfValue, pub slots: Many<String>, pub day_share: DayShare, pub day_lessons: Number, pub pupils: u32, pub within: Within, pub share: Share, pub clip: ClipWord, pub across_terms: bool, pub across_schools: bool }
pub struct RollCallMissing { pub by: Clock, pub days: u32 }
pub struct AlwaysFull { pub days: u32, pub pupils: u32 }
pub struct CorrectedLate { pub lessons: Number, pub older_than: OlderThan }
pub struct OlderThan { pub school_days: u32 }
pub struct OverMap { pub over: Number }
pub struct AttendedDays { pub attended_days: u32 }
/// Exactly one of these.
pub struct WithinMap { pub school_days: u32, pub school_weeks: u32, pub calendar_days: u32, pub months: u32, pub span: String, pub after_act: AfterAct }
pub struct AfterAct { pub kind: Many<String> }
pub struct Ladder { pub id: String, pub title: Words, pub rungs: Vec<At<Rung>>, pub marks: Vec<At<Mark>>, pub repeat: Repeat,
    /// Between two rungs of one climb to one role (default 2h).
    pub gap_min: Duration,
    #[schemars(rename = "return")] pub r#return: Return,
    pub watch: Watch, pub acknowledge: Acknowledge,
    /// No quiet hours, no one-a-day, no hold.
    pub urgent: bool, pub again: Again }
pub struct Rung { pub id: String,
    /// When it is due. Required.
    pub at: Due,
    /// Roles. Required.
    pub to: Many<String>,
    /// Channels in order. Required.
    pub via: Many<String>, pub template: String, pub unless: Vec<At<UnlessValue>>, pub document: String,
    /// Stopped by nothing but return, retraction or a closing with evidence.
    pub statutory: bool }
/// Anchor (at most one of level, act, served, mark, rung; default the start of the climb), `after` and `time`.
pub struct Due { pub after: AfterValue, pub time: Clock, pub level: u32, pub act: String, pub served: String, pub mark: String, pub rung: String }
/// Exactly one of these.
pub struct AfterMap { pub school_days: u32, pub working_days: u32, pub calendar_days: u32, pub months: u32 }
pub struct UnlessAct { pub act: String, pub result: String }
pub struct Mark { pub mark: MarkWord, pub at: Due }
pub struct Repeat { pub rung: String, pub every: AfterValue, pub times: u32 }
pub struct Return { pub days: u32 }
pub struct Watch { pub school_days: u32, pub relapse: Relapse }
pub struct Relapse { pub of: OfValue, pub days: u32 }
pub struct Acknowledge { pub holds: AfterValue, pub by: Many<String> }
pub struct Again { pub cases: u32, pub level: u32 }
pub struct Contacts { pub offices: Dict<Office>,
    /// By township code.
    pub home_townships: Dict<HomeTownship>,
    /// By role; a role not named has the office's.
    pub hours: Dict<Hours> }
pub struct Office { pub name: String, pub people: Vec<At<Person>> }
pub struct HomeTownship { pub name: String, pub people: Vec<At<Person>>, pub education_office: Office }
pub struct Hours {
    /// Start inside, end outside: ["21:00", "07:00"].
    pub quiet: Quiet, pub per_day: u32, pub working_days_only: bool, pub bundle: Duration, pub digest: Clock }
/// One way out; which keys it takes depends on its kind.
pub struct Channel {
    /// folder, email or http.
    pub kind: ChannelWord,
    /// folder: where letters are written.
    pub path: String,
    pub host: String, pub port: u32, pub tls: TlsWord, pub user: String, pub password: SecretFrom, pub from: String,
    /// PEM file of a private CA.
    pub ca: String, pub url: String, pub method: MethodWord, pub headers: Dict<String>, pub body: String, pub secrets: Dict<SecretFrom>,
    pub success: Success,
    /// JSON pointer to the gateway's own id.
    pub id: String,
    /// JSON pointer to the code that `errors` maps.
    pub error: String,
    pub errors: Dict<ErrorWord>, pub rate: RateLimit, pub on_unknown: OnUnknownWord,
    /// On gateways that give receipts: how long to wait for one.
    pub receipt_within: Duration, pub timeout: Duration }
pub struct Success { pub pointer: String, pub equals: String }
pub struct RateLimit { pub every: Duration, pub day: u32,
    /// 10/s, 20/m.
    pub total: String }
pub struct Template { pub sms: Words, pub email: EmailTemplate }
pub struct EmailTemplate { pub subject: Words, pub text: Words }
}

words! {
pub enum ModeWord { Rehearsal = "rehearsal", Live = "live" }
pub enum LocaleWord { Zh = "zh-CN", En = "en" }
pub enum SuiteWord { Aes = "aes" } later { "sm" }
pub enum StageWord { Kindergarten = "kindergarten", Primary = "primary", Junior = "junior", Senior = "senior", Special = "special" }
pub enum MakeupWord { Follow = "follow", Ignore = "ignore" }
pub enum ContentWord { Attendance = "attendance", Register = "register", Feedback = "feedback", Leave = "leave" }
pub enum KindWord { Directory = "directory" } later { "http", "sftp" }
pub enum CoverageWord { Full = "full", Exceptions = "exceptions" }
pub enum ReplacesWord { Rows = "rows", Day = "day" }
pub enum FormatWord { Auto = "auto", Csv = "csv", Xlsx = "xlsx" } later { "xls", "ods", "json", "html" }
pub enum EncodingWord { Auto = "auto", Utf8 = "utf-8", Gb18030 = "gb18030", Gbk = "gbk", Utf16 = "utf-16" }
pub enum LayoutWord { Auto = "auto", Long = "long" } later { "matrix", "wide", "events" }
pub enum StatedAtWord { Content = "content", Filename = "filename", Modified = "modified", Arrival = "arrival" }
pub enum SubjectWord { Pupil = "pupil", Class = "class", School = "school" }
pub enum SexWord { Male = "male", Female = "female" }
pub enum AgeOnWord { Day = "day", SchoolYearStart = "school_year_start" }
pub enum ClipWord { Term = "term", SchoolYear = "school_year" }
pub enum ByWord { Days = "days" }
pub enum OutOfWord { Planned = "planned" }
pub enum ExcusedWord { Stops = "stops", Counts = "counts" }
pub enum MarkWord { Suspected = "suspected", Dropout = "dropout" }
pub enum ChannelWord { Folder = "folder", Email = "email", Http = "http" } later { "aliyun", "tencent", "mas", "cmpp", "modem", "wecom", "dingtalk", "feishu" }
pub enum TlsWord { Implicit = "implicit", Starttls = "starttls", None = "none" }
pub enum MethodWord { Post = "POST", Get = "GET", Put = "PUT" }
pub enum ErrorWord { BadAddress = "bad_address", BadMessage = "bad_message", ChannelDown = "channel_down", Throttled = "throttled", Passing = "passing" }
pub enum OnUnknownWord { Idempotent = "idempotent", ResendOnce = "resend_once", NextContact = "next_contact" } later { "query" }
pub enum BrokenByWord { Day = "day", Attended = "attended" }
pub enum WithinWord { Week = "week", Month = "month", Term = "term", SchoolYear = "school_year", Enrolment = "enrolment", Run = "run" }
}

/// A value that is a scalar or a map: two variants, the schema of both.
macro_rules! either {
    ($($(#[$meta:meta])* $name:ident = $plain:ident($a:ty) | $map:ident($b:ty);)*) => {$(
        $(#[$meta])*
        pub enum $name { $plain($a), $map($b) }
        impl Read for $name {
            fn read(node: &Node, p: &mut Problems) -> Option<Self> {
                match node.map() {
                    Some(_) => <$b>::read(node, p).map($name::$map),
                    None => <$a>::read(node, p).map($name::$plain),
                }
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let (a, b) = (g.subschema_for::<$a>(), g.subschema_for::<$b>());
                schemars::json_schema!({ "anyOf": [a, b] })
            }
        }
    )*};
}

either! {
    StageMap = One(StageWord) | Map(Dict<Numbers>);
    Period = Plain(String) | Map(PeriodMap);
    Slot = Plain(PeriodList) | Map(SlotMap);
    HalfDay = Plain(PeriodList) | Map(HalfDayMap);
    SchoolOrColumn = School(String) | Column(ColumnMap);
    Threshold = AtLeast(Number) | Over(OverMap);
    BrokenBy = Word(BrokenByWord) | AttendedDays(AttendedDays);
    Within = Word(WithinWord) | Map(WithinMap);
    AfterValue = Duration(Duration) | Map(AfterMap);
    UnlessValue = Word(String) | Act(UnlessAct);
    OfValue = List(Many<String>) | Weights(Dict<Number>);
}

/// Where a secret comes from. What stands in its place may be the secret itself: it is not repeated.
pub struct SecretFrom(pub Secret);

impl Read for SecretFrom {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        if node.map().is_some() {
            return Secret::read(node, p).map(SecretFrom);
        }
        p.hidden_error(node.pos, say!(secret_in_file), Some(say!(hint_secret)));
        None
    }
}

impl schemars::JsonSchema for SecretFrom {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Secret::schema_name()
    }
    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Secret::json_schema(g)
    }
}

/// Periods as written: `1-4`, `[5, 6]`, `[early, 1]`.
#[derive(Clone, Default)]
pub struct PeriodList(pub Vec<At<String>>);
shape!(PeriodList, "PeriodList", { "anyOf": [{ "type": ["string", "integer"] }, { "type": "array", "items": { "type": ["string", "integer"] } }] });

impl Read for PeriodList {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        Many::<String>::read(node, p).map(|m| PeriodList(m.0))
    }
}

/// A share from which on a day counts, or `all`, `any`.
#[derive(Clone, Copy)]
pub struct DayShare(pub crate::domain::ratio::Ratio);
shape!(DayShare, "DayShare", { "type": "string", "description": "A share (1/2, 50%), all or any." });

impl Read for DayShare {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        use crate::domain::ratio::Ratio;
        match node.text() {
            Some("all") => Some(DayShare(Ratio::ONE)),
            Some("any") => Some(DayShare(Ratio::ZERO)),
            _ => Share::read(node, p).map(|s| DayShare(s.0)),
        }
    }
}
