//! Rules about classes and schools once more and simply: the day tables of every pupil, and plain loops over dates.

use crate::plain::{About, Day, Plain, monday, next, shift, stops};
use chrono::{Datelike, Days, NaiveDate as Date, NaiveDateTime as Time};
use kongchuo::domain::evidence::Stamp;
use kongchuo::domain::finding::{Finding, Measure, Subject, Unit};
use kongchuo::domain::ids::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use std::collections::{BTreeMap, BTreeSet};

type Hit = (Option<Measure>, BTreeSet<Date>);

/// A period turned by a delivery from unexcused into something else: (pupil, date).
type Turned = (PupilId, Date);

pub struct Township<'a> {
    pub plain: &'a Plain<'a>,
    pub pupils: &'a [PupilId],
    pub days: &'a BTreeMap<PupilId, Vec<Day>>,
    pub on: Date,
    pub now: Time,
    pub turned: BTreeMap<Stamp, Vec<Turned>>,
}

impl<'a> Township<'a> {
    /// Every class and every school about which a rule of that subject can say something.
    pub fn findings(&self, rule: &'a Rule) -> Vec<Finding> {
        let mut names = BTreeSet::new();
        for r in &self.plain.evidence.register {
            match rule.subject {
                SubjectKind::School => drop(names.insert((r.school.clone(), None))),
                _ if r.class.is_some() => drop(names.insert((r.school.clone(), r.class.clone()))),
                _ => {}
            }
        }
        names.into_iter().flat_map(|(school, class)| Group::of(self, rule, school, class).findings()).collect()
    }

    /// What each delivery turned from unexcused into something else, whatever the distance.
    pub fn corrections(plain: &'a Plain<'a>, pupils: &[PupilId]) -> BTreeMap<Stamp, Vec<Turned>> {
        let e = plain.evidence;
        let mut about: BTreeMap<Stamp, BTreeSet<Date>> = BTreeMap::new();
        for x in &e.rows {
            about.entry(e.deliveries[&x.delivery].stamp).or_default().insert(x.date);
        }
        for x in &e.sheets {
            about.entry(e.deliveries[&x.delivery].stamp).or_default().insert(x.date);
        }
        for f in e.deliveries.values() {
            about.entry(f.stamp).or_default().extend(f.stated.values().flatten());
        }
        for x in &e.leaves {
            about.entry(x.stamp).or_default().extend(x.from.iter_days().take_while(|d| *d <= x.until));
        }
        let mut turned: BTreeMap<Stamp, Vec<Turned>> = BTreeMap::new();
        for (stamp, dates) in about {
            for d in dates.into_iter().filter(|d| *d < stamp.stated_at.date()) {
                for p in pupils.iter().filter(|p| e.register.iter().any(|r| r.pupil == **p)) {
                    let known = |through| Plain { upto: Some((stamp, through)), ..*plain }.day(*p, d);
                    let (Some(old), new) = (known(false), known(true)) else { continue };
                    for (period, was) in old.status {
                        let is = new.as_ref().and_then(|n| n.status.iter().find(|s| s.0 == period));
                        let still = is.is_some_and(|s| plain.in_set(&s.1, "unexcused"));
                        if plain.in_set(&was, "unexcused") && !still {
                            turned.entry(stamp).or_default().push((*p, d));
                        }
                    }
                }
            }
        }
        turned
    }
}

struct Group<'a> {
    town: &'a Township<'a>,
    rule: &'a Rule,
    school: SchoolId,
    class: Option<ClassName>,
    /// Expected pupils who belong to it, by date.
    members: BTreeMap<Date, Vec<PupilId>>,
    school_days: BTreeSet<Date>,
    recorded: BTreeSet<Date>,
}

