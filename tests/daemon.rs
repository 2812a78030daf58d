//! The real program run as a daemon: one at a time, commands over the socket, reload, a graceful end, one round.

mod running;

use kongchuo::drive::control;
use kongchuo::store::{Db, Key, deliveries, incidents, outbox};
use running::{
    Daemon, KEY, Seen, drop_export, gateway, kongchuo, log_of, phone, start, stop, township, wait_for, write,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Phones that were told, each as often as a letter of its own reached it.
fn told(seen: &Seen) -> Vec<String> {
    let mut phones: Vec<String> = seen.lock().expect("no panic").values().map(|(to, _)| to.clone()).collect();
    phones.sort();
    phones
}

fn ask(dir: &Path, request: Value) -> Value {
    let answer = control::ask(&dir.join("data"), &request, Duration::from_secs(10));
    answer.expect("it answers").expect("a daemon runs")
}

fn signal(daemon: &Daemon, name: &str) {
    let told = Command::new("kill").args([name, &daemon.0.id().to_string()]).status().expect("kill is everywhere");
    assert!(told.success());
}

fn output(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let done = kongchuo(dir, arguments).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().expect("it exits by itself"), text(&done.stdout), text(&done.stderr))
}

#[test]
fn one_round_reads_what_was_just_dropped_and_writes_the_letters() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(0);
    township(dir, port);
    drop_export(dir, 0);
    drop_export(dir, 1);
    let (code, said, log) = output(dir, &["run", "--once", "--lang", "en"]);
    assert_eq!(code, 0, "{said}{log}");
    // The register may be read after the roll: whoever was unknown then is known now.
    let (code, ..) = output(dir, &["run", "--once"]);
    assert_eq!(code, 0);
    assert_eq!(told(&seen), [phone(0), phone(1)]);
    let (code, said, _) = output(dir, &["status", "--format", "json"]);
    let status: Value = serde_json::from_str(&said).expect("one object a line");
    assert_eq!((code, status["daemon"]["state"].as_str()), (1, Some("not_running")));
    // A third round has nothing to do.
    let (_, said, _) = output(dir, &["run", "--once", "--format", "json"]);
    assert_eq!(said.trim(), r#"{"read":0,"refused":0,"accepted":0,"failed":0}"#);
}

#[test]
fn a_second_daemon_is_refused_and_commands_reach_the_first_within_a_second() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(0);
    township(dir, port);
    let mut daemon = start(dir);
    wait_for("the register", dir, || dir.join("inbox/register/done").exists());
    drop_export(dir, 3);
    wait_for("the letter", dir, || told(&seen).len() == 1);

    let (code, _, error) = output(dir, &["run", "--lang", "en"]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains(&format!("process {}", daemon.0.id())), "{error}");

    let begun = Instant::now();
    let act = json!({"command": "act", "pupil": "S3", "kind": "call", "result": "reached", "by": "李老师"});
    let reply = ask(dir, act);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(reply["ok"], true, "{reply}");
    let refused = ask(dir, json!({"command": "act", "pupil": "S99999", "kind": "call", "by": "李老师"}));
    assert_eq!(refused["ok"], false);
    assert!(ask(dir, json!({"command": "no such"}))["message"].is_string());

    let (code, said, error) = output(dir, &["status", "--lang", "en"]);
    assert!(said.contains(&format!("process {}", daemon.0.id())), "{code} {said} {error}");

    let late = dir.join("late.csv");
    let today = kongchuo::clock::now(chrono_tz::Asia::Shanghai).date();
    std::fs::write(&late, format!("学籍号,姓名,日期,状态\nS4,学生4,{today},旷课\n")).expect("a file");
    let (code, said, error) =
        output(dir, &["import", "--source", "roll", "--format", "json", &late.display().to_string()]);
    assert_eq!(code, 0, "{said}{error}");
    assert!(late.exists(), "an imported file stays where it is");
    wait_for("the second letter", dir, || told(&seen).len() == 2);

    stop(&mut daemon);
    assert!(!dir.join("data/control.sock").exists());
}

