//! What a new policy means for the database: texts kept by hash, a weakening told; the engine then evaluates everybody.

use super::{StepError, incidents, pupils};
use crate::domain::Time;
use crate::domain::calendar::Calendar;
use crate::domain::ids::Role;
use crate::domain::notice::{self, About, Surroundings};
use crate::domain::policy::{CalendarPolicy, Ladder, Policy, PolicyFile, School};
use crate::domain::rule::ast::Rule;
use crate::domain::weaken;
use crate::store::vault::Cell;
use crate::store::{Db, StoreError, Transaction, Vault, findings, outbox};
use serde_json::json;

/// Where the files of the policy in force stand: they name people, so they are sealed.
const FILES: Cell = Cell("meta.policy_files", 0);

/// The files of the policy by which the database was last evaluated, for whoever reads while newer ones have problems.
pub fn files_in_force(db: &Db) -> Result<Option<Vec<PolicyFile>>, StoreError> {
    match findings::meta(db.conn(), "policy_files")? {
        Some(sealed) => Ok(Some(db.vault().unseal_json(FILES, &sealed)?)),
        None => Ok(None),
    }
}

/// Another policy than that of the last step is in force: everybody is to be evaluated in the same transaction.
pub struct Changed {
    /// The calendar of that one if it was another.
    pub calendar_before: Option<Calendar>,
}

/// Compares the policy in force with the one of the last step.
pub fn notice(tx: &Transaction, sealed: &Vault, policy: &Policy, now: Time) -> Result<Option<Changed>, StepError> {
    if findings::meta_text(tx, "policy")?.as_deref() == Some(policy.hash.as_str()) {
        return Ok(None);
    }
    let text = |e: serde_json::Error| StepError::Text(format!("{:?}", e.classify()));
    for r in &policy.rules {
        findings::put_text(tx, "rule", r.id.as_str(), &r.hash, &serde_json::to_string(r).map_err(text)?)?;
    }
    for l in &policy.ladders {
        findings::put_text(tx, "ladder", l.id.as_str(), &l.hash, &serde_json::to_string(l).map_err(text)?)?;
    }
    let in_force = serde_json::to_string(&(&policy.rules, &policy.ladders)).map_err(text)?;
    let switches = weaken::Switches::of(policy);
    let mut weaker = Vec::new();
    if let Some(before) = findings::meta_text(tx, "in_force")? {
        let (rules, ladders): (Vec<Rule>, Vec<Ladder>) = serde_json::from_str(&before).map_err(text)?;
        weaker = weaken::difference((&rules, &ladders), (&policy.rules, &policy.ladders));
    }
    if let Some(before) = findings::meta_text(tx, "switches")? {
        let before: weaken::Switches = serde_json::from_str(&before).map_err(text)?;
        weaker.extend(weaken::silenced(&before, &switches, now.date()));
    }
    if !weaker.is_empty() {
        tell(tx, policy, &weaker, now)?;
    }
    // A channel that stopped may be what was mended: it is tried again at once.
    for channel in &policy.channels {
        let mut state = outbox::channel(tx, &channel.id)?;
        if state.down_since.is_some() {
            state.not_before = Some(now);
            outbox::set_channel(tx, &channel.id, &state)?;
        }
    }
    // The people of a school are no part of its calendar, and nothing personal is kept here.
    let mut schools = policy.schools.clone();
    for s in &mut schools {
        s.contacts.clear();
        s.homerooms.clear();
    }
    let calendar = serde_json::to_string(&(&policy.calendar, &schools)).map_err(text)?;
    let known = findings::meta_text(tx, "calendar")?.filter(|known| *known != calendar);
    let calendar_before = match known {
        Some(known) => {
            let (calendar, schools): (CalendarPolicy, Vec<School>) = serde_json::from_str(&known).map_err(text)?;
            Some(Calendar::of(&calendar, &schools, policy.live_from))
        }
        None => None,
    };
    findings::set_meta(tx, "calendar", calendar.as_bytes())?;
    findings::set_meta(tx, "in_force", in_force.as_bytes())?;
    findings::set_meta(tx, "switches", serde_json::to_string(&switches).map_err(text)?.as_bytes())?;
    findings::set_meta(tx, "policy", policy.hash.as_bytes())?;
    findings::set_meta(tx, "policy_rejected", b"")?;
    let files = sealed.seal_json(FILES, policy.files.as_ref())?;
    findings::set_meta(tx, "policy_files", &files)?;
    Ok(Some(Changed { calendar_before }))
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
