//! Rules compiled for evaluation: statuses to tables of whole numbers, sets to bits, siblings resolved. Sees no evidence.

use super::ast::{
    ActMatch, Age, Amount, BrokenBy, Clip, Cond, Counting, DayTest, Filter, Rule, Sex, SubjectKind, Threshold, Window,
    WindowKind,
};
use super::table::scale;
use crate::domain::Date;
use crate::domain::calendar::{Calendar, Periods, lcm};
use crate::domain::ids::RuleId;
use crate::domain::policy::{Policy, Stage};
use crate::domain::ratio::Ratio;
use crate::domain::timeline::{NOT_LISTED, Segment, StatusSet, Statuses, Tally, looked_at};
use chrono::Datelike;

/// All rules of a policy, ready to be asked.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) rules: Vec<Compiled>,
    pub(super) specs: Vec<Spec>,
    pub(super) statuses: Statuses,
    pub(super) weight_scale: i64,
    pub(super) most: Most,
}

/// The most that one period or day of any school can be worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    weight: i64,
    minutes: i64,
    sessions: i64,
}

impl Program {
    /// Versions (content hashes) of the rules in force.
    pub fn hashes(&self) -> std::collections::BTreeSet<String> {
        self.rules.iter().map(|r| r.hash.clone()).collect()
    }

    /// The next time of day, today or tomorrow, at which a missing roll call becomes one; `None` without such a rule.
    pub fn next_roll_call(&self, now: crate::domain::Time) -> Option<crate::domain::Time> {
        let times = self.rules.iter().flat_map(|r| &r.leaves).filter_map(|l| match l.cond {
            Cond::RollCallMissing { by, .. } => Some(by),
            _ => None,
        });
        times
            .map(|by| {
                let today = now.date().and_time(by);
                if today > now { today } else { today + chrono::TimeDelta::days(1) }
            })
            .min()
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub id: RuleId,
    pub hash: String,
    pub subject: SubjectKind,
    pub filter: Chosen,
    pub root: Node,
    pub leaves: Vec<Leaf>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// Asked on half days that are no day.
    pub sees_half: bool,
    /// Every condition stops at the term's start, so an episode ends with the term.
    pub stops: bool,
    /// Asked on the old school's days of a pupil who left.
    pub asks_departed: bool,
    /// Asked on school days that are not recorded.
    pub asks_unrecorded: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize),
}

/// A condition without branches.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub cond: Cond,
    /// Index into `Program::specs`, where it counts statuses.
    pub spec: Option<usize>,
    /// The `consecutive` beside it, for `within: run`.
    pub run: Option<usize>,
    pub sees_half: bool,
}

/// How the days of a condition are weighed. Conditions of all rules that weigh alike share one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Spec {
    /// By status code, in units of 1 / `scale`.
    pub weights: [i64; 16],
    pub scale: i64,
    /// Statuses that weigh something.
    pub of: StatusSet,
    /// Statuses that are stated for this condition.
    pub stated: StatusSet,
    /// By school: the periods looked at.
    pub look: Vec<Periods>,
    pub test: DayTest,
    /// The share by which sessions count.
    pub session_share: Ratio,
    pub sees_half: bool,
}

/// `where:` with what can be told from the register's segment apart from what needs the day.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    filter: Filter,
    everybody: bool,
}

impl Chosen {
    pub fn is_everybody(&self) -> bool {
        self.everybody
    }
    pub fn chooses_classes(&self) -> bool {
        let f = &self.filter;
        !(f.stages.is_empty() && f.schools.is_empty() && f.grades.is_empty() && f.classes.is_empty())
    }
    /// What chooses classes: stage, school, grade, class.
    pub fn takes_place(&self, s: &Segment) -> bool {
        let f = &self.filter;
        (f.stages.is_empty() || s.stage.is_some_and(|x: Stage| f.stages.contains(&x)))
            && (f.grades.is_empty() || s.grade.is_some_and(|g| f.grades.contains(&g)))
            && (f.schools.is_empty() || f.schools.iter().any(|x| s.school_id == **x))
            && (f.classes.is_empty() || s.class.as_ref().is_some_and(|c| f.classes.iter().any(|x| *c == **x)))
    }
    /// What chooses pupils: groups, boarding, sex, age.
    pub fn takes_person(&self, s: &Segment, calendar: &Calendar, on: Date) -> bool {
        let f = &self.filter;
        (f.groups.is_empty() || f.groups.iter().any(|g| s.groups.contains(g)))
            && f.boarding.is_none_or(|b| s.boarding == Some(b))
            && f.sex.is_none_or(|x: Sex| s.sex == Some(x))
            && f.age.is_none_or(|age| s.birth_date.is_some_and(|b| of_age(age, b, calendar, on)))
    }
    pub fn takes(&self, s: &Segment, calendar: &Calendar, on: Date) -> bool {
        self.takes_place(s) && self.takes_person(s, calendar, on)
    }
}

