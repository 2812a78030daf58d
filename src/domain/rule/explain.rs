//! Explaining to people: the strip of days, the sentence that made a finding true, what would clear it, how far a rule is
//! from being true; all to be read aloud to a parent. Words come from the message catalogue, facts from the evaluator
//! (`outlook`); nothing here decides anything.

use super::ast::Cond;
use super::outlook::{Barred, Clearing, Distance, Part};
use super::phrase::{Phrases, is_calendar};
use crate::domain::Date;
use crate::domain::calendar::{Calendar, Reason};
use crate::domain::finding::{Finding, Measure, Unit};
use crate::domain::message::rules as say;
use crate::domain::ratio::Ratio;
use crate::domain::timeline::{Day, Member, NOT_LISTED, Timeline};
use chrono::{Datelike, Days};

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

/// The dates of evidence are named one by one up to this many.
const DATES: usize = 6;

fn is_days(m: &Measure, n: usize) -> bool {
    m.unit == Unit::Days && i64::try_from(n).is_ok_and(|n| m.value == Ratio::whole(n))
}

/// No day to come makes it true: somebody has to record something.
fn waits_for_acts(c: &Cond) -> bool {
    matches!(c, Cond::Acts { .. } | Cond::StillAbsent { .. })
}

/// Explains to one reader, about one pupil.
pub struct Explainer<'a> {
    pub phrases: Phrases<'a>,
    pub calendar: &'a Calendar,
    pub member: Option<&'a Member>,
    pub today: Date,
}

