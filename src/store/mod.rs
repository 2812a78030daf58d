//! All SQL: the database, its one writer, and what each table means in domain types. Nothing outside names a table.

pub mod cases;
pub mod decisions;
pub mod deliveries;
pub mod documents;
pub mod evidence;
pub mod findings;
pub mod incidents;
pub mod logbook;
mod migrate;
pub mod outbox;
pub mod register;
pub mod shelf;
pub mod statements;
pub mod time;
pub mod vault;

pub use migrate::version as schema_version;
pub use rusqlite::{Connection, Transaction};
pub use vault::{Key, Vault};

use rusqlite::{OpenFlags, OptionalExtension, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key is not the one that the database was sealed with.
    #[error("the key does not belong to this database")]
    WrongKey,
    #[error("the database was written by a newer version of kongchuo (schema {found}, this one knows {known})")]
    Newer { found: i64, known: i64 },
    #[error("the database is not there yet: run `kongchuo run` or `kongchuo import` first")]
    Missing,
    #[error("a sealed field cannot be opened")]
    Sealed,
    #[error("the system gives no random numbers")]
    Random,
    #[error("a stored value cannot be read: {0}")]
    Damaged(String),
    #[error("the database cannot be read or written")]
    Sql(#[from] rusqlite::Error),
    #[error("the database's folder cannot be used")]
    Io(#[from] std::io::Error),
}

impl StoreError {
    /// For people, in their language.
    pub fn explain(&self, lang: crate::domain::message::Lang) -> String {
        use crate::domain::message::delivery as m;
        match self {
            StoreError::WrongKey => m::wrong_key(lang),
            StoreError::Newer { found, known } => m::newer_schema(lang, found, known),
            StoreError::Missing => m::no_database(lang),
            StoreError::Sealed | StoreError::Damaged(_) => m::damaged_database(lang),
            StoreError::Random | StoreError::Sql(_) | StoreError::Io(_) => m::database_unusable(lang),
        }
    }
}

/// The database and the key to its sealed fields. One process has one that writes.
pub struct Db {
    conn: Connection,
    vault: Arc<Vault>,
    path: Option<PathBuf>,
}

impl Db {
    /// Opens the file (made if it is not there), migrates it, checks the key.
    pub fn open(path: &Path, key: &Key) -> Result<Db, StoreError> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let conn = Connection::open(path)?;
        let _mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
        only_owner(path)?;
        Db::prepare(conn, key, Some(path.to_path_buf()))
    }

    /// The same on a file system of SQLite's by that name, which makes its own files: a disk that can be cut off.
    pub fn open_on(file_system: &str, path: &Path, key: &Key) -> Result<Db, StoreError> {
        let conn = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), file_system)?;
        let _mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
        Db::prepare(conn, key, Some(path.to_path_buf()))
    }

    pub fn open_in_memory(key: &Key) -> Result<Db, StoreError> {
        Db::prepare(Connection::open_in_memory()?, key, None)
    }

    fn prepare(mut conn: Connection, key: &Key, path: Option<PathBuf>) -> Result<Db, StoreError> {
        // FULL: what was decided outlives a power cut. secure_delete: what is erased is overwritten.
        conn.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;",
        )?;
        settle(&conn)?;
        migrate::run(&mut conn, path.as_deref())?;
        let vault = Arc::new(Vault::new(key));
        let sealed: Option<Vec<u8>> =
            conn.query_row("SELECT value FROM meta WHERE key = 'key_check'", [], |r| r.get(0)).optional()?;
        match sealed {
            Some(s) => vault.check(&s)?,
            None => {
                let check = vault.check_value()?;
                conn.execute("INSERT INTO meta (key, value) VALUES ('key_check', ?1)", [check])?;
            }
        }
        Ok(Db { conn, vault, path })
    }

    /// For commands that only read. Keep it short: a long reader makes the write-ahead log grow.
    pub fn open_read_only(path: &Path, key: &Key) -> Result<Db, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing);
        }
        let conn =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        settle(&conn)?;
        let (found, known) = (migrate::found(&conn)?, migrate::version());
        if found == 0 {
            return Err(StoreError::Missing);
        }
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        let vault = Arc::new(Vault::new(key));
        let sealed: Option<Vec<u8>> =
            conn.query_row("SELECT value FROM meta WHERE key = 'key_check'", [], |r| r.get(0)).optional()?;
        vault.check(&sealed.ok_or(StoreError::Missing)?)?;
        Ok(Db { conn, vault, path: Some(path.to_path_buf()) })
    }

    /// For reading.
    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    pub fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault)
    }

    /// The file; `None` in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// One transaction: all of it or nothing.
    pub fn write<T, E: From<StoreError>>(&mut self, f: impl FnOnce(&Transaction) -> Result<T, E>) -> Result<T, E> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let value = f(&tx)?;
        tx.commit().map_err(StoreError::from)?;
        Ok(value)
    }

    /// A consistent copy, while others read and write.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let mut dst = Connection::open(path)?;
        only_owner(path)?;
        rusqlite::backup::Backup::new(&self.conn, &mut dst)?.run_to_completion(1000, Duration::ZERO, None)?;
        // One file, with nothing beside it.
        let _mode: String = dst.query_row("PRAGMA journal_mode = DELETE", [], |r| r.get(0))?;
        Ok(())
    }

    /// Whether SQLite finds every page of the file as it must be. Memory is no file that a disk could damage.
    pub fn is_sound(&self) -> Result<bool, StoreError> {
        if self.path.is_none() {
            return Ok(true);
        }
        let verdict: String = self.conn.query_row("PRAGMA quick_check(1)", [], |r| r.get(0))?;
        Ok(verdict == "ok")
    }

    /// Moves the write-ahead log into the file.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// How much of a folder's disk is free to ordinary users, in thousandths.
