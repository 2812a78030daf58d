//! `explain`: one pupil's days, findings with their because and what would clear them, how far a rule is from being true;
//! cases with their history, past rungs with their outcome and rungs to come with their times. Reads only; times are those
//! that the engine would come to now.

use super::ledger::{Ledger, case_text};
use super::shown::Shown;
use super::table::{PAGE, bold, width, wrapped};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::case::Case;
use crate::domain::finding::{Finding, Measure};
use crate::domain::ids::PupilId;
use crate::domain::message::{Lang, casework, rules as words, shell as say};
use crate::domain::rule::ast::Rule;
use crate::domain::rule::explain::{self, Explainer, Mark};
use crate::domain::rule::outlook::{Barred, Clearing, Distance, Outlook, Part};
use crate::domain::rule::phrase::Phrases;
use crate::domain::rule::{self, Scratch};
use crate::domain::timeline::{self, Built};
use crate::domain::{Date, Time};
use crate::step::{Prepared, prepared};
use crate::store::{Db, cases, evidence, vault};
use chrono::Datelike;
use serde_json::{Value, json};

/// How far the strip goes back where no term can be found.
const WEEKS: u64 = 6;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A reference (P-000123), a student number or an id number.
    pub pupil: String,
    /// Only this rule: its findings, or how far it is from being true.
    #[arg(long)]
    pub rule: Option<String>,
}

/// Everything that is known of one pupil.
pub struct Known<'a> {
    pub context: &'a Context,
    pub town: &'a Town,
    pub db: &'a Db,
    pub ready: &'a Prepared,
    pub pupil: PupilId,
    pub built: Built,
    findings: Vec<Told>,
    /// The rule that was asked for, where it is not true now.
    distance: Option<(&'a Rule, Distance)>,
    cases: Vec<Case>,
    pub now: Time,
    /// The first day that is not recorded yet.
    pub first: Date,
}

/// A finding with how its rule stood, and what would clear it.
struct Told {
    finding: Finding,
    rule: Rule,
    stood: Vec<Part>,
    ways: Vec<Clearing>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let policy = &town.policy;
    let asked = args.rule.as_deref().map(|rule| {
        policy.rules.iter().find(|known| known.id == *rule).ok_or_else(|| {
            let known: Vec<&str> = policy.rules.iter().map(|r| r.id.as_str()).collect();
            CliError::usage(say::unknown_rule(lang, rule)).hint(say::known_rules(lang, known.join(", ")))
        })
    });
    let asked = asked.transpose()?;
    let db = town.reader()?;
    let broken = |e| town.broken(e);
    let (conn, sealed) = (db.conn(), db.vault());
    let Some(pupil) = vault::pupil_by_reference_or_number(conn, &sealed, &args.pupil).map_err(broken)? else {
        return Err(CliError::usage(casework::no_such_pupil(lang, &args.pupil)));
    };
    town.log_read(context, "explain", Some(pupil))?;
    let ready = prepared(policy);
    let now = town.now();
    let loaded = evidence::load(conn, &[pupil]).map_err(broken)?;
    let built = timeline::build(policy, &ready.calendar, &loaded, &[pupil], now.date(), None);
    let mut found = rule::Findings::default();
    if let Some(line) = built.timelines.get(&pupil) {
        let mut scratch = Scratch::default();
        let (program, calendar, acts) = (&ready.program, &ready.calendar, &loaded.acts);
        rule::evaluate(program, calendar, &built.roster, line, acts, now.date(), &mut scratch, &mut found);
    }
    let mut findings = found.to_vec();
    findings.retain(|f| asked.is_none_or(|rule| f.rule == rule.id));
    findings.sort_by(|a, b| (a.fired_on, &a.rule).cmp(&(b.fired_on, &b.rule)));
    let mut outlook = Outlook::new(policy, &ready.calendar, loaded, &built, pupil, now.date());
    let mut told = Vec::new();
    for finding in findings {
        let Some(rule) = policy.rules.iter().find(|r| r.id == finding.rule) else { continue };
        let stood = outlook.stand(rule, finding.last_on);
        let ways = if finding.open { outlook.clearing(rule, &finding) } else { Vec::new() };
        told.push(Told { finding, rule: rule.clone(), stood, ways });
    }
    let far = asked.filter(|_| !told.iter().any(|t| t.finding.open));
    let distance = far.map(|rule| (rule, outlook.distance(rule)));
    let first = outlook.first();
    let cases = cases::of_pupil(conn, &sealed, pupil).map_err(broken)?;
    let known = Known {
        context,
        town: &town,
        db: &db,
        ready: &ready,
        pupil,
        built,
        findings: told,
        distance,
        cases,
        now,
        first,
    };
    let mut shown = Shown::new(context, &town, &db)?;
    if context.json {
        outln!("{}", known.json(&mut shown)?);
    } else {
        out!("{}", known.text(&mut shown)?);
    }
    Ok(Exit::Ok)
}

