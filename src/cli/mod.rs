//! The command line: one file per command; errors, exit codes and output forms that all share.

/// Text on stdout. A reader that has seen enough (`| head`) ends the command quietly.
macro_rules! out {
    ($($arg:tt)*) => { $crate::cli::man::print(format!($($arg)*).as_bytes()) };
}
/// A line on stdout, in the same way.
macro_rules! outln {
    () => { out!("\n") };
    ($($arg:tt)*) => { out!("{}\n", format_args!($($arg)*)) };
}

pub mod backup;
pub mod case;
pub mod check;
pub mod climb;
pub mod completions;
pub mod demo;
pub mod error;
pub mod explain;
pub mod findings;
pub mod import;
pub mod incidents;
pub mod init;
pub mod inspect;
pub mod ledger;
pub mod man;
pub mod open;
pub mod outbox;
pub mod report;
pub mod restore;
pub mod run;
pub mod schema;
pub mod shown;
pub mod simulate;
pub mod status;
pub mod table;
pub mod test;
pub mod town;

pub use error::{CliError, Exit};

use crate::domain::message::Lang;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser, Debug)]
#[command(
    name = "kongchuo",
    version,
    about = "控辍保学：缺课监测与劝返 · makes sure that no child drops out unnoticed"
)]
pub struct Cli {
    /// The configuration (default: ./kongchuo.yaml, then /etc/kongchuo/kongchuo.yaml).
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub format: Format,
    /// The language of the output (default: from the environment, else zh).
    #[arg(long, global = true, value_enum)]
    pub lang: Option<LangArg>,
    /// Show student numbers, names and phones; written to the log of reads.
    #[arg(long, global = true)]
    pub identify: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Text,
    /// One object per line on stdout, diagnostics on stderr.
    Json,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum LangArg {
    Zh,
    En,
}

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Writes a complete commented example township.
    Init(init::Args),
    /// Validates the configuration.
    Check(check::Args),
    /// The daemon.
    Run(run::Args),
    /// A made-up township with a term of exports, played through the real daemon code in fast-forward.
    Demo(demo::Args),
    /// How a file would be read.
    Inspect(inspect::Args),
    /// Ingest one file now and leave it where it is.
    Import(import::Args),
    /// What the rules say.
    Findings(findings::Args),
    /// One pupil's days, findings, case and climb, in words.
    Explain(explain::Args),
    /// Policy tests.
    Test(test::Args),
    /// Replays stored deliveries in virtual time, under today's rules or others; sends nothing.
    Simulate(simulate::Args),
    /// What is wrong now.
    Incidents(incidents::Args),
    /// Coverage today by school, outbox, last steps; exits 1 if unhealthy.
    Status(status::Args),
    /// A consistent copy of the database in one file, while the daemon runs.
    Backup(backup::Args),
    /// Puts a backup in the place of the database; the daemon must have ended.
    Restore(restore::Args),
    /// JSON Schema of the configuration.
    Schema(schema::Args),
    /// Work on cases.
    Case(case::Args),
    /// Notices, letters and their outcomes.
    Outbox(outbox::Args),
    /// Papers of a case as drafts, the ledgers, a month, one case's file.
    Report(report::Args),
    /// Shell completions, on stdout.
    Completions(completions::Args),
    /// Manual pages.
    Man(man::Args),
}

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    pub config: Option<PathBuf>,
    pub json: bool,
    pub lang: Lang,
    pub identify: bool,
    /// Write in colour (a terminal, and `NO_COLOR` is not set).
    pub colour: bool,
}

impl Context {
    /// The root configuration file to read.
    pub fn config_path(&self) -> PathBuf {
        match &self.config {
            Some(p) => p.clone(),
            None if std::path::Path::new("kongchuo.yaml").exists() => "kongchuo.yaml".into(),
            None => "/etc/kongchuo/kongchuo.yaml".into(),
        }
    }
}

/// Parses, runs, prints the error. The process's exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    let lang = match cli.lang {
        Some(LangArg::Zh) => Lang::Zh,
        Some(LangArg::En) => Lang::En,
        None => {
            match std::env::var("LC_ALL").or_else(|_| std::env::var("LC_MESSAGES")).or_else(|_| std::env::var("LANG")) {
                Ok(l) if l.starts_with("en") => Lang::En,
                _ => Lang::Zh,
            }
        }
    };
    let colour = std::env::var_os("NO_COLOR").is_none() && std::io::IsTerminal::is_terminal(&std::io::stdout());
    let context =
        Context { config: cli.config, json: cli.format == Format::Json, lang, identify: cli.identify, colour };
    let result = match &cli.command {
        Command::Init(a) => init::run(&context, a),
        Command::Check(a) => check::run(&context, a),
        Command::Run(a) => run::run(&context, a),
        Command::Demo(a) => demo::run(&context, a),
        Command::Inspect(a) => inspect::run(&context, a),
        Command::Import(a) => import::run(&context, a),
        Command::Findings(a) => findings::run(&context, a),
        Command::Explain(a) => explain::run(&context, a),
        Command::Test(a) => test::run(&context, a),
        Command::Simulate(a) => simulate::run(&context, a),
        Command::Incidents(a) => incidents::run(&context, a),
        Command::Status(a) => status::run(&context, a),
        Command::Backup(a) => backup::run(&context, a),
        Command::Restore(a) => restore::run(&context, a),
        Command::Schema(a) => schema::run(&context, a),
        Command::Case(a) => case::run(&context, a),
        Command::Outbox(a) => outbox::run(&context, a),
        Command::Report(a) => report::run(&context, a),
        Command::Completions(a) => completions::run(&context, a),
        Command::Man(a) => man::run(&context, a),
    };
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(e) => {
            eprintln!("{}: {e}", crate::domain::message::cli::error_word(lang));
            let mut cause = std::error::Error::source(&e);
            while let Some(c) = cause {
                eprintln!("  {c}");
                cause = c.source();
            }
            for hint in &e.hints {
                eprintln!("{}: {hint}", crate::domain::message::cli::hint_word(lang));
            }
            ExitCode::from(e.exit as u8)
        }
    }
}
