//! Channels: one letter out, one Outcome back. Owns how a letter leaves the machine and how a gateway's answer is
//! read. Must not know cases, notices or the database; never logs; no name, address or secret leaves in a reason.

pub mod callback;
pub mod email;
pub mod folder;
mod form;
pub mod http;
pub mod incoming;
mod pace;
mod reply;
mod template;

pub use http::ping;

use crate::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{Channel, ChannelKind, Secret};
use crate::domain::{Date, Time};
use pace::{Pace, Turn};
use secrecy::{ExposeSecret, SecretString};
use std::time::Instant;

/// What a channel needs to be opened besides its own section of the policy.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    pub zone: chrono_tz::Tz,
    /// The clock that nobody sets.
    pub tick: fn() -> Instant,
    /// The language of reasons.
    pub lang: Lang,
    /// Reads a secret; the sentence says what is wrong with it, never what is in it.
    pub secret: &'a dyn Fn(&Secret) -> Result<SecretString, String>,
}

/// An open channel. Its state (idle connections, the pace) is worth nothing after a crash.
pub struct Outbound {
    lang: Lang,
    tick: fn() -> Instant,
    pace: Pace,
    way: Way,
}

enum Way {
    Folder(folder::Folder),
    Email(Box<email::Email>),
    Http(Box<http::Http>),
    /// It cannot be opened; whoever sends through it is told why. The daemon runs on: other channels work.
    Broken(String),
}

/// Opens a channel. Never fails: what is wrong (an unreadable secret, a template that does not compile) is the
/// answer to every letter, so that the letters take the next channel and the incident says why.
pub fn open(channel: &Channel, with: Opening<'_>) -> Outbound {
    let way = match &channel.kind {
        ChannelKind::Folder { path } => Ok(Way::Folder(folder::Folder::open(path, with))),
        ChannelKind::Email(email) => email::Email::open(email, with).map(|e| Way::Email(Box::new(e))),
        ChannelKind::Http(http) => http::Http::open(http, with).map(|h| Way::Http(Box::new(h))),
    };
    Outbound { lang: with.lang, tick: with.tick, pace: Pace::new(&channel.rate), way: way.unwrap_or_else(Way::Broken) }
}

impl Outbound {
    /// Tells the pace how many letters this channel has taken on that day already: the daily limit outlives a restart.
    pub fn sent_on(&self, day: Date, letters: u32) {
        self.pace.sent_on(day, letters);
    }

    /// How many letters may be on their way at once. A paced channel sends one after the other.
    pub fn at_once(&self) -> usize {
        if self.pace.is_paced() { 1 } else { 4 }
    }

    /// Sends one letter: at most one attempt reaches the gateway.
    pub async fn send(&self, dispatch: &Dispatch) -> Outcome {
        match self.pace.turn(dispatch.at.date(), (self.tick)()) {
            Turn::Now => {}
            Turn::After(wait) => tokio::time::sleep(wait).await,
            Turn::Tomorrow => {
                let seconds = 86_400 - chrono::Timelike::num_seconds_from_midnight(&dispatch.at);
                return Outcome::NotBefore { seconds, why: words::day_limit_reached(self.lang) };
            }
        }
        match &self.way {
            Way::Folder(folder) => folder.send(dispatch).await,
            Way::Email(email) => email.send(dispatch).await,
            Way::Http(http) => http.send(dispatch).await,
            Way::Broken(why) => Outcome::ChannelDown(why.clone()),
        }
    }

    /// Asks what became of a letter.
    pub async fn ask(&self, question: &Question, at: Time) -> Answer {
        match &self.way {
            Way::Http(http) => http.ask(question, at).await,
            Way::Folder(_) | Way::Email(_) | Way::Broken(_) => Answer::CannotAsk,
        }
    }

    /// How often replies and receipts are fetched from this channel, if they are.
    pub fn fetches_every(&self) -> Option<std::time::Duration> {
        match &self.way {
            Way::Http(http) => http.fetches_every(),
            Way::Folder(_) | Way::Email(_) | Way::Broken(_) => None,
        }
    }

    /// Replies and receipts that the gateway has for us.
    pub async fn fetch(&self, at: Time) -> Result<Vec<Incoming>, String> {
        match &self.way {
            Way::Http(http) => http.fetch(at).await,
            Way::Folder(_) | Way::Email(_) | Way::Broken(_) => Ok(Vec::new()),
        }
    }

