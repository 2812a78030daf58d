//! CliError: what went wrong, why, and what to do, for people who are not programmers; and the exit codes.

use std::fmt;

/// Exit codes (interface.md §3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Ok = 0,
    /// Check problems, faults, open incidents, failed tests.
    Found = 1,
    Usage = 2,
    Environment = 3,
    Bug = 70,
}

/// `error: …`, the causes, then `hint: …`.
#[derive(Debug)]
pub struct CliError {
    pub exit: Exit,
    pub message: String,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
    pub hints: Vec<String>,
}

impl CliError {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        CliError { exit, message: message.into(), source: None, hints: Vec::new() }
    }
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, message)
    }
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
