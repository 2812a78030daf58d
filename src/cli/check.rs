//! `check`: validates the configuration.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Also reach folders, hosts and gateways, without sending anything.
    #[arg(long)]
    pub live: bool,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
