//! The auditor: looks every night, with other eyes than the engine's, whether anything was lost. The ledgers fold to their
//! cases, every wake-up was answered, every letter that went out told its notices; on Sundays everybody is evaluated
//! afresh and compared with what is stored. What is wrong opens an incident; whoever it concerns is evaluated again.

use super::{StepError, engine};
use crate::domain::case;
use crate::domain::finding::Finding;
use crate::domain::ids::PupilId;
use crate::domain::incident::{self as kind, Condition};
use crate::domain::policy::Policy;
use crate::domain::{Time, TimeOfDay};
use crate::store::time::{from_ms, ms};
use crate::store::{Connection, Db, StoreError, Transaction, Vault, cases, deliveries, findings, outbox};
use chrono::{Datelike, Days, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// A wake-up that nobody answered for so long was forgotten.
const FORGOTTEN: TimeDelta = TimeDelta::minutes(15);

/// One thing that is not as it must be: the check that found it, and the id of what it concerns.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Discrepancy {
    pub check: Check,
    pub subject: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// SQLite finds a damaged page.
    File,
    /// The ledger of a case does not give its row.
    Ledger,
    /// What is stored of a pupil's findings is not what the evidence says.
    Finding,
    /// A finding that must have a case has none.
    Caseless,
    /// A case whose time has come was not looked at.
    Asleep,
    /// A letter has come to an end, and a notice that it carried does not know.
    Untold,
}

/// Audits if it is time, and says when the next one is.
pub fn run(db: &mut Db, policy: &Policy, now: Time) -> Result<Time, StepError> {
    let last = instant(db.conn())?;
    let due = last.map_or(now, night_after);
    // A clock that was set back must not put the next audit off.
    if now < due && last.is_some_and(|last| last <= now) {
        return Ok(due);
    }
    let vault = db.vault();
    // A disk that stumbles once is no damaged file: asked again, it finds what it did not read before.
    let sound = db.is_sound()? || db.is_sound()?;
    db.write(|tx| {
        let whole = last.is_none() || now.date().weekday() == Weekday::Sun;
        let mut found = books(tx, &vault, last.filter(|_| !whole), now)?;
        if whole {
            found.extend(afresh(tx, policy, &vault, now)?);
        }
        if !sound {
            found.insert(Discrepancy { check: Check::File, subject: String::new() });
        }
        // A whole audit's word stands until the next whole one: a smaller one has not looked at that again.
        if !whole {
            let only_whole = |d: &Discrepancy| matches!(d.check, Check::Ledger | Check::Finding | Check::Caseless);
            found.extend(standing(tx)?.into_iter().filter(only_whole));
        }
        let text = if found.is_empty() { String::new() } else { crate::store::json(&found)? };
        findings::set_meta(tx, "audit_found", text.as_bytes())?;
        findings::set_meta(tx, "audited", ms(now).to_string().as_bytes())?;
        Ok(night_after(now))
    })
}

fn night_after(t: Time) -> Time {
    let two = TimeOfDay::from_hms_opt(2, 0, 0).unwrap_or(TimeOfDay::MIN);
    let today = t.date().and_time(two);
    if t < today { today } else { (t.date() + Days::new(1)).and_time(two) }
}

fn instant(conn: &Connection) -> Result<Option<Time>, StoreError> {
    Ok(findings::meta_text(conn, "audited")?.and_then(|s| s.parse().ok()).map(from_ms))
}

/// What the last audit found.
pub fn standing(conn: &Connection) -> Result<BTreeSet<Discrepancy>, StoreError> {
    match findings::meta_text(conn, "audit_found")?.filter(|s| !s.is_empty()) {
        Some(text) => crate::store::from_json(&text),
        None => Ok(BTreeSet::new()),
    }
}

/// The incident of the last audit; no subject that is a person's.
pub fn condition(conn: &Connection) -> Result<Option<Condition>, StoreError> {
    let found = standing(conn)?;
    Ok((!found.is_empty()).then(|| Condition {
        kind: kind::AUDIT_FAILED.to_owned(),
        subject: "database".to_owned(),
        school: None,
        detail: json!({ "found": found }),
        ladder: None,
    }))
}

/// What was written against itself: ledgers, wake-ups, letters.
fn books(tx: &Transaction, vault: &Vault, since: Option<Time>, now: Time) -> Result<BTreeSet<Discrepancy>, StepError> {
    let mut found = BTreeSet::new();
    let mut add = |check, subject: String| found.insert(Discrepancy { check, subject });
    // Every ledger on Sundays, between them those that have grown.
    let known = match since {
        None => cases::all(tx, vault, true)?,
        Some(since) => {
            let grown: BTreeSet<_> = cases::events_since(tx, vault, since)?.into_iter().map(|e| e.case).collect();
            grown.into_iter().filter_map(|id| cases::get(tx, vault, id).transpose()).collect::<Result<_, _>>()?
        }
    };
    for stored in known {
        let ledger = cases::ledger(tx, vault, Some(stored.id))?;
        if case::fold(stored.id, ledger.iter().map(|e| (e.at, &e.event))).as_ref() != Some(&stored) {
            add(Check::Ledger, stored.id.to_string());
        }
    }
    for pupil in cases::due_pupils(tx, now - FORGOTTEN)? {
        add(Check::Asleep, pupil.to_string());
        deliveries::mark_pupil(tx, pupil, now)?;
    }
    for letter in outbox::untold(tx)? {
        add(Check::Untold, letter.to_string());
    }
    Ok(found)
}

