//! Episodes and findings of one pupil (rules.md §3): every rule asked on every day, true days joined. Pure; nothing is
//! allocated for a pupil once the buffers are as large as they need to be.

use super::ast::SubjectKind;
use super::condition::{Ask, AskKind, Asked, Scratch, lay, may};
use super::program::{Compiled, Glance, Node, Program, possible};
use super::table::alike;
use crate::domain::calendar::Calendar;
use crate::domain::evidence::Act;
use crate::domain::finding::{Change, Finding, Findings};
use crate::domain::timeline::{Roster, Timeline};
use crate::domain::{Date, Time, TimeOfDay};
use chrono::Days;
use std::collections::BTreeMap;

/// The findings of one pupil as of `on`, for all rules about pupils. `acts` are this pupil's, in any order, known by the
/// time asked about; `out` grows by findings only.
pub fn evaluate(
    program: &Program,
    calendar: &Calendar,
    roster: &Roster,
    timeline: &Timeline,
    acts: &[Act],
    on: Date,
    scratch: &mut Scratch,
    out: &mut Findings,
) {
    let Some(member) = roster.member_of(timeline.pupil) else { return };
    scratch.begin(program, calendar, roster, timeline, acts, on);
    let glance = Glance {
        set: timeline.set(),
        tally: timeline.tally(),
        has_acts: !acts.is_empty(),
        has_leave: timeline.has_leave() || member.segments().iter().any(|s| s.exempt),
        departed: scratch.has_departed,
    };
    if scratch.days == 0 && !scratch.has_departed {
        return;
    }
    for rule in program.rules.iter().filter(|r| r.subject == SubjectKind::Pupil) {
        if !possible(&rule.root, rule, program, glance) {
            continue;
        }
        if let [only] = member.segments()
            && !rule.filter.takes_place(only)
        {
            continue;
        }
        lay(scratch, program, rule, timeline, calendar);
        if !scratch.has_departed {
            if Candidates::default().next(&rule.root, scratch).is_none() {
                continue;
            }
            scratch.lay_asks(timeline);
        }
        let asked = Asked { program, calendar, member, timeline, acts, scratch, rule };
        episodes(&asked, on, out);
    }
}

impl Scratch {
    fn begin(
        &mut self,
        program: &Program,
        calendar: &Calendar,
        roster: &Roster,
        timeline: &Timeline,
        acts: &[Act],
        on: Date,
    ) {
        self.tables.resize_with(program.specs.len(), Default::default);
        self.filled.clear();
        self.filled.resize(program.specs.len(), false);
        self.acts.clear();
        self.acts.extend(0..acts.len());
        self.acts.sort_unstable_by_key(|i| (acts[*i].date, acts[*i].id));
        self.asks.clear();
        alike(timeline.records(), &mut self.stretches);
        self.days = timeline.records().partition_point(|r| r.date <= on);
        self.has_departed = false;
        let Some(member) = roster.member_of(timeline.pupil) else { return };
        if member.segments().iter().all(|s| s.departed.is_none() || s.from > on) {
            return;
        }
        self.lay_asks(timeline);
        for (segment, s) in member.segments().iter().enumerate() {
            let (Some(left), Some(track)) = (s.departed, s.track) else { continue };
            for date in s.from.max(left).iter_days().take_while(|d| *d <= s.to.min(on)) {
                if calendar.is_day(track, date) && !s.expected {
                    let upto = timeline.records().partition_point(|r| r.date <= date);
                    let term = calendar.term_no(track, date);
                    self.asks.push(Ask { date, upto, kind: AskKind::Departed, segment, term });
                }
                if Some(date) >= calendar.last_day() {
                    break;
                }
            }
            self.asks.sort_by_key(|a| a.date);
        }
        self.has_departed = self.asks.iter().any(|a| a.kind == AskKind::Departed);
    }

    /// One ask for each record, once a rule may be true on one of them.
    fn lay_asks(&mut self, timeline: &Timeline) {
        if !self.asks.is_empty() {
            return;
        }
        self.asks.extend(timeline.records()[..self.days].iter().enumerate().map(|(i, r)| Ask {
            date: r.date,
            upto: i + 1,
            kind: if r.is_day { AskKind::Recorded } else { AskKind::Half },
            segment: usize::from(r.segment),
            term: r.term,
        }));
    }
}

