//! What a change of policy weakens (cases.md §6): a threshold raised, a rung or rule removed, a recipient dropped. The
//! township and the education office read it; nobody can quietly switch an alarm off.

use super::ids::{RuleId, RungId, SourceId};
use super::message::{Lang, casework as words};
use super::policy::{After, Anchor, Due, Ladder, Policy};
use super::ratio::Ratio;
use super::rule::ast::{Amount, Cond, Rule, Threshold};
use super::{Date, TimeOfDay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Weakening {
    RuleRemoved { rule: RuleId },
    RuleLoosened { rule: RuleId },
    LevelLowered { rule: RuleId, from: u8, to: u8 },
    ThresholdRaised { rule: RuleId, from: String, to: String },
    LadderRemoved { ladder: String },
    RungRemoved { ladder: String, rung: RungId },
    RecipientDropped { ladder: String, rung: RungId, role: String },
    RungDelayed { ladder: String, rung: RungId },
    RungSkipped { ladder: String, rung: RungId },
    RepeatsFewer { ladder: String },
    StartsLater { to: Date },
    HoldsMore {},
    SilenceAllowed { source: SourceId },
    NotStatutory { ladder: String, rung: RungId },
}

impl Weakening {
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            Weakening::RuleRemoved { rule } => words::rule_removed(lang, rule),
            Weakening::RuleLoosened { rule } => words::rule_loosened(lang, rule),
            Weakening::LevelLowered { rule, from, to } => words::level_lowered(lang, rule, from, to),
            Weakening::ThresholdRaised { rule, from, to } => words::threshold_raised(lang, rule, from, to),
            Weakening::LadderRemoved { ladder } => words::ladder_removed(lang, ladder),
            Weakening::RungRemoved { ladder, rung } => words::rung_removed(lang, ladder, rung),
            Weakening::RecipientDropped { ladder, rung, role } => words::recipient_dropped(lang, ladder, rung, role),
            Weakening::RungDelayed { ladder, rung } => words::rung_delayed(lang, ladder, rung),
            Weakening::RungSkipped { ladder, rung } => words::rung_skipped(lang, ladder, rung),
            Weakening::RepeatsFewer { ladder } => words::repeats_fewer(lang, ladder),
            Weakening::StartsLater { to } => words::starts_later(lang, to),
            Weakening::HoldsMore {} => words::holds_more(lang),
            Weakening::SilenceAllowed { source } => words::silence_allowed(lang, source),
            Weakening::NotStatutory { ladder, rung } => words::not_statutory(lang, ladder, rung),
        }
    }
}

/// The numbers of a condition that weaken it when they rise.
fn numbers(c: &mut Cond) -> Vec<Number<'_>> {
    match c {
        Cond::Consecutive { amount: a, .. }
        | Cond::Total { amount: a, .. }
        | Cond::NotRegistered { amount: a, .. }
        | Cond::OverdueReturn { amount: a }
        | Cond::LeaveStated { amount: a }
        | Cond::StillAbsent { amount: a, .. } => match a {
            Amount::Days(t)
            | Amount::CalendarDays(t)
            | Amount::Weeks(t)
            | Amount::Months(t)
            | Amount::Sessions(t)
            | Amount::Lessons(t)
            | Amount::Hours(t)
            | Amount::Periods(t)
            | Amount::Spells(t) => vec![Number::Of(t)],
        },
        Cond::Rate { share: t, .. } | Cond::Unlisted { days: t } | Cond::NotArrived { days: t } => vec![Number::Of(t)],
        Cond::Weekday { at_least: n, .. }
        | Cond::Acts { at_least: n, .. }
        | Cond::Cluster { pupils: n, .. }
        | Cond::RollCallMissing { days: n, .. } => vec![Number::Whole(n)],
        Cond::AlwaysFull { days, pupils } => vec![Number::Whole(days), Number::Whole(pupils)],
        _ => Vec::new(),
    }
}

enum Number<'a> {
    Of(&'a mut Threshold),
    Whole(&'a mut u32),
}

impl Number<'_> {
    fn value(&self) -> Threshold {
        match self {
            Number::Of(t) => **t,
            Number::Whole(n) => Threshold { n: Ratio::whole(i64::from(**n)), over: false },
        }
    }
    /// Says whether both are numbers of one kind.
    fn take(self, other: Number) -> bool {
        match (self, other) {
            (Number::Of(a), Number::Of(b)) => *a = *b,
            (Number::Whole(a), Number::Whole(b)) => *a = *b,
            _ => return false,
        }
        true
    }
}

