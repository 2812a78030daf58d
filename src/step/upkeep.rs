//! Upkeep: follow-ups that are erased after their time. Idempotent; once a day is enough.

use super::StepError;
use crate::domain::Time;
use crate::domain::policy::Policy;
use crate::store::{Db, cases};
use chrono::TimeDelta;

/// A follow-up (no number) is erased 30 days after it closes (cases.md §1).
pub fn run(db: &mut Db, _policy: &Policy, now: Time) -> Result<Option<Time>, StepError> {
    let vault = db.vault();
    db.write(|tx| {
        cases::erase_follow_ups(tx, &vault, now - TimeDelta::days(30))?;
        Ok(Some(now + TimeDelta::days(1)))
    })
}
