//! Outlook: what would clear a finding, and how far a rule is from being true. The evaluator itself is asked, about days that
//! have not come: as they are, or as somebody supposes them. Nothing is calculated beside it, so nothing can disagree.

use super::ast::{ActMatch, Amount, Cond, Filter, Rule, SubjectKind, Threshold, Window, WindowKind};
use super::condition::Scratch;
use super::evaluate::evaluate;
use super::program::{Program, compile};
use crate::domain::Date;
use crate::domain::calendar::Calendar;
use crate::domain::evidence::{Decision, DecisionKind, Evidence};
use crate::domain::finding::{Finding, Findings, Measure};
use crate::domain::ids::{DecisionId, PupilId, StatusId};
use crate::domain::policy::Policy;
use crate::domain::ratio::Ratio;
use crate::domain::timeline::{self, Built};
use chrono::{Days, TimeDelta};

/// How far ahead days are supposed: past the next term's start.
const AHEAD: u64 = 400;

/// What is supposed of the days from the first that is not recorded yet.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Supposed {
    AsItIs,
    /// Every school day has this status.
    Every(StatusId),
}

/// One pupil, with the days to come.
pub struct Outlook<'a> {
    policy: &'a Policy,
    calendar: &'a Calendar,
    pupil: PupilId,
    today: Date,
    evidence: Evidence,
    /// From here on days are supposed.
    from: Date,
    until: Date,
    built: Vec<(Supposed, Built)>,
}

/// What ends an open finding. The first of a finding's ways is attendance; the others stand beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Clearing {
    /// With the n-th attended school day, `on`, counted from `from`. `leave`: whether as many excused days do it too.
    Attended { cond: Cond, days: usize, from: Date, on: Date, leave: bool },
    /// The window moves on: if nothing more is missed, on that day. `gone`: the dates that have left it by then.
    Passes { cond: Cond, on: Date, gone: Vec<Date>, measure: Option<Measure> },
    /// No attended day of the calendar that is known does it.
    NotInSight,
    /// `not: acts`: such an act ends it at once.
    Acts { cond: Cond },
    /// The window begins after an act: another one starts it anew.
    Anew { acts: ActMatch },
    /// An arrival is recorded, or a register of the township lists the pupil.
    Arrived,
}

/// One branch of a rule's condition as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    pub cond: Cond,
    pub is_true: bool,
    /// What the evaluator measures now, whatever the threshold.
    pub now: Option<Measure>,
    /// The dates that go into it.
    pub dates: Vec<Date>,
}

/// Why a rule is not asked about a pupil.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Barred {
    /// Each with the one filter that keeps the pupil out.
    Filter(Vec<Filter>),
    NotInEffect {
        from: Option<Date>,
        to: Option<Date>,
    },
    NotExpected,
    /// It is about classes or schools.
    OtherSubject,
}

/// How far a rule is from being true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Distance {
    /// One of the parts is enough.
    pub any: bool,
    pub barred: Vec<Barred>,
    pub parts: Vec<Part>,
    /// The first day on which it can be true, and the status that the days until then would have (`None`: any).
    pub earliest: Option<(Date, Option<StatusId>)>,
}

