//! Mail against a real Postfix: STARTTLS and implicit TLS with a CA of the test's own, refusals, the mail as it arrives.

use super::{free_port, letter, outbound, papers, there_is};
use kongchuo::document;
use kongchuo::domain::letter::{Attachment, Outcome};
use kongchuo::domain::message::Lang;
use kongchuo::domain::paper::{self, Paper};
use kongchuo::domain::policy::{ChannelKind, EmailChannel, Tls};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// A Postfix of our own under a temporary folder. Stopped when dropped.
struct Postfix {
    dir: tempfile::TempDir,
    master: Child,
    starttls: u16,
    implicit: u16,
}

fn missing() -> Option<&'static str> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    if !Path::new(MASTER).exists() {
        Some("postfix is not installed")
    } else if Command::new("openssl").arg("version").output().is_err() {
        Some("openssl is not installed")
    } else if !root {
        Some("postfix wants root")
    } else {
        None
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("the program starts");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A CA and a certificate for 127.0.0.1 that it signed.
fn certificates(folder: &Path) {
    let extensions = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("ext"), extensions).expect("a file");
    for (program, arguments) in [
        (
            "openssl",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem",
        ),
        (
            "openssl",
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 -keyout leaf.key -out leaf.csr",
        ),
        (
            "openssl",
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out leaf.pem",
        ),
    ] {
        run(program, &arguments.split(' ').collect::<Vec<_>>(), folder);
    }
}

