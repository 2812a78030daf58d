//! What happens to a child's case by itself (cases.md §1): opening, levels, retraction, leave, return, watch, relapse,
//! expiry. One pupil, one instant in; events out. The climb is `climbing`'s, people's commands are `command`'s.

use super::calendar::Calendar;
use super::case::{self, Case, Event, Ground, Reason, Remover, State, Stated};
use super::finding::{Change, Finding};
use super::ids::{CaseId, DecisionId, PupilId, RuleId, Word};
use super::policy::{Anchor, Ladder, Policy, Watch};
use super::rule::ast::{Cond, Counting, DayTest, Rule};
use super::timeline::{Day, Segment, Timeline};
use super::{Date, Time};
use chrono::Days;
use std::collections::BTreeSet;

/// Everything about one pupil that a decision rests on.
pub struct PupilView<'a> {
    pub policy: &'a Policy,
    pub calendar: &'a Calendar,
    pub pupil: PupilId,
    /// As of today.
    pub segment: Option<&'a Segment>,
    pub timeline: &'a Timeline,
    /// The findings as they are now…
    pub findings: &'a [Finding],
    /// …and what changed in this step.
    pub changes: &'a [(Change, Finding)],
    /// Ladders by hash, the versions of running climbs among them.
    pub ladders: &'a dyn Fn(&str) -> Option<Ladder>,
    /// Rule texts by hash (a ground may rest on an older version).
    pub rules: &'a dyn Fn(&str) -> Option<Rule>,
    /// The latest return that a feedback file states (one that a person states comes as a command).
    pub stated: Option<(Date, Stated)>,
    /// What took a finding away.
    pub removed_by: &'a dyn Fn(&Finding) -> Option<Remover>,
    /// The child was there on a day by what others than this decision say of it.
    pub there_without: &'a dyn Fn(DecisionId, Date) -> bool,
    pub now: Time,
}

/// A case in the making: events are applied as they are written.
pub struct Draft {
    pub case: Case,
    pub events: Vec<Event>,
    /// It was not in the store before.
    pub fresh: bool,
    now: Time,
}

impl Draft {
    pub fn of(case: Case, now: Time) -> Draft {
        Draft { case, events: Vec::new(), fresh: false, now }
    }
    pub fn emit(&mut self, event: Event) {
        case::apply(&mut self.case, self.now, &event);
        self.events.push(event);
    }
}

/// What the store must give for an opening.
pub trait Numbers {
    fn next_case(&mut self) -> CaseId;
    /// The next number of that school year, with the township's code in front.
    fn next_number(&mut self, school_year: i32) -> String;
    /// Earlier numbered cases of the pupil in the school year of now.
    fn earlier_cases(&self, pupil: PupilId) -> u32;
}

/// What follows from findings and attendance for one pupil. `cases`: all of the pupil's, oldest first.
pub fn react(view: &PupilView, cases: Vec<Case>, numbers: &mut dyn Numbers) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = cases.into_iter().map(|c| Draft::of(c, view.now)).collect();
    retract(view, &mut drafts);
    bring_back(view, &mut drafts);
    // A suspension that is over opens its own case again before its new evidence looks for a case to join.
    if let Some(d) = drafts.last_mut().filter(|d| d.case.state == State::Closed) {
        while_closed(view, d);
    }
    if let Some(d) = drafts.last_mut().filter(|d| d.case.state == State::Watching) {
        close_before(view, d);
    }
    join(view, &mut drafts, numbers);
    for d in &mut drafts {
        settle_grounds(view, d, numbers);
    }
    for d in &mut drafts {
        match d.case.state {
            State::Open => while_open(view, d),
            State::Watching => {
                while_watching(view, d);
                // A relapse that is learnt together with the return that followed it alarms nobody. (What was stated and
                // not confirmed still stands among the days of this step.)
                let unconfirmed = d.events.iter().any(|e| matches!(e, Event::ReturnUnconfirmed { .. }));
                if d.case.state == State::Open && !unconfirmed {
                    while_open(view, d);
                }
            }
            State::Closed => {}
        }
    }
    drafts
}

