//! Reading: how the located tree becomes raw types, field by field, so that one bad value never hides another.
//! The `raw!` macro makes a type of the files together with its reader and its JSON Schema: the three cannot part.

use super::problem::{Pos, Problems, did_you_mean, nearest, say};
use super::tree::{Key, Node, Value};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::borrow::Cow;

/// A type of the files that can be read from a node. Reports what is wrong and gives what could be read.
pub trait Read: Sized {
    fn read(node: &Node, p: &mut Problems) -> Option<Self>;
}

/// A value and where it stands.
#[derive(Clone)]
pub struct At<T> {
    pub pos: Pos,
    pub value: T,
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A field of a map: left out (or null), given and bad (already reported), or given and good.
pub struct Opt<T> {
    /// Of the value; of the map that lacks it when it was left out.
    pub pos: Pos,
    pub given: bool,
    /// Written down as null: none, where something else is usual.
    pub null: bool,
    value: Option<T>,
}

impl<T> Opt<T> {
    pub fn missing(pos: Pos) -> Self {
        Opt { pos, given: false, null: false, value: None }
    }
    /// A value that stands as a key.
    pub fn found(pos: Pos, value: T) -> Self {
        Opt { pos, given: true, null: false, value: Some(value) }
    }
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
    /// The value; reports when it was left out.
    pub fn need(&self, p: &mut Problems, key: &str) -> Option<&T> {
        if !self.given {
            p.error(self.pos, say!(missing_key, key), Some(say!(hint_missing_key, key)));
        }
        self.value.as_ref()
    }
}

impl<T: Clone> Opt<T> {
    pub fn or(&self, default: T) -> T {
        self.value.clone().unwrap_or(default)
    }
}

impl<T> Default for Opt<T> {
    fn default() -> Self {
        Opt::missing(Pos::default())
    }
}

/// Reads a field once; a second time is a problem.
pub fn fill<T: Read>(field: &mut Opt<T>, seen: &mut Vec<String>, key: &Key, node: &Node, p: &mut Problems) {
    if seen.contains(&key.text) {
        p.error(key.pos, say!(duplicate_key, key.text), Some(say!(hint_duplicate_key)));
        return;
    }
    seen.push(key.text.clone());
    if node.is_null() {
        field.null = true;
    } else {
        *field = Opt { pos: node.pos, given: true, null: false, value: T::read(node, p) };
    }
}

/// `r#match` → `match`.
pub fn bare(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The entries of a map, or a problem.
pub fn entries<'n>(node: &'n Node, p: &mut Problems) -> Option<&'n [(Key, Node)]> {
    if node.map().is_none() {
        p.error(node.pos, say!(want_map, kind_zh(node)), Some(say!(hint_want_map)));
    }
    node.map()
}

/// What a node is, for messages that say what was found; language-neutral.
pub fn kind_zh(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Scalar { text, .. } => {
            let short: String = text.chars().take(30).collect();
            format!("“{short}”")
        }
        Value::Seq(_) => "[…]".into(),
        Value::Map(_) => "{…}".into(),
    }
}

