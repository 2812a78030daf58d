//! What a gateway says by itself: how it is asked about a letter, and where its replies and receipts come from.

use super::channel::{facts, pointer_of};
use super::{Bench, check_url, seconds};
use crate::config::problem::{Pos, say};
use crate::config::raw;
use crate::config::read::{Dict, Many, Opt};
use crate::domain::policy::{
    Callback, Channel, ChannelKind, HttpRequest, Inbound, InboundReceipt, InboundReply, Query,
};
use std::collections::BTreeMap;

const ASKED: [&str; 5] = ["phone", "id", "sent", "at", "secret"];
const FETCHED: [&str; 2] = ["at", "secret"];

pub fn query(c: &raw::Channel, b: &mut Bench) -> Option<Query> {
    let asks = c.on_unknown.get() == Some(&raw::OnUnknownWord::Query);
    let Some(q) = c.query.get() else {
        if asks {
            b.warn(c.on_unknown.pos, say!(query_missing), Some(say!(hint_query_missing)));
        }
        return None;
    };
    if !asks {
        b.warn(c.query.pos, say!(query_unused), Some(say!(hint_query_unused)));
    }
    let request = request(&q.url, &q.method, &q.headers, &q.body, "POST", &ASKED, &c.secrets, b);
    let state = pointer(&q.state, "state", b);
    if !q.accepted.given && !q.delivered.given {
        b.error(c.query.pos, say!(need_one_of, "accepted, delivered"), Some(say!(hint_missing_key, "accepted")));
    }
    Some(Query {
        request: request?,
        state: state?,
        accepted: words(&q.accepted),
        delivered: words(&q.delivered),
        failed: words(&q.failed),
        absent: words(&q.absent),
    })
}

pub fn inbound(c: &raw::Channel, b: &mut Bench) -> Option<Inbound> {
    let i = c.inbound.get()?;
    if !i.poll.given && !i.callback.given {
        b.error(c.inbound.pos, say!(need_one_of, "poll, callback"), Some(say!(hint_missing_key, "poll")));
    }
    if !i.reply.given && !i.receipt.given {
        b.error(c.inbound.pos, say!(need_one_of, "reply, receipt"), Some(say!(hint_missing_key, "reply")));
    }
    let poll = i.poll.get().and_then(|p| {
        let every = seconds(&p.every, 1, b).and_then(|s| u64::try_from(s).ok()).unwrap_or(60);
        Some((request(&p.url, &p.method, &p.headers, &p.body, "GET", &FETCHED, &c.secrets, b)?, every))
    });
    let callback = i.callback.get().and_then(|c| callback(c, b));
    pointer_of(&i.items, b);
    let reply = i.reply.get().and_then(|r| {
        pointer_of(&r.id, b);
        let (from, text) = (pointer(&r.from, "from", b), pointer(&r.text, "text", b));
        Some(InboundReply { from: from?, text: text?, id: r.id.get().cloned() })
    });
    let receipt = i.receipt.get().and_then(|r| {
        let (id, state) = (pointer(&r.id, "id", b), pointer(&r.state, "state", b));
        let delivered = r.delivered.need(b.p, "delivered").is_some();
        let (id, state) = (id?, state?);
        delivered.then(|| InboundReceipt { id, state, delivered: words(&r.delivered), failed: words(&r.failed) })
    });
    Some(Inbound { poll, callback, items: i.items.get().cloned().unwrap_or_default(), reply, receipt })
}

fn callback(c: &raw::Callback, b: &mut Bench) -> Option<Callback> {
    let listen = c.listen.need(b.p, "listen").cloned();
    if listen.as_ref().is_some_and(|l| !is_loopback(l)) {
        b.error(c.listen.pos, say!(callback_address), Some(say!(hint_callback_address)));
    }
    let path = c.path.need(b.p, "path").cloned();
    let usable = |p: &String| {
        p.starts_with('/') && p.len() >= 16 && p.bytes().all(|x| x.is_ascii_alphanumeric() || b"/-_.~".contains(&x))
    };
    if path.as_ref().is_some_and(|p| !usable(p)) {
        b.error(c.path.pos, say!(callback_path), Some(say!(hint_callback_path)));
    }
    let answer = c.answer.get().cloned().unwrap_or_else(|| r#"{"code":0}"#.to_owned());
    Some(Callback { listen: listen?, path: path?, answer })
}

/// `127.0.0.1:8093`, `[::1]:8093`.
fn is_loopback(address: &str) -> bool {
    let port = address.strip_prefix("127.0.0.1:").or_else(|| address.strip_prefix("[::1]:"));
    port.and_then(|p| p.parse::<u16>().ok()).is_some_and(|p| p != 0)
}

fn request(
    url: &Opt<String>,
    method: &Opt<raw::MethodWord>,
    headers: &Opt<Dict<String>>,
    body: &Opt<String>,
    default: &str,
    known: &[&str],
    secrets: &Opt<Dict<raw::SecretFrom>>,
    b: &mut Bench,
) -> Option<HttpRequest> {
    let address = url.need(b.p, "url").cloned();
    if let Some(text) = &address {
        check_url(text, url.pos, b);
        facts(text, url.pos, known, secrets, b);
    }
    let method_word = match method.get() {
        Some(raw::MethodWord::Get) => "GET",
        Some(raw::MethodWord::Put) => "PUT",
        Some(raw::MethodWord::Post) => "POST",
        None => default,
    };
    if method_word == "GET" && body.given {
        b.error(body.pos, say!(body_with_get), None);
    }
    let mut out = BTreeMap::new();
    for (key, value) in headers.get().map(|d| d.0.as_slice()).unwrap_or_default() {
        facts(&value.value, value.pos, known, secrets, b);
        out.insert(key.text.clone(), value.value.clone());
    }
    if let Some(text) = body.get() {
        facts(text, body.pos, known, secrets, b);
    }
    let body = body.get().cloned().unwrap_or_default();
    Some(HttpRequest { url: address?, method: method_word.into(), headers: out, body })
}

fn pointer(field: &Opt<String>, key: &'static str, b: &mut Bench) -> Option<String> {
    pointer_of(field, b);
    field.need(b.p, key).cloned()
}

fn words(field: &Opt<Many<String>>) -> Vec<String> {
    field.get().map(|m| m.0.iter().map(|w| w.value.clone()).collect()).unwrap_or_default()
}

/// A loopback address may be listened on by one channel only.
pub fn once_each(channels: &[(Pos, Channel)], b: &mut Bench) {
    let mut taken = Vec::new();
    for (pos, channel) in channels {
        let ChannelKind::Http(http) = &channel.kind else { continue };
        let Some(callback) = http.inbound.as_ref().and_then(|i| i.callback.as_ref()) else { continue };
        if taken.contains(&&callback.listen) {
            b.error(*pos, say!(callback_taken, callback.listen), Some(say!(hint_callback_address)));
        }
        taken.push(&callback.listen);
    }
}
