//! What a test prints: one line for a story that holds; for one that does not, wanted and got side by side and the
//! days of the pupils concerned.

use super::Told;
use super::compare::Difference;
use super::problem::Problem;
use crate::domain::message::{Lang, story as say};
use serde_json::{Value, json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of one side.
const SIDE: usize = 72;

/// `file:line: message`, one a line.
pub fn problems(file: &str, problems: &[Problem], lang: Lang) -> String {
    problems.iter().map(|p| say::at_line(lang, file, p.line, &p.message) + "\n").collect()
}

/// One object for machines.
pub fn json(told: &Told) -> Value {
    let differences: Vec<Value> = told
        .differences
        .iter()
        .map(|d| {
            json!({"section": d.section, "at": d.checkpoint.map(|t| t.format("%F %T").to_string()), "line": d.line,
                "wanted": d.wanted, "got": d.got})
        })
        .collect();
    json!({"file": told.file, "title": told.title, "passed": told.passed(), "differences": differences})
}

/// For people.
pub fn text(told: &Told, lang: Lang) -> String {
    if told.passed() {
        return say::passed(lang, &told.title) + "\n";
    }
    let mut out = say::failed(lang, &told.title, &told.file) + "\n";
    let mut section = String::new();
    for d in &told.differences {
        let here = match d.checkpoint {
            Some(at) => say::section_at(lang, d.section, at.format("%F %R")),
            None => d.section.to_owned(),
        };
        if here != section {
            out += &format!("  {here}\n");
            out += &beside(&say::wanted_head(lang), &say::got_head(lang));
            section = here;
        }
        let nothing = say::nothing(lang);
        out += &beside(&wanted(d, &nothing), d.got.as_deref().unwrap_or(&nothing));
    }
    for (pupil, days) in &told.strips {
        out += &format!("  {}\n    ", say::strip_head(lang, pupil));
        let days: Vec<String> = days.iter().map(|(date, token)| format!("{} {token}", date.format("%m-%d"))).collect();
        out += &(days.join("  ") + "\n");
    }
    out
}

fn wanted(d: &Difference, nothing: &str) -> String {
    match (&d.wanted, d.line) {
        (Some(w), Some(line)) => format!("{line}: {w}"),
        (Some(w), None) => w.clone(),
        (None, _) => nothing.to_owned(),
    }
}

/// Two texts beside each other, each wrapped to its side.
fn beside(left: &str, right: &str) -> String {
    let (left, right) = (wrap(left), wrap(right));
    let mut out = String::new();
    for i in 0..left.len().max(right.len()) {
        let l = left.get(i).map_or("", String::as_str);
        let r = right.get(i).map_or("", String::as_str);
        let pad = SIDE.saturating_sub(l.width());
        out += format!("    {l}{} | {r}", " ".repeat(pad)).trim_end();
        out.push('\n');
    }
    out
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for c in text.chars().map(|c| if c == '\n' { ' ' } else { c }) {
        let w = c.width().unwrap_or(0);
        if width + w > SIDE {
            lines.push(String::new());
            width = 0;
        }
        width += w;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Date;

    #[test]
    fn a_failing_story_shows_both_sides_and_the_days() {
        let told = Told {
            file: "a.test.yaml".into(),
            title: "三天旷课".into(),
            differences: vec![Difference {
                section: "letters",
                checkpoint: None,
                line: Some(7),
                wanted: Some("to: guardian".into()),
                got: None,
            }],
            strips: vec![("S1".into(), vec![(Date::from_ymd_opt(2026, 9, 7).expect("a date"), "×".into())])],
        };
        let text = text(&told, Lang::Zh);
        assert!(text.contains("7: to: guardian") && text.contains("| （没有）") && text.contains("09-07 ×"), "{text}");
        assert_eq!(json(&told)["passed"], false);
    }

    #[test]
    fn long_entries_wrap_by_columns_not_by_characters() {
        let lines = wrap(&"字".repeat(80));
        assert_eq!(lines.iter().map(|l| l.width()).collect::<Vec<_>>(), [72, 72, 16]);
    }
}
