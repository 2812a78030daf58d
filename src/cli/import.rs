//! `import`: ingest one file now and leave it where it is.

use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::message::{Lang, delivery as words, shell as say};
use crate::domain::{Date, Time};
use crate::drive::orders::Order;

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

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open(context)?;
    let stated_at = args.stated_at.as_deref().map(|text| moment(text, town.policy.township.zone, lang)).transpose()?;
    // The daemon opens the file itself, from a folder of its own.
    let file = std::path::absolute(&args.file)
        .map_err(|e| CliError::environment(words::no_file(lang, args.file.display())).because(e))?;
    let (source, by) = (args.source.clone(), args.by.clone());
    let answer = town.ask(&Order::Import { file, source, stated_at, confirm: args.confirm, by }, None)?;
    let report = answer.report.unwrap_or_default();
    if context.json {
        outln!("{report}");
    } else {
        answer.lines.iter().for_each(|line| outln!("{line}"));
    }
    let good = matches!(report["outcome"].as_str(), Some("applied" | "duplicate")) && report["faults"] == 0;
    Ok(if good { Exit::Ok } else { Exit::Found })
}

/// An instant as people type it.
pub fn moment(text: &str, zone: chrono_tz::Tz, lang: Lang) -> Result<Time, CliError> {
    instant(text, zone).ok_or_else(|| CliError::usage(words::bad_time(lang, text)).hint(words::time_hint(lang)))
}

/// A date as people type it.
pub fn day(text: &str, lang: Lang) -> Result<Date, CliError> {
    text.trim().parse().map_err(|_| CliError::usage(say::bad_date(lang, text)))
}

/// RFC 3339, or local without a zone (with seconds or without, `T` or a space between).
fn instant(text: &str, zone: chrono_tz::Tz) -> Option<Time> {
    if let Ok(t) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(t.with_timezone(&zone).naive_local());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|f| Time::parse_from_str(text, f).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_with_and_without_a_zone() {
        fn check(text: &str, want: Option<&str>) {
            let got = instant(text, chrono_tz::Asia::Shanghai).map(|t| t.to_string());
            assert_eq!(got.as_deref(), want, "{text}");
        }
        check("2026-09-16T09:30:00+08:00", Some("2026-09-16 09:30:00"));
        check("2026-09-16T01:30:00Z", Some("2026-09-16 09:30:00"));
        check("2026-09-16T09:30", Some("2026-09-16 09:30:00"));
        check("2026-09-16 09:30:05", Some("2026-09-16 09:30:05"));
        check("2026-09-16", None);
        check("yesterday", None);
    }
}
