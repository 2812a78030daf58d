//! The channel for any SMS gateway that is spoken to over HTTP: a request by template, one Outcome from the answer.
//! Must not put a URL, a body or an answer's text into a reason: they hold secrets, phones and names.

use super::template::{Place, environment, name};
use super::{Opening, io_word, tls_word};
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{ErrorClass, HttpChannel, Success};
use minijinja::{Environment, Value, context};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;

/// No answer that matters is longer.
const ANSWER_MAX: usize = 64 * 1024;

pub struct Http {
    client: reqwest::Client,
    method: Method,
    templates: Environment<'static>,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: Option<String>,
    content_type: &'static str,
    secrets: BTreeMap<String, SecretString>,
    success: Option<Success>,
    id: Option<String>,
    error_pointer: Option<String>,
    errors: BTreeMap<String, ErrorClass>,
    timeout: Duration,
    lang: Lang,
}

/// What goes out.
struct Request {
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
}

impl Http {
    pub fn open(channel: &HttpChannel, with: Opening<'_>) -> Result<Self, String> {
        super::install_tls();
        let lang = with.lang;
        let timeout = Duration::from_secs(u64::from(channel.timeout_s.max(1)));
        let method = Method::from_bytes(channel.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| words::gateway_bad_method(lang, &channel.method))?;
        let mut templates = environment();
        let mut add = |place: Place, part: &str, source: &str| {
            let name = name(place, part);
            let added = templates.add_template_owned(name.clone(), source.to_owned());
            added.map_err(|e| words::gateway_template_broken(lang, part, said(&e)))?;
            Ok::<_, String>(name)
        };
        let url = add(Place::Url, "url", &channel.url)?;
        let mut headers = Vec::new();
        let mut declared = None;
        for (header, value) in &channel.headers {
            let parsed =
                HeaderName::from_bytes(header.as_bytes()).map_err(|_| words::gateway_bad_header(lang, header))?;
            if parsed == CONTENT_TYPE {
                declared = Some(value.as_str());
            }
            headers.push((parsed, add(Place::Plain, header, value)?));
        }
        let place = Place::of_body(declared, &channel.body);
        let body = (!channel.body.is_empty()).then(|| add(place, "body", &channel.body)).transpose()?;
        let mut secrets = BTreeMap::new();
        for (name, secret) in &channel.secrets {
            secrets.insert(name.clone(), (with.secret)(secret)?);
        }
        let client = reqwest::Client::builder()
            // A redirect would carry the letter to a host that nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            // Shorter than the whole: what ends before a connection stands is never taken for a lost answer.
            .connect_timeout(timeout.mul_f32(0.8).min(Duration::from_secs(10)))
            .timeout(timeout)
            // A kept connection that the gateway has just closed looks like a lost answer. A new one never does.
            .pool_max_idle_per_host(0)
            .tcp_nodelay(true)
            .user_agent(concat!("kongchuo/", env!("CARGO_PKG_VERSION")));
        let client = if is_near(&channel.url) { client.no_proxy() } else { client };
        let client = client.build().map_err(|e| words::gateway_unusable(lang, e.without_url()))?;
        let http = Http {
            client,
            method,
            templates,
            url,
            headers,
            body,
            content_type: place.content_type(),
            secrets,
            success: channel.success.clone(),
            id: channel.id.clone(),
            error_pointer: channel
                .error_pointer
                .clone()
                .or_else(|| channel.success.as_ref().map(|s| s.pointer.clone())),
            errors: channel.errors.clone(),
            timeout,
            lang,
        };
        // A variable that does not exist must show now, not with the first letter.
        http.request("13900000001", "", "0", "20000101000000")?;
        Ok(http)
    }

