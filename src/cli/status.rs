//! `status`: is a daemon alive, coverage today by school, the outbox, what is wrong; exits 1 if unhealthy. Reads by a
//! connection of its own, so that it answers while the daemon is busy or hangs.

use super::{CliError, Context, Exit, open};
use crate::clock;
use crate::domain::Time;
use crate::domain::message::{Lang, run as words};
use crate::domain::notice::NoticeState;
use crate::domain::policy::Policy;
use crate::drive::control;
use crate::drive::daemon::{Round, Rounds};
use crate::drive::forms;
use crate::drive::lock;
use crate::step::{prepared, township};
use crate::store::{Db, StoreError, incidents, outbox};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(clap::Args, Debug)]
pub struct Args {}

/// The engine looks at least twice a minute; what has not finished for so long hangs.
const STEP_MAX: chrono::TimeDelta = chrono::TimeDelta::minutes(2);

/// What is known of the daemon.
enum Daemon {
    Runs(Box<Rounds>),
    /// Somebody holds the lock and does not answer.
    Hangs(u32),
    Gone,
}

/// What the database says.
struct Facts {
    coverage: Vec<Value>,
    waiting: usize,
    held: usize,
    sending: usize,
    unknown: usize,
    sent_today: usize,
    incidents: Vec<(String, String, Time)>,
}

pub fn run(context: &Context, _args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let policy = open::policy_to_read(context)?;
    let now = clock::now(policy.township.zone);
    let daemon = daemon(&policy, lang)?;
    let key = open::key(&policy, lang)?;
    let facts = match Db::open_read_only(&open::path(&policy), &key) {
        Ok(db) => Some(facts(&db, &policy, now).map_err(|e| unreadable(e, lang))?),
        Err(StoreError::Missing) => None,
        Err(e) => return Err(unreadable(e, lang)),
    };
    let healthy = is_healthy(&daemon, now) && facts.as_ref().is_some_and(|f| f.incidents.is_empty());
    if context.json {
        outln!("{}", as_json(&daemon, facts.as_ref(), healthy, &policy));
    } else {
        for line in as_text(&daemon, facts.as_ref(), healthy, now, lang) {
            outln!("{line}");
        }
    }
    Ok(if healthy { Exit::Ok } else { Exit::Found })
}

fn unreadable(e: StoreError, lang: Lang) -> CliError {
    CliError::environment(e.explain(lang)).because(e)
}

fn daemon(policy: &Policy, lang: Lang) -> Result<Daemon, CliError> {
    // Answered beside the writer: it comes at once or the process hangs.
    let asked = control::ask(&policy.data_dir, &json!({"command": "rounds"}), Duration::from_secs(5));
    if let Ok(Some(rounds)) = asked {
        return Ok(Daemon::Runs(Box::new(rounds)));
    }
    let unusable = |e| CliError::environment(words::data_dir_unusable(lang, policy.data_dir.display())).because(e);
    Ok(match lock::holder(&policy.data_dir).map_err(unusable)? {
        Some(holder) => Daemon::Hangs(holder.pid),
        None => Daemon::Gone,
    })
}

fn is_healthy(daemon: &Daemon, now: Time) -> bool {
    let Daemon::Runs(rounds) = daemon else { return false };
    let steps = [&rounds.engine, &rounds.courier];
    let fresh = steps.iter().all(|r| r.error.is_none() && r.finished.is_some_and(|at| now - at < STEP_MAX));
    fresh && rounds.sources.values().chain(rounds.inbound.values()).all(|r| r.error.is_none())
}

fn facts(db: &Db, policy: &Policy, now: Time) -> Result<Facts, StoreError> {
    let conn = db.conn();
    let letters = outbox::letters(conn)?;
    let in_state = |state: &str| letters.iter().filter(|l| l.state == state).count();
    let incidents = incidents::list(conn, false)?.into_iter().map(|i| (i.kind, i.subject, i.opened));
    Ok(Facts {
        coverage: township::coverage(conn, policy, &prepared(policy).calendar, now)?,
        waiting: outbox::waiting(conn)?.len(),
        held: outbox::in_state(conn, NoticeState::Held)?.len(),
        sending: outbox::under_way(conn)?.len(),
        unknown: in_state("unknown"),
        sent_today: letters.iter().filter(|l| l.accepted.is_some_and(|at| at.date() == now.date())).count(),
        incidents: incidents.collect(),
    })
}

