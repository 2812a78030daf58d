//! The township that a command works on: its configuration and key, a reader of its database, and the way to whoever
//! writes (the running daemon, or this very process under the lock).

use super::{CliError, Context, open};
use crate::clock;
use crate::domain::Time;
use crate::domain::ids::PupilId;
use crate::domain::message::{Lang, delivery, run as words, shell as say};
use crate::domain::policy::Policy;
use crate::drive::control::{self, ControlError};
use crate::drive::lock::{self, LockError, What};
use crate::drive::orders::{self, Answer, Order, wire};
use crate::step::engine;
use crate::store::{Db, Key, StoreError};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

/// How long an answer is waited for: the daemon's writer may be reading a large file just now.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a daemon that starts, or a command that works, is waited for.
const SOON: Duration = Duration::from_secs(10);

pub struct Town {
    pub policy: Policy,
    key: Key,
    lang: Lang,
}

impl Town {
    pub fn open(context: &Context) -> Result<Town, CliError> {
        let policy = open::policy(context)?;
        let key = open::key(&policy, context.lang)?;
        Ok(Town { policy, key, lang: context.lang })
    }

    /// The same for commands that only read: while the configuration has problems and a daemon runs on with the one before,
    /// that one counts.
    pub fn open_to_read(context: &Context) -> Result<Town, CliError> {
        let policy = open::policy_to_read(context)?;
        let key = open::key(&policy, context.lang)?;
        Ok(Town { policy, key, lang: context.lang })
    }

    pub fn now(&self) -> Time {
        clock::now(self.policy.township.zone)
    }

    fn file(&self) -> PathBuf {
        self.policy.data_dir.join("kongchuo.db")
    }

    /// For reading only.
    pub fn reader(&self) -> Result<Db, CliError> {
        Db::open_read_only(&self.file(), &self.key).map_err(|e| self.broken(e))
    }

    /// The same of another file of ours (a backup).
    pub fn read(&self, file: &std::path::Path) -> Result<Db, CliError> {
        Db::open_read_only(file, &self.key).map_err(|e| self.broken(e))
    }

    /// A copy must be whole, ours, and sealed with our key.
    pub fn check_copy(&self, file: &std::path::Path) -> Result<(), CliError> {
        let sound = self.read(file)?.is_sound().map_err(|e| self.broken(e))?;
        sound.then_some(()).ok_or_else(|| CliError::environment(say::backup_damaged(self.lang, file.display())))
    }

    /// An error of the database, for people.
    pub fn broken(&self, e: StoreError) -> CliError {
        CliError::environment(e.explain(self.lang)).because(e)
    }

    /// An error of a step that only reads.
    pub fn failed(&self, e: crate::step::StepError) -> CliError {
        match e {
            crate::step::StepError::Store(e) => self.broken(e),
            e => CliError::environment(delivery::damaged_database(self.lang)).because(e),
        }
    }

    /// Writes down that personal data is about to be shown; nothing is shown that could not be written down.
    pub fn log_read(&self, context: &Context, what: &str, pupil: Option<PupilId>) -> Result<(), CliError> {
        if !context.identify {
            return Ok(());
        }
        let order = Order::LogRead { what: what.to_owned(), pupil };
        self.ask(&order, None).map(|_| ()).map_err(|e| CliError { message: say::read_not_logged(self.lang), ..e })
    }

    /// Has an order carried out. A refusal is an error with its reason.
    pub fn ask<T: Serialize>(&self, order: &T, why: Option<&str>) -> Result<Answer, CliError> {
        let answer = self.put(order, why)?;
        if answer.ok {
            return Ok(answer);
        }
        let error = match answer.broken {
            true => CliError::environment(answer.message),
            false => CliError::usage(answer.message),
        };
        Err(match answer.hint {
            Some(hint) => error.hint(hint),
            None => error,
        })
    }

    fn put<T: Serialize>(&self, order: &T, why: Option<&str>) -> Result<Answer, CliError> {
        let lang = self.lang;
        let request = wire(order, why, lang);
        let deadline = clock::tick() + SOON;
        let lock = loop {
            match control::ask(&self.policy.data_dir, &request, PATIENCE) {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(ControlError::NoAnswer(e)) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                    return Err(CliError::environment(say::socket_forbidden(lang)).because(e));
                }
                Err(e @ ControlError::NoAnswer(_)) => {
                    return Err(CliError::environment(say::daemon_silent(lang)).because(e));
                }
                Err(e @ ControlError::Strange(_)) => {
                    return Err(CliError::environment(say::daemon_strange(lang)).because(e));
                }
            }
            // Nobody listens: this command writes itself.
            match lock::take(&self.policy.data_dir, What::Command, self.now(), SOON) {
                Ok(lock) => break lock,
                // A daemon that has just started listens in a moment.
                Err(LockError::Held(Some(holder))) if holder.what == What::Run && clock::tick() < deadline => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(LockError::Held(_)) => return Err(CliError::environment(delivery::locked(lang))),
                Err(e) => {
                    let place = self.policy.data_dir.display();
                    return Err(CliError::environment(words::data_dir_unusable(lang, place)).because(e));
                }
            }
        };
        // Only a file that comes in may begin a database.
        if request["command"] != "import" && !self.file().exists() {
            return Err(self.broken(StoreError::Missing));
        }
        let mut db = Db::open(&self.file(), &self.key).map_err(|e| self.broken(e))?;
        let mut request = request;
        request["uid"] = own_uid().into();
        let now = self.now();
        let answer = orders::obey(&mut db, &self.policy, now, request.clone());
        if answer.ok && request["command"] != "log_read" {
            // What follows from it is there at once, as with a daemon.
            engine::run(&mut db, &self.policy, now).map_err(|e| self.failed(e))?;
        }
        drop(lock);
        Ok(answer)
    }
}

/// The user id of this process, as the kernel has it.
fn own_uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|m| m.uid())
}
