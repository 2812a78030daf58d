//! `man`: the manual pages. Without a folder the one of the program goes to stdout, with one every command's is written.

use super::{Cli, CliError, Context, Exit};
use crate::domain::message::{Lang, run as words, shell as say};
use clap::CommandFactory;
use std::io::Write as _;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Write kongchuo.1, kongchuo-check.1, … into this folder (made if it is not there).
    pub dir: Option<std::path::PathBuf>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let failed = |e: std::io::Error| {
        let place = args.dir.as_deref().unwrap_or(std::path::Path::new("stdout"));
        CliError::environment(say::man_unwritable(context.lang, place.display())).because(e)
    };
    match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(failed)?;
            clap_mangen::generate_to(Cli::command(), dir).map_err(failed)?;
        }
        None => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut text).map_err(failed)?;
            print(&text);
        }
    }
    Ok(Exit::Ok)
}

/// To stdout. A reader that has seen enough (`| head`) is no error, and nothing more is printed for it; a full disk is one.
pub fn print(text: &[u8]) {
    let mut out = std::io::stdout();
    let Err(e) = out.write_all(text).and_then(|()| out.flush()) else { return };
    if e.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(Exit::Ok as i32);
    }
    // Whoever printed this does not say in which language.
    eprintln!("{} / {}", words::output_lost(Lang::Zh, &e), words::output_lost(Lang::En, &e));
    std::process::exit(Exit::Environment as i32);
}
