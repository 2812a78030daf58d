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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::{Event, apply, open};
    use crate::domain::evidence::Stamp;
    use crate::domain::ids::{ChannelId, DeliveryId, Role};
    use crate::store::outbox::{self, NewLetter, Words};
    use crate::store::{Db, cases, test_key, vault};
    use chrono::NaiveDate;

    /// A follow-up with one draft, and two letters.
    fn town(db: &mut Db, now: Time) -> (CaseId, [LetterId; 2]) {
        let sealer = db.vault();
        let made: Result<_, StoreError> = db.write(|tx| {
            let stamp = Stamp { stated_at: now, delivery: DeliveryId(0) };
            let card = vault::Card { name: "张小雨".into(), ..vault::Card::default() };
            let pupil = vault::new_pupil(tx, &sealer, &card, stamp)?;
            let id = CaseId(1);
            let mut case = open(id, pupil, None, now);
            let drafted = Event::Drafted { document: "written_report".into(), number: "N-01".into(), by: None };
            apply(&mut case, now, &drafted);
            cases::write(tx, &sealer, &case, &[Event::Opened { pupil, relapse_of: None }, drafted], None, None, now)?;
            let words =
                Words { name: "许科长".into(), address: "a@b.test".into(), subject: None, text: "…".into() };
            let letter = || {
                let new = NewLetter {
                    channel: &ChannelId::new("email"),
                    role: &Role::new("education_office"),
                    about_children: true,
                    digest: [0; 32],
                    contact: 0,
                    boot: "b",
                    counts: false,
                    pupil: Some(pupil),
                    words: &words,
                    notices: &[],
                };
                outbox::claim(tx, &sealer, &new, now)
            };
            Ok((id, [letter()?, letter()?]))
        });
        made.expect("written")
    }

    #[test]
    fn letters_with_the_same_draft_share_one_copy_and_a_letter_composed_anew_carries_another() {
        let now = NaiveDate::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 0, 0)).expect("an instant");
        let mut db = Db::open_in_memory(&test_key()).expect("memory");
        let (case, [one, two]) = town(&mut db, now);
        let sealer = db.vault();
        let done: Result<(), StoreError> = db.write(|tx| {
            for letter in [one, two] {
                attach(tx, &sealer, letter, "N-01", case, b"first", now)?;
            }
            detach(tx, two)?;
            attach(tx, &sealer, two, "N-01", case, b"second", now)
        });
        done.expect("written");
        let said = |letter| files_of(db.conn(), &sealer, letter).expect("read");
        assert_eq!(said(one), [("written_report".into(), "N-01".to_owned(), b"first".to_vec())]);
        assert_eq!(said(two), [("written_report".into(), "N-01".to_owned(), b"second".to_vec())]);
        assert_eq!(of_letter(db.conn(), two).expect("read"), [("written_report".into(), "N-01".to_owned())]);
        let copies = |db: &Db| -> i64 {
            db.conn().query_row("SELECT count(*) FROM document_content", [], |r| r.get(0)).expect("a count")
        };
        assert_eq!(copies(&db), 2);
        // A follow-up that is erased takes what its drafts said with it; the number is not given again.
        let erased: Result<(), StoreError> = db.write(|tx| cases::erase(tx, case));
        erased.expect("erased");
        assert_eq!(copies(&db), 0);
        let again: Result<(), StoreError> =
            db.write(|tx| enter(tx, "N-01", CaseId(2), &Word::new("written_report"), now));
        assert!(again.is_err());
    }
}