// ---------------------------------------------------------------- findings

fn retract(view: &PupilView, drafts: &mut [Draft]) {
    for (change, f) in view.changes.iter().filter(|(c, _)| *c == Change::Retracted) {
        let _ = change;
        for d in drafts.iter_mut() {
            let known = d.case.grounds.iter().any(|g| g.rule == f.rule && g.fired_on == f.fired_on && !g.retracted);
            if known {
                let removed_by = (view.removed_by)(f);
                d.emit(Event::FindingRetracted { rule: f.rule.clone(), fired_on: f.fired_on, removed_by });
                if let Some(ground) = moved(view, &d.case, f) {
                    d.emit(Event::FindingAdded { ground });
                }
            }
        }
    }
}

/// A correction may only move the first day of a finding that is over: the absence that still stands stays the ground of
/// its case. (One that is still open joins by itself.)
fn moved(view: &PupilView, case: &Case, gone: &Finding) -> Option<Ground> {
    let goes_on = |f: &Finding| f.rule == gone.rule && f.evidence.iter().any(|d| gone.evidence.contains(d));
    let opened = view.changes.iter().filter(|(c, _)| *c == Change::Opened).map(|(_, f)| f);
    let f = opened.into_iter().find(|f| !f.open && goes_on(f) && !stands_on(case, f))?;
    (case.state != State::Closed).then(|| ground(view, f)).flatten()
}

/// A finding that comes back (same rule and `fired_on`) stands again; a case closed as mistaken for want of it is open again.
fn bring_back(view: &PupilView, drafts: &mut [Draft]) {
    for (_, f) in view.changes.iter().filter(|(c, _)| *c == Change::Opened) {
        // A pupil has at most one case that is not closed: with another one open the finding joins that.
        let other = drafts.iter().any(|d| d.case.state != State::Closed);
        let Some(d) = drafts
            .iter_mut()
            .rev()
            .find(|d| d.case.grounds.iter().any(|g| g.rule == f.rule && g.fired_on == f.fired_on && g.retracted))
        else {
            continue;
        };
        if d.case.state != State::Closed {
            d.emit(Event::FindingBack { rule: f.rule.clone(), fired_on: f.fired_on });
        } else if d.case.closing.as_ref().is_some_and(|c| c.reason == Reason::Mistaken && c.by.is_none())
            && f.open
            && !other
        {
            d.emit(Event::FindingBack { rule: f.rule.clone(), fired_on: f.fired_on });
            d.emit(Event::Reopened { by: String::new(), why: f.rule.to_string(), seen: None, stands: Vec::new() });
            go_on(view, d);
        }
    }
}

/// A finding that may open or join a case: open, with a ladder, and its last day is one on which absence alarms.
fn ground_of(view: &PupilView, f: &Finding) -> Option<Ground> {
    ground(view, f).filter(|_| f.open)
}

fn ground(view: &PupilView, f: &Finding) -> Option<Ground> {
    let rule = view.policy.rules.iter().find(|r| r.id == f.rule && r.hash == f.rule_hash)?;
    let ladder = rule.ladder.clone()?;
    let live = view.policy.live_from.is_none_or(|d| f.last_on >= d);
    live.then(|| Ground {
        rule: f.rule.clone(),
        hash: f.rule_hash.clone(),
        fired_on: f.fired_on,
        level: rule.level,
        ladder: Some(ladder),
        retracted: false,
    })
}

fn stands_on(case: &Case, f: &Finding) -> bool {
    case.grounds.iter().any(|g| g.rule == f.rule && g.fired_on == f.fired_on && !g.retracted)
}

