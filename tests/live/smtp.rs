//! Mail servers that misbehave as no real one does on request: they hang up, stay silent, refuse the login.

use super::{letter, outbound};
use kongchuo::domain::letter::Outcome;
use kongchuo::domain::policy::{ChannelKind, EmailChannel, Secret, Tls};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// What a server does at a step of the dialogue.
#[derive(Clone, Copy)]
enum At {
    /// Closes the connection when this command arrives.
    HangUp(&'static str),
    /// Never answers this command.
    Silent(&'static str),
    /// Answers this command so.
    Say(&'static str, &'static str),
}

/// Serves every connection by the same script; `.` is the end of a mail.
async fn server(at: At) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (read, mut write) = stream.into_split();
                let mut lines = BufReader::new(read).lines();
                let _ = write.write_all(b"220 mx.test ESMTP\r\n").await;
                let mut in_mail = false;
                while let Ok(Some(line)) = lines.next_line().await {
                    if in_mail && line != "." {
                        continue;
                    }
                    let mut answer = match line.get(..4) {
                        Some("EHLO") => "250-mx.test\r\n250 AUTH PLAIN LOGIN",
                        Some("DATA") => "354 go on",
                        _ => "250 2.0.0 Ok",
                    };
                    match at {
                        At::HangUp(step) if line.starts_with(step) => return,
                        At::Silent(step) if line.starts_with(step) => std::future::pending().await,
                        At::Say(step, reply) if line.starts_with(step) => answer = reply,
                        _ => {}
                    }
                    in_mail = line == "DATA";
                    let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn what_happens_before_the_mail_is_written_may_be_repeated_and_what_happens_after_is_unknown() {
    let check = async |at: At, expected: fn(&Outcome) -> bool| {
        let channel = outbound(ChannelKind::Email(EmailChannel {
            host: "127.0.0.1".into(),
            port: server(at).await,
            tls: Tls::None,
            user: Some("edu".into()),
            password: Some(Secret::Env("P".into())),
            from: "edu@town.test".into(),
            ca: None,
            timeout_s: 1,
        }));
        let outcome = channel.send(&letter("head@town.test", "…")).await;
        assert!(expected(&outcome), "{outcome:?}");
    };
    let passing: fn(&Outcome) -> bool = |o| matches!(o, Outcome::Passing(_));
    let unknown: fn(&Outcome) -> bool = |o| matches!(o, Outcome::Unknown(_));
    let down: fn(&Outcome) -> bool = |o| matches!(o, Outcome::ChannelDown(_));
    check(At::Say("none", ""), |o| *o == Outcome::Accepted(None)).await;
    check(At::HangUp("EHLO"), passing).await;
    check(At::HangUp("MAIL"), passing).await;
    check(At::HangUp("DATA"), passing).await;
    check(At::Silent("RCPT"), passing).await;
    check(At::HangUp("."), unknown).await;
    check(At::Silent("."), unknown).await;
    check(At::Say("AUTH", "535 5.7.8 wrong password"), down).await;
    check(At::Say("AUTH", "550 User suspended"), down).await;
    check(At::Say("MAIL", "553 Mail from must equal authorized user"), down).await;
    check(At::Say("RCPT", "550 5.1.1 unknown"), |o| matches!(o, Outcome::BadAddress(_))).await;
    check(At::Say(".", "554 DT:SPM 163 smtp"), |o| matches!(o, Outcome::BadMessage(_))).await;
    check(At::Say(".", "451 4.3.0 disk full"), passing).await;
    check(At::Say("RCPT", "421 HL:ITC 163"), |o| matches!(o, Outcome::NotBefore { .. })).await;
}
