//! `report …`: the papers of a case as drafts, by hand: shown as text, or written as a .docx. What they say is of now; the
//! number is the draft's. Ledger, monthly and case sheets are not made yet, and are not offered.

use super::case::found;
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::document::{self, Facts};
use crate::domain::case::{Case, State};
use crate::domain::ids::Word;
use crate::domain::message::{casework, papers, shell as say};
use crate::domain::paper::{self, Paper};
use crate::domain::text::mask_name;
use crate::drive::orders::Order;
use crate::step::command::Request;
use crate::step::papers::facts;
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
    #[command(hide = true)]
    Ledger(Rest),
    #[command(hide = true)]
    Monthly(Rest),
    #[command(hide = true)]
    Case(Rest),
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

#[derive(clap::Args, Debug)]
pub struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    match &args.what {
        What::WrittenReport(of) => draft(context, Paper::WrittenReport, of),
        What::Order(of) => draft(context, Paper::RectificationOrder, of),
        What::Ledger(_) => not_yet(context, "ledger"),
        What::Monthly(_) => not_yet(context, "monthly"),
        What::Case(_) => not_yet(context, "case"),
    }
}

fn not_yet(context: &Context, what: &str) -> Result<Exit, CliError> {
    Err(CliError::usage(say::report_not_yet(context.lang, what)))
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
        let order = Order::LogRead { what: format!("report {}", paper.as_str()), pupil: Some(case.pupil) };
        town.ask(&order, None).map_err(|e| CliError { message: say::read_not_logged(lang), ..e })?;
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
            let file = if place.is_dir() { place.join(name) } else { place.clone() };
            write(&file, &document::compose(paper, &facts)).map_err(|e| match e.kind() {
                ErrorKind::AlreadyExists => CliError::usage(say::report_exists(lang, file.display())),
                _ => CliError::environment(say::report_not_written(lang, file.display())).because(e),
            })?;
            if context.json {
                line["file"] = file.display().to_string().into();
                outln!("{line}");
            } else {
                outln!("{}", say::report_written(lang, file.display()));
            }
        }
    }
    Ok(Exit::Ok)
}

/// The case of that name, or the pupil's: the one that is not closed, else the latest.
fn one(town: &Town, lang: crate::domain::message::Lang, who: &str) -> Result<Case, CliError> {
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
        if ![papers::by_system(f.lang), papers::by_guardian(f.lang)].contains(&m.by) {
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