/// A watch that was over before what is new now is closed first: that is no relapse.
fn close_before(view: &PupilView, d: &mut Draft) {
    let Some(returned) = d.case.returned.clone() else { return };
    let Some(end) = watch_end(view, &d.case, returned.day).filter(|end| view.now.date() > *end) else { return };
    let news = view
        .changes
        .iter()
        .filter(|(c, f)| *c == Change::Opened && !stands_on(&d.case, f))
        .filter_map(|(_, f)| ground_of(view, f).map(|_| f));
    let mut after = news.map(|f| f.fired_on > end).peekable();
    if after.peek().is_some() && after.all(|later| later) {
        while_watching(view, d);
    }
}

/// Findings that are new to the pupil's case open it, join it, or are its relapse.
fn join(view: &PupilView, drafts: &mut Vec<Draft>, numbers: &mut dyn Numbers) {
    let fresh: Vec<&Finding> = view
        .changes
        .iter()
        .filter(|(c, f)| matches!(c, Change::Opened | Change::Extended) && ground_of(view, f).is_some())
        .map(|(_, f)| f)
        .collect();
    if fresh.is_empty() {
        return;
    }
    if let Some(d) = drafts.iter_mut().find(|d| d.case.state != State::Closed) {
        let opened: Vec<&&Finding> = fresh.iter().filter(|f| !stands_on(&d.case, f)).collect();
        let last_day = |f: &Finding| f.evidence.last().copied().unwrap_or(f.last_on);
        let on = opened.iter().map(|f| last_day(f)).max();
        // What is learnt late about the days before the return joins the case; the child is no less back for it.
        let returned = d.case.returned.as_ref().map(|r| r.day);
        let relapse = on.filter(|on| d.case.state == State::Watching && returned.is_none_or(|day| *on >= day));
        for ground in opened.iter().filter_map(|f| ground_of(view, f)).collect::<Vec<_>>() {
            d.emit(Event::FindingAdded { ground });
        }
        if let Some(on) = relapse {
            relapse_of(view, d, on);
        }
        return;
    }
    // After a closing only evidence dated after it opens a new case; then every finding that is open joins.
    let last = drafts.last();
    let news = fresh.iter().any(|f| {
        let Some(day) = f.evidence.last().copied().or(Some(f.last_on)) else { return false };
        match last.and_then(|d| d.case.closing.as_ref()) {
            // A watch that ended unseen (the machine slept) was over with its last day, not with the waking.
            Some(c) if c.reason == Reason::Returned => {
                day >= c.at.date() || last.and_then(|d| d.case.watch_until).is_some_and(|end| day > end)
            }
            Some(c) => day > c.at.date(),
            None => true,
        }
    });
    if !news {
        return;
    }
    let relapse_of = last.map(|d| d.case.id);
    let mut d = Draft::of(case::open(numbers.next_case(), view.pupil, relapse_of, view.now), view.now);
    d.fresh = true;
    d.events.push(Event::Opened { pupil: view.pupil, relapse_of });
    for ground in view.findings.iter().filter_map(|f| ground_of(view, f)) {
        d.emit(Event::FindingAdded { ground });
    }
    drafts.push(d);
}

/// Levels, ladders, the number, and what a retraction leaves behind.
fn settle_grounds(view: &PupilView, d: &mut Draft, numbers: &mut dyn Numbers) {
    if d.case.state == State::Closed {
        return;
    }
    let retracted = d.events.iter().any(|e| matches!(e, Event::FindingRetracted { .. }));
    if d.case.grounds.iter().all(|g| g.retracted) {
        if retracted {
            let telling = d.case.corrections + 1;
            let evidence = String::new();
            d.emit(Event::Closed { reason: Reason::Mistaken, evidence, until: None, by: None, decision: None });
            d.emit(Event::Corrected { telling });
        }
        return;
    }
    let mut level = d.case.grounds.iter().filter(|g| !g.retracted).map(|g| g.level).max().unwrap_or(0);
    let (year, _) = view.calendar.school_year_of(view.now.date());
    for g in d.case.grounds.iter().filter(|g| !g.retracted) {
        let ladder = g.ladder.as_ref().and_then(|l| view.policy.ladder(l));
        if let Some(again) = ladder.and_then(|l| l.again)
            && numbers.earlier_cases(view.pupil) >= again.cases
        {
            level = level.max(again.level);
        }
    }
    let from = d.case.level;
    if level > from {
        d.emit(Event::LevelRaised { from, to: level });
    } else if level < from && retracted {
        d.emit(Event::LevelLowered { from, to: level });
        cancel_higher(view, d, level);
    }
    for g in d.case.grounds.clone().into_iter().filter(|g| !g.retracted) {
        let Some(ladder) = g.ladder else { continue };
        if !d.case.climbs.iter().any(|c| c.ladder == ladder)
            && let Some(l) = view.policy.ladder(&ladder)
        {
            d.emit(Event::ClimbStarted { ladder, hash: l.hash.clone() });
        }
    }
    if d.case.number.is_none() && d.case.level >= view.policy.ledger_from {
        d.emit(Event::Numbered { number: numbers.next_number(year) });
    }
}

