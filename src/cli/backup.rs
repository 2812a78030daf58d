//! `backup`: a consistent copy of the database in one file, while the daemon runs. Personal fields in it stay sealed.

use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::message::shell as say;
use crate::drive::orders::Order;
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The file to write. It must not be there yet.
    pub file: PathBuf,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open(context)?;
    if args.file.exists() {
        return Err(CliError::usage(say::backup_there(lang, args.file.display())).hint(say::backup_there_hint(lang)));
    }
    let db = town.reader()?;
    // Written beside and renamed: what has the name is whole.
    let part = beside(&args.file);
    let unwritable =
        |e: std::io::Error| CliError::environment(say::backup_unwritable(lang, args.file.display())).because(e);
    let written = db.copy_to(&part).map_err(|e| town.broken(e)).and_then(|()| {
        town.check_copy(&part)?;
        File::open(&part).and_then(|f| f.sync_all()).map_err(unwritable)?;
        std::fs::rename(&part, &args.file).map_err(unwritable)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written?;
    let bytes = std::fs::metadata(&args.file).map_or(0, |m| m.len());
    town.ask(&Order::BackedUp { file: args.file.clone() }, None)?;
    if context.json {
        outln!("{}", json!({ "backup": args.file, "bytes": bytes }));
    } else {
        outln!("{}", say::backed_up(lang, args.file.display(), bytes.div_ceil(1024)));
        outln!("{}", say::key_apart(lang));
    }
    Ok(Exit::Ok)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}
