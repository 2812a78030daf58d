//! The mail channel: one recipient, one transaction, one Outcome; and the bytes of a letter as a mail. The only file
//! that knows lettre. Must not retry: what follows an outcome is the courier's business.

use super::reply::{Meaning, Stage, meaning};
use super::{Opening, exposed, io_word, read_secret, scrubbed, tls_word};
use crate::domain::letter::{Dispatch, Outcome};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{EmailChannel, Tls};
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use secrecy::SecretString;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// An idle connection is used again for so long; servers hang up after a minute or more.
const IDLE_MAX: Duration = Duration::from_secs(20);

type SmtpError = lettre::transport::smtp::Error;

pub struct Email {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, SecretString)>,
    from: Mailbox,
    timeout: Duration,
    zone: chrono_tz::Tz,
    lang: Lang,
    tick: fn() -> Instant,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

enum Security {
    Plain,
    Starttls(TlsParameters),
    Implicit(Arc<rustls::ClientConfig>, ServerName<'static>),
}

impl Email {
    pub fn open(channel: &EmailChannel, with: Opening<'_>) -> Result<Self, String> {
        super::install_tls();
        let lang = with.lang;
        let from: Mailbox = channel.from.parse().map_err(|_| words::mail_sender_unreadable(lang))?;
        let password = read_secret(channel.password.as_ref(), with)?;
        let login = channel.user.clone().map(|user| (user, password.unwrap_or_default()));
        let pem = match &channel.ca {
            None => None,
            Some(path) => {
                Some(std::fs::read(path).map_err(|e| words::mail_ca_unreadable(lang, path.display(), e.kind()))?)
            }
        };
        let security = match channel.tls {
            Tls::None if is_loopback(&channel.host) => Security::Plain,
            Tls::None => return Err(words::mail_plain_refused(lang)),
            Tls::Starttls => Security::Starttls(
                starttls_parameters(&channel.host, pem.as_deref()).map_err(|e| words::mail_tls_unusable(lang, e))?,
            ),
            Tls::Implicit => {
                let name = ServerName::try_from(channel.host.clone()).map_err(|e| words::mail_tls_unusable(lang, e))?;
                let config = client_config(pem.as_deref()).map_err(|e| words::mail_tls_unusable(lang, e))?;
                Security::Implicit(Arc::new(config), name)
            }
        };
        Ok(Email {
            host: channel.host.clone(),
            port: channel.port,
            security,
            login,
            from,
            timeout: Duration::from_secs(u64::from(channel.timeout_s.max(1))),
            zone: with.zone,
            lang,
            tick: with.tick,
            idle: Mutex::default(),
        })
    }

    pub async fn send(&self, dispatch: &Dispatch) -> Outcome {
        let Ok(to) = dispatch.to.address.parse::<lettre::Address>() else {
            return Outcome::BadAddress(words::mail_address_unreadable(self.lang));
        };
        let mail = match compose(dispatch, Mailbox::new(name_of(dispatch), to.clone()), self.from.clone(), self.zone) {
            Ok(mail) => mail,
            Err(why) => return Outcome::BadMessage(words::message_not_composed(self.lang, why)),
        };
        let envelope = match Envelope::new(Some(self.from.email.clone()), vec![to]) {
            Ok(envelope) => envelope,
            Err(_) => return Outcome::BadAddress(words::mail_address_unreadable(self.lang)),
        };
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(trouble) => return self.outcome(trouble, dispatch),
        };
        match self.transact(&mut connection, &envelope, &mail).await {
            Ok(response) => {
                self.keep(connection);
                Outcome::Accepted(queue_id(&response))
            }
            Err(trouble) => {
                // After a refusal the session goes on; a new mail starts with RSET. Anything else ends it.
                if trouble.is_refusal() && self.within(connection.command(Rset)).await.is_ok() {
                    self.keep(connection);
                }
                self.outcome(trouble, dispatch)
            }
        }
    }

    pub async fn probe(&self) -> Result<(), String> {
        let mut connection = self.connect().await.map_err(|trouble| {
            let nobody = nobody();
            match self.outcome(trouble, &nobody) {
                Outcome::Accepted(_) => String::new(),
                Outcome::BadAddress(why)
                | Outcome::BadMessage(why)
                | Outcome::ChannelDown(why)
                | Outcome::Passing(why)
                | Outcome::Unknown(why)
                | Outcome::NotBefore { why, .. } => why,
            }
        })?;
        let _ = self.within(connection.quit()).await;
        Ok(())
    }