/// Rungs that only the higher level called for are cancelled (those of a ladder that no finding calls for any more among
/// them), and its marks are taken off; whoever one of the rungs has told gets one correction.
fn cancel_higher(view: &PupilView, d: &mut Draft, level: u8) {
    let mut any = false;
    for climb in d.case.climbs.clone() {
        let Some(ladder) = (view.ladders)(&climb.hash) else { continue };
        let stands = d.case.grounds.iter().any(|g| !g.retracted && g.ladder.as_ref() == Some(&climb.ladder));
        // Marks stand in the order in which one sets the next.
        let mut gone: BTreeSet<&Word> = BTreeSet::new();
        for rule in &ladder.marks {
            let called = match &rule.at.anchor {
                Anchor::Level(l) => *l > level,
                Anchor::Mark(m) => gone.contains(m),
                _ => false,
            };
            if called || !stands {
                gone.insert(&rule.mark);
            }
        }
        let called = |anchor: &Anchor| match anchor {
            _ if !stands => true,
            Anchor::Level(l) => *l > level,
            Anchor::Mark(m) => gone.contains(m),
            _ => false,
        };
        for rung in ladder.rungs.iter().filter(|r| called(&r.at.anchor)) {
            if climb.rungs.contains_key(&rung.id) {
                d.emit(Event::RungCancelled { ladder: climb.ladder.clone(), rung: rung.id.clone() });
                any = true;
            }
        }
        for mark in gone {
            if d.case.first_marked.contains_key(mark) {
                d.emit(Event::Unmarked { mark: mark.clone(), retracted: true });
            }
        }
    }
    if any {
        let telling = d.case.corrections + 1;
        d.emit(Event::Corrected { telling });
    }
}

// ---------------------------------------------------------------- attendance

/// The ladder that sets `return`, `watch` and `acknowledge`: that of the highest level (the first on a tie).
pub fn leading_ladder(case: &Case, ladders: &dyn Fn(&str) -> Option<Ladder>) -> Option<Ladder> {
    let mut best: Option<(u8, usize)> = None;
    for (i, c) in case.climbs.iter().enumerate() {
        let level = case
            .grounds
            .iter()
            .filter(|g| g.ladder.as_ref() == Some(&c.ladder) && !g.retracted)
            .map(|g| g.level)
            .max()
            .unwrap_or(0);
        if best.is_none_or(|(l, _)| level > l) {
            best = Some((level, i));
        }
    }
    ladders(&case.climbs[best?.1].hash)
}

fn countings<'c>(when: &'c Cond, out: &mut Vec<&'c Counting>) {
    match when {
        Cond::Consecutive { counting, .. }
        | Cond::Total { counting, .. }
        | Cond::Rate { counting, .. }
        | Cond::Weekday { counting, .. } => out.push(counting),
        Cond::All(list) | Cond::Any(list) => list.iter().for_each(|c| countings(c, out)),
        _ => {}
    }
}