    pub async fn send(&self, dispatch: &Dispatch) -> Outcome {
        let at = dispatch.at.format("%Y%m%d%H%M%S").to_string();
        let request = match self.request(&dispatch.to.address, &dispatch.text, &dispatch.key, &at) {
            Ok(request) => request,
            Err(why) => return Outcome::BadMessage(why),
        };
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let port = request.url.port_or_known_default().unwrap_or_default();
        let mut sending = self.client.request(self.method.clone(), request.url).headers(request.headers);
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        let mut response = match sending.send().await {
            Ok(response) => response,
            Err(e) if e.is_builder() => return Outcome::BadMessage(words::gateway_bad_url(self.lang)),
            Err(e) if e.is_connect() => {
                return match tls_word(&e) {
                    Some(word) => Outcome::ChannelDown(words::gateway_tls_refused(self.lang, host, word)),
                    None => Outcome::Passing(words::host_unreachable(self.lang, host, port, io_word(&e))),
                };
            }
            Err(_) => return Outcome::Unknown(words::answer_lost(self.lang, host)),
        };
        let status = response.status();
        let retry_after = seconds_in(response.headers().get(RETRY_AFTER));
        let mut answer = Vec::new();
        while answer.len() < ANSWER_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => answer.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) if status.is_success() && self.success.is_some() => {
                    return Outcome::Unknown(words::answer_lost(self.lang, host));
                }
                Err(_) => break,
            }
        }
        self.outcome(&host, status, retry_after, &answer)
    }

    pub async fn probe(&self) -> Result<(), String> {
        let url = self.request("13900000001", "", "0", "20000101000000")?.url;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        match tokio::time::timeout(self.timeout, tokio::net::TcpStream::connect((host.as_str(), port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(words::host_unreachable(self.lang, host, port, io_word(&e))),
            Err(_) => Err(words::host_slow(self.lang, host, port)),
        }
    }

    fn request(&self, phone: &str, text: &str, id: &str, at: &str) -> Result<Request, String> {
        let secrets = self.secrets.iter();
        let secret: BTreeMap<String, Value> =
            secrets.map(|(name, value)| (name.clone(), Value::from(value.expose_secret()))).collect();
        let facts = context! { phone, text, id, at, secret };
        let url = Url::parse(&self.render(&self.url, "url", &facts)?).map_err(|_| words::gateway_bad_url(self.lang))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(words::gateway_bad_url(self.lang));
        }
        let mut headers = HeaderMap::new();
        for (header, template) in &self.headers {
            let value = self.render(template, header.as_str(), &facts)?;
            let mut value =
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| words::gateway_bad_header(self.lang, header))?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        let body = match &self.body {
            None => None,
            Some(template) => {
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(self.content_type));
                Some(self.render(template, "body", &facts)?)
            }
        };
        Ok(Request { url, headers, body })
    }

    fn render(&self, template: &str, part: &str, facts: &Value) -> Result<String, String> {
        let rendered = self.templates.get_template(template).and_then(|t| t.render(facts));
        rendered.map_err(|e| words::gateway_template_broken(self.lang, part, said(&e)))
    }

    /// What an answer means. A code that the configuration knows counts before the HTTP status.
    fn outcome(&self, host: &str, status: StatusCode, retry_after: Option<u32>, answer: &[u8]) -> Outcome {
        let lang = self.lang;
        let answer = parsed(answer);
        let at = |pointer: &str| answer.pointer(pointer).and_then(plain);
        if status.is_success()
            && let Some(success) = &self.success
            && at(&success.pointer).is_some_and(|value| value == success.equals)
        {
            return Outcome::Accepted(self.id.as_deref().and_then(at).map(|id| id.chars().take(128).collect()));
        }
        let code = self.error_pointer.as_deref().and_then(at);
        if let Some(code) = &code
            && let Some(class) = self.errors.get(code)
        {
            let why = words::gateway_code(lang, host, code);
            return match class {
                ErrorClass::BadAddress => Outcome::BadAddress(why),
                ErrorClass::BadMessage => Outcome::BadMessage(why),
                ErrorClass::ChannelDown => Outcome::ChannelDown(why),
                ErrorClass::Throttled { seconds } => Outcome::NotBefore { seconds: *seconds, why },
                ErrorClass::Passing => Outcome::Passing(why),
            };
        }
        let why = words::gateway_status(lang, host, status.as_u16());
        match status.as_u16() {
            200..=299 => match (&self.success, code) {
                (None, _) => Outcome::Accepted(self.id.as_deref().and_then(at)),
                // Refused, for a reason that nobody has classified: retried, then the next channel.
                (Some(_), Some(code)) => Outcome::Passing(words::gateway_code(lang, host, short(&code))),
                (Some(_), None) => Outcome::Unknown(words::gateway_answer_unreadable(lang, host, status.as_u16())),
            },
            400 | 413 | 414 | 415 | 422 => Outcome::BadMessage(why),
            408 => Outcome::Passing(why),
            425 | 429 => Outcome::NotBefore { seconds: retry_after.unwrap_or(60), why },
            503 => match retry_after {
                Some(seconds) => Outcome::NotBefore { seconds, why },
                None => Outcome::Passing(why),
            },
            // A proxy got no answer: the gateway behind it may have sent the letter.
            504 => Outcome::Unknown(why),
            500..=599 => Outcome::Passing(why),
            // Moved, not found, not allowed, login refused: a person must look at the configuration.
            _ => Outcome::ChannelDown(why),
        }
    }
}