/// Reports a key that is not known; gives the one that was probably meant.
pub fn unknown_key(key: &Key, known: &[&'static str], p: &mut Problems) -> Option<&'static str> {
    let known: Vec<&'static str> = known.iter().map(|k| bare(k)).collect();
    p.error(key.pos, say!(unknown_key, key.text), did_you_mean(&key.text, &known));
    nearest(&key.text, known)
}

/// Declares types of the files: `pub field: Type` is a key that may be left out. Types and keys without a comment do not
/// compile: the comments are the manual.
macro_rules! raw {
    ($($(#[$meta:meta])+ pub struct $name:ident { $($(#[$fmeta:meta])+ pub $field:ident : $type:ty),* $(,)? })*) => {$(
        $(#[$meta])+
        #[derive(schemars::JsonSchema, Default)]
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            #[schemars(skip)]
            pub pos: $crate::config::problem::Pos,
            $($(#[$fmeta])+ #[schemars(default)] pub $field: $crate::config::read::Opt<$type>,)*
        }
        impl $name {
            /// The keys, in the order of the type.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];
            /// The keys as the files write them.
            pub fn names() -> Vec<&'static str> {
                Self::KEYS.iter().map(|k| $crate::config::read::bare(k)).collect()
            }
        }
        impl $crate::config::read::Read for $name {
            fn read(node: &$crate::config::tree::Node, p: &mut $crate::config::problem::Problems) -> Option<Self> {
                let entries = $crate::config::read::entries(node, p)?;
                let mut out = $name {
                    pos: node.pos,
                    $($field: $crate::config::read::Opt::missing(node.pos),)*
                };
                let mut seen = Vec::new();
                let mut meant = Vec::new();
                let mut strangers = Vec::new();
                for (key, value) in entries {
                    match key.text.as_str() {
                        $(k if k == $crate::config::read::bare(stringify!($field)) =>
                            $crate::config::read::fill(&mut out.$field, &mut seen, key, value, p),)*
                        _ => strangers.push(key),
                    }
                }
                // What a kind of a later version needs is not known yet: its keys are no mistakes.
                if !node.get("kind").is_some_and(|kind| p.is_later(kind.pos)) {
                    if !strangers.is_empty() {
                        p.stranger_in(node.pos);
                    }
                    for key in strangers {
                        meant.extend($crate::config::read::unknown_key(key, Self::KEYS, p));
                    }
                }
                // A key that was written with a slip is not missing too.
                $(out.$field.given |= meant.contains(&$crate::config::read::bare(stringify!($field)));)*
                Some(out)
            }
        }
    )*};
}
pub(crate) use raw;

/// Declares words of the files. Words after `later` are known and refused: not yet in this version. `or` names what else
/// may stand in the place, for the hints.
macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $word:literal),* $(,)? } $(later { $($later:literal),* $(,)? })? $(or { $($or:literal),* $(,)? })?)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($variant),* }
        impl $name {
            pub const WORDS: &'static [&'static str] = &[$($word),*];
            pub const LATER: &'static [&'static str] = &[$($($later),*)?];
            const OR: &'static [&'static str] = &[$($($or),*)?];
            fn known() -> $crate::domain::message::Text {
                $crate::config::problem::say!(hint_known, [Self::WORDS, Self::OR].concat().join(", "))
            }
        }
        impl $crate::config::read::Read for $name {
            fn read(node: &$crate::config::tree::Node, p: &mut $crate::config::problem::Problems) -> Option<Self> {
                match node.text() {
                    $(Some($word) => Some($name::$variant),)*
                    Some(w) if Self::LATER.contains(&w) => {
                        p.later(node.pos);
                        p.error(node.pos, $crate::config::problem::say!(not_yet, w), Some(Self::known()));
                        None
                    }
                    Some(w) => {
                        p.error(node.pos, $crate::config::problem::say!(unknown_word, w), Some(match $crate::config::problem::nearest(w, Self::WORDS.iter().copied()) {
                            Some(near) => $crate::config::problem::say!(hint_did_you_mean, near),
                            None => Self::known(),
                        }));
                        None
                    }
                    None => {
                        p.error(node.pos, $crate::config::problem::say!(want_word, $crate::config::read::kind_zh(node)), Some(Self::known()));
                        None
                    }
                }
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn inline_schema() -> bool { true }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": Self::WORDS.iter().chain(Self::LATER).collect::<Vec<_>>() })
            }
        }
    )*};
}
pub(crate) use words;

/// A schema written by hand for a value that takes several shapes.
macro_rules! shape {
    ($type:ty, $name:literal, $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use shape;

impl<T: JsonSchema> JsonSchema for Opt<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        T::json_schema(g)
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        T::json_schema(g)
    }
}

impl<T: Read> Read for At<T> {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        T::read(node, p).map(|value| At { pos: node.pos, value })
    }
}

impl<T: Read> Read for Box<T> {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        T::read(node, p).map(Box::new)
    }
}

impl<T: Read> Read for Vec<At<T>> {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        match node.seq() {
            Some(items) => Some(items.iter().filter_map(|i| At::read(i, p)).collect()),
            None => {
                p.error(node.pos, say!(want_list, kind_zh(node)), Some(say!(hint_want_list)));
                None
            }
        }
    }
}

/// One value, or a list of them.
#[derive(Clone)]
pub struct Many<T>(pub Vec<At<T>>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl<T: Read> Read for Many<T> {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        match node.seq() {
            Some(items) => {
                let good: Vec<At<T>> = items.iter().filter_map(|i| At::read(i, p)).collect();
                // A list of nothing but mistakes is not an empty list.
                (items.is_empty() || !good.is_empty()).then_some(Many(good))
            }
            None => At::read(node, p).map(|v| Many(vec![v])),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Many<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        let one = g.subschema_for::<T>();
        schemars::json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }
}

/// A map whose keys are the user's own names, in the order of the file.
#[derive(Clone)]
pub struct Dict<T>(pub Vec<(Key, At<T>)>);

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Dict(Vec::new())
    }
}

impl<T: Read> Read for Dict<T> {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let entries = entries(node, p)?;
        let mut out: Vec<(Key, At<T>)> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in entries {
            if seen.contains(&key.text.as_str()) {
                p.error(key.pos, say!(duplicate_key, key.text), Some(say!(hint_duplicate_key)));
                continue;
            }
            seen.push(&key.text);
            if let Some(value) = At::read(value, p) {
                out.push((key.clone(), value));
            }
        }
        Some(Dict(out))
    }
}

impl<T: JsonSchema> JsonSchema for Dict<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Map_of_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        let one = g.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": one })
    }
}
