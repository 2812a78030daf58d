//! Settling: what a channel's answer, a receipt, or the lack of one means for a letter and its notices.

use super::{PROBE, on_unknown};
use crate::domain::Time;
use crate::domain::case::{self, Event, Step};
use crate::domain::climbing::{self, Moves};
use crate::domain::compose::{ATTEMPTS_MAX, backoff};
use crate::domain::ids::{CaseId, ChannelId, IncidentId, LadderId, LetterId, Role};
use crate::domain::incident;
use crate::domain::letter::{Answer, Outcome, Question};
use crate::domain::notice::{About, Notice, NoticeState, Surroundings, Tried};
use crate::domain::policy::{Channel, OnUnknown, Policy};
use crate::domain::text::scrub;
use crate::step::{StepError, incidents as steps, ladder_by_hash};
use crate::store::outbox::{self, LetterRow};
use crate::store::{Db, Transaction, Vault, cases, findings, incidents};
use chrono::TimeDelta;

/// What the channel said of an attempt.
pub fn settle(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    letter: LetterId,
    attempt: u32,
    outcome: Outcome,
    jitter: bool,
) -> Result<(), StepError> {
    let vault = db.vault();
    db.write(|tx| {
        let Some(l) = outbox::letter(tx, letter)? else { return Ok(()) };
        // An answer to an attempt that has been settled otherwise changes nothing.
        if l.state != "sending" || l.attempts != attempt {
            return Ok(());
        }
        settle_in(tx, &vault, policy, now, &l, outcome, jitter)?;
        Ok(outbox::note_waiting(tx, &l.channel, now)?)
    })
}

fn settle_in(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    now: Time,
    l: &LetterRow,
    outcome: Outcome,
    jitter: bool,
) -> Result<(), StepError> {
    match outcome {
        Outcome::Accepted(id) => {
            works(tx, &l.channel, now)?;
            let within = policy.channel(&l.channel).and_then(Channel::receipt_within_s);
            told(tx, vault, l, "accepted", id.as_deref(), within.map(|s| now + TimeDelta::seconds(s)), now)
        }
        Outcome::BadAddress(_) => {
            works(tx, &l.channel, now)?;
            outbox::bury(tx, &l.digest, &l.channel, now)?;
            failed(tx, vault, policy, l, "bad_address", now)
        }
        Outcome::BadMessage(why) => {
            let why = Some(scrub(&why)).filter(|why| !why.is_empty()).unwrap_or_else(|| "bad_message".to_owned());
            findings::set_meta(tx, &refused_key(&l.channel), why.as_bytes())?;
            failed(tx, vault, policy, l, "bad_message", now)
        }
        Outcome::ChannelDown(why) => {
            let mut state = outbox::channel(tx, &l.channel)?;
            state.down_since = state.down_since.or(Some(now));
            state.why = Some(scrub(&why));
            state.not_before = Some(now + PROBE);
            outbox::set_channel(tx, &l.channel, &state)?;
            // Not a way that failed: the channel is passed over while it is down, and waited for if there is no other. What
            // waits there for another attempt need not meet the same refusal first.
            let same = |o: &LetterRow| {
                let unsure = matches!(o.why.as_deref(), Some("unknown" | "idempotent"));
                o.id == l.id || (o.channel == l.channel && o.state == "waiting" && !unsure)
            };
            for letter in outbox::under_way(tx)?.into_iter().filter(same) {
                let carried = outbox::carried(tx, letter.id)?;
                outbox::set_letter_state(tx, letter.id, "failed", Some("channel_down"))?;
                for n in carried {
                    outbox::put_back(tx, &n, false)?;
                }
            }
            Ok(())
        }
        Outcome::NotBefore { seconds, why } => {
            let at = now + TimeDelta::seconds(seconds.into());
            let mut state = outbox::channel(tx, &l.channel)?;
            state.not_before = Some(at);
            outbox::set_channel(tx, &l.channel, &state)?;
            outbox::wait_until(tx, l.id, at, &scrub(&why))?;
            Ok(())
        }
        Outcome::Passing(why) => {
            if l.attempts >= ATTEMPTS_MAX {
                return failed(tx, vault, policy, l, &scrub(&why), now);
            }
            outbox::wait_until(tx, l.id, now + backoff(l.id.0, l.attempts, jitter), &scrub(&why))?;
            Ok(())
        }
        Outcome::Unknown(_) => unknown(tx, vault, policy, l, now, jitter),
    }
}