#[test]
fn simulating_beside_a_running_daemon_changes_nothing_and_disturbs_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(0);
    township(dir, port);
    let mut daemon = start(dir);
    wait_for("the register", dir, || dir.join("inbox/register/done").exists());
    drop_export(dir, 3);
    wait_for("the letter", dir, || told(&seen).len() == 1);
    let key = Key::from_hex(&KEY.repeat(32)).expect("64 digits");
    let letters = |dir: &Path| {
        let db = Db::open_read_only(&dir.join("data/kongchuo.db"), &key).expect("the daemon's database");
        outbox::letters(db.conn()).expect("letters").len()
    };
    let rounds = |dir: &Path| ask(dir, json!({"command": "rounds"}));
    // Its one rung is sent: the operator is told that the ladder has come to its end.
    wait_for("the operator's letter", dir, || letters(dir) == 2);
    let (pid, before) = (rounds(dir)["pid"].clone(), letters(dir));
    let today = kongchuo::clock::now(chrono_tz::Asia::Shanghai).date().to_string();
    let simulate = ["simulate", "--from", &today, "--to", &today, "--format", "json"];
    // Three at once, while exports arrive.
    let under_way: Vec<_> = (0..3)
        .map(|n| {
            let started = kongchuo(dir, &simulate).stdout(std::process::Stdio::piped()).spawn().expect("it starts");
            drop_export(dir, 10 + n);
            started
        })
        .collect();
    for one in under_way {
        let done = one.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{said}");
        let of = |record: &str| said.lines().filter(|l| l.contains(&format!("\"record\":\"{record}\""))).count();
        assert!(of("letter") >= 1 && of("summary") == 1, "{said}");
    }
    wait_for("the letters of the exports that came meanwhile", dir, || told(&seen).len() == 4);
    wait_for("their settling", dir, || letters(dir) == before + 3);
    let after = rounds(dir);
    assert_eq!(
        (&after["pid"], &after["engine"]["error"], &after["courier"]["error"]),
        (&pid, &Value::Null, &Value::Null)
    );
    // Nobody was told twice, and the daemon still obeys.
    assert!(seen.lock().expect("no panic").values().all(|(_, times)| *times == 1));
    let act = json!({"command": "act", "pupil": "S3", "kind": "call", "result": "reached", "by": "李老师"});
    assert_eq!(ask(dir, act)["ok"], true);
    stop(&mut daemon);
}

#[test]
fn the_heartbeat_is_given_while_all_is_well_and_not_while_a_delivery_is_unread() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    township(dir, gateway(0).0);
    let config = dir.join("kongchuo.yaml");
    let text = std::fs::read_to_string(&config).expect("ours");
    write(&config, &format!("heartbeat: {{file: beat, every: 1s}}\n{text}"));
    let beat = dir.join("beat");
    let mut daemon = start(dir);
    wait_for("the heartbeat", dir, || beat.exists());
    stop(&mut daemon);
    std::fs::remove_file(&beat).expect("ours");
    // A file was seen, and nobody has read it yet.
    let key = Key::from_hex(&KEY.repeat(32)).expect("64 digits");
    let policy = kongchuo::config::load(&config).unwrap_or_else(|p| panic!("{} problems", p.len())).policy;
    let mut db = Db::open(&dir.join("data/kongchuo.db"), &key).expect("nobody writes now");
    let (vault, now) = (db.vault(), kongchuo::clock::now(chrono_tz::Asia::Shanghai));
    let unread = db.write(|tx| {
        let new = deliveries::New {
            source: policy.source(&"roll".into()).expect("a source"),
            file_name: "roll-9999.csv",
            digest: [7; 32],
            size: 1,
            arrived_at: now,
            stated_at: now,
            to_move: false,
        };
        deliveries::insert(tx, &vault, &new)
    });
    unread.expect("written");
    drop(db);
    let mut daemon = start(dir);
    let finished = |dir: &Path| ask(dir, json!({"command": "rounds"}))["engine"]["finished"].is_string();
    wait_for("the socket", dir, || dir.join("data/control.sock").exists());
    wait_for("a step", dir, || finished(dir));
    std::thread::sleep(Duration::from_secs(4));
    assert!(!beat.exists(), "{}", log_of(dir));
    stop(&mut daemon);
}

