//! Explaining: for every condition of rules.md §2, in both languages, the sentence that made a finding true, what would clear
//! it, and how far a rule is from being true. Each sentence rests on the evaluator's own answers about one made-up pupil.

use kongchuo::config;
use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::evidence::{
    Act, Decision, DecisionKind, DeliveryFacts, Evidence, RegisterRow, Row, Stamp, Standing,
};
use kongchuo::domain::ids::{ActId, DecisionId, DeliveryId, PupilId, StatusId, Word};
use kongchuo::domain::message::Lang;
use kongchuo::domain::policy::{CoverageKind, Policy, Replaces};
use kongchuo::domain::rule::explain::Explainer;
use kongchuo::domain::rule::outlook::Outlook;
use kongchuo::domain::rule::phrase::Phrases;
use kongchuo::domain::rule::{self, Scratch};
use kongchuo::domain::timeline;
use kongchuo::domain::{Date, Time};
use std::path::Path;

const PUPIL: PupilId = PupilId(1);

/// A term that begins on a Tuesday, a festival, a make-up Sunday; one school with sessions and lessons.
const TOWN: &str = r#"
township: {name: 春山镇, code: "999123104", timezone: Asia/Shanghai, locale: zh-CN}
mode: rehearsal
data_dir: data
seal: {key: {env: NO_KEY}}
calendar:
  terms: [{id: a, start: 2026-09-01, end: 2027-01-22}, {id: b, start: 2027-03-01, end: 2027-07-09}]
  weekend: [sat, sun]
  holidays: none
  closed: [{from: 2026-09-25, to: 2026-09-25, reason: 中秋节}, {from: 2026-10-01, to: 2026-10-07, reason: 国庆节}]
  open: [{date: 2026-09-20, reason: 补课}]
  spans: {first-half: [{start: 2026-09-01, end: 2026-11-06}]}
statuses: {fever: {like: sick, words: [发热]}}
schools:
  - id: cs
    name: 春山镇中心小学
    stage: {primary: 1-6, junior: 7-9}
    grades: [1, 2, 3, 4, 5, 6, 7, 8, 9]
    lessons: 6
    lesson_minutes: 40
    slots: {am: {title: 上午, periods: 1-4}, pm: {title: 下午, periods: 5-6}}
    sessions: [am, pm]
sources:
  - {id: roll, school: cs, content: attendance, kind: directory, path: in, poll: 1m}
  - {id: register, school: cs, content: register, kind: directory, path: register, poll: 1m}
ladders: [{id: operations, rungs: [{id: operator, at: {after: 0h}, to: [operator], via: [letters]}]}]
channels: {letters: {kind: folder, path: letters}}
contacts: {offices: {operator: {name: 管理员, people: [{name: 韩工, phone: "13900000041"}]}}}
rules:
"#;

fn date(s: &str) -> Date {
    s.parse().expect("a date")
}

fn noon(d: Date) -> Time {
    d.and_hms_opt(12, 0, 0).expect("noon")
}

fn town(when: &str, more: &str) -> Policy {
    let yaml = format!("{TOWN}  - {{id: asked, title: {{zh: 规则, en: Rule}}, level: 1, when: {when}{more}}}\n");
    match config::compile_inline(&yaml, Path::new("/nowhere"), "town", 0) {
        Ok(loaded) => loaded.policy,
        Err(problems) => panic!(
            "{when}: {:?}",
            problems
                .iter()
                .filter(|p| p.severity == config::Severity::Error)
                .map(|p| p.message(Lang::En))
                .collect::<Vec<_>>()
        ),
    }
}

/// What is recorded of the pupil: one mark a school day from 1 September on.
#[derive(Clone, Copy, Default)]
struct Story {
    days: &'static str,
    /// Left blank: the day of the last mark.
    today: &'static str,
    /// The end that every excused day states.
    leave_until: &'static str,
    left_on: &'static str,
    acts: &'static [(&'static str, &'static str, &'static str)],
}

fn status(mark: char) -> Option<&'static str> {
    Some(match mark {
        '√' => "present",
        '旷' => "truant",
        '×' => "unexplained",
        '病' => "sick",
        '热' => "fever",
        '迟' => "late",
        '-' => "not_listed",
        _ => return None,
    })
}