pub fn free_permille(dir: &Path) -> std::io::Result<u16> {
    let disk = rustix::fs::statvfs(dir)?;
    let share = u128::from(disk.f_bavail) * 1000 / u128::from(disk.f_blocks.max(1));
    Ok(u16::try_from(share).unwrap_or(1000))
}

fn settle(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(Duration::from_secs(10))?;
    // The bundled SQLite plans anew for each bound value where it might have statistics. There are none here, and the plans
    // would be the same: planning was a sixth of all work.
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(())
}

#[cfg(unix)]
fn only_owner(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn only_owner(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

pub(crate) fn json<T: serde::Serialize>(v: &T) -> Result<String, StoreError> {
    serde_json::to_string(v).map_err(|e| StoreError::Damaged(e.to_string()))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(s: &str) -> Result<T, StoreError> {
    // The error's text may quote the value: only its class is kept.
    serde_json::from_str(s).map_err(|e| StoreError::Damaged(format!("{:?}", e.classify())))
}

/// The word that serde writes for an enum without data.
pub fn word<T: serde::Serialize>(v: &T) -> Result<String, StoreError> {
    Ok(json(v)?.trim_matches('"').to_owned())
}

pub(crate) fn from_word<T: serde::de::DeserializeOwned>(s: &str) -> Result<T, StoreError> {
    use serde::de::value::{Error, StrDeserializer};
    T::deserialize(StrDeserializer::<Error>::new(s)).map_err(|_| StoreError::Damaged("an unknown word".into()))
}

#[cfg(test)]
pub(crate) fn test_key() -> Key {
    Key::from_hex(&"17".repeat(32)).expect("64 digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_key_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("k.db");
        assert!(matches!(Db::open_read_only(&path, &test_key()), Err(StoreError::Missing)));
        drop(Db::open(&path, &test_key()).expect("made"));
        Db::open_read_only(&path, &test_key()).expect("read");
        let other = Key::from_hex(&"18".repeat(32)).expect("64 digits");
        assert!(matches!(Db::open(&path, &other), Err(StoreError::WrongKey)));
        assert!(matches!(Db::open_read_only(&path, &other), Err(StoreError::WrongKey)));
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let mut db = Db::open_in_memory(&test_key()).expect("memory");
        let failed: Result<(), StoreError> = db.write(|tx| {
            tx.execute("INSERT INTO meta VALUES ('x', x'01')", [])?;
            Err(StoreError::Sealed)
        });
        assert!(failed.is_err());
        let n: i64 = db.conn().query_row("SELECT count(*) FROM meta WHERE key = 'x'", [], |r| r.get(0)).expect("count");
        assert_eq!(n, 0);
    }
}
