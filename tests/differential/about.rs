//! One rule about one pupil, over the day table of the plain evaluator: what each condition is worth on a day, and the
//! episodes of its true days.

use super::*;

/// One rule about one pupil.
pub struct About<'a> {
    pub plain: &'a Plain<'a>,
    pub pupil: PupilId,
    pub days: &'a [Day],
    pub rule: &'a Rule,
    pub acts: Vec<&'a Act>,
    pub on: Date,
}

#[derive(Default, Clone)]
pub struct Weighed {
    pub a: Ratio0,
    pub l: Ratio0,
    pub exists: bool,
    pub counts: bool,
    pub attended: bool,
    pub half: bool,
}

#[derive(Clone, Copy)]
pub struct Ratio0(pub Ratio);
impl Default for Ratio0 {
    fn default() -> Self {
        Ratio0(Ratio::ZERO)
    }
}

/// A session or a period: (day index, value, attended).
type Part = (usize, Ratio, bool);

impl<'a> About<'a> {
    fn weight_of(&self, of: &Of, status: &str) -> Ratio {
        of.weights.iter().find(|(s, _)| *s == *status).map_or(Ratio::ZERO, |(_, w)| *w)
    }

    fn stated(&self, c: &Counting, day: &'a Day) -> Vec<(usize, &'a str)> {
        let s = self.plain.school(&day.school);
        let names = !self.weight_of(&c.of, "not_listed").is_zero();
        let look: Vec<usize> = if c.slots.is_empty() {
            (0..s.periods.len()).collect()
        } else {
            c.slots.iter().flat_map(|x| self.plain.slot(s, x)).collect()
        };
        day.status
            .iter()
            .filter(|(p, st)| look.contains(p) && (names || st != "not_listed"))
            .map(|(p, st)| (*p, st.as_str()))
            .collect()
    }

    pub fn weigh(&self, c: &Counting, sees: bool, day: &'a Day) -> Weighed {
        let mut w = Weighed::default();
        if !day.is_day && !sees {
            return w;
        }
        let s = self.plain.school(&day.school);
        let mut att = Ratio::ZERO;
        for (p, st) in self.stated(c, day) {
            let weight = s.periods[p].weight;
            w.exists = true;
            w.l.0 = w.l.0 + weight;
            w.a.0 = w.a.0 + weight * self.weight_of(&c.of, st);
            if self.plain.in_set(st, "attended") {
                w.attended = true;
                att = att + weight;
            }
        }
        w.half = w.attended && att * Ratio::whole(2) >= w.l.0;
        w.counts = w.a.0 > Ratio::ZERO
            && match c.day.unwrap_or(self.rule.day) {
                DayTest::Share(x) => w.a.0 >= x * w.l.0,
                DayTest::Lessons(n) => w.a.0 >= n,
            };
        w
    }

    fn parts(&self, c: &Counting, amount: &Amount, i: usize) -> Vec<Part> {
        let day = &self.days[i];
        let s = self.plain.school(&day.school);
        let stated = self.stated(c, day);
        if let Amount::Sessions(_) = amount {
            let share = match (c.day.unwrap_or(self.rule.day), self.rule.day) {
                (DayTest::Share(x), _) | (_, DayTest::Share(x)) => x,
                _ => Ratio::HALF,
            };
            let mut v = vec![];
            for id in &s.sessions {
                let of = self.plain.slot(s, id.as_str());
                let mine: Vec<_> = stated.iter().filter(|(p, _)| of.contains(p)).collect();
                let l = mine.iter().fold(Ratio::ZERO, |t, (p, _)| t + s.periods[*p].weight);
                let a =
                    mine.iter().fold(Ratio::ZERO, |t, (p, st)| t + s.periods[*p].weight * self.weight_of(&c.of, st));
                let attended = mine.iter().any(|(_, st)| self.plain.in_set(st, "attended"));
                if !mine.is_empty() {
                    let counts = a > Ratio::ZERO && a >= share * l;
                    v.push((i, whole(usize::from(counts)), attended));
                }
            }
            return v;
        }
        stated
            .into_iter()
            .map(|(p, st)| {
                let each = match amount {
                    Amount::Lessons(_) => s.periods[p].weight,
                    Amount::Hours(_) => Ratio::new(i64::from(s.periods[p].minutes), 60),
                    _ => Ratio::ONE,
                };
                (i, each * self.weight_of(&c.of, st), self.plain.in_set(st, "attended"))
            })
            .collect()
    }

