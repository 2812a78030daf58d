//! The lock of the data folder: one process writes. Says who holds it. The kernel drops it with the process, so a
//! killed daemon never leaves one behind.

use crate::clock;
use crate::domain::Time;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Names this start of the program: what another one left in `sending` is unknown.
    pub boot: String,
}

/// Who holds the lock, as the holder wrote it down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub boot: String,
    pub since: Time,
    pub what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// `run`: keeps it for good.
    Run,
    /// A command, or `run --once`: gives it back soon.
    Command,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// `None`: the holder has not written its name yet.
    #[error("the lock is held")]
    Held(Option<Holder>),
    #[error("the lock file cannot be used")]
    Io(#[from] std::io::Error),
    #[error("the system gives no random numbers")]
    Random,
}

/// Takes the lock of a data folder (made if it is not there). Waits for a command to finish, never for a daemon.
pub fn take(data_dir: &Path, what: What, now: Time, patience: Duration) -> Result<Lock, LockError> {
    std::fs::create_dir_all(data_dir)?;
    // Not truncated: until the lock is ours the file speaks of somebody else.
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    let mut file = options.open(data_dir.join("lock"))?;
    let deadline = clock::tick() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(e)) => return Err(e.into()),
            Err(TryLockError::WouldBlock) => {
                let holder = read(&mut file);
                let soon = holder.as_ref().is_none_or(|h| h.what == What::Command);
                if !soon || clock::tick() >= deadline {
                    return Err(LockError::Held(holder));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| LockError::Random)?;
    let boot = format!("{}-{}", now.format("%Y%m%d%H%M%S"), hex::encode(random));
    let holder = Holder { pid: std::process::id(), boot: boot.clone(), since: now, what };
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string(&holder).map_err(std::io::Error::other)?.as_bytes())?;
    Ok(Lock { _file: file, boot })
}

/// Who holds the lock of a data folder now; `None` when nobody does.
pub fn holder(data_dir: &Path) -> std::io::Result<Option<Holder>> {
    let mut file = match File::open(data_dir.join("lock")) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(read(&mut file)),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        chrono::NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 31, 0)).expect("an instant")
    }

    #[test]
    fn a_second_daemon_is_refused_at_once_and_told_who_runs() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        assert_eq!(holder(&data).expect("no lock yet"), None);
        let first = take(&data, What::Run, now(), Duration::ZERO).expect("free");
        let begun = clock::tick();
        match take(&data, What::Run, now(), Duration::from_secs(60)) {
            Err(LockError::Held(Some(holder))) => {
                assert_eq!((holder.pid, holder.boot.as_str()), (std::process::id(), first.boot.as_str()));
            }
            other => panic!("{other:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(holder(&data).expect("readable").map(|h| h.what), Some(What::Run));
        drop(first);
        assert_eq!(holder(&data).expect("readable"), None);
        let second = take(&data, What::Run, now(), Duration::ZERO).expect("free again");
        assert!(!second.boot.is_empty());
    }

    #[test]
    fn a_command_that_works_is_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = take(dir.path(), What::Command, now(), Duration::ZERO).expect("free");
        let path = dir.path().to_owned();
        let waiting = std::thread::spawn(move || take(&path, What::Run, now(), Duration::from_secs(20)).is_ok());
        std::thread::sleep(Duration::from_millis(200));
        drop(first);
        assert!(waiting.join().expect("no panic"));
    }
}