fn refused_key(channel: &ChannelId) -> String {
    format!("refused:{channel}")
}

/// Why the channel's gateway refused a message, if that is not mended.
pub fn refused(tx: &Transaction, channel: &ChannelId) -> Result<Option<String>, StepError> {
    Ok(findings::meta_text(tx, &refused_key(channel))?.filter(|why| !why.is_empty()))
}

/// A success mends the channel; one that refused a message only after an incident has said so.
fn works(tx: &Transaction, channel: &ChannelId, now: Time) -> Result<(), StepError> {
    let state = outbox::ChannelState { last_ok: Some(now), ..Default::default() };
    outbox::set_channel(tx, channel, &state)?;
    if refused(tx, channel)?.is_some()
        && steps::find_open(tx, incident::CHANNEL_DOWN, channel.as_str())?.is_some_and(|i| i.opened < now)
    {
        findings::set_meta(tx, &refused_key(channel), b"")?;
    }
    Ok(())
}

/// The letter was accepted (or nobody knows, which counts as told): its notices are told and their rungs sent.
fn told(
    tx: &Transaction,
    vault: &Vault,
    l: &LetterRow,
    state: &str,
    gateway_id: Option<&str>,
    receipt_by: Option<Time>,
    now: Time,
) -> Result<(), StepError> {
    let notices = outbox::carried(tx, l.id)?;
    outbox::told_by_letter(tx, l, state, gateway_id, receipt_by, now)?;
    for n in &notices {
        sent(tx, vault, n, now)?;
    }
    Ok(())
}

/// The rung of a notice counts as sent when its first letter is accepted.
fn sent(tx: &Transaction, vault: &Vault, n: &Notice, now: Time) -> Result<(), StepError> {
    match n.about {
        About::Case(id) => {
            if let (Some(ladder), Some(mut case)) = (&n.ladder, cases::get(tx, vault, id)?)
                && n.telling < outbox::RETIRED
            {
                let role = n.to.role.clone();
                let known = case.climbs.iter().find(|c| c.ladder == *ladder).and_then(|c| c.rungs.get(&n.rung));
                let step = known.and_then(|s| s.tellings.get(&n.telling)).and_then(|t| t.get(&role));
                // Without a step the case was left while the letter was under way: it is told all the same.
                if !matches!(step, Some(Step::Sent(_))) {
                    let event =
                        Event::RungSent { ladder: ladder.clone(), rung: n.rung.clone(), telling: n.telling, role };
                    case::apply(&mut case, now, &event);
                    cases::write(tx, vault, &case, &[event], n.school.as_ref(), Some(now), now)?;
                }
            }
            cases::wake(tx, id, now)?;
        }
        About::Incident(id) => {
            if let Some(mut i) = incidents::get(tx, id)?
                && n.ladder.is_some()
            {
                if let Some(climb) = &mut i.body.climb {
                    case::step_rung(climb, &n.rung, n.telling, &n.to.role, Step::Sent(now));
                }
                incidents::write(tx, &i, Some(now))?;
            }
            if let Some(i) = incidents::get(tx, id)?.filter(|i| i.closed.is_some()) {
                let around = Surroundings { school: i.school.clone(), ..Surroundings::default() };
                steps::tell_mended(tx, &i, &around, now)?;
            }
        }
        About::Township(_) => {}
    }
    Ok(())
}

/// This way failed for good: the next channel of the contact, then the next contact; without one the notice is given up.
fn failed(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    l: &LetterRow,
    why: &str,
    now: Time,
) -> Result<(), StepError> {
    outbox::set_letter_state(tx, l.id, "failed", Some(why))?;
    for mut n in outbox::carried(tx, l.id)? {
        n.tried.push(Tried { contact: l.contact, channel: l.channel.clone() });
        outbox::put_back(tx, &n, false)?;
        // Without another way the next rung is due at once: the engine's step after this one must see it.
        if super::Desk::open(tx, vault, policy, now)?.waiting(&n, &mut Default::default())?.is_none() {
            given_up(tx, vault, policy, &n, now)?;
        }
    }
    Ok(())
}

