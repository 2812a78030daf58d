//! What people write in cells, made into values: cleaned text, numbers, dates, classes, slots, status words. Pure; what
//! cannot be read is `None` or an error for the caller to report, never a guess.

mod class;
mod date;
mod number;
mod word;

pub use class::{class_name, grade_of};
pub use date::{DateCell, date_cell, stamp_of, stated_dates};
pub use number::{BadId, id_number, is_good_id_number, phone, student_no};
pub use word::person_name;
pub use word::{Approval, Lexicon, StatusWord, boarding, groups, sex, slot, standing};

use unicode_normalization::UnicodeNormalization;

/// The cell says something, but nothing of the kind that was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotUnderstood;

/// A cell's text: full-width forms made half-width, control and zero-width characters out, white space of every kind
/// trimmed at the ends and single inside; `="…"` and a leading `'` (traces of cures for lost digits) taken off.
pub fn clean(cell: &str) -> String {
    let plain = cell.bytes().all(|b| (b' '..0x7f).contains(&b));
    let text: String = if plain {
        cell.trim().to_string()
    } else {
        let mut out = String::with_capacity(cell.len());
        let mut gap = false;
        each_half_width(cell, |c| {
            if c.is_whitespace() {
                gap = !out.is_empty();
            } else if !c.is_control() && !is_invisible(c) {
                if gap {
                    out.push(' ');
                    gap = false;
                }
                out.push(c);
            }
        });
        out
    };
    let inner = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')).unwrap_or(&text);
    let inner = inner.strip_prefix('\'').unwrap_or(inner);
    if inner.len() == text.len() { text } else { inner.trim().to_string() }
}

/// For comparing words and headers: cleaned, without any white space, lower case.
pub fn key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each_half_width(text, |c| {
        if c.is_ascii() {
            if !c.is_ascii_whitespace() && !c.is_ascii_control() {
                out.push(c.to_ascii_lowercase());
            }
        } else if !c.is_whitespace() && !c.is_control() && !is_invisible(c) {
            out.extend(c.to_lowercase());
        }
    });
    out
}

/// Only the full-width block and compatibility digits change; rare characters of names stay as they are written.
fn each_half_width(text: &str, mut take: impl FnMut(char)) {
    for c in text.chars() {
        let folded = match c {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            _ => c,
        };
        // Circled, Roman and similar digits are left: nobody writes data with them. Composing is dear, and in these blocks
        // no character changes on its own.
        if folded < '\u{300}' || ('\u{3000}'..='\u{9fff}').contains(&folded) {
            take(folded);
        } else {
            std::iter::once(folded).nfc().for_each(&mut take);
        }
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{ad}')
}

/// A Chinese or Arabic whole number below 100: `3`, `03`, `三`, `十一`, `二十`.
pub(crate) fn small_number(text: &str) -> Option<u32> {
    if !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let digit = |c: char| "零一二三四五六七八九".chars().position(|d| d == c).map(|n| n as u32);
    let chars: Vec<char> = text.chars().collect();
    match chars.as_slice() {
        ['十'] => Some(10),
        ['十', c] => Some(10 + digit(*c)?),
        [c, '十'] => Some(digit(*c)? * 10),
        [a, '十', b] => Some(digit(*a)? * 10 + digit(*b)?),
        [c] => digit(*c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lose_what_nobody_meant_to_write() {
        let check = |input: &str, expected: &str| assert_eq!(clean(input), expected, "{input:?}");
        check("  张\u{3000}小雨 ", "张 小雨");
        check("\u{feff}姓名\t", "姓名");
        check("=\"0012\"", "0012");
        check("'0012", "0012");
        check("１２３Ｘ", "123X");
        check("何\u{200b}小全\u{a0}", "何小全");
        check("阿依古丽·买买提", "阿依古丽·买买提");
    }

    #[test]
    fn small_numbers_are_read_in_both_scripts() {
        let check = |input: &str, expected: Option<u32>| assert_eq!(small_number(input), expected, "{input}");
        check("07", Some(7));
        check("十一", Some(11));
        check("二十三", Some(23));
        check("甲", None);
        check("", None);
    }
}
