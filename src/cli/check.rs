//! `check`: validates the configuration, says every problem, and when the next polls come. Changes nothing.

use super::{CliError, Context, Exit};
use crate::config::{self, Loaded, Problem, Severity, schedule};
use crate::domain::message::{Lang, config as msg};
use crate::domain::policy::{ChannelKind, Poll, SourceKind};
use chrono::TimeZone as _;
use std::io::Write as _;

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
        if args.live {
            found += live(context, policy);
        }
        if found == 0 && !context.json {
            println!(
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
        println!("{}", msg::check_found(context.lang, found));
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
        println!("{line}");
    } else {
        println!("{}\n", problem.render(context.lang));
    }
    let _ = std::io::stdout().flush();
}

/// The next five firings of each cron expression.
fn firings(context: &Context, policy: &crate::domain::policy::Policy, now: crate::domain::Time) {
    let zone = policy.township.zone;
    let Some(now) = zone.from_local_datetime(&now).earliest() else { return };
    for source in &policy.sources {
        let Poll::Cron { expression, written } = &source.poll else { continue };
        let next = schedule::next(expression, &now, 5);
        if context.json {
            let times: Vec<String> =
                next.iter().map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)).collect();
            println!("{}", serde_json::json!({ "source": source.id.as_str(), "poll": written, "next": times }));
        } else {
            let times: Vec<String> = next.iter().map(|t| t.format("%Y-%m-%d %H:%M").to_string()).collect();
            println!("{}", msg::next_firings(context.lang, &source.id, written, times.join(", ")));
        }
    }
}

/// Folders and secrets are looked at; nothing is sent. How many things are wrong.
fn live(context: &Context, policy: &crate::domain::policy::Policy) -> usize {
    let lang = context.lang;
    let mut wrong: Vec<(String, Option<String>)> = Vec::new();
    for source in &policy.sources {
        let SourceKind::Directory { path, .. } = &source.kind;
        if let Err(e) = std::fs::read_dir(path) {
            wrong.push((msg::live_folder(lang, path.display(), e), Some(msg::hint_live_folder(lang))));
        }
    }
    for channel in &policy.channels {
        match &channel.kind {
            ChannelKind::Folder { path } => {
                // The folder is made when the first letter is written; only what stands in its way is wrong.
                if path.exists() && !path.is_dir() {
                    wrong.push((msg::live_not_a_folder(lang, path.display()), None));
                }
            }
            ChannelKind::Email(mail) => secret(lang, mail.password.as_ref(), &mut wrong),
            ChannelKind::Http(http) => http.secrets.values().for_each(|s| secret(lang, Some(s), &mut wrong)),
        }
    }
    secret(lang, Some(&policy.seal), &mut wrong);
    for (message, hint) in &wrong {
        if context.json {
            println!("{}", serde_json::json!({ "severity": "error", "message": message, "hint": hint }));
        } else {
            println!("{message}");
            if let Some(hint) = hint {
                println!(" {}: {hint}", crate::domain::message::cli::hint_word(lang));
            }
        }
    }
    wrong.len()
}

fn secret(lang: Lang, secret: Option<&crate::domain::policy::Secret>, wrong: &mut Vec<(String, Option<String>)>) {
    if let Some(Err(e)) = secret.map(config::secrets::read) {
        wrong.push((e.message(lang), Some(e.hint(lang))));
    }
}