/// The asks whose days are not ruled out, in their order.
#[derive(Default)]
struct Candidates {
    next_word: usize,
    bits: u64,
}

impl Candidates {
    fn next(&mut self, root: &Node, scratch: &Scratch) -> Option<usize> {
        // Without days of one who left there is one ask for each record.
        let n = if scratch.has_departed { scratch.asks.len() } else { scratch.days };
        while self.bits == 0 {
            if self.next_word * 64 >= n {
                return None;
            }
            self.bits = if scratch.has_departed { u64::MAX } else { may(root, &scratch.laid, self.next_word) };
            self.next_word += 1;
        }
        let i = (self.next_word - 1) * 64 + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        (i < n).then_some(i)
    }
}

fn is_asked(rule: &Compiled, ask: &Ask) -> bool {
    match ask.kind {
        AskKind::Recorded => true,
        AskKind::Half => rule.sees_half,
        AskKind::Departed => rule.asks_departed,
    }
}

/// An episode so far.
#[derive(Clone, Copy)]
struct Episode<'a> {
    first: &'a Ask,
    last: &'a Ask,
}

fn episodes(asked: &Asked, on: Date, out: &mut Findings) {
    let (rule, asks) = (asked.rule, &asked.scratch.asks);
    let in_effect = |a: &Ask| rule.from.is_none_or(|f| a.date >= f) && rule.to.is_none_or(|t| a.date <= t);
    let mut open: Option<Episode> = None;
    let start = out.len();
    let mut next = 0;
    let mut candidates = Candidates::default();
    while let Some(i) = candidates.next(&rule.root, asked.scratch) {
        // Days in between on which it is asked and cannot be true.
        if let Some(e) = open
            && asks[next..i].iter().any(|a| is_asked(rule, a) && in_effect(a))
        {
            finding(asked, &e, out.add());
            open = None;
        }
        next = i + 1;
        let ask = &asks[i];
        if !is_asked(rule, ask) || !in_effect(ask) {
            continue;
        }
        if let Some(e) = open
            && rule.stops
            && e.last.term != ask.term
        {
            finding(asked, &e, out.add());
            open = None;
        }
        let c = taken(asked, ask) && asked.holds(&rule.root, ask);
        open = match (open, c) {
            (Some(e), true) => Some(Episode { last: ask, ..e }),
            (None, true) => Some(Episode { first: ask, last: ask }),
            (Some(e), false) => {
                finding(asked, &e, out.add());
                None
            }
            (None, false) => None,
        };
    }
    // Of a day of the old school it is asked whether what was true of it is true still, and of no other whether the pupil
    // is expected: another school of the township may have them by now (rules.md §3).
    let of_a_departed = open.is_some_and(|e| e.last.kind == AskKind::Departed);
    if let Some(e) = open {
        finding(asked, &e, out.add());
    }
    if out.len() > start
        && let Some(last) = out.last_mut()
    {
        let latest = asks.iter().rfind(|a| is_asked(rule, a)).map(|a| a.date);
        last.open =
            Some(last.last_on) == latest && (!of_a_departed && asked.member.is_expected(on) || still_away(asked, on));
    }
}

fn taken(asked: &Asked, ask: &Ask) -> bool {
    let filter = &asked.rule.filter;
    filter.is_everybody() || filter.takes(&asked.member.segments()[ask.segment], asked.calendar, ask.date)
}

/// A rule about pupils who left: what it says is still true on the day asked for.
fn still_away(asked: &Asked, on: Date) -> bool {
    let rule = asked.rule;
    let segment = asked.member.index_at(on);
    if !rule.asks_departed || asked.member.segments()[segment].departed.is_none() {
        return false;
    }
    let term = asked.member.segments()[segment].track.map_or(255, |t| asked.calendar.term_no(t, on));
    let upto = asked.timeline.records().partition_point(|r| r.date <= on);
    let ask = Ask { date: on, upto, kind: AskKind::Departed, segment, term };
    taken(asked, &ask) && asked.holds(&rule.root, &ask)
}

