//! The vault: sealing of personal fields, keyed look-ups, pupils' cards and contacts, the log of reads. What is personal
//! is opened here and nowhere else.

use super::{Connection, StoreError, Transaction, from_json, json, time};
use crate::domain::Time;
use crate::domain::evidence::Stamp;
use crate::domain::ids::PupilId;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use rusqlite::{OptionalExtension, params};
use sha2::Sha256;
use zeroize::Zeroize;

/// The key of 64 hex digits. Overwritten in memory when dropped; never printed.
pub struct Key([u8; 32]);

impl Key {
    /// Spaces and line ends around it are passed over.
    pub fn from_hex(s: &str) -> Option<Key> {
        let mut k = [0; 32];
        hex::decode_to_slice(s.trim(), &mut k).ok().map(|()| Key(k))
    }
    /// A new key as text, for `init` and `demo`.
    pub fn generate_hex() -> Result<String, StoreError> {
        let mut k = [0; 32];
        getrandom::fill(&mut k).map_err(|_| StoreError::Random)?;
        let s = hex::encode(k);
        k.zeroize();
        Ok(s)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut m = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for p in parts {
        m.update(&(p.len() as u64).to_le_bytes());
        m.update(p);
    }
    m.finalize().into_bytes().into()
}

/// Sub-keys of the one key: one for sealing, one for look-ups.
pub struct Vault {
    aead: Aes256Gcm,
    lookup: [u8; 32],
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.lookup.zeroize();
    }
}

/// Where a sealed text stands: it cannot be opened in another row or column.
#[derive(Clone, Copy, Debug)]
pub struct Cell(pub &'static str, pub i64);

impl Cell {
    fn bytes(self) -> Vec<u8> {
        format!("{}#{}", self.0, self.1).into_bytes()
    }
}

/// A keyed hash that is fed piece by piece.
pub struct Hasher(Hmac<Sha256>);

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

const CHECK: &[u8] = b"kongchuo";

impl Vault {
    pub fn new(key: &Key) -> Vault {
        let mut seal = hmac(&key.0, &[b"kongchuo seal 1"]);
        let lookup = hmac(&key.0, &[b"kongchuo lookup 1"]);
        let aead = Aes256Gcm::new_from_slice(&seal).expect("an HMAC-SHA256 has the 32 bytes of an AES-256 key");
        seal.zeroize();
        Vault { aead, lookup }
    }

    /// Nonce of 12 random bytes, then the sealed text.
    pub fn seal(&self, cell: Cell, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut out = vec![0; 12];
        getrandom::fill(&mut out).map_err(|_| StoreError::Random)?;
        let nonce = Nonce::try_from(out.as_slice()).map_err(|_| StoreError::Sealed)?;
        let sealed =
            self.aead.encrypt(&nonce, Payload { msg: plain, aad: &cell.bytes() }).map_err(|_| StoreError::Sealed)?;
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub fn unseal(&self, cell: Cell, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (nonce, text) = sealed.split_at_checked(12).ok_or(StoreError::Sealed)?;
        let nonce = Nonce::try_from(nonce).map_err(|_| StoreError::Sealed)?;
        self.aead.decrypt(&nonce, Payload { msg: text, aad: &cell.bytes() }).map_err(|_| StoreError::Sealed)
    }

    pub fn seal_json<T: serde::Serialize>(&self, cell: Cell, v: &T) -> Result<Vec<u8>, StoreError> {
        self.seal(cell, json(v)?.as_bytes())
    }

    pub fn unseal_json<T: serde::de::DeserializeOwned>(&self, cell: Cell, sealed: &[u8]) -> Result<T, StoreError> {
        let plain = self.unseal(cell, sealed)?;
        from_json(std::str::from_utf8(&plain).map_err(|_| StoreError::Sealed)?)
    }

    pub fn unseal_text(&self, cell: Cell, sealed: &[u8]) -> Result<String, StoreError> {
        String::from_utf8(self.unseal(cell, sealed)?).map_err(|_| StoreError::Sealed)
    }

    /// The keyed hash under which something is found again.
    pub fn digest(&self, kind: &str, value: &str) -> [u8; 32] {
        hmac(&self.lookup, &[kind.as_bytes(), value.as_bytes()])
    }

    pub fn digest_bytes(&self, kind: &str, value: &[u8]) -> [u8; 32] {
        hmac(&self.lookup, &[kind.as_bytes(), value])
    }

    /// The same keyed hash over a stream.
    pub fn hasher(&self, kind: &str) -> Hasher {
        let mut m = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.lookup).expect("HMAC takes keys of any length");
        m.update(&(kind.len() as u64).to_le_bytes());
        m.update(kind.as_bytes());
        Hasher(m)
    }

    pub(super) fn check_value(&self) -> Result<Vec<u8>, StoreError> {
        self.seal(Cell("meta.key_check", 0), CHECK)
    }

    pub(super) fn check(&self, sealed: &[u8]) -> Result<(), StoreError> {
        match self.unseal(Cell("meta.key_check", 0), sealed) {
            Ok(v) if v == CHECK => Ok(()),
            _ => Err(StoreError::WrongKey),
        }
    }
}

// ---------------------------------------------------------------- pupils

/// What the vault keeps of a pupil beside the contacts. No `Debug`: it is personal.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Card {
    pub student_no: Option<String>,
    pub id_number: Option<String>,
    pub name: String,
    pub household_township: Option<String>,
    pub household_address: Option<String>,
    pub status_basis: Option<String>,
}

