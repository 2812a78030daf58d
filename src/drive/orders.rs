//! Orders: everything that the command line asks of whoever holds the database (the daemon over its socket, or the command
//! itself under the lock): commands on cases, the outbox by hand, imports, the log of reads. One JSON form in and out.

use crate::clock;
use crate::domain::case::Event;
use crate::domain::casework::Draft;
use crate::domain::ids::{LetterId, NoticeId, PupilId, SourceId};
use crate::domain::message::{Lang, casework, delivery, run, shell as say};
use crate::domain::notice::{About, Notice, NoticeState};
use crate::domain::policy::Policy;
use crate::domain::{Time, notice};
use crate::step::command::{self, Request};
use crate::step::intake::{Found, IntakeError, import};
use crate::step::machine;
use crate::store::{Db, StoreError, Transaction, cases, deliveries, logbook, outbox, shelf, vault};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What is asked for beside the commands on cases ([`Request`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// `outbox …` on one notice or letter.
    Outbox { act: ByHand, target: String, by: String, reason: Option<String> },
    /// A file that whoever holds the database opens itself.
    Import { file: PathBuf, source: String, stated_at: Option<Time>, confirm: bool, by: Option<String> },
    /// A backup was written.
    BackedUp { file: PathBuf },
    /// Somebody is about to be shown personal data.
    LogRead { what: String, pupil: Option<PupilId> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByHand {
    Retry,
    Cancel,
    Hold,
    /// One notice or letter that was held by hand.
    Release,
}

/// The answer to every order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub ok: bool,
    /// For people: what was done, or why it was refused.
    #[serde(default)]
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Not the request is wrong, but something around it (a file, the disk).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broken: bool,
    /// `import`: what became of the file, for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Value>,
    /// The same for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Answer {
    fn done(message: String) -> Answer {
        Answer { ok: true, message, ..Answer::default() }
    }
    fn refused(message: String) -> Answer {
        Answer { message, ..Answer::default() }
    }
    fn broken(message: String) -> Answer {
        Answer { message, broken: true, ..Answer::default() }
    }
}

/// A request as it came, with what the socket and the command line put beside it.
struct Asked {
    name: String,
    fields: Value,
    uid: Option<u64>,
    /// A reason for what has no place for one in the ledger.
    why: Option<String>,
    lang: Lang,
}

/// Carries out what stands in a request: an order or a command on cases, with `lang`, `why` and `uid` beside it.
pub fn obey(db: &mut Db, policy: &Policy, now: Time, mut request: Value) -> Answer {
    let mut take = |key: &str| request.as_object_mut().and_then(|fields| fields.remove(key));
    let uid = take("uid").and_then(|v| v.as_u64());
    let why = take("why").and_then(|v| v.as_str().map(str::to_owned));
    let lang = take("lang").and_then(|v| serde_json::from_value(v).ok()).unwrap_or(policy.township.lang);
    let name = request["command"].as_str().unwrap_or_default().to_owned();
    let asked = Asked { name, fields: request, uid, why, lang };
    tracing::info!(uid, command = asked.name, "command");
    let done = match asked.name.as_str() {
        "outbox" | "import" | "backed_up" | "log_read" => order(db, policy, now, &asked),
        _ => on_cases(db, policy, now, &asked),
    };
    done.unwrap_or_else(|why| {
        tracing::error!(error = %why, "a command failed");
        Answer::broken(run::request_failed(lang))
    })
}

type Done = Result<Answer, Box<dyn std::error::Error>>;

fn on_cases(db: &mut Db, policy: &Policy, now: Time, asked: &Asked) -> Done {
    let request: Request = match serde_json::from_value(asked.fields.clone()) {
        Ok(request) => request,
        Err(e) => return Ok(Answer::refused(run::request_unreadable(asked.lang, e))),
    };
    let beside = command::Beside { uid: asked.uid, why: asked.why.clone(), lang: Some(asked.lang) };
    let reply = command::obey_in(db, policy, now, &request, &beside)?;
    Ok(Answer { ok: reply.ok, message: reply.message, decision: reply.decision, ..Answer::default() })
}

/// What became of it stands elsewhere; the logbook has whose user id asked for it.
fn write_down(db: &mut Db, now: Time, asked: &Asked) -> Result<(), StoreError> {
    let vault = db.vault();
    db.write(|tx| enter(tx, &vault, now, asked))
}

fn enter(tx: &Transaction, vault: &vault::Vault, now: Time, asked: &Asked) -> Result<(), StoreError> {
    let text = |key: &str| asked.fields[key].as_str().map(str::to_owned);
    let reason = asked.why.clone().or_else(|| text("reason"));
    let target = asked.fields["target"].as_str().unwrap_or_default();
    let meant = match LetterId::parse(target) {
        Some(letter) => outbox::notices_of(tx, letter)?.first().map(|n| n.id),
        None => NoticeId::parse(target),
    };
    let notice = meant.map(|n| shelf::notice_name(tx, n)).transpose()?.flatten();
    let body =
        logbook::Body { by: text("by"), reason, uid: asked.uid, request: asked.fields.clone(), pupil: None, notice };
    logbook::append(tx, vault, now, &asked.name, &body)
}

fn order(db: &mut Db, policy: &Policy, now: Time, asked: &Asked) -> Done {
    let order = match serde_json::from_value(asked.fields.clone()) {
        Ok(order) => order,
        Err(e) => return Ok(Answer::refused(run::request_unreadable(asked.lang, e))),
    };
    Ok(match order {
        Order::Outbox { act, target, by, reason } => {
            if by.trim().is_empty() {
                return Ok(Answer::refused(casework::by_needed(asked.lang)));
            }
            let reason = reason.filter(|r| !r.trim().is_empty());
            if reason.is_none() && act != ByHand::Release {
                return Ok(Answer::refused(say::reason_needed(asked.lang)));
            }
            let vault = db.vault();
            let done: Result<_, StoreError> = db.write(|tx| {
                let hand =
                    Hand { tx, vault: &vault, now, lang: asked.lang, uid: asked.uid, by: &by, why: reason.as_deref() };
                let done = hand.lay_on(act, &target)?;
                if done.is_ok() {
                    enter(tx, &vault, now, asked)?;
                }
                Ok(done)
            });
            done?.map_or_else(Answer::refused, Answer::done)
        }
        Order::Import { file, source, stated_at, confirm, by } => {
            let imported = take_in(db, policy, now, asked.lang, &file, &source, stated_at, confirm, by.as_deref())?;
            if imported.ok {
                write_down(db, now, asked)?;
            }
            imported
        }
        Order::BackedUp { .. } => {
            let vault = db.vault();
            db.write(|tx| {
                machine::backed_up(tx, now)?;
                enter(tx, &vault, now, asked)
            })?;
            Answer::done(String::new())
        }
        Order::LogRead { what, pupil } => {
            let who = asked.uid.map(|uid| uid.to_string()).unwrap_or_default();
            db.write(|tx| vault::log_read(tx, now, &who, &what, pupil))?;
            Answer::done(String::new())
        }
    })
}

/// Writes into the logbook what a command did without an order (it held the database itself).
pub fn note(db: &mut Db, now: Time, what: &str, by: Option<&str>, request: &Value) -> Result<(), StoreError> {
    let vault = db.vault();
    let (by, request) = (by.map(str::to_owned), request.clone());
    let body = logbook::Body { by, reason: None, uid: None, request, pupil: None, notice: None };
    db.write(|tx| logbook::append(tx, &vault, now, what, &body))
}

// ---------------------------------------------------------------- the outbox

/// A person's hand on notices that wait. What the law demands it cannot stop.
struct Hand<'a> {
    tx: &'a Transaction<'a>,
    vault: &'a vault::Vault,
    now: Time,
    lang: Lang,
    uid: Option<u64>,
    by: &'a str,
    why: Option<&'a str>,
}

/// What was done, or why not.
type Laid = Result<String, String>;

impl Hand<'_> {
    fn lay_on(&self, act: ByHand, target: &str) -> Result<Laid, StoreError> {
        let (letter, notices) = match (LetterId::parse(target), NoticeId::parse(target)) {
            (Some(id), _) => match outbox::letter(self.tx, id)? {
                Some(letter) => (Some(letter), outbox::notices_of(self.tx, id)?),
                None => return Ok(Err(say::no_such_letter(self.lang, target))),
            },
            (_, Some(id)) => match outbox::notice(self.tx, id)? {
                Some(notice) => {
                    let carrier = logbook::letter_now(self.tx, id)?;
                    let letter = carrier.map(|l| outbox::letter(self.tx, l)).transpose()?.flatten();
                    (letter, vec![notice])
                }
                None => return Ok(Err(say::no_such_letter(self.lang, target))),
            },
            _ => return Ok(Err(say::not_a_letter(self.lang, target))),
        };
        match act {
            ByHand::Retry => self.retry(letter.as_ref(), &notices),
            ByHand::Cancel => self.cancel(letter.as_ref(), &notices),
            ByHand::Hold => self.hold(letter.as_ref(), &notices),
            ByHand::Release => self.release(&notices),
        }
    }

    /// What failed for good goes again by every way; what waits for another attempt goes at once.
    fn retry(&self, letter: Option<&outbox::LetterRow>, notices: &[Notice]) -> Result<Laid, StoreError> {
        let mut n = 0;
        if let Some(letter) = letter.filter(|l| l.state == "waiting") {
            outbox::wait_until(self.tx, letter.id, self.now, letter.why.as_deref().unwrap_or_default())?;
            n += 1;
        } else {
            for notice in notices.iter().filter(|n| n.state == NoticeState::GivenUp) {
                let fresh = Notice { tried: Vec::new(), ..notice.clone() };
                outbox::put_back(self.tx, &fresh, true)?;
                n += 1;
            }
        }
        Ok(if n > 0 { Ok(say::goes_again(self.lang)) } else { Err(say::nothing_to_retry(self.lang)) })
    }

    fn cancel(&self, letter: Option<&outbox::LetterRow>, notices: &[Notice]) -> Result<Laid, StoreError> {
        if let Err(why) = self.may_stop(letter, notices) {
            return Ok(Err(why));
        }
        let mut n = 0;
        for notice in notices {
            n += outbox::cancel(self.tx, notice.about, |o| o.id == notice.id)?;
        }
        if n == 0 {
            return Ok(Err(say::nothing_waits(self.lang)));
        }
        for notice in notices {
            self.skip(notice)?;
        }
        Ok(Ok(say::cancelled(self.lang, n)))
    }

    fn hold(&self, letter: Option<&outbox::LetterRow>, notices: &[Notice]) -> Result<Laid, StoreError> {
        if let Err(why) = self.may_stop(letter, notices) {
            return Ok(Err(why));
        }
        if letter.is_some() {
            return Ok(Err(say::on_its_way(self.lang)));
        }
        // One that a mass absence holds can be held by hand beside it: the end of the one does not end the other.
        let can_be = |n: &&Notice| n.state == NoticeState::Waiting || n.state == NoticeState::Held && !n.by_hand;
        let waiting: Vec<&Notice> = notices.iter().filter(can_be).collect();
        if waiting.is_empty() {
            return Ok(Err(say::nothing_waits(self.lang)));
        }
        for notice in &waiting {
            outbox::hold_by_hand(self.tx, notice.id)?;
        }
        Ok(Ok(say::held_by_hand(self.lang, waiting.len())))
    }

    fn release(&self, notices: &[Notice]) -> Result<Laid, StoreError> {
        let held: Vec<&Notice> = notices.iter().filter(|n| n.state == NoticeState::Held).collect();
        if held.is_empty() {
            return Ok(Err(say::nothing_held(self.lang)));
        }
        for notice in &held {
            let of_bulk = match notice.about {
                About::Case(id) => cases::get(self.tx, self.vault, id)?.is_some_and(|c| c.held.is_some()),
                _ => false,
            };
            match (of_bulk, notice.by_hand) {
                (true, false) => return Ok(Err(say::held_in_bulk(self.lang))),
                (true, true) => outbox::lift_hand(self.tx, notice.id)?,
                (false, _) => outbox::release(self.tx, notice.id, self.now)?,
            }
        }
        Ok(Ok(casework::released(self.lang, held.len())))
    }

    /// Statutory notices, answers and urgent ones are stopped by nobody; what a channel has in its hands is not called back.
    fn may_stop(&self, letter: Option<&outbox::LetterRow>, notices: &[Notice]) -> Result<(), String> {
        if notices.iter().any(|n| n.statutory) {
            return Err(say::statutory_stays(self.lang));
        }
        if notices.iter().any(|n| n.urgent) {
            return Err(say::urgent_stays(self.lang));
        }
        // What was told must be taken back where it was wrong: a correction is as good as a duty.
        if notices.iter().any(|n| matches!(n.rung.as_str(), notice::CORRECTED | notice::UNCONFIRMED)) {
            return Err(say::correction_stays(self.lang));
        }
        match letter.map(|l| l.state.as_str()) {
            Some("sending") => Err(say::on_its_way(self.lang)),
            Some("accepted" | "delivered" | "unknown") => Err(say::gone_already(self.lang)),
            _ => Ok(()),
        }
    }

    /// The rung of a cancelled notice is skipped for its role, with the reason, so that the ladder goes on.
    fn skip(&self, n: &Notice) -> Result<(), StoreError> {
        let (About::Case(id), Some(ladder)) = (n.about, &n.ladder) else { return Ok(()) };
        let others = outbox::of_subject(self.tx, n.about)?;
        let same =
            |o: &&Notice| o.ladder == n.ladder && o.rung == n.rung && o.telling == n.telling && o.to.role == n.to.role;
        if !others.iter().filter(same).all(|o| o.state == NoticeState::Cancelled) {
            return Ok(());
        }
        let Some(case) = cases::get(self.tx, self.vault, id)? else { return Ok(()) };
        let mut draft = Draft::of(case, self.now);
        draft.emit(Event::RungSkipped {
            ladder: ladder.clone(),
            rung: n.rung.clone(),
            telling: n.telling,
            role: n.to.role.clone(),
            why: say::cancelled_by(self.lang, self.by, self.why.unwrap_or_default()),
        });
        let (school, now) = (n.school.as_ref(), self.now);
        cases::write_for(self.tx, self.vault, &draft.case, &draft.events, school, Some(now), now, self.uid)?;
        deliveries::mark_pupil(self.tx, draft.case.pupil, self.now)
    }
}