fn evidence(policy: &Policy, calendar: &Calendar, story: &Story) -> (Evidence, Date) {
    let optional = |s: &str| (!s.is_empty()).then(|| date(s));
    let mut e = Evidence::default();
    let first = date("2026-09-01");
    let stamp = Stamp { stated_at: noon(date("2026-08-31")), delivery: DeliveryId(1) };
    let (school, class) = (policy.schools[0].id.clone(), Some("三年级2班".into()));
    let left_on = optional(story.left_on);
    e.register.push(RegisterRow {
        stamp,
        arrived_at: stamp.stated_at,
        row_no: 1,
        through: None,
        pupil: PUPIL,
        school: school.clone(),
        class,
        grade: Some(3),
        standing: if left_on.is_some() { Standing::TransferredOut } else { Standing::Enrolled },
        status_until: None,
        status_basis: false,
        enrolled_on: Some(first),
        left_on,
        boarding: Some(false),
        sex: None,
        birth_date: Some(date("2018-02-03")),
        groups: Vec::new(),
    });
    e.register_exports.push((school.clone(), stamp));
    let school_day = |d: &Date| calendar.is_school_day(&school, Some(3), None, *d);
    let mut last = first;
    for (n, (mark, day)) in
        story.days.chars().filter(|c| *c != ' ').zip(first.iter_days().filter(school_day)).enumerate()
    {
        last = day;
        let Some(status) = status(mark) else { continue };
        let id = i64::try_from(n).expect("few") + 10;
        let stamp = Stamp { stated_at: noon(day), delivery: DeliveryId(id) };
        if status == "not_listed" {
            e.decisions.push(Decision {
                id: DecisionId(id),
                pupil: PUPIL,
                kind: DecisionKind::Excuse(StatusId::new(status)),
                from: day,
                to: day,
                recorded_at: noon(day),
                withdrawn_at: None,
                delivery: None,
            });
            continue;
        }
        e.deliveries.insert(
            stamp.delivery,
            DeliveryFacts {
                stamp,
                source: policy.sources[0].id.clone(),
                coverage: CoverageKind::Full,
                replaces: Replaces::Rows,
                classes: Vec::new(),
                slots: Vec::new(),
                stated: [(school.clone(), vec![day])].into(),
                arrived_at: noon(day),
            },
        );
        e.rows.push(Row {
            delivery: stamp.delivery,
            row_no: 2,
            school: school.clone(),
            pupil: PUPIL,
            date: day,
            slot: "day".into(),
            status: StatusId::new(status),
            leave_until: optional(story.leave_until).filter(|_| mark == '病'),
        });
    }
    for (n, (day, kind, result)) in story.acts.iter().enumerate() {
        e.acts.push(Act {
            id: ActId(i64::try_from(n).expect("few") + 1),
            pupil: PUPIL,
            date: date(day),
            kind: Word::new(*kind),
            result: (!result.is_empty()).then(|| Word::new(*result)),
            recorded_at: noon(date(day)),
        });
    }
    (e, optional(story.today).unwrap_or(last))
}

/// Everything that is said about the rule `when`, in both languages.
fn told(when: &str, more: &str, story: Story) -> String {
    let policy = town(when, more);
    let calendar = Calendar::new(&policy);
    let program = rule::compile(&policy.rules, &policy, &calendar);
    let (evidence, today) = evidence(&policy, &calendar, &story);
    let built = timeline::build(&policy, &calendar, &evidence, &[PUPIL], today, None);
    let line = built.timelines.get(&PUPIL).expect("the pupil's days");
    let mut findings = rule::Findings::default();
    let mut scratch = Scratch::default();
    rule::evaluate(&program, &calendar, &built.roster, line, &evidence.acts, today, &mut scratch, &mut findings);
    let findings = findings.to_vec();
    let rule = &policy.rules[0];
    let mut outlook = Outlook::new(&policy, &calendar, evidence, &built, PUPIL, today);
    let mut out = format!("{when}{more}   {}\n", story.days);
    for lang in [Lang::Zh, Lang::En] {
        let explainer = Explainer {
            phrases: Phrases { policy: &policy, lang },
            calendar: &calendar,
            member: built.roster.member_of(PUPIL),
            today,
        };
        for f in &findings {
            let stood = outlook.stand(rule, f.last_on);
            out += &format!("  {}\n", explainer.because(f, &stood));
            if f.open {
                out += &format!("  → {}\n", explainer.clears(&outlook.clearing(rule, f)));
            }
        }
        if !findings.iter().any(|f| f.open) {
            out += &format!("  ? {}\n", explainer.distance(&outlook.distance(rule)));
        }
    }
    out
}

fn days(days: &'static str) -> Story {
    Story { days, ..Story::default() }
}

