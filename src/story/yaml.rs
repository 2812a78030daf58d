//! YAML as a tree in which every value knows its line: stories are read from it by hand, so that each mistake is
//! told with the line on which it stands. Knows nothing of stories.

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;
use std::fmt;

/// A value and the line (from 1) on which it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub line: u32,
    pub column: u32,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    /// Any scalar, as written: a student number `0123` keeps its zero.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub line: u32,
    pub column: u32,
    pub name: String,
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(s) => Some(s),
            _ => None,
        }
    }
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(l) => Some(l),
            _ => None,
        }
    }
    pub fn map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(m) => Some(m),
            _ => None,
        }
    }
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.map()?.iter().find(|(k, _)| k.name == name).map(|(_, v)| v)
    }
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
    /// The same value for machines; numbers and truth values stay as written.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Text(s) => s.clone().into(),
            Value::List(l) => l.iter().map(Node::to_json).collect::<Vec<_>>().into(),
            Value::Map(m) => serde_json::Value::Object(m.iter().map(|(k, v)| (k.name.clone(), v.to_json())).collect()),
        }
    }
}

/// The text could not be read as YAML.
#[derive(Clone, Debug)]
pub struct NotYaml {
    pub line: u32,
    pub message: String,
}

/// Reads one document.
pub fn parse(text: &str) -> Result<Node, NotYaml> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let raw: Spanned<Raw> = serde_yaml::from_str(text).map_err(|e| NotYaml {
        line: e.location().and_then(|l| u32::try_from(l.line()).ok()).unwrap_or(1),
        message: e.without_snippet().to_string(),
    })?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(settle(raw, &lines))
}

enum Raw {
    Null,
    Text(String),
    /// A plain scalar that YAML takes for a number or a truth value.
    Plain(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

fn settle(raw: Spanned<Raw>, lines: &[&str]) -> Node {
    let line = u32::try_from(raw.referenced.line()).unwrap_or(0);
    let column = u32::try_from(raw.referenced.column()).unwrap_or(0);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(s) => Value::Text(s),
        Raw::Plain(s) => Value::Text(written(line, column, lines).unwrap_or(s)),
        Raw::List(l) => Value::List(l.into_iter().map(|n| settle(n, lines)).collect()),
        Raw::Map(m) => Value::Map(
            m.into_iter()
                .map(|(k, v)| {
                    let k = settle(k, lines);
                    let name = match k.value {
                        Value::Text(s) => s,
                        _ => String::from("~"),
                    };
                    (Key { line: k.line, column: k.column, name }, settle(v, lines))
                })
                .collect(),
        ),
    };
    Node { line, column, value }
}

/// The plain scalar that stands at this place.
fn written(line: u32, column: u32, lines: &[&str]) -> Option<String> {
    let line = lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let rest: String = line.chars().skip(usize::try_from(column).ok()?.checked_sub(1)?).collect();
    let end = rest.find([',', ']', '}', ' ', ':', '#']).unwrap_or(rest.len());
    let token = rest[..end].trim();
    (!token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c)))
        .then(|| token.to_owned())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_some<D: serde::Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
                Raw::deserialize(d)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_u128<E>(self, v: u128) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
                Ok(Raw::Plain(v.to_string()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
                Ok(Raw::Text(v.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut a: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(v) = a.next_element()? {
                    list.push(v);
                }
                Ok(Raw::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut a: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(e) = a.next_entry()? {
                    map.push(e);
                }
                Ok(Raw::Map(map))
            }
        }
        d.deserialize_any(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line_and_numbers_stay_as_written() {
        let tree = parse("a: 0123\nb:\n  - {c: 1.50, d: \"x\"}\n  - yes\ne: ~\n2026-09-04: true\n").expect("is YAML");
        let text = |n: &Node| n.text().map(str::to_owned);
        assert_eq!(tree.get("a").and_then(text).as_deref(), Some("0123"));
        let b = tree.get("b").and_then(Node::list).expect("a list");
        assert_eq!(b[0].line, 3);
        assert_eq!(b[0].get("c").and_then(text).as_deref(), Some("1.50"));
        assert_eq!(b[0].get("d").map(|n| n.line), Some(3));
        assert_eq!(b[1].text(), Some("yes"));
        assert!(tree.get("e").is_some_and(Node::is_null));
        assert_eq!(tree.get("2026-09-04").and_then(text).as_deref(), Some("true"));
    }

    #[test]
    fn what_is_not_yaml_says_where() {
        assert_eq!(parse("a: 1\nb: [1, 2\nc: 3\n").map_err(|e| e.line >= 2), Err(true));
    }
}