impl<'a> Group<'a> {
    fn of(town: &'a Township<'a>, rule: &'a Rule, school: SchoolId, class: Option<ClassName>) -> Self {
        let sees = leaves(&rule.when).iter().any(|c| match c {
            Cond::Cluster { counting, .. } => !counting.slots.is_empty(),
            Cond::CorrectedLate { .. } => true,
            _ => false,
        });
        let mut g = Group {
            town,
            rule,
            school,
            class,
            members: BTreeMap::new(),
            school_days: BTreeSet::new(),
            recorded: BTreeSet::new(),
        };
        let first = town.plain.policy.calendar.terms.iter().map(|t| t.start).min().expect("a term");
        for d in first.iter_days().take_while(|d| *d <= town.on) {
            let here: Vec<PupilId> = town.pupils.iter().copied().filter(|p| g.belongs(*p, d)).collect();
            for p in &here {
                let r = town.plain.place(*p, d).row;
                if town.plain.plan(town.plain.school(&r.school), r.grade, r.class.as_ref(), d).1 {
                    g.school_days.insert(d);
                }
                if g.day(*p, d).is_some_and(|x| x.is_day || sees) {
                    g.recorded.insert(d);
                }
            }
            g.members.insert(d, here);
        }
        g
    }

    fn about(&self, p: PupilId) -> About<'a> {
        let days = self.town.days.get(&p).map_or(&[] as &[Day], |d| d);
        About { plain: self.town.plain, pupil: p, days, rule: self.rule, acts: vec![], on: self.town.on }
    }
    fn day(&self, p: PupilId, d: Date) -> Option<&'a Day> {
        self.town.days.get(&p)?.iter().find(|x| x.date == d)
    }
    fn belongs(&self, p: PupilId, d: Date) -> bool {
        if !self.town.plain.expected(p, d) {
            return false;
        }
        let r = self.town.plain.place(p, d).row;
        r.school == self.school && (self.class.is_none() || r.class == self.class) && self.about(p).chosen_place(d)
    }
    /// Members of the day x whom the rule, asked on d, counts.
    fn counted(&self, x: Date, d: Date) -> Vec<PupilId> {
        let here = self.members.get(&x).map_or(&[] as &[PupilId], |m| m);
        here.iter().copied().filter(|p| self.about(*p).chosen_person(d)).collect()
    }
    fn term(&self, d: Date) -> Option<usize> {
        self.members.get(&d)?.iter().find_map(|p| {
            let r = self.town.plain.place(*p, d).row;
            self.town.plain.term(self.town.plain.school(&r.school), r.grade, d)
        })
    }
    fn term_start(&self, d: Date) -> Option<Date> {
        Some(self.town.plain.policy.calendar.terms[self.term(d)?].start)
    }

    fn window(&self, w: &Window, d: Date) -> Option<Date> {
        let all = Date::from_ymd_opt(1900, 1, 1).expect("a date");
        let plain = self.town.plain;
        let mut back = self.school_days.range(..=d).rev().copied();
        let mut from = match &w.kind {
            WindowKind::SchoolDays(n) => back.nth(*n as usize - 1).unwrap_or(all),
            WindowKind::SchoolWeeks(n) => {
                let mut weeks: Vec<Date> = back.map(monday).collect();
                weeks.dedup();
                weeks.get(*n as usize - 1).copied().unwrap_or(all)
            }
            WindowKind::CalendarDays(n) => d - Days::new(u64::from(*n) - 1),
            WindowKind::Months(n) => next(shift(d, -i64::from(*n))),
            WindowKind::Week => monday(d),
            WindowKind::Month => d.with_day(1).expect("a first"),
            WindowKind::Term => self.term_start(d)?,
            WindowKind::SchoolYear => plain.year_start(d),
            WindowKind::Span(name) => {
                plain.policy.calendar.spans.get(name)?.iter().find(|(f, t)| *f <= d && d <= *t)?.0
            }
            WindowKind::Enrolment | WindowKind::Run | WindowKind::AfterAct(_) => all,
        };
        if w.clip == Some(Clip::Term) || matches!(w.kind, WindowKind::SchoolDays(_)) && !w.across_terms {
            from = from.max(self.term_start(d)?);
        }
        if w.clip == Some(Clip::SchoolYear) {
            from = from.max(plain.year_start(d));
        }
        Some(from)
    }

    /// Is a period of the day covered for one of the classes that belong to the group then?
    fn covered(&self, d: Date) -> bool {
        let plain = self.town.plain;
        self.members.get(&d).into_iter().flatten().any(|p| {
            let r = plain.place(*p, d).row;
            let school = plain.school(&r.school);
            let plan = plain.plan(school, r.grade, r.class.as_ref(), d).0;
            plain
                .evidence
                .deliveries
                .keys()
                .any(|id| plain.covered(*id, &r.school, &r.class, school, d).iter().any(|x| plan.contains(x)))
        })
    }

    /// The first day from which a roll call can be missing.
    fn delivered_since(&self) -> Option<Date> {
        let e = self.town.plain.evidence;
        let speaks = |id: &DeliveryId| {
            let classes = &e.deliveries[id].classes;
            classes.is_empty() || self.class.as_ref().is_none_or(|c| classes.contains(c))
        };
        let rows = e.rows.iter().filter(|r| r.school == self.school && speaks(&r.delivery)).map(|r| r.date);
        let sheets = e.sheets.iter().filter(|s| s.school == self.school && speaks(&s.delivery)).map(|s| s.date);
        let stated = e.deliveries.iter().filter(|(id, _)| speaks(id));
        let stated = stated.filter_map(|(_, f)| f.stated.get(&self.school)).flatten().copied();
        let first = rows.chain(sheets).chain(stated).min()?;
        Some(self.town.plain.policy.live_from.map_or(first, |l| l.max(first)))
    }

    fn is_early(&self, d: Date, by: chrono::NaiveTime) -> bool {
        d == self.town.now.date() && self.town.now.time() < by
    }

    fn missing(&self, d: Date, by: chrono::NaiveTime) -> bool {
        self.delivered_since().is_some_and(|s| s <= d) && !self.is_early(d, by) && !self.covered(d)
    }

    fn hit(&self, c: &Cond, d: Date) -> Option<Hit> {
        let count = |unit, n: usize| Some(Measure { unit, value: Ratio::whole(n as i64) });
        match c {
            Cond::All(cs) => {
                let hits: Option<Vec<Hit>> = cs.iter().map(|c| self.hit(c, d)).collect();
                Some(merge(hits?))
            }
            Cond::Any(cs) => {
                let hits: Vec<Hit> = cs.iter().filter_map(|c| self.hit(c, d)).collect();
                (!hits.is_empty()).then(|| merge(hits))
            }
            Cond::Not(c) => match self.hit(c, d) {
                Some(_) => None,
                None => Some((None, BTreeSet::new())),
            },
            Cond::Cluster { counting, pupils, within, share } => {
                let from = self.window(within, d)?;
                let sees = !counting.slots.is_empty();
                let (mut who, mut dates) = (BTreeSet::new(), BTreeSet::new());
                for x in self.members.range(..=d).map(|x| *x.0).filter(|x| *x >= from) {
                    for p in self.counted(x, d) {
                        let Some(day) = self.day(p, x) else { continue };
                        if self.about(p).weigh(counting, sees, day).counts {
                            who.insert(p);
                            dates.insert(x);
                        }
                    }
                }
                let expected = Ratio::whole(self.counted(d, d).len() as i64);
                let found = Ratio::whole(who.len() as i64);
                let enough = share.is_none_or(|s| found >= s * expected);
                (who.len() >= *pupils as usize && enough).then(|| (count(Unit::Pupils, who.len()), dates))
            }
            Cond::RollCallMissing { by, days } => {
                let back = self.school_days.range(..=d).rev().copied();
                let run: BTreeSet<Date> = back.take_while(|x| self.missing(*x, *by)).collect();
                (run.contains(&d) && run.len() >= *days as usize).then(|| (count(Unit::Days, run.len()), run))
            }
            Cond::AlwaysFull { days, pupils } => {
                let full = |x: Date| {
                    let here: Vec<&Day> =
                        self.counted(x, d).into_iter().filter_map(|p| self.day(p, x)).filter(|x| x.is_day).collect();
                    here.len() >= *pupils as usize && here.iter().all(|x| x.status.iter().all(|s| s.1 == "present"))
                };
                let recorded = |x: Date| self.members[&x].iter().any(|p| self.day(*p, x).is_some_and(|x| x.is_day));
                let back = self.members.keys().rev().copied().filter(|x| *x <= d && recorded(*x));
                let run: BTreeSet<Date> = back.take_while(|x| full(*x)).collect();
                (run.len() >= *days as usize).then(|| (count(Unit::Days, run.len()), run))
            }
            Cond::CorrectedLate { lessons, older_than_school_days } => {
                let (mut most, mut dates) = (0, BTreeSet::new());
                for (stamp, turned) in &self.town.turned {
                    let stated = stamp.stated_at.date();
                    if self.recorded.range(stated..).next() != Some(&d) {
                        continue;
                    }
                    let late: Vec<Date> = turned
                        .iter()
                        .filter(|(p, x)| self.counted(*x, d).contains(p))
                        .map(|(_, x)| *x)
                        .filter(|x| {
                            self.school_days.range(next(*x)..=stated.max(*x)).count() > *older_than_school_days as usize
                        })
                        .collect();
                    if Ratio::whole(late.len() as i64) >= *lessons && !late.is_empty() {
                        most = most.max(late.len());
                        dates.extend(late);
                    }
                }
                (most > 0).then(|| (count(Unit::Lessons, most), dates))
            }
            _ => None,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let all = leaves(&self.rule.when);
        let mut asked = self.recorded.clone();
        for c in &all {
            if let Cond::RollCallMissing { by, .. } = c {
                let since = self.delivered_since();
                let due = |d: &&Date| since.is_some_and(|s| s <= **d) && !self.is_early(**d, *by);
                asked.extend(self.school_days.iter().filter(due));
            }
        }
        let stops = all.iter().all(|c| stops(c));
        let (mut found, mut run) = (vec![], None::<(Date, Date)>);
        let mut close = |run: &mut Option<(Date, Date)>| {
            let Some((fired_on, last_on)) = run.take() else { return };
            let (measure, dates) = self.hit(&self.rule.when, last_on).expect("true on its last day");
            found.push(Finding {
                rule: self.rule.id.clone(),
                rule_hash: self.rule.hash.clone(),
                subject: Subject { school: Some(self.school.clone()), class: self.class.clone(), pupil: None },
                fired_on,
                last_on,
                open: asked.last() == Some(&last_on) && !self.members[&self.town.on].is_empty(),
                measure,
                evidence: dates.into_iter().collect(),
            });
        };
        for d in &asked {
            if self.rule.effective_from.is_some_and(|f| *d < f) || self.rule.effective_to.is_some_and(|t| *d > t) {
                continue;
            }
            if run.is_some_and(|(_, last)| stops && self.term(last) != self.term(*d)) {
                close(&mut run);
            }
            if self.hit(&self.rule.when, *d).is_some() {
                run = Some((run.map_or(*d, |r| r.0), *d));
            } else {
                close(&mut run);
            }
        }
        close(&mut run);
        found
    }
}

fn leaves(c: &Cond) -> Vec<&Cond> {
    let mut out = vec![];
    crate::plain::flatten(c, &mut out);
    out
}

fn merge(hits: Vec<Hit>) -> Hit {
    (hits.iter().find_map(|h| h.0), hits.into_iter().flat_map(|h| h.1).collect())
}
