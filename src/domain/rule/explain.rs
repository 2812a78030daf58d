//! Explaining to people: the strip of days, and the sentence that made a finding true, to be read aloud to a parent. Words
//! come from the message catalogue; nothing here decides anything.

use super::ast::{Amount, Cond, Rule};
use crate::domain::Date;
use crate::domain::calendar::{Calendar, Reason};
use crate::domain::finding::{Finding, Unit};
use crate::domain::message::{Lang, rules as say};
use crate::domain::timeline::{Day, Member, NOT_LISTED, Timeline};
use chrono::Datelike;

/// One day of a strip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    pub date: Date,
    pub mark: char,
}

/// The days from `from` to `to`, one mark each: those of policy tests for recorded days (the status that weighs most),
/// `.` for school days without a record, `=` for holidays and closed days, a blank for weekends and days outside terms, `~`
/// for days on which the pupil is not expected.
pub fn strip(timeline: &Timeline, member: &Member, calendar: &Calendar, from: Date, to: Date) -> Vec<Mark> {
    from.iter_days()
        .take_while(|d| *d <= to)
        .map(|date| {
            let mark = match timeline.day(calendar, date) {
                Some(day) => mark_of(&day),
                None => gap(member, calendar, date),
            };
            Mark { date, mark }
        })
        .collect()
}

fn gap(member: &Member, calendar: &Calendar, date: Date) -> char {
    let s = member.at(date);
    let plan = calendar.day(&s.school_id, s.grade, s.class.as_ref(), date);
    match plan.reason {
        _ if plan.open && !s.expected => '~',
        _ if plan.open => '.',
        Reason::Holiday(_) | Reason::Closed(_) => '=',
        _ => ' ',
    }
}

fn mark_of(day: &Day) -> char {
    let mut by_status: Vec<(&str, crate::domain::ratio::Ratio)> = Vec::new();
    for (_, status, weight) in day.statuses() {
        match by_status.iter_mut().find(|(s, _)| status == s) {
            Some((_, w)) => *w = *w + weight,
            None => by_status.push((status.as_str(), weight)),
        }
    }
    // What is not `present` is shown first: a strip is read for what was missed.
    let most = by_status
        .iter()
        .filter(|(s, _)| *s != "present")
        .max_by_key(|(_, w)| *w)
        .or(by_status.first())
        .map_or("", |(s, _)| *s);
    match most {
        "present" => '√',
        "late" => '迟',
        "early_leave" => '退',
        "official" => '公',
        "sick" => '病',
        "personal" => '事',
        "truant" => '旷',
        "unexplained" => '×',
        _ if day.record().code(0) == NOT_LISTED => '-',
        _ => '○',
    }
}

/// A strip as lines, one for each week, with the Monday's date in front.
pub fn strip_text(marks: &[Mark], lang: Lang) -> String {
    let mut out = String::new();
    for week in marks.chunk_by(|a, b| a.date.iso_week() == b.date.iso_week()) {
        let Some(first) = week.first() else { continue };
        let days: Vec<String> = week.iter().map(|m| m.mark.to_string()).collect();
        out.push_str(&format!("{:>8}  {}\n", date(first.date, lang), days.join(" ")));
    }
    out
}

fn date(d: Date, lang: Lang) -> String {
    match lang {
        Lang::Zh => say::month_day(lang, d.month(), d.day()),
        Lang::En => d.format("%-d %b").to_string(),
    }
}

/// Dates as people say them: within one month the month is named once.
fn dates(all: &[Date], lang: Lang) -> String {
    let mut said = Vec::new();
    let mut month = None;
    for d in all {
        said.push(match lang {
            Lang::Zh if month == Some((d.year(), d.month())) => say::day_of_month(lang, d.day()),
            _ => date(*d, lang),
        });
        month = Some((d.year(), d.month()));
    }
    said.join(if lang == Lang::Zh { "、" } else { ", " })
}

/// The sentence that made the finding true, and the holidays and make-up days among its dates.
pub fn because(finding: &Finding, rule: &Rule, member: Option<&Member>, calendar: &Calendar, lang: Lang) -> String {
    let what = first_leaf(&rule.when);
    let value = finding.measure.map(|m| {
        let n = m.value;
        match m.unit {
            Unit::Days if is_calendar(what) => say::calendar_days(lang, n),
            Unit::Days => say::school_days(lang, n),
            Unit::Sessions => say::sessions(lang, n),
            Unit::Lessons => say::lessons(lang, n),
            Unit::Hours => say::hours(lang, n),
            Unit::Periods => say::periods(lang, n),
            Unit::Spells => say::spells(lang, n),
            Unit::Rate => say::rate(lang, n),
            Unit::Acts => say::acts(lang, n),
            Unit::Pupils => say::pupils(lang, n),
        }
    });
    let title = rule.title.in_lang(lang);
    let head = match value {
        Some(v) => say::because(lang, title, v),
        None => title.to_string(),
    };
    let mut out = if finding.evidence.is_empty() {
        say::ends(lang, head)
    } else {
        say::because_on(lang, head, dates(&finding.evidence, lang))
    };
    if let (Some(m), Some(first), Some(last)) = (member, finding.evidence.first(), finding.evidence.last()) {
        let (mut made_up, mut off) = (Vec::new(), Vec::new());
        for d in first.iter_days().take_while(|d| d <= last) {
            let s = m.at(d);
            match calendar.day(&s.school_id, s.grade, s.class.as_ref(), d).reason {
                Reason::MakeUp(_) | Reason::Opened(_) => made_up.push(d),
                Reason::Holiday(_) | Reason::Closed(_) => off.push(d),
                _ => {}
            }
        }
        if !made_up.is_empty() {
            out.push_str(&say::made_up(lang, dates(&made_up, lang)));
        }
        // Where calendar days are counted the days off count too.
        if !off.is_empty() && !is_calendar(what) {
            out.push_str(&say::days_off(lang, dates(&off, lang)));
        }
    }
    out
}

fn first_leaf(c: &Cond) -> &Cond {
    match c {
        Cond::All(cs) | Cond::Any(cs) => cs.first().map_or(c, first_leaf),
        _ => c,
    }
}

/// Its days are counted on the calendar, holidays included.
fn is_calendar(c: &Cond) -> bool {
    match c {
        Cond::Consecutive { amount, .. }
        | Cond::NotRegistered { amount, .. }
        | Cond::OverdueReturn { amount }
        | Cond::LeaveStated { amount }
        | Cond::StillAbsent { amount, .. } => {
            matches!(amount, Amount::CalendarDays(_) | Amount::Weeks(_) | Amount::Months(_))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_said_as_people_say_them() {
        let d = |s: &str| s.parse::<Date>().expect("a date");
        fn check(all: &[Date], lang: Lang, want: &str) {
            assert_eq!(dates(all, lang), want);
        }
        check(&[d("2026-09-14"), d("2026-09-15"), d("2026-10-08")], Lang::Zh, "9月14日、15日、10月8日");
        check(&[d("2026-09-14"), d("2026-09-15")], Lang::En, "14 Sep, 15 Sep");
    }
}