/// A measure as it stands in JSON: `{"days": 3}`.
fn measure(m: &Measure) -> Value {
    let value = match m.value.denominator() {
        1 => json!(m.value.numerator()),
        _ => json!(m.value.to_string()),
    };
    let unit = serde_json::to_value(m.unit).ok().and_then(|u| u.as_str().map(str::to_owned));
    json!({ unit.unwrap_or_default(): value })
}

impl Known<'_> {
    pub fn lang(&self) -> Lang {
        self.context.lang
    }

    pub fn today(&self) -> Date {
        self.now.date()
    }

    fn explainer(&self) -> Explainer<'_> {
        Explainer {
            phrases: Phrases { policy: &self.town.policy, lang: self.lang() },
            calendar: &self.ready.calendar,
            member: self.built.roster.member_of(self.pupil),
            today: self.today(),
        }
    }

    /// From the first day of the term (or the first day of absence that a finding names) until today.
    fn strip(&self) -> Vec<Mark> {
        let today = self.today();
        let (Some(line), Some(member)) =
            (self.built.timelines.get(&self.pupil), self.built.roster.member_of(self.pupil))
        else {
            return Vec::new();
        };
        let terms = &self.town.policy.calendar.terms;
        let begun = terms.iter().map(|t| t.start).filter(|start| *start <= today).max();
        let from = begun.unwrap_or(today - chrono::Days::new(7 * WEEKS));
        let named = self.findings.iter().filter_map(|t| t.finding.evidence.first().copied()).min();
        let from = named.map_or(from, |first| from.min(first));
        explain::strip(line, member, &self.ready.calendar, from, today)
    }

    fn json(&self, shown: &mut Shown) -> Result<Value, CliError> {
        let explainer = self.explainer();
        let phrases = explainer.phrases;
        let mut out = json!({});
        shown.put_pupil(&mut out, self.pupil)?;
        let segment = self.built.roster.at(self.pupil, self.today());
        out["school"] = json!(segment.map(|s| s.school_id.as_str()));
        out["class"] = json!(segment.and_then(|s| s.class.as_ref()));
        let strip = self.strip().into_iter().map(|m| json!({"date": m.date, "mark": m.mark}));
        out["strip"] = strip.collect();
        let mut findings = Vec::new();
        for t in &self.findings {
            let mut line = shown.finding(&t.finding)?;
            line["title"] = t.rule.title.in_lang(self.lang()).into();
            line["basis"] = t.rule.basis.clone().into();
            line["version"] = t.finding.rule_hash.clone().into();
            line["because"] = explainer.because(&t.finding, &t.stood).into();
            line["clears"] = match t.ways.as_slice() {
                [] => Value::Null,
                ways => {
                    let list: Vec<Value> = ways.iter().map(way_json).collect();
                    json!({"text": explainer.clears(ways), "ways": list})
                }
            };
            findings.push(line);
        }
        out["findings"] = findings.into();
        if let Some((rule, d)) = &self.distance {
            let parts = d.parts.iter().map(|p| {
                json!({"wanted": phrases.wanted(&p.cond), "is_true": p.is_true, "now": p.now.as_ref().map(measure),
                    "dates": p.dates})
            });
            let barred: Vec<&str> = d.barred.iter().map(barred_word).collect();
            let earliest =
                d.earliest.as_ref().map(|(on, status)| json!({"on": on, "if": status.as_ref().map(|s| s.as_str())}));
            out["distance"] = json!({"rule": rule.id.as_str(), "barred": barred, "parts": parts.collect::<Vec<_>>(),
                "earliest": earliest, "text": explainer.distance(d)});
        }
        let mut list = Vec::new();
        for case in &self.cases {
            let ledger = Ledger::new(self.context, self.town, self.db, case)?;
            let mut line = shown.case(case)?;
            line["ledger"] = ledger.json();
            self.put_climbs(&mut line, shown, &ledger, case)?;
            list.push(line);
        }
        out["cases"] = list.into();
        Ok(out)
    }

    fn text(&self, shown: &mut Shown) -> Result<String, CliError> {
        let (lang, colour) = (self.lang(), self.context.colour);
        let segment = self.built.roster.at(self.pupil, self.today());
        let mut head = shown.pupil_line(self.pupil)?;
        if let Some(s) = segment {
            let school = self.town.policy.school(&s.school_id).map(|s| s.name.as_str());
            head.push_str(&format!("  {}", school.unwrap_or(s.school_id.as_str())));
            head.extend(s.class.as_ref().map(|c| format!("  {c}")));
        }
        let mut out = bold(&head, colour) + "\n\n";
        out += &self.days_text();
        out += &format!("\n{}\n", bold(&say::head_findings(lang), colour));
        if self.findings.is_empty() && self.distance.is_none() {
            out += &format!("  {}\n", say::no_findings(lang));
        }
        let explainer = self.explainer();
        for t in &self.findings {
            out += &self.finding_text(&explainer, t);
        }
        if let Some((rule, d)) = &self.distance {
            out += &wrapped("  ", &self.rule_head(rule, &words::not_true_now(lang)), PAGE);
            out += &wrapped(&label(&say::label_distance(lang)), &explainer.distance(d), PAGE);
        }
        if self.cases.is_empty() {
            out += &format!("\n{}\n", say::no_case(lang));
        }
        for case in &self.cases {
            let ledger = Ledger::new(self.context, self.town, self.db, case)?;
            out += &format!("\n{}", case_text(self.context, shown, &ledger)?);
            out += &self.climbs_text(shown, &ledger, case)?;
        }
        Ok(out)
    }

    fn rule_head(&self, rule: &Rule, when: &str) -> String {
        let lang = self.lang();
        let title = rule.title.in_lang(lang);
        let basis = rule.basis.as_ref().map_or_else(String::new, |b| format!("  {}", words::basis(lang, b)));
        format!("{}  {title}  {when}{basis}", bold(rule.id.as_str(), self.context.colour))
    }

    fn finding_text(&self, explainer: &Explainer, t: &Told) -> String {
        let lang = self.lang();
        let day = |d: Date| explainer.phrases.date(d);
        let when = match t.finding.open {
            true => format!("{} [{}]", words::fired(lang, day(t.finding.fired_on)), say::still_open(lang)),
            false => words::fired_till(lang, day(t.finding.fired_on), day(t.finding.last_on)),
        };
        let mut out = wrapped("  ", &self.rule_head(&t.rule, &when), PAGE);
        out += &wrapped(&label(&say::label_because(lang)), &explainer.because(&t.finding, &t.stood), PAGE);
        if !t.ways.is_empty() {
            out += &wrapped(&label(&say::label_clears(lang)), &explainer.clears(&t.ways), PAGE);
        }
        out
    }

    /// A line for each week, every day under its weekday.
    fn days_text(&self) -> String {
        let lang = self.lang();
        let strip = self.strip();
        let mut used: Vec<char> = Vec::new();
        for m in &strip {
            if !used.contains(&m.mark) {
                used.push(m.mark);
            }
        }
        let legend: Vec<&str> = used.iter().filter_map(|m| words::mark(lang, *m)).collect();
        if legend.is_empty() {
            return format!("{}\n", say::no_days(lang));
        }
        let legend = legend.join(words::comma(lang));
        let mut out = wrapped("", &say::head_days(lang, legend), PAGE);
        out += &format!("          {}\n", words::weekdays(lang));
        let phrases = self.explainer().phrases;
        out += &weeks(&strip, &|d| phrases.date(d));
        out
    }
}

