//! The courier: notices become letters when they are claimed, letters are settled when a channel has answered. Sending
//! itself happens between the two, with no transaction open. At least once; the letter's id goes out as idempotency key.

mod settle;

pub use settle::{answered, questions, receipt, recover, refused, settle};

use super::{StepError, machine, papers, prepared, pupils};
use crate::domain::calendar::Calendar;
use crate::domain::casework;
use crate::domain::climbing::{address, address_kind};
use crate::domain::compose::{self, Candidate, Way};
use crate::domain::ids::{CaseId, ChannelId, LetterId, SourceId};
use crate::domain::incident::Incident;
use crate::domain::letter::{Addressee, Attachment, Dispatch};
use crate::domain::notice::{self, About, Notice, NoticeState, Reachable, Surroundings};
use crate::domain::policy::{AddressKind, ChannelKind, Mode, OnUnknown, Policy};
use crate::domain::words::{self, Child, Facts, Reader};
use crate::domain::{Date, Time, TimeOfDay, case::State};
use crate::store::outbox::{self, NewLetter, Words};
use crate::store::{
    Connection, Db, StoreError, Transaction, Vault, cases, deliveries, evidence, findings, incidents, vault,
};
use chrono::{Days, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// How often letters wait for a channel that refused them before it is tried again.
const PROBE: TimeDelta = TimeDelta::minutes(15);

static NONE: BTreeSet<SourceId> = BTreeSet::new();

/// Letters that are to be sent now; each is written down as being sent before it is handed out.
pub fn claim(db: &mut Db, policy: &Policy, now: Time, boot: &str) -> Result<Vec<Dispatch>, StepError> {
    claim_within(db, policy, now, boot, &BTreeMap::new(), &BTreeSet::new())
}

/// The same, of each channel at most so many (a channel that is not named: all). What is claimed and not sent before the
/// process dies is unknown: no more is claimed than can be sent at once. `unread`: sources of which files were found that
/// are not read yet; letters about the children of their schools wait.
pub fn claim_within(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    boot: &str,
    room: &BTreeMap<ChannelId, usize>,
    unread: &BTreeSet<SourceId>,
) -> Result<Vec<Dispatch>, StepError> {
    let vault = db.vault();
    let mut room = room.clone();
    let mut has_room = |channel: &ChannelId| match room.get_mut(channel) {
        None => true,
        Some(0) => false,
        Some(free) => {
            *free -= 1;
            true
        }
    };
    db.write(|tx| {
        if machine::mute_until(tx, now)?.is_some() {
            return Ok(Vec::new());
        }
        let desk = Desk { unread, ..Desk::open(tx, &vault, policy, now)? };
        let mut out = desk.retries(boot, &mut has_room)?;
        settle::receipts_overdue(tx, &vault, policy, now)?;
        let waiting = desk.candidates(now)?;
        let ready = prepared(policy);
        let candidates: Vec<Candidate> = waiting.iter().map(|w| desk.candidate(w)).collect();
        let (letters, _) = compose::compose(&candidates, &ready.calendar, now);
        for l in letters {
            let parts: Vec<&Waiting> = l.iter().map(|i| &waiting[*i]).collect();
            if !parts.first().is_some_and(|first| has_room(&first.way.channel)) {
                continue;
            }
            out.push(desk.write(&parts, boot, now)?);
        }
        note_free(tx, &waiting, &candidates, &ready.calendar, now)?;
        for channel in &policy.channels {
            outbox::note_waiting(tx, &channel.id, now)?;
        }
        Ok(out)
    })
}

/// What only the pace of its channel keeps (no room, patience that it asks for) is late all the same: it is written down
/// since when.
fn note_free(
    tx: &Transaction,
    waiting: &[Waiting],
    candidates: &[Candidate],
    calendar: &Calendar,
    now: Time,
) -> Result<(), StoreError> {
    let is_new = |w: &Waiting| !w.stopped && w.notice.free_since.is_none() && w.notice.due <= now;
    if !waiting.iter().any(is_new) {
        return Ok(());
    }
    let at_any_pace: Vec<Candidate> = candidates.iter().map(Candidate::at_any_pace).collect();
    let (letters, _) = compose::compose(&at_any_pace, calendar, now);
    for w in letters.iter().flatten().map(|i| &waiting[*i]).filter(|w| is_new(w)) {
        outbox::set_free(tx, w.notice.id, now)?;
    }
    Ok(())
}

/// When the courier is to be called again.
pub fn next(db: &mut Db, policy: &Policy, now: Time) -> Result<Option<Time>, StepError> {
    let vault = db.vault();
    db.write(|tx| {
        if let Some(until) = machine::mute_until(tx, now)? {
            return Ok(Some(until));
        }
        let desk = Desk::open(tx, &vault, policy, now)?;
        let waiting = desk.candidates(now)?;
        let ready = prepared(policy);
        let candidates: Vec<Candidate> = waiting.iter().map(|w| desk.candidate(w)).collect();
        let (letters, mut next) = compose::compose(&candidates, &ready.calendar, now);
        let mut wake = |t: Time| next = Some(next.map_or(t, |n: Time| n.min(t)));
        if !letters.is_empty() {
            wake(now);
        }
        for l in outbox::under_way(tx)? {
            if let Some(t) = l.next_at {
                wake(t.max(now));
            }
        }
        // Cut off by the pace of a channel: the engine is to look when that is late.
        let (_, deadlines) = super::late::conditions(tx, policy, &vault, &ready.calendar, now)?;
        deadlines.into_iter().for_each(&mut wake);
        for l in outbox::awaiting_receipt(tx)? {
            if let Some(t) = l.receipt_by {
                wake(t.max(now));
            }
        }
        for l in outbox::in_question(tx)? {
            if let Some(t) = l.next_at {
                wake(t.max(now));
            }
        }
        Ok(next)
    })
}

/// The channel that a waiting notice takes next, and whether it has stopped.
pub fn way_of(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    n: &Notice,
    now: Time,
) -> Result<Option<(ChannelId, bool)>, StepError> {
    let next = Desk::open(tx, vault, policy, now)?.waiting(n, &mut BTreeMap::new())?;
    Ok(next.map(|w| (w.way.channel, w.stopped)))
}

/// A waiting notice with the way it takes next.
struct Waiting {
    notice: Notice,
    way: Way,
    last: Option<Time>,
    channel_from: Option<Time>,
    /// The channel takes nothing at all until somebody has mended it.
    stopped: bool,
    counted: Box<dyn Fn(Time) -> u32>,
}

/// What composing reads, opened once a step.
struct Desk<'a> {
    tx: &'a Transaction<'a>,
    vault: &'a Vault,
    policy: &'a Policy,
    /// Subjects are waiting to be evaluated: letters about children wait for them.
    busy: bool,
    /// Sources of which files lie there unread.
    unread: &'a BTreeSet<SourceId>,
    now: Time,
}

