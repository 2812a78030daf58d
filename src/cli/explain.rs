//! `explain`: one pupil's days, findings with their because, cases, past rungs with their outcome and rungs to come with
//! their times. Reads only; times are those that the engine would come to now.

use super::case::case_text;
use super::shown::{Past, Shown, short};
use super::table::{Table, bold};
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::case::{Case, Climb, State};
use crate::domain::finding::Finding;
use crate::domain::ids::PupilId;
use crate::domain::ladder::{self, Footing, Planned};
use crate::domain::message::{Lang, casework, shell as say};
use crate::domain::policy::{Anchor, Ladder};
use crate::domain::rule::{self, Scratch, explain};
use crate::domain::timeline::{self, Built};
use crate::domain::{Date, Time, climbing};
use crate::step::{Prepared, ladder_by_hash, prepared, rule_by_hash};
use crate::store::{Db, cases, evidence, logbook, outbox, vault};
use serde_json::{Value, json};

/// How far the strip goes back where no term can be found.
const WEEKS: u64 = 6;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A reference (P-000123), a student number or an id number.
    pub pupil: String,
    /// Only this rule's findings.
    #[arg(long)]
    pub rule: Option<String>,
}

/// Everything that is known of one pupil.
struct Known<'a> {
    context: &'a Context,
    town: &'a Town,
    db: &'a Db,
    ready: &'a Prepared,
    pupil: PupilId,
    built: Built,
    findings: Vec<Finding>,
    cases: Vec<Case>,
    now: Time,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open(context)?;
    let policy = &town.policy;
    if let Some(rule) = args.rule.as_deref().filter(|r| !policy.rules.iter().any(|known| known.id == **r)) {
        let known: Vec<&str> = policy.rules.iter().map(|r| r.id.as_str()).collect();
        return Err(CliError::usage(say::unknown_rule(lang, rule)).hint(say::known_rules(lang, known.join(", "))));
    }
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
    findings.retain(|f| args.rule.as_deref().is_none_or(|rule| f.rule == rule));
    findings.sort_by(|a, b| (a.fired_on, &a.rule).cmp(&(b.fired_on, &b.rule)));
    let cases = cases::of_pupil(conn, &sealed, pupil).map_err(broken)?;
    let known = Known { context, town: &town, db: &db, ready: &ready, pupil, built, findings, cases, now };
    let mut shown = Shown::new(context, &town, &db)?;
    if context.json {
        outln!("{}", known.json(&mut shown)?);
    } else {
        out!("{}", known.text(&mut shown)?);
    }
    Ok(Exit::Ok)
}

