//! Notices and letters. A notice is unique by (subject, ladder, rung, telling, recipient); a letter's words, name and
//! address are sealed, a keyed digest tells addresses apart.

use super::time::{from_ms, ms};
use super::vault::Cell;
use super::{Connection, StoreError, Transaction, Vault, from_json, json};
use crate::domain::Time;
use crate::domain::ids::{
    CaseId, ChannelId, IncidentId, LadderId, LetterId, NoticeId, PupilId, Role, RungId, SchoolId, Word,
};
use crate::domain::notice::{About, NewNotice, Notice, NoticeState, Recipient, Told};
use chrono::TimeDelta;
use rusqlite::{OptionalExtension, Row, params};

pub fn about_text(a: About) -> String {
    match a {
        About::Case(c) => format!("case:{}", c.0),
        About::Incident(i) => format!("incident:{}", i.0),
        About::Township(d) => format!("township:{}", super::time::day(d)),
    }
}

fn about_from(s: &str) -> Option<About> {
    let (kind, n) = s.split_once(':')?;
    let n: i64 = n.parse().ok()?;
    match kind {
        "case" => Some(About::Case(CaseId(n))),
        "incident" => Some(About::Incident(IncidentId(n))),
        "township" => Some(About::Township(super::time::from_day(n))),
        _ => None,
    }
}

fn state_from(s: &str) -> NoticeState {
    match s {
        "held" => NoticeState::Held,
        "told" => NoticeState::Told,
        "given_up" => NoticeState::GivenUp,
        "cancelled" => NoticeState::Cancelled,
        _ => NoticeState::Waiting,
    }
}

const COLUMNS: &str = "id, about, pupil, school, ladder, rung, telling, role, office, person, via, template, document,
    statutory, urgent, due, not_before, state, tried, facts, made, told, told_by, by_hand, free_since";

fn read(r: &Row) -> Result<Notice, StoreError> {
    let about: String = r.get(1)?;
    let ladder: String = r.get(4)?;
    let state: String = r.get(17)?;
    let told_by: Option<String> = r.get(22)?;
    Ok(Notice {
        id: NoticeId(r.get(0)?),
        about: about_from(&about).ok_or_else(|| StoreError::Damaged("notice.about".to_owned()))?,
        pupil: r.get::<_, Option<i64>>(2)?.map(PupilId),
        school: r.get::<_, Option<String>>(3)?.map(SchoolId::from),
        ladder: (!ladder.is_empty()).then(|| LadderId::from(ladder)),
        rung: RungId::from(r.get::<_, String>(5)?),
        telling: r.get(6)?,
        to: Recipient { role: Role::from(r.get::<_, String>(7)?), office: r.get(8)?, person: r.get(9)? },
        via: from_json(&r.get::<_, String>(10)?)?,
        template: r.get(11)?,
        document: r.get::<_, Option<String>>(12)?.map(Word::from),
        statutory: r.get(13)?,
        urgent: r.get(14)?,
        due: from_ms(r.get(15)?),
        not_before: r.get::<_, Option<i64>>(16)?.map(from_ms),
        state: state_from(&state),
        by_hand: r.get(23)?,
        free_since: r.get::<_, Option<i64>>(24)?.map(from_ms),
        tried: from_json(&r.get::<_, String>(18)?)?,
        facts: from_json(&r.get::<_, String>(19)?)?,
        made: from_ms(r.get(20)?),
        told: r.get::<_, Option<i64>>(21)?.map(from_ms),
        told_by: told_by.as_deref().map(from_json).transpose()?,
    })
}

fn collect(q: &mut rusqlite::CachedStatement, p: impl rusqlite::Params) -> Result<Vec<Notice>, StoreError> {
    let mut rows = q.query(p)?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push(read(r)?);
    }
    Ok(out)
}

