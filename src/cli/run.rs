//! `run`: the daemon.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// One round of everything that is due, then exit.
    #[arg(long)]
    pub once: bool,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
