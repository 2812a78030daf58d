//! `simulate`: stored deliveries replayed in virtual time under today's rules or others, on a copy; what would have opened
//! and been sent, and how many SMS. Sends nothing and writes nothing to the township's folder.

use super::import::day;
use super::shown::{Shown, short};
use super::table::{Table, bold};
use super::town::Town;
use super::{CliError, Context, Exit, open};
use crate::domain::ids::PupilId;
use crate::domain::message::{Lang, shell as words, simulate as say};
use crate::domain::policy::{Mode, Policy};
use crate::domain::{Date, TimeOfDay};
use crate::drive::replay::{
    self, Child, Days, Differences, Known, Letter, Nothing, Played, Sums, differences, sms_segments, sums,
};
use crate::drive::world::Broken;
use crate::store::outbox::LetterRow;
use crate::store::shelf::instants;
use crate::store::{Db, StoreError, outbox};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// How many lines of a list a page for people shows.
const SHOWN: usize = 50;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The first day that is shown.
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    pub to: String,
    /// Other rules: a file with `rules:` in it, in place of the configuration's.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Other ladders: a file with `ladders:` in it.
    #[arg(long, value_name = "FILE")]
    pub ladders: Option<PathBuf>,
    /// Another day from which on absence alarms.
    #[arg(long, value_name = "DATE")]
    pub live_from: Option<String>,
    /// Only what differs from today's rules: numbers side by side, children, letters.
    #[arg(long)]
    pub compare: bool,
    /// When what files state counts as known. Left out: as it arrived, and history that was read in after these days as it
    /// was stated.
    #[arg(long, value_enum)]
    pub known: Option<KnownArg>,
    /// Every line of long lists (JSON has all).
    #[arg(long)]
    pub all: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownArg {
    Arrived,
    Stated,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let (from, to) = (day(&args.from, lang)?, day(&args.to, lang)?);
    if from > to {
        return Err(CliError::usage(say::from_after_to(lang, from, to)));
    }
    let live_from = args.live_from.as_deref().map(|text| day(text, lang)).transpose()?;
    let is_other = args.rules.is_some() || args.ladders.is_some() || live_from.is_some();
    if args.compare && !is_other {
        return Err(CliError::usage(say::compare_with_what(lang)));
    }
    let town = Town::open(context)?;
    let known = match args.known {
        None => Known::Either,
        Some(KnownArg::Arrived) => Known::Arrived,
        Some(KnownArg::Stated) => Known::Stated,
    };
    let other = is_other.then(|| other_policy(context, args, live_from)).transpose()?;
    let mut policies: Vec<Policy> = other.into_iter().collect();
    if args.compare || policies.is_empty() {
        policies.insert(0, town.policy.clone());
    }
    let copies = {
        let reader = town.reader()?;
        reader.stages(policies.len()).map_err(|e| town.broken(e))?
    };
    // What is recorded may go beyond now: a made-up term does.
    let recorded = copies.first().map(|c| instants(c.conn())).transpose().map_err(|e| town.broken(e))?.flatten();
    let now = recorded.map_or(town.now(), |(_, last)| last.max(town.now()));
    if from > now.date() {
        return Err(CliError::usage(say::from_in_the_future(lang, from)));
    }
    let midnight = (to + chrono::Days::new(1)).and_time(TimeOfDay::MIN);
    let days = Days { from, to, end: (midnight - TimeDelta::milliseconds(1)).min(now) };
    let played = play(&town, copies, policies, days, known, lang)?;
    town.log_read(context, "simulate", None)?;
    let page = Page { context, args, town: &town, lang };
    match played.as_slice() {
        [today, other] => page.compared(today, other)?,
        all => all.iter().try_for_each(|p| page.whole(p, is_other))?,
    }
    Ok(Exit::Ok)
}

/// The configuration with the sections to be tried.
fn other_policy(context: &Context, args: &Args, live_from: Option<Date>) -> Result<Policy, CliError> {
    let mut instead = Vec::new();
    instead.extend(args.rules.clone().map(|file| ("rules", file)));
    instead.extend(args.ladders.clone().map(|file| ("ladders", file)));
    let mut policy = open::policy_with(&context.config_path(), &instead, context.lang)?;
    if let Some(day) = live_from {
        policy.live_from = Some(day);
        policy.hash = format!("{} from {day}", policy.hash);
    }
    Ok(policy)
}