/// One person to reach about a pupil. No `Debug`.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ContactCard {
    pub name: Option<String>,
    pub relation: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub is_carer: bool,
    /// In the register's order, from 0; the entrusted carer last.
    pub position: u32,
}

/// Everything personal about one pupil, for letters and `--identify`. No `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PupilCard {
    pub pupil: PupilId,
    pub student_no: Option<String>,
    pub id_number: Option<String>,
    pub name: String,
    pub household_township: Option<String>,
    pub household_address: Option<String>,
    pub status_basis: Option<String>,
    pub contacts: Vec<ContactCard>,
}

pub fn pupil_card(conn: &Connection, vault: &Vault, pupil: PupilId) -> Result<Option<PupilCard>, StoreError> {
    let sealed: Option<Vec<u8>> = conn
        .prepare_cached("SELECT sealed_card FROM pupil WHERE id = ?1")?
        .query_row([pupil.0], |r| r.get(0))
        .optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let card: Card = vault.unseal_json(Cell("pupil.sealed_card", pupil.0), &sealed)?;
    let mut q = conn.prepare_cached("SELECT sealed FROM contact WHERE pupil = ?1 ORDER BY position")?;
    let contacts = q
        .query_map([pupil.0], |r| r.get::<_, Vec<u8>>(0))?
        .map(|s| vault.unseal_json(Cell("contact.sealed", pupil.0), &s?))
        .collect::<Result<_, StoreError>>()?;
    Ok(Some(PupilCard {
        pupil,
        student_no: card.student_no,
        id_number: card.id_number,
        name: card.name,
        household_township: card.household_township,
        household_address: card.household_address,
        status_basis: card.status_basis,
        contacts,
    }))
}

/// The stamp of the register row that the card comes from.
pub fn card_stamp(conn: &Connection, pupil: PupilId) -> Result<Option<Stamp>, StoreError> {
    Ok(conn
        .prepare_cached("SELECT card_stated_at, card_delivery FROM pupil WHERE id = ?1")?
        .query_row([pupil.0], |r| {
            Ok(Stamp { stated_at: time::from_ms(r.get(0)?), delivery: crate::domain::ids::DeliveryId(r.get(1)?) })
        })
        .optional()?)
}

/// A new reference. The card is sealed under its row, so the row comes first.
pub fn new_pupil(tx: &Transaction, vault: &Vault, card: &Card, stamp: Stamp) -> Result<PupilId, StoreError> {
    tx.prepare_cached("INSERT INTO pupil (sealed_card, card_stated_at, card_delivery) VALUES (x'', ?1, ?2)")?
        .execute(params![time::ms(stamp.stated_at), stamp.delivery.0])?;
    let pupil = PupilId(tx.last_insert_rowid());
    put_card(tx, vault, pupil, card, stamp)?;
    Ok(pupil)
}

pub fn put_card(tx: &Transaction, vault: &Vault, pupil: PupilId, card: &Card, stamp: Stamp) -> Result<(), StoreError> {
    let sealed = vault.seal_json(Cell("pupil.sealed_card", pupil.0), card)?;
    tx.prepare_cached("UPDATE pupil SET sealed_card = ?2, card_stated_at = ?3, card_delivery = ?4 WHERE id = ?1")?
        .execute(params![pupil.0, sealed, time::ms(stamp.stated_at), stamp.delivery.0])?;
    Ok(())
}

/// A newer export says the same of the pupil: the card stays as it is sealed.
pub fn renew_card(tx: &Transaction, pupil: PupilId, stamp: Stamp) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE pupil SET card_stated_at = ?2, card_delivery = ?3 WHERE id = ?1")?.execute(params![
        pupil.0,
        time::ms(stamp.stated_at),
        stamp.delivery.0
    ])?;
    Ok(())
}