    /// An idle connection that still answers, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Trouble> {
        while let Some((mut connection, since)) = self.take() {
            if (self.tick)().duration_since(since) < IDLE_MAX && self.within(connection.command(Rset)).await.is_ok() {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Trouble> {
        let hello = ClientId::default();
        let stream = timed(self.timeout, tcp(&self.host, self.port)).await?.map_err(Trouble::Unreachable)?;
        let mut connection = match &self.security {
            Security::Implicit(config, name) => {
                let handshake = tokio_rustls::TlsConnector::from(config.clone()).connect(name.clone(), stream);
                let stream = timed(self.timeout, handshake).await?.map_err(|e| match tls_word(&e) {
                    Some(word) => Trouble::Tls(word),
                    None => Trouble::Unreachable(e),
                })?;
                self.within(AsyncSmtpConnection::connect_with_transport(Box::new(TlsStream(stream)), &hello)).await
            }
            _ => self.within(AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)).await,
        }
        .map_err(|e| e.at(Stage::Session))?;
        if let Security::Starttls(parameters) = &self.security {
            if !connection.can_starttls() {
                return Err(Trouble::Tls("STARTTLS is not offered".into()));
            }
            self.within(connection.starttls(parameters.clone(), &hello)).await.map_err(|e| e.at(Stage::Session))?;
        }
        if let Some((user, password)) = &self.login {
            let credentials = Credentials::new(user.clone(), exposed(Some(password)).to_owned());
            let auth = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            self.within(auth).await.map_err(|e| e.at(Stage::Session))?;
        }
        Ok(connection)
    }

    /// One mail, command by command, so that it is known how far it got: only after its last line was written may
    /// the server have it.
    async fn transact(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        mail: &[u8],
    ) -> Result<Response, Trouble> {
        let mut parameters = Vec::new();
        if envelope.to().iter().chain(envelope.from()).any(|a| !AsRef::<str>::as_ref(a).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Trouble::Unwanted);
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = Mail::new(envelope.from().cloned(), parameters);
        self.within(connection.command(from)).await.map_err(|e| e.at(Stage::Sender))?;
        for to in envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            self.within(connection.command(to)).await.map_err(|e| e.at(Stage::Recipient))?;
        }
        self.within(connection.command(Data)).await.map_err(|e| e.at(Stage::Content))?;
        self.within(connection.message(mail)).await.map_err(|e| match e.at(Stage::Content) {
            refused @ Trouble::Refused { .. } => refused,
            _ => Trouble::Lost,
        })
    }

    fn outcome(&self, trouble: Trouble, dispatch: &Dispatch) -> Outcome {
        let lang = self.lang;
        match trouble {
            Trouble::Unreachable(e) => {
                Outcome::Passing(words::host_unreachable(lang, &self.host, self.port, io_word(&e)))
            }
            Trouble::Slow => Outcome::Passing(words::host_slow(lang, &self.host, self.port)),
            Trouble::Broken(word) => Outcome::Passing(words::host_unreachable(lang, &self.host, self.port, word)),
            Trouble::Tls(word) => Outcome::ChannelDown(words::mail_tls_refused(lang, &self.host, word)),
            Trouble::NoLogin => Outcome::ChannelDown(words::mail_no_login(lang, &self.host)),
            Trouble::Unwanted => Outcome::BadAddress(words::mail_address_not_supported(lang, &self.host)),
            Trouble::Lost => Outcome::Unknown(words::answer_lost(lang, &self.host)),
            Trouble::Refused { stage, code, text } => {
                let why = words::mail_refused(lang, &self.host, code, scrubbed(&text, dispatch));
                match meaning(stage, code, &text) {
                    Meaning::BadAddress => Outcome::BadAddress(why),
                    Meaning::BadMessage => Outcome::BadMessage(why),
                    Meaning::ChannelDown => Outcome::ChannelDown(why),
                    Meaning::Throttled { seconds } => Outcome::NotBefore { seconds, why },
                    Meaning::Passing => Outcome::Passing(why),
                }
            }
        }
    }

    async fn within<T>(&self, step: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Failure> {
        match tokio::time::timeout(self.timeout, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) => Err(Failure::Smtp(e)),
            Err(_) => Err(Failure::Slow),
        }
    }