/// Makes a notice; one that is there already stays as it is.
pub fn make(tx: &Transaction, n: &NewNotice, now: Time) -> Result<bool, StoreError> {
    let made = tx
        .prepare_cached(
            // A rung's notice that was cancelled untold (the child was back) is called for again when the climb goes on.
            "INSERT INTO notice (about, pupil, school, ladder, rung, telling, role, office, person, via, template,
             document, statutory, urgent, due, state, facts, made)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT (about, ladder, rung, telling, office, person) DO UPDATE SET
                 via = ?10, due = ?15, state = ?16, facts = ?17, made = ?18, not_before = NULL, tried = '[]', letter = NULL,
                 by_hand = 0, free_since = NULL
             WHERE state = 'cancelled' AND told IS NULL AND ladder <> ''",
        )?
        .execute(params![
            about_text(n.about),
            n.pupil.map(|p| p.0),
            n.school.as_ref().map(SchoolId::as_str),
            n.ladder.as_ref().map_or("", LadderId::as_str),
            n.rung.as_str(),
            n.telling,
            n.to.role.as_str(),
            n.to.office,
            n.to.person,
            json(&n.via)?,
            n.template,
            n.document.as_ref().map(Word::as_str),
            n.statutory,
            n.urgent,
            ms(n.due),
            if n.held { "held" } else { "waiting" },
            json(&n.facts)?,
            ms(now)
        ])?;
    Ok(made > 0)
}

/// Notices that still wait (without a letter under way) or are held.
pub fn waiting(conn: &Connection) -> Result<Vec<Notice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE state = 'waiting' AND letter IS NULL ORDER BY due, id");
    collect(&mut conn.prepare_cached(&sql)?, [])
}

pub fn of_subject(conn: &Connection, about: About) -> Result<Vec<Notice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE about = ?1 ORDER BY id");
    collect(&mut conn.prepare_cached(&sql)?, [about_text(about)])
}

pub fn in_state(conn: &Connection, state: NoticeState) -> Result<Vec<Notice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE state = ?1 ORDER BY due, id");
    collect(&mut conn.prepare_cached(&sql)?, [state.as_str()])
}

pub fn notice(conn: &Connection, id: NoticeId) -> Result<Option<Notice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE id = ?1");
    Ok(collect(&mut conn.prepare_cached(&sql)?, [id.0])?.pop())
}

/// Who has been told what of a case or incident, oldest first; letters under way count as told, and so does what was
/// perhaps told before another way was looked for.
pub fn told(conn: &Connection, about: About) -> Result<Vec<Told>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT role, office, person, rung, telling, told IS NOT NULL, told_by, via, ladder FROM notice
         WHERE about = ?1 AND (state <> 'cancelled' OR told IS NOT NULL) ORDER BY ifnull(told, made), id",
    )?;
    let mut rows = q.query([about_text(about)])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        let by: Option<String> = r.get(6)?;
        let ladder: String = r.get(8)?;
        out.push(Told {
            ladder: (!ladder.is_empty()).then(|| LadderId::from(ladder)),
            to: Recipient { role: Role::from(r.get::<_, String>(0)?), office: r.get(1)?, person: r.get(2)? },
            rung: RungId::from(r.get::<_, String>(3)?),
            telling: r.get(4)?,
            told: r.get(5)?,
            by: by.as_deref().map(from_json).transpose()?,
            via: from_json(&r.get::<_, String>(7)?)?,
        });
    }
    Ok(out)
}

/// Cancels what waits of a subject, where the filter says so. How many.
pub fn cancel(tx: &Transaction, about: About, which: impl Fn(&Notice) -> bool) -> Result<usize, StoreError> {
    let mut n = 0;
    for notice in of_subject(tx, about)? {
        let open = matches!(notice.state, NoticeState::Waiting | NoticeState::Held);
        if open && which(&notice) {
            n += tx
                .prepare_cached("UPDATE notice SET state = 'cancelled' WHERE id = ?1 AND letter IS NULL")?
                .execute([notice.id.0])?;
            // One whose letter waits for another attempt is stopped too.
            n += tx.prepare_cached("UPDATE notice SET state = 'cancelled' WHERE id = ?1 AND letter IN (SELECT id FROM letter WHERE state = 'waiting')")?
                .execute([notice.id.0])?;
        }
    }
    Ok(n)
}

