//! The loops with scripted work, a real socket, real channels and the real clock.

use super::*;
use crate::domain::Date;
use crate::domain::ids::{ChannelId, DeliveryId, LetterId, Role, SourceId};
use crate::domain::letter::{Addressee, Answer, Dispatch, Incoming, Outcome, Question};
use crate::domain::policy::{
    ActWords, Blank, CalendarPolicy, Channel, ChannelKind, Contacts, Content, CoverageKind, EmailChannel, Format,
    Guard, Layout, Mass, Mode, OnUnknown, Poll, Rate, Reader, Replaces, Secret, Source, SourceKind, StatedAt,
    Templates, Tls, Township,
};
use crate::drive::lock::{self, What};
use crate::source::directory::Ready;
use crate::step::intake::Received;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

/// What the writer was asked to do, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Into<String>) {
        self.0.lock().expect("no panic while it is held").push(entry.into());
    }
    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic while it is held").clone()
    }
    /// Waits for an entry.
    async fn until(&self, entry: &str) {
        let deadline = clock::tick() + Duration::from_secs(10);
        while !self.all().iter().any(|e| e == entry) {
            assert!(clock::tick() < deadline, "no `{entry}` in {:?}", self.all());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[derive(Default)]
struct Script {
    log: Log,
    /// To be claimed, by channel.
    letters: Vec<(i64, &'static str)>,
    engine_panics: bool,
}

impl Work for Script {
    fn recover(&mut self, _: &Policy, _: Time, _: &str) -> Result<(), WorkError> {
        self.log.add("recover");
        Ok(())
    }
    fn take_in(&mut self, _: &Policy, _: Time, _: &Source, file: &Ready) -> Result<Received, WorkError> {
        if file.file_name.starts_with("bad") {
            return Err("no disk".into());
        }
        self.log.add(format!("read {}", file.file_name));
        if file.file_name.starts_with("slow") {
            if file.file_name == "slow-1.csv" {
                self.letters.push((1, "letters"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(Received {
            delivery: DeliveryId(1),
            outcome: crate::step::intake::Outcome::Applied,
            state: crate::store::deliveries::State::Applied,
            rows: 1,
            unknown: 0,
            fault_count: 0,
            faults: Vec::new(),
            odd: None,
        })
    }
    fn moved(&mut self, _: DeliveryId) -> Result<(), WorkError> {
        self.log.add("moved");
        Ok(())
    }
    fn engine(&mut self, _: &Policy, _: Time) -> Result<Option<Time>, WorkError> {
        assert!(!self.engine_panics, "a bug");
        self.log.add("engine");
        Ok(None)
    }
    fn upkeep(&mut self, _: &Policy, _: Time) -> Result<Option<Time>, WorkError> {
        Ok(None)
    }
    fn claim(
        &mut self,
        _: &Policy,
        now: Time,
        _: &str,
        room: &BTreeMap<ChannelId, usize>,
        unread: &BTreeSet<SourceId>,
    ) -> Result<Vec<Dispatch>, WorkError> {
        if unread.contains(&SourceId::new("roll")) {
            return Ok(Vec::new());
        }
        let mut room = room.clone();
        let mut claimed = Vec::new();
        self.letters.retain(|(id, channel)| {
            let Some(free) = room.get_mut(*channel).filter(|free| **free > 0) else { return true };
            *free -= 1;
            claimed.push(Dispatch {
                letter: LetterId(*id),
                key: format!("k{id}"),
                attempt: 1,
                channel: ChannelId::new(channel),
                to: Addressee {
                    role: Role::new("principal"), name: "陈校长".into(), address: "head@town.test".into()
                },
                subject: None,
                text: "…".into(),
                attachments: Vec::new(),
                at: now,
            });
            false
        });
        Ok(claimed)
    }
    fn settle(&mut self, _: &Policy, _: Time, letter: LetterId, _: u32, o: Outcome) -> Result<(), WorkError> {
        self.log.add(format!("{letter} {}", if matches!(o, Outcome::Accepted(_)) { "accepted" } else { "failed" }));
        Ok(())
    }
    fn questions(&mut self, _: Time) -> Result<Vec<Question>, WorkError> {
        Ok(Vec::new())
    }
    fn answered(&mut self, _: &Policy, _: Time, _: LetterId, _: &Answer) -> Result<(), WorkError> {
        Ok(())
    }
    fn incoming(&mut self, _: &Policy, _: Time, _: &ChannelId, _: &[Incoming]) -> Result<(), WorkError> {
        Ok(())
    }
    fn next_letter(&mut self, _: &Policy, _: Time) -> Result<Option<Time>, WorkError> {
        Ok(None)
    }
    fn letters_on(&mut self, _: &Policy, _: Date) -> Result<BTreeMap<ChannelId, u32>, WorkError> {
        Ok(BTreeMap::new())
    }
    fn obey(&mut self, _: &Policy, _: Time, request: Value) -> Value {
        self.log.add("obey");
        json!({"obeyed": request})
    }
    fn adopt(&mut self, old: &Policy, new: &Policy, _: Time) -> Result<(), WorkError> {
        self.log.add(format!("adopt {}>{}", old.hash, new.hash));
        Ok(())
    }
    fn reject(&mut self, _: &Policy, _: Time, why: String) -> Result<(), WorkError> {
        self.log.add(format!("reject {why}"));
        Ok(())
    }
    fn is_healthy(&mut self, _: &Policy, _: Time) -> Result<bool, WorkError> {
        Ok(true)
    }
}

fn source(id: &str, path: &Path) -> Source {
    std::fs::create_dir_all(path).expect("a folder");
    Source {
        id: SourceId::new(id),
        school: Some(crate::domain::ids::SchoolId::new("s")),
        school_column: None,
        content: Content::Attendance,
        kind: SourceKind::Directory { path: path.to_owned(), matching: "*.csv".into() },
        poll: Poll::Every { seconds: 1 },
        settle_s: 0,
        coverage: CoverageKind::Full,
        replaces: Replaces::Rows,
        classes: Vec::new(),
        slots: Vec::new(),
        expected_by: None,
        guard: Guard::default(),
        reader: Reader {
            format: Format::Auto,
            encoding: None,
            layout: Layout::Auto,
            sheet: None,
            stated_at: StatedAt::Arrival,
            columns: BTreeMap::new(),
            statuses: BTreeMap::new(),
            legend: BTreeMap::new(),
            blank: Blank::Hold,
            late_over: None,
        },
        keep_days: None,
    }
}

/// A policy with the source `roll`, the folder channel `letters` and a mail channel `mail` to a port where nobody answers.
fn policy(dir: &Path, mail_port: u16) -> Policy {
    let channel = |id: &str, kind| Channel {
        id: ChannelId::new(id),
        kind,
        rate: Rate::default(),
        on_unknown: OnUnknown::ResendOnce,
        receipts: crate::domain::policy::Receipts::Never,
    };
    let mail = EmailChannel {
        host: "127.0.0.1".into(),
        port: mail_port,
        tls: Tls::None,
        user: None,
        password: None,
        from: "edu@town.test".into(),
        ca: None,
        timeout_s: 3,
    };
    Policy {
        township: Township {
            name: "春山镇".into(),
            code: "520123104".into(),
            zone: chrono_tz::Asia::Shanghai,
            lang: crate::domain::message::Lang::Zh,
        },
        mode: Mode::Live,
        live_from: None,
        ledger_from: 2,
        mass: Mass { share: crate::domain::ratio::Ratio::new(1, 20), pupils: 10, class_min: 5 },
        morning_report: None,
        heartbeat: None,
        data_dir: dir.join("data"),
        base_dir: dir.to_owned(),
        seal: Secret::Env("SEAL".into()),
        calendar: CalendarPolicy::default(),
        schools: Vec::new(),
        sources: vec![source("roll", &dir.join("inbox"))],
        statuses: Vec::new(),
        acts: ActWords::default(),
        rules: Vec::new(),
        ladders: Vec::new(),
        contacts: Contacts::default(),
        channels: vec![
            channel("letters", ChannelKind::Folder { path: dir.join("letters") }),
            channel("mail", ChannelKind::Email(mail)),
        ],
        templates: Templates::default(),
        hash: "one".into(),
        files: std::sync::Arc::default(),
    }
}

struct Running {
    dir: tempfile::TempDir,
    log: Log,
    signals: mpsc::Sender<Signal>,
    daemon: tokio::task::JoinHandle<Result<(), DaemonError>>,
}

fn start(
    script: Script,
    mail_port: u16,
    reload: impl Fn() -> Result<Policy, String> + Send + Sync + 'static,
) -> Running {
    start_in(tempfile::tempdir().expect("a folder"), script, mail_port, reload)
}

fn start_in(
    dir: tempfile::TempDir,
    script: Script,
    mail_port: u16,
    reload: impl Fn() -> Result<Policy, String> + Send + Sync + 'static,
) -> Running {
    let policy = policy(dir.path(), mail_port);
    let now = clock::now(policy.township.zone);
    let log = script.log.clone();
    let (signals, receive) = mpsc::channel(8);
    let parts = Parts {
        lock: lock::take(&policy.data_dir, What::Run, now, Duration::ZERO).expect("free"),
        policy,
        work: script,
        reload: Box::new(reload),
        secret: Box::new(|_: &Secret| Err("none".into())),
    };
    Running { dir, log, signals, daemon: tokio::spawn(serve(parts, receive)) }
}

impl Running {
    async fn ask(&self, request: Value) -> Value {
        let data_dir = self.dir.path().join("data");
        let ask = move || control::ask::<_, Value>(&data_dir, &request, Duration::from_secs(5));
        let answer = tokio::task::spawn_blocking(ask).await.expect("no panic");
        answer.expect("an answer").expect("a daemon runs")
    }
    async fn stop(self) -> Result<(), DaemonError> {
        self.signals.send(Signal::Stop).await.expect("it listens");
        self.daemon.await.expect("no panic")
    }
}

fn never() -> Result<Policy, String> {
    Err("never asked".into())
}

#[test]
fn nothing_is_decided_until_each_source_of_the_policy_was_looked_into() {
    let dir = tempfile::tempdir().expect("a folder");
    let policy = policy(dir.path(), 1);
    let now = clock::now(policy.township.zone);
    let mut rounds = Rounds::default();
    assert!(!loops::all_looked_into(&policy, &rounds, now), "rounds that know no source have looked into none");
    let source = rounds.sources.entry(SourceId::new("roll")).or_default();
    source.tried = Some(now - chrono::TimeDelta::seconds(1));
    assert!(!loops::all_looked_into(&policy, &rounds, now), "it was looked into before the sleep");
    let source = rounds.sources.entry(SourceId::new("roll")).or_default();
    (source.tried, source.settling) = (Some(now), 1);
    assert!(!loops::all_looked_into(&policy, &rounds, now), "a file is still being written");
    rounds.sources.entry(SourceId::new("roll")).or_default().settling = 0;
    assert!(loops::all_looked_into(&policy, &rounds, now));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_letter_goes_between_two_files_of_one_poll() {
    let running = start(Script::default(), 1, never);
    running.log.until("engine").await;
    let inbox = running.dir.path().join("inbox");
    // All under a name that is not looked at: then they appear within less than a poll.
    for n in ["1", "2", "3", "4"] {
        std::fs::write(inbox.join(format!("{n}.part")), "x").expect("a file");
    }
    for n in ["1", "2", "3", "4"] {
        std::fs::rename(inbox.join(format!("{n}.part")), inbox.join(format!("slow-{n}.csv"))).expect("renamed");
    }
    running.log.until("read slow-1.csv").await;
    // A command wakes the engine, and the engine the courier, while the other files lie there.
    running.ask(json!({"command": "case acknowledge", "case": "C-000001"})).await;
    running.log.until("L-000001 accepted").await;
    let log = running.log.all();
    let at = |entry: &str| log.iter().position(|e| e == entry).expect("it happened");
    assert!(at("read slow-4.csv") < at("L-000001 accepted"), "{log:?}");
    running.stop().await.expect("a graceful end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_do_not_wait_for_a_file_that_cannot_be_read() {
    let running = start(Script { letters: vec![(1, "letters")], ..Script::default() }, 1, never);
    std::fs::write(running.dir.path().join("inbox/bad.csv"), "x").expect("a file");
    running.log.until("L-000001 accepted").await;
    running.stop().await.expect("a graceful end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_nothing_ran_is_read_before_anything_is_decided_or_sent() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("inbox")).expect("a folder");
    std::fs::write(dir.path().join("inbox/a.csv"), "x").expect("a file");
    let script = Script { letters: vec![(1, "letters")], ..Script::default() };
    let running = start_in(dir, script, 1, never);
    running.log.until("L-000001 accepted").await;
    let log = running.log.all();
    let at = |entry: &str| log.iter().position(|e| e == entry).expect("it happened");
    assert!(at("recover") < at("read a.csv"), "{log:?}");
    assert!(at("moved") < at("engine"), "{log:?}");
    assert!(at("engine") < at("L-000001 accepted"), "{log:?}");
    running.stop().await.expect("a graceful end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_arrives_is_read_moved_away_and_looked_at_by_the_engine() {
    let running = start(Script::default(), 1, never);
    running.log.until("engine").await;
    let inbox = running.dir.path().join("inbox");
    std::fs::write(inbox.join("b.csv"), "x").expect("a file");
    running.log.until("moved").await;
    assert!(!inbox.join("b.csv").exists() && inbox.join("done").exists());
    let engines = running.log.all().iter().filter(|e| *e == "engine").count();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(running.log.all().iter().filter(|e| *e == "engine").count() >= engines);
    running.stop().await.expect("a graceful end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_takes_effect_within_a_second_and_wakes_the_engine() {
    let running = start(Script::default(), 1, never);
    running.log.until("engine").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = clock::tick();
    let engines = running.log.all().iter().filter(|e| *e == "engine").count();
    let answer = running.ask(json!({"command": "case acknowledge", "case": "C-000001", "uid": 9})).await;
    assert_eq!(answer["obeyed"]["case"], "C-000001");
    assert_ne!(answer["obeyed"]["uid"], 9);
    while running.log.all().iter().filter(|e| *e == "engine").count() == engines {
        assert!(begun.elapsed() < Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rounds: Rounds = serde_json::from_value(running.ask(json!({"command": "rounds"})).await).expect("rounds");
    assert!(rounds.engine.finished.is_some() && rounds.pid == std::process::id());
    let data = running.dir.path().join("data");
    assert!(matches!(
        lock::take(&data, What::Run, clock::now(chrono_tz::Asia::Shanghai), Duration::ZERO),
        Err(lock::LockError::Held(Some(_)))
    ));
    let sock = data.join("control.sock");
    assert!(sock.exists());
    running.stop().await.expect("a graceful end");
    assert!(!sock.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_panics_ends_the_daemon() {
    let running = start(Script { engine_panics: true, ..Script::default() }, 1, never);
    let ended = tokio::time::timeout(Duration::from_secs(10), running.daemon).await;
    assert!(ended.expect("it ends").expect("no panic of its own").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_is_told_and_holds_up_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("inbox")).expect("a folder");
    std::fs::write(dir.path().join("inbox/bad.csv"), "x").expect("a file");
    let script = Script { letters: vec![(1, "letters")], ..Script::default() };
    let running = start_in(dir, script, 1, never);
    running.log.until("L-000001 accepted").await;
    let rounds: Rounds = serde_json::from_value(running.ask(json!({"command": "rounds"})).await).expect("rounds");
    assert_eq!(rounds.sources["roll"].error.as_deref(), Some("no disk"));
    assert!(running.dir.path().join("inbox/bad.csv").exists());
    running.stop().await.expect("a graceful end");
}

/// A mail server that accepts connections and says nothing.
async fn silent_server() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            kept.push(stream);
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_channel_holds_up_no_other_and_is_waited_for_at_the_end() {
    let letters = (1..=12).map(|id| (id, if id <= 10 { "mail" } else { "letters" })).collect();
    let running = start(Script { letters, ..Script::default() }, silent_server().await, never);
    let log = running.log.clone();
    log.until("L-000011 accepted").await;
    log.until("L-000012 accepted").await;
    assert!(!log.all().iter().any(|e| e.ends_with("failed")), "{:?}", log.all());
    running.stop().await.expect("a graceful end");
    // The four on their way were settled, the six that waited were never claimed.
    assert_eq!(log.all().iter().filter(|e| e.ends_with("failed")).count(), 4, "{:?}", log.all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_that_does_not_compile_leaves_the_old_policy_in_force() {
    let tries = Mutex::new(0);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let other = elsewhere.path().to_owned();
    let data_dir: Arc<Mutex<std::path::PathBuf>> = Arc::default();
    let of_the_first = data_dir.clone();
    let running = start(Script::default(), 1, move || {
        let mut tries = tries.lock().expect("no panic");
        *tries += 1;
        let mut new = policy(&other, 1);
        new.hash = "two".into();
        match *tries {
            1 => Err("rules.yaml:3:1".into()),
            2 => Ok(new),
            _ => {
                new.data_dir = of_the_first.lock().expect("no panic").clone();
                Ok(new)
            }
        }
    });
    *data_dir.lock().expect("no panic") = running.dir.path().join("data");
    running.log.until("engine").await;
    running.signals.send(Signal::Reload).await.expect("it listens");
    running.log.until("reject rules.yaml:3:1").await;
    // Another data folder needs a restart.
    running.signals.send(Signal::Reload).await.expect("it listens");
    let deadline = clock::tick() + Duration::from_secs(10);
    while running.log.all().iter().filter(|e| e.starts_with("reject")).count() < 2 {
        assert!(clock::tick() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.signals.send(Signal::Reload).await.expect("it listens");
    running.log.until("adopt one>two").await;
    let rounds: Rounds = serde_json::from_value(running.ask(json!({"command": "rounds"})).await).expect("rounds");
    assert_eq!(rounds.policy, "two");
    running.stop().await.expect("a graceful end");
}

#[test]
fn one_round_sends_everything_that_is_due_and_ends() {
    let dir = tempfile::tempdir().expect("a folder");
    let policy = policy(dir.path(), 1);
    let now = clock::now(policy.township.zone);
    std::fs::write(dir.path().join("inbox/a.csv"), "x").expect("a file");
    let script = Script { letters: (1..=9).map(|id| (id, "letters")).collect(), ..Script::default() };
    let log = script.log.clone();
    let parts = Parts {
        lock: lock::take(&policy.data_dir, What::Command, now, Duration::ZERO).expect("free"),
        policy,
        work: script,
        reload: Box::new(never),
        secret: Box::new(|_: &Secret| Err("none".into())),
    };
    assert_eq!(once(parts).expect("a round"), Done { read: 1, refused: 0, accepted: 9, failed: 0 });
    assert!(log.all().contains(&"read a.csv".to_owned()));
    assert_eq!(log.all().iter().filter(|e| e.ends_with("accepted")).count(), 9);
}
