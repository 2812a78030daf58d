//! SMS gateways over HTTP: a server on loopback that answers as scripted, hangs up, or is slow.

use super::{free_port, letter, outbound};
use kongchuo::domain::letter::Outcome;
use kongchuo::domain::policy::{ChannelKind, ErrorClass, HttpChannel, Secret, Success};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the gateway does with a request that it has read whole.
#[derive(Clone)]
enum Does {
    Answer(u16, &'static str),
    HangUp,
    Silent,
    /// Sends the head of an answer and half of its body.
    Break,
}

/// The requests as they arrived.
type Seen = Arc<Mutex<Vec<String>>>;

async fn gateway(does: Does) -> (u16, Seen) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let seen = Seen::default();
    let log = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (does, log) = (does.clone(), log.clone());
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                let request = loop {
                    let mut part = [0; 4096];
                    match stream.read(&mut part).await {
                        Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
                        _ => return,
                    }
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.to_lowercase();
                    let length = length.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok());
                    if body.len() >= length.unwrap_or(0) {
                        break text;
                    }
                };
                log.lock().expect("nobody panics with it").push(request);
                let (status, body, promised) = match does {
                    Does::Answer(status, body) => (status, body, body.len()),
                    Does::Break => (200, "{\"co", 100),
                    Does::HangUp => return,
                    Does::Silent => std::future::pending().await,
                };
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {promised}\r\nRetry-After: 7\r\n\r\n{body}");
                let _ = stream.write_all(head.as_bytes()).await;
            });
        }
    });
    (port, seen)
}

fn channel(port: u16) -> HttpChannel {
    HttpChannel {
        url: format!("http://127.0.0.1:{port}/sms/send?account=town"),
        method: "POST".into(),
        headers: BTreeMap::from([("X-Key".to_owned(), "{{ secret.key | sha256 }}".to_owned())]),
        body: r#"{"to":"{{ phone }}","text":"{{ text }}","id":"{{ id }}","key":"{{ secret.key }}"}"#.into(),
        secrets: BTreeMap::from([("key".to_owned(), Secret::Env("K".into()))]),
        success: Some(Success { pointer: "/code".into(), equals: "0".into() }),
        id: Some("/msgid".into()),
        error_pointer: None,
        errors: BTreeMap::from([("105".to_owned(), ErrorClass::BadAddress)]),
        query: None,
        inbound: None,
        timeout_s: 1,
    }
}

#[tokio::test]
async fn a_gateway_gets_the_text_as_it_was_written_and_the_letters_key() {
    let (port, seen) = gateway(Does::Answer(200, r#"{"code":0,"msgid":"m-1"}"#)).await;
    let text = "张小雨家长：“\"未到校\"”，\n请回电\\0855";
    let sent = outbound(ChannelKind::Http(Box::new(channel(port)))).send(&letter("13900000001", text)).await;
    assert_eq!(sent, Outcome::Accepted(Some("m-1".into())));
    let request = seen.lock().expect("nobody panics with it").pop().expect("one request");
    let (head, body) = request.split_once("\r\n\r\n").expect("a whole request");
    assert!(head.starts_with("POST /sms/send?account=town HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).expect("the body stays JSON whatever the text");
    assert_eq!(body["text"], text);
    assert_eq!((body["to"].as_str(), body["id"].as_str()), (Some("13900000001"), Some("key-42")));
    assert_eq!(body["key"], "s3cret+&\"");
}

#[tokio::test]
async fn a_form_is_encoded_field_by_field() {
    let (port, seen) = gateway(Does::Answer(200, "OK")).await;
    let mut form = channel(port);
    form.body = "to={{ phone }}&text={{ text }}&key={{ secret.key }}".into();
    form.success = Some(Success { pointer: String::new(), equals: "OK".into() });
    let sent = outbound(ChannelKind::Http(Box::new(form))).send(&letter("13900000001", "a&b=好")).await;
    assert_eq!(sent, Outcome::Accepted(None));
    let request = seen.lock().expect("nobody panics with it").pop().expect("one request");
    assert!(request.ends_with("to=13900000001&text=a%26b%3D%E5%A5%BD&key=s3cret%2B%26%22"), "{request}");
}

#[tokio::test]
async fn every_way_to_fail_has_its_outcome_and_no_secret_in_its_reason() {
    let check = async |does: Does, expected: fn(&Outcome) -> bool| {
        let (port, _) = gateway(does).await;
        let outcome = outbound(ChannelKind::Http(Box::new(channel(port)))).send(&letter("13900000001", "张小雨")).await;
        assert!(expected(&outcome), "{outcome:?}");
        let said = format!("{outcome:?}");
        assert!(!said.contains("s3cret") && !said.contains("139") && !said.contains("张小雨"), "{said}");
    };
    check(Does::HangUp, |o| matches!(o, Outcome::Unknown(_))).await;
    check(Does::Silent, |o| matches!(o, Outcome::Unknown(_))).await;
    check(Does::Break, |o| matches!(o, Outcome::Unknown(_))).await;
    check(Does::Answer(500, "张小雨 s3cret"), |o| matches!(o, Outcome::Passing(_))).await;
    check(Does::Answer(503, ""), |o| matches!(o, Outcome::NotBefore { seconds: 7, .. })).await;
    check(Does::Answer(429, ""), |o| matches!(o, Outcome::NotBefore { seconds: 7, .. })).await;
    check(Does::Answer(403, ""), |o| matches!(o, Outcome::ChannelDown(_))).await;
    check(Does::Answer(302, ""), |o| matches!(o, Outcome::ChannelDown(_))).await;
    check(Does::Answer(200, r#"{"code":105}"#), |o| matches!(o, Outcome::BadAddress(_))).await;
    check(Does::Answer(200, r#"{"code":"张小雨13900000001"}"#), |o| matches!(o, Outcome::Passing(_))).await;
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_tried_again() {
    let outcome = outbound(ChannelKind::Http(Box::new(channel(free_port())))).send(&letter("13900000001", "…")).await;
    assert!(matches!(outcome, Outcome::Passing(_)), "{outcome:?}");
    // A certificate that nobody vouches for, or no TLS at all behind https, is a matter of configuration.
    let (port, _) = gateway(Does::Answer(200, "")).await;
    let mut secure = channel(port);
    secure.url = format!("https://127.0.0.1:{port}/sms");
    let outcome = outbound(ChannelKind::Http(Box::new(secure))).send(&letter("13900000001", "…")).await;
    assert!(matches!(outcome, Outcome::ChannelDown(_) | Outcome::Passing(_)), "{outcome:?}");
}