/// Tellings from here on are of rungs that were cancelled after they had been told: a rung may be told anew.
pub const RETIRED: u32 = 1_000_000_000;

/// What a cancelled rung has told stays as it was, under tellings that are nobody's any more.
pub fn retire(tx: &Transaction, about: About, ladder: &LadderId, rung: &RungId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE notice SET telling = ?4 + id
         WHERE about = ?1 AND ladder = ?2 AND rung = ?3 AND telling < ?4 AND state <> 'cancelled'",
    )?
    .execute(params![about_text(about), ladder.as_str(), rung.as_str(), RETIRED])?;
    Ok(())
}

pub fn set_state(tx: &Transaction, id: NoticeId, state: NoticeState) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notice SET state = ?2 WHERE id = ?1")?.execute(params![id.0, state.as_str()])?;
    Ok(())
}

/// A held notice goes on, not before an instant.
pub fn release(tx: &Transaction, id: NoticeId, not_before: Time) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'waiting', by_hand = 0, free_since = NULL, not_before = ?2
               WHERE id = ?1 AND state = 'held'";
    tx.prepare_cached(sql)?.execute(params![id.0, ms(not_before)])?;
    Ok(())
}

pub fn hold(tx: &Transaction, id: NoticeId) -> Result<(), StoreError> {
    // What waits for another attempt has not gone.
    tx.prepare_cached(
        "UPDATE notice SET state = 'held', letter = NULL, free_since = NULL WHERE id = ?1 AND state = 'waiting'
         AND (letter IS NULL OR letter IN (SELECT id FROM letter WHERE state = 'waiting'))",
    )?
    .execute([id.0])?;
    Ok(())
}

/// Held until a person lets it go, whatever else holds it.
pub fn hold_by_hand(tx: &Transaction, id: NoticeId) -> Result<(), StoreError> {
    let sql = "UPDATE notice SET state = 'held', by_hand = 1, free_since = NULL
               WHERE id = ?1 AND state IN ('waiting', 'held') AND letter IS NULL";
    tx.prepare_cached(sql)?.execute([id.0])?;
    Ok(())
}

/// The hand that held it has let it go; something else holds it still.
pub fn lift_hand(tx: &Transaction, id: NoticeId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notice SET by_hand = 0 WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

/// A way failed for good: the notice waits again, with that way behind it. `anew`: it had gone, and its time begins anew.
pub fn put_back(tx: &Transaction, n: &Notice, anew: bool) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE notice SET letter = NULL, tried = ?2, not_before = NULL, state = 'waiting',
             free_since = CASE WHEN ?3 THEN NULL ELSE free_since END
         WHERE id = ?1 AND state <> 'cancelled'",
    )?
    .execute(params![n.id.0, json(&n.tried)?, anew])?;
    Ok(())
}

/// Nothing forbids a notice any more; what forbade nothing before goes on from then.
pub fn set_free(tx: &Transaction, id: NoticeId, since: Time) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notice SET free_since = ifnull(free_since, ?2) WHERE id = ?1")?
        .execute(params![id.0, ms(since)])?;
    Ok(())
}

/// The notices of a letter whose time begins anew at an instant (quiet hours lie before it).
pub fn free_from(tx: &Transaction, letter: LetterId, at: Time) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notice SET free_since = ?2 WHERE letter = ?1")?.execute(params![letter.0, ms(at)])?;
    Ok(())
}

/// Waiting notices that nothing forbids, with the channel of the letter that carries them, if one does.
pub fn free(conn: &Connection) -> Result<Vec<(Notice, Option<ChannelId>)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT l.channel FROM letter l WHERE l.id = notice.letter) FROM notice
         WHERE state = 'waiting' AND free_since IS NOT NULL ORDER BY id"
    );
    let mut q = conn.prepare_cached(&sql)?;
    let mut rows = q.query([])?;
    let mut out = Vec::new();
    while let Some(r) = rows.next()? {
        out.push((read(r)?, r.get::<_, Option<String>>(25)?.map(ChannelId::from)));
    }
    Ok(out)
}

