//! `test`: policy tests.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(required = true)]
    pub files: Vec<std::path::PathBuf>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
