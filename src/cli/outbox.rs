//! `outbox …`: notices, letters and their outcomes; what a person may do to them by hand.

use super::import::day;
use super::shown::{Shown, short};
use super::table::{Table, bold};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::ids::{LetterId, NoticeId};
use crate::domain::incident;
use crate::domain::message::{casework, shell as say};
use crate::domain::notice::{About, Notice, NoticeState};
use crate::drive::orders::{ByHand, Order};
use crate::step::command::Request;
use crate::store::outbox::LetterRow;
use crate::store::{Db, logbook, outbox};
use serde_json::{Value, json};

/// How many letters a table for people shows.
const SHOWN: usize = 50;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// Notices that wait, then letters. With `--format json`: letters, one a line.
    List {
        /// All letters, not only the latest (JSON has all).
        #[arg(long)]
        all: bool,
        /// Only letters from this day on.
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// Notices that wait or are held instead of letters.
        #[arg(long)]
        notices: bool,
    },
    /// One letter (L-000001) or notice (N-000001) with everything that happened to it.
    Show { id: String },
    /// Send again what failed for good, or at once what waits for another attempt.
    Retry(OneByHand),
    /// Never send it. What the law demands cannot be cancelled.
    Cancel(OneByHand),
    /// Send it only when somebody lets it go. What the law demands cannot be held.
    Hold(OneByHand),
    /// Let go what a mass absence holds (of all schools or one), or one notice that was held by hand.
    Release {
        id: Option<String>,
        #[arg(long)]
        school: Option<String>,
        #[arg(long, value_name = "WHO")]
        by: Option<String>,
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

#[derive(clap::Args, Debug)]
pub struct OneByHand {
    /// A letter (L-000001) or notice (N-000001).
    pub id: String,
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    match &args.action {
        Action::List { all, since, notices } => list(context, *all, since.as_deref(), *notices),
        Action::Show { id } => show(context, id),
        Action::Retry(one) => by_hand(context, ByHand::Retry, one),
        Action::Cancel(one) => by_hand(context, ByHand::Cancel, one),
        Action::Hold(one) => by_hand(context, ByHand::Hold, one),
        Action::Release { id: Some(id), by, reason, .. } => {
            by_hand(context, ByHand::Release, &OneByHand { id: id.clone(), by: by.clone(), reason: reason.clone() })
        }
        Action::Release { id: None, school, by, reason } => {
            let by = name(context, by.as_deref())?;
            let request = Request::Release { kind: incident::MASS_ABSENCE.to_owned(), subject: school.clone(), by };
            let town = Town::open(context)?;
            let answer = town.ask(&request, reason.as_deref())?;
            done(context, &answer.message);
            Ok(Exit::Ok)
        }
    }
}

fn name(context: &Context, by: Option<&str>) -> Result<String, CliError> {
    match by.map(str::trim) {
        Some(by) if !by.is_empty() => Ok(by.to_owned()),
        _ => Err(CliError::usage(casework::by_needed(context.lang))),
    }
}

fn by_hand(context: &Context, act: ByHand, one: &OneByHand) -> Result<Exit, CliError> {
    let by = name(context, one.by.as_deref())?;
    let town = Town::open(context)?;
    let order = Order::Outbox { act, target: one.id.clone(), by, reason: one.reason.clone() };
    let answer = town.ask(&order, None)?;
    done(context, &answer.message);
    Ok(Exit::Ok)
}

fn done(context: &Context, message: &str) {
    if context.json {
        outln!("{}", json!({"ok": true, "message": message}));
    } else {
        outln!("{message}");
    }
}

fn list(context: &Context, all: bool, since: Option<&str>, only_notices: bool) -> Result<Exit, CliError> {
    let lang = context.lang;
    let since = since.map(|text| day(text, lang)).transpose()?;
    let town = Town::open_to_read(context)?;
    let db = town.reader()?;
    let broken = |e| town.broken(e);
    town.log_read(context, "outbox list", None)?;
    let mut shown = Shown::new(context, &town, &db)?;
    let mut letters = outbox::letters(db.conn()).map_err(broken)?;
    letters.retain(|l| since.is_none_or(|day| l.claimed.date() >= day));
    if context.json {
        if only_notices {
            for notice in waiting(&db).map_err(broken)? {
                outln!("{}", notice_json(&mut shown, &notice)?);
            }
        } else {
            for letter in &letters {
                outln!("{}", shown.letter(letter)?);
            }
        }
        return Ok(Exit::Ok);
    }
    outln!("{}", bold(&say::waiting_head(lang), context.colour));
    out!("{}", notice_table(context, &mut shown, &waiting(&db).map_err(broken)?)?);
    if only_notices {
        return Ok(Exit::Ok);
    }
    outln!("\n{}", bold(&say::letters_head(lang), context.colour));
    let earlier = if all { 0 } else { letters.len().saturating_sub(SHOWN) };
    if earlier > 0 {
        outln!("{}", say::earlier(lang, earlier));
    }
    out!("{}", letter_table(context, &mut shown, letters.get(earlier..).unwrap_or_default())?);
    Ok(Exit::Ok)
}

fn waiting(db: &Db) -> Result<Vec<Notice>, crate::store::StoreError> {
    let mut out = outbox::in_state(db.conn(), NoticeState::Waiting)?;
    out.extend(outbox::in_state(db.conn(), NoticeState::Held)?);
    Ok(out)
}

fn notice_table(context: &Context, shown: &mut Shown, notices: &[Notice]) -> Result<String, CliError> {
    let lang = context.lang;
    let mut head = vec![say::col_notice(lang), say::col_state(lang), say::col_due(lang), say::col_rung(lang)];
    head.push(say::col_to(lang));
    head.extend(shown.pupil_head());
    let width = shown.pupil_head().len();
    let mut table = Table::new(head);
    for n in notices {
        let rung = n.ladder.as_ref().map_or_else(|| n.rung.to_string(), |l| format!("{l}/{}", n.rung));
        let mut row = vec![n.id.to_string(), say::notice_state(lang, n.state), short(n.due), rung];
        row.push(n.to.role.to_string());
        row.extend(match n.pupil {
            Some(pupil) => shown.pupil_cells(pupil)?,
            None => vec![String::new(); width],
        });
        table.row(row);
    }
    Ok(if table.is_empty() { say::nothing_found(lang) + "\n" } else { table.render(context.colour) })
}

fn letter_table(context: &Context, shown: &mut Shown, letters: &[LetterRow]) -> Result<String, CliError> {
    let lang = context.lang;
    let mut table = Table::new([
        say::col_letter(lang),
        say::col_at(lang),
        say::col_to(lang),
        say::col_name(lang),
        say::col_channel(lang),
        say::col_rung(lang),
        say::col_pupil(lang),
        say::col_state(lang),
        say::col_attempts(lang),
    ]);
    for letter in letters {
        let line = shown.letter(letter)?;
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let list = |v: &Value| {
            let words = v.as_array().into_iter().flatten().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(" ")
        };
        let repeat = if letter.repeated { say::possible_repeat(lang) } else { String::new() };
        table.row([
            letter.id.to_string(),
            short(letter.accepted.unwrap_or(letter.claimed)),
            letter.role.to_string(),
            text(&line["to"]["name"]),
            letter.channel.to_string(),
            list(&line["rungs"]),
            list(&line["pupils"]),
            say::letter_state(lang, &letter.state) + &repeat,
            letter.attempts.to_string(),
        ]);
    }
    Ok(if table.is_empty() { say::nothing_found(lang) + "\n" } else { table.render(context.colour) })
}

/// A notice for machines.
fn notice_json(shown: &mut Shown, n: &Notice) -> Result<Value, CliError> {
    let about = match n.about {
        About::Case(id) => id.to_string(),
        About::Incident(id) => id.to_string(),
        About::Township(day) => day.to_string(),
    };
    let mut line = json!({
        "notice": n.id.to_string(), "about": about, "ladder": n.ladder, "rung": n.rung, "telling": n.telling,
        "to": {"role": n.to.role}, "state": n.state, "due": shown.time(n.due),
        "not_before": n.not_before.map(|t| shown.time(t)), "told": n.told.map(|t| shown.time(t)),
        "statutory": n.statutory, "urgent": n.urgent, "tried": n.tried,
    });
    if let Some(pupil) = n.pupil {
        shown.put_pupil(&mut line, pupil)?;
    }
    Ok(line)
}

fn show(context: &Context, id: &str) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let db = town.reader()?;
    let conn = db.conn();
    let broken = |e| town.broken(e);
    let (mut letters, notices) = match (LetterId::parse(id), NoticeId::parse(id)) {
        (Some(letter), _) => {
            (outbox::letter(conn, letter).map_err(broken)?.into_iter().collect(), outbox::notices_of(conn, letter))
        }
        (_, Some(notice)) => {
            let found = outbox::notice(conn, notice).map_err(broken)?;
            let mut letters: Vec<LetterRow> = Vec::new();
            for letter in logbook::letters_of(conn, notice).map_err(broken)? {
                letters.extend(outbox::letter(conn, letter).map_err(broken)?);
            }
            (letters, Ok(found.into_iter().collect()))
        }
        _ => return Err(CliError::usage(say::not_a_letter(lang, id))),
    };
    let notices: Vec<Notice> = notices.map_err(broken)?;
    if letters.is_empty() && notices.is_empty() {
        return Err(CliError::usage(say::no_such_letter(lang, id)));
    }
    letters.sort_by_key(|l| l.id);
    town.log_read(context, "outbox show", notices.iter().find_map(|n| n.pupil))?;
    let mut shown = Shown::new(context, &town, &db)?;
    if context.json {
        let mut line = match (LetterId::parse(id), letters.first()) {
            (Some(_), Some(letter)) => letter_json(&mut shown, letter)?,
            _ => json!({}),
        };
        let notice_lines = notices.iter().map(|n| notice_json(&mut shown, n)).collect::<Result<Vec<_>, _>>()?;
        if LetterId::parse(id).is_some() {
            line["notices"] = notice_lines.into();
        } else {
            line = notice_lines.into_iter().next().unwrap_or_default();
            let lines = letters.iter().map(|l| letter_json(&mut shown, l)).collect::<Result<Vec<_>, _>>()?;
            line["letters"] = lines.into();
        }
        outln!("{line}");
        return Ok(Exit::Ok);
    }
    out!("{}", notice_table(context, &mut shown, &notices)?);
    outln!();
    out!("{}", letter_table(context, &mut shown, &letters)?);
    for letter in &letters {
        if let Some(why) = &letter.why {
            outln!("{}  {why}", letter.id);
        }
        let line = shown.letter(letter)?;
        if let Some(text) = line["text"].as_str() {
            outln!();
            for part in [line["to"]["address"].as_str(), line["subject"].as_str(), Some(text)].into_iter().flatten() {
                outln!("{part}");
            }
        }
    }
    Ok(Exit::Ok)
}

fn letter_json(shown: &mut Shown, letter: &LetterRow) -> Result<Value, CliError> {
    let mut line = shown.letter(letter)?;
    line["why"] = json!(letter.why);
    line["accepted"] = json!(letter.accepted.map(|t| shown.time(t)));
    line["next_at"] = json!(letter.next_at.map(|t| shown.time(t)));
    Ok(line)
}