impl<'a> Desk<'a> {
    fn open(tx: &'a Transaction<'a>, vault: &'a Vault, policy: &'a Policy, now: Time) -> Result<Self, StoreError> {
        let busy = !deliveries::dirty_pupils(tx)?.is_empty() || deliveries::groups_are_dirty(tx)?;
        Ok(Desk { tx, vault, policy, busy, unread: &NONE, now })
    }

    /// Waiting notices that still have a point and a way; those without are cancelled or given up.
    fn candidates(&self, now: Time) -> Result<Vec<Waiting>, StepError> {
        let mut out = Vec::new();
        let mut kept: BTreeMap<crate::domain::ids::PupilId, Surroundings> = BTreeMap::new();
        for n in outbox::waiting(self.tx)? {
            if compose::is_about_children(&n) && (self.busy || self.unread(&n)?) {
                continue;
            }
            if n.due > now {
                // Looked at when its time has come; only its time matters now.
                if let Some(w) = self.waiting(&n, &mut kept)? {
                    out.push(w);
                }
                continue;
            }
            if !self.has_point(&n)? {
                outbox::set_state(self.tx, n.id, NoticeState::Cancelled)?;
                continue;
            }
            match self.waiting(&n, &mut kept)? {
                Some(w) => out.push(w),
                None => settle::given_up(self.tx, self.vault, self.policy, &n, self.now)?,
            }
        }
        Ok(out)
    }