fn of_age(age: Age, birth: Date, calendar: &Calendar, on: Date) -> bool {
    let day = if age.on_school_year_start { calendar.school_year_of(on).1 } else { on };
    let had_birthday = (day.month(), day.day()) >= (birth.month(), birth.day());
    let years = day.year() - birth.year() - i32::from(!had_birthday);
    age.from.is_none_or(|f| years >= i32::from(f)) && age.to.is_none_or(|t| years <= i32::from(t))
}

/// `value / scale` reaches the threshold.
pub(super) fn meets(t: Threshold, value: i64, scale: i64) -> bool {
    let (have, want) =
        (i128::from(value) * i128::from(t.n.denominator()), i128::from(t.n.numerator()) * i128::from(scale));
    if t.over { have > want } else { have >= want }
}

pub(super) fn by_parts(a: &Amount) -> bool {
    matches!(a, Amount::Sessions(_) | Amount::Lessons(_) | Amount::Hours(_) | Amount::Periods(_))
}

/// Compiles the rules. `calendar` must be that of the same policy.
pub fn compile(rules: &[Rule], policy: &Policy, calendar: &Calendar) -> Program {
    let mut c = Compiler { calendar, statuses: Statuses::new(policy), specs: Vec::new() };
    let rules = rules.iter().map(|r| c.rule(r)).collect();
    let frames = (0..calendar.schools().len()).map(|s| calendar.frame_of(s));
    let most = frames.fold(Most { weight: 0, minutes: 0, sessions: 0 }, |m, f| Most {
        weight: f.weights.iter().copied().fold(m.weight, i64::max),
        minutes: f.minutes.iter().copied().fold(m.minutes, i64::max),
        sessions: m.sessions.max(i64::try_from(f.sessions.len()).unwrap_or(i64::MAX)),
    });
    Program { rules, specs: c.specs, statuses: c.statuses, weight_scale: calendar.weight_scale(), most }
}

struct Compiler<'a> {
    calendar: &'a Calendar,
    statuses: Statuses,
    specs: Vec<Spec>,
}

