//! Channels and templates: which keys a kind of channel takes, and that every template can be read.

use super::{Bench, at_least_one, check_url, contact, id, inbound, seconds, secret};
use crate::config::leaf::Duration;
use crate::config::problem::{Pos, did_you_mean, say};
use crate::config::raw;
use crate::config::read::{Dict, Opt};
use crate::domain::ids::ChannelId;
use crate::domain::policy::{
    Channel, ChannelKind, EmailChannel, ErrorClass, HttpChannel, OnUnknown, Rate, Receipts, Success, Template,
    Templates, Tls,
};
use crate::domain::words::{CHILD_VARIABLES, OFFICE_VARIABLES};
use minijinja::{ErrorKind, UndefinedBehavior};
use std::collections::BTreeMap;

/// The folder that is always there: what has no other way out, and everything in rehearsal, goes there.
pub const FOLDER: &str = "letters";
const FACTS: [&str; 5] = ["phone", "text", "id", "at", "secret"];

pub fn channels(raw: Option<&Dict<raw::Channel>>, b: &mut Bench) -> Vec<Channel> {
    let mut taken = Vec::new();
    let mut out = Vec::new();
    for (key, c) in raw.map(|d| d.0.as_slice()).unwrap_or_default() {
        let name = Opt::found(key.pos, key.text.clone());
        if id(&name, &mut taken, b).is_some()
            && let Some(channel) = channel(&key.text, c, b)
        {
            out.push((key.pos, channel));
        }
    }
    inbound::once_each(&out, b);
    let mut out: Vec<Channel> = out.into_iter().map(|(_, channel)| channel).collect();
    if !taken.iter().any(|t| t == FOLDER) {
        let kind = ChannelKind::Folder { path: b.path(FOLDER) };
        let rate = Rate::default();
        out.push(Channel {
            id: ChannelId::new(FOLDER),
            kind,
            rate,
            on_unknown: OnUnknown::Idempotent,
            receipts: Receipts::Never,
        });
    }
    out
}

/// The keys that only some kinds take.
fn given(c: &raw::Channel) -> Vec<(&'static str, Pos)> {
    let all = [
        ("path", c.path.given, c.path.pos),
        ("host", c.host.given, c.host.pos),
        ("port", c.port.given, c.port.pos),
        ("tls", c.tls.given, c.tls.pos),
        ("user", c.user.given, c.user.pos),
        ("password", c.password.given, c.password.pos),
        ("from", c.from.given, c.from.pos),
        ("ca", c.ca.given, c.ca.pos),
        ("url", c.url.given, c.url.pos),
        ("method", c.method.given, c.method.pos),
        ("headers", c.headers.given, c.headers.pos),
        ("body", c.body.given, c.body.pos),
        ("secrets", c.secrets.given, c.secrets.pos),
        ("success", c.success.given, c.success.pos),
        ("id", c.id.given, c.id.pos),
        ("error", c.error.given, c.error.pos),
        ("errors", c.errors.given, c.errors.pos),
        ("receipt_within", c.receipt_within.given, c.receipt_within.pos),
        ("query", c.query.given, c.query.pos),
        ("inbound", c.inbound.given, c.inbound.pos),
        ("timeout", c.timeout.given, c.timeout.pos),
    ];
    all.into_iter().filter(|(_, given, _)| *given).map(|(key, _, pos)| (key, pos)).collect()
}