    /// The school of a notice has a delivery that is not read yet.
    fn unread(&self, n: &Notice) -> Result<bool, StoreError> {
        let Some(school) = &n.school else { return Ok(false) };
        let sources: Vec<_> = self
            .policy
            .sources
            .iter()
            .filter(|s| s.school.as_ref().is_none_or(|x| x == school))
            .map(|s| s.id.clone())
            .collect();
        Ok(sources.iter().any(|s| self.unread.contains(s)) || !deliveries::unread(self.tx, &sources)?.is_empty())
    }

    /// The last look: the case's or incident's state at the instant of claiming.
    fn has_point(&self, n: &Notice) -> Result<bool, StepError> {
        Ok(match n.about {
            About::Township(_) => true,
            About::Incident(id) => {
                let open = incidents::get(self.tx, id)?.is_some_and(|i: Incident| i.closed.is_none());
                open || n.rung == notice::MENDED
            }
            About::Case(id) => {
                let Some(case) = cases::get(self.tx, self.vault, id)? else { return Ok(false) };
                // What would be taken back has been told: perhaps a receipt has said otherwise since.
                let alarmed = || -> Result<bool, StepError> {
                    let told = outbox::told(self.tx, n.about)?;
                    Ok(told.iter().any(|t| t.told && notice::is_alarm(t) && t.to.same_person(&n.to)))
                };
                match n.rung.as_str() {
                    notice::RETURNED => case.state != State::Open && alarmed()?,
                    notice::CORRECTED => alarmed()?,
                    notice::REPLY | notice::UNCONFIRMED | notice::DIGEST => true,
                    _ => case.state == State::Open,
                }
            }
        })
    }

    fn people(
        &self,
        n: &Notice,
        kept: &mut BTreeMap<crate::domain::ids::PupilId, Surroundings>,
    ) -> Result<Option<Reachable>, StepError> {
        let around = match n.pupil {
            Some(p) => {
                if let std::collections::btree_map::Entry::Vacant(e) = kept.entry(p) {
                    let place = place_of(self.tx, self.policy, p, self.now.date())?;
                    let mut s = pupils::surroundings(self.tx, self.vault, p, None)?;
                    s.school = place.as_ref().map(|x| x.0.clone()).or_else(|| n.school.clone());
                    s.class = place.and_then(|x| x.1);
                    e.insert(s);
                }
                kept[&p].clone()
            }
            None => Surroundings { school: n.school.clone(), ..Surroundings::default() },
        };
        Ok(notice::resolve(self.policy, &n.to.role, &around).into_iter().find(|r| r.recipient.same_person(&n.to)))
    }

    /// A rehearsal finds its way as always, and then puts the letter into the folder.
    fn carrier<'c>(&'c self, channel: &'c ChannelId) -> &'c ChannelId {
        let folder = self.policy.channels.iter().find(|c| matches!(c.kind, ChannelKind::Folder { .. })).map(|c| &c.id);
        folder.filter(|_| self.policy.mode == Mode::Rehearsal).unwrap_or(channel)
    }

