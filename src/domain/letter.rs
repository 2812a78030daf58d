//! Letter and Outcome: one dispatch by one channel, and what became of it (cases.md §3).

use super::Time;
use super::ids::{ChannelId, LetterId, Role};

/// A letter ready to go: what a channel needs and nothing else.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub letter: LetterId,
    /// Idempotency key: the letter's id as the gateway sees it; the same for every attempt.
    pub key: String,
    /// 1 for the first.
    pub attempt: u32,
    pub channel: ChannelId,
    pub to: Addressee,
    pub subject: Option<String>,
    pub text: String,
    pub attachments: Vec<Attachment>,
    /// The township's time at which it was claimed (the Date header, the folder's date).
    pub at: Time,
}

#[derive(Clone, Debug)]
pub struct Addressee {
    pub role: Role,
    pub name: String,
    /// A phone number or a mail address, as the channel needs.
    pub address: String,
}

#[derive(Clone, Debug)]
pub struct Attachment {
    pub file_name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A gateway is asked what became of a letter of which nobody knows whether it took it (`on_unknown: query`).
#[derive(Clone, Debug)]
pub struct Question {
    pub letter: LetterId,
    pub key: String,
    pub channel: ChannelId,
    pub address: String,
    /// The day on which it was sent: gateways ask for it.
    pub sent: super::Date,
}

/// What a gateway knows of a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    Accepted,
    Delivered,
    NotDelivered,
    /// It never came: it may go again without a second copy.
    NeverCame,
    /// No word; to be asked again.
    NoAnswer(String),
    /// This channel has no way to be asked.
    CannotAsk,
}

/// What came from a gateway by itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// `key`: by which a second copy of the reply is known.
    Reply { from: String, text: String, key: String },
    /// `id`: our letter's, or the one that the gateway gave it.
    Receipt { id: String, delivered: bool },
}

// Without the words and the number, which are personal.
impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Incoming::Reply { .. } => f.write_str("Reply"),
            Incoming::Receipt { id, delivered } => write!(f, "Receipt({id}, {delivered})"),
        }
    }
}

/// What a channel says of one attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The gateway took it; its own id, where it gives one.
    Accepted(Option<String>),
    /// This address is dead.
    BadAddress(String),
    /// This message cannot be sent by this channel.
    BadMessage(String),
    /// Refused login, unknown signature …: the channel stops.
    ChannelDown(String),
    /// Throttled: not before so many seconds from now.
    NotBefore { seconds: u32, why: String },
    /// Try again.
    Passing(String),
    /// Accepted or not, nobody knows (the answer was lost).
    Unknown(String),
}
