//! `incidents`: what is wrong now.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Closed ones too.
    #[arg(long)]
    pub all: bool,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
