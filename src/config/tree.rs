//! Tree: YAML as a tree in which every value knows its line and column. It only knows YAML, not what the keys mean;
//! the story runner reads its files through it too.

use super::problem::Pos;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;
use std::fmt;

/// A value and where it stands. No `Debug`: configurations hold names and phones.
#[derive(Clone)]
pub struct Node {
    pub pos: Pos,
    pub value: Value,
}

#[derive(Clone)]
pub enum Value {
    Null,
    /// The text as written (numbers keep their digits), and whether it stood in quotes.
    Scalar {
        text: String,
        quoted: bool,
    },
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it stands.
#[derive(Clone)]
pub struct Key {
    pub pos: Pos,
    pub text: String,
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
    /// The entries of a map.
    pub fn map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }
    pub fn seq(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
    }
}

/// Why a text is not YAML: the parser's words and the place.
pub struct Unreadable {
    pub pos: Pos,
    pub reason: String,
}

/// Reads one YAML document. `file` goes into every position; an empty document is an empty map.
pub fn parse(text: &str, file: u16) -> Result<Node, Unreadable> {
    let options = serde_yaml::options! {
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        with_snippet: false,
    };
    if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
        return Ok(Node { pos: Pos { file, line: 1, column: 1 }, value: Value::Map(Vec::new()) });
    }
    match serde_yaml::from_str_with_options::<Loose>(text, options) {
        Ok(root) => {
            // Byte spans give scalars back as they were written: `08`, `1.50` and `0x1F` would not survive as numbers.
            Ok(root.settle(text, file))
        }
        Err(e) => {
            let place = e.location();
            let at = |v: u64| u32::try_from(v.max(1)).unwrap_or(u32::MAX);
            let pos =
                Pos { file, line: at(place.map_or(1, |l| l.line())), column: at(place.map_or(1, |l| l.column())) };
            Err(Unreadable { pos, reason: e.without_snippet().to_string() })
        }
    }
}

struct Loose(Spanned<Plain>);

enum Plain {
    Null,
    Text(String),
    Other(String),
    Seq(Vec<Loose>),
    Map(Vec<(Loose, Loose)>),
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Spanned::<Plain>::deserialize(d).map(Loose)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_i128<E: de::Error>(self, v: i128) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_u128<E: de::Error>(self, v: u128) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Plain, E> {
        Ok(Plain::Other(v.to_string()))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Plain, E> {
        Ok(Plain::Text(v.to_string()))
    }
    fn visit_string<E: de::Error>(self, v: String) -> Result<Plain, E> {
        Ok(Plain::Text(v))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }
    fn visit_none<E: de::Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Plain, D::Error> {
        d.deserialize_any(PlainVisitor)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Plain::Seq(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Plain::Map(entries))
    }
}

impl Loose {
    fn pos(&self, file: u16) -> Pos {
        let l = &self.0.referenced;
        Pos {
            file,
            line: u32::try_from(l.line().max(1)).unwrap_or(u32::MAX),
            column: u32::try_from(l.column().max(1)).unwrap_or(u32::MAX),
        }
    }

    /// The scalar as it stands in the text (of an alias: at its anchor).
    fn source<'a>(&self, text: &'a str) -> Option<&'a str> {
        let span = self.0.defined.span();
        let start = usize::try_from(span.byte_offset()?).ok()?;
        let len = usize::try_from(span.byte_len()?).ok()?;
        text.get(start..start.checked_add(len)?)
    }

    fn settle(self, text: &str, file: u16) -> Node {
        let pos = self.pos(file);
        let source = self.source(text).map(|s| s.trim().to_string());
        let value = match self.0.value {
            Plain::Null => Value::Null,
            Plain::Text(t) => {
                let quoted = source.is_some_and(|s| s.starts_with(['"', '\'', '|', '>']));
                Value::Scalar { text: t, quoted }
            }
            Plain::Other(t) => Value::Scalar { text: source.filter(|s| !s.is_empty()).unwrap_or(t), quoted: false },
            Plain::Seq(items) => Value::Seq(items.into_iter().map(|i| i.settle(text, file)).collect()),
            Plain::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(k, v)| {
                        let key = k.settle(text, file);
                        let name = match key.value {
                            Value::Scalar { text, .. } => text,
                            Value::Null => "null".into(),
                            _ => "?".into(),
                        };
                        let mut value = v.settle(text, file);
                        // A value left out has no place of its own: the key's is where the reader looks.
                        if value.is_null() {
                            value.pos = key.pos;
                        }
                        (Key { pos: key.pos, text: name }, value)
                    })
                    .collect(),
            ),
        };
        Node { pos, value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(n: &Node) -> String {
        match &n.value {
            Value::Null => "~".into(),
            Value::Scalar { text, quoted } => {
                format!("{}{text}@{}:{}", if *quoted { "'" } else { "" }, n.pos.line, n.pos.column)
            }
            Value::Seq(i) => format!("[{}]", i.iter().map(show).collect::<Vec<_>>().join(" ")),
            Value::Map(m) => {
                format!(
                    "{{{}}}",
                    m.iter().map(|(k, v)| format!("{}={}", k.text, show(v))).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }

    #[test]
    fn scalars_keep_their_digits_and_their_place() {
        fn check(yaml: &str, want: &str) {
            let got = match parse(yaml, 0) {
                Ok(n) => show(&n),
                Err(e) => format!("{}:{} {}", e.pos.line, e.pos.column, e.reason),
            };
            assert_eq!(got, want, "{yaml}");
        }
        check("a: 08\nb: \"08\"\n", "{a=08@1:4 b='08@2:4}");
        check("a: [1, 1.50, x]", "{a=[1@1:5 1.50@1:8 x@1:14]}");
        check("名: 春山镇 # 注\nb:\n", "{名=春山镇@1:4 b=~}");
        check("a: 1\na: 2", "{a=1@1:4 a=2@2:4}");
        check("on: yes", "{on=yes@1:5}");
        check("1: true", "{1=true@1:4}");
        check("a: 08:30\nb: 2026-09-01\nc: 5%\nd: 1/20", "{a=08:30@1:4 b=2026-09-01@2:4 c=5%@3:4 d=1/20@4:4}");
        check("# nothing\n", "{}");
    }
}
