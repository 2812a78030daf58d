//! Raw types of `contacts`, `channels` and `templates`.

use super::{ChannelWord, ErrorWord, MethodWord, OnUnknownWord, Person, SecretFrom, TlsWord};
use crate::config::leaf::{Clock, Duration, Quiet, Words};
use crate::config::read::{At, Dict, Many, raw};

raw! {
/// Offices, the townships that pupils come from, and hours.
pub struct Contacts {
    /// Role → office. `operator` is required; usual ones are township_government and education_office.
    pub offices: Dict<Office>,
    /// Code of the household township → its office.
    pub home_townships: Dict<HomeTownship>,
    /// Role → its hours. A role that is not named has those of `office`.
    pub hours: Dict<Hours>,
}
/// An office: all of its people are told, each on his own.
pub struct Office {
    /// Required.
    pub name: String,
    /// Required.
    pub people: Vec<At<Person>>,
}
/// The township in which a pupil's household is registered.
pub struct HomeTownship {
    /// Required.
    pub name: String,
    /// Required.
    pub people: Vec<At<Person>>,
    /// The education office there.
    pub education_office: Office,
}
/// When a role may be told. Guardians are quiet from 21:00 to 07:00 and get one SMS a day unless said otherwise.
pub struct Hours {
    /// Start inside, end outside; an empty list: none.
    pub quiet: Quiet,
    /// Guardians: accepted SMS a day about one child to one number.
    pub per_day: u32,
    /// Only on working days; default false.
    pub working_days_only: bool,
    /// After a letter the same address waits so long for the next; default 10m.
    pub bundle: Duration,
    /// Notices that are not statutory are gathered for this time of the next working day; left out: none.
    pub digest: Clock,
}
/// One way out. Which keys it takes depends on its kind.
pub struct Channel {
    /// Required.
    pub kind: ChannelWord,
    /// folder: where letters are written; default `letters`.
    pub path: String,
    /// email: the server.
    pub host: String,
    /// email: default 465 (implicit), 587 (starttls), 25 (none).
    pub port: u32,
    /// email: `implicit` (default), `starttls`, or `none` to this machine only.
    pub tls: TlsWord,
    /// email: the name to log in with; goes with `password`.
    pub user: String,
    /// email: goes with `user`.
    pub password: SecretFrom,
    /// email: the sender, `"镇教育办 <alert@example.cn>"`.
    pub from: String,
    /// email: a PEM file of a private certificate authority.
    pub ca: String,
    /// http: the gateway's address; a template like `body`.
    pub url: String,
    /// http: `POST` (default), `GET` or `PUT`.
    pub method: MethodWord,
    /// http: header → value; a template like `body`.
    pub headers: Dict<String>,
    /// http: the request's body, with `{{ phone }}`, `{{ text }}`, `{{ id }}`, `{{ at }}` and `{{ secret.NAME }}`.
    pub body: String,
    /// http: the secrets that templates name.
    pub secrets: Dict<SecretFrom>,
    /// http: how the answer says yes; left out: by its status code.
    pub success: Success,
    /// http: JSON pointer to the gateway's own id of the message.
    pub id: String,
    /// http: JSON pointer to the code that `errors` maps; default: that of `success`.
    pub error: String,
    /// http: code → what it means.
    pub errors: Dict<ErrorWord>,
    /// How fast letters may go.
    pub rate: RateLimit,
    /// What happens when nobody knows whether a letter arrived; default: folder `idempotent`, email `resend_once`, http
    /// `next_contact`. `query` asks the gateway and goes with `query`.
    pub on_unknown: OnUnknownWord,
    /// http, on gateways that give receipts: how long to wait for one before the next channel or contact; default: 2h where
    /// `inbound` reads receipts, else none is waited for.
    pub receipt_within: Duration,
    /// http: how the gateway is asked what became of a letter; goes with `on_unknown: query`.
    pub query: Query,
    /// http: where replies and receipts come from: fetched (`poll`), brought to this machine (`callback`), or both.
    pub inbound: Inbound,
    /// How long an answer may take; default 30s.
    pub timeout: Duration,
}
/// How a gateway is asked what became of a letter.
pub struct Query {
    /// A template with `{{ id }}`, `{{ phone }}`, `{{ sent }}` (the day, YYYYMMDD), `{{ at }}`, `{{ secret.NAME }}`. Required.
    pub url: String,
    /// `POST` (default), `GET` or `PUT`.
    pub method: MethodWord,
    /// header → value; a template like `url`.
    pub headers: Dict<String>,
    /// A template like `url`.
    pub body: String,
    /// JSON pointer to the state in the answer (`/SmsSendDetailDTOs/0/SendStatus`). Required.
    pub state: String,
    /// States that say: taken, on its way.
    pub accepted: Many<String>,
    /// States that say: on the phone.
    pub delivered: Many<String>,
    /// States that say: will not arrive.
    pub failed: Many<String>,
    /// States that say: never came here. An answer that has nothing at `state` has the state `none`.
    pub absent: Many<String>,
}
/// Where replies and receipts come from.
pub struct Inbound {
    /// Asks the gateway for them; a township's server is rarely reached from outside.
    pub poll: InboundPoll,
    /// The gateway, or a relay in front of it, posts them to this machine.
    pub callback: Callback,
    /// JSON pointer to the list in what comes; left out: the whole is one item or a list.
    pub items: String,
    /// Which items are replies, and where their parts stand.
    pub reply: InboundReply,
    /// Which items are receipts, and where their parts stand.
    pub receipt: InboundReceipt,
}
/// How replies and receipts are fetched.
pub struct InboundPoll {
    /// A template with `{{ at }}` and `{{ secret.NAME }}`. Required.
    pub url: String,
    /// `GET` (default), `POST` or `PUT`.
    pub method: MethodWord,
    /// header → value; a template like `url`.
    pub headers: Dict<String>,
    /// A template like `url`.
    pub body: String,
    /// Default 1m.
    pub every: Duration,
}
/// Where replies and receipts are brought.
pub struct Callback {
    /// A loopback address with its port (`127.0.0.1:8093`). Required.
    pub listen: String,
    /// A path that nobody guesses (`/sms/3f9c…`), at least 16 characters. Required.
    pub path: String,
    /// What is answered once everything is written down; default `{"code":0}`.
    pub answer: String,
}
/// An item with a text is a reply.
pub struct InboundReply {
    /// JSON pointer to the phone number. Required.
    pub from: String,
    /// JSON pointer to the text. Required.
    pub text: String,
    /// JSON pointer to the gateway's id of the reply, by which a second copy is known; left out: the whole item.
    pub id: String,
}
/// An item with an id of ours (or one that the gateway gave a letter) and a state is a receipt.
pub struct InboundReceipt {
    /// JSON pointer to our id, or to the one that the gateway answered. Required.
    pub id: String,
    /// JSON pointer to the state. Required.
    pub state: String,
    /// States that say: on the phone. Required.
    pub delivered: Many<String>,
    /// States that say: will not arrive; others say nothing yet.
    pub failed: Many<String>,
}
/// How a gateway says yes.
pub struct Success {
    /// JSON pointer (`/code`). Required.
    pub pointer: String,
    /// The value that stands there. Required.
    pub equals: String,
}
/// How fast letters may go.
pub struct RateLimit {
    /// One in so long a time.
    pub every: Duration,
    /// So many a day.
    pub day: u32,
    /// So many in a second, minute or hour: `10/s`, `20/m`, `100/h`.
    pub total: String,
}
/// Texts that replace the built-in ones (minijinja, strict).
pub struct Template {
    /// The short form.
    pub sms: Words,
    /// The long form.
    pub email: EmailTemplate,
}
/// The long form of a letter.
pub struct EmailTemplate {
    /// Default: the built-in subject.
    pub subject: Words,
    /// Required.
    pub text: Words,
}
}