/// What is stored of findings and cases against the evidence, everybody evaluated afresh.
fn afresh(tx: &Transaction, policy: &Policy, vault: &Vault, now: Time) -> Result<BTreeSet<Discrepancy>, StepError> {
    let mut found = BTreeSet::new();
    // What waits to be evaluated is not wrong yet.
    if !deliveries::dirty_pupils(tx)?.is_empty() {
        return Ok(found);
    }
    let waking: BTreeSet<_> = cases::woken_pupils(tx, now)?.into_iter().collect();
    let fresh = engine::ask(tx, policy, now.date(), None, Some(now))?;
    let stored = findings::all(tx)?;
    let mut add = |check, pupil: PupilId| -> Result<(), StepError> {
        found.insert(Discrepancy { check, subject: pupil.to_string() });
        Ok(deliveries::mark_pupil(tx, pupil, now)?)
    };
    for pupil in differing(&fresh, &stored).into_iter().filter_map(|f| f.subject.pupil) {
        if !waking.contains(&pupil) {
            add(Check::Finding, pupil)?;
        }
    }
    for pupil in fresh.iter().filter(|f| must_have_a_case(policy, f)).filter_map(|f| f.subject.pupil) {
        if !waking.contains(&pupil) && cases::of_pupil(tx, vault, pupil)?.is_empty() {
            add(Check::Caseless, pupil)?;
        }
    }
    Ok(found)
}

/// Findings of pupils that only one side has, or has otherwise. What an older version of a rule had found stays aside.
fn differing<'f>(fresh: &'f [Finding], stored: &'f [Finding]) -> Vec<&'f Finding> {
    let stored: Vec<&Finding> = stored.iter().filter(|f| f.subject.pupil.is_some()).collect();
    let fresh: Vec<&Finding> = fresh.iter().filter(|f| f.subject.pupil.is_some()).collect();
    let same = |a: &Finding, b: &Finding| {
        a.rule == b.rule
            && a.subject.pupil == b.subject.pupil
            && a.fired_on == b.fired_on
            && a.last_on == b.last_on
            && a.open == b.open
    };
    let mut by_pupil: std::collections::BTreeMap<_, (Vec<&Finding>, Vec<&Finding>)> = std::collections::BTreeMap::new();
    fresh.into_iter().for_each(|f| by_pupil.entry(f.subject.pupil).or_default().0.push(f));
    stored.into_iter().for_each(|f| by_pupil.entry(f.subject.pupil).or_default().1.push(f));
    let mut out = Vec::new();
    for (fresh, stored) in by_pupil.into_values() {
        out.extend(fresh.iter().filter(|f| !stored.iter().any(|s| same(f, s))));
        out.extend(stored.iter().filter(|s| !fresh.iter().any(|f| same(f, s))));
    }
    out
}

fn must_have_a_case(policy: &Policy, f: &Finding) -> bool {
    let climbs = policy.rules.iter().any(|r| r.id == f.rule && r.ladder.is_some());
    f.open && climbs && policy.live_from.is_none_or(|from| f.last_on >= from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{CaseId, RuleId};

    fn at(day: u32, hour: u32) -> Time {
        chrono::NaiveDate::from_ymd_opt(2026, 9, day).and_then(|d| d.and_hms_opt(hour, 0, 0)).expect("an instant")
    }

    #[test]
    fn the_next_audit_is_at_two_in_the_night() {
        assert_eq!(night_after(at(16, 1)), at(16, 2));
        assert_eq!(night_after(at(16, 2)), at(17, 2));
        assert_eq!(night_after(at(16, 23)), at(17, 2));
    }

    #[test]
    fn a_case_that_nobody_woke_in_time_and_a_ledger_without_its_row_are_seen() {
        let mut db = Db::open_in_memory(&crate::store::test_key()).expect("opens");
        // Of the pupil only the number matters here.
        db.conn().execute_batch("PRAGMA foreign_keys = OFF").expect("runs");
        let vault = db.vault();
        let found = db.write(|tx| {
            let opened = case::Event::Opened { pupil: PupilId(7), relapse_of: None };
            let row = case::fold(CaseId(1), [(at(14, 9), &opened)]).expect("an opened case");
            cases::write(tx, &vault, &row, &[opened], None, Some(at(14, 9)), at(14, 9))?;
            let checks = |hour| -> Result<Vec<Check>, StepError> {
                Ok(books(tx, &vault, None, at(14, hour))?.into_iter().map(|d| d.check).collect())
            };
            assert_eq!(checks(9)?, []);
            assert_eq!(checks(10)?, [Check::Asleep]);
            let lifted = case::Case { level: 3, ..row };
            cases::write(tx, &vault, &lifted, &[], None, None, at(14, 9))?;
            checks(10)
        });
        assert_eq!(found.expect("written"), [Check::Ledger]);
    }

    #[test]
    fn a_finding_that_only_one_side_has_or_has_otherwise_is_seen() {
        let finding = |last: u32, open| Finding {
            rule: RuleId::new("truancy-3d"),
            rule_hash: "h".into(),
            subject: crate::domain::finding::Subject { school: None, class: None, pupil: Some(PupilId(7)) },
            fired_on: at(14, 0).date(),
            last_on: at(last, 0).date(),
            open,
            measure: None,
            evidence: Vec::new(),
        };
        let check = |fresh: &[Finding], stored: &[Finding], expected: usize| {
            assert_eq!(differing(fresh, stored).len(), expected, "{fresh:?} {stored:?}");
        };
        check(&[], &[], 0);
        check(&[finding(14, true)], &[finding(14, true)], 0);
        check(&[finding(14, true)], &[], 1);
        check(&[], &[finding(14, true)], 1);
        check(&[finding(14, true)], &[finding(14, false)], 2);
        check(&[finding(15, true)], &[finding(14, true)], 2);
    }
}