#[test]
fn every_condition_says_why_it_holds_and_what_would_clear_it() {
    let s = days;
    let leave = Story { days: "√ 病 病 × ×", leave_until: "2026-09-03", ..Story::default() };
    let ill = Story { days: "√ 病", leave_until: "2026-09-18", ..Story::default() };
    let left = Story { days: "√ √ √", today: "2026-09-20", left_on: "2026-09-03", ..Story::default() };
    let visited: &[_] = &[("2026-09-03", "visit", "failed"), ("2026-09-07", "visit", "failed")];
    let acted = Story { days: "√ × × × × × ×", acts: visited, ..Story::default() };
    let table: &[(&str, Story)] = &[
        ("{consecutive: {of: unexcused, days: 3, broken_by: attended}}", s("√ √ √ √ √ √ √ √ √ 旷 旷 旷 × × × √ √")),
        ("{consecutive: {of: truant, days: 3}}", s("√ √ √ √ √ √ √ √ √ √ √ √ 旷 旷 旷 旷 旷")),
        ("{consecutive: {of: unexcused, days: {over: 2}, broken_by: {attended_days: 2}}}", s("√ × × × √ ×")),
        ("{consecutive: {of: absent, weeks: 2, broken_by: attended}}", s("√ × × × × × × × × × × × 病 病 病")),
        ("{consecutive: {of: absent, sessions: 3}}", s("√ × ×")),
        ("{consecutive: {of: {truant: 1, late: 1/3}, lessons: 7/2}}", s("√ 旷 迟")),
        ("{consecutive: {of: missing, hours: {over: 4}}}", s("√ × ×")),
        ("{consecutive: {of: fever, days: 1}}", s("√ 热")),
        ("{total: {of: unexcused, days: 3, within: {school_days: 5}}}", s("× √ × ×")),
        ("{total: {of: unexcused, days: 3, parts: true, within: term}}", s("× √ × ×")),
        ("{total: {of: absent, lessons: 10, within: {calendar_days: 10}}}", s("× √ ×")),
        ("{total: {of: absent, hours: 8, within: month}}", s("× √ ×")),
        ("{total: {of: late, periods: 2, within: week}}", s("√ √ √ √ 迟 √ 迟")),
        ("{total: {of: absent, sessions: 3, within: {school_weeks: 2}}}", s("× √ ×")),
        ("{total: {of: absent, spells: 2, within: {months: 1}}}", s("× √ ×")),
        ("{total: {of: absent, days: 2, within: {span: first-half}}}", s("× √ ×")),
        ("{total: {of: absent, days: 2, within: enrolment}}", s("× √ ×")),
        ("{total: {of: absent, days: 2, within: {after_act: {kind: visit}}}}", acted),
        ("{rate: {of: absent, at_least: 1/3, within: {school_days: 6}, min_days: 3}}", s("√ √ √ × × ×")),
        ("{rate: {of: absent, over: 1%, within: term, out_of: planned}}", s("√ √ × ×")),
        ("{weekday: {of: absent, weekdays: [mon, fri], at_least: 2, of_last: 3}}", s("√ √ √ × × √ √ √ √")),
        ("{not_registered: {days: 3}}", s("× × ×")),
        ("{not_registered: {weeks: 1, excused: counts}}", s("病 × × × × × ×")),
        ("{unlisted: {days: 3}}", s("√ - - -")),
        ("{overdue_return: {days: 2}}", leave),
        ("{leave_stated: {days: 10}}", ill),
        ("{not_arrived: {days: 10}}", left),
        ("{acts: {kind: visit, result: failed, at_least: 2, within: {school_days: 10}}}", acted),
        ("{still_absent: {after: {kind: visit, result: failed}, days: 3}}", acted),
        (
            "{all: [{consecutive: {of: unexcused, days: 3}}, {total: {of: unexcused, lessons: 10, within: run}}, {not: {acts: {kind: call}}}]}",
            s("√ × × ×"),
        ),
        ("{any: [{unlisted: {days: 3}}, {consecutive: {of: unexcused, days: 2}}]}", s("√ × ×")),
    ];
    let out: Vec<String> = table.iter().map(|(when, story)| told(when, "", *story)).collect();
    insta::assert_snapshot!(out.join("\n"));
}