impl<'a> Outlook<'a> {
    /// `evidence` and `built` are those that the findings of today come from.
    pub fn new(
        policy: &'a Policy,
        calendar: &'a Calendar,
        evidence: Evidence,
        built: &Built,
        pupil: PupilId,
        today: Date,
    ) -> Outlook<'a> {
        let records = built.timelines.get(&pupil).map_or(&[][..], |t| t.records());
        let recorded = records.iter().rev().map(|r| r.date).find(|d| *d <= today);
        let from = recorded.map_or(today, |d| today.max(d + Days::new(1)));
        let end = calendar.last_day().unwrap_or(today).max(today);
        let until = end.min(today + Days::new(AHEAD));
        Outlook { policy, calendar, pupil, today, evidence, from, until, built: Vec::new() }
    }

    /// The first day that is not recorded yet.
    pub fn first(&self) -> Date {
        self.from
    }

    /// The timeline under a supposition, built by the ordinary way: a supposed day is a decision like a person's.
    fn under(&mut self, supposed: &Supposed) -> &Built {
        let at = match self.built.iter().position(|(s, _)| s == supposed) {
            Some(i) => i,
            None => {
                let latest = self.evidence.decisions.iter().map(|d| d.recorded_at).max();
                let now = self.today.and_time(chrono::NaiveTime::MIN) + TimeDelta::days(1);
                if let Supposed::Every(status) = supposed {
                    self.evidence.decisions.push(Decision {
                        id: DecisionId(i64::MAX),
                        pupil: self.pupil,
                        kind: DecisionKind::Excuse(status.clone()),
                        from: self.from,
                        to: self.until,
                        recorded_at: latest.map_or(now, |l| l.max(now)),
                        withdrawn_at: None,
                        delivery: None,
                    });
                }
                let built =
                    timeline::build(self.policy, self.calendar, &self.evidence, &[self.pupil], self.until, None);
                if *supposed != Supposed::AsItIs {
                    self.evidence.decisions.pop();
                }
                self.built.push((supposed.clone(), built));
                self.built.len() - 1
            }
        };
        &self.built[at].1
    }

    fn findings(&mut self, rule: &Rule, supposed: &Supposed, on: Date) -> Vec<Finding> {
        let program = compile(std::slice::from_ref(rule), self.policy, self.calendar);
        let calendar = self.calendar;
        let mut out = Findings::default();
        let pupil = self.pupil;
        self.under(supposed);
        let Some((_, built)) = self.built.iter().find(|(s, _)| s == supposed) else { return Vec::new() };
        if let Some(line) = built.timelines.get(&pupil) {
            let (acts, mut scratch) = (&self.evidence.acts, Scratch::default());
            evaluate(&program, calendar, &built.roster, line, acts, on, &mut scratch, &mut out);
        }
        let mut out = out.to_vec();
        out.sort_by_key(|f| f.fired_on);
        out
    }

    /// A branch is true on a day that is recorded under the supposition.
    fn is_true(&mut self, rule: &Rule, part: &Cond, supposed: &Supposed, day: Date) -> bool {
        let found = self.findings(&bare(rule, part.clone()), supposed, day);
        found.iter().any(|f| f.fired_on <= day && day <= f.last_on)
    }

    /// School days of the pupil under a supposition, from a date on.
    fn days(&mut self, supposed: &Supposed, from: Date) -> Vec<Date> {
        let pupil = self.pupil;
        let built = self.under(supposed);
        let records = built.timelines.get(&pupil).map_or(&[][..], |t| t.records());
        records.iter().filter(|r| r.is_day && r.date >= from).map(|r| r.date).collect()
    }

    /// What would clear a finding that is open.
    pub fn clearing(&mut self, rule: &Rule, finding: &Finding) -> Vec<Clearing> {
        let mut ways = Vec::new();
        let parts = parts(&rule.when);
        if parts.iter().any(|p| matches!(p, Cond::NotArrived { .. })) {
            ways.push(Clearing::Arrived);
        } else {
            ways.push(self.by_attending(rule, finding, &parts));
        }
        ways.extend(parts.iter().filter_map(|p| match p {
            Cond::Not(c) if matches!(**c, Cond::Acts { .. }) => Some(Clearing::Acts { cond: (**c).clone() }),
            _ => match window_of(p) {
                Some(Window { kind: WindowKind::AfterAct(kinds), .. }) => {
                    Some(Clearing::Anew { acts: ActMatch { kinds: kinds.clone(), results: Vec::new() } })
                }
                _ => None,
            },
        }));
        ways
    }

    fn by_attending(&mut self, rule: &Rule, finding: &Finding, parts: &[Cond]) -> Clearing {
        let attended = Supposed::Every(StatusId::new("present"));
        let Some((last, on)) = self.end(rule, finding, &attended) else { return Clearing::NotInSight };
        let turned: Vec<Cond> = parts
            .iter()
            .filter(|p| self.is_true(rule, p, &attended, last) != self.is_true(rule, p, &attended, on))
            .cloned()
            .collect();
        let cond = turned.first().or(parts.first()).unwrap_or(&rule.when).clone();
        match &cond {
            Cond::Total { .. } | Cond::Rate { .. } | Cond::Weekday { .. } | Cond::Acts { .. } => {
                let then = self.findings(&bare(rule, lowered(&cond)), &attended, on);
                let then = then.last().filter(|f| f.last_on == on);
                let kept = then.map_or(&[][..], |f| &f.evidence);
                let gone = finding.evidence.iter().filter(|d| !kept.contains(d)).copied().collect();
                Clearing::Passes { cond, on, gone, measure: then.and_then(|f| f.measure) }
            }
            _ => {
                let days = self.days(&attended, self.from);
                let from = days.first().copied().unwrap_or(on);
                let days = days.iter().filter(|d| **d <= on).count();
                let sick = Supposed::Every(StatusId::new("sick"));
                let leave = self.end(rule, finding, &sick).is_some_and(|(_, by_leave)| by_leave <= on);
                Clearing::Attended { cond, days, from, on, leave }
            }
        }
    }

    /// The last day on which the finding is true under a supposition, and the school day after it.
    fn end(&mut self, rule: &Rule, finding: &Finding, supposed: &Supposed) -> Option<(Date, Date)> {
        let found = self.findings(rule, supposed, self.until);
        let last = found.iter().find(|f| f.fired_on == finding.fired_on)?.last_on;
        let next = self.days(supposed, self.from).into_iter().find(|d| *d > last)?;
        Some((last, next))
    }

    /// How the branches of a condition stood on a day: only what is recorded.
    pub fn stand(&mut self, rule: &Rule, day: Date) -> Vec<Part> {
        parts(&rule.when).into_iter().map(|cond| self.part(rule, cond, day)).collect()
    }

    fn part(&mut self, rule: &Rule, cond: Cond, day: Date) -> Part {
        let recorded = self.recorded_upto(day);
        let found = self.findings(&bare(rule, cond.clone()), &Supposed::AsItIs, day);
        let latest = |f: &&Finding| f.open || Some(f.last_on) >= recorded || matches!(cond, Cond::Weekday { .. });
        let is_true = found.last().is_some_and(|f| f.open || Some(f.last_on) >= recorded);
        let measured = match &cond {
            Cond::Not(_) => Vec::new(),
            _ => self.findings(&bare(rule, lowered(&cond)), &Supposed::AsItIs, day),
        };
        let now = measured.last().filter(latest);
        let dates = now.map_or_else(Vec::new, |f| f.evidence.clone());
        Part { is_true, now: now.and_then(|f| f.measure), dates, cond: without_run(cond) }
    }

    fn recorded_upto(&mut self, day: Date) -> Option<Date> {
        let pupil = self.pupil;
        let built = self.under(&Supposed::AsItIs);
        let records = built.timelines.get(&pupil).map_or(&[][..], |t| t.records());
        records.iter().rev().map(|r| r.date).find(|d| *d <= day)
    }

    /// How far a rule is from being true of the pupil.
    pub fn distance(&mut self, rule: &Rule) -> Distance {
        if rule.subject != SubjectKind::Pupil {
            return Distance { any: false, barred: vec![Barred::OtherSubject], parts: Vec::new(), earliest: None };
        }
        let today = self.today;
        let parts = self.stand(rule, today);
        let barred = self.barred(rule);
        let earliest = self.earliest(rule);
        Distance { any: matches!(rule.when, Cond::Any(_)), barred, parts, earliest }
    }

    fn barred(&mut self, rule: &Rule) -> Vec<Barred> {
        let mut out = Vec::new();
        let (pupil, today, calendar, policy) = (self.pupil, self.today, self.calendar, self.policy);
        let built = self.under(&Supposed::AsItIs);
        let Some(segment) = built.roster.at(pupil, today) else { return vec![Barred::NotExpected] };
        let takes = |filter: &Filter| {
            let one = Rule { filter: filter.clone(), ..rule.clone() };
            let program: Program = compile(std::slice::from_ref(&one), policy, calendar);
            program.rules.iter().all(|r| r.filter.takes(segment, calendar, today))
        };
        let against: Vec<Filter> = singly(&rule.filter).into_iter().filter(|f| !takes(f)).collect();
        if !against.is_empty() {
            out.push(Barred::Filter(against));
        }
        if !segment.expected && !parts(&rule.when).iter().any(|p| matches!(p, Cond::NotArrived { .. })) {
            out.push(Barred::NotExpected);
        }
        let (from, to) = (rule.effective_from, rule.effective_to);
        if from.is_some_and(|f| today < f) || to.is_some_and(|t| t < today) {
            out.push(Barred::NotInEffect { from, to });
        }
        out
    }

    /// The first day to come on which the rule is true, over all that may be supposed; of equals the first named.
    fn earliest(&mut self, rule: &Rule) -> Option<(Date, Option<StatusId>)> {
        let mut supposed = vec![Supposed::AsItIs];
        for part in parts(&rule.when) {
            supposed.extend(heaviest(&part).into_iter().map(Supposed::Every));
        }
        for status in ["truant", "unexplained", "sick", "not_listed", "present"] {
            supposed.push(Supposed::Every(StatusId::new(status)));
        }
        let mut best: Option<(Date, Option<StatusId>)> = None;
        let mut seen: Vec<Supposed> = Vec::new();
        for s in supposed {
            if seen.contains(&s) {
                continue;
            }
            seen.push(s.clone());
            let found = self.findings(rule, &s, self.until);
            let first = found.iter().filter(|f| f.last_on >= self.from).map(|f| f.fired_on.max(self.from)).min();
            if let Some(day) = first
                && best.as_ref().is_none_or(|(b, _)| day < *b)
            {
                let status = if let Supposed::Every(status) = s { Some(status) } else { None };
                best = Some((day, status));
            }
        }
        best
    }
}

