//! Problem: one thing that is wrong with a configuration, with the place, the line it stands in and a way out.
//! It collects and prints; what is wrong is decided elsewhere.

use crate::domain::message::{Lang, Text, config as msg};
use std::fmt::Write as _;
use std::sync::Arc;

/// Where something stands: file (index into the snapshot), line and column (1-based, in characters).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Pos {
    pub file: u16,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Severity {
    /// The policy cannot be used.
    Error,
    /// The policy can be used, and somebody should look at it.
    Warning,
    /// Nothing is wrong; `check` says how it reads something.
    Note,
}

/// What is wrong, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub severity: Severity,
    /// As the reader would name it.
    pub file: Arc<str>,
    /// 1-based; 0: the file as a whole.
    pub line: u32,
    pub column: u32,
    /// The line that it stands in.
    pub excerpt: String,
    pub text: Text,
    pub way_out: Option<Text>,
}

impl Problem {
    pub fn message(&self, lang: Lang) -> &str {
        self.text.in_lang(lang)
    }
    pub fn hint(&self, lang: Lang) -> Option<&str> {
        self.way_out.as_ref().map(|h| h.in_lang(lang))
    }

    /// `file:line:column: message` alone: for logs, where the line itself may name people.
    pub fn brief(&self, lang: Lang) -> String {
        format!("{}:{}:{}: {}", self.file, self.line, self.column, self.message(lang))
    }

    /// `file:line:column: message`, the line with a caret, `hint: …`.
    pub fn render(&self, lang: Lang) -> String {
        let mut out = String::new();
        let word = match self.severity {
            Severity::Error => String::new(),
            Severity::Warning => format!("{}: ", msg::severity_warning(lang)),
            Severity::Note => format!("{}: ", msg::severity_note(lang)),
        };
        let message = self.message(lang);
        if self.line == 0 {
            let _ = write!(out, "{}: {word}{message}", self.file);
        } else {
            let _ = write!(out, "{}:{}:{}: {word}{message}", self.file, self.line, self.column);
        }
        if !self.excerpt.is_empty() {
            let skip = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
            // A Chinese character is two columns wide on a terminal.
            let pad: usize =
                self.excerpt.chars().take(skip).map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(1)).sum();
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let _ = write!(out, "\n {number} | {}\n {gutter} | {}^", self.excerpt, " ".repeat(pad));
        }
        if let Some(hint) = self.hint(lang) {
            let _ = write!(out, "\n {}: {hint}", crate::domain::message::cli::hint_word(lang));
        }
        out
    }
}

/// A file of the snapshot. `first_line` is 1, except for a policy that stands inside another file.
#[derive(Clone)]
pub struct SourceText {
    pub name: Arc<str>,
    pub text: Arc<str>,
    pub first_line: u32,
}

/// All problems found so far, and the texts to quote from.
pub struct Problems {
    files: Vec<SourceText>,
    list: Vec<(Pos, Problem)>,
    later: Vec<Pos>,
    strangers: Vec<Pos>,
}

