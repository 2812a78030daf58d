//! `import`: ingest one file now and leave it where it is.

use super::{CliError, Context, Exit};

#[derive(clap::Args, Debug)]
pub struct Args {
    pub file: std::path::PathBuf,
    #[arg(long)]
    pub source: String,
    /// RFC 3339, or local without a zone; outranks the reader's.
    #[arg(long, value_name = "TIME")]
    pub stated_at: Option<String>,
    /// Apply it although its guard holds it.
    #[arg(long)]
    pub confirm: bool,
    /// Who confirms.
    #[arg(long)]
    pub by: Option<String>,
}

pub fn run(_context: &Context, _args: &Args) -> Result<Exit, CliError> {
    Err(CliError::new(Exit::Bug, "not built"))
}
