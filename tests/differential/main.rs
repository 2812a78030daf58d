//! The program's evaluator against a second, simple one, over random rules and random evidence, finding by finding.
//! KONGCHUO_SEEDS=20000 runs as many seeds (from KONGCHUO_FROM on); KONGCHUO_SEED=17 runs that one and prints the rule and the days.

mod arrival;
mod coverage;
mod days;
mod files;
mod groups;
mod nasty;
mod plain;
mod statements;
mod world;

use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::evidence::{Act, Evidence};
use kongchuo::domain::finding::Finding;
use kongchuo::domain::ids::PupilId;
use kongchuo::domain::policy::Policy;
use kongchuo::domain::rule::ast::SubjectKind;
use kongchuo::domain::{Date, Time, rule, timeline};
use std::collections::BTreeMap;
use world::{World, world};

fn fast(policy: &Policy, evidence: &Evidence, pupils: &[PupilId], on: Date, now: Option<Time>) -> Vec<Finding> {
    let calendar = Calendar::new(policy);
    let built = timeline::build(policy, &calendar, evidence, pupils, on, None);
    let program = rule::compile(&policy.rules, policy, &calendar);
    let (mut scratch, mut out) = (rule::Scratch::default(), rule::Findings::default());
    for t in built.timelines.values() {
        let acts: Vec<Act> = evidence.acts.iter().filter(|a| a.pupil == t.pupil).cloned().collect();
        rule::evaluate(&program, &calendar, &built.roster, t, &acts, on, &mut scratch, &mut out);
    }
    let mut out = out.to_vec();
    rule::evaluate_classes(&program, &calendar, &built, on, now, &mut out);
    sorted(out)
}

fn simple(w: &World) -> Vec<Finding> {
    simple_from(w, world::day("2026-08-20"))
}

/// With day tables that begin at `first`.
fn simple_from(w: &World, first: Date) -> Vec<Finding> {
    let plain = plain::Plain { policy: &w.policy, evidence: &w.evidence, upto: None };
    let mut out = Vec::new();
    let listed = |p: &&PupilId| w.evidence.register.iter().any(|r| r.pupil == **p);
    let tables: BTreeMap<PupilId, Vec<plain::Day>> =
        w.pupils.iter().filter(listed).map(|p| (*p, days_from(&plain, *p, first, w.on))).collect();
    let pupils: Vec<PupilId> = tables.keys().copied().collect();
    let grouped = w.policy.rules.iter().any(|r| r.subject != SubjectKind::Pupil);
    let turned = if grouped { groups::Township::corrections(&plain, &pupils) } else { BTreeMap::new() };
    let town = groups::Township { plain: &plain, pupils: &pupils, days: &tables, on: w.on, now: w.now, turned };
    for rule in &w.policy.rules {
        if rule.subject != SubjectKind::Pupil {
            out.extend(town.findings(rule));
            continue;
        }
        for (p, days) in &tables {
            let mut acts: Vec<&Act> = w.evidence.acts.iter().filter(|a| a.pupil == *p).collect();
            acts.sort_by_key(|a| a.date);
            out.extend(plain::About { plain: &plain, pupil: *p, days, rule, acts, on: w.on }.findings());
        }
    }
    sorted(out)
}

fn days(plain: &plain::Plain, p: PupilId, on: Date) -> Vec<plain::Day> {
    days_from(plain, p, world::day("2026-08-20"), on)
}

fn days_from(plain: &plain::Plain, p: PupilId, first: Date, on: Date) -> Vec<plain::Day> {
    first.iter_days().take_while(|d| *d <= on).filter_map(|d| plain.day(p, d)).collect()
}

fn sorted(mut v: Vec<Finding>) -> Vec<Finding> {
    v.sort_by(|a, b| (&a.rule, &a.subject, a.fired_on).cmp(&(&b.rule, &b.subject, b.fired_on)));
    v
}

