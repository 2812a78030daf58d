//! `import`: ingest one file now and leave it where it is.

use super::{CliError, Context, Exit, open};
use crate::clock;
use crate::domain::Time;
use crate::domain::ids::SourceId;
use crate::domain::message::{Lang, delivery as words, intake as faults};
use crate::domain::policy::Policy;
use crate::drive::inbox::{self, Import};
use crate::drive::lock::What;
use crate::step::intake::{IntakeError, Outcome, Received};
use std::fs::File;

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
    let policy = open::policy(context)?;
    let asked = asked(args, &policy, lang)?;
    let received = match open::ask::<Answer>(&policy, &Request { command: "import", asked: &asked }, lang)? {
        Some(Answer { received: Some(received), .. }) => received,
        Some(Answer { error, .. }) => {
            return Err(CliError::environment(words::import_failed(lang)).because(error.unwrap_or_default()));
        }
        None => {
            let _lock = open::take_lock(&policy, What::Command, lang)?;
            let mut db = open::writing(&policy, lang)?;
            let now = clock::now(policy.township.zone);
            inbox::import(&mut db, &policy, now, &asked).map_err(|e| match e {
                IntakeError::Store(e) => CliError::environment(e.explain(lang)).because(e),
                e => CliError::environment(words::import_failed(lang)).because(e),
            })?
        }
    };
    Ok(tell(context, &args.source, &received))
}

#[derive(serde::Serialize)]
struct Request<'a> {
    command: &'static str,
    #[serde(flatten)]
    asked: &'a Import,
}

#[derive(serde::Deserialize)]
struct Answer {
    received: Option<Received>,
    error: Option<String>,
}

/// What is asked for, checked as far as it can be without the database.
fn asked(args: &Args, policy: &Policy, lang: Lang) -> Result<Import, CliError> {
    let source = SourceId::new(&args.source);
    if policy.source(&source).is_none() {
        let known: Vec<&str> = policy.sources.iter().map(|s| s.id.as_str()).collect();
        return Err(CliError::usage(words::no_such_source(lang, &args.source))
            .hint(words::known_sources(lang, known.join(", "))));
    }
    let stated_at = match &args.stated_at {
        None => None,
        Some(text) => Some(
            instant(text, policy.township.zone)
                .ok_or_else(|| CliError::usage(words::bad_time(lang, text)).hint(words::time_hint(lang)))?,
        ),
    };
    // The daemon has another working directory; and a file that is not there is said before anything is asked.
    let no_file = |e: std::io::Error| CliError::environment(words::no_file(lang, args.file.display())).because(e);
    let file = args.file.canonicalize().map_err(no_file)?;
    File::open(&file).map_err(no_file)?;
    Ok(Import { file, source, stated_at, confirm: args.confirm, by: args.by.clone() })
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

/// Prints what became of the file; 1 with faults, when held or rejected.
pub fn tell(context: &Context, source: &str, r: &Received) -> Exit {
    let lang = context.lang;
    if context.json {
        println!("{}", as_json(lang, r));
    } else {
        match r.outcome {
            Outcome::Applied => println!("{}", words::import_applied(lang, r.rows, r.fault_count)),
            Outcome::Duplicate => println!("{}", words::import_duplicate(lang)),
            Outcome::Held => println!("{}", words::report_held(lang, source)),
            Outcome::Rejected => println!("{}", words::report_rejected(lang)),
            Outcome::SetAside => println!("{}", words::report_set_aside(lang)),
        }
        if let Some(odd) = &r.odd {
            for line in words::odd(lang, odd.absent, odd.unknown, odd.missing) {
                println!("  {line}");
            }
        }
        for f in &r.faults {
            let (place, sentence) = (faults::place(lang, &f.place), faults::fault(lang, f));
            println!("  {}", if place.is_empty() { sentence } else { words::at_place(lang, place, sentence) });
        }
        if r.fault_count as usize > r.faults.len() {
            println!("  {}", words::more_faults(lang, r.fault_count as usize - r.faults.len()));
        }
    }
    let good = matches!(r.outcome, Outcome::Applied | Outcome::Duplicate) && r.fault_count == 0;
    if good { Exit::Ok } else { Exit::Found }
}

fn as_json(lang: Lang, r: &Received) -> serde_json::Value {
    let list: Vec<_> = r
        .faults
        .iter()
        .map(|f| {
            serde_json::json!({
                "kind": f.kind, "sheet": f.place.sheet, "row": f.place.row, "column": f.place.column,
                "value": f.value, "message": faults::fault(lang, f),
            })
        })
        .collect();
    let outcome = match r.outcome {
        Outcome::Applied => "applied",
        Outcome::Held => "held",
        Outcome::Rejected => "rejected",
        Outcome::Duplicate => "duplicate",
        Outcome::SetAside => "set_aside",
    };
    serde_json::json!({
        "delivery": r.delivery.to_string(), "outcome": outcome, "rows": r.rows, "unknown": r.unknown,
        "faults": r.fault_count, "odd": r.odd, "fault_list": list,
    })
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
