//! Sync, idempotent steps without input of their own: intake, engine, courier, upkeep, and people's commands. Each takes
//! `now` and one database; they know nothing of each other and meet only in the store.

pub mod auditor;
pub mod books;
pub mod command;
pub mod courier;
pub mod engine;
pub mod incidents;
pub mod incoming;
pub mod intake;
pub mod late;
pub mod machine;
pub mod mass;
pub mod papers;
pub mod policy_change;
pub mod pupils;
pub mod township;
pub mod upkeep;

use crate::domain::calendar::Calendar;
use crate::domain::policy::{Ladder, Policy};
use crate::domain::rule::Program;
use crate::domain::rule::ast::Rule;
use crate::store::{Connection, StoreError, findings};
use std::cell::RefCell;
use std::rc::Rc;

/// Why a step could not be finished; nothing of it is in the database then.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a stored text of the policy cannot be read: {0}")]
    Text(String),
}

/// What a policy compiles into for the steps; kept for as long as the policy's content stays the same.
pub struct Prepared {
    pub calendar: Calendar,
    pub program: Program,
}

thread_local! {
    static PREPARED: RefCell<Vec<(String, Rc<Prepared>)>> = const { RefCell::new(Vec::new()) };
}

/// Compiling a term's calendar costs milliseconds; a step every 30 seconds need not pay it again.
pub fn prepared(policy: &Policy) -> Rc<Prepared> {
    PREPARED.with_borrow_mut(|kept| {
        if let Some((_, p)) = kept.iter().find(|(hash, _)| *hash == policy.hash) {
            return Rc::clone(p);
        }
        let calendar = Calendar::new(policy);
        let program = crate::domain::rule::compile(&policy.rules, policy, &calendar);
        let p = Rc::new(Prepared { calendar, program });
        kept.insert(0, (policy.hash.clone(), Rc::clone(&p)));
        kept.truncate(4);
        p
    })
}

/// The ladder of that hash: of the policy in force, or an older version that a climb keeps.
pub fn ladder_by_hash(conn: &Connection, policy: &Policy, hash: &str) -> Option<Ladder> {
    policy.ladders.iter().find(|l| l.hash == hash).cloned().or_else(|| {
        let body = findings::text(conn, "ladder", hash).ok().flatten()?;
        serde_json::from_str(&body).ok()
    })
}

/// The rule of that hash: of the policy in force, or an older version that a case rests on.
pub fn rule_by_hash(conn: &Connection, policy: &Policy, hash: &str) -> Option<Rule> {
    policy.rules.iter().find(|r| r.hash == hash).cloned().or_else(|| {
        let body = findings::text(conn, "rule", hash).ok().flatten()?;
        serde_json::from_str(&body).ok()
    })
}
