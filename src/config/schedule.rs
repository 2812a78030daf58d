//! Cron expressions as the files write them: five fields, weekdays by name, in the township's zone. Refuses what cron(8)
//! and the cron crate understand differently.

use super::problem::say;
use crate::domain::message::Text;
use crate::domain::policy::Poll;
use chrono::{DateTime, Datelike as _, TimeZone as _};
use std::str::FromStr as _;

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What is wrong, and the way out.
pub type Refused = (Text, Option<Text>);

/// Reads an expression; gives it with seconds in front, as the cron crate reads it.
pub fn parse(written: &str) -> Result<Poll, Refused> {
    let fields: Vec<&str> = written.split_whitespace().collect();
    let (seconds, five) = match fields.as_slice() {
        [m, h, dom, mon, dow] => ("0", [*m, *h, *dom, *mon, *dow]),
        [s, m, h, dom, mon, dow] => (*s, [*m, *h, *dom, *mon, *dow]),
        _ => return Err((say!(cron_fields, written, fields.len()), Some(say!(hint_cron)))),
    };
    let [minute, hour, dom, month, dow] = five;
    let open = |f: &str| f == "*" || f == "?";
    if !open(dom) && !open(dow) {
        return Err((say!(cron_both_days, written), Some(say!(hint_cron_both_days))));
    }
    let weekdays = weekday_field(dow).ok_or_else(|| (say!(cron_weekday, dow), Some(say!(hint_cron_weekday))))?;
    let expression = format!("{seconds} {minute} {hour} {} {month} {weekdays}", if dom == "?" { "*" } else { dom });
    let schedule =
        cron::Schedule::from_str(&expression).map_err(|_| (say!(cron_bad, written), Some(say!(hint_cron))))?;
    // The calendar repeats every 28 years within a century; from a fixed day, so that checking needs no clock.
    let from = chrono::Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).single();
    let fires = from.is_some_and(|f| schedule.after(&f).next().is_some_and(|t| t.year() < 2060));
    if !fires {
        return Err((say!(cron_never, written), Some(say!(hint_cron_never))));
    }
    Ok(Poll::Cron { expression, written: written.to_string() })
}

/// The field with its names in lower case; `None`: there are numbers in it, or words that are no weekday.
fn weekday_field(field: &str) -> Option<String> {
    let lower = field.to_lowercase();
    if lower == "*" || lower == "?" {
        return Some("*".into());
    }
    let number = |day: &str| WEEKDAYS.iter().position(|w| *w == day);
    let mut days: Vec<&str> = Vec::new();
    for item in lower.split(',') {
        let (from, to) = item.split_once('-').unwrap_or((item, item));
        let (from, to) = (number(from)?, number(to)?);
        // fri-mon goes over the end of the week.
        let length = (to + 7 - from) % 7;
        days.extend((0..=length).map(|n| WEEKDAYS[(from + n) % 7]));
    }
    Some(days.join(","))
}

/// The next `n` firings of an expression that [`parse`] gave.
pub fn next<Z: chrono::TimeZone>(expression: &str, after: &DateTime<Z>, n: usize) -> Vec<DateTime<Z>> {
    cron::Schedule::from_str(expression).map(|s| s.after(after).take(n).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_they_say_or_are_refused() {
        fn check(written: &str, want: Result<&str, &str>) {
            let got = match parse(written) {
                Ok(Poll::Cron { expression, .. }) => Ok(expression),
                Ok(Poll::Every { .. }) => Err("a duration".to_string()),
                Err((text, _)) => Err(text.en),
            };
            match (got, want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{written}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{written}: {got}"),
                (got, want) => panic!("{written}: {got:?}, wanted {want:?}"),
            }
        }
        check("*/5 7-18 * * *", Ok("0 */5 7-18 * * *"));
        check("30 0 12 * * *", Ok("30 0 12 * * *"));
        check("0 8 * * Mon-Fri", Ok("0 0 8 * * mon,tue,wed,thu,fri"));
        check("0 8 * * sat-mon", Ok("0 0 8 * * sat,sun,mon"));
        check("0 8 1 * *", Ok("0 0 8 1 * *"));
        check("0 8 29 2 *", Ok("0 0 8 29 2 *"));
        check("0 8 * * 1-5", Err("weekday"));
        check("0 8 * * 0", Err("weekday"));
        check("0 8 1 * mon", Err("both"));
        check("0 8 30 2 *", Err("never"));
        check("0 8 31 4,6 *", Err("never"));
        check("0 8 * *", Err("fields"));
        check("61 8 * * *", Err("cannot be read"));
        check("every day", Err("fields"));
    }

    #[test]
    fn the_next_firings_are_in_the_zone_of_the_township() {
        let zone = chrono_tz::Asia::Shanghai;
        let now = zone.with_ymd_and_hms(2026, 9, 4, 18, 0, 0).single().expect("no summer time");
        let got: Vec<String> =
            next("0 30 8 * * mon-fri", &now, 2).iter().map(|t| t.format("%a %d %H:%M").to_string()).collect();
        assert_eq!(got, ["Mon 07 08:30", "Tue 08 08:30"]);
    }
}