pub fn put_contacts(
    tx: &Transaction,
    vault: &Vault,
    pupil: PupilId,
    contacts: &[ContactCard],
) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM contact WHERE pupil = ?1")?.execute([pupil.0])?;
    let mut q = tx.prepare_cached(
        "INSERT INTO contact (pupil, position, is_carer, sealed, phone_digest, email_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for c in contacts {
        let sealed = vault.seal_json(Cell("contact.sealed", pupil.0), c)?;
        q.execute(params![
            pupil.0,
            c.position,
            c.is_carer,
            sealed,
            c.phone.as_deref().map(|p| vault.digest("phone", p)),
            c.email.as_deref().map(|p| vault.digest("email", &p.to_lowercase())),
        ])?;
    }
    Ok(())
}

/// `kind`: `student_no`, `id_number` or `name`.
pub fn put_lookup(tx: &Transaction, vault: &Vault, kind: &str, value: &str, pupil: PupilId) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO pupil_lookup (kind, digest, pupil) VALUES (?1, ?2, ?3)")?
        .execute(params![kind, vault.digest(kind, value), pupil.0])?;
    Ok(())
}

/// Everybody whom the keyed look-up names, ascending.
pub fn lookup(conn: &Connection, vault: &Vault, kind: &str, value: &str) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT pupil FROM pupil_lookup WHERE kind = ?1 AND digest = ?2 ORDER BY pupil")?;
    let found = q.query_map(params![kind, vault.digest(kind, value)], |r| Ok(PupilId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub fn pupil_by_student_no(conn: &Connection, vault: &Vault, no: &str) -> Result<Option<PupilId>, StoreError> {
    Ok(lookup(conn, vault, "student_no", no)?.first().copied())
}

pub fn pupil_by_id_number(conn: &Connection, vault: &Vault, no: &str) -> Result<Option<PupilId>, StoreError> {
    Ok(lookup(conn, vault, "id_number", &no.to_uppercase())?.first().copied())
}

/// As people name a pupil on the command line: a reference (`P-000123`), a student number or an id number.
pub fn pupil_by_reference_or_number(conn: &Connection, vault: &Vault, s: &str) -> Result<Option<PupilId>, StoreError> {
    let s = s.trim();
    if let Some(p) = PupilId::parse(s) {
        let known = conn
            .prepare_cached("SELECT 1 FROM pupil WHERE id = ?1")?
            .query_row([p.0], |_| Ok(()))
            .optional()?
            .is_some();
        if known {
            return Ok(Some(p));
        }
    }
    match pupil_by_student_no(conn, vault, s)? {
        Some(p) => Ok(Some(p)),
        None => pupil_by_id_number(conn, vault, s),
    }
}

/// Pupils one of whose contacts has this phone number (replies).
pub fn pupils_by_phone(conn: &Connection, vault: &Vault, phone: &str) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT DISTINCT pupil FROM contact WHERE phone_digest = ?1 ORDER BY pupil")?;
    let found = q.query_map([vault.digest("phone", phone)], |r| Ok(PupilId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Every pupil there is, ascending.
pub fn all_pupils(conn: &Connection) -> Result<Vec<PupilId>, StoreError> {
    let mut q = conn.prepare_cached("SELECT id FROM pupil ORDER BY id")?;
    let found = q.query_map([], |r| Ok(PupilId(r.get(0)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Writes down that somebody looked at personal data (`--identify`).
pub fn log_read(
    tx: &Transaction,
    at: Time,
    user_id: &str,
    command: &str,
    pupil: Option<PupilId>,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO read_log (at, user_id, command, pupil) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![time::ms(at), user_id, command, pupil.map(|p| p.0)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_in_its_own_cell() {
        let v = Vault::new(&super::super::test_key());
        let s = v.seal(Cell("a.b", 1), "张小雨".as_bytes()).expect("seals");
        assert_eq!(v.unseal_text(Cell("a.b", 1), &s).expect("opens"), "张小雨");
        for wrong in [Cell("a.b", 2), Cell("a.c", 1)] {
            assert!(v.unseal(wrong, &s).is_err());
        }
        assert!(v.unseal(Cell("a.b", 1), &s[..5]).is_err());
        assert_ne!(s, v.seal(Cell("a.b", 1), "张小雨".as_bytes()).expect("seals"), "every nonce is new");
    }

    #[test]
    fn keys_are_64_hex_digits() {
        fn check(s: &str, ok: bool) {
            assert_eq!(Key::from_hex(s).is_some(), ok, "{s}");
        }
        check(&"0a".repeat(32), true);
        check(&format!(" {}\n", "AB".repeat(32)), true);
        check(&"0a".repeat(31), false);
        check(&"zz".repeat(32), false);
        check(&Key::generate_hex().expect("random"), true);
    }
}