/// The day counts for a finding of the case.
pub fn counts_for(rules: &dyn Fn(&str) -> Option<Rule>, case: &Case, day: &Day) -> bool {
    case.grounds.iter().filter(|g| !g.retracted).any(|g| {
        let Some(rule) = rules(&g.hash) else { return false };
        let mut of = Vec::new();
        countings(&rule.when, &mut of);
        of.iter().any(|c| day.counts(&c.of, c.day.as_ref().unwrap_or(&rule.day), &c.slots))
    })
}

/// The last date on which something counted for a finding of the case.
fn last_of_findings(view: &PupilView, case: &Case) -> Option<Date> {
    let grounds = case.grounds.iter().filter(|g| !g.retracted);
    let dates = grounds.filter_map(|g| {
        let f = view.findings.iter().find(|f| f.rule == g.rule && f.fired_on == g.fired_on);
        f.and_then(|f| f.evidence.last().copied()).or(Some(g.fired_on))
    });
    dates.max()
}

/// The last evidence of the case: of its findings, the days that made a relapse without one, and what was known when it
/// was opened again.
pub fn last_evidence(view: &PupilView, case: &Case) -> Option<Date> {
    last_of_findings(view, case).max(case.relapsed_on).max(case.seen)
}

/// The relapse that followed the last return still stands, so that no day before it shows one: a correction may have taken
/// its days away. (One by a finding that still stands is evidence like any other.)
fn relapse_stands(view: &PupilView, case: &Case, day: Date) -> bool {
    let Some(on) = case.relapsed_on.filter(|on| *on > day) else { return false };
    let Some(from) = case.returned.as_ref().map(|r| r.day).filter(|from| *from <= day) else { return true };
    let Some(rule) = leading_ladder(case, view.ladders).map(|l| l.watch) else { return true };
    let within = view.timeline.days(view.calendar).filter(|d| d.counts_as_day() && d.date() > from && d.date() <= on);
    within.filter(|d| relapses(&rule, d)).count() >= rule.relapse_days.max(1) as usize
}

/// The day is one of those of which so many within the watch are a relapse.
fn relapses(watch: &Watch, day: &Day) -> bool {
    day.counts(&watch.relapse_of, &DayTest::Share(super::ratio::Ratio::HALF), &[])
}

/// The day on which a return by attendance is complete: `days` recorded days in a row after the last evidence that still
/// stands on which the child was there.
fn return_day(view: &PupilView, case: &Case, days: u32) -> Option<Date> {
    let after = last_of_findings(view, case).max(case.seen)?;
    let mut run = 0;
    let recorded = view.timeline.days(view.calendar).filter(|d| d.counts_as_day());
    for day in recorded.filter(|d| d.date() > after && d.date() <= view.now.date()) {
        let there = day.attended_share().is_some_and(|s| s >= super::ratio::Ratio::HALF);
        run = if there && !counts_for(view.rules, case, &day) { run + 1 } else { 0 };
        if run >= days.max(1) && !relapse_stands(view, case, day.date()) && !is_followed(view, case, day.date()) {
            return Some(day.date());
        }
    }
    None
}

/// When the return on this day becomes known, so does a relapse after it: the child is away.
fn is_followed(view: &PupilView, case: &Case, day: Date) -> bool {
    let Some(rule) = leading_ladder(case, view.ladders).map(|l| l.watch) else { return false };
    let end = watch_end(view, case, day).unwrap_or(view.now.date()).min(view.now.date());
    let within = view.timeline.days(view.calendar).filter(|d| d.counts_as_day() && d.date() > day && d.date() <= end);
    within.filter(|d| relapses(&rule, d)).count() >= rule.relapse_days.max(1) as usize
}

/// What attendance had shown of the return has not been corrected since.
fn return_stands(view: &PupilView, case: &Case, returned: &case::Return, days: u32) -> bool {
    if returned.stated.is_some() && !returned.withdrawn {
        return true;
    }
    let n = days.max(1) as usize;
    let upto: Vec<Day> =
        view.timeline.days(view.calendar).filter(|d| d.counts_as_day() && d.date() <= returned.day).collect();
    let there = |d: &&Day| {
        d.attended_share().is_some_and(|s| s >= super::ratio::Ratio::HALF) && !counts_for(view.rules, case, d)
    };
    let stands =
        upto.last().is_some_and(|d| d.date() == returned.day) && upto.iter().rev().take(n).filter(there).count() == n;
    stands || return_day(view, case, days).is_some()
}