impl Postfix {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::Builder::new().prefix("kongchuo-postfix").tempdir().expect("a folder");
        let root = dir.path();
        // Postfix drops root and must still get in.
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o755)).expect("ours to open");
        for name in ["etc", "spool", "data", "mail"] {
            std::fs::create_dir(root.join(name)).expect("a folder");
        }
        certificates(&root.join("etc"));
        run("chown", &["postfix", "data"], root);
        run("chown", &["nobody", "mail"], root);
        let (starttls, implicit) = (free_port(), free_port());
        let at = root.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/spool\ndata_directory = {at}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.town.test\n\
             mydestination =\nalias_maps =\nvirtual_mailbox_domains = town.test\nvirtual_mailbox_base = {at}/mail\n\
             virtual_mailbox_maps = texthash:{at}/etc/boxes\nvirtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\nvirtual_minimum_uid = 1\nmessage_size_limit = 100000\n\
             smtpd_recipient_restrictions = check_recipient_access texthash:{at}/etc/access, reject_unauth_destination\n\
             smtpd_tls_cert_file = {at}/etc/leaf.pem\nsmtpd_tls_key_file = {at}/etc/leaf.key\n\
             smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes\nmaillog_file_prefixes = {at}\n\
             maillog_file = {at}/maillog\nsmtpd_error_sleep_time = 0\n"
        );
        let services = [
            ("postlog unix-dgram n - n - 1", "postlogd"),
            ("pickup unix n - n 60 1", "pickup"),
            ("cleanup unix n - n - 0", "cleanup"),
            ("qmgr unix n - n 300 1", "qmgr"),
            ("tlsmgr unix - - n 1000? 1", "tlsmgr"),
            ("rewrite unix - - n - -", "trivial-rewrite"),
            ("bounce unix - - n - 0", "bounce"),
            ("defer unix - - n - 0", "bounce"),
            ("trace unix - - n - 0", "bounce"),
            ("proxymap unix - - n - -", "proxymap"),
            ("error unix - - n - -", "error"),
            ("retry unix - - n - -", "error"),
            ("virtual unix - n n - -", "virtual"),
            ("anvil unix - - n - 1", "anvil"),
        ];
        let mut master = format!(
            "127.0.0.1:{starttls} inet n - n - - smtpd\n\
             127.0.0.1:{implicit} inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n"
        );
        for (service, command) in services {
            master.push_str(&format!("{service} {command}\n"));
        }
        for (name, text) in [
            ("main.cf", main.as_str()),
            ("master.cf", &master),
            ("boxes", "head@town.test head/\ngrey@town.test head/\nclosed@town.test head/\nspam@town.test head/\n"),
            (
                "access",
                "grey@town.test 450 4.2.0 come back later\nclosed@town.test 550 5.1.1 no mailbox here\n\
                 spam@town.test 554 5.7.1 not wanted\n",
            ),
        ] {
            std::fs::write(root.join("etc").join(name), text).expect("a file");
        }
        let etc = root.join("etc");
        run("postfix", &["-c", &etc.display().to_string(), "check"], root);
        let started = Command::new(MASTER)
            .args(["-c", &etc.display().to_string(), "-d"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let postfix = Postfix { master: started.expect("postfix starts"), dir, starttls, implicit };
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", implicit)).is_err() {
            let log = std::fs::read_to_string(postfix.dir.path().join("maillog")).unwrap_or_default();
            assert!(Instant::now() < deadline, "postfix does not listen: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        postfix
    }

    fn channel(&self, port: u16, tls: Tls) -> EmailChannel {
        EmailChannel {
            host: "127.0.0.1".into(),
            port,
            tls,
            user: None,
            password: None,
            from: "镇教育办 <edu@town.test>".into(),
            ca: Some(self.dir.path().join("etc/ca.pem")),
            timeout_s: 10,
        }
    }

    /// The mails that have arrived, once there are so many.
    fn mails(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let files: Vec<PathBuf> = std::fs::read_dir(self.dir.path().join("mail/head/new"))
                .map(|entries| entries.filter_map(Result::ok).map(|e| e.path()).collect())
                .unwrap_or_default();
            if files.len() >= count {
                return files.iter().map(|f| std::fs::read_to_string(f).expect("mail is text")).collect();
            }
            assert!(Instant::now() < deadline, "{} of {count} mails arrived", files.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let etc = self.dir.path().join("etc").display().to_string();
        let _ = Command::new("postfix").args(["-c", &etc, "stop"]).stderr(Stdio::null()).status();
        let _ = self.master.kill();
        let _ = self.master.wait();
    }
}

/// The attachment of a mail as a mail program reads it: its name (RFC 2231, in pieces) and its bytes.
fn attachment(mail: &str) -> (String, Vec<u8>) {
    let mail = mail.replace("\r\n", "\n");
    let part = mail.split("Content-Disposition: attachment").nth(1).expect("an attachment");
    let (head, body) = part.split_once("\n\n").expect("a head and a body");
    let mut name = Vec::new();
    for (i, piece) in head.split("filename*").skip(1).enumerate() {
        let value =
            piece.strip_prefix(&format!("{i}*=")).expect("pieces in order").trim_end_matches([';', '\n', '\t', ' ']);
        let value = value.lines().next().expect("a value").trim_end_matches(';');
        let mut rest = value.strip_prefix("utf-8''").unwrap_or(value).bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'%' => {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    name.push(u8::from_str_radix(&hex, 16).expect("two hex digits"));
                }
                byte => name.push(byte),
            }
        }
    }
    let text: String = body.lines().take_while(|l| !l.starts_with("--")).collect();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text.trim());
    (String::from_utf8(name).expect("UTF-8"), bytes.expect("base64"))
}

