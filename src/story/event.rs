//! The events of a story's `timeline:`: the syntax of each, with the keys that stand beside it.

use super::problem::Eye;
use super::read::{PolicyOf, policy_of, register_fields};
use super::yaml::Node;
use crate::domain::ids::{ChannelId, Role, SourceId, Word};
use crate::domain::message::story as say;
use crate::domain::{Date, Time};
use crate::drive::world::{Command, Death, Does};

#[derive(Clone, Debug)]
pub struct Event {
    pub at: Time,
    pub line: u32,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Command(Command),
    /// Rows of an export (`person: None`) or a person's decisions.
    Correct {
        days: Vec<Correction>,
        person: Option<Person>,
    },
    Leave(Vec<LeaveOf>),
    Import {
        path: String,
        source: SourceId,
        confirm: bool,
    },
    Register(Vec<Change>),
    Gateway {
        channel: ChannelId,
        address: Option<String>,
        does: Does,
    },
    /// A receipt that comes by itself, early, late or once more.
    Report {
        channel: ChannelId,
        address: String,
        delivered: bool,
    },
    Restart(Death),
    AsleepUntil(Time),
    Policy(PolicyOf),
}

#[derive(Clone, Debug)]
pub struct Person {
    pub by: String,
    pub second: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Correction {
    pub line: u32,
    pub pupil: String,
    pub date: Date,
    /// A status, a mark, or a token.
    pub says: String,
}

#[derive(Clone, Debug)]
pub struct LeaveOf {
    pub line: u32,
    pub pupil: String,
    pub from: Date,
    pub until: Date,
    pub status: String,
}

/// A pupil's new columns; `None`: the export leaves the pupil out.
#[derive(Clone, Debug)]
pub struct Change {
    pub line: u32,
    pub pupil: String,
    pub fields: Option<Vec<(&'static str, String)>>,
}

impl Event {
    /// Pupils that a register brings.
    pub fn new_pupils(&self) -> Vec<String> {
        match &self.what {
            What::Register(changes) => changes
                .iter()
                .filter(|c| c.fields.as_ref().is_some_and(|f| f.iter().any(|(k, _)| *k == "school")))
                .map(|c| c.pupil.clone())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Every pupil named, with the line.
    pub fn pupils(&self) -> Vec<(u32, &str)> {
        match &self.what {
            What::Command(c) => match c {
                Command::Acknowledge { pupil, .. }
                | Command::Act { pupil, .. }
                | Command::Excuse { pupil, .. }
                | Command::Return { pupil, .. }
                | Command::Close { pupil, .. }
                | Command::Reopen { pupil, .. }
                | Command::Serve { pupil, .. }
                | Command::Migrate { pupil, .. } => vec![(self.line, pupil)],
                Command::Release { .. } | Command::Reply { .. } => Vec::new(),
            },
            What::Correct { days, .. } => days.iter().map(|d| (d.line, d.pupil.as_str())).collect(),
            What::Leave(leaves) => leaves.iter().map(|l| (l.line, l.pupil.as_str())).collect(),
            What::Register(changes) => changes.iter().map(|c| (c.line, c.pupil.as_str())).collect(),
            _ => Vec::new(),
        }
    }
}

/// Each event and the keys that may stand beside it.
const EVENTS: [(&str, &[&str]); 17] = [
    ("acknowledge", &["by", "role"]),
    ("act", &["by"]),
    ("correct", &["as", "by", "second"]),
    ("leave", &["by"]),
    ("return", &["date", "by"]),
    ("close", &["reason", "evidence", "until", "by"]),
    ("reopen", &["by", "reason"]),
    ("serve", &["by"]),
    ("migrate", &["by"]),
    ("reply", &["from"]),
    ("import", &["source", "confirm"]),
    ("register", &["by"]),
    ("release", &["school", "subject", "by"]),
    ("channel", &["does", "number", "reports"]),
    ("restart", &[]),
    ("asleep_until", &[]),
    ("policy", &[]),
];

/// Who acts when the story does not say.
const NOBODY: &str = "测试";

pub fn read(eye: &mut Eye, node: &Node) -> Option<Event> {
    let map = eye.map("timeline", node);
    let mut named = EVENTS.iter().filter(|(name, _)| map.iter().any(|(k, _)| k.name == *name));
    let all = || EVENTS.map(|(name, _)| name).join(", ");
    let Some((name, beside)) = named.next() else {
        eye.problem(node.line, say::no_event(eye.lang, all()));
        return None;
    };
    if let Some((other, _)) = named.next() {
        eye.problem(node.line, say::two_events(eye.lang, name, other));
        return None;
    }
    let mut known = vec!["at", *name];
    known.extend(*beside);
    eye.keys(map, &known);
    let Some(at) = node.get("at") else {
        eye.problem(node.line, say::missing(eye.lang, "at"));
        return None;
    };
    let at = eye.time("at", at);
    let what = what(eye, node, name, at);
    Some(Event { at: at?, line: node.line, what: what? })
}

fn what(eye: &mut Eye, node: &Node, name: &str, at: Option<Time>) -> Option<What> {
    let value = node.get(name)?;
    let by = eye.text_at(node, "by").unwrap_or_else(|| NOBODY.into());
    Some(match name {
        "acknowledge" => {
            let role = eye.text_at(node, "role").map(Role::from);
            What::Command(Command::Acknowledge { pupil: eye.text(name, value)?, by, role })
        }
        "act" => {
            let map = eye.map(name, value);
            eye.keys(map, &["pupil", "kind", "result", "date", "note"]);
            What::Command(Command::Act {
                pupil: eye.must(value, "pupil")?,
                kind: Word::from(eye.must(value, "kind")?),
                result: eye.text_at(value, "result").map(Word::from),
                date: eye.date_at(value, "date"),
                by,
                note: eye.text_at(value, "note"),
            })
        }
        "correct" => {
            let person = match eye.text_at(node, "as").as_deref() {
                None | Some("export") => None,
                Some("person") => Some(Person { by, second: eye.text_at(node, "second") }),
                Some(other) => {
                    eye.problem(node.line, say::bad_choice(eye.lang, other, "export, person"));
                    return None;
                }
            };
            What::Correct { days: corrections(eye, value), person }
        }
        "leave" => {
            let mut leaves = Vec::new();
            for (key, leave) in eye.map(name, value) {
                let map = eye.map(&key.name, leave);
                eye.keys(map, &["from", "until", "status"]);
                eye.must(leave, "from");
                eye.must(leave, "until");
                let (from, until) = (eye.date_at(leave, "from"), eye.date_at(leave, "until"));
                let status = eye.text_at(leave, "status").unwrap_or_else(|| "personal".into());
                if let (Some(from), Some(until)) = (from, until) {
                    leaves.push(LeaveOf { line: key.line, pupil: key.name.clone(), from, until, status });
                }
            }
            What::Leave(leaves)
        }
        "return" => {
            let on = eye.date_at(node, "date").or(at.map(|t| t.date()))?;
            What::Command(Command::Return { pupil: eye.text(name, value)?, on, by })
        }
        "close" => What::Command(Command::Close {
            pupil: eye.text(name, value)?,
            reason: eye.must(node, "reason")?,
            // Without evidence the command itself refuses; that is worth a story.
            evidence: eye.text_at(node, "evidence").unwrap_or_default(),
            until: eye.date_at(node, "until"),
            by,
        }),
        "reopen" => {
            let reason = eye.text_at(node, "reason").unwrap_or_default();
            What::Command(Command::Reopen { pupil: eye.text(name, value)?, by, reason })
        }
        "serve" => {
            let map = eye.map(name, value);
            eye.keys(map, &["pupil", "document", "date"]);
            What::Command(Command::Serve {
                pupil: eye.must(value, "pupil")?,
                document: Word::from(eye.must(value, "document")?),
                on: eye.date_at(value, "date").or(at.map(|t| t.date()))?,
                by,
            })
        }
        "migrate" => What::Command(Command::Migrate { pupil: eye.text(name, value)?, by }),
        "reply" => What::Command(Command::Reply { from: eye.must(node, "from")?, text: eye.text(name, value)? }),
        "import" => What::Import {
            path: eye.text(name, value)?,
            source: SourceId::from(eye.must(node, "source")?),
            confirm: eye.switch_at(node, "confirm").unwrap_or(false),
        },
        "register" => {
            let mut changes = Vec::new();
            for (key, change) in eye.map(name, value) {
                let fields = (!change.is_null()).then(|| register_fields(eye, change));
                changes.push(Change { line: key.line, pupil: key.name.clone(), fields });
            }
            What::Register(changes)
        }
        "release" => What::Command(Command::Release {
            kind: eye.text(name, value)?,
            subject: eye.text_at(node, "school").or_else(|| eye.text_at(node, "subject")),
            by,
        }),
        "channel" if node.get("reports").is_some() => {
            let reports = eye.must(node, "reports")?;
            let delivered = match reports.as_str() {
                "delivered" => true,
                "undelivered" => false,
                _ => {
                    eye.problem(node.line, say::bad_choice(eye.lang, reports, "delivered, undelivered"));
                    return None;
                }
            };
            let channel = ChannelId::from(eye.text(name, value)?);
            What::Report { channel, address: eye.must(node, "number")?, delivered }
        }
        "channel" => {
            let does = eye.must(node, "does")?;
            let Some(does) = Does::parse(&does) else {
                let known = "fail, slow, hang_up, undelivered, no_receipt, bad_address, bad_message, refuse_login, throttle, work";
                eye.problem(node.line, say::bad_choice(eye.lang, does, known));
                return None;
            };
            let channel = ChannelId::from(eye.text(name, value)?);
            What::Gateway { channel, address: eye.text_at(node, "number"), does }
        }
        "restart" => match eye.text(name, value)?.as_str() {
            "true" => What::Restart(Death::Now),
            "before_send" => What::Restart(Death::BeforeSend),
            "before_settle" => What::Restart(Death::BeforeSettle),
            other => {
                eye.problem(value.line, say::bad_choice(eye.lang, other, "true, before_send, before_settle"));
                return None;
            }
        },
        "asleep_until" => What::AsleepUntil(eye.time(name, value)?),
        _ => What::Policy(policy_of(eye, value)),
    })
}

fn corrections(eye: &mut Eye, node: &Node) -> Vec<Correction> {
    let mut days = Vec::new();
    for (pupil, dates) in eye.map("correct", node) {
        for (date, says) in eye.map(&pupil.name, dates) {
            let parsed = eye.date_of(date.line, &date.name);
            if let (Some(date_), Some(says)) = (parsed, eye.text(&date.name, says)) {
                days.push(Correction { line: date.line, pupil: pupil.name.clone(), date: date_, says });
            }
        }
    }
    days
}
