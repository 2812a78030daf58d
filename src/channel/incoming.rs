//! What a gateway says by itself: what it knows of a letter when it is asked, and the replies and receipts that it hands
//! out or brings. Reads JSON by pointers, and forms; what fits no pointer is passed over.

use super::form::Form;
use super::http::{parsed, plain};
use crate::domain::letter::{Answer, Incoming};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{Inbound, Query};
use serde_json::Value;

pub struct Asking {
    pub form: Form,
    query: Query,
    lang: Lang,
}

impl Asking {
    pub fn open(query: &Query, lang: Lang) -> Result<Asking, String> {
        Ok(Asking { form: Form::open(&query.request, lang)?, query: query.clone(), lang })
    }

    /// What an answer means; a state that the configuration does not know says nothing.
    pub fn read(&self, host: &str, answer: &[u8]) -> Answer {
        let answer = parsed(answer);
        let state = answer.pointer(&self.query.state).and_then(plain).unwrap_or_else(|| "none".to_owned());
        let is = |words: &[String]| words.contains(&state);
        if is(&self.query.delivered) {
            Answer::Delivered
        } else if is(&self.query.failed) {
            Answer::NotDelivered
        } else if is(&self.query.accepted) {
            Answer::Accepted
        } else if is(&self.query.absent) {
            Answer::NeverCame
        } else {
            Answer::NoAnswer(words::gateway_answer_unreadable(self.lang, host, 200))
        }
    }
}

/// The replies and receipts in what came. `form`: it is a form, not JSON.
pub fn read(inbound: &Inbound, body: &[u8], form: bool) -> Vec<Incoming> {
    let whole = if form { fields(body) } else { parsed(body) };
    let list = match inbound.items.as_str() {
        "" => Some(&whole),
        pointer => whole.pointer(pointer),
    };
    let items: Vec<&Value> = match list {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item @ Value::Object(_)) => vec![item],
        _ => Vec::new(),
    };
    items.into_iter().filter_map(|item| one(inbound, item)).collect()
}

fn one(inbound: &Inbound, item: &Value) -> Option<Incoming> {
    let at = |pointer: &str| item.pointer(pointer).and_then(plain).filter(|s| !s.is_empty());
    if let Some(r) = &inbound.reply
        && let (Some(from), Some(text)) = (at(&r.from), at(&r.text))
    {
        let key = r.id.as_deref().and_then(at).unwrap_or_else(|| item.to_string());
        return Some(Incoming::Reply { from, text, key });
    }
    let r = inbound.receipt.as_ref()?;
    let (id, state) = (at(&r.id)?, at(&r.state)?);
    let delivered = r.delivered.contains(&state);
    (delivered || r.failed.contains(&state)).then_some(Incoming::Receipt { id, delivered })
}

/// A form as if it were JSON: one object of strings.
fn fields(body: &[u8]) -> Value {
    // The address has no part in it: it only lets the reader of addresses read the pairs.
    let Ok(mut url) = reqwest::Url::parse("http://localhost/") else { return Value::Null };
    url.set_query(std::str::from_utf8(body).ok().map(str::trim));
    Value::Object(url.query_pairs().map(|(k, v)| (k.into_owned(), Value::String(v.into_owned()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{HttpRequest, InboundReceipt, InboundReply};

    fn inbound(items: &str) -> Inbound {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        Inbound {
            poll: None,
            callback: None,
            items: items.into(),
            reply: Some(InboundReply {
                from: "/phone".into(),
                text: "/content".into(),
                id: Some("/sequence_id".into()),
            }),
            receipt: Some(InboundReceipt {
                id: "/out_id".into(),
                state: "/err_code".into(),
                delivered: words(&["DELIVRD"]),
                failed: words(&["UNDELIV", "EXPIRED"]),
            }),
        }
    }

    fn reply(from: &str, text: &str, key: &str) -> Incoming {
        Incoming::Reply { from: from.into(), text: text.into(), key: key.into() }
    }

    #[test]
    fn replies_and_receipts_are_told_apart_by_what_stands_in_them() {
        let receipt = |id: &str, delivered| Incoming::Receipt { id: id.into(), delivered };
        let check = |items: &str, body: &str, expected: &[Incoming]| {
            assert_eq!(read(&inbound(items), body.as_bytes(), false), expected, "{body}");
        };
        check("", r#"{"phone":"13900000001","content":"1","sequence_id":7}"#, &[reply("13900000001", "1", "7")]);
        check(
            "/data",
            r#"{"data":[{"out_id":"L-000001","err_code":"DELIVRD"},{"out_id":"L-000002","err_code":"EXPIRED"},
                {"out_id":"L-000003","err_code":"BUFFERED"},{"phone":"13900000001","content":"收到"}]}"#,
            &[
                receipt("L-000001", true),
                receipt("L-000002", false),
                reply("13900000001", "收到", r#"{"phone":"13900000001","content":"收到"}"#),
            ],
        );
        check("/data", r#"{"data":[]}"#, &[]);
        check("/data", "gateway is down", &[]);
        check("", "[]", &[]);
        check("", r#"{"phone":"13900000001","content":""}"#, &[]);
    }

    #[test]
    fn a_form_is_read_like_an_object() {
        let body = b"phone=13900000001&content=%E6%94%B6%E5%88%B0&sequence_id=9";
        assert_eq!(read(&inbound(""), body, true), [reply("13900000001", "收到", "9")]);
    }

    #[test]
    fn an_answer_means_what_the_configuration_says() {
        let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let request = HttpRequest {
            url: "http://127.0.0.1/q?id={{ id }}".into(),
            method: "GET".into(),
            headers: Default::default(),
            body: String::new(),
        };
        let query = Query {
            request,
            state: "/rows/0/state".into(),
            accepted: words(&["1"]),
            delivered: words(&["3"]),
            failed: words(&["2"]),
            absent: words(&["none"]),
        };
        let asking = Asking::open(&query, Lang::Zh).expect("templates");
        let check = |answer: &str, expected: Answer| assert_eq!(asking.read("gateway", answer.as_bytes()), expected);
        check(r#"{"rows":[{"state":1}]}"#, Answer::Accepted);
        check(r#"{"rows":[{"state":"3"}]}"#, Answer::Delivered);
        check(r#"{"rows":[{"state":2}]}"#, Answer::NotDelivered);
        check(r#"{"rows":[]}"#, Answer::NeverCame);
        assert!(matches!(asking.read("gateway", br#"{"rows":[{"state":9}]}"#), Answer::NoAnswer(_)));
    }
}