/// The branches of a condition, each as a condition of its own; a window that is the run of the `consecutive` beside it
/// takes that along, with nothing demanded of it.
fn parts(when: &Cond) -> Vec<Cond> {
    match when {
        Cond::All(cs) => {
            let beside = cs.iter().find(|c| matches!(c, Cond::Consecutive { .. }));
            let with_run = |c: &Cond| match (window_of(c), beside) {
                (Some(Window { kind: WindowKind::Run, .. }), Some(run)) => {
                    vec![Cond::All(vec![c.clone(), lowered(run)])]
                }
                _ => parts(c),
            };
            cs.iter().flat_map(with_run).collect()
        }
        Cond::Any(cs) => cs.iter().flat_map(parts).collect(),
        _ => vec![when.clone()],
    }
}

fn without_run(cond: Cond) -> Cond {
    match cond {
        Cond::All(mut cs) if cs.len() == 2 => cs.swap_remove(0),
        other => other,
    }
}

fn window_of(c: &Cond) -> Option<&Window> {
    match c {
        Cond::Total { within, .. } | Cond::Rate { within, .. } | Cond::Cluster { within, .. } => Some(within),
        Cond::Acts { within, .. } => within.as_ref(),
        _ => None,
    }
}

/// The rule with this condition alone, asked of everybody on every day.
fn bare(rule: &Rule, when: Cond) -> Rule {
    Rule { when, filter: Filter::default(), effective_from: None, effective_to: None, ..rule.clone() }
}

