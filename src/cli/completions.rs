//! `completions`: what a shell needs to complete our commands, on stdout.

use super::{Cli, CliError, Context, Exit};
use clap::CommandFactory;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell.
    pub shell: clap_complete::Shell,
}

pub fn run(_context: &Context, args: &Args) -> Result<Exit, CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kongchuo", &mut text);
    super::man::print(&text);
    Ok(Exit::Ok)
}