#[test]
fn a_reload_with_problems_keeps_the_old_policy_and_says_so_until_one_compiles() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    township(dir, gateway(0).0);
    let mut daemon = start(dir);
    let policy = |dir: &Path| ask(dir, json!({"command": "rounds"}))["policy"].as_str().unwrap_or("").to_owned();
    // Not by a command: with this configuration no command starts.
    let rejected = |dir: &Path| {
        let key = Key::from_hex(&KEY.repeat(32)).expect("64 digits");
        let db = Db::open_read_only(&dir.join("data/kongchuo.db"), &key).expect("the daemon's database");
        incidents::list(db.conn(), false).expect("incidents").iter().any(|i| i.kind == "policy_rejected")
    };
    wait_for("the socket", dir, || dir.join("data/control.sock").exists());
    let first = policy(dir);
    let good = std::fs::read_to_string(dir.join("kongchuo.yaml")).expect("ours");
    write(&dir.join("kongchuo.yaml"), &good.replace("level: 1", "level: none"));
    signal(&daemon, "-HUP");
    wait_for("the incident", dir, || rejected(dir));
    assert_eq!(policy(dir), first);
    write(&dir.join("kongchuo.yaml"), &good.replace("缺课一天", "缺课满一天"));
    signal(&daemon, "-HUP");
    wait_for("the new policy", dir, || policy(dir) != first);
    wait_for("the incident to close", dir, || !rejected(dir));
    stop(&mut daemon);
}

#[test]
fn readers_go_by_the_running_configuration_while_the_one_on_disk_has_problems() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    township(dir, gateway(0).0);
    drop_export(dir, 0);
    let mut daemon = start(dir);
    let cases = |dir: &Path| output(dir, &["case", "list", "--format", "json"]);
    wait_for("the case", dir, || cases(dir).1.contains("C-000001"));
    let good = std::fs::read_to_string(dir.join("kongchuo.yaml")).expect("ours");
    let reads: [&[&str]; 8] = [
        &["case", "list"],
        &["case", "show", "C-000001"],
        &["findings"],
        &["explain", "P-000001"],
        &["outbox", "list"],
        &["outbox", "show", "N-000001"],
        &["incidents"],
        &["status"],
    ];
    // A value that is no level, and a file that is no YAML at all.
    for broken in [good.replace("level: 1", "level: none"), format!("{good}\nrules: [{{\n")] {
        write(&dir.join("kongchuo.yaml"), &broken);
        for command in reads {
            let (code, said, errors) = output(dir, command);
            assert!(code <= 1, "{command:?}: {said}{errors}");
            assert!(!said.is_empty(), "{command:?}");
            assert!(errors.contains("配置有误，以下按运行中的旧配置显示"), "{command:?}: {errors}");
            assert!(errors.contains("kongchuo.yaml:"), "{command:?} names the problems: {errors}");
        }
        let (code, _, errors) = output(dir, &["case", "act", "P-000001", "--kind", "visit", "--by", "周老师"]);
        assert_eq!(code, 2, "what changes something waits for a configuration without problems: {errors}");
    }
    stop(&mut daemon);
    let (code, ..) = cases(dir);
    assert_eq!(code, 2, "nothing runs any more: the file is all there is");
}