fn finding(asked: &Asked, e: &Episode, out: &mut Finding) {
    let segment = &asked.member.segments()[e.last.segment];
    out.rule.clone_from(&asked.rule.id);
    out.rule_hash.clone_from(&asked.rule.hash);
    out.subject.school = Some(segment.school_id.clone());
    out.subject.class.clone_from(&segment.class);
    out.subject.pupil = Some(asked.member.pupil);
    out.fired_on = e.first.date;
    out.last_on = e.last.date;
    out.open = false;
    out.evidence.clear();
    out.measure = asked.account(&asked.rule.root, e.last, &mut out.evidence);
    out.evidence.sort_unstable();
    out.evidence.dedup();
}

/// What changed between two evaluations of the same subjects, by (rule, subject, fired_on). The school and class of a
/// pupil's finding move with the pupil and do not make it another. A finding that is no longer open when it is first seen
/// is `Opened` all the same: its `open` tells the two apart.
pub fn compare(old: &[Finding], new: &[Finding]) -> Vec<(Change, Finding)> {
    type Key<'a> = (&'a str, (Option<i64>, Option<&'a str>, Option<&'a str>), Date);
    fn key(f: &Finding) -> Key<'_> {
        let s = &f.subject;
        let subject = match s.pupil {
            Some(p) => (Some(p.0), None, None),
            None => (None, s.school.as_ref().map(|x| x.as_str()), s.class.as_ref().map(|x| x.as_str())),
        };
        (f.rule.as_str(), subject, f.fired_on)
    }
    let olds: BTreeMap<Key, &Finding> = old.iter().map(|f| (key(f), f)).collect();
    let news: BTreeMap<Key, &Finding> = new.iter().map(|f| (key(f), f)).collect();
    let mut out = Vec::new();
    for (k, f) in &olds {
        if !news.contains_key(k) {
            out.push((Change::Retracted, (*f).clone()));
        }
    }
    for (k, f) in &news {
        match olds.get(k) {
            None => out.push((Change::Opened, (*f).clone())),
            Some(o) => {
                // One that comes back to life by a correction, or reaches further, is longer.
                if f.last_on > o.last_on || f.open && !o.open {
                    out.push((Change::Extended, (*f).clone()));
                }
                if !f.open && (o.open || f.last_on > o.last_on) {
                    out.push((Change::Cleared, (*f).clone()));
                }
            }
        }
    }
    out
}

/// The next instant after `on` at which this pupil's findings can change by the clock alone: a day that is recorded in
/// advance (leave, a decision), the day after an end of leave, an end or beginning of expectation, a school day of one who
/// left, a rule that comes into effect or goes out of it. `None`: nothing but new evidence can change them.
pub fn next_instant(
    program: &Program,
    calendar: &Calendar,
    roster: &Roster,
    timeline: &Timeline,
    on: Date,
) -> Option<Time> {
    let mut next: Option<Date> = None;
    let mut offer = |d: Option<Date>| {
        if let Some(d) = d.filter(|d| *d > on) {
            next = Some(next.map_or(d, |n| n.min(d)));
        }
    };
    let day_after = |d: Date| d.checked_add_days(Days::new(1));
    for r in timeline.records() {
        offer(Some(r.date));
        offer(r.leave_until.and_then(day_after));
    }
    for rule in &program.rules {
        offer(rule.from);
        offer(rule.to.and_then(day_after));
    }
    let follows_departed = program.rules.iter().any(|r| r.asks_departed);
    if let Some(m) = roster.member_of(timeline.pupil) {
        for s in m.segments() {
            offer(Some(s.from));
            if let (true, Some(_), Some(track)) = (follows_departed, s.departed, s.track) {
                let n = calendar.days_upto(track, on.max(s.from)) + 1;
                offer(calendar.nth_day(track, n).filter(|d| *d <= s.to));
            }
        }
    }
    next.map(|d| d.and_time(TimeOfDay::MIN))
}