impl Compiler<'_> {
    fn rule(&mut self, r: &Rule) -> Compiled {
        let mut leaves = Vec::new();
        let root = self.node(&r.when, r, &mut leaves, None);
        Compiled {
            id: r.id.clone(),
            hash: r.hash.clone(),
            subject: r.subject,
            filter: Chosen { everybody: r.filter == Filter::default(), filter: r.filter.clone() },
            from: r.effective_from,
            to: r.effective_to,
            sees_half: leaves.iter().any(|l| l.sees_half),
            stops: leaves.iter().all(|l| stops_at_term(&l.cond)),
            asks_departed: leaves.iter().any(|l| matches!(l.cond, Cond::NotArrived { .. })),
            asks_unrecorded: leaves.iter().any(|l| matches!(l.cond, Cond::RollCallMissing { .. })),
            root,
            leaves,
        }
    }

    fn node(&mut self, c: &Cond, r: &Rule, leaves: &mut Vec<Leaf>, run: Option<usize>) -> Node {
        match c {
            Cond::All(cs) => {
                // The `consecutive` of this `all` comes first, so that what stands beside it can name it.
                let beside = cs.iter().find(|c| matches!(c, Cond::Consecutive { .. })).map(|c| {
                    self.leaf(c, r, leaves, None);
                    leaves.len() - 1
                });
                let mut taken = false;
                let nodes = cs.iter().map(|c| match (c, beside) {
                    (Cond::Consecutive { .. }, Some(i)) if !std::mem::replace(&mut taken, true) => Node::Leaf(i),
                    _ => self.node(c, r, leaves, beside.or(run)),
                });
                Node::All(nodes.collect())
            }
            Cond::Any(cs) => Node::Any(cs.iter().map(|c| self.node(c, r, leaves, run)).collect()),
            Cond::Not(c) => Node::Not(Box::new(self.node(c, r, leaves, run))),
            _ => {
                self.leaf(c, r, leaves, run);
                Node::Leaf(leaves.len() - 1)
            }
        }
    }

    fn leaf(&mut self, c: &Cond, r: &Rule, leaves: &mut Vec<Leaf>, run: Option<usize>) {
        let (counting, amount) = match c {
            Cond::Consecutive { counting, amount, .. } | Cond::Total { counting, amount, .. } => {
                (Some(counting), Some(amount))
            }
            Cond::Rate { counting, .. } | Cond::Weekday { counting, .. } | Cond::Cluster { counting, .. } => {
                (Some(counting), None)
            }
            _ => (None, None),
        };
        let in_lessons = matches!(c, Cond::CorrectedLate { .. }) || amount.is_some_and(by_parts);
        let sees_half = counting.is_some_and(|c| !c.slots.is_empty()) || in_lessons;
        let spec = match (counting, c) {
            (Some(counting), _) => Some(self.spec(counting, r.day, sees_half)),
            (None, Cond::LeaveStated { .. }) => Some(self.excused(r.day)),
            _ => None,
        };
        leaves.push(Leaf { cond: c.clone(), spec, run, sees_half });
    }

    fn spec(&mut self, c: &Counting, day: DayTest, sees_half: bool) -> usize {
        let scale = c.of.weights.iter().fold(1, |s, (_, w)| lcm(s, w.denominator()));
        let mut weights = [0; 16];
        for (status, w) in &c.of.weights {
            if let Some(code) = self.statuses.code(status) {
                weights[usize::from(code)] = w.numerator() * (scale / w.denominator());
            }
        }
        let look = (0..self.calendar.schools().len()).map(|s| looked_at(self.calendar.frame_of(s), &c.slots)).collect();
        self.intern(weights, scale, look, c.day.unwrap_or(day), day, sees_half)
    }

    fn excused(&mut self, day: DayTest) -> usize {
        let mut weights = [0; 16];
        for (code, w) in weights.iter_mut().enumerate() {
            *w = i64::from(self.statuses.excused >> code & 1);
        }
        let look = (0..self.calendar.schools().len()).map(|s| self.calendar.frame_of(s).all).collect();
        self.intern(weights, 1, look, day, day, false)
    }

    fn intern(
        &mut self,
        weights: [i64; 16],
        scale: i64,
        look: Vec<Periods>,
        test: DayTest,
        of_rule: DayTest,
        sees_half: bool,
    ) -> usize {
        let of = weights.iter().enumerate().filter(|(_, w)| **w != 0).fold(0, |m, (i, _)| m | 1 << i);
        let stated = if of & 1 << NOT_LISTED != 0 { 0x7fff } else { 0x7fff & !(1 << NOT_LISTED) };
        let session_share = match (test, of_rule) {
            (DayTest::Share(s), _) | (_, DayTest::Share(s)) => s,
            _ => Ratio::HALF,
        };
        let spec = Spec { weights, scale, of, stated, look, test, session_share, sees_half };
        if let Some(i) = self.specs.iter().position(|s| *s == spec) {
            return i;
        }
        self.specs.push(spec);
        self.specs.len() - 1
    }
}

fn window_stops(w: &Window) -> bool {
    w.clip == Some(Clip::Term)
        || match w.kind {
            WindowKind::SchoolDays(_) => !w.across_terms,
            // `run` reaches as far as the `consecutive` beside it, which is asked too.
            WindowKind::Term | WindowKind::Run => true,
            _ => false,
        }
}