#[test]
fn nothing_that_names_a_child_is_in_the_log_or_the_data_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(0);
    township(dir, port);
    let mut daemon = start(dir);
    wait_for("the register", dir, || dir.join("inbox/register/done").exists());
    for pupil in 0..5 {
        drop_export(dir, pupil);
    }
    write(&dir.join("inbox/roll/bad.csv"), "学籍号,姓名,日期,状态\nS5,学生5,昨天,旷课\nX1,查无此人,2026-09-01,旷课\n");
    wait_for("the letters", dir, || told(&seen).len() == 5);
    let act =
        json!({"command": "act", "pupil": "S1", "kind": "call", "result": "reached", "by": "李老师", "note": "学生1"});
    ask(dir, act);
    let look = |place: &Path| {
        let bytes = std::fs::read(place).expect("readable");
        for personal in ["学生", "家长", "查无此人", "13900010"] {
            let found = bytes.windows(personal.len()).any(|w| w == personal.as_bytes());
            assert!(!found, "{personal} stands in {}\n{}", place.display(), log_of(dir));
        }
    };
    look(&dir.join("log"));
    for entry in std::fs::read_dir(dir.join("data")).expect("there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "sock") {
            look(&path);
        }
    }
    stop(&mut daemon);
}

/// A gateway that hands the same list out on every request, from when it is open.
fn hands_out(list: &'static str, open: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            let mut part = [0; 4096];
            let _ = stream.read(&mut part);
            let list = if open.load(Ordering::SeqCst) { list } else { "" };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", list.len());
            let _ = stream.write_all(format!("{head}{list}").as_bytes());
        }
    });
    port
}

fn post(port: u16, path: &str, body: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn replies_are_fetched_and_receipts_brought_and_each_counts_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    let (port, seen) = gateway(0);
    township(dir, port);
    let open = Arc::new(AtomicBool::new(false));
    let replies = hands_out(r#"{"data":[{"phone":"13900010000","content":"收到","seq":"r-1"}]}"#, open.clone());
    let callback = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a port").port();
    let config = std::fs::read_to_string(dir.join("kongchuo.yaml")).expect("written");
    let inbound = format!(
        r#"inbound: {{poll: {{url: "http://127.0.0.1:{replies}/replies?at={{{{ at }}}}", every: 1s}}, callback: {{listen: "127.0.0.1:{callback}", path: /sms/3f9c2a7be11d}}, items: /data, reply: {{from: /phone, text: /content, id: /seq}}, receipt: {{id: /out_id, state: /err_code, delivered: [DELIVRD], failed: [UNDELIV]}}}}, on_unknown: idempotent}}"#
    );
    write(&dir.join("kongchuo.yaml"), &config.replace("on_unknown: idempotent}", &inbound));
    drop_export(dir, 0);
    let mut daemon = start(dir);
    wait_for("the guardian's letter", dir, || told(&seen) == [phone(0)] || told(&seen).len() > 1);
    open.store(true, Ordering::SeqCst);
    let acts = || -> usize {
        let (_, said, _) = output(dir, &["--format", "json", "case", "show", "P-000001"]);
        said.matches("\"replied\"").count()
    };
    wait_for("the reply in the ledger", dir, || acts() > 0);
    // The list comes again every second, and each time it is the same reply.
    let once = acts();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(acts(), once);
    let answers = told(&seen).iter().filter(|to| **to == phone(0)).count();
    assert_eq!(answers, 2, "the letter and one answer: {:?}", told(&seen));

    let state = || -> Vec<String> {
        let (_, said, _) = output(dir, &["--format", "json", "outbox", "list"]);
        let letters = said.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
        letters
            .filter(|l| l["rungs"][0] == "guardian-1")
            .filter_map(|l| Some(l["state"].as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(state(), ["accepted"]);
    let receipt = r#"{"data":[{"out_id":"L-000001","err_code":"DELIVRD"}]}"#;
    assert!(post(callback, "/sms/elsewhere-and-wrong", receipt).starts_with("HTTP/1.1 404"));
    assert_eq!(state(), ["accepted"]);
    let answer = post(callback, "/sms/3f9c2a7be11d", receipt);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"code":0}"#), "{answer}");
    wait_for("the receipt", dir, || state() == ["delivered"]);
    // Another one, later and contrary, does not revive what is finished.
    post(callback, "/sms/3f9c2a7be11d", r#"{"data":[{"out_id":"L-000001","err_code":"UNDELIV"}]}"#);
    assert_eq!(state(), ["delivered"]);
    stop(&mut daemon);
    assert!(!log_of(dir).contains("收到") && !log_of(dir).contains(&phone(0)), "{}", log_of(dir));
}