fn channel(name: &str, c: &raw::Channel, b: &mut Bench) -> Option<Channel> {
    let word = *c.kind.need(b.p, "kind")?;
    let (kind_word, takes): (&str, &[&str]) = match word {
        raw::ChannelWord::Folder => ("folder", &["path"]),
        raw::ChannelWord::Email => ("email", &["host", "port", "tls", "user", "password", "from", "ca", "timeout"]),
        raw::ChannelWord::Http => (
            "http",
            &[
                "url",
                "method",
                "headers",
                "body",
                "secrets",
                "success",
                "id",
                "error",
                "errors",
                "receipt_within",
                "query",
                "inbound",
                "timeout",
            ],
        ),
    };
    for (key, pos) in given(c) {
        if !takes.contains(&key) {
            b.error(pos, say!(key_of_other_kind, key, kind_word), Some(say!(hint_known, takes.join(", "))));
        }
    }
    let kind = match word {
        raw::ChannelWord::Folder => ChannelKind::Folder { path: b.path(c.path.get().map_or(FOLDER, String::as_str)) },
        raw::ChannelWord::Email => ChannelKind::Email(email(c, b)?),
        raw::ChannelWord::Http => ChannelKind::Http(Box::new(http(c, b)?)),
    };
    let on_unknown = match (c.on_unknown.get(), word) {
        (Some(raw::OnUnknownWord::Idempotent), _) => OnUnknown::Idempotent,
        (Some(raw::OnUnknownWord::ResendOnce), _) => OnUnknown::ResendOnce,
        (Some(raw::OnUnknownWord::NextContact), _) => OnUnknown::NextContact,
        (Some(raw::OnUnknownWord::Query), raw::ChannelWord::Http) => OnUnknown::Query,
        (Some(raw::OnUnknownWord::Query), _) => {
            b.error(c.on_unknown.pos, say!(query_of_other_kind, kind_word), Some(say!(hint_on_unknown)));
            return None;
        }
        // A file of the same name is written over; a second mail does no harm; a second SMS may alarm.
        (None, raw::ChannelWord::Folder) => OnUnknown::Idempotent,
        (None, raw::ChannelWord::Email) => OnUnknown::ResendOnce,
        (None, raw::ChannelWord::Http) => OnUnknown::NextContact,
    };
    Some(Channel {
        id: ChannelId::new(name),
        kind,
        rate: rate(c.rate.get(), b),
        on_unknown,
        receipts: receipts(&c.receipt_within, b),
    })
}

fn receipts(within: &Opt<Duration>, b: &mut Bench) -> Receipts {
    match seconds(within, 1, b) {
        Some(s) => Receipts::Seconds(s),
        None if within.null => Receipts::Never,
        None => Receipts::Usual,
    }
}

fn timeout(c: &raw::Channel, b: &mut Bench) -> u32 {
    seconds(&c.timeout, 1, b).and_then(|s| u32::try_from(s).ok()).unwrap_or(30)
}

fn email(c: &raw::Channel, b: &mut Bench) -> Option<EmailChannel> {
    let tls = match c.tls.get() {
        Some(raw::TlsWord::Starttls) => Tls::Starttls,
        Some(raw::TlsWord::None) => Tls::None,
        _ => Tls::Implicit,
    };
    let host = c.host.need(b.p, "host").cloned();
    if let Some(host) = &host
        && tls == Tls::None
        && !matches!(host.as_str(), "localhost" | "::1" | "[::1]")
        && !host.starts_with("127.")
    {
        b.error(c.tls.pos, say!(mail_in_the_clear, host), Some(say!(hint_mail_in_the_clear)));
    }
    let port = match c.port.get() {
        None => Some(match tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        }),
        Some(n) => {
            let port = u16::try_from(*n).ok().filter(|p| *p > 0);
            if port.is_none() {
                b.error(c.port.pos, say!(bad_port, n), Some(say!(hint_port)));
            }
            port
        }
    };
    let from = c.from.need(b.p, "from").cloned();
    if let Some(from) = &from {
        let address = match from.rsplit_once('<') {
            Some((_, rest)) => rest.strip_suffix('>').unwrap_or(""),
            None => from.as_str(),
        };
        if !contact::is_email(address.trim()) {
            b.error(c.from.pos, say!(bad_email), Some(say!(hint_from)));
        }
    }
    let password = c.password.get().and_then(|s| secret(s, b));
    if c.password.given != c.user.given {
        let pos = if c.user.given { c.user.pos } else { c.password.pos };
        b.error(pos, say!(user_and_password), Some(say!(hint_user_and_password)));
    }
    Some(EmailChannel {
        host: host?,
        port: port?,
        tls,
        user: c.user.get().cloned(),
        password,
        from: from?,
        ca: c.ca.get().map(|p| b.path(p)),
        timeout_s: timeout(c, b),
    })
}