impl Problems {
    pub fn new(files: Vec<SourceText>) -> Self {
        Problems { files, list: Vec::new(), later: Vec::new(), strangers: Vec::new() }
    }
    pub fn error(&mut self, pos: Pos, text: Text, way_out: Option<Text>) {
        self.add(Severity::Error, pos, text, way_out);
    }
    /// Here stands something of a later version.
    pub fn later(&mut self, pos: Pos) {
        self.later.push(pos);
    }
    pub fn is_later(&self, pos: Pos) -> bool {
        self.later.contains(&pos)
    }
    /// The map that begins here has a key that is not known, which has been reported.
    pub fn stranger_in(&mut self, map: Pos) {
        self.strangers.push(map);
    }
    /// What is missing in this map may be what the unknown key was meant to be.
    pub fn has_stranger(&self, map: Pos) -> bool {
        self.strangers.contains(&map)
    }
    /// An error whose line is not quoted: it may hold a secret.
    pub fn hidden_error(&mut self, pos: Pos, text: Text, way_out: Option<Text>) {
        self.add(Severity::Error, pos, text, way_out);
        if let Some((_, problem)) = self.list.last_mut() {
            problem.excerpt.clear();
        }
    }
    pub fn warn(&mut self, pos: Pos, text: Text, way_out: Option<Text>) {
        self.add(Severity::Warning, pos, text, way_out);
    }
    pub fn note(&mut self, pos: Pos, text: Text, way_out: Option<Text>) {
        self.add(Severity::Note, pos, text, way_out);
    }
    fn add(&mut self, severity: Severity, pos: Pos, text: Text, way_out: Option<Text>) {
        let file = self.files.get(usize::from(pos.file));
        let shift = file.map_or(1, |f| f.first_line);
        let line_index = usize::try_from(pos.line.saturating_sub(1)).unwrap_or(0);
        let excerpt = match file {
            Some(f) if pos.line > 0 => f.text.lines().nth(line_index).unwrap_or("").trim_end().replace('\t', " "),
            _ => String::new(),
        };
        let problem = Problem {
            severity,
            file: file.map_or_else(|| Arc::from(""), |f| f.name.clone()),
            line: if pos.line == 0 { 0 } else { pos.line + shift - 1 },
            column: pos.column,
            excerpt,
            text,
            way_out,
        };
        // The same words at the same place once.
        if !self.list.iter().any(|(p, old)| *p == pos && old.text == problem.text) {
            self.list.push((pos, problem));
        }
    }
    /// Where errors stand.
    pub fn error_places(&self) -> impl Iterator<Item = Pos> + '_ {
        self.list.iter().filter(|(_, p)| p.severity == Severity::Error).map(|(pos, _)| *pos)
    }
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|(_, p)| p.severity == Severity::Error)
    }
    /// In the order of files and lines.
    pub fn sorted(mut self) -> Vec<Problem> {
        self.list.sort_by_key(|(pos, p)| (*pos, p.severity));
        self.list.into_iter().map(|(_, p)| p).collect()
    }
}

/// A text from the catalogue in both languages: `say!(unknown_key, key)`.
macro_rules! say {
    ($name:ident $(, $arg:expr)* $(,)?) => {
        $crate::domain::message::Text {
            zh: $crate::domain::message::config::$name($crate::domain::message::Lang::Zh $(, &$arg)*),
            en: $crate::domain::message::config::$name($crate::domain::message::Lang::En $(, &$arg)*),
        }
    };
}
pub(crate) use say;

/// The known word that was most likely meant: near in letters, or the same but for case and `-`/`_`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| s.to_lowercase().replace(['-', '_', ' '], "");
    let wanted: Vec<char> = plain(word).chars().collect();
    // One letter is near to every other.
    if wanted.len() < 2 {
        return None;
    }
    known
        .into_iter()
        .map(|k| (distance(&wanted, &plain(k).chars().collect::<Vec<_>>()), k))
        .filter(|(d, k)| {
            let longest = wanted.len().max(k.chars().count());
            *d * 3 <= longest || (*d == 1 && longest <= 3)
        })
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Levenshtein with neighbouring swaps, row by row.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j + 1] + 1).min(row[j] + 1).min(above[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

/// `did you mean …`, or the list of what there is.
pub fn did_you_mean(word: &str, known: &[&str]) -> Option<Text> {
    match nearest(word, known.iter().copied()) {
        Some(k) => Some(say!(hint_did_you_mean, k)),
        None if known.is_empty() => None,
        None => Some(say!(hint_known, known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found() {
        fn check(word: &str, known: &[&str], want: Option<&str>) {
            assert_eq!(nearest(word, known.iter().copied()), want, "{word}");
        }
        check("guradian", &["guardian", "homeroom"], Some("guardian"));
        check("gap-min", &["gap_min", "repeat"], Some("gap_min"));
        check("colour", &["to", "via"], None);
        check("tpyes", &["types"], Some("types"));
        check("", &["x"], None);
        check("q", &["p"], None);
    }
}
