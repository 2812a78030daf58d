//! Leaves: the small values of the files with their units (durations, shares, dates, times of day, texts, ranges).
//! A value without its unit is refused with the way to write it; what a value is for is decided elsewhere.

use super::problem::{Pos, Problems, say};
use super::read::{Read, kind_zh, shape};
use super::tree::{Node, Value};
use crate::domain::message::Text;
use crate::domain::ratio::Ratio;
use crate::domain::{Date, TimeOfDay};
use chrono::Weekday;

/// The scalar's text, or a problem.
pub fn scalar<'n>(node: &'n Node, p: &mut Problems) -> Option<&'n str> {
    if node.text().is_none() {
        p.error(node.pos, say!(want_text, kind_zh(node)), None);
    }
    node.text()
}

impl Read for String {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        if text.trim().is_empty() {
            p.error(node.pos, say!(empty_text), None);
            return None;
        }
        Some(text.to_string())
    }
}

impl Read for bool {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        match (&node.value, node.text()) {
            (Value::Scalar { quoted: false, .. }, Some("true")) => Some(true),
            (Value::Scalar { quoted: false, .. }, Some("false")) => Some(false),
            _ => {
                p.error(node.pos, say!(want_bool, kind_zh(node)), Some(say!(hint_bool)));
                None
            }
        }
    }
}

impl Read for u32 {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        if number.is_none() {
            p.error(node.pos, say!(want_whole, text), None);
        }
        number
    }
}

/// Seconds, written with a unit: `10s`, `15m`, `24h`, `8d`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Duration(pub i64);
shape!(Duration, "Duration", { "type": "string", "pattern": "^[0-9]+(s|m|h|d)$", "description": "A length of time with its unit: 10s, 15m, 24h, 8d." });

impl Duration {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let n: i64 = text[..split].parse().ok()?;
        let unit = match &text[split..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        n.checked_mul(unit).filter(|n| *n < 400 * 86_400).map(Duration)
    }
}

impl Read for Duration {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let d = Duration::parse(text);
        if d.is_none() {
            if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
                p.error(node.pos, say!(duration_without_unit, text), Some(say!(hint_duration_unit, text)));
            } else {
                p.error(node.pos, say!(bad_duration, text), Some(say!(hint_duration)));
            }
        }
        d
    }
}

/// A share: `5%` or `1/20`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share(pub Ratio);
shape!(Share, "Share", { "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?%|[0-9]+/[0-9]+)$", "description": "A share: 5% or 1/20." });

impl Read for Share {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let written = text.contains('%') || text.contains('/') || matches!(text, "0" | "1");
        match Ratio::parse(text).filter(|r| written && *r >= Ratio::ZERO) {
            Some(r) if r > Ratio::ONE => {
                p.error(node.pos, say!(share_too_big, text), None);
                None
            }
            Some(r) => Some(Share(r)),
            None => {
                p.error(node.pos, say!(bad_share, text), Some(say!(hint_share)));
                None
            }
        }
    }
}

/// A number that may be a fraction: `2`, `1/2`, `1.5`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Number(pub Ratio);
shape!(Number, "Number", { "anyOf": [{ "type": "number" }, { "type": "string", "pattern": "^[0-9]+(/[0-9]+)?$" }], "description": "A number, a fraction may stand for it: 2, 1/2." });

impl Read for Number {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let n = Ratio::parse(text).filter(|r| {
            !text.contains('%') && *r >= Ratio::ZERO && r.denominator() <= 1_000_000 && r.numerator() <= 1_000_000
        });
        if n.is_none() {
            p.error(node.pos, say!(bad_number, text), None);
        }
        n.map(Number)
    }
}

/// A date, `2026-09-01`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Day(pub Date);
shape!(Day, "Date", { "type": "string", "format": "date", "description": "A date: 2026-09-01." });

impl Read for Day {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let ten = text.len() == 10;
        let day = Date::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| ten);
        if day.is_none() {
            p.error(node.pos, say!(bad_date, text), Some(say!(hint_date)));
        }
        day.map(Day)
    }
}

/// A time of day in quotes, `"08:30"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock(pub TimeOfDay);
shape!(Clock, "TimeOfDay", { "type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$", "description": "A time of day, in quotes: \"08:30\"." });

impl Clock {
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 5).then(|| TimeOfDay::parse_from_str(text, "%H:%M").ok()).flatten().map(Clock)
    }
}

impl Read for Clock {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let time = Clock::parse(text);
        match (&node.value, time) {
            (Value::Scalar { quoted: true, .. }, Some(t)) => Some(t),
            (_, Some(_)) => {
                p.error(node.pos, say!(time_unquoted, text), Some(say!(hint_time_quoted, text)));
                None
            }
            _ => {
                p.error(node.pos, say!(bad_time, text), Some(say!(hint_time)));
                None
            }
        }
    }
}