    fn school_day(&self, d: Date) -> bool {
        let r = self.plain.place(self.pupil, d).row;
        self.plain.plan(self.plain.school(&r.school), r.grade, r.class.as_ref(), d).1
    }
    fn first_date(&self) -> Date {
        self.plain.policy.calendar.terms.iter().map(|t| t.start).min().expect("a term")
    }
    fn dates(&self, from: Date, to: Date) -> Vec<Date> {
        let last = self.plain.policy.calendar.terms.iter().map(|t| t.end).max().expect("a term");
        from.max(self.first_date()).iter_days().take_while(|d| *d <= to.min(last)).collect()
    }
    fn term_start(&self, d: Date) -> Option<Date> {
        let r = self.plain.place(self.pupil, d).row;
        let t = self.plain.term(self.plain.school(&r.school), r.grade, d)?;
        Some(self.plain.policy.calendar.terms[t].start)
    }
    /// Nothing of a world lies more than two months before its first term.
    fn same_school_since(&self, d: Date) -> Date {
        let s = &self.plain.place(self.pupil, d).row.school;
        let begin = self.first_date() - Days::new(60);
        let mut x = d;
        while x > begin && self.plain.place(self.pupil, x - Days::new(1)).row.school == *s {
            x = x - Days::new(1);
        }
        if x > begin { x } else { self.plain.begin() }
    }
    /// Nobody who was never expected has such a day: then it bounds nothing (rules.md is silent).
    fn earliest_expected(&self) -> Option<Date> {
        let begin = self.first_date() - Days::new(60);
        begin.iter_days().take_while(|d| *d <= self.on).find(|d| self.plain.expected(self.pupil, *d))
    }

    fn window(&self, w: &Window, d: Date, run_from: Option<Date>) -> Option<(Date, Date)> {
        let all = self.plain.begin();
        let back = self.dates(all, d).into_iter().rev();
        let mut from = match &w.kind {
            WindowKind::SchoolDays(n) => back.filter(|x| self.school_day(*x)).nth(*n as usize - 1).unwrap_or(all),
            WindowKind::SchoolWeeks(n) => {
                let mut weeks: Vec<Date> = back.filter(|x| self.school_day(*x)).map(monday).collect();
                weeks.dedup();
                weeks.get(*n as usize - 1).copied().unwrap_or(all)
            }
            WindowKind::CalendarDays(n) => d.checked_sub_days(Days::new(*n as u64 - 1)).unwrap_or(all),
            WindowKind::Months(n) => d.checked_sub_months(Months::new(*n)).map_or(all, next),
            WindowKind::Week => monday(d),
            WindowKind::Month => d.with_day(1).expect("a first"),
            WindowKind::Term => self.term_start(d)?,
            WindowKind::SchoolYear => self.plain.year_start(d),
            WindowKind::Enrolment => all,
            WindowKind::Span(name) => {
                let spans = self.plain.policy.calendar.spans.get(name)?;
                spans.iter().find(|(f, t)| *f <= d && d <= *t)?.0
            }
            WindowKind::Run => run_from?,
            WindowKind::AfterAct(kinds) => {
                let acts = self.acts.iter().filter(|a| a.date <= d && (kinds.is_empty() || kinds.contains(&a.kind)));
                acts.map(|a| next(a.date)).max().unwrap_or(all)
            }
        };
        let school_days = matches!(w.kind, WindowKind::SchoolDays(_));
        if w.clip == Some(Clip::Term) || school_days && !w.across_terms {
            from = from.max(self.term_start(d)?);
        }
        if w.clip == Some(Clip::SchoolYear) {
            from = from.max(self.plain.year_start(d));
        }
        if !w.across_schools {
            from = from.max(self.same_school_since(d));
        }
        Some((self.earliest_expected().map_or(from, |e| from.max(e)), d))
    }