    fn take(&self) -> Option<(AsyncSmtpConnection, Instant)> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        if !connection.has_broken() {
            self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((connection, (self.tick)()));
        }
    }
}

enum Failure {
    Smtp(SmtpError),
    Slow,
}

impl Failure {
    fn at(self, stage: Stage) -> Trouble {
        let e = match self {
            Failure::Slow => return Trouble::Slow,
            Failure::Smtp(e) => e,
        };
        if let Some(code) = e.status() {
            let text = std::error::Error::source(&e).map(ToString::to_string).unwrap_or_default();
            return Trouble::Refused { stage, code: code.into(), text };
        }
        if let Some(word) = tls_word(&e) {
            return Trouble::Tls(word);
        }
        if e.is_client() {
            return Trouble::NoLogin;
        }
        Trouble::Broken(if e.is_response() { "incomplete answer".into() } else { io_word(&e) })
    }
}

/// What went wrong, and where.
enum Trouble {
    Unreachable(std::io::Error),
    Slow,
    /// The connection broke before the mail was handed over.
    Broken(String),
    Tls(String),
    /// The server offers no way to log in that we know.
    NoLogin,
    /// The server cannot take an address with letters beyond ASCII.
    Unwanted,
    /// The mail was written, the answer did not come.
    Lost,
    Refused {
        stage: Stage,
        code: u16,
        text: String,
    },
}

impl Trouble {
    fn is_refusal(&self) -> bool {
        matches!(self, Trouble::Refused { code, .. } if *code != 421)
    }
}

async fn timed<T>(limit: Duration, step: impl Future<Output = T>) -> Result<T, Trouble> {
    tokio::time::timeout(limit, step).await.map_err(|_| Trouble::Slow)
}

