//! Words: the values of the files that are one of a few words. What belongs to later versions is known and refused.

use crate::config::read::words;

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
pub enum OnUnknownWord { Idempotent = "idempotent", ResendOnce = "resend_once", NextContact = "next_contact", Query = "query" }
pub enum BrokenByWord { Day = "day", Attended = "attended" } or { "{attended_days: 2}" }
pub enum WithinWord { Week = "week", Month = "month", Term = "term", SchoolYear = "school_year", Enrolment = "enrolment", Run = "run" } or { "{school_days: 20}", "{school_weeks: 4}", "{calendar_days: 30}", "{months: 1}", "{span: …}", "{after_act: {kind: …}}" }
}