    fn sees_half(c: &Counting, amount: Option<&Amount>) -> bool {
        !c.slots.is_empty()
            || matches!(amount, Some(Amount::Sessions(_) | Amount::Lessons(_) | Amount::Hours(_) | Amount::Periods(_)))
    }

    /// The run of a `consecutive` at d: (value, day indices that are evidence, first date, last date).
    fn run(&self, c: &Cond, d: Date) -> Option<(Ratio, Vec<usize>, Date, Date)> {
        let Cond::Consecutive { counting, amount, broken_by, across_terms, across_schools } = c else { return None };
        let sees = Self::sees_half(counting, Some(amount));
        let by_parts =
            matches!(amount, Amount::Sessions(_) | Amount::Lessons(_) | Amount::Hours(_) | Amount::Periods(_));
        let k = if let BrokenBy::AttendedDays(k) = broken_by { Some(*k) } else { None };
        let n = self.days.iter().filter(|x| x.date <= d).count();
        let mut run: Vec<Part> = vec![];
        let mut streak = 0;
        let mut last_best: Vec<Part> = vec![];
        for i in 0..n {
            let day = &self.days[i];
            if i > 0
                && (!across_terms && self.days[i - 1].term != day.term
                    || !across_schools && self.days[i - 1].school != day.school)
            {
                run.clear();
                streak = 0;
            }
            let w = self.weigh(counting, sees, day);
            let mut best: Vec<Part> = vec![];
            let mut hit = false;
            if by_parts && w.exists {
                for part in self.parts(counting, amount, i) {
                    if part.1 > Ratio::ZERO {
                        run.push(part);
                        hit = true;
                        if sum(&run) > sum(&best) {
                            best = run.clone();
                        }
                    } else if *broken_by == BrokenBy::Day || *broken_by == BrokenBy::Attended && part.2 {
                        run.clear();
                    }
                }
            }
            if !by_parts && w.counts {
                run.push((i, Ratio::ONE, false));
                hit = true;
            }
            if w.exists {
                streak = if hit || !w.half { 0 } else { streak + 1 };
                let over = match broken_by {
                    BrokenBy::Day => !hit,
                    BrokenBy::Attended => !hit && w.attended,
                    BrokenBy::AttendedDays(k) => streak >= *k,
                };
                if over && (!by_parts || k.is_some()) {
                    run.clear();
                }
            }
            if by_parts {
                if !(k.is_some() && best.is_empty() && !run.is_empty()) {
                    last_best = best;
                }
            } else {
                last_best = run.clone();
            }
        }
        let at = self.days.get(n.checked_sub(1)?)?;
        if by_parts && at.date != d {
            return None;
        }
        let r = self.plain.place(self.pupil, d).row;
        if !across_terms && self.plain.term(self.plain.school(&r.school), r.grade, d) != Some(at.term) {
            return None;
        }
        let first = last_best.first()?.0;
        let last = last_best.last()?.0;
        let days: BTreeSet<usize> = last_best.iter().map(|x| x.0).collect();
        Some((sum(&last_best), days.into_iter().collect(), self.days[first].date, self.days[last].date))
    }

    fn long(amount: &Amount, first: Date, last: Date) -> bool {
        let n = (last - first).num_days() + 1;
        match amount {
            Amount::CalendarDays(t) => ok(*t, Ratio::whole(n)),
            Amount::Weeks(t) => ok(Threshold { n: t.n * Ratio::whole(7), over: t.over }, Ratio::whole(n)),
            Amount::Months(t) => {
                let due = shift(first, t.n.numerator());
                if t.over { next(last) > due } else { next(last) >= due }
            }
            _ => false,
        }
    }

    fn since(amount: &Amount, u: Date, d: Date) -> bool {
        match amount {
            Amount::Months(t) => {
                let due = shift(u, t.n.numerator());
                if t.over { d > due } else { d >= due }
            }
            _ => Self::long(amount, next(u), d),
        }
    }

    fn attended(&self, day: &Day) -> bool {
        day.is_day && day.status.iter().any(|(_, s)| self.plain.in_set(s, "attended"))
    }

