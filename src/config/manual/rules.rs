//! The rule reference: each part of the rule language with its options, made from the raw types; what it means comes from
//! the message catalogue, its examples from whoever has evaluated them.

use super::{Comment, LeftOut, of_types, plain_shape, reference};
use crate::config::raw::{BrokenByWord, Cond, Rule, Where, WithinMap, WithinWord};
use crate::domain::message::manual::{Kind, SECTIONS, Section};
use crate::domain::message::{Lang, manual as say};
use crate::domain::policy::Policy;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The parts of the page that are no conditions, in their order; conditions stand between the two halves.
const BEFORE: [&str; 5] = ["days", "statuses", "when-a-day-counts", "rule", "filters"];
const AFTER: [&str; 3] = ["windows", "episodes", "policy-change"];

/// The keys of all parts, in the order of the page: topics, and every condition that the types know.
pub fn parts() -> Vec<&'static str> {
    BEFORE.into_iter().chain(Cond::names()).chain(AFTER).collect()
}

/// What the types have and the page cannot say: parts without words, words without a part, options without a word about
/// what holds without them. Empty unless something was added and not documented.
pub fn undocumented() -> Vec<String> {
    let parts = parts();
    let mut out: Vec<String> =
        parts.iter().filter(|p| part(p).is_none()).map(|p| format!("no words for `{p}`")).collect();
    out.extend(SECTIONS.iter().filter(|s| !parts.contains(&s.key)).map(|s| format!("`{}` is no part", s.key)));
    for s in SECTIONS {
        if !s.says.iter().any(|(kind, _)| *kind == Kind::Means) {
            out.push(format!("`{}` does not say what it means", s.key));
        }
    }
    for lang in [Lang::Zh, Lang::En] {
        for (part, words) in [("windows", WithinWord::WORDS), ("consecutive", BrokenByWord::WORDS)] {
            let said = part_in_words(part, lang);
            let silent = words.iter().filter(|w| !said.contains(&format!("`{w}`")));
            out.extend(silent.map(|w| format!("`{part}` does not say what `{w}` is")));
        }
    }
    let schema = of_types();
    for part in parts {
        let Some(options) = options(&schema, part) else { continue };
        for (key, value) in options {
            match Comment::of(&value) {
                None => out.push(format!("`{part}.{key}` has no comment")),
                Some(c) if c.left_out == LeftOut::Unsaid || c.body.is_empty() => {
                    out.push(format!("`{part}.{key}` does not say what holds without it"));
                }
                Some(_) => {}
            }
            if shape(&value, Lang::Zh).is_none() {
                out.push(format!("`{part}.{key}` has a value without words"));
            }
        }
    }
    out
}

fn part(key: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|s| s.key == key)
}

/// Everything that a part says in words: meanings and the comments at its options.
fn part_in_words(key: &str, lang: Lang) -> String {
    let says = part(key).into_iter().flat_map(|s| s.says).map(|(_, text)| text.in_lang(lang).to_string());
    let options = options(&of_types(), key).unwrap_or_default();
    let comments = options.iter().filter_map(|(_, value)| Comment::of(value)).map(|c| c.body(lang));
    says.chain(comments).collect()
}

/// The page. `examples`: finished Markdown by the key of its part; `policy`: any, for the built-in statuses and acts.
pub fn page(lang: Lang, policy: &Policy, examples: &BTreeMap<String, String>) -> String {
    let schema = of_types();
    let mut out = format!("# {}\n\n{}\n\n{}\n", say::rules_title(lang), say::rules_intro(lang), say::rules_marks(lang));
    let _ = write!(out, "\n## {}\n\n", say::contents(lang));
    let sections: Vec<&Section> = parts().iter().filter_map(|key| part(key)).collect();
    for s in &sections {
        let _ = writeln!(out, "* [{}](#{})", s.title.in_lang(lang), s.key);
    }
    for s in sections {
        if Some(&s.key) == Cond::names().first() {
            out.push_str("\n<a id=\"conditions\"></a>\n");
        }
        let _ = write!(out, "\n<a id=\"{}\"></a>\n\n## {}\n", s.key, s.title.in_lang(lang));
        for (_, text) in s.says.iter().filter(|(kind, _)| *kind == Kind::Means) {
            let _ = write!(out, "\n{}\n", text.in_lang(lang));
        }
        match s.key {
            "statuses" => statuses(&mut out, policy, lang),
            "acts" => acts(&mut out, policy, lang),
            _ => {}
        }
        if let Some(options) = options(&schema, s.key) {
            table(&mut out, &options, lang);
        }
        let choices: Vec<&str> =
            s.says.iter().filter(|(kind, _)| *kind == Kind::Choice).map(|(_, text)| text.in_lang(lang)).collect();
        if !choices.is_empty() {
            let _ = write!(out, "\n{}\n\n", say::choices(lang));
            choices.iter().for_each(|c| {
                let _ = writeln!(out, "* {c}");
            });
        }
        if let Some(example) = examples.get(s.key) {
            out.push_str(example);
        }
    }
    out
}