/// When a notice was told, and by which contact and channel.
pub type ToldBy = (Time, (u32, ChannelId));

/// A letter that told it was not delivered after all: told is what another letter told, perhaps; else nothing. By whom and
/// when it counts as told now.
pub fn told_otherwise(tx: &Transaction, id: NoticeId, but: LetterId) -> Result<Option<ToldBy>, StoreError> {
    let other: Option<(u32, String, i64)> = tx
        .prepare_cached(
            "SELECT l.contact, l.channel, ifnull(l.accepted, l.claimed) FROM letter_notice c JOIN letter l ON l.id = c.letter
             WHERE c.notice = ?1 AND l.id <> ?2 AND l.state IN ('accepted', 'delivered', 'unknown')
             ORDER BY l.id DESC LIMIT 1",
        )?
        .query_row([id.0, but.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let by = other.as_ref().map(|(contact, channel, _)| json(&(contact, channel))).transpose()?;
    let at = other.as_ref().map(|(_, _, at)| *at);
    tx.prepare_cached("UPDATE notice SET told = ?2, told_by = ?3 WHERE id = ?1")?.execute(params![id.0, at, by])?;
    Ok(other.map(|(contact, channel, at)| (from_ms(at), (contact, ChannelId::from(channel)))))
}

pub fn give_up(tx: &Transaction, id: NoticeId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notice SET letter = NULL, state = 'given_up' WHERE id = ?1")?.execute([id.0])?;
    Ok(())
}

// ---------------------------------------------------------------- letters

/// What is sealed of a letter. No `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Words {
    pub name: String,
    pub address: String,
    pub subject: Option<String>,
    pub text: String,
}

/// A letter as stored, without its words.
#[derive(Clone, Debug)]
pub struct LetterRow {
    pub id: LetterId,
    pub channel: ChannelId,
    pub role: Role,
    pub state: String,
    pub about_children: bool,
    pub digest: Vec<u8>,
    pub contact: u32,
    pub claimed: Time,
    pub attempts: u32,
    pub next_at: Option<Time>,
    pub accepted: Option<Time>,
    pub receipt_by: Option<Time>,
    pub gateway_id: Option<String>,
    pub boot: String,
    pub repeated: bool,
    pub why: Option<String>,
    pub pupil: Option<PupilId>,
}

pub struct NewLetter<'a> {
    pub channel: &'a ChannelId,
    pub role: &'a Role,
    pub about_children: bool,
    pub digest: [u8; 32],
    pub contact: u32,
    pub boot: &'a str,
    pub counts: bool,
    pub pupil: Option<PupilId>,
    pub words: &'a Words,
    pub notices: &'a [NoticeId],
}

/// Writes a letter down as being sent (attempt 1) before a byte of it leaves.
pub fn claim(tx: &Transaction, vault: &Vault, l: &NewLetter, now: Time) -> Result<LetterId, StoreError> {
    let id: i64 = tx.prepare_cached("SELECT ifnull(max(id), 0) + 1 FROM letter")?.query_row([], |r| r.get(0))?;
    let sealed = vault.seal_json(Cell("letter.words", id), l.words)?;
    tx.prepare_cached(
        "INSERT INTO letter (id, channel, role, state, about_children, address_digest, contact, claimed, attempts, boot,
         counts, pupil, sealed_words) VALUES (?1, ?2, ?3, 'sending', ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        id,
        l.channel.as_str(),
        l.role.as_str(),
        l.about_children,
        l.digest.as_slice(),
        l.contact,
        ms(now),
        l.boot,
        l.counts,
        l.pupil.map(|p| p.0),
        sealed
    ])?;
    for n in l.notices {
        tx.prepare_cached("INSERT INTO letter_notice (letter, notice) VALUES (?1, ?2)")?.execute(params![id, n.0])?;
        tx.prepare_cached("UPDATE notice SET letter = ?1 WHERE id = ?2")?.execute(params![id, n.0])?;
        set_free(tx, *n, now)?;
    }
    Ok(LetterId(id))
}