/// Quiet hours: start and end in quotes, `["21:00", "07:00"]`; an empty list takes them away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet(pub Option<(TimeOfDay, TimeOfDay)>);
shape!(Quiet, "Quiet", { "type": "array", "items": { "type": "string" }, "maxItems": 2, "description": "Start inside, end outside: [\"21:00\", \"07:00\"]." });

impl Read for Quiet {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let items = node.seq().unwrap_or_default();
        let times: Vec<Option<Clock>> = items.iter().map(|i| Clock::read(i, p)).collect();
        match times.as_slice() {
            [] if node.seq().is_some() => Some(Quiet(None)),
            [Some(from), Some(to)] if from != to => Some(Quiet(Some((from.0, to.0)))),
            // A time that could not be read has been reported.
            [None, _] | [_, None] => None,
            _ => {
                p.error(node.pos, say!(bad_quiet), Some(say!(hint_quiet)));
                None
            }
        }
    }
}

/// A text that people read: a string, or `{zh: …, en: …}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words(pub Text);
shape!(Words, "Text", { "anyOf": [{ "type": "string" }, { "type": "object", "properties": { "zh": { "type": "string" }, "en": { "type": "string" } }, "additionalProperties": false }], "description": "A text that people read: a string, or {zh: …, en: …}." });

impl Read for Words {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let Some(entries) = node.map() else {
            return String::read(node, p).map(|s| Words(Text::both(s)));
        };
        let (mut zh, mut en) = (None, None);
        for (key, value) in entries {
            match key.text.as_str() {
                "zh" => zh = String::read(value, p),
                "en" => en = String::read(value, p),
                _ => {
                    super::read::unknown_key(key, &["zh", "en"], p);
                }
            }
        }
        match (zh, en) {
            (Some(zh), Some(en)) => Some(Words(Text { zh, en })),
            (Some(one), None) | (None, Some(one)) => Some(Words(Text::both(one))),
            (None, None) => {
                if entries.is_empty() {
                    p.error(node.pos, say!(empty_text), None);
                }
                None
            }
        }
    }
}

/// A day of the week: `mon` … `sun`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayOfWeek(pub Weekday);
shape!(DayOfWeek, "Weekday", { "type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] });

impl DayOfWeek {
    pub const WORDS: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    pub fn parse(text: &str) -> Option<Self> {
        const DAYS: [Weekday; 7] =
            [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
        Self::WORDS.iter().position(|w| *w == text).map(|i| DayOfWeek(DAYS[i]))
    }
}

impl Read for DayOfWeek {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let day = Self::parse(text);
        if day.is_none() {
            p.error(node.pos, say!(bad_weekday, text), Some(say!(hint_known, Self::WORDS.join(", "))));
        }
        day
    }
}

/// Whole numbers as people write them: `3`, `1-6`, `[1, 2]`, `["1-4", 6]`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Numbers(pub Vec<(Pos, u8)>);
shape!(Numbers, "Numbers", { "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^[0-9]+(-[0-9]+)?$" }, { "type": "array", "items": { "type": ["integer", "string"] } }], "description": "Whole numbers: 3, 1-6, [1, 2, 3]." });

impl Numbers {
    pub fn values(&self) -> Vec<u8> {
        let mut all: Vec<u8> = self.0.iter().map(|(_, n)| *n).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `4` or `1-4`, both ends included.
pub fn range(text: &str) -> Option<std::ops::RangeInclusive<u8>> {
    let (a, b) = match text.split_once(['-', '–', '~']) {
        Some((a, b)) => (a.trim().parse().ok()?, b.trim().parse().ok()?),
        None => {
            let n = text.trim().parse().ok()?;
            (n, n)
        }
    };
    (a <= b).then_some(a..=b)
}

impl Read for Numbers {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let mut out = Vec::new();
        let one = std::slice::from_ref(node);
        for item in node.seq().unwrap_or(one) {
            let text = scalar(item, p)?;
            match range(text) {
                Some(r) => out.extend(r.map(|n| (item.pos, n))),
                None => p.error(item.pos, say!(bad_range, text), Some(say!(hint_range))),
            }
        }
        Some(Numbers(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        fn check(text: &str, want: Option<i64>) {
            assert_eq!(Duration::parse(text).map(|d| d.0), want, "{text}");
        }
        check("10s", Some(10));
        check("15m", Some(900));
        check("24h", Some(86_400));
        check("0h", Some(0));
        check("8d", Some(691_200));
        check("10", None);
        check("ten", None);
        check("10 min", None);
        check("99999999999999999999s", None);
    }

    #[test]
    fn ranges_are_read_as_people_write_them() {
        fn check(text: &str, want: Option<(u8, u8)>) {
            assert_eq!(range(text).map(|r| (*r.start(), *r.end())), want, "{text}");
        }
        check("1-4", Some((1, 4)));
        check("3", Some((3, 3)));
        check("4-1", None);
        check("a", None);
    }
}
