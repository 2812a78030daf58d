//! The channel for any SMS gateway that is spoken to over HTTP: a request by template, one Outcome from the answer.
//! Must not put a URL, a body or an answer's text into a reason: they hold secrets, phones and names.

use super::form::{Filled, Form};
use super::incoming::{self, Asking};
use super::{Opening, io_word, tls_word};
use crate::domain::Time;
use crate::domain::letter::{Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{ErrorClass, HttpChannel, HttpRequest, Inbound, Success};
use minijinja::{Value, context};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;

/// No answer that matters is longer.
const ANSWER_MAX: usize = 64 * 1024;
/// A hundred replies and receipts at once are a few tens of kilobytes.
const INCOMING_MAX: usize = 4 * 1024 * 1024;

pub struct Http {
    client: reqwest::Client,
    form: Form,
    secrets: BTreeMap<String, SecretString>,
    success: Option<Success>,
    id: Option<String>,
    error_pointer: Option<String>,
    errors: BTreeMap<String, ErrorClass>,
    asking: Option<Asking>,
    inbound: Option<Inbound>,
    fetching: Option<Form>,
    timeout: Duration,
    lang: Lang,
}

impl Http {
    pub fn open(channel: &HttpChannel, with: Opening<'_>) -> Result<Self, String> {
        super::install_tls();
        let lang = with.lang;
        let timeout = Duration::from_secs(u64::from(channel.timeout_s.max(1)));
        let form = Form::open(
            &HttpRequest {
                url: channel.url.clone(),
                method: channel.method.clone(),
                headers: channel.headers.clone(),
                body: channel.body.clone(),
            },
            lang,
        )?;
        let asking = channel.query.as_ref().map(|q| Asking::open(q, lang)).transpose()?;
        let poll = channel.inbound.as_ref().and_then(|i| i.poll.as_ref());
        let fetching = poll.map(|(request, _)| Form::open(request, lang)).transpose()?;
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
            form,
            secrets,
            success: channel.success.clone(),
            id: channel.id.clone(),
            error_pointer: channel
                .error_pointer
                .clone()
                .or_else(|| channel.success.as_ref().map(|s| s.pointer.clone())),
            errors: channel.errors.clone(),
            asking,
            inbound: channel.inbound.clone(),
            fetching,
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
        let mut response = match self.sending(request).send().await {
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

    fn sending(&self, request: Filled) -> reqwest::RequestBuilder {
        let sending = self.client.request(request.method, request.url).headers(request.headers);
        match request.body {
            Some(body) => sending.body(body),
            None => sending,
        }
    }

    fn request(&self, phone: &str, text: &str, id: &str, at: &str) -> Result<Filled, String> {
        self.form.fill(&context! { phone, text, id, at, secret => self.secret() })
    }

    fn secret(&self) -> BTreeMap<String, Value> {
        let secrets = self.secrets.iter();
        secrets.map(|(name, value)| (name.clone(), Value::from(value.expose_secret()))).collect()
    }

    /// Asks the gateway what became of a letter. Sends nothing.
    pub async fn ask(&self, question: &Question, at: Time) -> Answer {
        let Some(asking) = &self.asking else { return Answer::CannotAsk };
        let facts = context! {
            phone => &question.address,
            id => &question.key,
            sent => question.sent.format("%Y%m%d").to_string(),
            at => at.format("%Y%m%d%H%M%S").to_string(),
            secret => self.secret(),
        };
        let filled = match asking.form.fill(&facts) {
            Ok(filled) => filled,
            Err(why) => return Answer::NoAnswer(why),
        };
        let host = filled.url.host_str().unwrap_or_default().to_owned();
        match self.fetched(filled).await {
            Ok((answer, _)) => asking.read(&host, &answer),
            Err(why) => Answer::NoAnswer(why),
        }
    }

    /// How often replies and receipts are fetched, if they are.
    pub fn fetches_every(&self) -> Option<Duration> {
        let poll = self.inbound.as_ref()?.poll.as_ref()?;
        Some(Duration::from_secs(poll.1.max(1)))
    }

    /// Replies and receipts that the gateway has for us.
    pub async fn fetch(&self, at: Time) -> Result<Vec<Incoming>, String> {
        let (Some(form), Some(inbound)) = (&self.fetching, &self.inbound) else { return Ok(Vec::new()) };
        let facts = context! { at => at.format("%Y%m%d%H%M%S").to_string(), secret => self.secret() };
        let (answer, is_form) = self.fetched(form.fill(&facts)?).await?;
        Ok(incoming::read(inbound, &answer, is_form))
    }

    /// An answer in full, and whether it is a form; whatever is not a success is an error.
    async fn fetched(&self, filled: Filled) -> Result<(Vec<u8>, bool), String> {
        let host = filled.url.host_str().unwrap_or_default().to_owned();
        let port = filled.url.port_or_known_default().unwrap_or_default();
        let mut response = self.sending(filled).send().await.map_err(|e| match e.is_connect() {
            true => words::host_unreachable(self.lang, &host, port, io_word(&e)),
            false => words::answer_lost(self.lang, &host),
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(words::gateway_status(self.lang, host, status.as_u16()));
        }
        let declared = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let is_form = declared.to_ascii_lowercase().contains("form-urlencoded");
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| words::answer_lost(self.lang, &host))? {
            answer.extend_from_slice(&chunk);
            if answer.len() > INCOMING_MAX {
                return Err(words::gateway_answer_unreadable(self.lang, host, status.as_u16()));
            }
        }
        Ok((answer, is_form))
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
pub(super) fn parsed(answer: &[u8]) -> serde_json::Value {
    let text = match std::str::from_utf8(answer) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(answer).0.into_owned(),
    };
    let text = text.trim().trim_start_matches('\u{feff}');
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.to_owned()))
}

/// A string, number or truth value as the configuration would write it.
pub(super) fn plain(value: &serde_json::Value) -> Option<String> {
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