fn unknown(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    l: &LetterRow,
    now: Time,
    jitter: bool,
) -> Result<(), StepError> {
    match on_unknown(policy, &l.channel) {
        OnUnknown::Idempotent if l.attempts < ATTEMPTS_MAX => {
            outbox::wait_until(tx, l.id, now + backoff(l.id.0, l.attempts, jitter), "idempotent")?;
            Ok(())
        }
        OnUnknown::ResendOnce if !l.repeated => {
            // Noted as a possible repeat when it goes again.
            outbox::wait_until(tx, l.id, now + backoff(l.id.0, l.attempts, jitter), "unknown")?;
            Ok(())
        }
        OnUnknown::Query => Ok(outbox::ask_at(tx, l.id, now, 0)?),
        OnUnknown::NextContact => next_contact(tx, vault, policy, l, now),
        _ => told(tx, vault, l, "unknown", None, None, now),
    }
}

/// Nobody can say whether it came, and it is not sent again.
pub fn perhaps_told(tx: &Transaction, vault: &Vault, l: &LetterRow, now: Time) -> Result<(), StepError> {
    told(tx, vault, l, "unknown", None, None, now)
}

/// Nobody can say whether it came, and a copy would alarm: it counts as told, and the next contact is told too.
fn next_contact(tx: &Transaction, vault: &Vault, policy: &Policy, l: &LetterRow, now: Time) -> Result<(), StepError> {
    let notices = outbox::carried(tx, l.id)?;
    told(tx, vault, l, "unknown", None, None, now)?;
    for mut n in notices {
        for channel in n.via.clone() {
            n.tried.push(Tried { contact: l.contact, channel });
        }
        if super::Desk::open(tx, vault, policy, now)?.waiting(&n, &mut Default::default())?.is_some() {
            outbox::put_back(tx, &n, true)?;
        }
    }
    Ok(())
}

/// How often a gateway that says nothing is asked before the letter counts as unknown for good.
const ASKED_MAX: u32 = 8;
/// How long an answer to a question is waited for before it is asked again.
const ASKING: TimeDelta = TimeDelta::seconds(60);

/// Letters about which their gateway is to be asked now.
pub fn questions(db: &mut Db, now: Time) -> Result<Vec<Question>, StepError> {
    let vault = db.vault();
    db.write(|tx| {
        let mut out = Vec::new();
        for l in outbox::in_question(tx)?.into_iter().filter(|l| l.next_at.is_some_and(|at| at <= now)) {
            let Some(words) = outbox::words(tx, &vault, l.id)? else { continue };
            outbox::ask_at(tx, l.id, now + ASKING, asked(&l))?;
            let (letter, key) = (l.id, l.id.to_string());
            out.push(Question { letter, key, channel: l.channel, address: words.address, sent: l.claimed.date() });
        }
        Ok(out)
    })
}

