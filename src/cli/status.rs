//! `status`: coverage today by school, outbox, last steps; exits 1 if unhealthy.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
