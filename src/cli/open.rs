//! Opening for commands: the policy, the key, the database for reading, and changes, which go to the running daemon or
//! are made here under its lock. Prints nothing but a configuration's problems.

use super::{CliError, Context};
use crate::clock;
use crate::config::{self, Problem, Severity, secrets};
use crate::domain::message::{Lang, run as words, simulate};
use crate::domain::policy::{Policy, Secret};
use crate::drive::lock::{self, Lock, LockError, What};
use crate::step::policy_change;
use crate::store::{Db, Key, StoreError};
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The configuration, or all its problems on stderr and one error.
pub fn policy(context: &Context) -> Result<Policy, CliError> {
    policy_at(&context.config_path(), context.lang)
}

pub fn policy_at(path: &Path, lang: Lang) -> Result<Policy, CliError> {
    told(config::load(path), lang).map_err(|()| {
        CliError::usage(words::config_has_problems(lang, path.display())).hint(words::config_has_problems_hint(lang))
    })
}

/// The same with some sections out of other files, to be tried.
pub fn policy_with(path: &Path, instead: &[(&'static str, PathBuf)], lang: Lang) -> Result<Policy, CliError> {
    told(config::load_with(path, instead), lang).map_err(|()| CliError::usage(simulate::other_problems(lang)))
}

/// All problems on stderr.
fn told(loaded: Result<config::Loaded, Vec<Problem>>, lang: Lang) -> Result<Policy, ()> {
    loaded.map(|l| l.policy).map_err(|problems| {
        for problem in problems.iter().filter(|p| p.severity == Severity::Error) {
            eprintln!("{}", problem.render(lang));
        }
    })
}

/// For commands that only read: while the configuration has problems and a daemon runs on with the one before, that one,
/// with the problems on stderr.
pub fn policy_to_read(context: &Context) -> Result<Policy, CliError> {
    let refused = match policy(context) {
        Ok(policy) => return Ok(policy),
        Err(refused) => refused,
    };
    match in_force(&context.config_path(), context.lang) {
        Some(policy) => {
            eprintln!("{}", words::reading_by_the_old(context.lang));
            Ok(policy)
        }
        None => Err(refused),
    }
}

/// The configuration that the running daemon goes by; `None` where none runs or nothing can be told.
fn in_force(path: &Path, lang: Lang) -> Option<Policy> {
    let (data_dir, seal) = config::whereabouts(path)?;
    let holder = lock::holder(&data_dir).ok().flatten()?;
    if holder.what != What::Run {
        return None;
    }
    let db = Db::open_read_only(&data_dir.join("kongchuo.db"), &key_of(&seal, lang).ok()?).ok()?;
    let files = policy_change::files_in_force(&db).ok().flatten()?;
    config::restore(&files).ok().map(|loaded| loaded.policy).filter(|policy| policy.data_dir == data_dir)
}

/// The first problem and how many there are, for the incident: places and settings, never people.
pub fn summary(problems: &[Problem], lang: Lang) -> String {
    let errors: Vec<&Problem> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
    errors.first().map_or_else(String::new, |first| {
        let place = format!("{}:{}:{}", first.file, first.line, first.column);
        words::reload_problems(lang, errors.len(), place, first.message(lang))
    })
}

/// The database's file.
pub fn path(policy: &Policy) -> PathBuf {
    policy.data_dir.join("kongchuo.db")
}

pub fn key(policy: &Policy, lang: Lang) -> Result<Key, CliError> {
    key_of(&policy.seal, lang)
}

fn key_of(seal: &Secret, lang: Lang) -> Result<Key, CliError> {
    let secret = secrets::read(seal).map_err(|e| CliError::environment(e.message(lang)).hint(e.hint(lang)))?;
    Key::from_hex(secret.expose_secret()).ok_or_else(|| CliError::usage(words::seal_key_unusable(lang)))
}

/// For commands that only read. Keep it short.
pub fn reading(policy: &Policy, lang: Lang) -> Result<Db, CliError> {
    Db::open_read_only(&path(policy), &key(policy, lang)?).map_err(|e| unusable(e, lang))
}

/// For whoever holds the lock.
pub fn writing(policy: &Policy, lang: Lang) -> Result<Db, CliError> {
    Db::open(&path(policy), &key(policy, lang)?).map_err(|e| unusable(e, lang))
}

fn unusable(e: StoreError, lang: Lang) -> CliError {
    CliError::environment(e.explain(lang)).because(e)
}

pub fn take_lock(policy: &Policy, what: What, lang: Lang) -> Result<Lock, CliError> {
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
