//! Replays: what is stored of a township's weeks, played again on a copy, comes to what the first playing came to, letter by
//! letter and event by event, with all that people did, a file that was held, and gateways that failed.

use kongchuo::config;
use kongchuo::domain::ids::{ChannelId, PupilId, Role, SourceId, StatusId, Word};
use kongchuo::domain::notice::NoticeState;
use kongchuo::domain::policy::{Content, Policy, StatedAt};
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::{Date, Time};
use kongchuo::drive::demo::prepare;
use kongchuo::drive::forms::Forms;
use kongchuo::drive::orders;
use kongchuo::drive::replay::{self, Days, Known, Played};
use kongchuo::drive::spine::Spine;
use kongchuo::drive::township::{Size, Township, date};
use kongchuo::drive::world::{Command, Delivery, Does, Happening, Steps, World};
use kongchuo::store::deliveries::{self, State};
use kongchuo::store::{Db, Key, logbook, outbox, vault};
use serde_json::Value;
use std::collections::BTreeMap;

type Script = Vec<(Time, Happening)>;

const KEY: &str = "1717171717171717171717171717171717171717171717171717171717171717";

fn first() -> Time {
    date(2026, 8, 31).and_hms_opt(0, 0, 0).expect("midnight")
}

fn last_day() -> Date {
    date(2026, 11, 13)
}

fn days() -> Days {
    let end = last_day().and_hms_milli_opt(23, 59, 59, 999).expect("the last instant of a day");
    Days { from: first().date(), to: last_day(), end }
}

struct Stage {
    township: Township,
    policy: Policy,
    folder: tempfile::TempDir,
}

fn stage() -> Stage {
    let township = Township::make(5, Size::Small);
    let folder = tempfile::tempdir().expect("a folder");
    let root = prepare(folder.path(), &township, KEY).expect("the folder can be written");
    let mut policy = config::load(&root).unwrap_or_else(|p| panic!("{} problems", p.len())).policy;
    for source in &mut policy.sources {
        source.reader.stated_at = StatedAt::Modified;
        if source.content == Content::Attendance {
            // Two of a small school's children at once are odd enough to be looked at first.
            source.guard.absent_share = Some(Ratio::new(1, 25));
        }
    }
    Stage { township, policy, folder }
}

/// The exports, each once more with a person's word for it two hours later.
fn exports(stage: &Stage) -> Script {
    let mut script = Script::new();
    for e in stage.township.exports.iter().filter(|e| e.at <= days().end) {
        let delivery = |confirm| {
            Happening::Delivery(Delivery {
                source: SourceId::from(e.source.as_str()),
                file_name: e.file_name.clone(),
                in_our_words: false,
                confirm,
                bytes: e.bytes.clone(),
                modified: e.at,
            })
        };
        script.push((e.at, delivery(false)));
        script.push((e.at + chrono::TimeDelta::hours(2), delivery(true)));
    }
    script
}

fn gateways() -> Script {
    let at = |day: u32, hour: u32| date(2026, 9, day).and_hms_opt(hour, 0, 0).expect("an hour");
    let gateway = |channel: &str, does| Happening::Gateway { channel: ChannelId::from(channel), address: None, does };
    vec![
        (at(8, 8), gateway("sms", Does::Fail)),
        (at(8, 10), gateway("sms", Does::Work)),
        (at(15, 8), gateway("sms", Does::Undelivered)),
        (at(15, 12), gateway("sms", Does::HangUp)),
        (at(16, 12), gateway("sms", Does::NoReceipt)),
        (at(17, 12), gateway("sms", Does::Work)),
        (at(21, 8), gateway("sms", Does::BadAddress)),
        (at(21, 9), gateway("sms", Does::Work)),
        (at(22, 8), gateway("email", Does::Fail)),
        (at(24, 8), gateway("email", Does::Work)),
    ]
}

fn play(stage: &Stage, script: Script) -> World<Spine> {
    let name = script.len().to_string();
    let mut world = open(stage, script, &name);
    world.play(days().end).expect("the weeks can be played");
    world
}