    fn away(&self, u: Date, amount: &Amount, d: Date) -> Option<Hit> {
        if u >= d || self.days.iter().any(|x| u < x.date && x.date <= d && self.attended(x)) {
            return None;
        }
        let dates: Vec<Date> =
            self.days.iter().filter(|x| x.is_day && u < x.date && x.date <= d).map(|x| x.date).collect();
        match amount {
            Amount::Days(t) if ok(*t, whole(dates.len())) => Some(Hit { measure: days_of(dates.len() as i64), dates }),
            Amount::Days(_) => None,
            _ if Self::since(amount, u, d) => Some(Hit { measure: days_of((d - u).num_days()), dates }),
            _ => None,
        }
    }

    fn hit(&self, c: &Cond, d: Date, beside: Option<&Cond>) -> Option<Hit> {
        let upto: Vec<&Day> = self.days.iter().filter(|x| x.date <= d).collect();
        match c {
            Cond::All(cs) => {
                let beside = cs.iter().find(|c| matches!(c, Cond::Consecutive { .. })).or(beside);
                let hits: Option<Vec<Hit>> = cs.iter().map(|c| self.hit(c, d, beside)).collect();
                Some(merge(hits?))
            }
            Cond::Any(cs) => {
                let hits: Vec<Hit> = cs.iter().filter_map(|c| self.hit(c, d, beside)).collect();
                if hits.is_empty() { None } else { Some(merge(hits)) }
            }
            Cond::Not(c) => match self.hit(c, d, beside) {
                Some(_) => None,
                None => Some(Hit { measure: None, dates: vec![] }),
            },
            Cond::Consecutive { amount, .. } => {
                let (value, days, first, last) = self.run(c, d)?;
                let dates: Vec<Date> = days.iter().map(|i| self.days[*i].date).collect();
                let (yes, measure) = match amount {
                    Amount::Days(t) => (ok(*t, value), Some(Measure { unit: Unit::Days, value })),
                    Amount::Sessions(t) => (ok(*t, value), Some(Measure { unit: Unit::Sessions, value })),
                    Amount::Lessons(t) => (ok(*t, value), Some(Measure { unit: Unit::Lessons, value })),
                    Amount::Hours(t) => (ok(*t, value), Some(Measure { unit: Unit::Hours, value })),
                    _ => (Self::long(amount, first, last), days_of((last - first).num_days() + 1)),
                };
                yes.then_some(Hit { measure, dates })
            }
            Cond::Total { counting, amount, parts, within } => {
                let run_from = beside.and_then(|b| self.run(b, d)).map(|r| r.2);
                let (from, to) = self.window(within, d, run_from)?;
                let sees = Self::sees_half(counting, Some(amount));
                let (mut value, mut dates, mut inside) = (Ratio::ZERO, vec![], false);
                for (i, day) in self.days.iter().enumerate() {
                    if day.date < from || day.date > to {
                        continue;
                    }
                    let w = self.weigh(counting, sees, day);
                    if !w.exists {
                        continue;
                    }
                    let add = match amount {
                        Amount::Days(_) if *parts && w.counts => {
                            Ratio::new(w.a.0.numerator() * w.l.0.denominator(), w.a.0.denominator() * w.l.0.numerator())
                        }
                        Amount::Days(_) => whole(usize::from(w.counts)),
                        Amount::Spells(_) => whole(usize::from(w.counts && !inside)),
                        _ => sum(&self.parts(counting, amount, i)),
                    };
                    inside = w.counts;
                    value = value + add;
                    let went_in = matches!(amount, Amount::Spells(_)) && w.counts || add > Ratio::ZERO;
                    if went_in && w.a.0 > Ratio::ZERO {
                        dates.push(day.date);
                    }
                }
                let (t, unit) = match amount {
                    Amount::Sessions(t) => (t, Unit::Sessions),
                    Amount::Lessons(t) => (t, Unit::Lessons),
                    Amount::Hours(t) => (t, Unit::Hours),
                    Amount::Periods(t) => (t, Unit::Periods),
                    Amount::Spells(t) => (t, Unit::Spells),
                    Amount::Days(t) | Amount::CalendarDays(t) | Amount::Weeks(t) | Amount::Months(t) => (t, Unit::Days),
                };
                ok(*t, value).then_some(Hit { measure: Some(Measure { unit, value }), dates })
            }
            Cond::Rate { counting, share, within, min_days, by_days, planned } => {
                let run_from = beside.and_then(|b| self.run(b, d)).map(|r| r.2);
                let (from, to) = self.window(within, d, run_from)?;
                let sees = Self::sees_half(counting, None);
                let (mut a, mut l, mut n, mut k, mut dates) = (Ratio::ZERO, Ratio::ZERO, 0, 0, vec![]);
                for day in self.days.iter().filter(|x| from <= x.date && x.date <= to) {
                    let w = self.weigh(counting, sees, day);
                    n += usize::from(w.exists);
                    k += usize::from(w.counts);
                    a = a + w.a.0;
                    l = l + w.l.0;
                    if if *by_days { w.counts } else { w.a.0 > Ratio::ZERO } {
                        dates.push(day.date);
                    }
                }
                if n < (*min_days).max(1) as usize {
                    return None;
                }
                let (mut top, mut bottom) = if *by_days { (whole(k), whole(n)) } else { (a, l) };
                if *planned {
                    let r = self.plain.place(self.pupil, d).row;
                    let term = self.plain.term(self.plain.school(&r.school), r.grade, d);
                    let term_end = term.map_or(d, |t| self.plain.policy.calendar.terms[t].end);
                    let end = match &within.kind {
                        WindowKind::Week => monday(d) + Days::new(6),
                        WindowKind::Month => shift(d.with_day(1).expect("a first"), 1) - Days::new(1),
                        WindowKind::Term | WindowKind::SchoolYear | WindowKind::Enrolment => term_end,
                        WindowKind::Span(s) => {
                            self.plain.policy.calendar.spans[s]
                                .iter()
                                .find(|(f, t)| *f <= d && d <= *t)
                                .expect("in the span")
                                .1
                        }
                        _ => d,
                    };
                    bottom = Ratio::ZERO;
                    for x in self.dates(from, end.min(term_end)) {
                        let r = self.plain.place(self.pupil, x).row;
                        let s = self.plain.school(&r.school);
                        let (plan, is_day) = self.plain.plan(s, r.grade, r.class.as_ref(), x);
                        let look: Vec<usize> = counting.slots.iter().flat_map(|y| self.plain.slot(s, y)).collect();
                        let plan: Vec<usize> = plan
                            .into_iter()
                            .filter(|p| (is_day || sees) && (counting.slots.is_empty() || look.contains(p)))
                            .collect();
                        bottom = bottom
                            + if *by_days {
                                whole(usize::from(!plan.is_empty()))
                            } else {
                                plan.iter().fold(Ratio::ZERO, |t, p| t + s.periods[*p].weight)
                            };
                    }
                }
                if bottom.is_zero() {
                    return None;
                }
                top = top * Ratio::new(bottom.denominator(), bottom.numerator());
                ok(*share, top).then_some(Hit { measure: Some(Measure { unit: Unit::Rate, value: top }), dates })
            }
            Cond::Weekday { counting, weekdays, at_least, of_last, across_terms, across_schools } => {
                if !weekdays.contains(&d.weekday()) {
                    return None;
                }
                let sees = Self::sees_half(counting, None);
                let mut floor = self.plain.begin();
                if !across_terms {
                    floor = self.term_start(d)?;
                }
                if !across_schools {
                    floor = floor.max(self.same_school_since(d));
                }
                let last: Vec<&Day> = upto
                    .iter()
                    .rev()
                    .copied()
                    .filter(|x| x.date >= floor && weekdays.contains(&x.date.weekday()))
                    .filter(|x| self.weigh(counting, sees, x).exists)
                    .take(*of_last as usize)
                    .collect();
                let dates: Vec<Date> =
                    last.iter().filter(|x| self.weigh(counting, sees, x).counts).map(|x| x.date).collect();
                (last.len() == *of_last as usize && dates.len() >= *at_least as usize)
                    .then_some(Hit { measure: days_of(dates.len() as i64), dates })
            }
            Cond::NotRegistered { amount, excused_stops } => {
                let begin = self.term_start(d)?;
                let mut from = begin;
                for day in upto.iter().filter(|x| x.is_day && x.date >= begin) {
                    if self.attended(day) {
                        return None;
                    }
                    let excused = |s: &str| self.plain.in_set(s, "excused") || s == "official";
                    if *excused_stops && day.status.iter().any(|(_, s)| excused(s)) {
                        from = next(day.date);
                    }
                }
                let expected: Vec<Date> = self
                    .dates(from, d)
                    .into_iter()
                    .filter(|x| self.school_day(*x) && self.plain.expected(self.pupil, *x))
                    .collect();
                let first = *expected.first()?;
                let dates: Vec<Date> = upto.iter().filter(|x| x.is_day && x.date >= first).map(|x| x.date).collect();
                match amount {
                    Amount::Days(t) => (ok(*t, whole(expected.len())) && ok(*t, whole(dates.len())))
                        .then_some(Hit { measure: days_of(dates.len() as i64), dates }),
                    _ => (!dates.is_empty() && Self::long(amount, first, d))
                        .then_some(Hit { measure: days_of((d - first).num_days() + 1), dates }),
                }
            }
            Cond::Unlisted { days } => {
                let mut dates: Vec<Date> = upto
                    .iter()
                    .rev()
                    .filter(|x| x.is_day)
                    .take_while(|x| x.status.iter().all(|(_, s)| s == "not_listed"))
                    .map(|x| x.date)
                    .collect();
                dates.reverse();
                (!dates.is_empty() && ok(*days, whole(dates.len())))
                    .then_some(Hit { measure: days_of(dates.len() as i64), dates })
            }
            Cond::OverdueReturn { amount } => {
                let leave = upto.iter().rev().find(|x| x.is_day && x.leave_until.is_some());
                let mut u = leave.map(|x| (x.date, x.leave_until.expect("has one")));
                let from = self.first_date() - Days::new(60);
                if let Some(last) =
                    from.iter_days().take_while(|x| *x <= d).filter(|x| self.plain.exempt(self.pupil, *x)).last()
                {
                    let mut end = last;
                    while self.plain.exempt(self.pupil, next(end)) && end.year() < 2030 {
                        end = next(end);
                    }
                    u = u.max(Some((last, end)));
                }
                self.away(u?.1, amount, d)
            }
            Cond::LeaveStated { amount } => {
                let excused: Vec<(StatusId, Ratio)> = self
                    .plain
                    .policy
                    .statuses
                    .iter()
                    .filter(|s| s.sets.iter().any(|x| x == "excused"))
                    .map(|s| (s.id.clone(), Ratio::ONE))
                    .collect();
                let c = Counting { of: Of { written: String::new(), weights: excused }, slots: vec![], day: None };
                let days: Vec<&Day> = upto.into_iter().filter(|x| x.is_day).collect();
                if !self.weigh(&c, false, days.last()?).counts {
                    return None;
                }
                let mut run: Vec<&Day> = vec![];
                for day in days.iter().rev() {
                    let w = self.weigh(&c, false, day);
                    if w.exists && !w.counts {
                        break;
                    }
                    if w.counts {
                        run.push(day);
                    }
                }
                run.reverse();
                let (first, last) = (run[0].date, days.last()?.date);
                let end = run.iter().filter_map(|x| x.leave_until).max().map_or(last, |u| u.max(last));
                let n = self.dates(first, end).into_iter().filter(|x| self.school_day(*x)).count() as i64;
                let dates = run.iter().map(|x| x.date).collect();
                match amount {
                    Amount::Days(t) => ok(*t, Ratio::whole(n)).then_some(Hit { measure: days_of(n), dates }),
                    _ => Self::long(amount, first, end)
                        .then_some(Hit { measure: days_of((end - first).num_days() + 1), dates }),
                }
            }
            Cond::NotArrived { days } => {
                let gone = self.plain.departed(self.pupil, d)?;
                if self.acts.iter().any(|a| a.kind == "arrival" && a.date <= d) {
                    return None;
                }
                let dates: Vec<Date> =
                    self.dates(next(gone), d).into_iter().filter(|x| self.old_school_day(*x, d)).collect();
                ok(*days, whole(dates.len())).then_some(Hit { measure: days_of(dates.len() as i64), dates })
            }
            Cond::Acts { acts, at_least, within } => {
                let (from, to) = match within {
                    Some(w) => self.window(w, d, beside.and_then(|b| self.run(b, d)).map(|r| r.2))?,
                    None => (self.plain.begin(), d),
                };
                let n = self.acts.iter().filter(|a| from <= a.date && a.date <= to && fits(acts, a)).count();
                let measure = Some(Measure { unit: Unit::Acts, value: whole(n) });
                (n >= *at_least as usize).then_some(Hit { measure, dates: vec![] })
            }
            Cond::StillAbsent { after, amount } => {
                let seen = upto.iter().filter(|x| self.attended(x)).map(|x| x.date).max();
                let u = self
                    .acts
                    .iter()
                    .filter(|a| a.date <= d && seen.is_none_or(|s| a.date > s) && fits(after, a))
                    .map(|a| a.date)
                    .min()?;
                self.away(u, amount, d)
            }
            _ => None,
        }
    }