fn http(c: &raw::Channel, b: &mut Bench) -> Option<HttpChannel> {
    let url = c.url.need(b.p, "url").cloned();
    if let Some(url) = &url {
        check_url(url, c.url.pos, b);
        facts(url, c.url.pos, &FACTS, &c.secrets, b);
    }
    let method = match c.method.get() {
        Some(raw::MethodWord::Get) => "GET",
        Some(raw::MethodWord::Put) => "PUT",
        _ => "POST",
    };
    if method == "GET" && c.body.given {
        b.error(c.body.pos, say!(body_with_get), Some(say!(hint_body_with_get)));
    }
    let mut headers = BTreeMap::new();
    for (key, value) in c.headers.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if key.text.is_empty() || !key.text.bytes().all(|x| x.is_ascii_alphanumeric() || x == b'-' || x == b'_') {
            b.error(key.pos, say!(bad_header, key.text), Some(say!(hint_header)));
        }
        facts(&value.value, value.pos, &FACTS, &c.secrets, b);
        headers.insert(key.text.clone(), value.value.clone());
    }
    if let Some(body) = c.body.get() {
        facts(body, c.body.pos, &FACTS, &c.secrets, b);
    }
    let mut secrets = BTreeMap::new();
    for (key, s) in c.secrets.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        if let Some(secret) = secret(s, b) {
            secrets.insert(key.text.clone(), secret);
        }
    }
    let text: String = url.iter().chain(c.body.get()).chain(headers.values()).cloned().collect();
    for must in ["phone", "text"] {
        if url.is_some() && !text.contains(must) {
            b.error(c.pos, say!(gateway_without, must), Some(say!(hint_gateway_without, must)));
        }
    }
    let mut success = None;
    if let Some(s) = c.success.get() {
        let pointer = s.pointer.need(b.p, "pointer").cloned();
        pointer_of(&s.pointer, b);
        success =
            pointer.zip(s.equals.need(b.p, "equals").cloned()).map(|(pointer, equals)| Success { pointer, equals });
    }
    pointer_of(&c.id, b);
    pointer_of(&c.error, b);
    if c.errors.given && !c.success.given && !c.error.given {
        b.error(c.errors.pos, say!(errors_without_pointer), Some(say!(hint_missing_key, "error")));
    }
    let mut errors = BTreeMap::new();
    for (key, word) in c.errors.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        let class = match word.value {
            raw::ErrorWord::BadAddress => ErrorClass::BadAddress,
            raw::ErrorWord::BadMessage => ErrorClass::BadMessage,
            raw::ErrorWord::ChannelDown => ErrorClass::ChannelDown,
            raw::ErrorWord::Throttled => ErrorClass::Throttled { seconds: 60 },
            raw::ErrorWord::Passing => ErrorClass::Passing,
        };
        errors.insert(key.text.clone(), class);
    }
    Some(HttpChannel {
        url: url?,
        method: method.into(),
        headers,
        body: c.body.get().cloned().unwrap_or_default(),
        secrets,
        success,
        id: c.id.get().cloned(),
        error_pointer: c.error.get().cloned(),
        errors,
        query: inbound::query(c, b),
        inbound: inbound::inbound(c, b),
        timeout_s: timeout(c, b),
    })
}

pub fn pointer_of(field: &Opt<String>, b: &mut Bench) {
    if let Some(text) = field.get()
        && !text.starts_with('/')
    {
        b.error(field.pos, say!(bad_pointer, text), Some(say!(hint_pointer)));
    }
}