#[tokio::test]
async fn a_real_mail_server_takes_letters_and_its_refusals_are_understood() {
    if !there_is("mail against Postfix", missing()) {
        return;
    }
    let postfix = Postfix::start();
    let starttls = outbound(ChannelKind::Email(postfix.channel(postfix.starttls, Tls::Starttls)));
    let implicit = outbound(ChannelKind::Email(postfix.channel(postfix.implicit, Tls::Implicit)));
    let plain = outbound(ChannelKind::Email(postfix.channel(postfix.starttls, Tls::None)));
    for channel in [&starttls, &implicit, &plain] {
        channel.probe().await.expect("the server can be reached");
    }

    let mut one = letter("head@town.test", "陈校长：三年级2班张小雨9月14日至16日未到校。\n.\n请联系家长。");
    one.subject = Some("缺课情况（三年级2班）".into());
    let draft = Attachment {
        file_name: paper::file_name(Paper::WrittenReport, Some("520123104-2026-0007-01"), Lang::Zh),
        media_type: document::DOCX.into(),
        bytes: document::compose(Paper::WrittenReport, &papers::full(Lang::Zh)),
    };
    one.attachments.push(draft.clone());
    for channel in [&starttls, &implicit, &plain] {
        let outcome = channel.send(&one).await;
        assert!(matches!(&outcome, Outcome::Accepted(Some(id)) if !id.is_empty()), "{outcome:?}");
    }
    // Each refusal leaves the connection fit for the next letter.
    let check = async |to: &str, text: &str, expected: fn(&Outcome) -> bool| {
        for channel in [&starttls, &implicit] {
            let outcome = channel.send(&letter(to, text)).await;
            assert!(expected(&outcome), "{to}: {outcome:?}");
            assert!(!format!("{outcome:?}").contains("@town.test"), "{outcome:?}");
        }
    };
    check("grey@town.test", "…", |o| matches!(o, Outcome::Passing(_))).await;
    check("closed@town.test", "…", |o| matches!(o, Outcome::BadAddress(_))).await;
    check("nobody@town.test", "…", |o| matches!(o, Outcome::BadAddress(_))).await;
    check("spam@town.test", "…", |o| matches!(o, Outcome::BadMessage(_))).await;
    check("head@elsewhere.test", "…", |o| matches!(o, Outcome::ChannelDown(_))).await;
    check("head@town.test", &"长".repeat(60_000), |o| matches!(o, Outcome::BadMessage(_))).await;
    check("head@town.test", "再来一封", |o| matches!(o, Outcome::Accepted(_))).await;

    let mails = postfix.mails(5);
    assert_eq!(mails.len(), 5);
    let first = mails.iter().find(|m| m.contains("multipart/mixed")).expect("the one with the report");
    for wanted in [
        "Message-ID: <key-42@town.test>",
        "Auto-Submitted: auto-generated",
        "X-Kongchuo-Letter: key-42",
        "filename*0*=utf-8''%E4%B9%A6",
        "Subject: =?utf-8?b?",
    ] {
        assert!(first.contains(wanted), "{wanted} is not in {first}");
    }
    let (name, bytes) = attachment(first);
    assert_eq!(name, "书面报告（草稿）-520123104-2026-0007-01.docx");
    assert!(bytes == draft.bytes, "the draft arrives as it was sent");

    // A server whose certificate nobody vouches for stops the channel.
    let mut stranger = postfix.channel(postfix.starttls, Tls::Starttls);
    stranger.ca = None;
    let outcome = outbound(ChannelKind::Email(stranger)).send(&letter("head@town.test", "…")).await;
    assert!(matches!(outcome, Outcome::ChannelDown(_)), "{outcome:?}");
    let mut stranger = postfix.channel(postfix.implicit, Tls::Implicit);
    stranger.ca = None;
    let outcome = outbound(ChannelKind::Email(stranger)).send(&letter("head@town.test", "…")).await;
    assert!(matches!(outcome, Outcome::ChannelDown(_)), "{outcome:?}");
}

/// Nagle's algorithm would hold the end of every mail for 40 ms.
#[tokio::test]
async fn a_hundred_mails_go_through_one_connection_without_waiting() {
    if !there_is("mail against Postfix", missing()) {
        return;
    }
    let postfix = Postfix::start();
    let channel = outbound(ChannelKind::Email(postfix.channel(postfix.starttls, Tls::Starttls)));
    assert!(matches!(channel.send(&letter("head@town.test", "…")).await, Outcome::Accepted(_)));
    let start = Instant::now();
    let text = "张小雨未到校。".repeat(200);
    for _ in 0..100 {
        let outcome = channel.send(&letter("head@town.test", &text)).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    }
    eprintln!("100 mails in {:?}", start.elapsed());
    assert_eq!(postfix.mails(101).len(), 101);
}
