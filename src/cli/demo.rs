//! `demo`: a made-up township with a term of exports, played through the real daemon code in fast-forward, and told as a
//! person would tell it.

use super::{CliError, Context, Exit};
use crate::domain::case::Event;
use crate::domain::ids::RungId;
use crate::domain::message::{Lang, demo as say};
use crate::drive::demo::{Child, Played, Tale, play, prepare};
use crate::drive::township::{Size, Township, term};
use crate::store::Key;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many events of the one child are told, and incidents of one kind.
const EVENTS_MAX: usize = 18;
const INCIDENTS_MAX: usize = 2;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to write it (default: a folder kongchuo-demo here).
    pub dir: Option<PathBuf>,
    /// Another seed makes another township.
    #[arg(long, default_value_t = 20260901)]
    pub seed: u64,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let dir = args.dir.clone().unwrap_or_else(|| "kongchuo-demo".into());
    clear(&dir, lang)?;
    let township = Township::make(args.seed, Size::Whole);
    let refused = |e: std::io::Error| CliError::environment(say::cannot_write(lang, dir.display())).because(e);
    let key = Key::generate_hex().map_err(|e| CliError::environment(e.explain(lang)))?;
    let root = prepare(&dir, &township, &key).map_err(refused)?;
    let (first, last) = term();
    let bar = bar((last - first).num_days() as u64 + 2, lang);
    let played = play(&root, &township, lang, &mut |day| {
        bar.set_message(day.to_string());
        bar.inc(1);
    })
    .map_err(|e| CliError::new(Exit::Bug, say::township_not_played(lang)).because(e))?;
    let took = bar.elapsed();
    bar.finish_and_clear();
    print!("{}", tell(lang, &township, &played, took, &root));
    Ok(Exit::Ok)
}

/// A demo of an earlier run is cleared away; anything else is left alone.
fn clear(dir: &Path, lang: Lang) -> Result<(), CliError> {
    let Ok(mut entries) = std::fs::read_dir(dir) else { return Ok(()) };
    if entries.next().is_none() {
        return Ok(());
    }
    let ours =
        std::fs::read_to_string(dir.join("kongchuo.yaml")).is_ok_and(|t| t.starts_with(crate::drive::demo::MARK));
    if !ours {
        return Err(CliError::usage(say::folder_not_empty(lang, dir.display())).hint(say::name_another_folder(lang)));
    }
    std::fs::remove_dir_all(dir).map_err(|e| CliError::environment(say::cannot_write(lang, dir.display())).because(e))
}

/// A progress bar; nothing where nobody looks (indicatif draws only on a terminal).
fn bar(days: u64, lang: Lang) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(days);
    let style = indicatif::ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar.set_message(say::making(lang));
    bar
}

/// The whole tale.
fn tell(lang: Lang, township: &Township, played: &Played, took: Duration, root: &Path) -> String {
    let (first, last) = term();
    let tale = &played.tale;
    let mut out = String::new();
    heading(&mut out, &say::title(lang, &played.policy.township.name, first, last));
    let seconds = tenths(took);
    line(&mut out, &say::played(lang, tale.schools.len(), township.pupils.len(), township.exports.len(), seconds));

    heading(&mut out, &say::heading_children(lang));
    for s in &tale.schools {
        line(&mut out, &say::school_line(lang, &s.name, s.pupils, s.follow_ups, s.cases));
    }
    let states = say::school_states(lang, tale.returned, tale.watching, tale.open, tale.mistaken, tale.otherwise);
    line(&mut out, &states);

    heading(&mut out, &say::heading_climb(lang));
    for told in &tale.rungs {
        line(&mut out, &say::rung_line(lang, &told.rung, roles(lang, played, &told.rung), told.times));
    }
    if let Some(child) = &tale.child {
        one_child(&mut out, lang, child);
    }
    letters(&mut out, lang, tale);
    incidents(&mut out, lang, tale);
    next(&mut out, lang, played, root);
    out
}

/// Whom a rung tells.
fn roles(lang: Lang, played: &Played, rung: &RungId) -> String {
    let rungs = played.policy.ladders.iter().flat_map(|l| &l.rungs);
    let to = rungs.filter(|r| r.id == *rung).flat_map(|r| &r.to);
    // Two ladders may have a rung of one name.
    let mut words: Vec<String> = Vec::new();
    for word in to.map(|r| say::role(lang, r.as_str())) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(if lang == Lang::Zh { "、" } else { ", " })
}

