//! Rules: the language (ast), its compilation (program) and its evaluation over packed timelines (rules.md §2 and §3).

pub mod ast;
mod condition;
mod evaluate;
pub mod explain;
mod group;
pub mod outlook;
pub mod phrase;
mod program;
mod table;
mod window;

pub use super::finding::Findings;
pub use condition::Scratch;
pub use evaluate::{compare, evaluate, next_instant};
pub use group::evaluate_classes;
pub use program::{Program, compile};