/// A part of a request: it can be read, and names only what a letter has and secrets that the channel has.
pub fn facts(text: &str, pos: Pos, known: &[&str], secrets: &Opt<Dict<raw::SecretFrom>>, b: &mut Bench) {
    let keys: Vec<&str> = secrets.get().map(|d| d.0.iter().map(|(k, _)| k.text.as_str()).collect()).unwrap_or_default();
    for name in variables(text, pos, true, b) {
        let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
        if first == "secret" && known.contains(&first) {
            if !keys.contains(&rest) {
                b.error(pos, say!(unknown_secret, rest), Some(say!(hint_unknown_secret, rest)));
            }
        } else if !known.contains(&first) {
            b.error(pos, say!(unknown_variable, name), did_you_mean(&name, known));
        }
    }
}

/// A text of a letter: it can be read, and names only what there is. A slip would not be seen before the first letter,
/// which then goes out with the built-in text.
fn letter_variables(text: &str, pos: Pos, b: &mut Bench) {
    let known: Vec<&str> = CHILD_VARIABLES.iter().chain(&OFFICE_VARIABLES).copied().collect();
    for name in variables(text, pos, true, b) {
        let is = |k: &str| k == name || k.starts_with(&format!("{name}.")) || name.starts_with("incident.");
        if !known.iter().any(|k| is(k)) {
            b.warn(pos, say!(unknown_variable, name), did_you_mean(&name, &known));
        }
    }
}

/// The variables that a template names; reported when it cannot be read.
fn variables(text: &str, pos: Pos, nested: bool, b: &mut Bench) -> Vec<String> {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    match environment.template_from_str(text) {
        Ok(template) => {
            // Filters are looked up when a text is written; a slip would be seen with the first letter.
            let missing = template.render(()).err().filter(|e| {
                matches!(e.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest)
            });
            if let Some(e) = missing {
                b.error(pos, say!(bad_template, e.detail().unwrap_or_default()), Some(say!(hint_template_filter)));
            }
            let mut names: Vec<String> = template.undeclared_variables(nested).into_iter().collect();
            names.sort();
            names
        }
        Err(e) => {
            b.error(pos, say!(bad_template, e.detail().unwrap_or_default()), Some(say!(hint_template)));
            Vec::new()
        }
    }
}

fn rate(raw: Option<&raw::RateLimit>, b: &mut Bench) -> Rate {
    let mut out = Rate::default();
    let Some(raw) = raw else { return out };
    out.per_day = at_least_one(&raw.day, b);
    out.every_ms = seconds(&raw.every, 1, b).and_then(|s| u64::try_from(s).ok()).map(|s| s * 1000);
    if let Some(text) = raw.total.get() {
        match per_unit(text) {
            Some(ms) => out.every_ms = Some(out.every_ms.map_or(ms, |e| e.max(ms))),
            None => b.error(raw.total.pos, say!(bad_rate, text), Some(say!(hint_rate))),
        }
    }
    out
}

/// `10/s`, `20/m`, `100/h` → at most one in so many milliseconds.
fn per_unit(text: &str) -> Option<u64> {
    let (n, unit) = text.split_once('/')?;
    let n: u64 = n.trim().parse().ok().filter(|n| *n > 0)?;
    let unit = match unit.trim() {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(unit / n.min(unit)).filter(|ms| *ms > 0)
}

pub fn templates(raw: &Dict<raw::Template>, b: &mut Bench) -> Templates {
    let mut out = Templates::default();
    for (key, t) in &raw.0 {
        if !t.sms.given && !t.email.given {
            b.error(key.pos, say!(need_one_of, "sms, email"), Some(say!(hint_template_family)));
        }
        let mut text = |field: &Opt<crate::config::leaf::Words>| {
            let words = field.get()?;
            letter_variables(&words.0.zh, field.pos, b);
            if words.0.en != words.0.zh {
                letter_variables(&words.0.en, field.pos, b);
            }
            Some(words.0.clone())
        };
        let mut template = Template { sms: text(&t.sms), ..Template::default() };
        if let Some(email) = t.email.get() {
            template.email_subject = text(&email.subject);
            template.email_text = text(&email.text);
            email.text.need(b.p, "text");
        }
        out.by_id.insert(key.text.clone(), template);
    }
    out
}