    /// A school day of the school where the pupil was on `at`.
    fn old_school_day(&self, d: Date, at: Date) -> bool {
        let r = self.plain.place(self.pupil, at).row;
        self.plain.plan(self.plain.school(&r.school), r.grade, r.class.as_ref(), d).1
    }

    fn chosen(&self, d: Date) -> bool {
        self.chosen_place(d) && self.chosen_person(d)
    }

    /// The filters that choose classes.
    pub fn chosen_place(&self, d: Date) -> bool {
        let at = self.plain.place(self.pupil, d);
        let f = &self.rule.filter;
        let stage = self.plain.school(&at.row.school).stage_of(at.row.grade);
        (f.stages.is_empty() || stage.is_some_and(|s| f.stages.contains(&s)))
            && (f.grades.is_empty() || at.row.grade.is_some_and(|g| f.grades.contains(&g)))
            && (f.schools.is_empty() || f.schools.iter().any(|s| at.row.school == **s))
            && (f.classes.is_empty() || at.row.class.as_ref().is_some_and(|c| f.classes.iter().any(|x| *c == **x)))
    }

    /// The filters that choose pupils.
    pub fn chosen_person(&self, d: Date) -> bool {
        let at = self.plain.place(self.pupil, d);
        let f = &self.rule.filter;
        (f.groups.is_empty() || f.groups.iter().any(|g| at.tags.groups.contains(g)))
            && f.boarding.is_none_or(|b| at.tags.boarding == Some(b))
            && f.sex.is_none_or(|s| at.tags.sex == Some(s))
            && f.age.is_none_or(|a| {
                at.tags.birth_date.is_some_and(|b| {
                    let on = if a.on_school_year_start { self.plain.year_start(d) } else { d };
                    let mut years = on.year() - b.year();
                    if (on.month(), on.day()) < (b.month(), b.day()) {
                        years -= 1;
                    }
                    a.from.is_none_or(|f| years >= i32::from(f)) && a.to.is_none_or(|t| years <= i32::from(t))
                })
            })
    }

