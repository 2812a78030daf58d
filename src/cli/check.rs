//! `check`: validates the configuration, says every problem, and when the next polls come. Changes nothing.

use super::{CliError, Context, Exit, open};
use crate::channel::{self, Opening};
use crate::config::{self, Loaded, Problem, Severity, schedule};
use crate::domain::message::{Lang, config as msg};
use crate::domain::notice::{Home, home_of};
use crate::domain::policy::{Ladder, Policy, Poll, Secret, SourceKind};
use crate::domain::text;
use crate::store::{findings, vault};
use chrono::TimeZone as _;
use std::collections::BTreeMap;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Also reach folders, hosts and gateways, without sending anything.
    #[arg(long)]
    pub live: bool,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let path = context.config_path();
    if !path.exists() {
        // No configuration at all is no finding about one.
        return Err(CliError::usage(msg::no_file(context.lang, path.display())).hint(msg::hint_no_root(context.lang)));
    }
    let (loaded, problems) = match config::load(&path) {
        Ok(Loaded { policy, warnings, files }) => (Some((policy, files)), warnings),
        Err(problems) => (None, problems),
    };
    for problem in &problems {
        say(context, problem);
    }
    let mut found = problems.iter().filter(|p| p.severity != Severity::Note).count();
    if let Some((policy, files)) = &loaded {
        let now = crate::clock::now(policy.township.zone);
        firings(context, policy, now);
        let (mut wrong, homes) = stored(context.lang, policy);
        for home in &homes {
            tell(context, Severity::Note, home, Some(&msg::hint_unknown_home(context.lang)));
        }
        if args.live {
            wrong.extend(live(context.lang, policy));
        }
        for (message, hint) in &wrong {
            tell(context, Severity::Error, message, hint.as_deref());
        }
        found += wrong.len();
        if found == 0 && !context.json {
            outln!(
                "{}",
                msg::check_good(
                    context.lang,
                    path.display(),
                    files.len(),
                    policy.schools.len(),
                    policy.rules.len(),
                    policy.ladders.len()
                )
            );
        }
    }
    if found == 0 {
        return Ok(Exit::Ok);
    }
    if !context.json {
        outln!("{}", msg::check_found(context.lang, found));
    }
    Ok(Exit::Found)
}

fn say(context: &Context, problem: &Problem) {
    if context.json {
        let line = serde_json::json!({
            "severity": match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            "file": &*problem.file,
            "line": problem.line,
            "column": problem.column,
            "message": problem.message(context.lang),
            "excerpt": problem.excerpt,
            "hint": problem.hint(context.lang),
        });
        outln!("{line}");
    } else {
        outln!("{}\n", problem.render(context.lang));
    }
}

/// The next five firings of each cron expression.
fn firings(context: &Context, policy: &Policy, now: crate::domain::Time) {
    let zone = policy.township.zone;
    let Some(now) = zone.from_local_datetime(&now).earliest() else { return };
    for source in &policy.sources {
        let Poll::Cron { expression, written } = &source.poll else { continue };
        let next = schedule::next(expression, &now, 5);
        if context.json {
            let times: Vec<String> =
                next.iter().map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)).collect();
            outln!("{}", serde_json::json!({ "source": source.id.as_str(), "poll": written, "next": times }));
        } else {
            let times: Vec<String> = next.iter().map(|t| t.format("%Y-%m-%d %H:%M").to_string()).collect();
            outln!("{}", msg::next_firings(context.lang, &source.id, written, times.join(", ")));
        }
    }
}

/// What is wrong beyond the files: a sentence, and what to do.
type Wrong = (String, Option<String>);

/// Folders, hosts and gateways are reached; nothing is sent.
fn live(lang: Lang, policy: &Policy) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = Vec::new();
    for source in &policy.sources {
        let SourceKind::Directory { path, .. } = &source.kind;
        if let Err(e) = std::fs::read_dir(path) {
            wrong.push((msg::live_folder(lang, path.display(), e), Some(msg::hint_live_folder(lang))));
        }
    }
    if let Err(e) = open::key(policy, lang) {
        wrong.push((e.message, e.hints.into_iter().next()));
    }
    let secret = |s: &Secret| config::secrets::read(s).map_err(|e| e.message(lang));
    let opening = Opening { zone: policy.township.zone, tick: crate::clock::tick, lang, secret: &secret };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            wrong.push((e.to_string(), None));
            return wrong;
        }
    };
    for c in &policy.channels {
        if let Err(why) = runtime.block_on(channel::open(c, opening).probe()) {
            wrong.push((msg::live_channel(lang, &c.id, why), None));
        }
    }
    wrong
}

/// What stands in the database and no longer fits: ladders that old climbs keep; and townships that pupils come from
/// and nobody is named for. Nothing is said where there is no database yet or its key is elsewhere.
fn stored(lang: Lang, policy: &Policy) -> (Vec<Wrong>, Vec<String>) {
    if !open::path(policy).exists() {
        return (Vec::new(), Vec::new());
    }
    let Ok(db) = open::reading(policy, lang) else { return (Vec::new(), Vec::new()) };
    let mut wrong: Vec<Wrong> = Vec::new();
    for (id, hash, body) in findings::texts(db.conn(), "ladder").unwrap_or_default() {
        if serde_json::from_str::<Ladder>(&body).is_err() {
            wrong.push((msg::stored_ladder(lang, id, hash), Some(msg::hint_stored_ladder(lang))));
        }
    }
    let mut homes: BTreeMap<String, usize> = BTreeMap::new();
    for pupil in vault::all_pupils(db.conn()).unwrap_or_default() {
        let card = vault::pupil_card(db.conn(), &db.vault(), pupil).ok().flatten();
        if let Some(home) =
            card.and_then(|c| c.household_township).filter(|h| matches!(home_of(policy, h), Home::Unknown))
        {
            *homes.entry(home.trim().to_string()).or_default() += 1;
        }
    }
    (wrong, homes.into_iter().map(|(home, n)| msg::unknown_home(lang, text::clip(&home, 20), n)).collect())
}

fn tell(context: &Context, severity: Severity, message: &str, hint: Option<&str>) {
    if context.json {
        let severity = if severity == Severity::Note { "note" } else { "error" };
        outln!("{}", serde_json::json!({ "severity": severity, "message": message, "hint": hint }));
        return;
    }
    outln!("{message}");
    if let Some(hint) = hint {
        outln!(" {}: {hint}", crate::domain::message::cli::hint_word(context.lang));
    }
}