/// Fetches an address and says whether it answered well. For the heartbeat; says nothing else.
pub async fn ping(url: &str) -> bool {
    super::install_tls();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10));
    let client = if is_near(url) { client.no_proxy() } else { client };
    let Ok(client) = client.build() else { return false };
    matches!(client.get(url).send().await, Ok(answer) if answer.status().is_success())
}

/// A template error without its source line, which may hold a secret's surroundings.
fn said(e: &minijinja::Error) -> String {
    match (e.detail(), e.line()) {
        (Some(detail), Some(line)) => format!("{} ({}), {line}", e.kind(), detail),
        (Some(detail), None) => format!("{} ({detail})", e.kind()),
        (None, _) => e.kind().to_string(),
    }
}

/// A gateway in the building is reached directly, whatever proxy the environment names.
fn is_near(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(std::net::IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host == "localhost",
    }
}

/// JSON, else the whole text as one string (so that the pointer "" is the answer itself).
fn parsed(answer: &[u8]) -> serde_json::Value {
    let text = match std::str::from_utf8(answer) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(answer).0.into_owned(),
    };
    let text = text.trim().trim_start_matches('\u{feff}');
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}

/// A string, number or truth value as the configuration would write it.
fn plain(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(s) => Some(s.clone()),
        serde_json::Value::Number(n) => Some(n.to_string()),
        serde_json::Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// A code is a word; whatever is longer may be a sentence with a name in it.
fn short(code: &str) -> &str {
    let fits = code.len() <= 32 && code.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:".contains(c));
    let number = code.chars().filter(char::is_ascii_digit).count() >= 11;
    if fits && !number { code } else { "?" }
}

fn seconds_in(value: Option<&HeaderValue>) -> Option<u32> {
    let seconds: u32 = value?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.clamp(1, 86_400))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::tests::opening;
    use super::*;

    pub fn gateway(url: &str) -> HttpChannel {
        HttpChannel {
            url: url.into(),
            method: "POST".into(),
            headers: BTreeMap::new(),
            body: r#"{"to":"{{ phone }}","text":"{{ text }}","id":"{{ id }}"}"#.into(),
            secrets: BTreeMap::new(),
            success: Some(Success { pointer: "/code".into(), equals: "0".into() }),
            id: Some("/msgid".into()),
            error_pointer: None,
            errors: BTreeMap::from([
                ("105".to_owned(), ErrorClass::BadAddress),
                ("107".to_owned(), ErrorClass::Throttled { seconds: 90 }),
                ("200".to_owned(), ErrorClass::ChannelDown),
            ]),
            query: None,
            inbound: None,
            timeout_s: 2,
        }
    }

    #[test]
    fn the_body_counts_before_the_status() {
        let http = Http::open(&gateway("http://127.0.0.1:1/sms"), opening()).expect("it opens");
        let check = |status: u16, answer: &str, expected: fn(&Outcome) -> bool| {
            let status = StatusCode::from_u16(status).expect("a status");
            let outcome = http.outcome("gw", status, None, answer.as_bytes());
            assert!(expected(&outcome), "{status} {answer} gave {outcome:?}");
        };
        check(200, r#"{"code":"0","msgid":"m1"}"#, |o| *o == Outcome::Accepted(Some("m1".into())));
        check(200, r#"{"code":0,"msgid":17}"#, |o| *o == Outcome::Accepted(Some("17".into())));
        check(200, r#"{"code":0}"#, |o| *o == Outcome::Accepted(None));
        check(200, r#"{"code":105}"#, |o| matches!(o, Outcome::BadAddress(_)));
        check(200, r#"{"code":"107"}"#, |o| matches!(o, Outcome::NotBefore { seconds: 90, .. }));
        check(401, r#"{"code":105}"#, |o| matches!(o, Outcome::BadAddress(_)));
        check(200, r#"{"code":"999"}"#, |o| matches!(o, Outcome::Passing(_)));
        check(200, "<html>login</html>", |o| matches!(o, Outcome::Unknown(_)));
        check(200, "", |o| matches!(o, Outcome::Unknown(_)));
        check(500, r#"{"code":"0"}"#, |o| matches!(o, Outcome::Passing(_)));
        check(503, "", |o| matches!(o, Outcome::Passing(_)));
        check(504, "", |o| matches!(o, Outcome::Unknown(_)));
        check(429, "", |o| matches!(o, Outcome::NotBefore { seconds: 60, .. }));
        check(400, "", |o| matches!(o, Outcome::BadMessage(_)));
        check(401, "", |o| matches!(o, Outcome::ChannelDown(_)));
        check(302, "", |o| matches!(o, Outcome::ChannelDown(_)));
        check(404, "", |o| matches!(o, Outcome::ChannelDown(_)));
    }

    #[test]
    fn a_gateway_that_answers_in_plain_text_is_compared_whole() {
        let mut channel = gateway("http://127.0.0.1:1/sms");
        channel.success = Some(Success { pointer: String::new(), equals: "OK".into() });
        let http = Http::open(&channel, opening()).expect("it opens");
        assert_eq!(http.outcome("gw", StatusCode::OK, None, b" OK\r\n"), Outcome::Accepted(None));
    }

    #[test]
    fn a_wrong_template_shows_at_the_opening_and_shows_no_secret() {
        fn check(change: fn(&mut HttpChannel)) {
            let mut channel = gateway("http://127.0.0.1:1/sms?key={{ secret.key }}");
            channel.secrets.insert("key".into(), crate::domain::policy::Secret::Env("K".into()));
            change(&mut channel);
            let secret: &dyn Fn(&crate::domain::policy::Secret) -> _ = &|_| Ok(SecretString::from("hunter2"));
            let why = Http::open(&channel, Opening { secret, ..opening() }).err().expect("it is refused");
            assert!(!why.contains("hunter2") && !why.contains("13900000001"), "{why}");
        }
        check(|c| c.body = "{{ texts }}".into());
        check(|c| c.body = "{{ text ".into());
        check(|c| c.url = "{{ secret.key }}".into());
        check(|c| c.url = "ftp://10.0.0.1/{{ secret.key }}".into());
        check(|c| drop(c.headers.insert("X y".into(), "1".into())));
        check(|c| c.method = "GE T".into());
    }

    #[test]
    fn a_code_that_may_be_a_sentence_or_a_phone_is_not_repeated() {
        assert_eq!(short("isv.DAY_LIMIT"), "isv.DAY_LIMIT");
        assert_eq!(short("13900000001"), "?");
        assert_eq!(short("张三的号码是空号"), "?");
    }
}