fn as_json(daemon: &Daemon, facts: Option<&Facts>, healthy: bool, policy: &Policy) -> Value {
    let zone = policy.township.zone;
    let daemon = match daemon {
        Daemon::Runs(rounds) => {
            let mut running = json!({"state": "running", "pid": rounds.pid, "rounds": rounds});
            forms::with_offset(&mut running, zone);
            running
        }
        Daemon::Hangs(pid) => json!({"state": "hangs", "pid": pid}),
        Daemon::Gone => json!({"state": "not_running"}),
    };
    let mut status = json!({"healthy": healthy, "daemon": daemon});
    if let Some(f) = facts {
        status["coverage"] = json!(f.coverage);
        status["outbox"] = json!({
            "waiting": f.waiting, "held": f.held, "sending": f.sending, "unknown": f.unknown, "sent_today": f.sent_today,
        });
        let incidents = f.incidents.iter().map(|(kind, subject, opened)| {
            json!({"kind": kind, "subject": subject, "opened": clock::rfc3339(*opened, zone)})
        });
        status["incidents"] = incidents.collect();
    }
    status
}

fn as_text(daemon: &Daemon, facts: Option<&Facts>, healthy: bool, now: Time, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    match daemon {
        Daemon::Gone => lines.push(words::status_not_running(lang)),
        Daemon::Hangs(pid) => lines.push(words::status_hangs(lang, pid)),
        Daemon::Runs(rounds) => {
            let since = rounds.started.map(minute).unwrap_or_default();
            lines.push(words::status_running(lang, rounds.pid, since));
            lines.push(step(&words::step_engine(lang), &rounds.engine, lang));
            lines.push(step(&words::step_courier(lang), &rounds.courier, lang));
            for (source, round) in &rounds.sources {
                lines.push(step(&words::step_source(lang, source), round, lang));
            }
            for (channel, round) in &rounds.inbound {
                lines.push(step(&words::step_inbound(lang, channel), round, lang));
            }
            if rounds.engine.finished.is_none_or(|at| now - at >= STEP_MAX) {
                lines.push(words::status_step_old(lang));
            }
        }
    }
    let Some(f) = facts else {
        lines.push(words::status_no_database(lang));
        return lines;
    };
    lines.push(words::status_today(lang));
    for school in &f.coverage {
        let name = school["name"].as_str().unwrap_or_default();
        let count = |key: &str| school[key].as_u64().unwrap_or_default();
        lines.push(match (school["school_day"].as_bool(), school["reported"].as_bool()) {
            (Some(false), _) => words::status_school_closed(lang, name),
            (_, Some(false)) => words::status_school_silent(lang, name, count("expected")),
            _ => words::status_school(lang, name, count("expected"), count("present"), count("absent")),
        });
    }
    lines.push(words::status_outbox(lang, f.waiting, f.held, f.sending, f.unknown, f.sent_today));
    lines.push(words::status_incidents(lang, f.incidents.len()));
    for (kind, subject, opened) in &f.incidents {
        lines.push(words::status_incident(lang, kind, subject, minute(*opened)));
    }
    lines.push(if healthy { words::status_healthy(lang) } else { words::status_unhealthy(lang) });
    lines
}

fn step(name: &str, round: &Round, lang: Lang) -> String {
    match (&round.error, round.finished) {
        (Some(why), _) => words::status_step_failed(lang, name, why),
        (None, Some(at)) => words::status_step(lang, name, at.format("%m-%d %H:%M:%S")),
        (None, None) => words::status_step_never(lang, name),
    }
}

fn minute(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
