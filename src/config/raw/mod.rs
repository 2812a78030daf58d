//! Raw: the types of the configuration files. Their doc comments are the manual (config/reference.md), whose Chinese stands
//! in the message catalogue, and their shapes the JSON Schema; nothing here knows what refers to what. `Required.` at the
//! end of a comment makes a key required in the schema; `Default: ….`, `One unit.` and `One of these.` say what holds when
//! a key is left out.

mod contact;
mod forms;
mod ladder;
mod rule;
mod school;
mod source;
mod words;

pub use contact::*;
pub use forms::*;
pub use ladder::*;
pub use rule::*;
pub use school::*;
pub use source::*;
pub use words::*;

use super::leaf::{Clock, Day, Duration, Share};
use super::read::{At, Dict, Many, raw};

raw! {
/// Every section may stand in the root file or in a file named under `include`; a section stands in one file only.
pub struct Root {
    /// The township. Required.
    pub township: Township,
    /// `rehearsal` (default): everything runs, every letter is written to the folder channel. `live`: letters are sent.
    pub mode: ModeWord,
    /// Absence before this day builds the timeline and alarms nobody. Left out: from the first day on.
    pub live_from: Day,
    /// The level (1…9) from which a follow-up becomes a numbered case; default 2.
    pub ledger_from: u32,
    /// When what becomes known about one school at once is held until a person has looked.
    pub mass: Mass,
    /// When the township's morning report goes out on school days; left out: none.
    pub morning_report: Clock,
    /// A sign of life for a watcher outside, given only while no delivery is unread, no notice overdue, no letter stuck.
    pub heartbeat: Heartbeat,
    /// The folder of the database, the control socket and documents; default `./data`.
    pub data_dir: String,
    /// The key under which personal data lie in the database; default: the systemd credential `seal`.
    pub seal: Seal,
    /// Files with further sections. Paths here and everywhere count from the folder of the root file.
    pub include: Many<String>,
    /// Terms, holidays, closed and open days. Required.
    pub calendar: Calendar,
    /// The schools of the township. Required.
    pub schools: Vec<At<School>>,
    /// Where exports come from and how they are read.
    pub sources: Vec<At<Source>>,
    /// Statuses of one's own beside the built-in present, late, early_leave, official, sick, personal, truant, unexplained.
    pub statuses: Dict<Status>,
    /// Kinds and results of acts of one's own, with the words by which files name them.
    pub acts: Acts,
    /// The rules: what is a finding.
    pub rules: Vec<At<Rule>>,
    /// The ladders: who is told when. One is called `operations` and serves incidents. Required.
    pub ladders: Vec<At<Ladder>>,
    /// Offices, the townships that pupils come from, quiet hours. The office `operator` is required.
    pub contacts: Contacts,
    /// The ways out, by name. The folder `letters` is there without being named.
    pub channels: Dict<Channel>,
    /// Texts that replace the built-in ones, by template name.
    pub templates: Dict<Template>,
}
/// The township.
pub struct Township {
    /// Its name as letters give it. Required.
    pub name: String,
    /// The statistical code of 9 digits, in quotes; the first part of case numbers. Required.
    pub code: String,
    /// An IANA zone without summer time; default `Asia/Shanghai`.
    pub timezone: String,
    /// The language of what leaves the machine; default `zh-CN`.
    pub locale: LocaleWord,
}
/// Cases opened, lifted or relapsed at one school within ten minutes are held beyond both limits; so is a class in which
/// nobody came that day. Statutory notices to offices and urgent ones are not held.
pub struct Mass {
    /// More than this share of the school's expected pupils; default 5%.
    pub share: Share,
    /// So many pupils or more; default 10.
    pub pupils: u32,
    /// A class of so many expected pupils or more without one attended period is held too; default 5.
    pub class_min: u32,
}
/// Where the sign of life goes: `url`, `file` or both.
pub struct Heartbeat {
    /// An address that is fetched.
    pub url: String,
    /// A file whose time of change is set.
    pub file: String,
    /// How often; default 1m.
    pub every: Duration,
}
/// How personal data are sealed.
pub struct Seal {
    /// The key of 64 hex digits. `init` makes one.
    pub key: SecretFrom,
    /// `aes` (AES-256-GCM, default).
    pub suite: SuiteWord,
}
/// Where a secret comes from: exactly one of the three. The secret itself never stands in the files.
pub struct Secret {
    /// The name of a systemd credential (`LoadCredential=`).
    pub credential: String,
    /// A file that only its owner may read (mode 0600).
    pub file: String,
    /// The name of an environment variable.
    pub env: String,
}
}