/// Plays the days under each policy, side by side.
fn play(
    town: &Town,
    copies: Vec<Db>,
    policies: Vec<Policy>,
    days: Days,
    known: Known,
    lang: Lang,
) -> Result<Vec<Played>, CliError> {
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |day: Date| {
        bar.set_message(day.to_string());
        bar.tick();
    };
    let results: Vec<Result<Result<Played, Nothing>, Broken>> = std::thread::scope(|scope| {
        let handles: Vec<_> = copies
            .into_iter()
            .zip(policies)
            .map(|(copy, policy)| scope.spawn(|| replay::play(copy, policy, days, known, &progress)))
            .collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err("a replay broke off".into()))).collect()
    });
    bar.finish_and_clear();
    let mut out = Vec::new();
    for result in results {
        match result.map_err(|e| broken(town, e, lang))? {
            Ok(played) => out.push(played),
            Err(nothing) => return Err(nothing_known(&nothing, days, lang)),
        }
    }
    Ok(out)
}

fn broken(town: &Town, e: Broken, lang: Lang) -> CliError {
    match e.downcast::<StoreError>() {
        Ok(e) => town.broken(*e),
        Err(e) => match e.downcast::<crate::step::StepError>() {
            Ok(e) => town.failed(*e),
            Err(e) => CliError::new(Exit::Bug, say::not_played(lang)).because(e),
        },
    }
}

fn nothing_known(nothing: &Nothing, days: Days, lang: Lang) -> CliError {
    match nothing.first {
        None => CliError::usage(say::nothing_stored(lang)).hint(say::nothing_stored_hint(lang)),
        Some(first) => CliError::usage(say::nothing_by_then(lang, days.to, short(first), nothing.later))
            .hint(say::nothing_by_then_hint(lang)),
    }
}

struct Page<'a> {
    context: &'a Context,
    args: &'a Args,
    town: &'a Town,
    lang: Lang,
}