/// Whether nothing but thresholds differs, and which do: (old, new). Another alternative to be true by, or a demand less,
/// only adds alarms.
fn thresholds(old: &Cond, new: &Cond, out: &mut Vec<(Threshold, Threshold)>) -> bool {
    match (old, new) {
        _ if old == new => true,
        (Cond::All(a), Cond::All(b)) | (Cond::Any(a), Cond::Any(b)) if a.len() == b.len() => {
            a.iter().zip(b).all(|(x, y)| thresholds(x, y, out))
        }
        (Cond::Any(a), Cond::Any(b)) => a.iter().all(|x| b.contains(x)),
        (Cond::All(a), Cond::All(b)) => b.iter().all(|y| a.contains(y)),
        _ => {
            let (mut levelled, mut wanted) = (old.clone(), new.clone());
            let values = |c: &mut Cond| numbers(c).iter().map(Number::value).collect::<Vec<_>>();
            let pairs: Vec<_> = values(&mut levelled).into_iter().zip(values(&mut wanted)).collect();
            if !numbers(&mut levelled).into_iter().zip(numbers(&mut wanted)).all(|(a, b)| a.take(b)) {
                return false;
            }
            out.extend(pairs);
            levelled == *new
        }
    }
}

fn rules(old: &[Rule], new: &[Rule], out: &mut Vec<Weakening>) {
    for o in old {
        let Some(n) = new.iter().find(|n| n.id == o.id) else {
            out.push(Weakening::RuleRemoved { rule: o.id.clone() });
            continue;
        };
        if n.hash == o.hash {
            continue;
        }
        if n.level < o.level {
            out.push(Weakening::LevelLowered { rule: o.id.clone(), from: o.level, to: n.level });
        }
        let mut pairs = Vec::new();
        let comparable = thresholds(&o.when, &n.when, &mut pairs);
        for (a, b) in &pairs {
            if b.n > a.n || b.n == a.n && b.over && !a.over {
                let (from, to) = (a.n.to_string(), b.n.to_string());
                out.push(Weakening::ThresholdRaised { rule: o.id.clone(), from, to });
            }
        }
        // What cannot be compared is told: whether it weakens is for people to judge.
        let narrowed = o.filter != n.filter
            || o.subject != n.subject
            || o.day != n.day
            || o.ladder.is_some() && n.ladder != o.ladder
            || n.effective_from > o.effective_from
            || n.effective_to.unwrap_or(Date::MAX) < o.effective_to.unwrap_or(Date::MAX);
        if !comparable || narrowed {
            out.push(Weakening::RuleLoosened { rule: o.id.clone() });
        }
    }
}

fn ladders(old: &[Ladder], new: &[Ladder], out: &mut Vec<Weakening>) {
    for o in old {
        let Some(n) = new.iter().find(|n| n.id == o.id) else {
            out.push(Weakening::LadderRemoved { ladder: o.id.to_string() });
            continue;
        };
        let times = |l: &Ladder| l.repeat.as_ref().map_or(0, |r| r.times);
        let (before, after) = (o.repeat.as_ref(), n.repeat.as_ref());
        let rarer = before.zip(after).is_some_and(|(b, a)| b.rung != a.rung || b.every != a.every);
        if times(n) < times(o) || rarer {
            out.push(Weakening::RepeatsFewer { ladder: o.id.to_string() });
        }
        for rung in &o.rungs {
            let (ladder, id) = (o.id.to_string(), rung.id.clone());
            let Some(now) = n.rungs.iter().find(|r| r.id == rung.id) else {
                out.push(Weakening::RungRemoved { ladder, rung: id });
                continue;
            };
            for role in rung.to.iter().filter(|r| !now.to.contains(r)) {
                let role = role.to_string();
                out.push(Weakening::RecipientDropped { ladder: ladder.clone(), rung: id.clone(), role });
            }
            if rung.statutory && !now.statutory {
                out.push(Weakening::NotStatutory { ladder: ladder.clone(), rung: id.clone() });
            }
            if rung.unless != now.unless && !now.unless.iter().all(|u| rung.unless.contains(u)) {
                out.push(Weakening::RungSkipped { ladder: ladder.clone(), rung: id.clone() });
            }
            if rung.at != now.at && !is_earlier(&now.at, &rung.at) {
                out.push(Weakening::RungDelayed { ladder, rung: id });
            }
        }
    }
}