/// What the register says of a pupil, export by export.
fn register(w: &World, p: PupilId) -> String {
    let mut rows: Vec<_> = w.evidence.register.iter().filter(|r| r.pupil == p).collect();
    rows.sort_by_key(|r| r.stamp);
    let line = |r: &&kongchuo::domain::evidence::RegisterRow| {
        let (school, class) = (&r.school, &r.class);
        let dates = (r.enrolled_on, r.left_on, r.status_until);
        let at = r.stamp.stated_at;
        format!("{p} listed {at} {school} {class:?} {:?} {:?} (enrolled, left, until) {dates:?}", r.grade, r.standing)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The first difference of a seed in words.
fn difference(seed: u64) -> Option<String> {
    let w = world(seed);
    let plain = plain::Plain { policy: &w.policy, evidence: &w.evidence, upto: None };
    let calendar = Calendar::new(&w.policy);
    let built = timeline::build(&w.policy, &calendar, &w.evidence, &w.pupils, w.on, None);
    for (p, t) in &built.timelines {
        let ours: Vec<String> = t
            .days(&calendar)
            .map(|d| {
                let s: Vec<String> = d.statuses().map(|(n, s, _)| format!("{n}{s}")).collect();
                format!("{} {} {} {:?} {}", d.date(), d.school(), d.counts_as_day(), d.leave_until(), s.join(" "))
            })
            .collect();
        let theirs: Vec<String> = days(&plain, *p, w.on)
            .iter()
            .map(|d| {
                let s: Vec<String> = d.status.iter().map(|(n, s)| format!("{n}{s}")).collect();
                format!("{} {} {} {:?} {}", d.date, d.school, d.is_day, d.leave_until, s.join(" "))
            })
            .collect();
        if ours != theirs {
            let only = |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
            return Some(format!(
                "seed {seed}, days of {p}:\n  ours   {:#?}\n  theirs {:#?}\n{}",
                only(&ours, &theirs),
                only(&theirs, &ours),
                register(&w, *p)
            ));
        }
    }
    let (ours, theirs) = (fast(&w.policy, &w.evidence, &w.pupils, w.on, Some(w.now)), simple(&w));
    let odd = ours
        .iter()
        .map(|f| ("ours", f))
        .filter(|(_, f)| !theirs.contains(f))
        .chain(theirs.iter().map(|f| ("theirs", f)).filter(|(_, f)| !ours.contains(f)));
    let odd: Vec<_> = odd.collect();
    let (_, first) = odd.first()?;
    let rule = w.policy.rules.iter().find(|r| r.id == first.rule)?;
    let about = first.subject.pupil.map_or(w.pupils.clone(), |p| vec![p]);
    let strip: Vec<String> = about
        .iter()
        .flat_map(|p| days(&plain, *p, w.on))
        .map(|d| format!("{} {} t{} {} {:?} {:?}", d.date, d.school, d.term, d.is_day, d.leave_until, d.status))
        .collect();
    let listed: Vec<String> = about.iter().map(|p| register(&w, *p)).collect();
    let same: Vec<_> =
        odd.iter().filter(|(_, f)| f.rule == first.rule && f.subject.pupil == first.subject.pupil).collect();
    Some(format!(
        "seed {seed}, at {}:\n{:?}\n{:#?}\n{:?}\n{}\n{}",
        w.now,
        rule.when,
        same,
        rule.filter,
        strip.join("\n"),
        listed.join("\n")
    ))
}

#[test]
fn two_evaluators_find_the_same() {
    let number = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<u64>().ok());
    if let Some(seed) = number("KONGCHUO_SEED") {
        if let Some(d) = difference(seed) {
            panic!("{d}");
        }
        return;
    }
    let seeds = number("KONGCHUO_SEEDS").unwrap_or(40);
    let from = number("KONGCHUO_FROM").unwrap_or(1);
    let differing: Vec<String> = (from..from + seeds).filter_map(difference).collect();
    // The one with the fewest lines is the easiest to read.
    let short = differing.iter().min_by_key(|d| d.lines().count()).cloned().unwrap_or_default();
    let heads: Vec<&str> = differing.iter().filter_map(|d| d.lines().nth(1)).take(12).collect();
    assert!(differing.is_empty(), "{} of {seeds} seeds differ: {heads:#?}\nthe shortest:\n{short}", differing.len());
}

#[test]
fn the_order_of_evidence_changes_nothing() {
    for seed in 1..=40 {
        let w = world(seed);
        let want = fast(&w.policy, &w.evidence, &w.pupils, w.on, Some(w.now));
        let other = world::shuffled(&w.evidence, seed + 1000);
        assert_eq!(fast(&w.policy, &other, &w.pupils, w.on, Some(w.now)), want, "seed {seed}: shuffled and repeated");
        let want: Vec<Finding> = want.into_iter().filter(|f| f.subject.pupil.is_some()).collect();
        let alone = |p: &PupilId| fast(&w.policy, &w.evidence, &[*p], w.on, Some(w.now));
        let mut one_by_one: Vec<Finding> =
            w.pupils.iter().flat_map(alone).filter(|f| f.subject.pupil.is_some()).collect();
        one_by_one = sorted(one_by_one);
        assert_eq!(one_by_one, want, "seed {seed}: pupil by pupil");
    }
}

#[test]
fn random_worlds_are_not_empty() {
    let (mut findings, mut open, mut kinds) = (0, 0, std::collections::BTreeMap::<String, usize>::new());
    for seed in 1..=60 {
        let w = world(seed);
        for f in fast(&w.policy, &w.evidence, &w.pupils, w.on, Some(w.now)) {
            findings += 1;
            open += usize::from(f.open);
            let rule = w.policy.rules.iter().find(|r| r.id == f.rule).expect("a rule of the policy");
            let name: String = format!("{:?}", rule.when).chars().take_while(|c| c.is_alphanumeric()).collect();
            *kinds.entry(name).or_default() += 1;
        }
    }
    assert!(findings > 400 && open > 50 && kinds.len() >= 10, "{findings} findings, {open} open, {kinds:?}");
}