impl Page<'_> {
    fn failed(&self, e: Broken) -> CliError {
        broken(self.town, e, self.lang)
    }

    fn shown<'d>(&self, played: &'d Played) -> Result<Shown<'d>, CliError>
    where
        Self: 'd,
    {
        Shown::of(self.context, self.town, &played.db, &played.policy, played.days.end)
    }

    fn heading(&self, text: &str) {
        outln!("\n{}", bold(text, self.context.colour));
    }

    fn table(&self, table: &Table) {
        if table.is_empty() {
            outln!("{}", say::none(self.lang));
        } else {
            out!("{}", table.render(self.context.colour));
        }
    }

    // ------------------------------------------------------------ one replay

    fn whole(&self, played: &Played, is_other: bool) -> Result<(), CliError> {
        let sums = sums(played).map_err(|e| self.failed(e))?;
        if self.context.json {
            return self.lines(played, &sums, is_other);
        }
        let (lang, days) = (self.lang, played.days);
        let title = if is_other { say::title_other } else { |l, a, b| say::title_today(l, a, b) };
        outln!("{}", bold(&title(lang, days.from, days.to), self.context.colour));
        outln!("{}", say::totals(lang, sums.cases, sums.numbered, sums.relapses, sums.letters));
        outln!("{}", say::sms_total(lang, sums.sms, sums.segments));
        self.heading(&say::heading_rules(lang));
        let mut table = Table::new([words::col_rule(lang), say::col_findings(lang), say::col_cases(lang)]);
        for (rule, (findings, cases)) in &sums.rules {
            table.row([rule.to_string(), findings.to_string(), cases.to_string()]);
        }
        self.table(&table);
        self.heading(&say::heading_letters(lang));
        let head = [words::col_channel(lang), words::col_to(lang), say::col_letters(lang), say::col_sms(lang)];
        let mut table = Table::new(head);
        for ((channel, role), (letters, segments)) in &sums.ways {
            table.row([channel.to_string(), role.to_string(), letters.to_string(), number(*segments)]);
        }
        self.table(&table);
        self.heading(&say::heading_incidents(lang));
        let mut table = Table::new([say::col_kind(lang), say::col_count(lang)]);
        for (kind, n) in &sums.incidents {
            table.row([kind.clone(), n.to_string()]);
        }
        self.table(&table);
        let mut shown = self.shown(played)?;
        self.cases(played, &mut shown)?;
        self.letters(played, &mut shown)?;
        self.heading(&say::heading_assumed(lang));
        self.notes(played).iter().for_each(|note| outln!("- {note}"));
        Ok(())
    }

    fn cases(&self, played: &Played, shown: &mut Shown) -> Result<(), CliError> {
        let lang = self.lang;
        self.heading(&say::heading_cases(lang));
        let mut head = vec![say::col_opened(lang)];
        head.extend(shown.pupil_head());
        head.extend([words::col_level(lang), words::col_state(lang), say::col_why(lang)]);
        let mut table = Table::new(head);
        let opened = played.opened();
        for case in opened.iter().take(self.most()) {
            let mut row = vec![short(case.opened)];
            row.extend(shown.pupil_cells(case.pupil)?);
            let why = case.grounds.iter().map(|g| format!("{} {}", g.rule, g.fired_on));
            row.extend([case.level.to_string(), words::case_state(lang, case.state)]);
            row.push(why.collect::<Vec<_>>().join(", "));
            table.row(row);
        }
        self.table(&table);
        self.cut(opened.len());
        Ok(())
    }

    fn letters(&self, played: &Played, shown: &mut Shown) -> Result<(), CliError> {
        let lang = self.lang;
        self.heading(&say::heading_letter_list(lang));
        let mut head = vec![words::col_at(lang), words::col_to(lang), words::col_channel(lang), words::col_rung(lang)];
        head.extend([words::col_pupil(lang), say::col_sms(lang)]);
        let mut table = Table::new(head);
        let letters = played.letters().map_err(|e| self.failed(e))?;
        for letter in letters.iter().take(self.most()) {
            let line = shown.letter(letter)?;
            let list = |v: &Value| {
                let words = v.as_array().into_iter().flatten().filter_map(Value::as_str);
                words.collect::<Vec<_>>().join(" ")
            };
            let at = short(letter.accepted.unwrap_or(letter.claimed));
            let (role, channel) = (letter.role.to_string(), letter.channel.to_string());
            let sms = self.segments(played, letter)?.unwrap_or(0);
            table.row([at, role, channel, list(&line["rungs"]), list(&line["pupils"]), number(sms)]);
        }
        self.table(&table);
        self.cut(letters.len());
        Ok(())
    }

    fn segments(&self, played: &Played, letter: &LetterRow) -> Result<Option<usize>, CliError> {
        let words = outbox::words(played.db.conn(), &played.db.vault(), letter.id).map_err(|e| self.town.broken(e))?;
        Ok(words.and_then(|w| sms_segments(&played.policy, letter, &w)))
    }

    fn most(&self) -> usize {
        if self.args.all { usize::MAX } else { SHOWN }
    }

    fn cut(&self, all: usize) {
        if all > self.most() {
            outln!("{}", say::shown_of(self.lang, self.most(), all));
        }
    }

    /// What was assumed, and what should be known of the days.
    fn notes(&self, played: &Played) -> Vec<String> {
        let (lang, days, s) = (self.lang, played.days, played.scripted);
        let mut out = vec![
            say::note_policy(lang),
            say::note_start(lang, short(played.start), s.deliveries, s.commands),
            say::note_gateways(lang),
        ];
        if played.policy.mode == Mode::Rehearsal {
            out.push(say::note_rehearsal(lang));
        }
        out.extend(played.policy.live_from.filter(|d| *d > days.from).map(|d| say::note_live_from(lang, d)));
        if played.start.date() > days.from {
            out.push(say::note_first(lang, short(played.start)));
        }
        if days.end.date() < days.to || days.end.time() < TimeOfDay::from_hms_opt(23, 59, 0).unwrap_or_default() {
            out.push(say::note_until_now(lang, short(days.end)));
        }
        if s.as_stated > 0 {
            out.push(say::note_as_stated(lang, s.as_stated));
        }
        if s.read_in > 0 {
            out.push(say::note_read_in(lang, s.read_in));
        }
        if s.later > 0 {
            out.push(say::note_later(lang, s.later));
        }
        if played.refused > 0 {
            out.push(say::note_refused(lang, played.refused));
        }
        out
    }

    // ------------------------------------------------------------ for machines

    fn lines(&self, played: &Played, sums: &Sums, is_other: bool) -> Result<(), CliError> {
        let mut shown = self.shown(played)?;
        let mut findings = Vec::new();
        for f in played.findings().map_err(|e| self.failed(e))? {
            findings.push(shown.finding(&f)?);
        }
        findings.sort_by_cached_key(super::findings::order);
        findings.into_iter().for_each(|line| outln!("{}", record("finding", line)));
        for case in played.opened() {
            outln!("{}", record("case", shown.case(case)?));
        }
        for letter in played.letters().map_err(|e| self.failed(e))? {
            let mut line = record("letter", shown.letter(&letter)?);
            line["sms"] = self.segments(played, &letter)?.into();
            outln!("{line}");
        }
        for incident in played.incidents().map_err(|e| self.failed(e))? {
            outln!("{}", record("incident", shown.incident(&incident)?));
        }
        outln!("{}", self.summary(played, sums, if is_other { "other" } else { "today" }, &shown));
        self.tell(played);
        Ok(())
    }

    fn tell(&self, played: &Played) {
        for note in self.notes(played) {
            eprintln!("{}: {note}", say::note_word(self.lang));
        }
    }

    fn summary(&self, played: &Played, sums: &Sums, policy: &str, shown: &Shown) -> Value {
        let rules: Map<String, Value> = sums
            .rules
            .iter()
            .map(|(rule, (findings, cases))| (rule.to_string(), json!({"findings": findings, "cases": cases})))
            .collect();
        let ways: Vec<Value> = sums
            .ways
            .iter()
            .map(|((channel, role), (letters, sms))| {
                json!({"channel": channel.as_str(), "role": role.as_str(), "letters": letters, "sms": sms})
            })
            .collect();
        let s = played.scripted;
        json!({
            "record": "summary", "policy": policy, "from": played.days.from, "to": played.days.to,
            "start": shown.time(played.start), "end": shown.time(played.days.end),
            "rules": rules, "cases": sums.cases, "numbered": sums.numbered, "relapses": sums.relapses,
            "letters": sums.letters, "by_channel": ways, "sms": {"letters": sums.sms, "segments": sums.segments},
            "incidents": sums.incidents, "deliveries": s.deliveries, "as_stated": s.as_stated, "read_in": s.read_in, "later": s.later,
            "commands": s.commands, "refused": played.refused,
        })
    }

    // ------------------------------------------------------------ two replays

    fn compared(&self, today: &Played, other: &Played) -> Result<(), CliError> {
        let (a, b) = (sums(today).map_err(|e| self.failed(e))?, sums(other).map_err(|e| self.failed(e))?);
        let d = differences(today, other).map_err(|e| self.failed(e))?;
        let mut shown = self.shown(other)?;
        if self.context.json {
            outln!("{}", self.summary(today, &a, "today", &shown));
            outln!("{}", self.summary(other, &b, "other", &shown));
            self.difference_lines(&d, &mut shown)?;
            self.tell(other);
            return Ok(());
        }
        let (lang, days) = (self.lang, other.days);
        outln!("{}", bold(&say::title_compare(lang, days.from, days.to), self.context.colour));
        self.side_by_side(&a, &b);
        for (heading, children) in [(say::heading_more(lang), &d.more), (say::heading_fewer(lang), &d.fewer)] {
            self.heading(&heading);
            let mut head = shown.pupil_head();
            head.extend([say::col_opened(lang), words::col_level(lang), words::col_rule(lang), words::col_fired(lang)]);
            let mut table = Table::new(head);
            for child in children {
                let mut row = shown.pupil_cells(child.pupil)?;
                row.extend([short(child.opened), child.level.to_string()]);
                row.push(child.rule.as_ref().map_or_else(String::new, ToString::to_string));
                row.push(child.fired_on.map_or_else(String::new, |d| d.to_string()));
                table.row(row);
            }
            self.table(&table);
        }
        self.heading(&say::heading_otherwise(lang));
        let mut head = shown.pupil_head();
        head.extend([say::col_was(lang), say::col_other(lang)]);
        let mut table = Table::new(head);
        for (now, then) in &d.otherwise {
            let mut row = shown.pupil_cells(then.pupil)?;
            let rule = |c: &Child| c.rule.as_ref().map_or_else(String::new, ToString::to_string);
            row.extend([now, then].map(|c| say::level_at(lang, short(c.opened), c.level, rule(c))));
            table.row(row);
        }
        self.table(&table);
        let lists =
            [(say::heading_letters_more(lang), &d.letters_more), (say::heading_letters_fewer(lang), &d.letters_fewer)];
        for (heading, letters) in lists {
            self.heading(&heading);
            self.letter_differences(letters, &mut shown)?;
        }
        self.heading(&say::heading_assumed(lang));
        self.notes(other).iter().for_each(|note| outln!("- {note}"));
        Ok(())
    }

    fn side_by_side(&self, a: &Sums, b: &Sums) {
        let lang = self.lang;
        let mut table = Table::new([say::col_what(lang), say::col_today(lang), say::col_other(lang)]);
        let mut row = |what: String, a: usize, b: usize| {
            table.row([what, a.to_string(), b.to_string()]);
        };
        let mut rules: Vec<_> = a.rules.keys().chain(b.rules.keys()).collect();
        rules.sort();
        rules.dedup();
        let findings = |s: &Sums, rule| s.rules.get(rule).map_or(0, |n| n.0);
        for rule in rules {
            row(say::what_findings(lang, rule), findings(a, rule), findings(b, rule));
        }
        row(say::what_cases(lang), a.cases, b.cases);
        row(say::what_numbered(lang), a.numbered, b.numbered);
        row(say::what_relapses(lang), a.relapses, b.relapses);
        row(say::what_letters(lang), a.letters, b.letters);
        let mut ways: Vec<_> = a.ways.keys().chain(b.ways.keys()).collect();
        ways.sort();
        ways.dedup();
        let letters = |s: &Sums, way| s.ways.get(way).map_or(0, |n| n.0);
        for way in ways {
            row(say::what_letters_of(lang, &way.0, &way.1), letters(a, way), letters(b, way));
        }
        row(say::what_sms(lang), a.segments, b.segments);
        let mut kinds: Vec<_> = a.incidents.keys().chain(b.incidents.keys()).collect();
        kinds.sort();
        kinds.dedup();
        let incidents = |s: &Sums, kind| s.incidents.get(kind).copied().unwrap_or(0);
        for kind in kinds {
            row(say::what_incidents(lang, kind), incidents(a, kind), incidents(b, kind));
        }
        out!("{}", table.render(self.context.colour));
    }

    fn letter_differences(&self, letters: &[Letter], shown: &mut Shown) -> Result<(), CliError> {
        let lang = self.lang;
        let mut head = vec![words::col_at(lang), words::col_to(lang), words::col_channel(lang), words::col_rung(lang)];
        head.push(words::col_pupil(lang));
        let mut table = Table::new(head);
        for l in letters.iter().take(self.most()) {
            let pupils = called(&l.pupils, shown)?.join(" ");
            table.row([short(l.at), l.role.to_string(), l.channel.to_string(), l.rungs.join(" "), pupils]);
        }
        self.table(&table);
        self.cut(letters.len());
        Ok(())
    }

    fn difference_lines(&self, d: &Differences, shown: &mut Shown) -> Result<(), CliError> {
        for (word, children) in [("more", &d.more), ("fewer", &d.fewer)] {
            for child in children {
                let mut line = json!({"record": "child_difference", "difference": word});
                shown.put_pupil(&mut line, child.pupil)?;
                line[if word == "more" { "other" } else { "today" }] = child_line(child, shown);
                outln!("{line}");
            }
        }
        for (now, then) in &d.otherwise {
            let mut line = json!({"record": "child_difference", "difference": "otherwise"});
            shown.put_pupil(&mut line, then.pupil)?;
            line["today"] = child_line(now, shown);
            line["other"] = child_line(then, shown);
            outln!("{line}");
        }
        for (word, letters) in [("more", &d.letters_more), ("fewer", &d.letters_fewer)] {
            for l in letters {
                let pupils = called(&l.pupils, shown)?;
                let line = json!({
                    "record": "letter_difference", "difference": word, "at": shown.time(l.at), "rungs": l.rungs,
                    "to": {"role": l.role.as_str()}, "pupils": pupils, "channel": l.channel.as_str(),
                });
                outln!("{line}");
            }
        }
        Ok(())
    }
}

fn child_line(c: &Child, shown: &Shown) -> Value {
    json!({"opened": shown.time(c.opened), "level": c.level, "rule": c.rule.as_ref().map(|r| r.as_str()),
        "fired_on": c.fired_on, "cases": c.cases})
}

/// Pupils as they are called in outputs.
fn called(pupils: &[PupilId], shown: &mut Shown) -> Result<Vec<String>, CliError> {
    pupils.iter().map(|p| Ok(shown.pupil_cells(*p)?.into_iter().next().unwrap_or_default())).collect()
}

/// Nothing rather than a nought.
fn number(n: usize) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}

/// A line of JSON with what it is in front: an incident has a `kind` of its own.
fn record(what: &str, line: Value) -> Value {
    let mut out = json!({"record": what});
    for (key, value) in line.as_object().into_iter().flatten() {
        out[key] = value.clone();
    }
    out
}
