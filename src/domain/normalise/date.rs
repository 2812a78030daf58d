//! Dates as people and programs write them (formats.md 4.3). A date needs a year; a weekday beside it must agree.

use super::clean;
use crate::domain::{Date, Time};
use chrono::{Datelike, NaiveDate, Weekday};

/// A date cell: the date, a time of day if one follows, and what else stands behind (`上午`, `5、6节`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DateCell {
    pub date: Date,
    pub time: Option<crate::domain::TimeOfDay>,
    pub rest: String,
}

/// Reads a date cell. `None`: empty of a date, without a year, or contradicting its own weekday.
pub fn date_cell(cell: &str) -> Option<DateCell> {
    let text = clean(cell);
    if let Some(date) = from_number(&text) {
        return Some(DateCell { date, time: None, rest: String::new() });
    }
    let (date, behind, short) = first_date(&text)?;
    let mut rest = behind.trim_start_matches(['T', ' ', ',', '(']).trim();
    let mut weekday_agreed = false;
    if let Some((day, after)) = weekday(rest) {
        if day != date.weekday() {
            return None;
        }
        weekday_agreed = true;
        rest = after.trim_start_matches([')', ' ', ',']);
    }
    // Two digits of a year are believed only where a weekday confirms which date is meant.
    if short && !weekday_agreed {
        return None;
    }
    let (time, rest) = match time(rest) {
        Some((time, after)) => (Some(time), after.trim()),
        None => (None, rest),
    };
    Some(DateCell { date, time, rest: rest.to_string() })
}

/// `20180903`, a serial number of the 1900 system, milliseconds since 1970 of midnight in China.
fn from_number(text: &str) -> Option<Date> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: i64 = text.parse().ok()?;
    match text.len() {
        8 => plausible((n / 10_000) as i32, (n / 100 % 100) as u32, (n % 100) as u32),
        // 2009 to 2064: no five digits in a date column can be anything else.
        5 if (40_000..60_000).contains(&n) => {
            NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(chrono::Days::new(n as u64))
        }
        13 => chrono::DateTime::from_timestamp_millis(n + 8 * 3_600_000).map(|t| t.date_naive()),
        _ => None,
    }
}

fn plausible(year: i32, month: u32, day: u32) -> Option<Date> {
    (1900..=2199).contains(&year).then(|| NaiveDate::from_ymd_opt(year, month, day)).flatten()
}

/// A date at the very start: (date, what follows, written with two digits of a year).
fn first_date(text: &str) -> Option<(Date, &str, bool)> {
    let (year, rest) = digits(text)?;
    if year.len() == 8 {
        let n: u32 = year.parse().ok()?;
        return Some((plausible((n / 10_000) as i32, n / 100 % 100, n % 100)?, rest, false));
    }
    let (separator, rest) = split_char(rest)?;
    let rest = rest.trim_start();
    let (month, rest) = digits(rest)?;
    if month.len() > 2 {
        return None;
    }
    let (second, rest) = split_char(rest.trim_start())?;
    let rest = rest.trim_start();
    match (separator, second) {
        ('年', '月') | ('-', '-') | ('/', '/') | ('.', '.') => {}
        _ => return None,
    }
    let (day, mut rest) = digits(rest)?;
    if day.len() > 2 {
        return None;
    }
    if separator == '年' {
        rest = rest.strip_prefix(['日', '号']).or_else(|| rest.trim_start().strip_prefix(['日', '号']))?;
    }
    let (short, full) = match year.len() {
        4 => (false, year.parse().ok()?),
        2 => (true, 2000 + year.parse::<i32>().ok()?),
        _ => return None,
    };
    // `11/11/18` may be any order: only 25-10-01, as one program exports it.
    if short && separator != '-' {
        return None;
    }
    Some((plausible(full, month.parse().ok()?, day.parse().ok()?)?, rest, short))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn split_char(text: &str) -> Option<(char, &str)> {
    let c = text.chars().next()?;
    Some((c, &text[c.len_utf8()..]))
}

fn weekday(text: &str) -> Option<(Weekday, &str)> {
    for prefix in ["星期", "礼拜", "周"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            let (c, after) = split_char(rest)?;
            let n = "一二三四五六日".chars().position(|d| d == c).or((c == '天').then_some(6))?;
            return Weekday::try_from(n as u8).ok().map(|d| (d, after));
        }
    }
    let end = text.bytes().position(|b| !b.is_ascii_alphabetic()).unwrap_or(text.len());
    text[..end].parse::<Weekday>().ok().map(|d| (d, &text[end..]))
}