/// How often the gateway was asked already.
fn asked(l: &LetterRow) -> u32 {
    l.why.as_deref().and_then(|why| why.strip_prefix("query ")).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What the gateway knew of a letter.
pub fn answered(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    letter: LetterId,
    answer: &Answer,
    jitter: bool,
) -> Result<(), StepError> {
    let vault = db.vault();
    db.write(|tx| {
        // A receipt may have been quicker, or the same question have been answered before.
        let Some(l) = outbox::letter(tx, letter)?.filter(is_in_question) else { return Ok(()) };
        match answer {
            Answer::Accepted | Answer::Delivered | Answer::NotDelivered => {
                works(tx, &l.channel, now)?;
                let within = policy.channel(&l.channel).and_then(Channel::receipt_within_s);
                told(tx, &vault, &l, "accepted", None, within.map(|s| now + TimeDelta::seconds(s)), now)?;
                match answer {
                    Answer::Delivered => Ok(outbox::set_letter_state(tx, l.id, "delivered", None)?),
                    Answer::NotDelivered => not_delivered(tx, &vault, policy, &l, "failed", now),
                    _ => Ok(()),
                }
            }
            Answer::NeverCame => Ok(outbox::wait_until(tx, l.id, now, "never_came")?),
            Answer::NoAnswer(_) if asked(&l) + 1 < ASKED_MAX => {
                let n = asked(&l) + 1;
                Ok(outbox::ask_at(tx, l.id, now + backoff(l.id.0, n, jitter), n)?)
            }
            Answer::NoAnswer(_) | Answer::CannotAsk => next_contact(tx, &vault, policy, &l, now),
        }
    })
}

fn is_in_question(l: &LetterRow) -> bool {
    l.state == "unknown" && l.next_at.is_some()
}

/// Nobody is left to try for a notice. If that holds for all of its rung, `contact_missing` opens and the next rung to
/// another role is due at once.
pub fn given_up(tx: &Transaction, vault: &Vault, policy: &Policy, n: &Notice, now: Time) -> Result<(), StepError> {
    if n.told.is_some() {
        // Perhaps told (nobody knows), and there is no other contact: that stands.
        outbox::set_state(tx, n.id, NoticeState::Told)?;
        return Ok(());
    }
    outbox::give_up(tx, n.id)?;
    let of_role =
        |o: &&Notice| o.ladder == n.ladder && o.rung == n.rung && o.telling == n.telling && o.to.role == n.to.role;
    let is_rung = n.ladder.is_some() && n.telling < outbox::RETIRED;
    if !is_rung || !outbox::of_subject(tx, n.about)?.iter().filter(of_role).all(|o| o.state == NoticeState::GivenUp) {
        return Ok(());
    }
    match (n.about, &n.ladder) {
        (About::Case(id), Some(ladder)) => nobody_of_case(tx, vault, policy, n, id, ladder, now),
        (About::Incident(id), Some(_)) => nobody_of_incident(tx, policy, n, id, now),
        _ => Ok(()),
    }
}

/// Nobody of a role could be told of a child: the ledger says so.
fn nobody_of_case(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    n: &Notice,
    id: CaseId,
    ladder: &LadderId,
    now: Time,
) -> Result<(), StepError> {
    let Some(mut case) = cases::get(tx, vault, id)? else { return Ok(()) };
    let mut moves = Moves::default();
    let mut doubled = Vec::new();
    if let Some(i) = case.climbs.iter().position(|c| c.ladder == *ladder)
        && let Some(l) = ladder_by_hash(tx, policy, &case.climbs[i].hash)
    {
        // A role that means the same people had no notice of its own: it is reached no more than they are.
        let told: Vec<Role> = outbox::of_subject(tx, n.about)?
            .into_iter()
            .filter(|o| o.ladder == n.ladder && o.rung == n.rung && o.telling == n.telling)
            .map(|o| o.to.role)
            .collect();
        let step = |role: &Role| case.climbs[i].rungs.get(&n.rung)?.tellings.get(&n.telling)?.get(role).copied();
        let roles = l.rungs.iter().filter(|r| r.id == n.rung).flat_map(|r| &r.to);
        doubled.extend(roles.filter(|r| !told.contains(r) && matches!(step(r), Some(Step::Sent(_)))).cloned());
        for role in std::iter::once(&n.to.role).chain(&doubled) {
            let (ladder, rung, role) = (ladder.clone(), n.rung.clone(), role.clone());
            let event = Event::RungUnreachable { ladder, rung, telling: n.telling, role };
            case::apply(&mut case, now, &event);
            moves.events.push(event);
        }
        climbing::nobody_reached(&mut case, i, &l, &n.rung, n.telling, now, &mut moves);
    }
    cases::write(tx, vault, &case, &moves.events, n.school.as_ref(), Some(now), now)?;
    let place = n.pupil.map(|p| super::place_of(tx, policy, p, now.date())).transpose()?.flatten();
    let around = Surroundings {
        pupil: n.pupil,
        school: n.school.clone(),
        class: place.and_then(|p| p.1),
        ..Surroundings::default()
    };
    for (_, role) in moves.unreachable.iter().filter(|(_, role)| !doubled.contains(role)) {
        steps::nobody_to_reach(tx, policy, &around, role, now)?;
    }
    Ok(())
}

/// Nobody of a role could be told of an incident: the next rung to another role is due at once there, too.
fn nobody_of_incident(
    tx: &Transaction,
    policy: &Policy,
    n: &Notice,
    id: IncidentId,
    now: Time,
) -> Result<(), StepError> {
    let Some(mut i) = incidents::get(tx, id)?.filter(|i| i.closed.is_none()) else { return Ok(()) };
    let Some(climb) = &mut i.body.climb else { return Ok(()) };
    let Some(ladder) = ladder_by_hash(tx, policy, &climb.hash) else { return Ok(()) };
    case::step_rung(climb, &n.rung, n.telling, &n.to.role, Step::Unreachable(now));
    climbing::bring_forward_of(climb, &ladder, &n.rung, now);
    let missing = climbing::unreachable_roles(climb, &ladder, &n.rung, n.telling);
    incidents::write(tx, &i, Some(now))?;
    let around = Surroundings { school: n.school.clone(), ..Surroundings::default() };
    for (_, role) in missing {
        steps::nobody_to_reach(tx, policy, &around, &role, now)?;
    }
    Ok(())
}

/// A receipt, in any order, early, late or twice; it never revives what is finished.
pub fn receipt(db: &mut Db, policy: &Policy, now: Time, letter: LetterId, delivered: bool) -> Result<(), StepError> {
    let vault = db.vault();
    db.write(|tx| {
        let Some(l) = outbox::letter(tx, letter)? else { return Ok(()) };
        if !matches!(l.state.as_str(), "accepted" | "unknown" | "sending" | "waiting") {
            return Ok(());
        }
        // What is reported on has been accepted, whatever became of the answer.
        if matches!(l.state.as_str(), "sending" | "waiting") || is_in_question(&l) {
            works(tx, &l.channel, now)?;
            told(tx, &vault, &l, "accepted", None, None, now)?;
        }
        if !delivered {
            return not_delivered(tx, &vault, policy, &l, "failed", now);
        }
        outbox::set_letter_state(tx, l.id, "delivered", None)?;
        // Another way was to be tried because the receipt did not come; now it has.
        for n in outbox::notices_of(tx, l.id)? {
            if n.state == NoticeState::Waiting && is_told_by(&n, &l) && !outbox::is_under_way(tx, n.id)? {
                outbox::set_state(tx, n.id, NoticeState::Told)?;
            }
        }
        Ok(())
    })
}

fn is_told_by(n: &Notice, l: &LetterRow) -> bool {
    n.told_by.as_ref() == Some(&(l.contact, l.channel.clone()))
}

/// A receipt says that the letter was not delivered (`failed`: it has told nobody), or none came in time (`unknown`: it
/// has perhaps told): the next way is tried while the notice has a point.
fn not_delivered(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    l: &LetterRow,
    state: &str,
    now: Time,
) -> Result<(), StepError> {
    outbox::set_letter_state(tx, l.id, state, Some("not_delivered"))?;
    for mut n in outbox::notices_of(tx, l.id)?.into_iter().filter(|n| is_told_by(n, l)) {
        if !matches!(n.state, NoticeState::Told | NoticeState::Waiting) {
            continue;
        }
        if state == "failed" {
            (n.told, n.told_by) = outbox::told_otherwise(tx, n.id, l.id)?.unzip();
        }
        let desk = super::Desk::open(tx, vault, policy, now)?;
        if !desk.has_point(&n)? {
            if n.told.is_none() {
                outbox::set_state(tx, n.id, NoticeState::Cancelled)?;
            }
            continue;
        }
        n.tried.push(Tried { contact: l.contact, channel: l.channel.clone() });
        match desk.waiting(&n, &mut Default::default())? {
            Some(_) => outbox::put_back(tx, &n, true)?,
            None => given_up(tx, vault, policy, &n, now)?,
        }
    }
    Ok(())
}

/// Letters whose receipt did not come in time: the next channel or contact is tried.
pub fn receipts_overdue(tx: &Transaction, vault: &Vault, policy: &Policy, now: Time) -> Result<(), StepError> {
    for l in outbox::awaiting_receipt(tx)? {
        if l.receipt_by.is_some_and(|t| t <= now) {
            not_delivered(tx, vault, policy, &l, "unknown", now)?;
        }
    }
    Ok(())
}

/// What stands in `sending` from an earlier start of the daemon is unknown.
pub fn recover(db: &mut Db, policy: &Policy, now: Time, boot: &str) -> Result<(), StepError> {
    let vault = db.vault();
    db.write(|tx| {
        for l in outbox::under_way(tx)? {
            if l.state == "sending" && l.boot != boot {
                unknown(tx, &vault, policy, &l, now, false)?;
            }
        }
        Ok(())
    })
}
