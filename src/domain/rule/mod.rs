//! Rules: the language (ast) and its evaluation over packed timelines (rules.md §2 and §3).

pub mod ast;
