//! What a new policy means for the database: texts kept by hash, a weakening told; the engine then evaluates everybody.

use super::{StepError, incidents, pupils};
use crate::domain::Time;
use crate::domain::ids::Role;
use crate::domain::notice::{self, About, Surroundings};
use crate::domain::policy::{Ladder, Policy};
use crate::domain::rule::ast::Rule;
use crate::domain::weaken;
use crate::store::{Transaction, findings, outbox};
use serde_json::json;

/// Compares the policy in force with the one of the last step: is it another, so that everybody is to be evaluated in the
/// same transaction?
pub fn notice(tx: &Transaction, policy: &Policy, now: Time) -> Result<bool, StepError> {
    if findings::meta_text(tx, "policy")?.as_deref() == Some(policy.hash.as_str()) {
        return Ok(false);
    }
    let text = |e: serde_json::Error| StepError::Text(format!("{:?}", e.classify()));
    for r in &policy.rules {
        findings::put_text(tx, "rule", r.id.as_str(), &r.hash, &serde_json::to_string(r).map_err(text)?)?;
    }
    for l in &policy.ladders {
        findings::put_text(tx, "ladder", l.id.as_str(), &l.hash, &serde_json::to_string(l).map_err(text)?)?;
    }
    let in_force = serde_json::to_string(&(&policy.rules, &policy.ladders)).map_err(text)?;
    if let Some(before) = findings::meta_text(tx, "in_force")? {
        let (rules, ladders): (Vec<Rule>, Vec<Ladder>) = serde_json::from_str(&before).map_err(text)?;
        let weaker = weaken::difference((&rules, &ladders), (&policy.rules, &policy.ladders));
        if !weaker.is_empty() {
            tell(tx, policy, &weaker, now)?;
        }
    }
    findings::set_meta(tx, "in_force", in_force.as_bytes())?;
    findings::set_meta(tx, "policy", policy.hash.as_bytes())?;
    findings::set_meta(tx, "policy_rejected", b"")?;
    Ok(true)
}

fn tell(tx: &Transaction, policy: &Policy, weaker: &[weaken::Weakening], now: Time) -> Result<(), StepError> {
    let n: u32 = findings::meta_text(tx, "weakenings")?.and_then(|s| s.parse().ok()).unwrap_or(0) + 1;
    findings::set_meta(tx, "weakenings", n.to_string().as_bytes())?;
    for role in ["township_government", "education_office"].map(Role::new) {
        let via = pupils::first_channels(policy, &role);
        for who in notice::resolve(policy, &role, &Surroundings::default()) {
            let facts = json!({ "weaker": weaker });
            let about = About::Township(now.date());
            let notice =
                incidents::township_notice(about, None, notice::WEAKENED, n, who.recipient, via.clone(), now, facts);
            outbox::make(tx, &notice, now)?;
        }
    }
    Ok(())
}

/// A reload did not compile: the old policy runs on, and an incident says so. `None`: one compiled.
pub fn rejected(db: &mut crate::store::Db, problems: Option<&str>) -> Result<(), StepError> {
    db.write(|tx| {
        findings::set_meta(tx, "policy_rejected", problems.unwrap_or_default().as_bytes())?;
        Ok(())
    })
}
