//! `inspect`: how a file would be read.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    pub file: std::path::PathBuf,
    /// Read it as this source would.
    #[arg(long)]
    pub source: Option<String>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
