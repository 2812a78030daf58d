//! What the random worlds hold, counted: every condition, unit, option, status and standing, how many rules or worlds had it,
//! and how many of those rules found something. KONGCHUO_COVERAGE=1 prints the table.

use crate::world::world;
use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::timeline;
use std::collections::{BTreeMap, BTreeSet};

/// Words of the language, as the derived texts of its values write them: names of variants, and `field=true`.
fn words(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for part in text.split([' ', '(', ')', ',', '{', '}', '[', ']']) {
        if part.starts_with(|c: char| c.is_ascii_uppercase()) && part.chars().all(|c| c.is_ascii_alphanumeric()) {
            out.insert(part.to_string());
        }
    }
    for field in ["over", "parts", "by_days", "planned", "across_terms", "across_schools", "excused_stops"] {
        for value in ["true", "false"] {
            if text.contains(&format!("{field}: {value}")) {
                out.insert(format!("{field}={value}"));
            }
        }
    }
    for status in crate::world::statuses() {
        if text.contains(&format!("\"{}\"", status.id)) {
            out.insert(format!("of {}", status.id));
        }
    }
    out
}

const RULES: &str = "Consecutive Total Rate Weekday NotRegistered Unlisted OverdueReturn LeaveStated NotArrived Acts StillAbsent \
    All Any Not Cluster RollCallMissing AlwaysFull CorrectedLate \
    Days CalendarDays Weeks Months Sessions Lessons Hours Periods Spells Day Attended AttendedDays Share \
    SchoolDays SchoolWeeks Week Month Term SchoolYear Enrolment Span Run AfterAct \
    Pupil Class School Junior Female Male Age \
    over=true parts=true by_days=true planned=true across_terms=true across_terms=false across_schools=false \
    excused_stops=true excused_stops=false";

const WORLDS: &str = "Enrolled Suspended Deferred HomeTaught TransferredOut Graduated Left Excuse Return NotExpected \
    Full Exceptions Rows Day Ignore Follow Years";

#[test]
fn random_worlds_hold_the_whole_language_and_it_finds_something() {
    let mut rules: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut worlds: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..=100 {
        let w = world(seed);
        let found = crate::fast(&w.policy, &w.evidence, &w.pupils, w.on, Some(w.now));
        for rule in &w.policy.rules {
            let fired = found.iter().any(|f| f.rule == rule.id);
            for word in words(&format!("{rule:?}")) {
                let n = rules.entry(word).or_default();
                n.0 += 1;
                n.1 += usize::from(fired);
            }
        }
        let e = &w.evidence;
        let text = format!("{:?} {:?} {:?} {:?}", e.register, e.decisions, e.deliveries, w.policy.schools);
        let text = format!("{text} {:?}", w.policy.calendar.holidays);
        let mut held: BTreeSet<String> = words(&text).into_iter().filter(|x| !x.contains([' ', '='])).collect();
        let calendar = Calendar::new(&w.policy);
        let built = timeline::build(&w.policy, &calendar, e, &w.pupils, w.on, None);
        for day in built.timelines.values().flat_map(|t| t.days(&calendar)) {
            held.extend(day.statuses().map(|(_, s, _)| format!("status {s}")));
            held.extend((!day.counts_as_day()).then(|| "half day that is no day".to_string()));
            held.extend(day.leave_until().map(|_| "leave until".to_string()));
        }
        held.extend(e.decisions.iter().any(|d| d.withdrawn_at.is_some()).then(|| "withdrawn".to_string()));
        held.extend((!e.leaves.is_empty()).then(|| "leave interval".to_string()));
        for word in held {
            *worlds.entry(word).or_default() += 1;
        }
    }
    if std::env::var_os("KONGCHUO_COVERAGE").is_some() {
        for (word, (n, fired)) in &rules {
            println!("{word:24} in {n:4} rules, of which {fired:4} found something");
        }
        for (word, n) in &worlds {
            println!("{word:24} in {n:4} worlds");
        }
    }
    let never: Vec<&str> =
        RULES.split_whitespace().filter(|w| rules.get(*w).is_none_or(|(n, fired)| *n == 0 || *fired == 0)).collect();
    assert!(never.is_empty(), "no rule with it finds anything: {never:?}");
    let mut wanted: Vec<String> = WORLDS.split_whitespace().map(str::to_string).collect();
    wanted.extend(crate::world::statuses().iter().map(|s| format!("status {}", s.id)));
    wanted.extend(["half day that is no day", "leave until", "withdrawn", "leave interval"].map(str::to_string));
    let never: Vec<&String> = wanted.iter().filter(|w| !worlds.contains_key(*w)).collect();
    assert!(never.is_empty(), "in no world: {never:?}");
}