/// The watch's last school day by the calendar of now; `None`: the calendar ends first.
fn watch_end(view: &PupilView, case: &Case, day: Date) -> Option<Date> {
    let n = leading_ladder(case, view.ladders).map_or(20, |l| l.watch.school_days);
    match view.segment {
        Some(s) => view.calendar.add_school_days(&s.school_id, s.grade, s.class.as_ref(), day, n),
        None => Some(view.calendar.add_working_days(day, n)),
    }
}

/// What is written down when the watch begins; it follows the calendar later.
fn watch_until(view: &PupilView, d: &Draft, day: Date) -> Date {
    let n = leading_ladder(&d.case, view.ladders).map_or(20, |l| l.watch.school_days);
    watch_end(view, &d.case, day).unwrap_or_else(|| view.calendar.add_working_days(day, n))
}

/// From when on a case is one for review: the day after the pupil's grade 9 has ended, or the 16th birthday.
fn review_from(view: &PupilView) -> Option<Date> {
    let s = view.segment?;
    let birthday = s.birth_date.map(|b| super::calendar::months_after(b, 16 * 12));
    let today = view.now.date();
    // The school year's last term: one that ends in spring or summer.
    let last_term = |t: &&super::policy::Term| (4..=8).contains(&chrono::Datelike::month(&t.end)) && t.end >= s.from;
    let grade_over = view
        .calendar
        .terms()
        .iter()
        .filter(|_| s.grade == Some(9))
        .filter(last_term)
        .map(|t| t.end + Days::new(1))
        .filter(|d| {
            *d <= today || view.calendar.school_year_of(*d - Days::new(1)).0 == view.calendar.school_year_of(today).0
        })
        .min();
    birthday.into_iter().chain(grade_over).min()
}

fn while_open(view: &PupilView, d: &mut Draft) {
    confirm(view, d);
    if !d.case.review && review_from(view).is_some_and(|day| day <= view.now.date()) {
        d.emit(Event::ReviewOpened {});
    }
    let Some(ladder) = leading_ladder(&d.case, view.ladders) else { return };
    // The days that a file states are no attendance yet, so it is looked at before them.
    if let Some((day, stated)) = view.stated.clone()
        && last_evidence(view, &d.case).is_none_or(|e| day > e)
    {
        state_return(view, d, day, stated);
        return;
    }
    if let Some(day) = return_day(view, &d.case, ladder.return_days) {
        let watch_until = watch_until(view, d, day);
        d.emit(Event::Returned { day, stated: None, watch_until });
        unmark(d);
        return;
    }
    let latest = view.timeline.latest_day(view.calendar, view.now.date());
    let on_leave =
        latest.is_some_and(|day| day.excused_with_end() && day.leave_until().is_some_and(|u| u >= view.now.date()));
    match (on_leave, d.case.paused) {
        (true, false) => d.emit(Event::Paused {}),
        (false, true) => d.emit(Event::Resumed {}),
        _ => {}
    }
}

/// A return stated by a person (or a feedback file) acts at once; attendance must confirm it. One of a day before the last
/// evidence is none: the child has been away since.
pub fn state_return(view: &PupilView, d: &mut Draft, day: Date, stated: Stated) {
    if d.case.state != State::Open || last_evidence(view, &d.case).is_some_and(|e| day < e) {
        d.emit(Event::ReturnStated { day, decision: stated.decision, by: stated.by });
    } else {
        let watch_until = watch_until(view, d, day);
        d.emit(Event::Returned { day, stated: Some(stated), watch_until });
        unmark(d);
    }
}

