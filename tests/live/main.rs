//! Live tests: the channels against real servers on loopback, started and stopped by the tests themselves.
//! What is not installed is left out and said so; with KONGCHUO_LIVE=all that is a failure.

mod gateway;
#[path = "../papers/mod.rs"]
mod papers;
mod postfix;
mod smtp;
mod writer;

use kongchuo::channel::{Opening, Outbound, open};
use kongchuo::domain::ids::{ChannelId, LetterId, Role};
use kongchuo::domain::letter::{Addressee, Dispatch};
use kongchuo::domain::message::Lang;
use kongchuo::domain::policy::{Channel, ChannelKind, OnUnknown, Rate, Receipts, Secret};
use secrecy::SecretString;

/// A letter to a made-up person.
fn letter(address: &str, text: &str) -> Dispatch {
    Dispatch {
        letter: LetterId(42),
        key: "key-42".into(),
        attempt: 1,
        channel: ChannelId::new("live"),
        to: Addressee { role: Role::new("principal"), name: "陈校长".into(), address: address.into() },
        subject: None,
        text: text.into(),
        attachments: Vec::new(),
        at: chrono::NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 31, 0)).expect("an instant"),
    }
}

/// Every secret of these tests is `s3cret+&"`.
fn outbound(kind: ChannelKind) -> Outbound {
    let channel = Channel {
        id: ChannelId::new("live"),
        kind,
        rate: Rate::default(),
        on_unknown: OnUnknown::ResendOnce,
        receipts: Receipts::Never,
    };
    let secret = |_: &Secret| Ok(SecretString::from("s3cret+&\""));
    open(
        &channel,
        Opening { zone: chrono_tz::Asia::Shanghai, tick: std::time::Instant::now, lang: Lang::En, secret: &secret },
    )
}

/// True where the tools are there; says what is left out, and fails where nothing may be left out.
fn there_is(what: &str, missing: Option<&str>) -> bool {
    let Some(missing) = missing else { return true };
    assert!(std::env::var("KONGCHUO_LIVE").as_deref() != Ok("all"), "{what} cannot be tested: {missing}");
    eprintln!("left out: {what} ({missing})");
    false
}

/// A port of loopback that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