fn open(stage: &Stage, script: Script, name: &str) -> World<Spine> {
    let file = stage.folder.path().join(format!("{name}.db"));
    let db = Db::open(&file, &Key::from_hex(KEY).expect("64 digits")).expect("a database");
    let reader = stage.policy.sources[0].reader.clone();
    let mut spine = Spine::new(db, stage.policy.clone(), reader);
    spine.jitter = true;
    World::new(spine, first(), script)
}

/// What people do about the first cases that the weeks bring, each of them something else.
fn people(world: &World<Spine>) -> Script {
    let db = &world.steps.db;
    let mut forms = Forms::new(db, world.steps.policy(), days().end, false).expect("forms");
    let mut opened: BTreeMap<String, Time> = BTreeMap::new();
    for line in forms.ledger().expect("the ledger") {
        if line["event"] == "opened" {
            let pupil = line["pupil"].as_str().expect("a pupil").to_owned();
            let at = line["at"].as_str().expect("an instant");
            let at = Time::parse_from_str(&at[..19], "%Y-%m-%dT%H:%M:%S").expect("an instant");
            opened.entry(pupil).or_insert(at);
        }
    }
    let n = opened.len();
    let mut cases: Vec<(String, Time)> = opened.into_iter().collect();
    cases.sort_by_key(|(pupil, at)| (*at, pupil.clone()));
    let mut cases = cases.into_iter().filter(|(_, at)| at.date() < last_day() - chrono::Days::new(7));
    let by = || "王主任".to_owned();
    let mut script = Script::new();
    let mut put = |at: Time, minutes: i64, c: Command| {
        script.push((at + chrono::TimeDelta::minutes(minutes), Happening::Command(c)));
    };
    let mut next = || cases.next().unwrap_or_else(|| panic!("the weeks bring too few cases: {n}"));
    let (pupil, at) = next();
    put(at, 61, Command::Acknowledge { pupil, by: by(), role: Some(Role::new("homeroom")) });
    let (pupil, at) = next();
    let (kind, result) = (Word::new("visit"), Some(Word::new("failed")));
    put(at, 125, Command::Act { pupil: pupil.clone(), kind, result, date: None, by: by(), note: None });
    put(at, 2000, Command::Acknowledge { pupil, by: by(), role: Some(Role::new("homeroom")) });
    let (pupil, at) = next();
    let (from, status) = (at.date(), StatusId::new("sick"));
    put(at, 47, Command::Excuse { pupil, from, to: from, status, by: by(), second: None });
    let (pupil, at) = next();
    put(at, 33, Command::Return { pupil, on: at.date(), by: by() });
    let (pupil, at) = next();
    let (reason, evidence) = ("transferred".to_owned(), "转学证明 12号".to_owned());
    put(at, 200, Command::Close { pupil: pupil.clone(), reason, evidence, until: None, by: by() });
    put(at, 3000, Command::Reopen { pupil, by: by(), reason: "没有转出".to_owned() });
    let (pupil, at) = next();
    let (reason, evidence) = ("mistaken".to_owned(), "点名点错了".to_owned());
    put(at, 240, Command::Close { pupil, reason, evidence, until: None, by: by() });
    // The first whom a letter reached answers it.
    let told = world.sent.iter().find(|s| s.role == "homeroom").expect("a homeroom teacher was told");
    let guardian = world.sent.iter().find(|s| s.role == "guardian").expect("a guardian was told");
    put(told.at, 9, Command::Reply { from: told.address.clone(), text: "收到".to_owned() });
    put(guardian.at, 9, Command::Reply { from: guardian.address.clone(), text: "孩子病了".to_owned() });
    script
}

/// Both came to the same, in everything.
#[track_caller]
fn check(db: &Db, replayed: &Played, policy: &Policy) {
    let (was, is) = (followed(db, policy), followed(&replayed.db, policy));
    for (what, was) in &was {
        let is = &is[what];
        if let Some((a, b)) = was.iter().zip(is).find(|(a, b)| a != b) {
            panic!("{what}: {a}\nbecame {b}");
        }
        assert_eq!(was.len(), is.len(), "{what}: {:?}", is.get(was.len()).or(was.get(is.len())));
    }
    assert_eq!(replayed.refused, 0);
}

