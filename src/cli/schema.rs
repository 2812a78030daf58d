//! `schema`: JSON Schema of the configuration, or the reference page made from the same types.

use super::{CliError, Context, Exit};
use crate::config::manual;
use std::io::Write as _;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The reference page instead.
    #[arg(long)]
    pub reference: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let text = if args.reference {
        manual::page()
    } else if context.json {
        // One object per line.
        format!("{}\n", manual::schema())
    } else {
        format!("{:#}\n", manual::schema())
    };
    // A reader that closes early (`| head`) is no mistake.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(Exit::Ok)
}