    /// The next way: every channel of the first contact in order, then of the next; dead addresses and channels that have
    /// stopped are passed over (one that has stopped is waited for if there is nothing else). A letter outside rungs goes
    /// first the way by which its recipient was last told.
    fn waiting(
        &self,
        n: &Notice,
        kept: &mut BTreeMap<crate::domain::ids::PupilId, Surroundings>,
    ) -> Result<Option<Waiting>, StepError> {
        let Some(who) = self.people(n, kept)? else { return Ok(None) };
        let mut stopped: Option<(Way, Time)> = None;
        let mut ways = Vec::new();
        let mut spent = Vec::new();
        for (i, person) in who.contacts.iter().enumerate() {
            let contact = u32::try_from(i).unwrap_or(u32::MAX);
            for channel in &n.via {
                let carrier = self.carrier(channel);
                let Some(address) = address(self.policy, channel, person) else { continue };
                let digest = self.vault.digest("address", &address);
                if n.tried.iter().any(|t| t.contact == contact && t.channel == *carrier) {
                    spent.push((digest, carrier.clone()));
                    continue;
                }
                let sms = address_kind(self.policy, channel) == AddressKind::Phone;
                ways.push(Way { contact, channel: carrier.clone(), name: person.name.clone(), address, digest, sms });
            }
        }
        // Two contacts with one number are one way.
        ways.retain(|way| !spent.iter().any(|(digest, channel)| *digest == way.digest && *channel == way.channel));
        // An answer goes to the phone that wrote and to nobody else.
        if n.rung == notice::REPLY
            && let Some(id) = n.facts.get("to_letter").and_then(serde_json::Value::as_i64)
            && let Some(asked) = outbox::letter(self.tx, LetterId(id))?
        {
            ways.retain(|way| way.digest[..] == asked.digest[..]);
        }
        let own_way = [notice::REPLY, notice::UNCONFIRMED, notice::MORNING, notice::WEAKENED];
        if n.ladder.is_none()
            && !own_way.contains(&n.rung.as_str())
            && let Some((digest, channel)) = outbox::last_way(self.tx, n.about, &n.to)?
        {
            ways.sort_by_key(|way| way.channel != channel || way.digest[..] != digest[..]);
        }
        for way in ways {
            if outbox::is_dead(self.tx, &way.digest)? {
                continue;
            }
            let state = outbox::channel(self.tx, &way.channel)?;
            // The next letter after a while finds out whether it still refuses.
            match state.not_before.filter(|from| state.down_since.is_some() && *from > self.now) {
                Some(from) => {
                    if stopped.is_none() {
                        stopped = Some((way, from));
                    }
                }
                None => return self.of_way(n, way, state.not_before, state.down_since.is_some()).map(Some),
            }
        }
        stopped.map(|(way, from)| self.of_way(n, way, Some(from), true)).transpose()
    }

    fn of_way(&self, n: &Notice, way: Way, channel_from: Option<Time>, stopped: bool) -> Result<Waiting, StepError> {
        let last = outbox::last_to(self.tx, &way.digest, compose::is_about_children(n))?;
        // Counts are asked for by day: today's, and none for days to come.
        let today = self.now.date();
        let from = today.and_time(TimeOfDay::MIN);
        let today_count = match n.pupil {
            Some(p) => outbox::counted(self.tx, &way.digest, p, from, (today + Days::new(1)).and_time(TimeOfDay::MIN))?,
            None => 0,
        };
        let counted = Box::new(move |t: Time| if t.date() == today { today_count } else { 0 });
        Ok(Waiting { notice: n.clone(), way, last, channel_from, stopped, counted })
    }

    fn candidate<'w>(&'w self, w: &'w Waiting) -> Candidate<'w> {
        Candidate {
            notice: w.notice.clone(),
            way: w.way.clone(),
            hours: self.policy.contacts.hours_of(&w.notice.to.role),
            office: reader(self.policy, &w.notice) == Reader::Office,
            last: w.last,
            channel_from: w.channel_from,
            counted: &*w.counted,
        }
    }