fn time(text: &str) -> Option<(crate::domain::TimeOfDay, &str)> {
    let (hour, rest) = digits(text)?;
    let rest = rest.strip_prefix([':', '时', '点'])?;
    // 8点 alone is a time too.
    let (minute, mut rest) = match digits(rest) {
        Some(minute) => minute,
        None if !text[hour.len()..].starts_with(':') => ("0", rest),
        None => return None,
    };
    let mut second = 0;
    if let Some(after) = rest.strip_prefix([':', '分'])
        && let Some((s, after)) = digits(after)
    {
        second = s.parse().ok()?;
        rest = after;
    }
    // Fractions of a second and a zone say nothing more about the day.
    rest = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit() || matches!(c, '秒' | '分' | 'Z'));
    if let Some(zone) = rest.strip_prefix('+') {
        rest = zone.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
    }
    let time = chrono::NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, second)?;
    Some((time, rest))
}

/// Every place in a text where a date with its year begins: the date, and the time of day behind it if any.
fn mentions(text: &str) -> Vec<(Date, Option<crate::domain::TimeOfDay>)> {
    let text = clean(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let here = &text[at..];
        let boundary = !text[..at].bytes().next_back().is_some_and(|b| b.is_ascii_digit());
        if boundary
            && here.as_bytes()[0].is_ascii_digit()
            && let Some((date, rest, false)) = first_date(here)
            && is_stated_form(here)
            && (here[..here.len() - rest.len()].ends_with('日')
                || !rest.bytes().next().is_some_and(|b| b.is_ascii_digit()))
        {
            let behind = rest.trim_start_matches(['T', ' ', '_', '-']);
            let behind = weekday(behind).map_or(behind, |(_, after)| after.trim_start());
            let time = time(behind).map(|(t, _)| t).or_else(|| compact_time(rest));
            found.push((date, time));
            at = text.len() - rest.len();
            continue;
        }
        at += here.chars().next().map_or(1, char::len_utf8);
    }
    found
}

/// Only YYYY-MM-DD, YYYYMMDD and YYYY年M月D日 state something outside a date column (rules.md §1).
fn is_stated_form(text: &str) -> bool {
    let Some((year, rest)) = digits(text) else { return false };
    match year.len() {
        8 => true,
        4 if rest.starts_with('年') => true,
        4 => rest
            .strip_prefix('-')
            .and_then(digits)
            .filter(|(m, _)| m.len() == 2)
            .and_then(|(_, rest)| rest.strip_prefix('-'))
            .and_then(digits)
            .is_some_and(|(d, _)| d.len() == 2),
        _ => false,
    }
}

/// `_0830`, `-083015`, ` 0830`, ` 08-30-15`: how file names write a time. The year of a second date is none.
fn compact_time(text: &str) -> Option<crate::domain::TimeOfDay> {
    let text = text.strip_prefix(['_', '-', 'T', ' '])?;
    if is_stated_form(text) && first_date(text).is_some() {
        return None;
    }
    let parts: Vec<&str> = text.splitn(3, '-').collect();
    if let [hour, minute, rest] = parts.as_slice()
        && let Some((second, _)) = digits(rest)
        && [*hour, *minute, second].iter().all(|part| part.len() == 2)
    {
        return chrono::NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?);
    }
    let (all, _) = digits(text)?;
    let n: u32 = all.parse().ok()?;
    match all.len() {
        4 => chrono::NaiveTime::from_hms_opt(n / 100, n % 100, 0),
        6 => chrono::NaiveTime::from_hms_opt(n / 10_000, n / 100 % 100, n % 100),
        _ => None,
    }
}

/// The dates that a title or a file name states: each one named, or all days of the range if there are two. A date
/// followed by a time is a stamp and states nothing. A range longer than a year states nothing (it is a period of
/// validity, no roll call).
pub fn stated_dates(text: &str) -> Vec<Date> {
    let dates: Vec<Date> = mentions(text).into_iter().filter(|(_, t)| t.is_none()).map(|(d, _)| d).collect();
    match dates.as_slice() {
        [from, to] if from <= to => {
            if (*to - *from).num_days() > 366 {
                return Vec::new();
            }
            from.iter_days().take_while(|d| d <= to).collect()
        }
        _ => dates,
    }
}

