//! Forms: values of the files that may be written in more than one way, such as a threshold or a person's secret.

use super::words::*;
use super::*;
use crate::config::leaf::{Duration, Number, Numbers, Share};
use crate::config::problem::{Problems, say};
use crate::config::read::{At, Dict, Many, Read, shape};
use crate::config::tree::Node;

/// A value that is a scalar or a map: two variants, the schema of both.
macro_rules! either {
    ($($(#[$meta:meta])* $name:ident = $plain:ident($a:ty) | $map:ident($b:ty);)*) => {$(
        $(#[$meta])*
        pub enum $name { $plain($a), $map(Box<$b>) }
        impl Read for $name {
            fn read(node: &Node, p: &mut Problems) -> Option<Self> {
                match node.map() {
                    Some(_) => Box::<$b>::read(node, p).map($name::$map),
                    None => <$a>::read(node, p).map($name::$plain),
                }
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
            fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let (a, b) = (g.subschema_for::<$a>(), g.subschema_for::<$b>());
                schemars::json_schema!({ "anyOf": [a, b] })
            }
        }
    )*};
}

either! {
    StageMap = One(StageWord) | Map(Dict<Numbers>);
    Period = Plain(String) | Map(PeriodMap);
    Slot = Plain(PeriodList) | Map(SlotMap);
    HalfDay = Plain(PeriodList) | Map(HalfDayMap);
    SchoolOrColumn = School(String) | Column(ColumnMap);
    Threshold = AtLeast(Number) | Over(OverMap);
    BrokenBy = Word(BrokenByWord) | AttendedDays(AttendedDays);
    Within = Word(WithinWord) | Map(WithinMap);
    AfterValue = Duration(Duration) | Map(AfterMap);
    UnlessValue = Word(String) | Act(UnlessAct);
    OfValue = List(Many<String>) | Weights(Dict<Number>);
}

/// Where a secret comes from. What stands in its place may be the secret itself: it is not repeated.
pub struct SecretFrom(pub Secret);

impl Read for SecretFrom {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        if node.map().is_some() {
            return Secret::read(node, p).map(SecretFrom);
        }
        p.hidden_error(node.pos, say!(secret_in_file), Some(say!(hint_secret)));
        None
    }
}

impl schemars::JsonSchema for SecretFrom {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Secret::schema_name()
    }
    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Secret::json_schema(g)
    }
}

/// Periods as written: `1-4`, `[5, 6]`, `[early, 1]`.
#[derive(Clone, Default)]
pub struct PeriodList(pub Vec<At<String>>);
shape!(PeriodList, "PeriodList", { "anyOf": [{ "type": ["string", "integer"] }, { "type": "array", "items": { "type": ["string", "integer"] } }] });

impl Read for PeriodList {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        Many::<String>::read(node, p).map(|m| PeriodList(m.0))
    }
}

/// A share from which on a day counts, or `all`, `any`.
#[derive(Clone, Copy)]
pub struct DayShare(pub crate::domain::ratio::Ratio);
shape!(DayShare, "DayShare", { "type": "string", "description": "A share (1/2, 50%), all or any." });

impl Read for DayShare {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        use crate::domain::ratio::Ratio;
        match node.text() {
            Some("all") => Some(DayShare(Ratio::ONE)),
            Some("any") => Some(DayShare(Ratio::ZERO)),
            _ => Share::read(node, p).map(|s| DayShare(s.0)),
        }
    }
}