impl Known<'_> {
    fn lang(&self) -> Lang {
        self.context.lang
    }

    /// From the first day of the term (or the first day of absence that a finding names) until today.
    fn strip(&self) -> Vec<explain::Mark> {
        let today = self.now.date();
        let (Some(line), Some(member)) =
            (self.built.timelines.get(&self.pupil), self.built.roster.member_of(self.pupil))
        else {
            return Vec::new();
        };
        let terms = &self.town.policy.calendar.terms;
        let begun = terms.iter().map(|t| t.start).filter(|start| *start <= today).max();
        let from = begun.unwrap_or(today - chrono::Days::new(7 * WEEKS));
        let named = self.findings.iter().filter_map(|f| f.evidence.first().copied()).min();
        let from = named.map_or(from, |first| from.min(first));
        explain::strip(line, member, &self.ready.calendar, from, today)
    }

    fn because(&self, f: &Finding) -> String {
        let member = self.built.roster.member_of(self.pupil);
        match rule_by_hash(self.db.conn(), &self.town.policy, &f.rule_hash) {
            Some(rule) => explain::because(f, &rule, member, &self.ready.calendar, self.lang()),
            None => f.rule.to_string(),
        }
    }

    fn ladder(&self, climb: &Climb) -> Option<Ladder> {
        ladder_by_hash(self.db.conn(), &self.town.policy, &climb.hash)
    }

    fn today(&self) -> Date {
        self.now.date()
    }

    /// What is still to be told, with times; nothing while the case stands still.
    fn planned(&self, case: &Case, climb: &Climb, ladder: &Ladder) -> Vec<Planned> {
        if case.state != State::Open {
            return Vec::new();
        }
        let segment = self.built.roster.at(self.pupil, self.today());
        let place = segment.map(|s| (&s.school_id, s.grade, s.class.as_ref()));
        let footing = Footing { calendar: &self.ready.calendar, place };
        let anchors = climbing::anchors(case, climb);
        ladder::plan(&footing, climb, ladder, &anchors, climbing::waits(case, climb), &self.town.policy.contacts)
    }

    /// Rungs without a time: not told, not planned.
    fn waiting<'l>(&self, climb: &Climb, ladder: &'l Ladder, planned: &[Planned]) -> Vec<(&'l str, String)> {
        let lang = self.lang();
        let open = ladder.rungs.iter().filter(|r| {
            !planned.iter().any(|p| p.rung == r.id) && climb.rungs.get(&r.id).is_none_or(|s| s.tellings.is_empty())
        });
        open.map(|r| {
            let what = match &r.at.anchor {
                Anchor::Start => say::waits_leave(lang),
                Anchor::Level(level) => say::waits_level(lang, level),
                Anchor::Act(kind) => say::waits_act(lang, kind),
                Anchor::Served(document) => say::waits_served(lang, document),
                Anchor::Mark(mark) => say::waits_mark(lang, mark),
                Anchor::Rung(rung) => say::waits_rung(lang, rung),
            };
            (r.id.as_str(), what)
        })
        .collect()
    }

    /// The letters that carried a rung's notices to a role: what the gateways made of it.
    fn letters(&self, case: &Case, climb: &Climb, past: &Past) -> Result<Vec<outbox::LetterRow>, CliError> {
        let broken = |e| self.town.broken(e);
        let conn = self.db.conn();
        let mut out: Vec<outbox::LetterRow> = Vec::new();
        let about = crate::domain::notice::About::Case(case.id);
        for n in outbox::of_subject(conn, about).map_err(broken)? {
            let same = n.ladder.as_ref() == Some(&climb.ladder)
                && n.rung.as_str() == past.rung
                && n.telling == past.telling
                && n.to.role == past.role;
            if same {
                for id in logbook::letters_of(conn, n.id).map_err(broken)? {
                    out.extend(outbox::letter(conn, id).map_err(broken)?);
                }
            }
        }
        Ok(out)
    }

    fn json(&self, shown: &mut Shown) -> Result<Value, CliError> {
        let mut out = json!({});
        shown.put_pupil(&mut out, self.pupil)?;
        let segment = self.built.roster.at(self.pupil, self.today());
        out["school"] = json!(segment.map(|s| s.school_id.as_str()));
        out["class"] = json!(segment.and_then(|s| s.class.as_ref()));
        let strip = self.strip().into_iter().map(|m| json!({"date": m.date, "mark": m.mark}));
        out["strip"] = strip.collect();
        let mut findings = Vec::new();
        for f in &self.findings {
            let mut line = shown.finding(f)?;
            line["because"] = self.because(f).into();
            findings.push(line);
        }
        out["findings"] = findings.into();
        let mut list = Vec::new();
        for case in &self.cases {
            let mut line = shown.case(case)?;
            line["ledger"] = shown.ledger_json(case)?;
            let (mut past, mut future) = (Vec::new(), Vec::new());
            for climb in &case.climbs {
                for p in shown.past(case, climb.ladder.as_str())? {
                    let letters = self.letters(case, climb, &p)?;
                    let letters: Vec<Value> = letters
                        .iter()
                        .map(|l| json!({"letter": l.id.to_string(), "channel": l.channel, "state": l.state}))
                        .collect();
                    past.push(json!({"ladder": climb.ladder, "rung": p.rung, "telling": p.telling, "role": p.role,
                        "at": shown.time(p.at), "outcome": p.outcome, "reason": p.why, "letters": letters}));
                }
                let Some(ladder) = self.ladder(climb) else { continue };
                let planned = self.planned(case, climb, &ladder);
                for p in &planned {
                    future.push(json!({"ladder": climb.ladder, "rung": p.rung, "telling": p.telling, "role": p.role,
                        "at": shown.time(p.at), "statutory": p.statutory}));
                }
                if case.state == State::Open {
                    for (rung, what) in self.waiting(climb, &ladder, &planned) {
                        future.push(json!({"ladder": climb.ladder, "rung": rung, "at": null, "waits_for": what}));
                    }
                }
            }
            line["past"] = past.into();
            line["future"] = future.into();
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
        out += &(bold(&say::head_days(lang), colour) + "\n");
        out += &explain::strip_text(&self.strip(), lang);
        out += &format!("\n{}\n", bold(&say::head_findings(lang), colour));
        if self.findings.is_empty() {
            out += &format!("  {}\n", say::no_findings(lang));
        }
        for f in &self.findings {
            let open = if f.open { format!(" [{}]", say::still_open(lang)) } else { String::new() };
            out += &format!("  {} {}{open}  {}\n", f.rule, f.fired_on, self.because(f));
        }
        if self.cases.is_empty() {
            out += &format!("\n{}\n", say::no_case(lang));
        }
        for case in &self.cases {
            out += &format!("\n{}", case_text(self.context, shown, case)?);
            for climb in &case.climbs {
                out += &self.climb_text(shown, case, climb)?;
            }
        }
        Ok(out)
    }

    fn climb_text(&self, shown: &Shown, case: &Case, climb: &Climb) -> Result<String, CliError> {
        let lang = self.lang();
        let mut out = format!("  {}\n", say::head_past(lang, &climb.ladder));
        let mut table = Table::default();
        for p in shown.past(case, climb.ladder.as_str())? {
            let letters: Vec<String> = self
                .letters(case, climb, &p)?
                .iter()
                .map(|l| say::out_letter(lang, l.id, &l.channel, say::letter_state(lang, &l.state)))
                .collect();
            let letters = letters.join(", ");
            table.row(["   ".to_owned(), short(p.at), p.rung.clone(), p.role.to_string(), p.words(lang), letters]);
        }
        out += &table.render(false);
        out += &format!("  {}\n", say::head_future(lang, &climb.ladder));
        if case.state != State::Open {
            out += &format!("     {}\n", say::stands_still(lang, say::case_state(lang, case.state)));
            return Ok(out);
        }
        let Some(ladder) = self.ladder(climb) else { return Ok(out) };
        let planned = self.planned(case, climb, &ladder);
        let mut table = Table::default();
        for p in &planned {
            let statutory = if p.statutory { say::statutory(lang) } else { String::new() };
            table.row(["   ".to_owned(), short(p.at), p.rung.to_string(), p.role.to_string(), statutory]);
        }
        for (rung, what) in self.waiting(climb, &ladder, &planned) {
            table.row(["   ".to_owned(), "-".to_owned(), rung.to_owned(), say::waits_for(lang, what)]);
        }
        out += &table.render(false);
        Ok(out)
    }
}
