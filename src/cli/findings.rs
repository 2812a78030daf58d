//! `findings`: what the rules say, of any day and any state of knowledge; computed from the evidence, changes nothing.

use super::import::{day, moment};
use super::shown::Shown;
use super::table::Table;
use super::town::Town;
use super::{CliError, Context, Exit};
use crate::domain::message::shell as say;
use crate::step::engine;
use serde_json::Value;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// As of this day (default: today).
    #[arg(long, value_name = "DATE")]
    pub on: Option<String>,
    /// Leave out what was stated or recorded later; RFC 3339, or local without a zone.
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
    /// Only this rule's.
    #[arg(long)]
    pub rule: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit, CliError> {
    let lang = context.lang;
    let town = Town::open_to_read(context)?;
    let now = town.now();
    let on = args.on.as_deref().map(|text| day(text, lang)).transpose()?.unwrap_or(now.date());
    let known_at = args.known_at.as_deref().map(|text| moment(text, town.policy.township.zone, lang)).transpose()?;
    if let Some(rule) = args.rule.as_deref().filter(|r| !town.policy.rules.iter().any(|known| known.id == **r)) {
        let known: Vec<&str> = town.policy.rules.iter().map(|r| r.id.as_str()).collect();
        return Err(CliError::usage(say::unknown_rule(lang, rule)).hint(say::known_rules(lang, known.join(", "))));
    }
    let db = town.reader()?;
    let mut found = engine::ask(db.conn(), &town.policy, on, known_at, Some(now)).map_err(|e| town.failed(e))?;
    found.retain(|f| args.rule.as_deref().is_none_or(|rule| f.rule == rule));
    town.log_read(context, "findings", None)?;
    let mut shown = Shown::new(context, &town, &db)?;
    let mut lines = Vec::new();
    for finding in &found {
        lines.push((shown.finding(finding)?, finding.subject.pupil));
    }
    lines.sort_by_cached_key(|(line, _)| order(line));
    if context.json {
        lines.iter().for_each(|(line, _)| outln!("{line}"));
        return Ok(Exit::Ok);
    }
    let mut head = shown.pupil_head();
    head.extend([say::col_school(lang), say::col_class(lang), say::col_rule(lang)]);
    head.extend([say::col_fired(lang), say::col_last(lang), say::col_state(lang), say::col_measure(lang)]);
    let width = shown.pupil_head().len();
    let mut table = Table::new(head);
    for (line, pupil) in &lines {
        let mut row = match pupil {
            Some(pupil) => shown.pupil_cells(*pupil)?,
            None => vec![String::new(); width],
        };
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        row.extend([text(&line["subject"]["school"]), text(&line["subject"]["class"]), text(&line["rule"])]);
        row.extend([text(&line["fired_on"]), text(&line["last_on"])]);
        row.push(if line["open"] == true { say::still_open(lang) } else { String::new() });
        row.push(measure(&line["measure"]));
        table.row(row);
    }
    if table.is_empty() {
        outln!("{}", say::nothing_found(lang));
    } else {
        out!("{}", table.render(context.colour));
    }
    Ok(Exit::Ok)
}

/// By school, class, pupil, rule and day; what a subject does not have sorts first.
pub fn order(line: &Value) -> [Option<String>; 5] {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let subject = &line["subject"];
    [
        text(&subject["school"]),
        text(&subject["class"]),
        text(&subject["pupil"]),
        text(&line["rule"]),
        text(&line["fired_on"]),
    ]
}

/// `3 days`, `7/2 lessons`.
pub fn measure(m: &Value) -> String {
    let said = m.as_object().into_iter().flatten().map(|(unit, n)| match n.as_str() {
        Some(fraction) => format!("{fraction} {unit}"),
        None => format!("{n} {unit}"),
    });
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_subject_lacks_sorts_first() {
        let line = |subject: Value, rule: &str| json!({"subject": subject, "rule": rule, "fired_on": "2026-09-16"});
        let mut lines = [
            line(json!({"school": "b", "class": "c", "pupil": "1"}), "r"),
            line(json!({"school": "b", "class": "c"}), "z"),
            line(json!({"school": "b"}), "z"),
            line(json!({"school": "a", "class": "c", "pupil": "2"}), "r"),
            line(json!({"school": "a", "class": "c", "pupil": "2"}), "a"),
        ];
        lines.sort_by_cached_key(order);
        let said: Vec<String> = lines.iter().map(|l| format!("{} {}", l["subject"], l["rule"])).collect();
        assert_eq!(
            said,
            [
                r#"{"school":"a","class":"c","pupil":"2"} "a""#,
                r#"{"school":"a","class":"c","pupil":"2"} "r""#,
                r#"{"school":"b"} "z""#,
                r#"{"school":"b","class":"c"} "z""#,
                r#"{"school":"b","class":"c","pupil":"1"} "r""#,
            ]
        );
    }

    #[test]
    fn measures_are_said_with_their_unit() {
        assert_eq!(measure(&json!({"days": 3})), "3 days");
        assert_eq!(measure(&json!({"lessons": "7/2"})), "7/2 lessons");
        assert_eq!(measure(&Value::Null), "");
    }
}
