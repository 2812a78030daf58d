//! Numbered drafts of papers, and what each said when it left with a letter: the whole file, sealed, once for each content.

use super::time::ms;
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault};
use crate::domain::Time;
use crate::domain::ids::{CaseId, LetterId, Word};
use rusqlite::{OptionalExtension, params};

/// Takes a number for good.
pub fn enter(tx: &Transaction, number: &str, case: CaseId, kind: &Word, at: Time) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO document (number, case_id, kind, drafted_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![number, case.0, kind.as_str(), ms(at)])?;
    Ok(())
}

/// Keeps what a draft says as it leaves with a letter. Letters with the same content share one copy.
pub fn attach(
    tx: &Transaction,
    vault: &Vault,
    letter: LetterId,
    number: &str,
    case: CaseId,
    bytes: &[u8],
    now: Time,
) -> Result<(), StoreError> {
    let digest = vault.digest_bytes("document", bytes);
    let known: Option<i64> = tx
        .prepare_cached("SELECT id FROM document_content WHERE number = ?1 AND digest = ?2")?
        .query_row(params![number, digest], |r| r.get(0))
        .optional()?;
    let content = match known {
        Some(id) => id,
        None => {
            tx.prepare_cached(
                "INSERT INTO document_content (number, case_id, composed_at, digest, sealed_file) VALUES (?1, ?2, ?3, ?4, x'')",
            )?
            .execute(params![number, case.0, ms(now), digest])?;
            let id = tx.last_insert_rowid();
            let sealed = vault.seal(Cell("document_content.file", id), bytes)?;
            tx.prepare_cached("UPDATE document_content SET sealed_file = ?2 WHERE id = ?1")?
                .execute(params![id, sealed])?;
            id
        }
    };
    tx.prepare_cached("INSERT OR IGNORE INTO letter_document (letter, content) VALUES (?1, ?2)")?
        .execute(params![letter.0, content])?;
    Ok(())
}

/// A letter that is composed anew carries the day's drafts instead.
pub fn detach(tx: &Transaction, letter: LetterId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM letter_document WHERE letter = ?1")?.execute([letter.0])?;
    Ok(())
}

/// What a letter carries: kind and number of each draft.
pub fn of_letter(conn: &Connection, letter: LetterId) -> Result<Vec<(Word, String)>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT d.kind, d.number FROM letter_document l JOIN document_content c ON c.id = l.content
         JOIN document d ON d.number = c.number WHERE l.letter = ?1 ORDER BY c.id",
    )?;
    let found = q.query_map([letter.0], |r| Ok((Word::from(r.get::<_, String>(0)?), r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The files that a letter carries, with kind and number. Personal.
pub fn files_of(
    conn: &Connection,
    vault: &Vault,
    letter: LetterId,
) -> Result<Vec<(Word, String, Vec<u8>)>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT d.kind, d.number, c.id, c.sealed_file FROM letter_document l JOIN document_content c ON c.id = l.content
         JOIN document d ON d.number = c.number WHERE l.letter = ?1 ORDER BY c.id",
    )?;
    let mut rows = q.query([letter.0])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let sealed: Vec<u8> = r.get(3)?;
        let bytes = vault.unseal(Cell("document_content.file", r.get(2)?), &sealed)?;
        out.push((Word::from(r.get::<_, String>(0)?), r.get(1)?, bytes));
    }
    Ok(out)
}
