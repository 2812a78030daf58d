//! Phrases: conditions, amounts, windows and filters in the reader's language, to be read aloud. Decides nothing.

use super::ast::{ActMatch, Amount, Cond, Counting, Filter, Of, Sex, Threshold, Window, WindowKind};
use super::program::threshold;
use crate::domain::Date;
use crate::domain::finding::{Measure, Unit};
use crate::domain::ids::Word;
use crate::domain::message::{Lang, rules as say};
use crate::domain::policy::Policy;
use chrono::Datelike;

/// Words for one reader; own statuses and acts are named by the policy.
#[derive(Clone, Copy)]
pub struct Phrases<'a> {
    pub policy: &'a Policy,
    pub lang: Lang,
}

impl Phrases<'_> {
    fn list(&self, items: impl IntoIterator<Item = String>) -> String {
        let items: Vec<String> = items.into_iter().collect();
        items.join(say::comma(self.lang))
    }

    /// A status or a set of them.
    pub fn status(&self, id: &str) -> String {
        if let Some(said) = say::status(self.lang, id) {
            return said.to_owned();
        }
        let own = self.policy.statuses.iter().find(|s| s.id.as_str() == id).and_then(|s| s.words.first());
        own.filter(|_| self.lang == Lang::Zh).map_or_else(|| id.replace('_', " "), Clone::clone)
    }

    /// A status as what a child is on a day.
    pub fn status_of_day(&self, id: &str) -> String {
        say::status_of_day(self.lang, id).map_or_else(|| self.status(id), str::to_owned)
    }

    pub fn of(&self, of: &Of) -> String {
        let parts = of.written.split('+').map(|part| match part.split_once('×') {
            Some((id, "1")) => self.status(id),
            Some((id, weight)) => say::weighed(self.lang, self.status(id), weight),
            None => self.status(part),
        });
        parts.reduce(|a, b| say::or(self.lang, a, b)).unwrap_or_default()
    }

    fn counted(&self, c: &Counting) -> String {
        let of = self.of(&c.of);
        if c.slots.is_empty() { of } else { say::in_slots(self.lang, of, self.list(c.slots.clone())) }
    }

    /// A kind or result of acts.
    pub fn act_word(&self, word: &Word) -> String {
        if let Some(said) = say::act_word(self.lang, word.as_str()) {
            return said.to_owned();
        }
        let acts = &self.policy.acts;
        let own = acts.kinds.get(word).or_else(|| acts.results.get(word)).and_then(|w| w.first());
        own.filter(|_| self.lang == Lang::Zh).map_or_else(|| word.as_str().replace('_', " "), Clone::clone)
    }

    fn either(&self, words: &[Word]) -> String {
        words.iter().map(|w| self.act_word(w)).reduce(|a, b| say::or(self.lang, a, b)).unwrap_or_default()
    }

    pub fn acts(&self, m: &ActMatch) -> String {
        let kinds = if m.kinds.is_empty() { say::any_act(self.lang) } else { self.either(&m.kinds) };
        if m.results.is_empty() { kinds } else { say::act_with_result(self.lang, kinds, self.either(&m.results)) }
    }

    pub fn measure(&self, m: &Measure, cond: &Cond) -> String {
        say::count(self.lang, m.unit, is_calendar(cond), m.value)
    }

    fn amount(&self, a: &Amount) -> String {
        let t = threshold(a);
        let said = match a {
            Amount::Weeks(_) => say::weeks(self.lang, t.n),
            Amount::Months(_) => say::months(self.lang, t.n),
            Amount::CalendarDays(_) => say::count(self.lang, Unit::Days, true, t.n),
            Amount::Days(_) => say::count(self.lang, Unit::Days, false, t.n),
            Amount::Sessions(_) => say::count(self.lang, Unit::Sessions, false, t.n),
            Amount::Lessons(_) => say::count(self.lang, Unit::Lessons, false, t.n),
            Amount::Hours(_) => say::count(self.lang, Unit::Hours, false, t.n),
            Amount::Periods(_) => say::count(self.lang, Unit::Periods, false, t.n),
            Amount::Spells(_) => say::count(self.lang, Unit::Spells, false, t.n),
        };
        self.over(t, said)
    }

    fn over(&self, t: Threshold, said: String) -> String {
        if t.over { say::more_than(self.lang, said) } else { say::at_least(self.lang, said) }
    }

    fn days(&self, t: Threshold) -> String {
        self.over(t, say::count(self.lang, Unit::Days, false, t.n))
    }

    fn window(&self, w: &Window) -> String {
        let lang = self.lang;
        match &w.kind {
            WindowKind::SchoolDays(n)
            | WindowKind::SchoolWeeks(n)
            | WindowKind::CalendarDays(n)
            | WindowKind::Months(n) => say::last(lang, *n, &w.kind),
            WindowKind::Week => say::this_week(lang),
            WindowKind::Month => say::this_month(lang),
            WindowKind::Term => say::this_term(lang),
            WindowKind::SchoolYear => say::this_school_year(lang),
            WindowKind::Enrolment => say::since_enrolment(lang),
            WindowKind::Span(name) => say::span(lang, name),
            WindowKind::Run => say::this_run(lang),
            WindowKind::AfterAct(kinds) if kinds.is_empty() => say::after_any_act(lang),
            WindowKind::AfterAct(kinds) => say::after_act(lang, self.either(kinds)),
        }
    }

    fn within(&self, w: Option<&Window>) -> String {
        w.map_or_else(|| say::ever(self.lang), |w| self.window(w))
    }

    fn weekdays(&self, days: &[chrono::Weekday]) -> String {
        self.list(days.iter().map(|d| say::weekday_name(self.lang, *d).to_owned()))
    }

    /// What a condition demands: 连续旷课满 3 个上课日.
    pub fn wanted(&self, c: &Cond) -> String {
        let lang = self.lang;
        let said = match c {
            Cond::Consecutive { counting, amount, .. } => {
                say::consecutive_wanted(lang, self.counted(counting), self.amount(amount))
            }
            Cond::Total { counting, amount, within, .. } => {
                say::total_wanted(lang, self.window(within), self.counted(counting), self.amount(amount))
            }
            Cond::Rate { counting, share, within, min_days, .. } => {
                let p = say::demanded_share(lang, share.n);
                let p = if share.over { say::more_than_share(lang, p) } else { say::at_least_share(lang, p) };
                let said = say::rate_wanted(lang, self.window(within), self.counted(counting), p);
                if *min_days > 1 { say::rate_min(lang, said, min_days) } else { said }
            }
            Cond::Weekday { counting, weekdays, at_least, of_last, .. } => {
                say::weekday_wanted(lang, of_last, self.weekdays(weekdays), self.counted(counting), at_least)
            }
            Cond::NotRegistered { amount, .. } => say::not_registered_wanted(lang, self.amount(amount)),
            Cond::Unlisted { days } => say::unlisted_wanted(lang, self.days(*days)),
            Cond::OverdueReturn { amount } => say::overdue_return_wanted(lang, self.amount(amount)),
            Cond::LeaveStated { amount } => say::leave_stated_wanted(lang, self.amount(amount)),
            Cond::NotArrived { days } => say::not_arrived_wanted(lang, self.days(*days)),
            Cond::Acts { acts, at_least, within } => {
                let n = say::times(lang, *at_least);
                say::acts_wanted(lang, self.within(within.as_ref()), self.acts(acts), n)
            }
            Cond::StillAbsent { after, amount } => {
                say::still_absent_wanted(lang, self.acts(after), self.amount(amount))
            }
            Cond::All(cs) => self.joined(cs, say::all),
            Cond::Any(cs) => self.joined(cs, say::any),
            Cond::Not(c) => match &**c {
                Cond::Acts { acts, at_least: 0 | 1, within } => {
                    say::no_acts(lang, self.within(within.as_ref()), self.acts(acts))
                }
                c => say::not(lang, self.wanted(c)),
            },
            // About classes and schools: the rule's title says it.
            Cond::Cluster { .. }
            | Cond::RollCallMissing { .. }
            | Cond::AlwaysFull { .. }
            | Cond::CorrectedLate { .. } => String::new(),
        };
        said.trim().to_owned()
    }

    /// The threshold alone: 满 3 个上课日.
    pub fn demand(&self, c: &Cond) -> String {
        let lang = self.lang;
        match c {
            Cond::Consecutive { amount, .. }
            | Cond::Total { amount, .. }
            | Cond::NotRegistered { amount, .. }
            | Cond::OverdueReturn { amount }
            | Cond::LeaveStated { amount }
            | Cond::StillAbsent { amount, .. } => self.amount(amount),
            Cond::Unlisted { days } | Cond::NotArrived { days } => self.days(*days),
            Cond::Rate { share, .. } => {
                let p = say::demanded_share(lang, share.n);
                if share.over { say::more_than_share(lang, p) } else { say::at_least_share(lang, p) }
            }
            Cond::Weekday { at_least, .. } => say::at_least(lang, say::attended_days(lang, *at_least as usize)),
            Cond::Acts { at_least, .. } => say::at_least(lang, say::times(lang, *at_least)),
            _ => self.wanted(c),
        }
    }

    /// Nothing goes into a condition now, and why that is.
    pub fn nothing(&self, c: &Cond) -> String {
        let lang = self.lang;
        match c {
            Cond::NotRegistered { .. } => say::nothing_attended(lang),
            Cond::OverdueReturn { .. } => say::nothing_overdue(lang),
            Cond::LeaveStated { .. } => say::nothing_excused(lang),
            Cond::NotArrived { .. } => say::nothing_left(lang),
            Cond::Unlisted { .. } => say::nothing_listed(lang),
            Cond::Acts { .. } => say::nothing_recorded(lang),
            Cond::StillAbsent { .. } => say::nothing_after(lang),
            _ => say::nothing_counts(lang),
        }
    }

    /// What a condition counts, in words.
    pub fn counts(&self, c: &Cond) -> String {
        match c {
            Cond::Consecutive { counting, .. }
            | Cond::Total { counting, .. }
            | Cond::Rate { counting, .. }
            | Cond::Weekday { counting, .. } => self.of(&counting.of),
            _ => String::new(),
        }
    }

    /// It counts days that are excused, so that leave is part of it.
    pub fn counts_leave(&self, c: &Cond) -> bool {
        let Cond::Consecutive { counting, .. } = c else { return false };
        counting.of.weights.iter().any(|(id, _)| {
            let known = self.policy.statuses.iter().find(|s| s.id == *id);
            known.is_some_and(|s| s.sets.iter().any(|set| set == "excused"))
        })
    }

    fn joined(&self, cs: &[Cond], join: fn(Lang, String, String) -> String) -> String {
        cs.iter().map(|c| self.wanted(c)).reduce(|a, b| join(self.lang, a, b)).unwrap_or_default()
    }

    /// A condition that was met, with what was measured: 连续 3 个上课日旷课.
    pub fn met(&self, c: &Cond, measure: Option<&Measure>) -> String {
        let Some(m) = measure else { return self.wanted(c) };
        let lang = self.lang;
        let value = self.measure(m, c);
        let said = match c {
            Cond::Consecutive { counting, .. } => say::consecutive(lang, self.counted(counting), value),
            Cond::Total { counting, within, .. } => {
                say::total(lang, self.window(within), self.counted(counting), value)
            }
            Cond::Rate { counting, within, .. } => say::rate(lang, self.window(within), self.counted(counting), value),
            Cond::Weekday { counting, weekdays, of_last, .. } => {
                say::weekday(lang, of_last, self.weekdays(weekdays), self.counted(counting), m.value)
            }
            Cond::NotRegistered { .. } => say::not_registered(lang, value),
            Cond::Unlisted { .. } => say::unlisted(lang, value),
            Cond::OverdueReturn { .. } => say::overdue_return(lang, value),
            Cond::LeaveStated { .. } => say::leave_stated(lang, value),
            Cond::NotArrived { .. } => say::not_arrived(lang, value),
            Cond::Acts { acts, within, .. } => {
                let n = say::times(lang, m.value.numerator());
                say::acts(lang, self.within(within.as_ref()), self.acts(acts), n)
            }
            Cond::StillAbsent { after, .. } => say::still_absent(lang, self.acts(after), value),
            _ => self.wanted(c),
        };
        said.trim().to_owned()
    }

    /// The filters that are given, as what the rule is for.
    pub fn filter(&self, f: &Filter) -> String {
        let lang = self.lang;
        let mut out = Vec::new();
        if !f.stages.is_empty() {
            out.push(self.list(f.stages.iter().map(|s| say::stage(lang, *s).to_owned())));
        }
        if !f.grades.is_empty() {
            out.push(say::only_grades(lang, self.list(f.grades.iter().map(u8::to_string))));
        }
        if !f.schools.is_empty() {
            let name = |id: &String| self.policy.schools.iter().find(|s| s.id == **id).map(|s| s.name.clone());
            out.push(say::only_schools(
                lang,
                self.list(f.schools.iter().map(|s| name(s).unwrap_or_else(|| s.clone()))),
            ));
        }
        if !f.classes.is_empty() {
            out.push(say::only_classes(lang, self.list(f.classes.clone())));
        }
        if !f.groups.is_empty() {
            out.push(say::only_groups(lang, self.list(f.groups.clone())));
        }
        out.extend(f.boarding.map(|b| if b { say::only_boarders(lang) } else { say::only_day_pupils(lang) }));
        out.extend(f.sex.map(|s| match s {
            Sex::Male => say::only_boys(lang),
            Sex::Female => say::only_girls(lang),
        }));
        out.extend(f.age.and_then(|a| match (a.from, a.to) {
            (Some(from), Some(to)) => Some(say::age_between(lang, from, to)),
            (Some(from), None) => Some(say::age_from(lang, from)),
            (None, Some(to)) => Some(say::age_to(lang, to)),
            (None, None) => None,
        }));
        self.list(out)
    }

    pub fn date(&self, d: Date) -> String {
        match self.lang {
            Lang::Zh => say::month_day(self.lang, d.month(), d.day()),
            Lang::En => d.format("%-d %b").to_string(),
        }
    }

    /// Dates as people say them: within one month the month is named once.
    pub fn dates(&self, all: &[Date]) -> String {
        let mut month = None;
        let said: Vec<String> = all.iter().map(|d| self.next_date(*d, &mut month)).collect();
        self.list(said)
    }

    fn next_date(&self, d: Date, month: &mut Option<(i32, u32)>) -> String {
        let named = month.replace((d.year(), d.month()));
        match self.lang {
            Lang::Zh if named == *month => say::day_of_month(self.lang, d.day()),
            _ => self.date(d),
        }
    }

    /// The same, with three and more that follow each other as a stretch. `follows`: nothing that counts lies between them.
    pub fn stretches(&self, all: &[Date], follows: &dyn Fn(Date, Date) -> bool) -> String {
        let mut month = None;
        let said: Vec<String> = all
            .chunk_by(|a, b| follows(*a, *b))
            .flat_map(|run| match run {
                [first, _, .., last] => {
                    let first = self.next_date(*first, &mut month);
                    vec![say::from_to(self.lang, first, self.next_date(*last, &mut month))]
                }
                few => few.iter().map(|d| self.next_date(*d, &mut month)).collect(),
            })
            .collect();
        self.list(said)
    }
}

/// Its days are counted on the calendar, holidays included.
pub fn is_calendar(c: &Cond) -> bool {
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