impl Explainer<'_> {
    fn reason(&self, d: Date) -> Option<Reason> {
        let s = self.member?.at(d);
        Some(self.calendar.day(&s.school_id, s.grade, s.class.as_ref(), d).reason)
    }

    fn is_school_day(&self, d: Date) -> bool {
        self.member.is_some_and(|m| {
            let s = m.at(d);
            self.calendar.is_school_day(&s.school_id, s.grade, s.class.as_ref(), d)
        })
    }

    /// No school day lies between them.
    fn follows(&self, a: Date, b: Date) -> bool {
        a.iter_days().skip(1).take_while(|d| *d < b).all(|d| !self.is_school_day(d))
    }

    fn dates(&self, all: &[Date]) -> String {
        match all.len() {
            n if n > DATES => self.phrases.stretches(all, &|a, b| self.follows(a, b)),
            _ => self.phrases.dates(all),
        }
    }

    /// A date to come, with its year where that is another.
    fn day(&self, d: Date) -> String {
        match d.year() == self.today.year() {
            true => self.phrases.date(d),
            false => say::year_month_day(self.phrases.lang, d.year(), d.month(), d.day()),
        }
    }

    /// The sentence that made the finding true, and the holidays and make-up days among its dates. `stood`: the branches of
    /// its rule on its last day.
    pub fn because(&self, finding: &Finding, stood: &[Part]) -> String {
        let (lang, phrases) = (self.phrases.lang, &self.phrases);
        let met = stood.iter().filter(|p| p.is_true).map(|p| phrases.met(&p.cond, p.now.as_ref()));
        let head = met.reduce(|a, b| say::and_so(lang, a, b)).unwrap_or_default();
        let n = finding.evidence.len();
        let met: Vec<&Part> = stood.iter().filter(|p| p.is_true).collect();
        // Where the sentence counts these very days they need not be counted again.
        let counted = n <= DATES || met.iter().any(|p| p.now.is_some_and(|m| is_days(&m, n)));
        let dates = self.dates(&finding.evidence);
        let mut out = match met.as_slice() {
            _ if n == 0 => head,
            [Part { cond: Cond::LeaveStated { .. }, .. }] => say::because_recorded(lang, head, dates),
            [_] if counted => say::because_on(lang, head, dates),
            [_] => say::because_through(lang, head, dates, n),
            _ => say::because_also(lang, head, dates),
        };
        if let (Some(first), Some(last)) = (finding.evidence.first(), finding.evidence.last()) {
            let (mut made_up, mut off) = (Vec::new(), Vec::new());
            for d in first.iter_days().take_while(|d| d <= last) {
                match self.reason(d) {
                    Some(Reason::MakeUp(_) | Reason::Opened(_)) => made_up.push(d),
                    Some(Reason::Holiday(_) | Reason::Closed(_)) => off.push(d),
                    _ => {}
                }
            }
            made_up.retain(|d| finding.evidence.contains(d));
            let next = |a: Date, b: Date| a + Days::new(1) == b;
            if !made_up.is_empty() {
                out.push_str(&say::made_up(lang, phrases.stretches(&made_up, &next)));
            }
            // Where calendar days are counted the days off count too.
            if !off.is_empty() && !stood.iter().any(|p| p.is_true && is_calendar(&p.cond)) {
                out.push_str(&say::days_off(lang, phrases.stretches(&off, &next)));
            }
        }
        say::full_stop(lang, out)
    }

    /// What would clear a finding, as one sentence.
    pub fn clears(&self, ways: &[Clearing]) -> String {
        let lang = self.phrases.lang;
        let said = ways.iter().map(|w| self.way(w)).reduce(|a, b| say::or_else(lang, a, b)).unwrap_or_default();
        say::full_stop(lang, said)
    }

    fn way(&self, way: &Clearing) -> String {
        let lang = self.phrases.lang;
        match way {
            Clearing::Attended { cond, days, from, on, leave } => match cond {
                Cond::Consecutive { .. } => {
                    let n = say::attended_days(lang, *days);
                    let mut said = match from == on {
                        true => say::clears_attended(lang, n, self.day(*from)),
                        false => say::clears_attended_on(lang, n, self.day(*from), self.day(*on)),
                    };
                    // Where leave itself counts, that other leave breaks the run is no advice.
                    match (*leave, self.phrases.counts_leave(cond)) {
                        (false, _) => said += &say::leave_breaks_not(lang),
                        (true, false) => said += &say::leave_breaks_too(lang),
                        (true, true) => {}
                    }
                    said
                }
                Cond::NotRegistered { excused_stops, .. } => {
                    let after = if *excused_stops { say::leave_begins_anew(lang) } else { say::leave_counts(lang) };
                    say::clears_registered(lang, self.day(*on)) + &after
                }
                Cond::Unlisted { .. } => say::clears_listed(lang, self.day(*on)),
                _ => say::clears_back(lang, self.day(*on)),
            },
            Clearing::Passes { cond, on, gone, measure } => {
                let mut said = match cond {
                    Cond::Rate { .. } => say::clears_leave_passing(lang, self.day(*on)),
                    Cond::Acts { .. } => say::clears_acts_passing(lang, self.day(*on)),
                    _ => say::clears_passing(lang, self.phrases.counts(cond), self.day(*on)),
                };
                match (cond, measure, gone.as_slice()) {
                    (Cond::Rate { .. }, Some(m), _) => {
                        said += &say::value_by_then(lang, self.phrases.measure(m, cond));
                    }
                    (_, _, []) => {}
                    (_, _, [.., last]) if gone.len() > DATES => {
                        said += &say::gone_many(lang, gone.len(), self.phrases.date(*last));
                    }
                    (_, _, gone) => said += &say::gone_by_then(lang, self.dates(gone)),
                }
                said
            }
            Clearing::NotInSight => say::clears_not(lang),
            Clearing::Acts { cond: Cond::Acts { acts, at_least, .. } } => {
                say::clears_by_acts(lang, self.phrases.acts(acts), say::times(lang, *at_least))
            }
            Clearing::Acts { .. } => String::new(),
            Clearing::Anew { acts } => say::clears_anew(lang, self.phrases.acts(acts)),
            Clearing::Arrived => say::clears_by_arrival(lang),
        }
    }

    /// How far a rule is from being true, as one sentence.
    pub fn distance(&self, d: &Distance) -> String {
        let (lang, phrases) = (self.phrases.lang, &self.phrases);
        let barred: Vec<String> = d.barred.iter().map(|b| self.barred(b)).collect();
        let mut said = barred.join(say::semicolon(lang));
        let never_asked = d.barred.iter().any(|b| !matches!(b, Barred::NotInEffect { .. }));
        if !never_asked {
            let now = |p: &Part| p.now.filter(|m| !m.value.is_zero());
            let line = |p: &Part| match (&p.cond, now(p)) {
                (Cond::Not(_), _) => phrases.wanted(&p.cond),
                (c, Some(m)) => say::part_now(lang, phrases.wanted(c), phrases.measure(&m, c)),
                (c, None) => say::part_nothing(lang, phrases.wanted(c), phrases.nothing(c)),
            };
            let state = match d.parts.as_slice() {
                [Part { cond: c @ Cond::Not(_), .. }] => say::distance_not(lang, phrases.wanted(c)),
                [one] => match now(one) {
                    Some(m) => say::distance_now(lang, phrases.measure(&m, &one.cond), phrases.demand(&one.cond)),
                    None => say::distance_none(lang, phrases.nothing(&one.cond), phrases.demand(&one.cond)),
                },
                many if d.any => {
                    let told = many.iter().map(line).reduce(|a, b| say::one_of(lang, a, b));
                    say::one_suffices(lang, told.unwrap_or_default())
                }
                many => {
                    let told = many
                        .iter()
                        .map(|p| if p.is_true { say::holds_now(lang, line(p)) } else { say::lacks(lang, line(p)) });
                    told.collect::<Vec<_>>().join(say::semicolon(lang))
                }
            };
            if !said.is_empty() {
                said.push_str(say::semicolon(lang));
            }
            said += &state;
            said += &match &d.earliest {
                Some((on, Some(status))) => {
                    say::earliest_if(lang, phrases.status_of_day(status.as_str()), self.day(*on))
                }
                Some((on, None)) => say::earliest(lang, self.day(*on)),
                None if d.parts.iter().any(|p| !p.is_true && waits_for_acts(&p.cond)) => say::earliest_acts(lang),
                None => say::earliest_never(lang),
            };
        }
        say::full_stop(lang, said)
    }

    fn barred(&self, b: &Barred) -> String {
        let lang = self.phrases.lang;
        match b {
            Barred::Filter(against) => {
                let what = against.iter().map(|f| self.phrases.filter(f)).reduce(|a, b| say::all(lang, a, b));
                say::barred_filter(lang, what.unwrap_or_default())
            }
            Barred::NotInEffect { from, to } => {
                let date = |d: &Option<Date>| d.map_or_else(|| say::open_end(lang), |d| self.day(d));
                say::barred_effect(lang, date(from), date(to))
            }
            Barred::NotExpected => say::barred_expected(lang),
            Barred::OtherSubject => say::barred_subject(lang),
        }
    }
}
