//! Upkeep: follow-ups that are erased after their time, and the nightly audit. Idempotent; called when it says, or more often.

use super::{StepError, auditor};
use crate::domain::Time;
use crate::domain::policy::Policy;
use crate::store::{Db, cases, outbox};
use chrono::TimeDelta;

/// So long a second copy of a reply is known.
const REPLIES: TimeDelta = TimeDelta::days(90);

/// Erases, audits; when to be called again.
///
/// # Errors
/// Only when the database cannot be read or written.
pub fn run(db: &mut Db, policy: &Policy, now: Time) -> Result<Option<Time>, StepError> {
    let vault = db.vault();
    let next = db.write(|tx| {
        outbox::forget_incoming(tx, now - REPLIES)?;
        cases::erase_follow_ups(tx, &vault, now)?;
        cases::next_erasable(tx, &vault)
    })?;
    let audit = auditor::run(db, policy, now)?;
    Ok(Some(next.map_or(audit, |erased| audit.min(erased))))
}
