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
        p.error(node.pos, say!(want_text, kind_zh(node)), Some(say!(hint_want_text)));
    }
    node.text()
}

impl Read for String {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        if text.trim().is_empty() {
            p.error(node.pos, say!(empty_text), Some(say!(hint_empty_text)));
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
            p.error(node.pos, say!(want_whole, text), Some(say!(hint_whole)));
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
                p.error(node.pos, say!(share_too_big, text), Some(say!(hint_share_too_big)));
                None
            }
            Some(r) => Some(Share(r)),
            None => {
                // A bare number below 1 is a share whose unit was left out.
                let percent = Ratio::parse(text).filter(|r| !written && *r > Ratio::ZERO && *r < Ratio::ONE);
                let hint = percent.map(|r| say!(hint_share_as, decimal(r * Ratio::whole(100))));
                p.error(node.pos, say!(bad_share, text), Some(hint.unwrap_or_else(|| say!(hint_share))));
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
        match n {
            None => p.error(node.pos, say!(bad_number, text), Some(say!(hint_number))),
            Some(written) => {
                if let Some(fraction) = stands_for(text) {
                    p.warn(node.pos, say!(inexact, text, written), Some(say!(hint_inexact, fraction)));
                }
            }
        }
        n.map(Number)
    }
}

/// The number as people write it: a decimal where it ends after a few digits.
fn decimal(r: Ratio) -> String {
    let (n, d) = (r.numerator(), r.denominator());
    let thousandths = n * 1000 / d;
    if n * 1000 % d != 0 {
        return r.to_string();
    }
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// The fraction that a decimal of two or more digits was cut from: `0.33`, `0.333` and `1.67` stand for 1/3 and 5/3.
fn stands_for(text: &str) -> Option<Ratio> {
    let (_, digits) = text.split_once('.')?;
    let written = Ratio::parse(text).filter(|_| (2..=6).contains(&digits.len()))?;
    let unit = Ratio::new(1, 10_i64.pow(u32::try_from(digits.len()).ok()?));
    [3, 6, 7, 9].into_iter().find_map(|q| {
        let whole = Ratio::whole(q);
        let below = written * whole;
        let nearest = (below.numerator() * 2 + below.denominator()) / (2 * below.denominator());
        let fraction = Ratio::new(nearest, q);
        let off = fraction.max(written) + Ratio::whole(-1) * fraction.min(written);
        // Rounded or cut, never exact.
        (fraction.denominator() == q && off > Ratio::ZERO && off < unit).then_some(fraction)
    })
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
                    p.error(node.pos, say!(empty_text), Some(say!(hint_empty_text)));
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

impl DayOfWeek {
    /// The word for a day that is written out or in Chinese.
    fn meant(text: &str) -> Option<&'static str> {
        let chinese = ["周", "星期", "礼拜"].iter().find_map(|p| text.strip_prefix(p));
        if let Some(day) = chinese {
            return "一二三四五六日"
                .chars()
                .position(|c| day == c.to_string())
                .map(|i| Self::WORDS[i])
                .or_else(|| (day == "天").then_some("sun"));
        }
        let small = text.to_lowercase();
        Self::WORDS.into_iter().find(|w| small.starts_with(w))
    }
}

impl Read for DayOfWeek {
    fn read(node: &Node, p: &mut Problems) -> Option<Self> {
        let text = scalar(node, p)?;
        let day = Self::parse(text);
        if day.is_none() {
            let hint = match Self::meant(text) {
                Some(word) => say!(hint_did_you_mean, word),
                None => say!(hint_known, Self::WORDS.join(", ")),
            };
            p.error(node.pos, say!(bad_weekday, text), Some(hint));
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

    #[test]
    fn a_decimal_that_was_cut_from_a_fraction_is_known() {
        fn check(text: &str, want: Option<(i64, i64)>) {
            assert_eq!(stands_for(text), want.map(|(n, d)| Ratio::new(n, d)), "{text}");
        }
        check("0.33", Some((1, 3)));
        check("0.333", Some((1, 3)));
        check("0.67", Some((2, 3)));
        check("0.66", Some((2, 3)));
        check("1.67", Some((5, 3)));
        check("0.17", Some((1, 6)));
        check("0.5", None);
        check("0.25", None);
        check("0.3", None);
        check("1.5", None);
        check("2", None);
    }

    #[test]
    fn a_day_of_the_week_in_other_words_is_known() {
        fn check(text: &str, want: Option<&str>) {
            assert_eq!(DayOfWeek::meant(text), want, "{text}");
        }
        check("周五", Some("fri"));
        check("星期天", Some("sun"));
        check("Friday", Some("fri"));
        check("5", None);
    }
}