    pub fn findings(&self) -> Vec<Finding> {
        let mut leaves = vec![];
        flatten(&self.rule.when, &mut leaves);
        let sees = leaves.iter().any(|c| match c {
            Cond::Consecutive { counting, amount, .. } | Cond::Total { counting, amount, .. } => {
                Self::sees_half(counting, Some(amount))
            }
            Cond::Rate { counting, .. } | Cond::Weekday { counting, .. } => Self::sees_half(counting, None),
            _ => false,
        });
        let stops = leaves.iter().all(|c| stops(c));
        let follows = leaves.iter().any(|c| matches!(c, Cond::NotArrived { .. }));
        let mut asked: BTreeSet<Date> =
            self.days.iter().filter(|x| x.date <= self.on && (x.is_day || sees)).map(|x| x.date).collect();
        if follows {
            for d in self.dates(self.plain.begin(), self.on) {
                let gone = !self.plain.expected(self.pupil, d) && self.plain.departed(self.pupil, d).is_some();
                if gone && self.school_day(d) {
                    asked.insert(d);
                }
            }
        }
        let mut found: Vec<Finding> = vec![];
        let mut run: Option<(Date, Date)> = None;
        let term = |d: Date| {
            let r = self.plain.place(self.pupil, d).row;
            self.plain.term(self.plain.school(&r.school), r.grade, d)
        };
        let mut close = |run: &mut Option<(Date, Date)>| {
            if let Some((first, last)) = run.take() {
                let hit = self.hit(&self.rule.when, last, None).expect("true on its last day");
                let at = self.plain.place(self.pupil, last).row;
                let dates: BTreeSet<Date> = hit.dates.into_iter().collect();
                found.push(Finding {
                    rule: self.rule.id.clone(),
                    rule_hash: self.rule.hash.clone(),
                    subject: Subject {
                        school: Some(at.school.clone()),
                        class: at.class.clone(),
                        pupil: Some(self.pupil),
                    },
                    fired_on: first,
                    last_on: last,
                    open: false,
                    measure: hit.measure,
                    evidence: dates.into_iter().collect(),
                });
            }
        };
        for d in &asked {
            if self.rule.effective_from.is_some_and(|f| *d < f) || self.rule.effective_to.is_some_and(|t| *d > t) {
                continue;
            }
            if run.is_some_and(|(_, last)| stops && term(last) != term(*d)) {
                close(&mut run);
            }
            if self.chosen(*d) && self.hit(&self.rule.when, *d, None).is_some() {
                run = Some((run.map_or(*d, |r| r.0), *d));
            } else {
                close(&mut run);
            }
        }
        close(&mut run);
        if let Some(f) = found.last_mut() {
            let still = follows
                && self.plain.departed(self.pupil, self.on).is_some()
                && self.chosen(self.on)
                && self.hit(&self.rule.when, self.on, None).is_some();
            let away = follows
                && !self.plain.expected(self.pupil, f.last_on)
                && self.plain.departed(self.pupil, f.last_on).is_some();
            let expected = !away && self.plain.expected(self.pupil, self.on);
            f.open = asked.last() == Some(&f.last_on) && (expected || still);
        }
        found
    }
}

