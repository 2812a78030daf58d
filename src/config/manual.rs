//! The manual, made from the raw types: JSON Schema for editors, and the reference page for people. It adds no words of
//! its own about keys: those are the doc comments in `raw`.

use super::raw::Root;
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
pub fn page() -> String {
    let schema = of_types();
    let empty = Map::new();
    let types = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut out = String::from(
        "# Configuration reference\n\nMade from the program's own types by a test; do not edit. Every key that is not marked \
         as required may be left out.\nDurations carry units (`10s`, `15m`, `24h`), times of day are quoted (`\"08:30\"`), \
         shares are `5%` or `1/20`.\n",
    );
    section(&mut out, "The root file", &schema);
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
            section(&mut out, &name, found);
        }
    }
    out
}

fn section(out: &mut String, name: &str, schema: &Value) {
    let _ = write!(out, "\n## {name}\n");
    if let Some(text) = schema.get("description").and_then(Value::as_str) {
        let _ = write!(out, "\n{}\n", one_line(text));
    }
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            out.push_str("\n| key | value | meaning |\n|---|---|---|\n");
            for (key, value) in properties {
                let text = value.get("description").and_then(Value::as_str).unwrap_or_default();
                let _ = writeln!(out, "| `{key}` | {} | {} |", shape(value), one_line(text).replace('|', "\\|"));
            }
        }
        None if schema.get("anyOf").is_some() => {
            let _ = write!(out, "\n{}\n", shape(schema));
        }
        None => {}
    }
}

/// A value in a few words, with links to the sections of other types.
fn shape(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        return all.iter().map(shape).collect::<Vec<_>>().join(" ");
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        return any.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|w| format!("`{w}`")).collect();
        return words.join(", ");
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => format!("list of {}", schema.get("items").map_or_else(|| "values".into(), shape)),
        Some("object") => match schema.get("additionalProperties") {
            Some(value) if value.is_object() => format!("map of names to {}", shape(value)),
            _ => "map".into(),
        },
        Some("string") => "text".into(),
        Some("integer") => "whole number".into(),
        Some("boolean") => "`true`, `false`".into(),
        Some(other) => other.into(),
        None => "value".into(),
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