    /// Letters that wait for another attempt and whose time has come, after another last look.
    fn retries(&self, boot: &str, has_room: &mut dyn FnMut(&ChannelId) -> bool) -> Result<Vec<Dispatch>, StepError> {
        let (tx, vault, policy, now) = (self.tx, self.vault, self.policy, self.now);
        let ready = prepared(policy);
        let mut out = Vec::new();
        for l in outbox::under_way(tx)? {
            let Some(at) = l.next_at.filter(|t| *t <= now) else { continue };
            let (notices, changed) = self.still_carried(&l)?;
            if notices.is_empty() {
                if matches!(l.why.as_deref(), Some("unknown" | "idempotent")) {
                    // It may have arrived: whoever may have read it is told what followed.
                    settle::perhaps_told(tx, vault, &l, now)?;
                } else {
                    outbox::set_letter_state(tx, l.id, "failed", Some("pointless"))?;
                }
                continue;
            }
            let urgent = notices.iter().any(|n| n.urgent || n.rung == notice::REPLY);
            let open = ready.calendar.next_open(now, policy.contacts.hours_of(&l.role));
            if !urgent && open > now {
                outbox::wait_until(tx, l.id, open, l.why.as_deref().unwrap_or_default())?;
                outbox::free_from(tx, l.id, open)?;
                continue;
            }
            if !has_room(&l.channel) {
                continue;
            }
            let Some(mut words) = outbox::words(tx, vault, l.id)? else { continue };
            // What was not told within a day is composed anew with the day's facts.
            let valid = TimeDelta::seconds(policy.contacts.hours_of(&l.role).valid_s);
            let stale = notices.iter().any(|n| now - n.due > valid) || at - l.claimed > valid;
            if changed || stale {
                let sms = words.subject.is_none();
                let carries = carries(policy, &l.channel, sms);
                let mut said = Vec::new();
                for n in &notices {
                    said.push(say(tx, vault, policy, n, sms, carries, now)?);
                }
                if carries {
                    papers::attach(tx, vault, policy, l.id, &notices.iter().collect::<Vec<_>>(), now)?;
                }
                let (subject, text) = words::join(policy.township.lang, said);
                words = Words { subject: (!sms && !subject.is_empty()).then_some(subject), text, ..words };
                outbox::set_words(tx, vault, l.id, &words)?;
            }
            outbox::begin_attempt(tx, l.id, boot, l.why.as_deref() == Some("unknown"))?;
            let attachments = papers::attached(tx, vault, policy, l.id)?;
            out.push(dispatch(l.id, l.attempts + 1, &l.channel, &l.role, words, attachments, now));
        }
        Ok(out)
    }

    /// What a letter that is tried again still carries, and whether that is less than before. What has lost its point is
    /// cancelled; what would go to an address that is not its recipient's any more waits for another letter.
    fn still_carried(&self, l: &outbox::LetterRow) -> Result<(Vec<Notice>, bool), StepError> {
        let carried = outbox::carried(self.tx, l.id)?;
        let mut still = Vec::new();
        let before = outbox::notices_of(self.tx, l.id)?;
        let many = before.len();
        for n in before {
            let waits = carried.iter().any(|c| c.id == n.id);
            let has_point = waits && self.has_point(&n)?;
            if has_point && self.is_address_of(&n, l)? {
                still.push(n);
                continue;
            }
            if waits && !has_point {
                outbox::set_state(self.tx, n.id, NoticeState::Cancelled)?;
            }
            outbox::take_out(self.tx, l.id, n.id)?;
        }
        let changed = still.len() < many;
        Ok((still, changed))
    }

    /// The register and the contacts still give the recipient the address of the letter, it is not dead, and the way to it
    /// is still this channel (a rehearsal may have begun or ended).
    fn is_address_of(&self, n: &Notice, l: &outbox::LetterRow) -> Result<bool, StepError> {
        if outbox::is_dead(self.tx, &l.digest)? {
            return Ok(false);
        }
        let Some(who) = self.people(n, &mut BTreeMap::new())? else { return Ok(false) };
        let is = |a: Option<String>| a.is_some_and(|a| self.vault.digest("address", &a)[..] == l.digest[..]);
        let same = |c: &&ChannelId| *self.carrier(c) == l.channel;
        Ok(who.contacts.iter().any(|p| n.via.iter().filter(same).any(|c| is(address(self.policy, c, p)))))
    }