#[test]
fn a_rule_that_is_not_true_says_how_far_it_is_and_why() {
    let s = days;
    let leave = Story { days: "√ 病 病", leave_until: "2026-09-08", ..Story::default() };
    let asked = Story { days: "√ × ×", acts: &[("2026-09-01", "call", "failed")], ..Story::default() };
    let left = Story { days: "√ √ √", today: "2026-09-09", left_on: "2026-09-03", ..Story::default() };
    let table: &[(&str, &str, Story)] = &[
        ("{consecutive: {of: unexcused, days: 3, broken_by: attended}}", "", s("√ 旷 旷")),
        ("{consecutive: {of: unexcused, days: 3}}", "", s("√ √ √")),
        ("{consecutive: {of: absent, weeks: 2}}", "", s("√ × ×")),
        ("{consecutive: {of: absent, lessons: 20}}", "", s("√ × ×")),
        ("{total: {of: unexcused, days: 5, within: {school_days: 20}}}", "", s("√ × × √")),
        ("{rate: {of: absent, at_least: 1/3, within: term, min_days: 10}}", "", s("√ √ √ √ × √")),
        ("{weekday: {of: absent, weekdays: [fri], at_least: 2, of_last: 2}}", "", s("√ √ √ × √ √")),
        ("{not_registered: {days: 5}}", "", s("× ×")),
        ("{not_registered: {days: 5}}", "", s("× √")),
        ("{unlisted: {days: 3}}", "", s("√ -")),
        ("{overdue_return: {days: 2}}", "", leave),
        ("{leave_stated: {days: 10}}", "", leave),
        ("{not_arrived: {days: 10}}", "", left),
        ("{acts: {kind: visit, at_least: 2, within: term}}", "", s("√ ×")),
        ("{still_absent: {after: {kind: call}, days: 5}}", "", asked),
        ("{all: [{consecutive: {of: unexcused, days: 2}}, {acts: {kind: visit, at_least: 1}}]}", "", s("√ × ×")),
        ("{any: [{unlisted: {days: 3}}, {consecutive: {of: unexcused, days: 5}}]}", "", s("√ × ×")),
        ("{not: {consecutive: {of: unexcused, days: 1}}}", "", s("√ √ ×")),
        // Filters and times in which it is not asked.
        ("{consecutive: {of: unexcused, days: 1}}", ", where: {grade: [1, 2], boarding: true}", s("√ × ×")),
        ("{consecutive: {of: unexcused, days: 1}}", ", where: {stage: [junior], age: {from: 12, to: 15}}", s("√ × ×")),
        ("{consecutive: {of: unexcused, days: 5}}", ", effective: {from: 2026-09-21, to: 2026-12-31}", s("√ × ×")),
    ];
    let out: Vec<String> = table.iter().map(|(when, more, story)| told(when, more, *story)).collect();
    insta::assert_snapshot!(out.join("\n"));
}

/// What is said must come true: a day told to clear a finding clears it, and the day before does not; a day told as the
/// earliest is one on which the rule is true.
#[test]
fn what_is_foretold_comes_true() {
    use kongchuo::domain::rule::outlook::Clearing;
    let whens = [
        "{consecutive: {of: unexcused, days: 3, broken_by: attended}}",
        "{consecutive: {of: unexcused, days: 3, broken_by: {attended_days: 3}}}",
        "{total: {of: unexcused, days: 3, within: {school_days: 6}}}",
        "{rate: {of: absent, at_least: 1/4, within: {school_days: 12}}}",
    ];
    for when in whens {
        let policy = town(when, "");
        let calendar = Calendar::new(&policy);
        let program = rule::compile(&policy.rules, &policy, &calendar);
        let open_on = |story: &Story| {
            let (e, today) = evidence(&policy, &calendar, story);
            let built = timeline::build(&policy, &calendar, &e, &[PUPIL], today, None);
            let line = built.timelines.get(&PUPIL).expect("the pupil's days");
            let (mut found, mut scratch) = (rule::Findings::default(), Scratch::default());
            rule::evaluate(&program, &calendar, &built.roster, line, &e.acts, today, &mut scratch, &mut found);
            (found.last().cloned().filter(|f| f.open), Outlook::new(&policy, &calendar, e, &built, PUPIL, today), today)
        };
        let (finding, mut outlook, _) = open_on(&days("√ × × ×"));
        let finding = finding.unwrap_or_else(|| panic!("{when} is true"));
        let on = match &outlook.clearing(&policy.rules[0], &finding)[0] {
            Clearing::Attended { on, .. } | Clearing::Passes { on, .. } => *on,
            other => panic!("{when}: {other:?}"),
        };
        let mut cleared = None;
        for n in 1..20 {
            let (finding, _, today) = open_on(&days(format!("√ × × × {}", "√".repeat(n)).leak()));
            if finding.is_none() {
                cleared = Some(today);
                break;
            }
        }
        assert_eq!(cleared, Some(on), "{when}");

        let (none, mut outlook, _) = open_on(&days("√ √ √ √ √ ×"));
        assert!(none.is_none(), "{when}");
        let foretold = outlook.distance(&policy.rules[0]).earliest.map(|(on, _)| on);
        let fired = (1..9).find_map(|n| {
            let (finding, _, today) = open_on(&days(format!("√ √ √ √ √ × {}", "×".repeat(n)).leak()));
            finding.map(|_| today)
        });
        assert_eq!(fired, foretold, "{when}");
    }
}