fn stops_at_term(c: &Cond) -> bool {
    match c {
        Cond::Consecutive { across_terms, .. } | Cond::Weekday { across_terms, .. } => !across_terms,
        Cond::Total { within, .. } | Cond::Rate { within, .. } | Cond::Cluster { within, .. } => window_stops(within),
        Cond::Acts { within, .. } => within.as_ref().is_some_and(window_stops),
        Cond::NotRegistered { .. } => true,
        _ => false,
    }
}

/// What can be told of a pupil at a glance.
#[derive(Clone, Copy)]
pub(super) struct Glance<'a> {
    /// Statuses that occur on any day.
    pub set: StatusSet,
    pub tally: &'a Tally,
    pub has_acts: bool,
    pub has_leave: bool,
    pub departed: bool,
}

/// Whether a condition can be true of such a pupil on any day. Never wrong when it says no.
pub(super) fn possible(node: &Node, rule: &Compiled, program: &Program, g: Glance) -> bool {
    let specs = &program.specs;
    match node {
        Node::All(ns) => ns.iter().all(|n| possible(n, rule, program, g)),
        Node::Any(ns) => ns.iter().any(|n| possible(n, rule, program, g)),
        Node::Not(_) => true,
        Node::Leaf(i) => {
            let leaf = &rule.leaves[*i];
            let counts = leaf.spec.is_some_and(|s| specs[s].of & g.set != 0);
            let enough = |amount: &Amount| leaf.spec.is_some_and(|s| enough(amount, &specs[s], program, g.tally));
            match &leaf.cond {
                Cond::Total { parts: true, amount, .. } => counts || meets(threshold(amount), 0, 1),
                Cond::Total { amount, .. } => enough(amount),
                Cond::Rate { share, .. } => counts || meets(*share, 0, 1),
                Cond::Weekday { at_least, .. } => counts || *at_least == 0,
                Cond::Consecutive { amount, .. } => counts && enough(amount),
                Cond::LeaveStated { .. } => counts,
                Cond::Unlisted { .. } => g.set & 1 << NOT_LISTED != 0,
                Cond::OverdueReturn { .. } => g.has_leave,
                Cond::NotArrived { .. } => g.departed,
                Cond::Acts { at_least, .. } => g.has_acts || *at_least == 0,
                Cond::StillAbsent { .. } => g.has_acts,
                _ => true,
            }
        }
    }
}

/// All days of a pupil together could reach the amount.
fn enough(amount: &Amount, spec: &Spec, program: &Program, tally: &Tally) -> bool {
    let sum = |of: &dyn Fn(usize) -> i64| (0..16).filter(|c| spec.of >> c & 1 != 0).map(of).sum::<i64>();
    let days = sum(&|c| i64::from(tally.days[c]));
    let periods = || sum(&|c| i64::from(tally.periods[c]) * spec.weights[c]);
    let most = match amount {
        Amount::Days(_) | Amount::Spells(_) => days,
        Amount::Sessions(_) => days * program.most.sessions,
        Amount::Lessons(_) => periods() * program.most.weight,
        Amount::Hours(_) => periods() * program.most.minutes,
        Amount::Periods(_) => periods(),
        // Between two counting days there may lie any number of others.
        Amount::CalendarDays(_) | Amount::Weeks(_) | Amount::Months(_) => return days > 0,
    };
    meets(threshold(amount), most, scale(amount, spec, program.weight_scale))
}

pub(super) fn threshold(a: &Amount) -> Threshold {
    match a {
        Amount::Days(t)
        | Amount::CalendarDays(t)
        | Amount::Weeks(t)
        | Amount::Months(t)
        | Amount::Sessions(t)
        | Amount::Lessons(t)
        | Amount::Hours(t)
        | Amount::Periods(t)
        | Amount::Spells(t) => *t,
    }
}

pub(super) fn matches_act(m: &ActMatch, act: &crate::domain::evidence::Act) -> bool {
    (m.kinds.is_empty() || m.kinds.contains(&act.kind))
        && (m.results.is_empty() || act.result.as_ref().is_some_and(|r| m.results.contains(r)))
}

/// After how many attended days in a row a run is over, where that is what breaks it.
pub(super) fn broken_by_attended_days(b: &BrokenBy) -> Option<u32> {
    if let BrokenBy::AttendedDays(k) = b { Some(*k) } else { None }
}