const LETTER: &str =
    "id, channel, role, state, about_children, address_digest, contact, claimed, attempts, next_at, accepted,
    receipt_by, gateway_id, boot, repeated, why, pupil";

fn read_letter(r: &Row) -> Result<LetterRow, rusqlite::Error> {
    let t = |v: Option<i64>| v.map(from_ms);
    Ok(LetterRow {
        id: LetterId(r.get(0)?),
        channel: ChannelId::from(r.get::<_, String>(1)?),
        role: Role::from(r.get::<_, String>(2)?),
        state: r.get(3)?,
        about_children: r.get(4)?,
        digest: r.get(5)?,
        contact: r.get(6)?,
        claimed: from_ms(r.get(7)?),
        attempts: r.get(8)?,
        next_at: t(r.get(9)?),
        accepted: t(r.get(10)?),
        receipt_by: t(r.get(11)?),
        gateway_id: r.get(12)?,
        boot: r.get(13)?,
        repeated: r.get(14)?,
        why: r.get(15)?,
        pupil: r.get::<_, Option<i64>>(16)?.map(PupilId),
    })
}

pub fn letter(conn: &Connection, id: LetterId) -> Result<Option<LetterRow>, StoreError> {
    let sql = format!("SELECT {LETTER} FROM letter WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id.0], read_letter).optional()?)
}

pub fn letters(conn: &Connection) -> Result<Vec<LetterRow>, StoreError> {
    let sql = format!("SELECT {LETTER} FROM letter ORDER BY id");
    Ok(conn.prepare_cached(&sql)?.query_map([], read_letter)?.collect::<Result<_, _>>()?)
}

/// Letters to an address, oldest first.
pub fn letters_to(conn: &Connection, digest: &[u8; 32]) -> Result<Vec<LetterRow>, StoreError> {
    let sql = format!("SELECT {LETTER} FROM letter WHERE address_digest = ?1 ORDER BY id");
    Ok(conn.prepare_cached(&sql)?.query_map([digest], read_letter)?.collect::<Result<_, _>>()?)
}

/// Letters under way: being sent, or waiting for another attempt.
pub fn under_way(conn: &Connection) -> Result<Vec<LetterRow>, StoreError> {
    let sql = format!("SELECT {LETTER} FROM letter WHERE state IN ('sending', 'waiting') ORDER BY id");
    Ok(conn.prepare_cached(&sql)?.query_map([], read_letter)?.collect::<Result<_, _>>()?)
}

/// Accepted letters whose receipt is overdue or awaited.
pub fn awaiting_receipt(conn: &Connection) -> Result<Vec<LetterRow>, StoreError> {
    let sql = format!(
        "SELECT {LETTER} FROM letter WHERE state = 'accepted' AND receipt_by IS NOT NULL ORDER BY receipt_by, id"
    );
    Ok(conn.prepare_cached(&sql)?.query_map([], read_letter)?.collect::<Result<_, _>>()?)
}

pub fn words(conn: &Connection, vault: &Vault, id: LetterId) -> Result<Option<Words>, StoreError> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT sealed_words FROM letter WHERE id = ?1")?
        .query_row([id.0], |r| r.get(0))
        .optional()?;
    sealed.map(|s| vault.unseal_json(Cell("letter.words", id.0), &s)).transpose()
}

pub fn set_words(tx: &Transaction, vault: &Vault, id: LetterId, words: &Words) -> Result<(), StoreError> {
    let sealed = vault.seal_json(Cell("letter.words", id.0), words)?;
    tx.prepare_cached("UPDATE letter SET sealed_words = ?2 WHERE id = ?1")?.execute(params![id.0, sealed])?;
    Ok(())
}

