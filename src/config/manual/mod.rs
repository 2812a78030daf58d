//! The manual, made from the raw types: JSON Schema for editors, and the reference pages for people. It adds no words of
//! its own about keys: those are the doc comments in `raw`, and their Chinese in the message catalogue.

pub mod rules;

use super::raw::Root;
use crate::domain::message::{Lang, manual as say};
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// JSON Schema of a root file and of the files that it includes.
pub fn schema() -> Value {
    let mut schema = of_types();
    if let Some(types) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        for t in types.values_mut() {
            loosen(t);
            complete(t, true);
        }
    }
    // A section may stand in another file: the root requires none.
    if let Some(properties) = schema.get_mut("properties") {
        loosen(properties);
    }
    complete(&mut schema, false);
    schema
}

/// What the types do not say by themselves: which keys are required, that a key may stand empty, and that a text may
/// look like a number.
fn complete(schema: &mut Value, required: bool) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let mut must: Vec<Value> = Vec::new();
    for (key, value) in properties.iter_mut() {
        let text = value.as_object_mut().and_then(|v| v.remove("description")).unwrap_or_default();
        let needed = required && text.as_str().is_some_and(|t| t.contains("Required."));
        if needed {
            must.push(key.clone().into());
        }
        if !needed {
            *value = serde_json::json!({ "anyOf": [value.take(), { "type": "null" }] });
        }
        if let (Some(map), true) = (value.as_object_mut(), text.is_string()) {
            map.insert("description".into(), one_line(text.as_str().unwrap_or_default()).into());
        }
    }
    if let (Some(map), false) = (schema.as_object_mut(), must.is_empty()) {
        map.insert("required".into(), must.into());
    }
}

/// Plain texts are taken as they are written: `0`, `2026` and `true` are texts too.
fn loosen(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let plain = map.get("type").is_some_and(|t| t == "string")
                && !["enum", "pattern", "format"].iter().any(|k| map.contains_key(*k));
            if plain {
                map.insert("type".into(), serde_json::json!(["string", "number", "boolean"]));
            }
            map.values_mut().for_each(loosen);
        }
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

fn of_types() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    serde_json::to_value(settings.into_generator().into_root_schema_for::<Root>()).expect("a schema is plain JSON")
}

/// The reference page: one section for each type, in the order in which the root leads to them.
pub fn page(lang: Lang) -> String {
    let schema = of_types();
    let empty = Map::new();
    let types = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut out = format!("# {}\n\n{}\n", say::files_title(lang), say::files_intro(lang));
    section(&mut out, &say::root_title(lang), &schema, lang);
    let mut queue = names_in(&schema);
    let mut at = 0;
    while let Some(name) = queue.get(at).cloned() {
        at += 1;
        let Some(found) = types.get(&name) else { continue };
        for next in names_in(found) {
            if !queue.contains(&next) {
                queue.push(next);
            }
        }
        if found.get("properties").is_some() || found.get("description").is_some() || found.get("anyOf").is_some() {
            section(&mut out, &name, found, lang);
        }
    }
    out
}

fn section(out: &mut String, name: &str, schema: &Value, lang: Lang) {
    let _ = write!(out, "\n## {name}\n");
    if let Some(comment) = Comment::of(schema) {
        let _ = write!(out, "\n{}\n", comment.whole(lang));
    }
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            let (key, value, meaning) = (say::column_key(lang), say::column_value(lang), say::column_meaning(lang));
            let _ = write!(out, "\n| {key} | {value} | {meaning} |\n|---|---|---|\n");
            for (key, value) in properties {
                let text = Comment::of(value).map_or_else(String::new, |c| c.whole(lang));
                let _ = writeln!(out, "| `{key}` | {} | {} |", shape(value, lang), text.replace('|', "\\|"));
            }
        }
        None if schema.get("anyOf").is_some() => {
            let _ = write!(out, "\n{}\n", shape(schema, lang));
        }
        None => {}
    }
}

/// A doc comment of the raw types: what it says, and what holds when the key is left out.
struct Comment {
    text: String,
    body: String,
    left_out: LeftOut,
}

#[derive(PartialEq, Eq)]
enum LeftOut {
    /// The body says it, or nothing has to be said.
    Unsaid,
    Required,
    /// One of several units.
    OneUnit,
    /// One of several keys.
    OneOfThese,
    Default(String),
}

impl Comment {
    fn of(schema: &Value) -> Option<Comment> {
        Some(Comment::parse(&one_line(schema.get("description")?.as_str()?)))
    }

