//! `restore`: puts a backup in the place of the database. The daemon must have ended; what was there is kept beside.

use super::open::{self, take_lock};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::message::shell as say;
use crate::drive::lock::What;
use crate::drive::orders;
use crate::step::engine;
use crate::store::Db;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file that `backup` wrote.
    pub file: PathBuf,
    #[arg(long, value_name = "WHO")]
    pub by: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open(context)?;
    if !args.file.is_file() {
        return Err(CliError::usage(say::backup_missing(lang, args.file.display())));
    }
    town.check_copy(&args.file)?;
    let lock = take_lock(&town.policy, What::Command, lang)?;
    let place = open::path(&town.policy);
    let now = town.now();
    let aside = place.with_file_name(format!("kongchuo.db.before-restore-{}", now.format("%Y%m%d-%H%M%S")));
    let next = place.with_file_name("kongchuo.db.restored");
    let unusable =
        |e: std::io::Error| CliError::environment(say::restore_failed(lang, town.policy.data_dir.display())).because(e);
    let _ = std::fs::remove_file(&next);
    {
        let backup = town.read(&args.file)?;
        backup.copy_to(&next).map_err(|e| town.broken(e))?;
    }
    // What lies in the write-ahead log belongs to the database that is put aside: it is written into it first.
    if place.exists() {
        let key = open::key(&town.policy, lang)?;
        if let Ok(old) = Db::open(&place, &key) {
            old.checkpoint().map_err(|e| town.broken(e))?;
        }
        std::fs::rename(&place, &aside).map_err(unusable)?;
    }
    for rest in ["kongchuo.db-wal", "kongchuo.db-shm"] {
        let rest = place.with_file_name(rest);
        if rest.exists() {
            let kept = aside.with_file_name(format!(
                "{}{}",
                aside.file_name().unwrap_or_default().to_string_lossy(),
                rest.to_string_lossy().rsplit_once("kongchuo.db").map_or("", |(_, tail)| tail)
            ));
            std::fs::rename(&rest, kept).map_err(unusable)?;
        }
    }
    std::fs::rename(&next, &place).map_err(unusable)?;
    let mut db = open::writing(&town.policy, lang)?;
    let since = engine::last_step(db.conn()).map_err(|e| town.broken(e))?;
    let request = json!({ "by": args.by, "file": args.file });
    orders::note(&mut db, now, "restore", Some(&args.by), &request).map_err(|e| town.broken(e))?;
    drop(lock);
    let since = since.map(|t| t.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
    let kept = aside.exists().then(|| aside.display().to_string());
    if context.json {
        outln!("{}", json!({ "restored": args.file, "state_of": since, "kept": kept }));
        return Ok(Exit::Ok);
    }
    outln!("{}", say::restored(lang, args.file.display(), &since));
    if let Some(kept) = kept {
        outln!("{}", say::restore_kept(lang, kept));
    }
    outln!("{}", say::restore_after(lang, since));
    Ok(Exit::Ok)
}