    fn write(&self, parts: &[&Waiting], boot: &str, now: Time) -> Result<Dispatch, StepError> {
        let first = parts[0];
        let lang = self.policy.township.lang;
        let mut said = Vec::new();
        let carries = carries(self.policy, &first.way.channel, first.way.sms);
        for w in parts {
            said.push(say(self.tx, self.vault, self.policy, &w.notice, w.way.sms, carries, now)?);
        }
        let (subject, text) = words::join(lang, said);
        let words = Words {
            name: first.way.name.clone(),
            address: first.way.address.clone(),
            subject: (!first.way.sms && !subject.is_empty()).then_some(subject),
            text,
        };
        let ids: Vec<_> = parts.iter().map(|w| w.notice.id).collect();
        let id = outbox::claim(
            self.tx,
            self.vault,
            &NewLetter {
                channel: &first.way.channel,
                role: &first.notice.to.role,
                about_children: compose::is_about_children(&first.notice),
                digest: first.way.digest,
                contact: first.way.contact,
                boot,
                counts: compose::counts(&first.notice, first.way.sms),
                pupil: first.notice.pupil.filter(|_| parts.len() == 1),
                words: &words,
                notices: &ids,
            },
            now,
        )?;
        let mut attachments = Vec::new();
        if carries {
            let notices: Vec<&Notice> = parts.iter().map(|w| &w.notice).collect();
            papers::attach(self.tx, self.vault, self.policy, id, &notices, now)?;
            attachments = papers::attached(self.tx, self.vault, self.policy, id)?;
        }
        Ok(dispatch(id, 1, &first.way.channel, &first.notice.to.role, words, attachments, now))
    }
}

/// Drafts travel with mails and lie beside letters in a folder; a text message only names them.
fn carries(policy: &Policy, channel: &ChannelId, sms: bool) -> bool {
    let kind = policy.channel(channel).map(|c| &c.kind);
    !sms && matches!(kind, Some(ChannelKind::Email(_) | ChannelKind::Folder { .. }))
}

fn dispatch(
    id: LetterId,
    attempt: u32,
    channel: &ChannelId,
    role: &crate::domain::ids::Role,
    words: Words,
    attachments: Vec<Attachment>,
    at: Time,
) -> Dispatch {
    Dispatch {
        letter: id,
        key: id.to_string(),
        attempt,
        channel: channel.clone(),
        to: Addressee { role: role.clone(), name: words.name, address: words.address },
        subject: words.subject,
        text: words.text,
        attachments,
        at,
    }
}

/// School, class and grade.
pub type Place = (crate::domain::ids::SchoolId, Option<crate::domain::ids::ClassName>, Option<u8>);

/// School and class of a pupil today, from the register's history.
pub fn place_of(
    conn: &Connection,
    policy: &Policy,
    pupil: crate::domain::ids::PupilId,
    today: Date,
) -> Result<Option<Place>, StepError> {
    let register = evidence::register_of(conn, pupil)?;
    let ready = prepared(policy);
    let loaded = crate::domain::evidence::Evidence { register, ..Default::default() };
    let roster = crate::domain::timeline::roster(&ready.calendar, &loaded);
    Ok(roster.at(pupil, today).map(|s| (s.school_id.clone(), s.class.clone(), s.grade)))
}

