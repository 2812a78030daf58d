//! `findings`: what the rules say.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[arg(long, value_name = "DATE")]
    pub on: Option<String>,
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
    #[arg(long)]
    pub rule: Option<String>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