pub fn notices_of(conn: &Connection, id: LetterId) -> Result<Vec<Notice>, StoreError> {
    let columns = COLUMNS.split(',').map(|c| format!("n.{}", c.trim())).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns} FROM notice n JOIN letter_notice l ON l.notice = n.id WHERE l.letter = ?1 ORDER BY n.id"
    );
    collect(&mut conn.prepare_cached(&sql)?, [id.0])
}

/// Notices that a letter under way carries and that still wait.
pub fn carried(conn: &Connection, id: LetterId) -> Result<Vec<Notice>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE letter = ?1 AND state = 'waiting' ORDER BY id");
    collect(&mut conn.prepare_cached(&sql)?, [id.0])
}

/// A letter with the notice is on its way.
pub fn is_under_way(conn: &Connection, id: NoticeId) -> Result<bool, StoreError> {
    let sql = "SELECT letter IS NOT NULL FROM notice WHERE id = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([id.0], |r| r.get(0)).optional()?.unwrap_or(false))
}

/// A notice goes no more with a letter that waits for another attempt.
pub fn take_out(tx: &Transaction, id: LetterId, notice: NoticeId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM letter_notice WHERE letter = ?1 AND notice = ?2")?.execute([id.0, notice.0])?;
    tx.prepare_cached("UPDATE notice SET letter = NULL WHERE id = ?1 AND letter = ?2")?.execute([notice.0, id.0])?;
    Ok(())
}

/// The address and channel of the letter that last told the recipient of a case or an incident.
pub fn last_way(conn: &Connection, about: About, to: &Recipient) -> Result<Option<(Vec<u8>, ChannelId)>, StoreError> {
    let sql = "SELECT l.address_digest, l.channel FROM letter l
         JOIN letter_notice c ON c.letter = l.id JOIN notice n ON n.id = c.notice
         WHERE n.about = ?1 AND n.office = ?2 AND n.person = ?3 AND n.rung <> 'reply'
           AND l.accepted IS NOT NULL AND l.state <> 'failed' ORDER BY l.accepted DESC, l.id DESC LIMIT 1";
    let row = conn.prepare_cached(sql)?.query_row(params![about_text(about), to.office, to.person], |r| {
        Ok((r.get(0)?, ChannelId::from(r.get::<_, String>(1)?)))
    });
    Ok(row.optional()?)
}

/// Another attempt begins.
pub fn begin_attempt(tx: &Transaction, id: LetterId, boot: &str, repeated: bool) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE letter SET state = 'sending', attempts = attempts + 1, next_at = NULL, boot = ?2,
         repeated = max(repeated, ?3) WHERE id = ?1",
    )?
    .execute(params![id.0, boot, repeated])?;
    Ok(())
}

pub fn wait_until(tx: &Transaction, id: LetterId, at: Time, why: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE letter SET state = 'waiting', next_at = ?2, why = ?3 WHERE id = ?1")?
        .execute(params![id.0, ms(at), why])?;
    Ok(())
}

/// The letter that a gateway calls so.
pub fn by_gateway_id(conn: &Connection, channel: &ChannelId, id: &str) -> Result<Option<LetterId>, StoreError> {
    let sql = "SELECT id FROM letter WHERE channel = ?1 AND gateway_id = ?2 ORDER BY id DESC LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row(params![channel.as_str(), id], |r| r.get(0).map(LetterId)).optional()?)
}

/// This reply has come before.
pub fn has_come(conn: &Connection, digest: &[u8; 32]) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM incoming WHERE digest = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([digest], |r| r.get::<_, i64>(0))? > 0)
}

/// This reply has come, and has been obeyed.
pub fn note_incoming(tx: &Transaction, digest: &[u8; 32], now: Time) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO incoming (digest, at) VALUES (?1, ?2)")?
        .execute(params![digest, ms(now)])?;
    Ok(())
}

/// Gateways repeat themselves for days, not for months.
pub fn forget_incoming(tx: &Transaction, before: Time) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM incoming WHERE at < ?1")?.execute([ms(before)])?;
    Ok(())
}