/// The words of one notice with the facts of now.
fn say(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    n: &Notice,
    sms: bool,
    attached: bool,
    now: Time,
) -> Result<words::Said, StepError> {
    let child = match (n.about, n.pupil) {
        (About::Case(id), Some(p)) => Some(child(tx, vault, policy, Some(id), p, now)?),
        (About::Township(_), Some(p)) => Some(child(tx, vault, policy, None, p, now)?),
        _ => None,
    };
    let mut said_facts = n.facts.clone();
    if let Some(decision) = n.facts.get("decision").and_then(serde_json::Value::as_i64) {
        let grounds = crate::store::decisions::grounds(tx, vault, crate::domain::ids::DecisionId(decision))?;
        let grounds = grounds.unwrap_or_default();
        said_facts["by"] = grounds.by.into();
        said_facts["second"] = grounds.second.into();
    }
    if n.rung == notice::REPLY {
        said_facts["answers"] = answers(tx, vault, policy, n)?;
    }
    if n.statutory && matches!(n.about, About::Case(_)) {
        // What a hold makes of the words is decided by the state of the instant: it may begin in the step that made the notice.
        let open = match &n.school {
            Some(s) => super::incidents::find_open(tx, crate::domain::incident::MASS_ABSENCE, s.as_str())?,
            None => None,
        };
        said_facts = serde_json::json!({ "unconfirmed": open.is_some_and(|i| i.body.released.is_none()) });
    }
    let draft = papers::of_notice(tx, vault, n)?;
    let facts = Facts {
        rung: n.rung.as_str(),
        template: n.template.as_deref(),
        document: n.document.as_ref().map(|d| d.as_str()),
        draft: draft.as_ref().map(|(paper, _, number)| (*paper, number.as_str())),
        attached,
        child: child.as_ref(),
        facts: &said_facts,
        sms,
        reader: reader(policy, n),
        subject: spoken_subject(tx, vault, policy, &n.facts)?,
        lang: policy.township.lang,
    };
    Ok(words::say(policy, &facts))
}

/// What an answer says of each case it is about: the child's name; who has taken it on and when, if that was refused.
/// A guardian reads of the child only whom the letter was about.
fn answers(tx: &Transaction, vault: &Vault, policy: &Policy, n: &Notice) -> Result<serde_json::Value, StepError> {
    let mut out = Vec::new();
    for of in n.facts.get("cases").and_then(|c| c.as_array()).map(Vec::as_slice).unwrap_or_default() {
        let Some(id) = of.get("case").and_then(serde_json::Value::as_i64) else { continue };
        let Some(case) = cases::get(tx, vault, CaseId(id))? else { continue };
        if reader(policy, n) == Reader::Guardian && Some(case.pupil) != n.pupil {
            continue;
        }
        let name = vault::pupil_card(tx, vault, case.pupil)?.map(|c| c.name).unwrap_or_default();
        let taken = case.ack.filter(|_| of.get("done").and_then(serde_json::Value::as_bool) == Some(false));
        let taken = taken.map(|a| serde_json::json!({ "by": a.by, "at": words::say_time(a.at) }));
        out.push(serde_json::json!({ "name": name, "taken": taken }));
    }
    Ok(out.into())
}

fn reader(policy: &Policy, n: &Notice) -> Reader {
    if n.to.is_guardian() {
        Reader::Guardian
    } else if notice::is_office(policy, &n.to) {
        Reader::Office
    } else {
        Reader::Staff
    }
}

/// A source or school by its school's name, a pupil by the child's name: what the reader of a letter knows.
fn spoken_subject(
    tx: &Transaction,
    vault: &Vault,
    policy: &Policy,
    facts: &serde_json::Value,
) -> Result<String, StepError> {
    let Some(subject) = facts.get("subject").and_then(|s| s.as_str()) else { return Ok(String::new()) };
    if let Some(school) = policy.schools.iter().find(|s| s.id == subject) {
        return Ok(school.name.clone());
    }
    if let Some(source) = policy.sources.iter().find(|s| s.id == subject) {
        let name = source.school.as_ref().and_then(|s| policy.school(s)).map(|s| s.name.clone());
        return Ok(name.map_or_else(|| subject.to_owned(), |n| format!("{n}（{subject}）")));
    }
    if let Some(pupil) = crate::domain::ids::PupilId::parse(subject)
        && let Some(card) = vault::pupil_card(tx, vault, pupil)?
    {
        return Ok(card.name);
    }
    if let Some(id) = crate::domain::ids::CaseId::parse(subject)
        && let Some(number) = cases::get(tx, vault, id)?.and_then(|c| c.number)
    {
        return Ok(number);
    }
    Ok(subject.to_owned())
}

