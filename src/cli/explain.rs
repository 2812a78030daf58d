//! `explain`: one pupil's days, findings, case and climb, in words.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A reference (P-000123) or a student number.
    pub pupil: String,
    #[arg(long)]
    pub rule: Option<String>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