/// Unknown letters about which their gateway is being asked.
pub fn in_question(conn: &Connection) -> Result<Vec<LetterRow>, StoreError> {
    let sql =
        format!("SELECT {LETTER} FROM letter WHERE state = 'unknown' AND next_at IS NOT NULL ORDER BY next_at, id");
    Ok(conn.prepare_cached(&sql)?.query_map([], read_letter)?.collect::<Result<_, _>>()?)
}

/// Unknown, and its gateway is to be asked then; it was asked so often before.
pub fn ask_at(tx: &Transaction, id: LetterId, at: Time, asked: u32) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE letter SET state = 'unknown', next_at = ?2, why = ?3 WHERE id = ?1")?
        .execute(params![id.0, ms(at), format!("query {asked}")])?;
    Ok(())
}

/// Accepted (or unknown, which counts as told).
pub fn told_by_letter(
    tx: &Transaction,
    l: &LetterRow,
    state: &str,
    gateway_id: Option<&str>,
    receipt_by: Option<Time>,
    now: Time,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE letter SET state = ?2, accepted = ?3, gateway_id = ?4, receipt_by = ?5, next_at = NULL WHERE id = ?1",
    )?
    .execute(params![l.id.0, state, ms(now), gateway_id, receipt_by.map(ms)])?;
    let by = json(&(l.contact, &l.channel))?;
    tx.prepare_cached(
        "UPDATE notice SET state = 'told', told = ?2, told_by = ?3, letter = NULL
         WHERE letter = ?1 AND state = 'waiting'",
    )?
    .execute(params![l.id.0, ms(now), by])?;
    Ok(())
}

pub fn set_letter_state(tx: &Transaction, id: LetterId, state: &str, why: Option<&str>) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE letter SET state = ?2, why = ifnull(?3, why), next_at = NULL, receipt_by = NULL WHERE id = ?1",
    )?
    .execute(params![id.0, state, why])?;
    Ok(())
}

/// When a letter of that family last went to the address (accepted, or under way).
pub fn last_to(conn: &Connection, digest: &[u8; 32], about_children: bool) -> Result<Option<Time>, StoreError> {
    let t: Option<i64> = conn
        .prepare_cached(
            "SELECT max(ifnull(accepted, claimed)) FROM letter
             WHERE address_digest = ?1 AND about_children = ?2 AND state <> 'failed'",
        )?
        .query_row(params![digest.as_slice(), about_children], |r| r.get(0))?;
    Ok(t.map(from_ms))
}

/// Letters that have come to an end although a notice waits for them.
pub fn untold(conn: &Connection) -> Result<Vec<LetterId>, StoreError> {
    let mut q = conn.prepare_cached(
        "SELECT DISTINCT n.letter FROM notice n JOIN letter l ON l.id = n.letter
         WHERE n.state IN ('waiting', 'held') AND l.state IN ('accepted', 'delivered', 'failed') ORDER BY n.letter",
    )?;
    let out = q.query_map([], |r| r.get(0).map(LetterId))?.collect::<Result<_, _>>()?;
    Ok(out)
}

/// A letter to the address was accepted after an instant.
pub fn accepted_since(conn: &Connection, digest: &[u8; 32], since: Time) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM letter WHERE address_digest = ?1 AND state IN ('accepted', 'delivered') AND accepted > ?2";
    let n: i64 = conn.prepare_cached(sql)?.query_row(params![digest.as_slice(), ms(since)], |r| r.get(0))?;
    Ok(n > 0)
}

/// SMS about a pupil to one number that count for a day: accepted on it, whatever a receipt said of them, or under way.
pub fn counted(conn: &Connection, digest: &[u8; 32], pupil: PupilId, from: Time, to: Time) -> Result<u32, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT count(*) FROM letter WHERE address_digest = ?1 AND pupil = ?2 AND counts = 1
             AND ((accepted >= ?3 AND accepted < ?4) OR (accepted IS NULL AND state <> 'failed'))",
        )?
        .query_row(params![digest.as_slice(), pupil.0, ms(from), ms(to)], |r| r.get(0))?)
}