/// What a letter about a child may draw on, as of now.
pub fn child(
    tx: &Connection,
    vault: &Vault,
    policy: &Policy,
    case: Option<crate::domain::ids::CaseId>,
    pupil: crate::domain::ids::PupilId,
    now: Time,
) -> Result<Child, StepError> {
    let card = vault::pupil_card(tx, vault, pupil)?;
    let case = case.map(|id| cases::get(tx, vault, id)).transpose()?.flatten();
    let ready = prepared(policy);
    let today = now.date();
    let loaded = evidence::load(tx, &[pupil])?;
    let built = crate::domain::timeline::build(policy, &ready.calendar, &loaded, &[pupil], today, None);
    let place = built.roster.at(pupil, today).map(|s| (s.school_id.clone(), s.class.clone()));
    let mut dates: Vec<Date> = Vec::new();
    if let Some(case) = &case {
        let all: Vec<_> =
            findings::of_pupil(tx, pupil, false)?.into_iter().chain(findings::of_pupil(tx, pupil, true)?).collect();
        for g in case.grounds.iter().filter(|g| !g.retracted) {
            match all.iter().find(|f| f.rule == g.rule && f.fired_on == g.fired_on) {
                Some(f) if !f.evidence.is_empty() => dates.extend(&f.evidence),
                _ => dates.push(g.fired_on),
            }
        }
        // After a relapse the days since are what it is about.
        if let Some(on) = case.relapsed_on {
            dates.push(on);
        }
        // Days that count and have made no finding yet, today among them.
        if let (Some(first), Some(timeline)) = (dates.iter().min().copied(), built.timelines.get(&pupil)) {
            let rules = |hash: &str| super::rule_by_hash(tx, policy, hash);
            let since = timeline.days(&ready.calendar).filter(|d| first <= d.date() && d.date() <= today);
            dates.extend(since.filter(|d| casework::counts_for(&rules, case, d)).map(|d| d.date()));
        }
        dates.sort_unstable();
        dates.dedup();
    }
    let school = place.as_ref().and_then(|p| policy.school(&p.0));
    let class = place.as_ref().and_then(|p| p.1.clone());
    let homeroom = school.and_then(|s| class.as_ref().and_then(|c| s.homerooms.get(c)));
    let principal = school.and_then(|s| s.contacts.get("principal"));
    let phone = |p: Option<&crate::domain::policy::Person>| p.and_then(|p| p.phone.clone()).unwrap_or_default();
    Ok(Child {
        name: card.map(|c| c.name).unwrap_or_default(),
        school: school.map(|s| s.name.clone()).unwrap_or_default(),
        class: class.map(|c| c.to_string()).unwrap_or_default(),
        dates,
        homeroom_name: homeroom.map(|p| p.name.clone()).unwrap_or_default(),
        homeroom_phone: phone(homeroom),
        principal_name: principal.map(|p| p.name.clone()).unwrap_or_default(),
        principal_phone: phone(principal),
        level: case.as_ref().map_or(0, |c| c.level),
        number: case.as_ref().and_then(|c| c.number.clone()),
        returned_on: case.and_then(|c| c.returned).map(|r| r.day),
    })
}

/// What becomes of a letter that nobody knows about, as its channel says.
fn on_unknown(policy: &Policy, channel: &ChannelId) -> OnUnknown {
    policy.channel(channel).map_or(OnUnknown::ResendOnce, |c| c.on_unknown)
}