/// A line for each week that has anything, with the date of its first day in front.
fn weeks(strip: &[Mark], date: &dyn Fn(Date) -> String) -> String {
    let mut out = String::new();
    for week in strip.chunk_by(|a, b| a.date.iso_week() == b.date.iso_week()) {
        let Some(first) = week.first().filter(|_| week.iter().any(|m| m.mark != ' ')) else { continue };
        let monday = first.date - chrono::Days::new(first.date.weekday().num_days_from_monday().into());
        let before = (first.date - monday).num_days();
        let cells = (0..before).map(|_| ' ').chain(week.iter().map(|m| m.mark));
        let cells: String = cells.map(|c| padded(&c.to_string(), 3)).collect();
        let date = date(first.date);
        out += &format!("{}{date}  {}\n", " ".repeat(8usize.saturating_sub(width(&date))), cells.trim_end());
    }
    out
}

fn padded(text: &str, places: usize) -> String {
    format!("{text}{}", " ".repeat(places.saturating_sub(width(text))))
}

fn label(text: &str) -> String {
    format!("      {text}  ")
}

fn barred_word(b: &Barred) -> &'static str {
    match b {
        Barred::Filter(_) => "filter",
        Barred::NotInEffect { .. } => "not_in_effect",
        Barred::NotExpected => "not_expected",
        Barred::OtherSubject => "other_subject",
    }
}

fn way_json(way: &Clearing) -> Value {
    match way {
        Clearing::Attended { days, from, on, leave, .. } => {
            json!({"by": "attending", "days": days, "from": from, "on": on, "leave_does_too": leave})
        }
        Clearing::Passes { on, gone, measure: m, .. } => {
            json!({"by": "window", "on": on, "gone": gone, "measure": m.as_ref().map(measure)})
        }
        Clearing::NotInSight => json!({"by": null}),
        Clearing::Acts { .. } => json!({"by": "act"}),
        Clearing::Anew { .. } => json!({"by": "act_anew"}),
        Clearing::Arrived => json!({"by": "arrival"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_stands_under_its_weekday_and_an_empty_week_is_left_out() {
        let first: Date = "2026-09-01".parse().expect("a Tuesday");
        let marks = "√旷.√  √√√=                √";
        let strip: Vec<Mark> = first.iter_days().zip(marks.chars()).map(|(date, mark)| Mark { date, mark }).collect();
        let said = weeks(&strip, &|d| d.format("%m-%d").to_string());
        let want = "   09-01     √  旷 .  √\n   09-07  √  √  √  =\n   09-21                    √\n";
        assert_eq!(said, want);
    }
}