    /// Its last sentence may be `Required.`, `One unit.`, `One of these.`, `One of both.` or `Default: ….`
    fn parse(text: &str) -> Comment {
        let fixed = [
            ("Required.", LeftOut::Required),
            ("One unit.", LeftOut::OneUnit),
            ("One of these.", LeftOut::OneOfThese),
            ("One of both.", LeftOut::OneOfThese),
        ];
        for (end, left_out) in fixed {
            if let Some(body) = text.strip_suffix(end) {
                return Comment { text: text.into(), body: body.trim_end().into(), left_out };
            }
        }
        if let Some((body, default)) = text.rsplit_once("Default: ")
            && let Some(default) = default.strip_suffix('.')
        {
            return Comment {
                text: text.into(),
                body: body.trim_end().into(),
                left_out: LeftOut::Default(default.into()),
            };
        }
        Comment { text: text.into(), body: text.into(), left_out: LeftOut::Unsaid }
    }

    fn body(&self, lang: Lang) -> String {
        translated(&self.body, lang)
    }

    fn left_out(&self, lang: Lang) -> String {
        match &self.left_out {
            LeftOut::Unsaid => String::new(),
            LeftOut::Required => say::required(lang),
            LeftOut::OneUnit => say::one_unit(lang),
            LeftOut::OneOfThese => say::one_of_these(lang),
            LeftOut::Default(text) => translated(text, lang),
        }
    }

    /// Everything in one sentence or two.
    fn whole(&self, lang: Lang) -> String {
        match (lang, &self.left_out) {
            (Lang::En, _) => self.text.clone(),
            (Lang::Zh, LeftOut::Unsaid) => self.body(lang),
            (Lang::Zh, LeftOut::Default(_)) => say::with_default(lang, self.body(lang), self.left_out(lang)),
            (Lang::Zh, _) => say::with_need(lang, self.body(lang), self.left_out(lang)),
        }
    }
}

/// The comment in the reader's language; one without its Chinese stays as it is (a test finds it).
fn translated(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh if !text.is_empty() => say::chinese(text).unwrap_or(text).into(),
        _ => text.into(),
    }
}

/// Every text of the comments that a reader sees, once: what must have its Chinese.
pub fn comments() -> Vec<String> {
    fn walk(value: &Value, out: &mut Vec<String>) {
        if let Some(comment) = Comment::of(value) {
            out.push(comment.body);
            if let LeftOut::Default(text) = comment.left_out {
                out.push(text);
            }
        }
        match value {
            Value::Object(map) => map.values().for_each(|v| walk(v, out)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(&of_types(), &mut out);
    // Values are the same in every language.
    let is_value =
        |t: &str| t.is_empty() || t.starts_with('`') && t.ends_with('`') || t.chars().all(|c| !c.is_alphabetic());
    out.retain(|t| !is_value(t));
    out.sort();
    out.dedup();
    out
}

/// A value in a few words, with links to the sections of other types.
fn shape(schema: &Value, lang: Lang) -> String {
    if let Some(name) = reference(schema) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    plain_shape(schema, lang, &|s| shape(s, lang))
}

/// A value in a few words; `inner` says what stands inside.
fn plain_shape(schema: &Value, lang: Lang, inner: &dyn Fn(&Value) -> String) -> String {
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        return all.iter().map(inner).collect::<Vec<_>>().join(" ");
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        // One value, or a list of them.
        if let [one, many] = any.as_slice()
            && many.get("items") == Some(one)
        {
            return say::shape_many(lang, inner(one));
        }
        return any.iter().map(inner).collect::<Vec<_>>().join(&say::shape_or(lang));
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|w| format!("`{w}`")).collect();
        return words.join(if lang == Lang::Zh { "、" } else { ", " });
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => say::shape_list(lang, schema.get("items").map_or_else(|| say::shape_values(lang), inner)),
        Some("object") => match schema.get("additionalProperties") {
            Some(value) if value.is_object() => say::shape_map(lang, inner(value)),
            _ => say::shape_any_map(lang),
        },
        Some("string") => say::shape_text(lang),
        Some("integer") => say::shape_whole(lang),
        Some("boolean") => "`true`, `false`".into(),
        Some("number") => say::shape_number(lang),
        Some(other) => other.into(),
        None => say::shape_value(lang),
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

/// Names of types in the order in which they are met.
fn names_in(schema: &Value) -> Vec<String> {
    fn walk(value: &Value, out: &mut Vec<String>) {
        if let Some(name) = reference(value)
            && !out.iter().any(|n| n == name)
        {
            out.push(name.into());
        }
        match value {
            Value::Object(map) => map.iter().filter(|(k, _)| *k != "$defs").for_each(|(_, v)| walk(v, out)),
            Value::Array(items) => items.iter().for_each(|v| walk(v, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(schema, &mut out);
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