fn sum(parts: &[Part]) -> Ratio {
    parts.iter().fold(Ratio::ZERO, |t, p| t + p.1)
}

fn merge(hits: Vec<Hit>) -> Hit {
    Hit { measure: hits.iter().find_map(|h| h.measure), dates: hits.into_iter().flat_map(|h| h.dates).collect() }
}

fn fits(m: &ActMatch, a: &Act) -> bool {
    (m.kinds.is_empty() || m.kinds.contains(&a.kind))
        && (m.results.is_empty() || a.result.as_ref().is_some_and(|r| m.results.contains(r)))
}

pub fn flatten<'a>(c: &'a Cond, out: &mut Vec<&'a Cond>) {
    match c {
        Cond::All(cs) | Cond::Any(cs) => cs.iter().for_each(|c| flatten(c, out)),
        Cond::Not(c) => flatten(c, out),
        _ => out.push(c),
    }
}

pub fn stops(c: &Cond) -> bool {
    let window = |w: &Window| {
        w.clip == Some(Clip::Term)
            || matches!(w.kind, WindowKind::Term | WindowKind::Run)
            || matches!(w.kind, WindowKind::SchoolDays(_)) && !w.across_terms
    };
    match c {
        Cond::Consecutive { across_terms, .. } | Cond::Weekday { across_terms, .. } => !across_terms,
        Cond::Total { within, .. } | Cond::Rate { within, .. } | Cond::Cluster { within, .. } => window(within),
        Cond::Acts { within, .. } => within.as_ref().is_some_and(window),
        Cond::NotRegistered { .. } => true,
        _ => false,
    }
}
