//! `case …`: work on cases; every change takes `--by` and a reason, and lands in the ledger.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// All cases and follow-ups.
    List {
        /// Closed ones too.
        #[arg(long)]
        all: bool,
    },
    /// One case with its ledger.
    Show { case: String },
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
