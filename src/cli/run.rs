//! `run`: the daemon; `run --once`: one round of everything that is due. Opens the parts and says who holds the lock.

use super::{CliError, Context, Exit};
use crate::clock;
use crate::config::{self, Loaded, Problem, Severity, secrets};
use crate::domain::message::{Lang, run as words};
use crate::domain::policy::{Policy, Secret};
use crate::drive::daemon::{self, Local, Parts};
use crate::drive::lock::{self, Lock, LockError, What};
use crate::store::{Db, Key};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// One round of everything that is due, then exit.
    #[arg(long)]
    pub once: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    log_to_stderr(context.json);
    let path = context.config_path();
    let policy = policy(&path, lang)?;
    let lock = take_lock(&policy, if args.once { What::Command } else { What::Run }, lang)?;
    let key = key(&policy, lang)?;
    let db = Db::open(&policy.data_dir.join("kongchuo.db"), &key)
        .map_err(|e| CliError::environment(e.explain(lang)).because(e))?;
    let of_township = policy.township.lang;
    let parts = Parts {
        lock,
        policy,
        work: Local::new(db),
        reload: Box::new(move || match config::load(&path) {
            Ok(Loaded { policy, .. }) => Ok(policy),
            Err(problems) => Err(summary(&problems, of_township)),
        }),
        secret: Box::new(move |secret: &Secret| secrets::read(secret).map_err(|e| e.message(of_township))),
    };
    if args.once {
        let done = daemon::once(parts).map_err(|e| died(e, lang))?;
        say(context, &done);
        return Ok(if done.refused > 0 { Exit::Found } else { Exit::Ok });
    }
    daemon::run(parts).map(|()| Exit::Ok).map_err(|e| died(e, lang))
}

/// The configuration, or all its problems as one error.
pub fn policy(path: &Path, lang: Lang) -> Result<Policy, CliError> {
    match config::load(path) {
        Ok(loaded) => Ok(loaded.policy),
        Err(problems) => {
            for problem in problems.iter().filter(|p| p.severity == Severity::Error) {
                eprintln!("{}", problem.render(lang));
            }
            Err(CliError::usage(words::config_has_problems(lang, path.display()))
                .hint(words::config_has_problems_hint(lang)))
        }
    }
}

/// The first problem and how many more, for the incident: places and settings, never people.
fn summary(problems: &[Problem], lang: Lang) -> String {
    let errors: Vec<&Problem> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
    match errors.first() {
        None => String::new(),
        Some(first) => {
            let place = format!("{}:{}:{}", first.file, first.line, first.column);
            words::reload_problems(lang, errors.len(), place, first.message(lang))
        }
    }
}

pub fn key(policy: &Policy, lang: Lang) -> Result<Key, CliError> {
    let secret: SecretString =
        secrets::read(&policy.seal).map_err(|e| CliError::environment(e.message(lang)).hint(e.hint(lang)))?;
    Key::from_hex(secret.expose_secret()).ok_or_else(|| CliError::usage(words::seal_key_unusable(lang)))
}

fn take_lock(policy: &Policy, what: What, lang: Lang) -> Result<Lock, CliError> {
    let now = clock::now(policy.township.zone);
    lock::take(&policy.data_dir, what, now, Duration::from_secs(10)).map_err(|e| match e {
        LockError::Held(Some(holder)) => {
            let since = holder.since.format("%Y-%m-%d %H:%M");
            CliError::environment(words::run_refused(lang, holder.pid, since)).hint(words::run_refused_hint(lang))
        }
        LockError::Held(None) => CliError::environment(words::run_refused_by_somebody(lang)),
        e => CliError::environment(words::data_dir_unusable(lang, policy.data_dir.display())).because(e),
    })
}

fn died(e: daemon::DaemonError, lang: Lang) -> CliError {
    CliError::environment(words::daemon_died(lang)).because(e).hint(words::daemon_died_hint(lang))
}

fn say(context: &Context, done: &daemon::Done) {
    if context.json {
        let line = serde_json::json!({
            "read": done.read, "refused": done.refused, "accepted": done.accepted, "failed": done.failed,
        });
        println!("{line}");
    } else {
        println!("{}", words::round_done(context.lang, done.read, done.refused, done.accepted, done.failed));
    }
}

/// Our own lines only: what libraries log may hold addresses. `KONGCHUO_LOG` sets another level.
fn log_to_stderr(json: bool) {
    let level = std::env::var("KONGCHUO_LOG").unwrap_or_else(|_| "info".into());
    let filter = tracing_subscriber::EnvFilter::try_new(format!("off,kongchuo={level}"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off,kongchuo=info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // The journal writes down the time itself and shows no colours.
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let _ = match (json, journal) {
        (true, _) => log.json().try_init(),
        (false, true) => log.without_time().with_ansi(false).try_init(),
        (false, false) => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
}
