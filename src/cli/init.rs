//! `init`: writes a complete commented example township.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder to write into; made if it is not there, refused if it already has a kongchuo.yaml.
    pub dir: std::path::PathBuf,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