fn unmark(d: &mut Draft) {
    if d.case.marks.contains_key("suspected") {
        d.emit(Event::Unmarked { mark: "suspected".into(), retracted: false });
    }
}

/// The recorded days after the return.
fn days_since<'v>(view: &PupilView<'v>, returned: &case::Return) -> Vec<Day<'v>> {
    let day = returned.day;
    view.timeline
        .days(view.calendar)
        .filter(|d| d.counts_as_day() && d.date() > day && d.date() <= view.now.date())
        .collect()
}

/// Attendance confirms a stated return within its three recorded days, or the statement is withdrawn; it is looked at
/// when the child has been away again since, too.
fn confirm(view: &PupilView, d: &mut Draft) {
    let Some(returned) = d.case.returned.clone().filter(|r| !r.confirmed && !r.withdrawn) else { return };
    let Some(stated) = &returned.stated else { return };
    let after = days_since(view, &returned);
    if after.iter().any(Day::has_attended) {
        d.emit(Event::ReturnConfirmed {});
    } else if after.len() >= 3 && (view.there_without)(stated.decision, returned.day) {
        // The roll call of the very day says so, too.
        d.emit(Event::ReturnConfirmed {});
    } else if after.len() >= 3 {
        let watching = d.case.state == State::Watching;
        d.emit(Event::ReturnUnconfirmed { decision: Some(stated.decision), by: stated.by.clone() });
        if watching {
            go_on(view, d);
        }
    }
}

fn while_watching(view: &PupilView, d: &mut Draft) {
    confirm(view, d);
    let Some(returned) = d.case.returned.clone().filter(|_| d.case.state == State::Watching) else { return };
    let after = days_since(view, &returned);
    let Some(ladder) = leading_ladder(&d.case, view.ladders) else { return };
    if !return_stands(view, &d.case, &returned, ladder.return_days) {
        if returned.withdrawn {
            d.emit(Event::ReturnUndone {});
            go_on(view, d);
            return;
        }
        relapse_of(view, d, returned.day);
        return;
    }
    if returned.withdrawn && !returned.confirmed {
        d.emit(Event::ReturnConfirmed {});
    }
    // The calendar is that of now: an edit, or another school, moves the end of the watch.
    let end = watch_end(view, &d.case, returned.day);
    if let (Some(to), Some(from)) = (end, d.case.watch_until)
        && from != to
    {
        d.emit(Event::WatchMoved { from, to });
    }
    let until = d.case.watch_until.unwrap_or(returned.day);
    let counting: Vec<Date> = after
        .iter()
        .filter(|day| day.date() <= until)
        .filter(|day| relapses(&ladder.watch, day))
        .map(Day::date)
        .collect();
    if counting.len() >= ladder.watch.relapse_days.max(1) as usize {
        let on = counting.last().copied().unwrap_or(until);
        relapse_of(view, d, on);
        return;
    }
    let confirmed = d.case.returned.as_ref().is_some_and(|r| r.confirmed);
    if end.is_some_and(|e| view.now.date() > e) && confirmed {
        let evidence = String::new();
        d.emit(Event::Closed { reason: Reason::Returned, evidence, until: None, by: None, decision: None });
    }
}

fn relapse_of(view: &PupilView, d: &mut Draft, on: Date) {
    d.emit(Event::Relapsed { on });
    go_on(view, d);
}

/// On the first recorded day after the stated end of a suspension or exemption without an attended period the case is
/// open again.
fn while_closed(view: &PupilView, d: &mut Draft) {
    let Some(closing) = d.case.closing.clone() else { return };
    let Some(until) = closing.until.filter(|_| matches!(closing.reason, Reason::Suspended | Reason::Exempt)) else {
        return;
    };
    let first = view.timeline.days(view.calendar).find(|day| day.counts_as_day() && day.date() > until);
    if let Some(day) = first.filter(|day| !day.has_attended()) {
        // The day itself may yet be corrected to one that was attended.
        d.emit(Event::Expired { seen: Some(day.date() - Days::new(1)) });
        go_on(view, d);
    }
}

