//! Opening and migrating: the version in `user_version`, a copy of the file before anything is changed, a newer schema
//! refused. Knows no table.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// What brings version `i` to `i + 1`. The first is the schema of an empty database. After a release, the schema it
/// shipped is frozen as its own file and the difference appended here; `schema.sql` stays the whole (tests compare).
const STEPS: &[&str] = &[include_str!("schema.sql")];

#[cfg(test)]
const SCHEMA: &str = include_str!("schema.sql");

/// The version that this program reads and writes.
pub fn version() -> i64 {
    STEPS.len() as i64
}

pub fn found(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.query_row("PRAGMA user_version", [], |r| r.get(0))?)
}

/// Brings the database to `version()`; a file with data is copied beside itself first.
pub fn run(conn: &mut Connection, file: Option<&Path>) -> Result<(), StoreError> {
    run_steps(conn, file, STEPS)
}

fn run_steps(conn: &mut Connection, file: Option<&Path>, steps: &[&str]) -> Result<(), StoreError> {
    let at = found(conn)?;
    let to = steps.len() as i64;
    if at > to {
        return Err(StoreError::Newer { found: at, known: to });
    }
    if at == to {
        return Ok(());
    }
    if let (Some(file), true) = (file, at > 0) {
        copy(conn, file, at)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &steps[usize::try_from(at).unwrap_or(0)..] {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", to)?;
    tx.commit()?;
    Ok(())
}

fn copy(conn: &Connection, file: &Path, version: i64) -> Result<(), StoreError> {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".before-migration-from-{version}"));
    let to = file.with_file_name(name);
    let mut dst = Connection::open(&to)?;
    rusqlite::backup::Backup::new(conn, &mut dst)?.run_to_completion(1000, std::time::Duration::ZERO, None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(conn: &Connection) -> Vec<(String, String)> {
        let mut q = conn
            .prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            .expect("sqlite_master exists");
        let rows = q.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("query");
        rows.map(|r| r.expect("row")).collect()
    }

    #[test]
    fn a_migrated_database_has_the_written_schema() {
        let mut migrated = Connection::open_in_memory().expect("memory");
        run(&mut migrated, None).expect("migrates");
        let fresh = Connection::open_in_memory().expect("memory");
        fresh.execute_batch(SCHEMA).expect("schema");
        assert_eq!(shape(&migrated), shape(&fresh));
        run(&mut migrated, None).expect("a second run changes nothing");
        assert_eq!(found(&migrated).expect("version"), version());
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut conn = Connection::open_in_memory().expect("memory");
        conn.pragma_update(None, "user_version", version() + 1).expect("pragma");
        assert!(matches!(run(&mut conn, None), Err(StoreError::Newer { .. })));
    }

    #[test]
    fn the_file_is_copied_before_it_is_migrated() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("k.db");
        let mut conn = Connection::open(&file).expect("open");
        run_steps(&mut conn, Some(&file), &["CREATE TABLE a (x INTEGER) STRICT;"]).expect("first");
        conn.execute("INSERT INTO a VALUES (7)", []).expect("insert");
        run_steps(&mut conn, Some(&file), &["", "CREATE TABLE b (x INTEGER) STRICT;"]).expect("second");
        let copy = Connection::open(dir.path().join("k.db.before-migration-from-1")).expect("the copy");
        assert_eq!(copy.query_row("SELECT x FROM a", [], |r| r.get::<_, i64>(0)).expect("row"), 7);
        assert_eq!(found(&copy).expect("version"), 1);
        assert_eq!(found(&conn).expect("version"), 2);
    }
}