/// Everything that followed, in the forms of the contract.
fn followed(db: &Db, policy: &Policy) -> BTreeMap<&'static str, Vec<Value>> {
    let mut forms = Forms::new(db, policy, days().end, true).expect("forms");
    let letters = forms.letters().expect("letters").into_iter().map(|(_, l)| l).collect();
    BTreeMap::from([
        ("letters", letters),
        ("cases", forms.cases().expect("cases")),
        ("ledger", forms.ledger().expect("the ledger")),
        ("findings", forms.findings().expect("findings")),
        ("incidents", forms.incidents().expect("incidents")),
    ])
}

fn again(db: &Db, policy: &Policy) -> Played {
    let copy = db.stage().expect("a copy");
    let played = replay::play(copy, policy.clone(), days(), Known::Either, &|_| ()).expect("plays");
    played.ok().expect("something is stored")
}

#[test]
fn the_same_days_replayed_come_to_what_the_first_playing_came_to() {
    let stage = stage();
    let learned = play(&stage, exports(&stage));
    let mut script = exports(&stage);
    script.extend(people(&learned));
    script.extend(gateways());
    let world = play(&stage, script);
    let db = &world.steps.db;

    // What the test is about did happen.
    let vault = db.vault();
    let done: Vec<String> = logbook::all(db.conn(), &vault).expect("the logbook").into_iter().map(|l| l.what).collect();
    for what in ["acknowledge", "act", "excuse", "return", "close", "reopen", "reply"] {
        assert!(done.iter().any(|d| d == what), "nobody did {what}: {done:?}; {:?}", world.refused);
    }
    let confirmed =
        (1..900).filter_map(|n| deliveries::get(db.conn(), kongchuo::domain::ids::DeliveryId(n)).expect("read"));
    let held =
        confirmed.filter(|d| d.state == State::Applied && d.settled_at.is_some_and(|t| t > d.arrived_at)).count();
    assert!(held > 0, "no delivery was held and confirmed");
    let letters = outbox::letters(db.conn()).expect("letters");
    for state in ["failed", "unknown", "delivered", "accepted"] {
        assert!(letters.iter().any(|l| l.state == state), "no letter is {state}");
    }
    assert!(letters.iter().any(|l| l.attempts > 1 && l.accepted.is_some()), "no letter went at a later attempt");

    let replayed = again(db, &stage.policy);
    check(db, &replayed, &stage.policy);
    let everybody = |db: &Db| -> Vec<PupilId> { vault::all_pupils(db.conn()).expect("pupils") };
    assert_eq!(everybody(db), everybody(&replayed.db));
}

#[test]
fn a_notice_that_a_person_stopped_by_hand_is_stopped_again() {
    let stage = stage();
    let mut script = exports(&stage);
    script.extend(gateways());
    let mut world = open(&stage, script, "by-hand");
    let minutes = (0..).map(|n| first() + chrono::TimeDelta::minutes(5 * n)).take_while(|t| *t < days().end);
    let (at, notice) = minutes
        .map(|t| {
            world.play(t).expect("plays");
            let waiting = outbox::in_state(world.steps.db.conn(), NoticeState::Waiting).expect("notices");
            (t, waiting.into_iter().find(|n| !n.statutory && !n.urgent && n.pupil.is_some()))
        })
        .find_map(|(t, n)| Some((t, n?)))
        .expect("some notice waits while a gateway fails");
    // A moment later: at the same instant a command goes before what follows from it.
    let at = at + chrono::TimeDelta::milliseconds(1);
    let request = serde_json::json!({"command": "outbox", "act": "cancel", "target": notice.id.to_string(),
        "by": "王主任", "reason": "已当面告知"});
    let answer = orders::obey(&mut world.steps.db, &stage.policy, at, request);
    assert!(answer.ok, "{}", answer.message);
    world.steps.decide(at).expect("decides");
    world.play(days().end).expect("plays");
    let stopped = outbox::notice(world.steps.db.conn(), notice.id).expect("read");
    let replayed = again(&world.steps.db, &stage.policy);
    assert_eq!(replayed.scripted.commands, 1);
    check(&world.steps.db, &replayed, &stage.policy);
    let again = outbox::notice(replayed.db.conn(), notice.id).expect("read");
    assert_eq!(stopped.map(|n| n.state), again.map(|n| n.state));
}