fn heading(out: &mut String, text: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(text);
    out.push('\n');
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {text}");
}

fn tenths(took: Duration) -> String {
    format!("{:.1}", took.as_secs_f64())
}

fn one_child(out: &mut String, lang: Lang, child: &Child) {
    heading(out, &say::heading_one_child(lang, &child.school));
    let told: Vec<(String, String)> = child
        .events
        .iter()
        .filter_map(|(at, e)| Some((at.format("%Y-%m-%d %H:%M").to_string(), event(lang, e)?)))
        .collect();
    for (at, words) in told.iter().take(EVENTS_MAX) {
        line(out, &format!("{at}  {words}"));
    }
    if told.len() > EVENTS_MAX {
        line(out, &say::more_events(lang, told.len() - EVENTS_MAX));
    }
}

/// The events that a listener follows; the rest is in `case show`.
fn event(lang: Lang, event: &Event) -> Option<String> {
    Some(match event {
        Event::Opened { .. } => say::event_opened(lang),
        Event::Numbered { number } => say::event_numbered(lang, number),
        Event::LevelRaised { to, .. } if *to > 1 => say::event_level(lang, to),
        Event::RungSent { role, .. } => say::event_told(lang, say::role(lang, role.as_str())),
        Event::Marked { mark } if *mark == "suspected" => say::event_marked_suspected(lang),
        Event::Marked { .. } => say::event_marked_dropout(lang),
        Event::Returned { day, .. } => say::event_returned(lang, day),
        Event::Relapsed { on } => say::event_relapsed(lang, on),
        Event::LadderExhausted { .. } => say::event_exhausted(lang),
        Event::Closed { .. } => say::event_closed(lang),
        _ => return None,
    })
}

fn letters(out: &mut String, lang: Lang, tale: &Tale) {
    heading(out, &say::heading_letters(lang, tale.letters));
    let comma = if lang == Lang::Zh { "，" } else { ", " };
    for (role, channels) in &tale.by_role {
        let by: Vec<String> = channels.iter().map(|(c, n)| say::letters_by(lang, c, n)).collect();
        line(out, &say::letters_line(lang, say::role(lang, role.as_str()), by.join(comma)));
    }
}

fn incidents(out: &mut String, lang: Lang, tale: &Tale) {
    heading(out, &say::heading_incidents(lang));
    if tale.incidents.is_empty() {
        line(out, &say::no_incidents(lang));
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for i in &tale.incidents {
        let n = seen.entry(i.kind.as_str()).or_default();
        *n += 1;
        if *n > INCIDENTS_MAX {
            continue;
        }
        let what = say::incident(lang, &i.kind);
        let day = |t: crate::domain::Time| t.format("%m-%d %H:%M").to_string();
        match i.closed {
            Some(to) => line(out, &say::incident_closed(lang, what, &i.subject, day(i.opened), day(to))),
            None => line(out, &say::incident_open(lang, what, &i.subject, day(i.opened))),
        }
    }
    for (kind, n) in seen.iter().filter(|(_, n)| **n > INCIDENTS_MAX) {
        line(out, &say::incidents_more(lang, say::incident(lang, kind), n - INCIDENTS_MAX));
    }
}

fn next(out: &mut String, lang: Lang, played: &Played, root: &Path) {
    let dir = root.parent().unwrap_or(root);
    heading(out, &say::heading_next(lang));
    line(out, &say::next_letters(lang, dir.join("letters").display()));
    line(out, &say::next_exports(lang, dir.join("inbox").display()));
    line(out, &say::next_policy(lang, dir.display()));
    // Where this program lies: it may not be on the path yet.
    let program = std::env::current_exe().unwrap_or_else(|_| "kongchuo".into());
    let command = |what: &str| format!("{} --config {} {what}", program.display(), root.display());
    line(out, &say::next_command(lang, command("case list"), say::why_cases(lang)));
    if let Some(child) = &played.tale.child {
        line(out, &say::next_command(lang, command(&format!("explain {}", child.pupil)), say::why_explain(lang)));
    }
    line(out, &say::next_command(lang, command("incidents"), say::why_incidents(lang)));
    line(out, &say::next_command(lang, command("findings --on 2026-10-14"), say::why_findings(lang)));
}
