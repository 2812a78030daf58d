//! Holiday files: the public holiday-cn JSON of a year, or an iCalendar. Bytes in, years out; knows no policy.

use crate::domain::Date;
use crate::domain::policy::HolidayYear;
use chrono::{Datelike as _, Days};
use std::collections::BTreeMap;

/// The years that a file speaks about; `None`: it is neither of the two forms.
pub fn read(bytes: &[u8], name: &str) -> Option<Vec<HolidayYear>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with("BEGIN:VCALENDAR") || name.to_lowercase().ends_with(".ics") {
        return icalendar(text);
    }
    holiday_cn(text)
}

fn holiday_cn(text: &str) -> Option<Vec<HolidayYear>> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let year = i32::try_from(json.get("year")?.as_i64()?).ok()?;
    let days = json.get("days")?.as_array()?;
    let papers = json.get("papers").and_then(|p| p.as_array()).is_some_and(|p| !p.is_empty());
    let mut out = HolidayYear { year, announced: papers, days: Vec::new() };
    for day in days {
        let date = Date::parse_from_str(day.get("date")?.as_str()?, "%Y-%m-%d").ok()?;
        let off = day.get("isOffDay")?.as_bool()?;
        let name = day.get("name").and_then(|n| n.as_str()).unwrap_or_default();
        out.days.push((date, off, name.to_string()));
    }
    Some(vec![out])
}

/// Whole-day events; a summary that speaks of work (补班, 上班, 调休 with 班) is a make-up day, any other a day off.
fn icalendar(text: &str) -> Option<Vec<HolidayYear>> {
    // A line that begins with a blank goes on with the one before (RFC 5545 §3.1).
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    if !unfolded.contains("BEGIN:VCALENDAR") {
        return None;
    }
    let mut years: BTreeMap<i32, HolidayYear> = BTreeMap::new();
    let (mut start, mut end, mut summary) = (None, None, String::new());
    for line in unfolded.lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match key.split(';').next().unwrap_or(key) {
            "BEGIN" if value.trim() == "VEVENT" => (start, end, summary) = (None, None, String::new()),
            "DTSTART" => start = Some(date(value)?),
            "DTEND" => end = Some(date(value)?),
            "SUMMARY" => summary = value.trim().to_string(),
            "END" if value.trim() == "VEVENT" => {
                let first = start?;
                // The end of an event of whole days is the day after it.
                let last = end.and_then(|e: Date| e.pred_opt()).filter(|e| *e >= first).unwrap_or(first);
                let off = !["班", "上课", "work"].iter().any(|w| summary.to_lowercase().contains(w));
                let mut day = first;
                // No holiday is longer than a season: a slip of the year does not fill the calendar.
                for _ in 0..120 {
                    if day > last {
                        break;
                    }
                    let year = years.entry(day.year()).or_insert_with(|| HolidayYear {
                        year: day.year(),
                        announced: true,
                        days: Vec::new(),
                    });
                    year.days.push((day, off, summary.clone()));
                    day = day.checked_add_days(Days::new(1))?;
                }
            }
            _ => {}
        }
    }
    Some(years.into_values().collect())
}

fn date(value: &str) -> Option<Date> {
    Date::parse_from_str(value.trim().get(..8)?, "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(years: Option<Vec<HolidayYear>>) -> String {
        let Some(years) = years else { return "unreadable".into() };
        let one = |y: &HolidayYear| {
            let days: Vec<String> = y
                .days
                .iter()
                .map(|(d, off, name)| format!("{}{}{name}", d.format("%m-%d"), if *off { '-' } else { '+' }))
                .collect();
            format!("{}{} {}", y.year, if y.announced { "" } else { "?" }, days.join(" "))
        };
        years.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn both_forms_of_holidays_are_read() {
        fn check(text: &str, name: &str, want: &str) {
            assert_eq!(show(read(text.as_bytes(), name)), want, "{text}");
        }
        check(
            r#"{"year": 2026, "papers": ["x"], "days": [{"name": "元旦", "date": "2026-01-01", "isOffDay": true}, {"name": "元旦", "date": "2026-01-04", "isOffDay": false}]}"#,
            "2026.json",
            "2026 01-01-元旦 01-04+元旦",
        );
        check(r#"{"year": 2027, "papers": [], "days": []}"#, "2027.json", "2027? ");
        check(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261001\r\nDTEND;VALUE=DATE:20261003\r\nSUMMARY:国庆\r\n 节\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART:20261010\r\nSUMMARY:国庆节 补班\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            "2026.ics",
            "2026 10-01-国庆节 10-02-国庆节 10-10+国庆节 补班",
        );
        check("not json", "2026.json", "unreadable");
        check("BEGIN:VEVENT", "2026.ics", "unreadable");
    }
}