    /// Reaches the far end without sending anything (`check --live`): a folder that can be written, EHLO and login,
    /// a gateway that accepts connections.
    pub async fn probe(&self) -> Result<(), String> {
        match &self.way {
            Way::Folder(folder) => folder.probe().await,
            Way::Email(email) => email.probe().await,
            Way::Http(http) => http.probe().await,
            Way::Broken(why) => Err(why.clone()),
        }
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.way {
            Way::Folder(_) => "Outbound(folder)",
            Way::Email(_) => "Outbound(email)",
            Way::Http(_) => "Outbound(http)",
            Way::Broken(_) => "Outbound(broken)",
        })
    }
}

/// Installs the one cryptography provider. Call once at start; calling it again does no harm.
pub fn install_tls() {
    // An error means that one is installed already, and there is only one in this binary.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A gateway's words, fit for a log and the outbox: on one line, clipped, without the addressee's name or address,
/// without other addresses, without any run of five digits or more (numbers of phones and people).
fn scrubbed(text: &str, dispatch: &Dispatch) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for personal in [&dispatch.to.address, &dispatch.to.name] {
        if !personal.is_empty() {
            text = text.replace(personal.as_str(), "***");
        }
    }
    let words = text.split(' ').map(|word| if word.contains('@') { "***".to_owned() } else { without_numbers(word) });
    words.collect::<Vec<_>>().join(" ").chars().take(160).collect()
}

fn without_numbers(word: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in word.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() >= 5 { "***" } else { &digits });
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// Why a name could not be resolved or a connection not be made: the operating system's word for it.
fn io_word(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = Some(error);
    let mut word = None;
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<std::io::Error>() {
            word = Some(io.kind().to_string());
        }
        cause = e.source();
    }
    word.unwrap_or_else(|| "?".into())
}

/// The TLS failure in a chain of errors, in the library's words (they name certificates, never people).
fn tls_word(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(e) = cause {
        if let Some(tls) = e.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        if let Some(io) = e.downcast_ref::<std::io::Error>()
            && let Some(inner) = io.get_ref()
            && let Some(tls) = inner.downcast_ref::<rustls::Error>()
        {
            return Some(tls.to_string());
        }
        cause = e.source();
    }
    None
}

/// Reads an optional secret into memory.
fn read_secret(secret: Option<&Secret>, with: Opening<'_>) -> Result<Option<SecretString>, String> {
    secret.map(|s| (with.secret)(s)).transpose()
}

fn exposed(secret: Option<&SecretString>) -> &str {
    secret.map(|s| s.expose_secret()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::ids::{ChannelId, LetterId, Role};
    use crate::domain::letter::Addressee;

    /// A letter to a made-up guardian.
    pub fn letter(address: &str, text: &str) -> Dispatch {
        Dispatch {
            letter: LetterId(7),
            key: "k7".into(),
            attempt: 1,
            channel: ChannelId::new("c"),
            to: Addressee { role: Role::new("guardian"), name: "张父".into(), address: address.into() },
            subject: None,
            text: text.into(),
            attachments: Vec::new(),
            at: chrono::NaiveDate::from_ymd_opt(2026, 9, 16)
                .and_then(|d| d.and_hms_opt(9, 31, 0))
                .expect("a real instant"),
        }
    }

    /// No secrets, Chinese.
    pub fn opening() -> Opening<'static> {
        Opening {
            zone: chrono_tz::Asia::Shanghai, tick: Instant::now, lang: Lang::Zh, secret: &|_| Err("没有".into())
        }
    }

    #[test]
    fn words_of_a_gateway_are_kept_without_anything_personal() {
        fn check(said: &str, kept: &str) {
            assert_eq!(scrubbed(said, &letter("zhang@school.test", "…")), kept);
        }
        check("5.1.1 <zhang@school.test>: user unknown", "5.1.1 <***>: user unknown");
        check("no such user li@x.test\r\n here", "no such user *** here");
        check("张父 13900000001 refused", "*** *** refused");
        check("code 4321 of 12345", "code 4321 of ***");
    }

    #[tokio::test]
    async fn a_channel_that_cannot_be_opened_answers_every_letter_with_the_reason() {
        let channel = Channel {
            id: ChannelId::new("c"),
            kind: ChannelKind::Http(Box::new(http::tests::gateway("not a url {{"))),
            rate: Default::default(),
            on_unknown: crate::domain::policy::OnUnknown::NextContact,
            receipts: crate::domain::policy::Receipts::Never,
        };
        let outbound = open(&channel, opening());
        assert!(matches!(outbound.send(&letter("13900000001", "…")).await, Outcome::ChannelDown(_)));
        assert!(outbound.probe().await.is_err());
    }
}
