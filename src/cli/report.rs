//! `report …`: the papers of a case as drafts (.docx), the ledgers, a month, one case's file (.xlsx): shown as text, masked, or
//! written to a file, whole. What they say is of now; a draft's number is its own.

use super::case::found;
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::document::book::{self, Book, Cell, Table};
use crate::document::{self, Facts};
use crate::domain::case::{Case, State};
use crate::domain::ids::{PupilId, Word};
use crate::domain::message::{Lang, books, casework, shell as say};
use crate::domain::paper::{self, Paper};
use crate::domain::text::mask_name;
use crate::drive::orders::Order;
use crate::step::StepError;
use crate::step::books::{Shelf, month_of};
use crate::step::command::Request;
use crate::step::papers::{facts, is_nobody};
use chrono::Datelike;
use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub what: What,
}

#[derive(clap::Subcommand, Debug)]
pub enum What {
    /// The written report (书面报告) on a case, as a draft.
    WrittenReport(OfCase),
    /// The order to mend within a term (责令限期改正通知书) with its proof of service, as a draft.
    Order(OfCase),
    /// The ledgers (台账) of numbered cases: all of them, the suspected, the dropouts.
    Ledger {
        /// Write an .xlsx there (a folder: under its usual name) instead of showing the text.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// A month of every school (月报表); what did not happen is 0.
    Monthly {
        /// As 2026-09 (default: this month).
        #[arg(long)]
        month: Option<String>,
        /// Write an .xlsx there (a folder: under its usual name) instead of showing the text.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// All that is on record of one case (一生一案).
    Case {
        /// C-000007, its number, or a pupil.
        case: String,
        /// Write an .xlsx there (a folder: under its usual name) instead of showing the text.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(clap::Args, Debug)]
pub struct OfCase {
    /// C-000007, its number, or a pupil.
    pub case: String,
    /// Write a .docx there (a folder: under its usual name) instead of showing the text. Names people: written to the log
    /// of reads.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Who has it drafted: gives it a number now where its rung has not done so yet.
    #[arg(long, value_name = "WHO")]
    pub by: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    match &args.what {
        What::WrittenReport(of) => draft(context, Paper::WrittenReport, of),
        What::Order(of) => draft(context, Paper::RectificationOrder, of),
        What::Ledger { out } => {
            let town = Town::open(context)?;
            let name = books::ledger_name(town.policy.township.lang, town.now().date());
            shelve(context, &town, "ledger", None, name, out.as_deref(), &|shelf| shelf.ledger())
        }
        What::Monthly { month, out } => {
            let town = Town::open(context)?;
            let today = town.now().date();
            let (year, month) = match month.as_deref() {
                None => (today.year(), today.month()),
                Some(text) => {
                    let asked = month_of(text).ok_or_else(|| CliError::usage(books::month_unreadable(lang, text)))?;
                    if asked > (today.year(), today.month()) {
                        return Err(CliError::usage(books::month_to_come(lang, text)));
                    }
                    asked
                }
            };
            let name = books::month_name(town.policy.township.lang, year, month);
            shelve(context, &town, "monthly", None, name, out.as_deref(), &|shelf| shelf.month(year, month))
        }
        What::Case { case, out } => {
            let town = Town::open(context)?;
            let case = one(&town, lang, case)?;
            let number = case.number.clone().unwrap_or_else(|| case.id.to_string());
            let name = books::file_name(town.policy.township.lang, number);
            shelve(context, &town, "case", Some(case.pupil), name, out.as_deref(), &|shelf| shelf.file(&case))
        }
    }
}

/// Shows a book or writes it. Whatever names people is written to the log of reads first.
fn shelve(
    context: &Context,
    town: &Town,
    what: &str,
    pupil: Option<PupilId>,
    name: String,
    out: Option<&Path>,
    make: &dyn Fn(&Shelf) -> Result<Book, StepError>,
) -> Result<Exit, CliError> {
    let masked = out.is_none() && !context.identify;
    // A month has counts only.
    if !masked && what != "monthly" {
        log_read(town, context.lang, what, pupil)?;
    }
    let db = town.reader()?;
    let vault = db.vault();
    let shelf = Shelf { conn: db.conn(), vault: &vault, policy: &town.policy, now: town.now(), masked };
    let made = make(&shelf).map_err(|e| town.failed(e))?;
    let mut line = serde_json::json!({"report": what});
    match out {
        None if context.json => {
            line["tables"] = made.tables.iter().map(table_json).collect();
            outln!("{line}");
        }
        None => out!("{}", book::text(&made)),
        Some(place) => {
            let name = books::book_name(town.policy.township.lang, name);
            put(context, place, name, &book::bytes(&made), line)?;
        }
    }
    Ok(Exit::Ok)
}

/// A table by the names of its columns.
fn table_json(table: &Table) -> Value {
    let row = |row: &Vec<Cell>| {
        let cells = table.columns.iter().zip(row).map(|(column, cell)| {
            let value = match cell {
                Cell::Text(text) => text.clone().into(),
                Cell::Number(n) => (*n).into(),
                Cell::Date(d) => d.to_string().into(),
                Cell::Empty => Value::Null,
            };
            (column.name.clone(), value)
        });
        Value::Object(cells.collect())
    };
    serde_json::json!({"table": table.name, "rows": table.rows.iter().map(row).collect::<Vec<_>>()})
}

fn log_read(town: &Town, lang: Lang, what: &str, pupil: Option<PupilId>) -> Result<(), CliError> {
    let order = Order::LogRead { what: format!("report {what}"), pupil };
    town.ask(&order, None).map(|_| ()).map_err(|e| CliError { message: say::read_not_logged(lang), ..e })
}

/// Writes a file under the name given, or in the folder given under its usual one, and says so.
fn put(context: &Context, place: &Path, name: String, bytes: &[u8], mut line: Value) -> Result<(), CliError> {
    let lang = context.lang;
    let file = if place.is_dir() { place.join(name) } else { place.to_path_buf() };
    write(&file, bytes).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => CliError::usage(say::report_exists(lang, file.display())),
        _ => CliError::environment(say::report_not_written(lang, file.display())).because(e),
    })?;
    if context.json {
        line["file"] = file.display().to_string().into();
        outln!("{line}");
    } else {
        outln!("{}", say::report_written(lang, file.display()));
    }
    Ok(())
}

fn draft(context: &Context, paper: Paper, of: &OfCase) -> Result<Exit, CliError> {
    let lang = context.lang;
    let document = Word::new(paper.as_str());
    let town = Town::open(context)?;
    let mut case = one(&town, lang, &of.case)?;
    if let Some(by) = &of.by {
        let request =
            Request::Draft { case: case.id.to_string(), document: document.clone(), by: by.trim().to_owned() };
        let answer = town.ask(&request, None)?;
        if !context.json {
            eprintln!("{}", answer.message);
        }
        case = one(&town, lang, &case.id.to_string())?;
    }
    // A file names people whatever is shown on the terminal.
    let shows = of.out.is_some() || context.identify;
    if shows {
        log_read(&town, lang, paper.as_str(), Some(case.pupil))?;
    }
    let db = town.reader()?;
    let number = paper::latest(&case, &document).map(|d| d.number.clone());
    let facts = facts(db.conn(), &db.vault(), &town.policy, &case, paper, number.as_deref(), town.now())
        .map_err(|e| town.failed(e))?;
    let mut line = serde_json::json!({"case": case.id.to_string(), "document": paper.as_str(), "number": number});
    match &of.out {
        None => {
            let text = document::text(paper, &if shows { facts } else { masked(facts) });
            if context.json {
                line["text"] = text.into();
                outln!("{line}");
            } else {
                out!("{text}");
            }
        }
        Some(place) => {
            let name = paper::file_name(paper, number.as_deref(), town.policy.township.lang);
            put(context, place, name, &document::compose(paper, &facts), line)?;
        }
    }
    Ok(Exit::Ok)
}

/// The case of that name, or the pupil's: the one that is not closed, else the latest.
fn one(town: &Town, lang: Lang, who: &str) -> Result<Case, CliError> {
    let db = town.reader()?;
    let mut all = found(town, &db, who)?;
    let at = all.iter().rposition(|c| c.state != State::Closed).or(all.len().checked_sub(1));
    at.map(|i| all.swap_remove(i)).ok_or_else(|| CliError::usage(casework::no_such_case(lang, who)))
}

/// What may be shown without `--identify`: nobody's whole name, no address, nothing that people wrote.
fn masked(mut f: Facts) -> Facts {
    f.pupil = mask_name(&f.pupil);
    for g in f.guardians.iter_mut().chain(&mut f.carers) {
        g.name = mask_name(&g.name);
    }
    f.household_address = f.household_address.map(|_| "***".to_owned());
    f.birth_date = None;
    f.principal = f.principal.map(|(name, _)| (mask_name(&name), "***".to_owned()));
    for m in &mut f.measures {
        if !is_nobody(&m.by, f.lang) {
            m.by = mask_name(&m.by);
        }
        m.note.clear();
    }
    f
}

/// Whole or not at all, and never over a file that is there: somebody may have worked on it.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    let written = new.write_all(bytes).and_then(|()| new.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(file);
    }
    written
}
