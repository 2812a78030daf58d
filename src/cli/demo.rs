//! `demo`: a made-up township with a term of exports, played through the real daemon code in fast-forward.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to write it (default: a folder kongchuo-demo here).
    pub dir: Option<std::path::PathBuf>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
