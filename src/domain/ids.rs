//! Newtypes for everything that is referred to by a name or a number, so that no id is taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub struct $name(Arc<str>);
        impl $name {
            pub fn new(s: impl AsRef<str>) -> Self { Self(Arc::from(s.as_ref())) }
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl From<String> for $name { fn from(s: String) -> Self { Self(Arc::from(s)) } }
        impl From<&str> for $name { fn from(s: &str) -> Self { Self(Arc::from(s)) } }
        impl From<$name> for String { fn from(s: $name) -> Self { s.0.to_string() } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) } }
        impl std::borrow::Borrow<str> for $name { fn borrow(&self) -> &str { &self.0 } }
        impl PartialEq<str> for $name { fn eq(&self, o: &str) -> bool { &*self.0 == o } }
        impl PartialEq<&str> for $name { fn eq(&self, o: &&str) -> bool { &*self.0 == *o } }
    )*};
}

named! {
    /// A school's id as the configuration gives it (`cs-primary`).
    SchoolId,
    /// A source of exports (`cs-primary-roll`).
    SourceId,
    RuleId,
    LadderId,
    /// A rung of a ladder, or one of the telling names outside rungs (`returned`, `relapsed`, …).
    RungId,
    ChannelId,
    /// A role that letters are addressed to (`guardian`, `homeroom`, `principal`, an office's id, …).
    Role,
    /// A status word of rules.md §1 (`present`, `truant`, …) or one of the township's own.
    StatusId,
    /// A class's canonical name within a school (see `normalise::class_name`).
    ClassName,
    /// A slot or period as stated and canonicalised: `day`, a slot's id, or a period's id (`p:3` for the third lesson).
    SlotName,
    /// A kind or result of an act, a document kind, a mark: words of the ladder.
    Word,
}

macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Debug)]
        #[serde(transparent)]
        pub struct $name(pub i64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&format!(concat!($prefix, "-{:06}"), self.0)) }
        }
        impl $name {
            /// Reads what `Display` prints (`P-000123`); the number alone is not accepted.
            pub fn parse(s: &str) -> Option<Self> {
                s.strip_prefix(concat!($prefix, "-"))?.parse().ok().map(Self)
            }
        }
    )*};
}

numbered! {
    /// The reference of a pupil (`P-000123`): all that leaves the vault unless `--identify` is asked for.
    PupilId "P",
    /// The arrival number of a delivery: counts up, fixed when the delivery is first seen.
    DeliveryId "D",
    CaseId "C",
    NoticeId "N",
    LetterId "L",
    IncidentId "I",
    DecisionId "E",
    ActId "A",
}
