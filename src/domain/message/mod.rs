//! The one message catalogue: every sentence that people read, in Chinese and English, one file per area.
//! A message is a function of the language and its facts, so that a missing translation cannot compile.

use serde::{Deserialize, Serialize};

/// The languages of everything that people read. Chinese is the default for what leaves the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Zh,
    En,
}

/// A text in both languages, as the configuration gives it (a plain string stands for both).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub fn both(s: impl Into<String>) -> Self {
        let s = s.into();
        Text { zh: s.clone(), en: s }
    }
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// Declares messages: `name(fact, …) zh "…{fact}…" en "…{fact}…";` becomes `pub fn name(lang, fact, …) -> String`.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident ( $($arg:ident),* ) zh $zh:literal en $en:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(lang: $crate::domain::message::Lang $(, $arg: impl std::fmt::Display)*) -> String {
            match lang {
                $crate::domain::message::Lang::Zh => format!($zh),
                $crate::domain::message::Lang::En => format!($en),
            }
        }
    )*};
}

pub mod books;
pub mod casework;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod intake;
pub mod ledger;
pub mod letters;
pub mod manual;
pub mod papers;
pub mod rules;
pub mod run;
pub mod shell;
pub mod simulate;
pub mod story;