// ---------------------------------------------------------------- import

fn take_in(
    db: &mut Db,
    policy: &Policy,
    now: Time,
    lang: Lang,
    path: &Path,
    source: &str,
    stated_at: Option<Time>,
    confirm: bool,
    by: Option<&str>,
) -> Done {
    let id = SourceId::new(source);
    if policy.source(&id).is_none() {
        let known: Vec<&str> = policy.sources.iter().map(|s| s.id.as_str()).collect();
        let hint = Some(delivery::known_sources(lang, known.join(", ")));
        return Ok(Answer { hint, ..Answer::refused(delivery::no_such_source(lang, source)) });
    }
    let opened = File::open(path).and_then(|f| Ok((f.metadata()?, f)));
    let (about, file) = match opened {
        Ok((about, file)) if about.is_file() => (about, file),
        _ => return Ok(Answer::broken(delivery::no_file(lang, path.display()))),
    };
    let modified = about.modified().map_or(now, |m| clock::local(m, policy.township.zone));
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let found = Found { source: id, file_name: &name, modified };
    let received = match import(db, policy, now, &found, &mut BufReader::new(file), stated_at, confirm, by) {
        Ok(received) => received,
        Err(IntakeError::Store(e)) => return Ok(Answer::broken(e.explain(lang))),
        Err(_) => return Ok(Answer::broken(delivery::import_failed(lang))),
    };
    let (report, lines) = super::arrival::tell(lang, source, &received);
    Ok(Answer { ok: true, report: Some(report), lines, ..Answer::default() })
}

/// An order as it goes over the socket.
pub fn wire<T: Serialize>(order: &T, why: Option<&str>, lang: Lang) -> Value {
    let mut value = serde_json::to_value(order).unwrap_or_default();
    value["lang"] = json!(lang);
    if let Some(why) = why {
        value["why"] = why.into();
    }
    value
}
