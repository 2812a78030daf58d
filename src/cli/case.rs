//! `case …`: work on cases; every change takes `--by` and a reason, and lands in the ledger.

use super::import::day;
use super::ledger::{Ledger, case_text};
use super::shown::Shown;
use super::table::{Table, bold};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::case::{Case, State};
use crate::domain::ids::{CaseId, Role, StatusId, Word};
use crate::domain::message::{casework, shell as say};
use crate::domain::words::say_time;
use crate::step::command::Request;
use crate::store::{Db, cases, vault};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

/// Who does it, and why.
#[derive(clap::Args, Debug)]
pub struct By {
    /// Who does it.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

#[derive(clap::Args, Debug)]
pub struct Why {
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// All cases and follow-ups that are not closed.
    List {
        /// Closed ones too.
        #[arg(long)]
        all: bool,
    },
    /// One case (C-000007 or its number), or all of a pupil, with the ledger.
    Show { case: String },
    /// Take a case on: rungs that are not statutory wait.
    Acknowledge {
        case: String,
        /// As what: one of the roles that the ladder lets acknowledge.
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// Move a case to the version of its ladders that is in force.
    Migrate {
        case: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// Open a closed case again.
    Reopen {
        case: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// Close a case; that it "cannot be reached" is no reason.
    Close {
        case: String,
        /// transferred, suspended, exempt, graduated, over_age, abroad, died or mistaken.
        #[arg(long)]
        reason: String,
        /// What proves it: the receiving school and the number of the paper, say.
        #[arg(long, default_value = "")]
        evidence: String,
        /// The end of a suspension or exemption.
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Write down that a document was served.
    Serve {
        case: String,
        #[arg(long)]
        document: String,
        #[arg(long, value_name = "DATE")]
        on: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// Refer a case to an office.
    Refer {
        case: String,
        #[arg(long, value_name = "OFFICE")]
        to: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// State another status for a pupil's days.
    Excuse {
        pupil: String,
        #[arg(long, value_name = "DATE")]
        from: String,
        /// The last day (default: the first).
        #[arg(long, value_name = "DATE")]
        to: Option<String>,
        #[arg(long)]
        status: String,
        /// The second person that old or many days need.
        #[arg(long, value_name = "WHO")]
        second: Option<String>,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// State that a pupil is back; attendance must confirm it.
    Return {
        pupil: String,
        #[arg(long, value_name = "DATE")]
        on: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
    /// Record a phone call, a visit, …
    Act {
        pupil: String,
        #[arg(long)]
        kind: String,
        #[arg(long)]
        result: Option<String>,
        /// The day of it (default: today).
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
        #[arg(long, alias = "reason", value_name = "TEXT")]
        note: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Withdraw a decision (E-000003).
    Withdraw {
        decision: String,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        why: Why,
    },
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    match &args.action {
        Action::List { all } => list(context, *all),
        Action::Show { case } => show(context, case),
        action => change(context, action),
    }
}

/// A change: what is asked of the writer, the case that it is about, the reason for the logbook.
fn change(context: &Context, action: &Action) -> Result<Exit, CliError> {
    let lang = context.lang;
    let day = |text: &str| day(text, lang);
    let name = |by: &By| match by.by.as_deref().map(str::trim) {
        Some(by) if !by.is_empty() => Ok(by.to_owned()),
        _ => Err(CliError::usage(casework::by_needed(lang))),
    };
    let mut why = None;
    let mut reasoned = |w: &Why| {
        why.clone_from(&w.reason);
        w.reason.clone()
    };
    let mut decides = None;
    let (request, case) = match action {
        Action::List { .. } | Action::Show { .. } => return Ok(Exit::Ok),
        Action::Acknowledge { case, role, by, why } => {
            reasoned(why);
            let role = role.as_deref().map(Role::new);
            (Request::Acknowledge { case: case.clone(), by: name(by)?, role }, Some(case))
        }
        Action::Migrate { case, by, why } => {
            reasoned(why);
            (Request::Migrate { case: case.clone(), by: name(by)? }, Some(case))
        }
        Action::Reopen { case, by, why } => {
            let reason = reasoned(why).unwrap_or_default();
            (Request::Reopen { case: case.clone(), by: name(by)?, reason }, Some(case))
        }
        Action::Close { case, reason, evidence, until, by } => {
            let until = until.as_deref().map(day).transpose()?;
            let (reason, evidence) = (reason.clone(), evidence.clone());
            (Request::Close { case: case.clone(), reason, evidence, until, by: name(by)? }, Some(case))
        }
        Action::Serve { case, document, on, by, why } => {
            reasoned(why);
            let document = Word::new(document);
            (Request::Serve { case: case.clone(), document, on: day(on)?, by: name(by)? }, Some(case))
        }
        Action::Refer { case, to, by, why } => {
            reasoned(why);
            (Request::Refer { case: case.clone(), to: Role::new(to), by: name(by)? }, Some(case))
        }
        Action::Excuse { pupil, from, to, status, second, by, why } => {
            decides = Some(String::new());
            let from = day(from)?;
            let to = to.as_deref().map(day).transpose()?.unwrap_or(from);
            let (status, second, reason) = (StatusId::new(status), second.clone(), reasoned(why));
            (Request::Excuse { pupil: pupil.clone(), from, to, status, by: name(by)?, second, reason }, None)
        }
        Action::Return { pupil, on, by, why } => {
            decides = Some(String::new());
            let reason = reasoned(why);
            (Request::Return { pupil: pupil.clone(), on: day(on)?, by: name(by)?, reason }, None)
        }
        Action::Act { pupil, kind, result, on, note, by } => {
            decides = Some(String::new());
            let date = on.as_deref().map(day).transpose()?;
            let (kind, result) = (Word::new(kind), result.as_deref().map(Word::new));
            (Request::Act { pupil: pupil.clone(), kind, result, date, by: name(by)?, note: note.clone() }, None)
        }
        Action::Withdraw { decision, by, why } => {
            decides = Some(decision.clone());
            let reason = reasoned(why);
            (Request::Withdraw { decision: decision.clone(), by: name(by)?, reason }, None)
        }
    };
    let town = Town::open(context)?;
    let answer = town.ask(&request, why.as_deref())?;
    match (decides, case) {
        // The one line is for programs too: what people read besides goes beside it.
        (Some(withdrawn), _) => {
            let decision = answer.decision.or(Some(withdrawn)).filter(|d| !d.is_empty());
            outln!("{}", serde_json::json!({ "decision": decision }));
            if !context.json {
                eprintln!("{}", answer.message);
            }
        }
        (None, Some(case)) if context.json => {
            let db = town.reader()?;
            let mut shown = Shown::new(context, &town, &db)?;
            if let Some(case) = found(&town, &db, case)?.last() {
                outln!("{}", shown.case(case)?);
            }
        }
        _ => outln!("{}", answer.message),
    }
    Ok(Exit::Ok)
}

fn list(context: &Context, all: bool) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let db = town.reader()?;
    town.log_read(context, "case list", None)?;
    let mut shown = Shown::new(context, &town, &db)?;
    let found = cases::all(db.conn(), &db.vault(), all).map_err(|e| town.broken(e))?;
    if context.json {
        for case in &found {
            outln!("{}", shown.case(case)?);
        }
        return Ok(Exit::Ok);
    }
    let mut head = vec![say::col_case(lang)];
    head.extend(shown.pupil_head());
    head.extend([say::col_state(lang), say::col_level(lang), say::col_opened(lang), say::col_next(lang)]);
    let mut table = Table::new(head);
    for case in &found {
        let mut row = vec![case.number.clone().unwrap_or_else(|| case.id.to_string())];
        row.extend(shown.pupil_cells(case.pupil)?);
        row.push(say::case_state(lang, case.state));
        row.push(case.level.to_string());
        row.push(say_time(case.opened));
        row.push(match (&case.closing, case.state) {
            (Some(closing), State::Closed) => say::closed_because(lang, say::reason(lang, closing.reason)),
            _ => shown.next(case)?.unwrap_or_default(),
        });
        table.row(row);
    }
    if table.is_empty() {
        outln!("{}", say::nothing_found(lang));
    } else {
        out!("{}", table.render(context.colour));
    }
    Ok(Exit::Ok)
}

/// A case by its id or number, or all of a pupil's, oldest first.
pub fn found(town: &Town, db: &Db, who: &str) -> Result<Vec<Case>, CliError> {
    let (conn, vault) = (db.conn(), db.vault());
    let named = match CaseId::parse(who) {
        Some(id) => cases::get(conn, &vault, id),
        None => cases::by_number(conn, &vault, who),
    };
    if let Some(case) = named.map_err(|e| town.broken(e))? {
        return Ok(vec![case]);
    }
    match vault::pupil_by_reference_or_number(conn, &vault, who).map_err(|e| town.broken(e))? {
        Some(pupil) => cases::of_pupil(conn, &vault, pupil).map_err(|e| town.broken(e)),
        None => Ok(Vec::new()),
    }
}

fn show(context: &Context, who: &str) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let db = town.reader()?;
    let found = found(&town, &db, who)?;
    let Some(first) = found.first() else {
        return Err(CliError::usage(casework::no_such_case(lang, who)));
    };
    town.log_read(context, "case show", Some(first.pupil))?;
    let mut shown = Shown::new(context, &town, &db)?;
    if context.json {
        for case in &found {
            let mut line = shown.case(case)?;
            line["ledger"] = Ledger::new(context, &town, &db, case)?.json();
            outln!("{line}");
        }
        return Ok(Exit::Ok);
    }
    outln!("{}", bold(&shown.pupil_line(first.pupil)?, context.colour));
    for case in &found {
        outln!();
        let ledger = Ledger::new(context, &town, &db, case)?;
        out!("{}", case_text(context, &mut shown, &ledger)?);
    }
    Ok(Exit::Ok)
}