/// The options of a part with their schemas; `None`: it has no keys of its own.
fn options(schema: &Value, part: &str) -> Option<Vec<(String, Value)>> {
    let of = |name: &str, keys: &[&str]| {
        let properties = schema.get("$defs")?.get(name)?.get("properties")?;
        let with = |k: &&str| Some(((*k).to_string(), properties.get(*k)?.clone()));
        Some(keys.iter().filter_map(with).collect::<Vec<_>>())
    };
    match part {
        "rule" => of("Rule", &Rule::names()),
        "filters" => of("Where", &Where::names()),
        "windows" => of("WithinMap", &WithinMap::names()),
        _ => {
            let value = schema.get("$defs")?.get("Cond")?.get("properties")?.get(part)?;
            let properties = schema.get("$defs")?.get(reference(value).filter(|name| *name != "Cond")?)?;
            let all = properties.get("properties")?.as_object()?;
            Some(all.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
        }
    }
    .map(|all| all.into_iter().flat_map(|(key, value)| with_inner(schema, key, value)).collect())
}

/// A key, and behind it the keys of the map that stands in it.
fn with_inner(schema: &Value, key: String, value: Value) -> Vec<(String, Value)> {
    let inner = reference(&value)
        .filter(|name| !["Cond", "Where"].contains(name))
        .and_then(|name| schema.get("$defs")?.get(name)?.get("properties")?.as_object());
    let inner: Vec<(String, Value)> =
        inner.into_iter().flatten().map(|(k, v)| (format!("{key}.{k}"), v.clone())).collect();
    [(key, value)].into_iter().chain(inner).collect()
}

fn table(out: &mut String, options: &[(String, Value)], lang: Lang) {
    let (key, value) = (say::column_key(lang), say::column_value(lang));
    let (default, meaning) = (say::column_default(lang), say::column_meaning(lang));
    let _ = write!(out, "\n| {key} | {value} | {default} | {meaning} |\n|---|---|---|---|\n");
    for (key, value) in options {
        let Some(comment) = Comment::of(value) else { continue };
        let (left_out, body) = (comment.left_out(lang), comment.body(lang));
        let _ = writeln!(out, "| `{key}` | {} | {left_out} | {body} |", shape(value, lang).unwrap_or_default());
    }
}

/// How a value is written; `None`: a type that the page has no words for.
fn shape(schema: &Value, lang: Lang) -> Option<String> {
    let Some(name) = reference(schema) else {
        let unknown = std::cell::Cell::new(false);
        let text = plain_shape(schema, lang, &|s| {
            shape(s, lang).unwrap_or_else(|| {
                unknown.set(true);
                String::new()
            })
        });
        return (!unknown.get()).then_some(text);
    };
    Some(match name {
        "Threshold" => say::shape_threshold(lang),
        "OfValue" => say::shape_of(lang),
        "Within" => say::shape_within(lang),
        "Cond" => say::shape_cond(lang),
        "Where" => say::shape_where(lang),
        "Share" => say::shape_share(lang),
        "DayShare" => say::shape_day_share(lang),
        "Number" => say::shape_fraction(lang),
        "Text" => say::shape_words(lang),
        "Date" => say::shape_date(lang),
        "TimeOfDay" => say::shape_time(lang),
        "Numbers" => say::shape_grades(lang),
        "BrokenBy" => say::shape_broken_by(lang),
        "Effective" => say::shape_effective(lang),
        "Age" => say::shape_age(lang),
        "ActMatch" => say::shape_acts(lang),
        "AfterAct" => say::shape_after_act(lang),
        "OlderThan" => say::shape_older(lang),
        "Weekday" => "`mon` … `sun`".into(),
        _ => return None,
    })
}

fn statuses(out: &mut String, policy: &Policy, lang: Lang) {
    let (status, words, sets) = (say::status_column(lang), say::words_column(lang), say::sets_column(lang));
    let _ = write!(out, "\n| {status} | {words} | {sets} |\n|---|---|---|\n");
    for s in &policy.statuses {
        let sets: Vec<String> = s.sets.iter().map(|set| format!("`{set}`")).collect();
        let _ = writeln!(out, "| `{}` | {} | {} |", s.id, s.words.join(" "), sets.join(" "));
    }
}

fn acts(out: &mut String, policy: &Policy, lang: Lang) {
    let tables = [(say::kinds_column(lang), &policy.acts.kinds), (say::results_column(lang), &policy.acts.results)];
    for (head, known) in tables {
        let _ = write!(out, "\n| {head} | {} |\n|---|---|\n", say::words_column(lang));
        for (id, words) in known {
            let _ = writeln!(out, "| `{id}` | {} |", words.join(" "));
        }
    }
}