/// The condition with its threshold taken down, so that the evaluator says what it measures.
fn lowered(c: &Cond) -> Cond {
    let none = Threshold { n: Ratio::ZERO, over: false };
    let mut c = c.clone();
    match &mut c {
        Cond::Consecutive { amount, .. }
        | Cond::Total { amount, .. }
        | Cond::NotRegistered { amount, .. }
        | Cond::OverdueReturn { amount }
        | Cond::LeaveStated { amount }
        | Cond::StillAbsent { amount, .. } => match amount {
            Amount::Days(t)
            | Amount::CalendarDays(t)
            | Amount::Weeks(t)
            | Amount::Months(t)
            | Amount::Sessions(t)
            | Amount::Lessons(t)
            | Amount::Hours(t)
            | Amount::Periods(t)
            | Amount::Spells(t) => *t = none,
        },
        Cond::Rate { share, min_days, .. } => (*share, *min_days) = (none, 1),
        Cond::Weekday { at_least, .. } | Cond::Acts { at_least, .. } => *at_least = 0,
        Cond::Unlisted { days } | Cond::NotArrived { days } => *days = none,
        Cond::All(cs) => cs.iter_mut().for_each(|c| *c = lowered(c)),
        _ => {}
    }
    c
}

/// The statuses that count most for a condition.
fn heaviest(c: &Cond) -> Vec<StatusId> {
    let counting = match c {
        Cond::Consecutive { counting, .. }
        | Cond::Total { counting, .. }
        | Cond::Rate { counting, .. }
        | Cond::Weekday { counting, .. } => counting,
        Cond::All(cs) => return cs.iter().flat_map(heaviest).collect(),
        Cond::LeaveStated { .. } => return vec![StatusId::new("sick")],
        Cond::Unlisted { .. } => return vec![StatusId::new("not_listed")],
        _ => return Vec::new(),
    };
    let weights = &counting.of.weights;
    let most = weights.iter().map(|(_, w)| *w).max();
    let mut out: Vec<StatusId> = weights.iter().filter(|(_, w)| Some(*w) == most).map(|(s, _)| s.clone()).collect();
    // Where leave counts as much as truancy, what is warned of is truancy.
    out.sort_by_key(|s| s.as_str() != "truant");
    out
}

/// Each filter that is given, alone.
fn singly(f: &Filter) -> Vec<Filter> {
    let none = Filter::default;
    let all = [
        Filter { stages: f.stages.clone(), ..none() },
        Filter { grades: f.grades.clone(), ..none() },
        Filter { schools: f.schools.clone(), ..none() },
        Filter { classes: f.classes.clone(), ..none() },
        Filter { groups: f.groups.clone(), ..none() },
        Filter { boarding: f.boarding, ..none() },
        Filter { sex: f.sex, ..none() },
        Filter { age: f.age, ..none() },
    ];
    all.into_iter().filter(|f| *f != none()).collect()
}
