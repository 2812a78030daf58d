//! Text tables: the delimiter, and rows one at a time. Quoted cells may hold delimiters, quotes and line ends; lone CRs,
//! blank lines and ragged rows are as good as any; a quote that never ends is a fault, not a cell as large as the file.

use super::charset::{Charset, Decoding};
use super::line::Line;
use crate::domain::fault::FaultKind;
use std::io::Read;

/// No honest cell is longer; beyond it a quote was not closed.
const CELL_MAX: usize = 64 * 1024;
const CELLS_MAX: usize = 16_384;

pub struct Rows<R> {
    decoding: Decoding<R>,
    piece: String,
    at: usize,
    delimiter: char,
    row: u32,
}

impl<R: Read> Rows<R> {
    pub fn new(input: R, charset: Charset, delimiter: char) -> Self {
        Rows { decoding: Decoding::new(input, charset), piece: String::new(), at: 0, delimiter, row: 0 }
    }

    fn peek(&mut self) -> Result<Option<char>, FaultKind> {
        while self.at >= self.piece.len() {
            self.piece.clear();
            self.at = 0;
            if !self.decoding.next_into(&mut self.piece)? {
                return Ok(None);
            }
        }
        let byte = self.piece.as_bytes()[self.at];
        Ok(if byte < 0x80 { Some(byte as char) } else { self.piece[self.at..].chars().next() })
    }

    /// Reads the next row (blank ones too); false at the end.
    pub fn next(&mut self, line: &mut Line) -> Result<bool, FaultKind> {
        self.row = self.row.saturating_add(1);
        line.clear(self.row);
        if self.peek()?.is_none() {
            return Ok(false);
        }
        let mut quoted = false;
        let mut start = 0;
        loop {
            // The common case in one go: everything up to the next character that means something.
            if self.at < self.piece.len() {
                let rest = &self.piece.as_bytes()[self.at..];
                // A delimiter beyond ASCII (，) is looked for character by character.
                let (delimiter, wide) =
                    if self.delimiter.is_ascii() { (self.delimiter as u8, 0) } else { (b',', 0x80) };
                let end = rest
                    .iter()
                    .position(|b| {
                        if quoted {
                            *b == b'"'
                        } else {
                            *b == delimiter || matches!(b, b'"' | b'\n' | b'\r') || (wide > 0 && *b >= wide)
                        }
                    })
                    .unwrap_or(rest.len());
                if end > 0 {
                    line.push_str(&self.piece[self.at..self.at + end]);
                    self.at += end;
                }
            }
            if line.bytes() - start > CELL_MAX || line.len() > CELLS_MAX {
                return Err(FaultKind::Corrupt);
            }
            let Some(c) = self.peek()? else {
                if quoted && line.bytes() > start {
                    return Err(FaultKind::Corrupt);
                }
                line.end_cell();
                return Ok(true);
            };
            if quoted && c != '"' {
                continue;
            }
            self.at += c.len_utf8();
            if quoted {
                if self.peek()? == Some('"') {
                    self.at += 1;
                    line.push_char('"');
                } else {
                    quoted = false;
                }
            } else if c == self.delimiter {
                line.end_cell();
                start = line.bytes();
            } else if c == '"' && line.bytes() == start {
                quoted = true;
            } else if c == '\n' || c == '\r' {
                if c == '\r' && self.peek()? == Some('\n') {
                    self.at += 1;
                }
                line.end_cell();
                return Ok(true);
            } else {
                line.push_char(c);
            }
        }
    }

    pub fn malformed(&self) -> bool {
        self.decoding.malformed
    }
}

/// The delimiter that the start of a text is divided by: the one that gives the most rows of one width.
pub fn delimiter(start: &str, words: &dyn Fn(&str) -> usize) -> char {
    let lines: Vec<&str> = start.split(['\n', '\r']).filter(|l| !l.trim().is_empty()).take(60).collect();
    let mut best = (',', (0, 0, 0));
    for candidate in [',', '\t', ';', '|', '，'] {
        let known = lines.iter().map(|l| l.split(candidate).map(|c| words(c.trim_matches('"'))).sum::<usize>()).max();
        let counts: Vec<usize> = lines.iter().map(|l| l.matches(candidate).count()).collect();
        let most = counts.iter().copied().filter(|n| *n > 0).max_by_key(|n| counts.iter().filter(|m| *m == n).count());
        let alike = most.map_or(0, |n| counts.iter().filter(|m| **m == n).count());
        let score = (known.unwrap_or(0), alike, most.unwrap_or(0));
        if score > best.1 {
            best = (candidate, score);
        }
    }
    best.0
}
