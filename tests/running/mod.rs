//! A made-up township on disk and the real daemon on it, for tests that start the program. Each test binary uses a part.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const PUPILS: usize = 360;
/// The key is this 32 times.
pub const KEY: &str = "5a";
/// What has not happened by then will not happen.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// What reached the gateway: key → (phone, how often).
pub type Seen = Arc<Mutex<BTreeMap<String, (String, u32)>>>;

/// A gateway that remembers keys, and hangs up without an answer on every so manieth request (0: never).
pub fn gateway(hangs_up_every: usize) -> (u16, Seen) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let seen = Seen::default();
    let log = seen.clone();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().filter_map(Result::ok).enumerate() {
            let log = log.clone();
            std::thread::spawn(move || {
                take(stream, &log, hangs_up_every > 0 && number % hangs_up_every == hangs_up_every - 1)
            });
        }
    });
    (port, seen)
}

fn take(mut stream: TcpStream, log: &Seen, hang_up: bool) {
    let mut bytes = Vec::new();
    let body = loop {
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
            // The daemon was killed while it wrote: the letter has not arrived.
            _ => return,
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break body.to_owned();
        }
    };
    let body: serde_json::Value = serde_json::from_str(&body).expect("the daemon writes JSON");
    let of = |key: &str| body[key].as_str().expect("a text").to_owned();
    log.lock().expect("no panic while it is held").entry(of("id")).or_insert((of("to"), 0)).1 += 1;
    if !hang_up {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}");
    }
}

pub fn phone(pupil: usize) -> String {
    format!("1390001{pupil:04}")
}

pub fn write(path: &Path, text: &str) {
    let part = path.with_extension("part");
    std::fs::write(&part, text).expect("a file");
    std::fs::rename(part, path).expect("its name");
}

/// A township with one school, one rule, one rung: today's truant's guardian gets one SMS.
pub fn township(dir: &Path, port: u16) {
    use std::os::unix::fs::PermissionsExt;
    for folder in ["inbox/roll", "inbox/register"] {
        std::fs::create_dir_all(dir.join(folder)).expect("a folder");
    }
    let key = dir.join("seal.key");
    std::fs::write(&key, KEY.repeat(32)).expect("a file");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("ours");
    let today = kongchuo::clock::now(chrono_tz::Asia::Shanghai).date();
    let (start, end) = (today - chrono::Days::new(20), today + chrono::Days::new(100));
    write(
        &dir.join("kongchuo.yaml"),
        &format!(
            r#"
township: {{name: 春山镇, code: "999999104", timezone: Asia/Shanghai, locale: zh-CN}}
mode: live
live_from: {start}
ledger_from: 2
mass: {{share: 100%, pupils: 100000, class_min: 100000}}
data_dir: ./data
seal: {{key: {{file: seal.key}}}}
calendar: {{terms: [{{id: t, start: {start}, end: {end}}}], weekend: [], holidays: none}}
schools:
  - {{id: s, name: 中心小学, stage: primary, grades: [3], contacts: {{principal: {{name: 陈校长, phone: "13900009001"}}}}}}
sources:
  - {{id: register, school: s, content: register, kind: directory, path: inbox/register, match: "*.csv", poll: 1s, settle: 0s, guard: {{}}}}
  - {{id: roll, school: s, content: attendance, kind: directory, path: inbox/roll, match: "*.csv", poll: 1s, settle: 0s, coverage: exceptions, replaces: rows, guard: {{}}}}
rules:
  - {{id: absent-1d, title: 缺课一天, when: {{consecutive: {{of: unexcused, days: 1}}}}, level: 1, ladder: one}}
ladders:
  - {{id: one, title: 缺课, rungs: [{{id: guardian-1, at: {{after: 0h}}, to: [guardian], via: [sms]}}], gap_min: 1h, return: {{days: 1}}, watch: {{school_days: 20, relapse: {{of: unexcused, days: 1}}}}}}
  - {{id: operations, title: 值守, rungs: [{{id: operator, at: {{after: 0h}}, to: [operator], via: [letters]}}], gap_min: 1h, return: {{days: 1}}, watch: {{school_days: 1, relapse: {{of: unexcused, days: 1}}}}}}
contacts:
  offices:
    operator: {{name: 管理员, people: [{{name: 管理员, phone: "13900009002"}}]}}
    township_government: {{name: 镇政府, people: [{{name: 教育办, phone: "13900009003"}}]}}
    education_office: {{name: 教育局, people: [{{name: 基教股, phone: "13900009004"}}]}}
  # These tests run by the real clock, at night too.
  hours: {{guardian: {{quiet: []}}, office: {{quiet: []}}}}
channels:
  letters: {{kind: folder, path: letters}}
  sms: {{kind: http, url: "http://127.0.0.1:{port}/send", method: POST, body: '{{"to":"{{{{ phone }}}}","text":"{{{{ text }}}}","id":"{{{{ id }}}}"}}', success: {{pointer: /code, equals: "0"}}, on_unknown: idempotent}}
"#
        ),
    );
    let mut register = String::from("学籍号,姓名,年级,班级,学籍状态,监护人1姓名,监护人1电话\n");
    for pupil in 0..PUPILS {
        register.push_str(&format!("S{pupil},学生{pupil},3,三年级1班,在读,家长{pupil},{}\n", phone(pupil)));
    }
    write(&dir.join("inbox/register/register.csv"), &register);
}

/// One export: today's truant.
pub fn drop_export(dir: &Path, pupil: usize) {
    let today = kongchuo::clock::now(chrono_tz::Asia::Shanghai).date();
    write(
        &dir.join(format!("inbox/roll/roll-{pupil:04}.csv")),
        &format!("学籍号,姓名,日期,状态\nS{pupil},学生{pupil},{today},旷课\n"),
    );
}

pub fn kongchuo(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kongchuo"));
    command.arg("--config").arg(dir.join("kongchuo.yaml")).args(arguments).stdin(Stdio::null());
    command
}

/// Killed with the test.
pub struct Daemon(pub Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn wait_for(what: &str, dir: &Path, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}\n{}", log_of(dir));
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub fn start(dir: &Path) -> Daemon {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).expect("a log");
    Daemon(kongchuo(dir, &["run"]).stdout(Stdio::null()).stderr(log).spawn().expect("the daemon starts"))
}

pub fn log_of(dir: &Path) -> String {
    let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
}

pub fn stop(daemon: &mut Daemon) {
    let pid = daemon.0.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is everywhere");
    assert!(told.success());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = daemon.0.try_wait().expect("ours") {
            assert!(status.success(), "{status}");
            return;
        }
        assert!(Instant::now() < deadline, "the daemon does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}
