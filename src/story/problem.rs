//! What is wrong with a story, each with its line, and the small readers that find it.

use super::yaml::{Key, Node};
use crate::domain::message::{Lang, story as say};
use crate::domain::{Date, Time, TimeOfDay};

/// A mistake in a story file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// From 1.
    pub line: u32,
    pub message: String,
}

/// Collects problems while a story is read; what cannot be read is `None`, and reading goes on.
#[derive(Debug)]
pub struct Eye {
    pub lang: Lang,
    pub problems: Vec<Problem>,
}

impl Eye {
    pub fn new(lang: Lang) -> Self {
        Eye { lang, problems: Vec::new() }
    }

    pub fn problem(&mut self, line: u32, message: String) {
        self.problems.push(Problem { line, message });
    }

    pub fn map<'n>(&mut self, name: &str, node: &'n Node) -> &'n [(Key, Node)] {
        match node.map() {
            Some(m) => m,
            None => {
                if !node.is_null() {
                    self.problem(node.line, say::expected_map(self.lang, name));
                }
                &[]
            }
        }
    }

    pub fn list<'n>(&mut self, name: &str, node: &'n Node) -> &'n [Node] {
        match node.list() {
            Some(l) => l,
            None => {
                if !node.is_null() {
                    self.problem(node.line, say::expected_list(self.lang, name));
                }
                &[]
            }
        }
    }

    pub fn keys(&mut self, map: &[(Key, Node)], known: &[&str]) {
        for (k, _) in map {
            if !known.contains(&k.name.as_str()) {
                self.problem(k.line, say::unknown_key(self.lang, &k.name, known.join(", ")));
            }
        }
    }

    pub fn text(&mut self, name: &str, node: &Node) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() && !node.is_null() {
            self.problem(node.line, say::expected_text(self.lang, name));
        }
        text
    }

    /// The text under a key; left out is `None`.
    pub fn text_at(&mut self, map: &Node, name: &str) -> Option<String> {
        map.get(name).and_then(|n| self.text(name, n))
    }

    /// The text under a key that must be there.
    pub fn must(&mut self, map: &Node, name: &str) -> Option<String> {
        match map.get(name) {
            Some(n) => self.text(name, n),
            None => {
                self.problem(map.line, say::missing(self.lang, name));
                None
            }
        }
    }

    pub fn time(&mut self, name: &str, node: &Node) -> Option<Time> {
        let text = self.text(name, node)?;
        let time = read_time(&text).map(|t| t.0);
        if time.is_none() {
            self.problem(node.line, say::bad_time(self.lang, &text));
        }
        time
    }

    pub fn date(&mut self, name: &str, node: &Node) -> Option<Date> {
        let text = self.text(name, node)?;
        self.date_of(node.line, &text)
    }

    pub fn date_of(&mut self, line: u32, text: &str) -> Option<Date> {
        let date = read_date(text);
        if date.is_none() {
            self.problem(line, say::bad_date(self.lang, text));
        }
        date
    }

    pub fn date_at(&mut self, map: &Node, name: &str) -> Option<Date> {
        map.get(name).and_then(|n| self.date(name, n))
    }

    pub fn clock(&mut self, name: &str, node: &Node) -> Option<TimeOfDay> {
        let text = self.text(name, node)?;
        let clock = TimeOfDay::parse_from_str(&text, "%H:%M").or_else(|_| TimeOfDay::parse_from_str(&text, "%H:%M:%S"));
        if clock.is_err() {
            self.problem(node.line, say::bad_clock(self.lang, &text));
        }
        clock.ok()
    }

    pub fn switch_at(&mut self, map: &Node, name: &str) -> Option<bool> {
        let node = map.get(name)?;
        let text = self.text(name, node)?;
        match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.problem(node.line, say::bad_switch(self.lang, &text));
                None
            }
        }
    }
}

/// How exactly an instant is written: what is not written is not compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exact {
    Day,
    Minute,
    Second,
}

pub fn read_date(s: &str) -> Option<Date> {
    Date::parse_from_str(s.trim(), "%Y-%m-%d").ok()
}

/// `2026-09-17 10:00`, with seconds, with `T`, with an offset (the township's own; dropped), or a date alone.
pub fn read_time(s: &str) -> Option<(Time, Exact)> {
    let s = s.trim();
    if let Ok(t) = chrono::DateTime::parse_from_rfc3339(s) {
        return Some((t.naive_local(), Exact::Second));
    }
    let s = s.replacen('T', " ", 1);
    if let Ok(t) = Time::parse_from_str(&s, "%Y-%m-%d %H:%M") {
        return Some((t, Exact::Minute));
    }
    if let Ok(t) = Time::parse_from_str(&s, "%Y-%m-%d %H:%M:%S") {
        return Some((t, Exact::Second));
    }
    read_date(&s).map(|d| (d.and_time(TimeOfDay::MIN), Exact::Day))
}