/// A person opens a closed case again. Findings whose retraction had closed it stand by this word. What attendance had shown
/// until now shows no return: only days after this one do, and this one if its roll call is still to come.
pub fn reopen(view: &PupilView, d: &mut Draft, by: &str, why: &str, fallen: Vec<(RuleId, Date)>) {
    let today = view.now.date();
    let recorded = view.timeline.days(view.calendar).any(|day| day.counts_as_day() && day.date() == today);
    let seen = if recorded { today } else { today - Days::new(1) };
    let stands = if d.case.grounds.iter().all(|g| g.retracted) { fallen } else { Vec::new() };
    d.emit(Event::Reopened { by: by.to_owned(), why: why.to_owned(), seen: Some(seen), stands });
    go_on(view, d);
}

/// Every climb goes on with its next rung at once.
pub fn go_on(view: &PupilView, d: &mut Draft) {
    for climb in d.case.climbs.clone() {
        let Some(ladder) = (view.ladders)(&climb.hash) else { continue };
        let footing = footing(view);
        if let Some(rung) =
            super::ladder::next_rung(&footing, &climb, &ladder, &super::climbing::anchors(&d.case, &climb))
        {
            d.emit(Event::WentOn { ladder: climb.ladder.clone(), rung });
        } else if let Some(repeat) = &ladder.repeat {
            d.emit(Event::WentOn { ladder: climb.ladder.clone(), rung: repeat.rung.clone() });
        }
    }
}

pub fn footing<'a>(view: &PupilView<'a>) -> super::ladder::Footing<'a> {
    super::ladder::Footing {
        calendar: view.calendar,
        place: view.segment.map(|s| (&s.school_id, s.grade, s.class.as_ref())),
    }
}

/// An act lands in the ledger, and prolongs an acknowledgement that holds by `holds` from its end, once.
pub fn record_act(
    footing: &super::ladder::Footing,
    ladders: &dyn Fn(&str) -> Option<Ladder>,
    d: &mut Draft,
    act: Event,
) {
    // A guardian's reply holds nothing. Within one instant acts come before holds that end.
    let replied = matches!(&act, Event::ActRecorded { kind, .. } if *kind == "replied");
    let ack = d.case.ack.clone().filter(|a| a.until >= d.now && !a.prolonged && !replied);
    d.emit(act);
    if let (Some(ack), Some(rule)) = (ack, leading_ladder(&d.case, ladders).and_then(|l| l.acknowledge)) {
        let until = super::ladder::add(footing, ack.until, rule.holds, None);
        d.emit(Event::AcknowledgementProlonged { until });
    }
}

/// The instants at which something about a case changes by the clock alone (leave and watches that end).
pub fn next_instant(view: &PupilView, case: &Case) -> Option<Time> {
    let midnight_after = |d: Date| (d + Days::new(1)).and_time(super::TimeOfDay::MIN);
    let mut next: Option<Time> = None;
    let mut add = |t: Time| {
        if t > view.now {
            next = Some(next.map_or(t, |n: Time| n.min(t)));
        }
    };
    if case.state == State::Open
        && !case.review
        && let Some(day) = review_from(view)
    {
        add(day.and_time(super::TimeOfDay::MIN));
    }
    if case.state == State::Watching
        && let Some(until) = case.watch_until
    {
        add(midnight_after(until));
    }
    if case.paused
        && let Some(until) = view.timeline.latest_day(view.calendar, view.now.date()).and_then(|d| d.leave_until())
    {
        add(midnight_after(until));
    }
    next
}

/// A return that a person stated is withdrawn when attendance does not confirm it.
pub fn withdrawn(events: &[Event], before: &Case) -> Option<DecisionId> {
    events
        .iter()
        .any(|e| matches!(e, Event::ReturnUnconfirmed { .. }))
        .then(|| before.returned.as_ref().and_then(|r| r.stated.as_ref()).map(|s| s.decision))
        .flatten()
}
