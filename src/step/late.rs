//! What should have gone and did not (cases.md §5): channels without a success while letters wait, letters that are stuck,
//! rungs that are overdue.

use super::{StepError, courier, incidents as steps, prepared};
use crate::domain::Time;
use crate::domain::calendar::Calendar;
use crate::domain::ids::ChannelId;
use crate::domain::incident::{self as kind, Condition, Incident};
use crate::domain::notice::{self, About, Notice};
use crate::domain::policy::Policy;
use crate::store::time::from_ms;
use crate::store::{Connection, StoreError, Transaction, Vault, cases, findings, incidents, outbox};
use chrono::TimeDelta;
use serde_json::json;

/// So long without a success while letters wait, and a channel is down.
const SILENT: TimeDelta = TimeDelta::minutes(60);
/// A notice so late is a case's `ladder_overdue`…
const OVERDUE: TimeDelta = TimeDelta::minutes(15);
/// …and a channel's `letters_stuck`.
const STUCK: TimeDelta = TimeDelta::minutes(60);

/// The last end of a sleep: while nothing ran nothing could go, so nothing is late from before it.
fn woke(conn: &Connection) -> Result<Time, StoreError> {
    let at = findings::meta_text(conn, "woke")?.and_then(|s| s.parse().ok()).map(from_ms);
    Ok(at.unwrap_or(Time::MIN))
}

/// What holds now, and when that changes by the clock alone.
pub fn conditions(
    tx: &Transaction,
    policy: &Policy,
    vault: &Vault,
    calendar: &Calendar,
    now: Time,
) -> Result<(Vec<Condition>, Vec<Time>), StepError> {
    let open = incidents::list(tx, false)?;
    let (mut out, mut wakes) = (Vec::new(), Vec::new());
    silent(tx, policy, &open, now, &mut out, &mut wakes)?;
    late(tx, policy, vault, calendar, &open, now, &mut out, &mut wakes)?;
    wakes.retain(|t| *t > now);
    Ok((out, wakes))
}

/// Channels that a configuration error has stopped, and those without a success for an hour in which at every moment a
/// letter waited, be it one after another. Either lasts until the next success.
fn silent(
    tx: &Transaction,
    policy: &Policy,
    open: &[Incident],
    now: Time,
    out: &mut Vec<Condition>,
    wakes: &mut Vec<Time>,
) -> Result<(), StepError> {
    let woke = woke(tx)?;
    for channel in &policy.channels {
        let state = outbox::channel(tx, &channel.id)?;
        let told_from = state.waiting_since.filter(|_| state.waiting_until.is_none()).map(|t| t.max(woke) + SILENT);
        let begun = open.iter().find(|i| i.kind == kind::CHANNEL_DOWN && i.subject == channel.id.as_str());
        let goes_on = begun.is_some_and(|i| state.last_ok.is_none_or(|ok| ok < i.opened));
        let down = state.down_since.is_some() || told_from.is_some_and(|t| t <= now);
        let refused = courier::refused(tx, &channel.id)?;
        if down || goes_on || refused.is_some() {
            let detail = json!({ "why": state.why, "refused": refused.filter(|_| !down) });
            out.push(of_channel(kind::CHANNEL_DOWN, &channel.id, detail));
        }
        wakes.extend(told_from);
    }
    Ok(())
}

fn of_channel(kind: &str, channel: &ChannelId, detail: serde_json::Value) -> Condition {
    Condition { kind: kind.to_owned(), subject: channel.to_string(), school: None, detail, ladder: None }
}

/// Notices that nothing forbids any more and that have not gone. Their time is the instant at which nothing forbade them,
/// whichever way they have tried since; the pace of a channel forbids nothing, one that has stopped is told as such. What
/// has begun lasts until the notice goes.
fn late(
    tx: &Transaction,
    policy: &Policy,
    vault: &Vault,
    calendar: &Calendar,
    open: &[Incident],
    now: Time,
    out: &mut Vec<Condition>,
    wakes: &mut Vec<Time>,
) -> Result<(), StepError> {
    let woke = woke(tx)?;
    let mut add = |c: Condition| {
        if !out.iter().any(|o| o.kind == c.kind && o.subject == c.subject) {
            out.push(c);
        }
    };
    for (n, carrier) in outbox::free(tx)? {
        let Some(free) = n.free_since else { continue };
        let since = free.max(woke);
        let begun = |kind: &str, subject: &str, after: TimeDelta| {
            open.iter().any(|i| i.kind == kind && i.subject == subject && n.made + after <= i.opened)
        };
        let Some((channel, stopped)) = way(tx, policy, vault, &n, carrier, now)? else { continue };
        let forbidden = stopped || is_quiet(policy, calendar, &n, now);
        let late_by = |after: TimeDelta| !forbidden && since + after <= now;
        if late_by(STUCK) || begun(kind::LETTERS_STUCK, channel.as_str(), STUCK) {
            add(of_channel(kind::LETTERS_STUCK, &channel, json!({})));
        }
        if let About::Case(id) = n.about
            && let Some(case) = cases::get(tx, vault, id)?
            && (late_by(OVERDUE) || begun(kind::LADDER_OVERDUE, &steps::case_subject(&case), OVERDUE))
        {
            add(steps::of_case(tx, policy, kind::LADDER_OVERDUE, &case, now)?);
        }
        if !stopped {
            wakes.extend([since + OVERDUE, since + STUCK]);
        }
    }
    Ok(())
}

/// Quiet hours forbid it at this instant, also where it waits for another attempt.
fn is_quiet(policy: &Policy, calendar: &Calendar, n: &Notice, now: Time) -> bool {
    let always = n.urgent || n.rung == notice::REPLY;
    !always && calendar.next_open(now, policy.contacts.hours_of(&n.to.role)) > now
}

/// The channel on which a notice waits, and whether it has stopped.
fn way(
    tx: &Transaction,
    policy: &Policy,
    vault: &Vault,
    n: &Notice,
    carrier: Option<ChannelId>,
    now: Time,
) -> Result<Option<(ChannelId, bool)>, StepError> {
    match carrier {
        // The letter may be the one by which a channel that has stopped is tried again.
        Some(channel) => {
            let stopped = outbox::channel(tx, &channel)?.down_since.is_some();
            Ok(Some((channel, stopped)))
        }
        None => courier::way_of(tx, vault, policy, n, now),
    }
}

/// Some notice that nothing forbids has not gone for so long that it is told: whoever watches is to hear nothing.
pub fn is_any_overdue(conn: &Connection, policy: &Policy, now: Time) -> Result<bool, StoreError> {
    let (woke, ready) = (woke(conn)?, prepared(policy));
    let is_late = |n: &Notice| n.free_since.is_some_and(|free| free.max(woke) + OVERDUE <= now);
    Ok(outbox::free(conn)?.iter().any(|(n, _)| is_late(n) && !is_quiet(policy, &ready.calendar, n, now)))
}