/// Certainly no later than the other: the same anchor, and in the same unit as little or less. What cannot be compared is
/// told.
fn is_earlier(a: &Due, b: &Due) -> bool {
    let sooner = match (a.after, b.after) {
        (After::Seconds(x), After::Seconds(y)) => x <= y,
        (After::SchoolDays(x), After::SchoolDays(y))
        | (After::WorkingDays(x), After::WorkingDays(y))
        | (After::CalendarDays(x), After::CalendarDays(y))
        | (After::Months(x), After::Months(y)) => x <= y,
        (After::Seconds(x), _) => x == 0,
        _ => false,
    };
    let anchored = match (&a.anchor, &b.anchor) {
        (Anchor::Level(x), Anchor::Level(y)) => x <= y,
        (x, y) => x == y,
    };
    let timed = match (a.time, b.time) {
        (Some(x), Some(y)) => x <= y,
        (None, None) => true,
        // Beside hours a time of day only ever puts off.
        (None, Some(_)) => matches!(a.after, After::Seconds(_)),
        (Some(_), None) => false,
    };
    anchored && sooner && timed
}

/// What stands beside rules and ladders and silences them: the day from which absence alarms, when openings in bulk are
/// held, until when each source is waited for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Switches {
    pub live_from: Option<Date>,
    pub mass: (Ratio, u32, u32),
    pub expected: BTreeMap<SourceId, TimeOfDay>,
}

impl Switches {
    pub fn of(policy: &Policy) -> Switches {
        let mass = &policy.mass;
        let expected = policy.sources.iter().filter_map(|s| Some((s.id.clone(), s.expected_by?))).collect();
        Switches { live_from: policy.live_from, mass: (mass.share, mass.pupils, mass.class_min), expected }
    }
}

/// What the new switches silence that the old ones did not.
pub fn silenced(old: &Switches, new: &Switches, today: Date) -> Vec<Weakening> {
    let mut out = Vec::new();
    // Days that are past have alarmed already.
    if let Some(to) = new.live_from.filter(|to| *to > today && old.live_from.is_none_or(|from| *to > from)) {
        out.push(Weakening::StartsLater { to });
    }
    let (a, b) = (old.mass, new.mass);
    if b.0 < a.0 || b.1 < a.1 || b.2 < a.2 {
        out.push(Weakening::HoldsMore {});
    }
    for (source, by) in &old.expected {
        if new.expected.get(source).is_none_or(|now| now > by) {
            out.push(Weakening::SilenceAllowed { source: source.clone() });
        }
    }
    out
}