// ---------------------------------------------------------------- addresses and channels

pub fn is_dead(conn: &Connection, digest: &[u8]) -> Result<bool, StoreError> {
    let found: Option<i64> = conn
        .prepare_cached("SELECT 1 FROM dead_address WHERE digest = ?1")?
        .query_row([digest], |r| r.get(0))
        .optional()?;
    Ok(found.is_some())
}

pub fn all_dead(conn: &Connection) -> Result<std::collections::BTreeSet<Vec<u8>>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT digest FROM dead_address")?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?)
}

pub fn bury(tx: &Transaction, digest: &[u8], channel: &ChannelId, now: Time) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO dead_address (digest, since, channel) VALUES (?1, ?2, ?3)")?
        .execute(params![digest, ms(now), channel.as_str()])?;
    Ok(())
}

#[derive(Clone, Debug, Default)]
pub struct ChannelState {
    pub down_since: Option<Time>,
    pub why: Option<String>,
    pub not_before: Option<Time>,
    pub last_ok: Option<Time>,
    /// Since when letters have waited without a success, one after another.
    pub waiting_since: Option<Time>,
    /// When the last of them ceased to wait; none: one waits.
    pub waiting_until: Option<Time>,
}

pub fn channel(conn: &Connection, id: &ChannelId) -> Result<ChannelState, StoreError> {
    Ok(conn
        .prepare_cached("SELECT down_since, why, not_before, last_ok, waiting_since, waiting_until FROM channel_state WHERE channel = ?1")?
        .query_row([id.as_str()], |r| {
            let t = |v: Option<i64>| v.map(from_ms);
            Ok(ChannelState {
                down_since: t(r.get(0)?),
                why: r.get(1)?,
                not_before: t(r.get(2)?),
                last_ok: t(r.get(3)?),
                waiting_since: t(r.get(4)?),
                waiting_until: t(r.get(5)?),
            })
        })
        .optional()?
        .unwrap_or_default())
}

pub fn set_channel(tx: &Transaction, id: &ChannelId, s: &ChannelState) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO channel_state (channel, down_since, why, not_before, last_ok, waiting_since, waiting_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET down_since = ?2, why = ?3, not_before = ?4, last_ok = ?5, waiting_since = ?6,
             waiting_until = ?7",
    )?
    .execute(params![
        id.as_str(),
        s.down_since.map(ms),
        s.why,
        s.not_before.map(ms),
        s.last_ok.map(ms),
        s.waiting_since.map(ms),
        s.waiting_until.map(ms)
    ])?;
    Ok(())
}

/// A letter that sets out so soon after another has waited in its place.
const MOMENT: TimeDelta = TimeDelta::seconds(10);

/// Whether letters wait at a channel now: since when they do is written down, one after another being one wait.
pub fn note_waiting(tx: &Transaction, id: &ChannelId, now: Time) -> Result<(), StoreError> {
    // One that waits for the end of the quiet hours, or that has become pointless, does not wait for the channel.
    let sql = "SELECT 1 FROM letter l JOIN notice n ON n.letter = l.id
               WHERE l.channel = ?1 AND l.state IN ('sending', 'waiting') AND n.state = 'waiting' AND n.free_since <= ?2
               LIMIT 1";
    let waits = tx.prepare_cached(sql)?.exists(params![id.as_str(), ms(now)])?;
    let mut state = channel(tx, id)?;
    let before = (state.waiting_since, state.waiting_until);
    if !waits {
        state.waiting_until = state.waiting_until.or(state.waiting_since.map(|_| now));
    } else {
        let is_one = state.waiting_until.is_none_or(|until| now - until <= MOMENT);
        state.waiting_since = state.waiting_since.filter(|_| is_one).or(Some(now));
        state.waiting_until = None;
    }
    if before != (state.waiting_since, state.waiting_until) {
        set_channel(tx, id, &state)?;
    }
    Ok(())
}