/// A stream of our own: lettre 0.11 leaves Nagle's algorithm on, which holds the end of every mail for 40 ms.
async fn tcp(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The only way for lettre to take a stream that is encrypted from its first byte.
#[derive(Debug)]
struct TlsStream(tokio_rustls::client::TlsStream<TcpStream>);

impl AsyncRead for TlsStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for TlsStream {
    fn peer_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

/// Only the private CA where one is named, else those of the system.
fn client_config(pem: Option<&[u8]>) -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    match pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err("no certificate authority".into());
    }
    Ok(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn starttls_parameters(host: &str, pem: Option<&[u8]>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = pem {
        let certificate = Certificate::from_pem(pem).map_err(|e| e.to_string())?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build().map_err(|e| e.to_string())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The server's own id of a mail, where its answer names one: Postfix says `2.0.0 Ok: queued as 4F2C1A`.
fn queue_id(response: &Response) -> Option<String> {
    let line = response.message().next()?;
    let id = line.rsplit_once("queued as ").map(|(_, id)| id.trim())?;
    (id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))).then(|| id.to_owned())
}

/// A stand-in for replies that come before any letter.
fn nobody() -> Dispatch {
    use crate::domain::ids::{ChannelId, LetterId, Role};
    let to = crate::domain::letter::Addressee { role: Role::new(""), name: String::new(), address: String::new() };
    let (letter, channel) = (LetterId(0), ChannelId::new(""));
    let (key, text, attachments) = (String::new(), String::new(), Vec::new());
    Dispatch { letter, key, attempt: 0, channel, to, subject: None, text, attachments, at: chrono::NaiveDateTime::MIN }
}

// ---------------------------------------------------------------- the mail itself

/// A letter as an .eml file. A phone number becomes an address in a domain that cannot exist.
pub fn to_a_file(dispatch: &Dispatch, zone: chrono_tz::Tz) -> Result<Vec<u8>, String> {
    let address = match dispatch.to.address.parse::<lettre::Address>() {
        Ok(address) => address,
        Err(_) => {
            let user: String = dispatch.to.address.chars().filter(char::is_ascii_alphanumeric).collect();
            let user = if user.is_empty() { "nobody".to_owned() } else { user };
            lettre::Address::new(user, "phone.invalid").map_err(|e| e.to_string())?
        }
    };
    let from = lettre::Address::new("kongchuo", "localhost").map_err(|e| e.to_string())?;
    let text = readable(&dispatch.text);
    compose_with(dispatch, text, Mailbox::new(name_of(dispatch), address), Mailbox::new(None, from), zone)
}

fn name_of(dispatch: &Dispatch) -> Option<String> {
    let name = one_line(&dispatch.to.name);
    (!name.is_empty()).then_some(name)
}

/// A subject or a name must not be able to add a header.
fn one_line(s: &str) -> String {
    s.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As it is, for people who open the file in an editor; encoded where a line is longer than mail allows (RFC 5322: 998).
fn readable(text: &str) -> SinglePart {
    if text.lines().any(|l| l.len() > 998) {
        return SinglePart::plain(text.to_owned());
    }
    let lines = text.lines().collect::<Vec<_>>().join("\r\n");
    let body = Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::EightBit);
    SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body)
}

fn compose(dispatch: &Dispatch, to: Mailbox, from: Mailbox, zone: chrono_tz::Tz) -> Result<Vec<u8>, String> {
    compose_with(dispatch, SinglePart::plain(dispatch.text.clone()), to, from, zone)
}

fn compose_with(
    dispatch: &Dispatch,
    text: SinglePart,
    to: Mailbox,
    from: Mailbox,
    zone: chrono_tz::Tz,
) -> Result<Vec<u8>, String> {
    let domain = from.email.domain().to_owned();
    // The same for every attempt: where a mail did arrive twice, mailboxes can tell that it is one.
    let id: String = dispatch.key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let date = chrono::TimeZone::from_local_datetime(&zone, &dispatch.at).earliest().ok_or("no such local time")?;
    let mut builder = Message::builder()
        .from(from)
        .to(to)
        .subject(one_line(dispatch.subject.as_deref().unwrap_or_default()))
        .date(std::time::SystemTime::from(date))
        .message_id(Some(format!("<{id}@{domain}>")));
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Kongchuo-Letter", dispatch.key.as_str())] {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|e| e.to_string())?;
        builder = builder.raw_header(HeaderValue::new(name, one_line(value)));
    }
    let message = if dispatch.attachments.is_empty() {
        builder.singlepart(text)
    } else {
        let mut parts = MultiPart::mixed().singlepart(text);
        for attachment in &dispatch.attachments {
            let kind = ContentType::parse(&attachment.media_type)
                .or_else(|_| ContentType::parse("application/octet-stream"))
                .map_err(|e| e.to_string())?;
            parts =
                parts.singlepart(Attachment::new(one_line(&attachment.file_name)).body(attachment.bytes.clone(), kind));
        }
        builder.multipart(parts)
    };
    Ok(message.map_err(|e| e.to_string())?.formatted())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{letter, opening};
    use super::*;

    fn server() -> EmailChannel {
        EmailChannel {
            host: "127.0.0.1".into(),
            port: 1,
            tls: Tls::None,
            user: None,
            password: None,
            from: "镇教育办 <edu@town.test>".into(),
            ca: None,
            timeout_s: 2,
        }
    }

    #[test]
    fn a_mail_names_its_letter_and_says_that_a_machine_wrote_it() {
        let mut one = letter("zhang@school.test", "张小雨9月16日未到校。");
        one.subject = Some("缺课\r\nBcc: all@school.test".into());
        let from = server().from.parse().expect("a sender");
        let to = Mailbox::new(name_of(&one), "zhang@school.test".parse().expect("an address"));
        let mail = compose(&one, to, from, chrono_tz::Asia::Shanghai).expect("a mail");
        let mail = String::from_utf8(mail).expect("ASCII");
        let head = mail.split("\r\n\r\n").next().expect("headers");
        assert!(head.contains("Message-ID: <k7@town.test>"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(head.contains("X-Kongchuo-Letter: k7"), "{head}");
        assert!(head.contains("Date: Wed, 16 Sep 2026 01:31:00 +0000"), "{head}");
        assert!(!head.to_lowercase().contains("\nbcc:"), "{head}");
    }

    #[tokio::test]
    async fn without_a_server_the_letter_waits() {
        let email = Email::open(&server(), opening()).expect("it opens");
        assert!(matches!(email.send(&letter("zhang@school.test", "…")).await, Outcome::Passing(_)));
        assert!(email.probe().await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_is_none_needs_no_server() {
        let email = Email::open(&server(), opening()).expect("it opens");
        assert!(matches!(email.send(&letter("zhang", "…")).await, Outcome::BadAddress(_)));
    }

    #[test]
    fn passwords_and_letters_do_not_cross_a_network_in_the_clear() {
        let mut far = server();
        far.host = "smtp.town.test".into();
        assert!(Email::open(&far, opening()).is_err());
    }
}