/// What the new policy alarms less about than the old one.
pub fn difference(old: (&[Rule], &[Ladder]), new: (&[Rule], &[Ladder])) -> Vec<Weakening> {
    let mut out = Vec::new();
    rules(old.0, new.0, &mut out);
    ladders(old.1, new.1, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule::ast::{Counting, Of, Window, WindowKind};

    fn total(n: i64, within: WindowKind) -> Cond {
        let of = Of { written: "unexcused".to_owned(), weights: Vec::new() };
        let counting = Counting { of, slots: Vec::new(), day: None };
        let window = Window { kind: within, clip: None, across_terms: false, across_schools: false };
        let amount = Amount::Days(Threshold { n: Ratio::whole(n), over: false });
        Cond::Total { counting, amount, parts: true, within: window }
    }

    #[test]
    fn what_weakens_a_condition_is_a_number_that_rises_or_what_cannot_be_compared() {
        fn check(old: Cond, new: Cond, comparable: bool, raised: usize) {
            let mut pairs = Vec::new();
            assert_eq!(thresholds(&old, &new, &mut pairs), comparable, "{old:?} {new:?}");
            assert_eq!(pairs.iter().filter(|(a, b)| b.n > a.n).count(), raised, "{old:?} {new:?}");
        }
        let (ten, term) = (total(10, WindowKind::Term), WindowKind::Term);
        let missing = |days| Cond::RollCallMissing { by: super::super::TimeOfDay::MIN, days };
        check(ten.clone(), ten.clone(), true, 0);
        check(ten.clone(), total(12, term.clone()), true, 1);
        check(ten.clone(), total(8, term), true, 0);
        // The same number in another window may be anything.
        check(ten.clone(), total(10, WindowKind::Month), false, 0);
        check(missing(1), missing(2), true, 1);
        check(missing(2), missing(1), true, 0);
        check(Cond::Any(vec![ten.clone()]), Cond::Any(vec![ten.clone(), missing(1)]), true, 0);
        check(Cond::Any(vec![ten.clone(), missing(1)]), Cond::Any(vec![ten.clone()]), false, 0);
        check(Cond::All(vec![ten.clone(), missing(1)]), Cond::All(vec![ten.clone()]), true, 0);
        check(Cond::All(vec![ten.clone()]), Cond::All(vec![ten, missing(1)]), false, 0);
    }

    #[test]
    fn what_silences_beside_rules_and_ladders_is_a_weakening_too() {
        let day = |s: &str| s.parse::<Date>().expect("a date");
        let time = |t: &str| TimeOfDay::parse_from_str(t, "%H:%M").expect("a time of day");
        let of = |live: &str, mass: (i64, u32, u32), expected: &[(&str, &str)]| Switches {
            live_from: Some(day(live)),
            mass: (Ratio::new(mass.0, 100), mass.1, mass.2),
            expected: expected.iter().map(|(s, by)| (SourceId::new(*s), time(by))).collect(),
        };
        let old = of("2026-09-01", (5, 10, 5), &[("a", "09:30")]);
        let count = |new: &Switches| silenced(&old, new, day("2026-10-08")).len();
        assert_eq!(count(&old), 0);
        assert_eq!(count(&of("2026-09-14", (6, 12, 6), &[("a", "09:00"), ("b", "09:30")])), 0);
        assert_eq!(count(&of("2026-11-01", (5, 10, 5), &[("a", "09:30")])), 1);
        assert_eq!(count(&of("2026-09-01", (1, 10, 5), &[("a", "09:30")])), 1);
        assert_eq!(count(&of("2026-09-01", (5, 2, 2), &[("a", "12:00")])), 2);
        assert_eq!(count(&of("2026-09-01", (5, 10, 5), &[])), 1);
    }

    #[test]
    fn a_rung_that_comes_earlier_weakens_nothing() {
        fn check(old: (Anchor, After, Option<&str>), new: (Anchor, After, Option<&str>), earlier: bool) {
            let time = |t: &str| super::super::TimeOfDay::parse_from_str(t, "%H:%M").expect("a time of day");
            let due = |(anchor, after, t): (Anchor, After, Option<&str>)| Due { anchor, after, time: t.map(time) };
            let (old, new) = (due(old), due(new));
            assert_eq!(is_earlier(&new, &old), earlier, "{old:?} {new:?}");
        }
        use After::{SchoolDays, Seconds};
        check((Anchor::Start, Seconds(1800), None), (Anchor::Start, Seconds(600), None), true);
        check((Anchor::Start, Seconds(600), None), (Anchor::Start, Seconds(1800), None), false);
        check((Anchor::Start, SchoolDays(2), Some("08:30")), (Anchor::Start, SchoolDays(1), Some("08:30")), true);
        check((Anchor::Start, SchoolDays(1), Some("08:30")), (Anchor::Start, SchoolDays(1), Some("10:30")), false);
        check((Anchor::Start, SchoolDays(1), None), (Anchor::Start, SchoolDays(1), Some("08:30")), false);
        check((Anchor::Level(3), Seconds(0), None), (Anchor::Level(2), Seconds(0), None), true);
        check((Anchor::Level(2), Seconds(0), None), (Anchor::Level(3), Seconds(0), None), false);
        check((Anchor::Start, SchoolDays(1), None), (Anchor::Start, Seconds(0), None), true);
        check((Anchor::Start, SchoolDays(1), None), (Anchor::Level(2), Seconds(0), None), false);
    }
}