/// The instant that a title or a file name states for the whole export: the first date with a time, else the midnight
/// of the last date.
pub fn stamp_of(text: &str) -> Option<Time> {
    let all = mentions(text);
    let timed = all.iter().find_map(|(d, t)| t.map(|t| d.and_time(t)));
    timed.or_else(|| all.iter().map(|(d, _)| d.and_time(chrono::NaiveTime::MIN)).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_with_a_year_are_read_in_every_form() {
        let check = |input: &str, expected: Option<(&str, &str)>| {
            let got = date_cell(input).map(|c| (c.date.to_string(), c.rest));
            assert_eq!(got, expected.map(|(d, r)| (d.to_string(), r.to_string())), "{input:?}");
        };
        check("2018/1/27 12:21:32", Some(("2018-01-27", "")));
        check("2018/1/27 12:21", Some(("2018-01-27", "")));
        check("2019/10/8 星期二 8:20", Some(("2019-10-08", "")));
        check("2026/06/07 星期日", Some(("2026-06-07", "")));
        check("2026/06/07 星期一", None);
        check("25-10-01 星期三", Some(("2025-10-01", "")));
        check("25-10-01", None);
        check("2018-05-15", Some(("2018-05-15", "")));
        check("2018-05-15T08:00:00+08:00", Some(("2018-05-15", "")));
        check("20180903", Some(("2018-09-03", "")));
        check("2023.10.9 周一5、6节", Some(("2023-10-09", "5、6节")));
        check("2026.09.01", Some(("2026-09-01", "")));
        check("２０２６年９月１日", Some(("2026-09-01", "")));
        check("2026年5月17日上午", Some(("2026-05-17", "上午")));
        check("46266", Some(("2026-09-01", "")));
        check("1759248000000", Some(("2025-10-01", "")));
        for yearless in ["10月9日", "10/1", "8.31", "5月17日上午", "5-7号", "14", "国庆节", "11/11/18", "", "06-01"]
        {
            check(yearless, None);
        }
        check("2026-02-30", None);
    }

    #[test]
    fn titles_and_names_state_dates_and_stamps_state_none() {
        let check = |input: &str, first: Option<&str>, count: usize| {
            let got = stated_dates(input);
            assert_eq!(
                (got.first().map(ToString::to_string), got.len()),
                (first.map(str::to_string), count),
                "{input}"
            );
        };
        check("缺勤名单_2026-09-16.xlsx", Some("2026-09-16"), 1);
        check("缺勤20260916.csv", Some("2026-09-16"), 1);
        check("2026年9月16日缺勤学生名单", Some("2026-09-16"), 1);
        check("统计日期：2025-10-01 至 2025-10-31", Some("2025-10-01"), 31);
        check("罗浮中学_每日统计_20210901-20210925.xlsx", Some("2021-09-01"), 25);
        check("报表生成时间：2025-11-14 11:52", None, 0);
        check("roll_20260916_0830.csv", None, 0);
        check("roll_20260916-083015.csv", None, 0);
        check("缺勤_2026年9月3日-2026年9月4日.xlsx", Some("2026-09-03"), 2);
        check("缺勤_2026-09-03_2026-09-04.xlsx", Some("2026-09-03"), 2);
        check("缺勤_2026-09-03-2026-09-04.xlsx", Some("2026-09-03"), 2);
        check("缺勤 2026-09-03 2026-09-04.xlsx", Some("2026-09-03"), 2);
        check("缺勤_20260903_20260904.xlsx", Some("2026-09-03"), 2);
        check("2026年9月3日20人缺勤", Some("2026-09-03"), 1);
        check("2026年9月3日20:30导出", None, 0);
        check("导出于 2026-09-03 08-00-00.xlsx", None, 0);
        check("2026-09-03 8点", None, 0);
        check("13900000001", None, 0);
        check("10月9日", None, 0);
    }

    #[test]
    fn a_stamp_is_the_time_told_or_the_day_alone() {
        let check = |input: &str, expected: Option<&str>| {
            assert_eq!(stamp_of(input).map(|t| t.to_string()), expected.map(str::to_string), "{input}");
        };
        check("统计时间:2026-06-01 制表时间:2026-06-07 17:23(UTC+8)", Some("2026-06-07 17:23:00"));
        check("roll_20260916_0830.csv", Some("2026-09-16 08:30:00"));
        check("缺勤_20260916.csv", Some("2026-09-16 00:00:00"));
        check("导出_2026-09-03 08-00-00.csv", Some("2026-09-03 08:00:00"));
        check("缺勤_2026-09-03_2026-09-04.csv", Some("2026-09-04 00:00:00"));
        check("缺勤.csv", None);
    }
}
