//! Which statement counts, in small worlds: corrections, lists sent again, A-B-A, leave, transfers, roll calls that are
//! missing. Each test says in its name what must hold.

use crate::world::{bare, day, school};
use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::evidence::*;
use kongchuo::domain::finding::{Change, Finding};
use kongchuo::domain::ids::*;
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use kongchuo::domain::{Date, Time, rule, timeline};
use std::collections::BTreeMap;

const CHILD: PupilId = PupilId(1);
const OTHER: PupilId = PupilId(2);

struct Small {
    policy: Policy,
    evidence: Evidence,
    next: i64,
}

fn unexcused() -> Counting {
    let weights = ["truant", "unexplained"].map(|s| (StatusId::new(s), Ratio::ONE)).to_vec();
    Counting { of: Of { written: "unexcused".into(), weights }, slots: vec![], day: None }
}

fn days(n: i64) -> Threshold {
    Threshold { n: Ratio::whole(n), over: false }
}

fn consecutive(n: i64) -> Cond {
    Cond::Consecutive {
        counting: unexcused(),
        amount: Amount::Days(days(n)),
        broken_by: BrokenBy::Day,
        across_terms: false,
        across_schools: true,
    }
}

fn rule_of(subject: SubjectKind, when: Cond) -> Rule {
    Rule {
        id: "rule".into(),
        title: kongchuo::domain::message::Text::both("rule"),
        basis: None,
        subject,
        filter: Filter::default(),
        when,
        day: DayTest::Share(Ratio::HALF),
        level: 1,
        ladder: None,
        effective_from: None,
        effective_to: None,
        hash: "hash".into(),
    }
}

fn at(date: &str, hour: u32) -> Time {
    day(date).and_hms_opt(hour, 0, 0).expect("an hour")
}

impl Small {
    fn new(when: Cond) -> Self {
        let mut policy = bare();
        let lessons = vec![(Ratio::ONE, 40); 4];
        policy.schools =
            ["a", "b"].map(|s| school(s, &lessons, &[("am", &[0, 1]), ("pm", &[2, 3])], &["am", "pm"])).into();
        policy.rules = vec![rule_of(SubjectKind::Pupil, when)];
        let mut s = Small { policy, evidence: Evidence::default(), next: 1 };
        s.listed(CHILD, "a", "2026-09-01", |_| {});
        s.listed(OTHER, "a", "2026-09-01", |_| {});
        s
    }

    fn listed(&mut self, pupil: PupilId, school: &str, on: &str, change: impl FnOnce(&mut RegisterRow)) {
        let stamp = Stamp { stated_at: at(on, 0), delivery: DeliveryId(self.next) };
        self.next += 1;
        let mut row = RegisterRow {
            stamp,
            arrived_at: stamp.stated_at,
            row_no: 1,
            through: None,
            pupil,
            school: school.into(),
            class: Some("1".into()),
            grade: Some(3),
            standing: Standing::Enrolled,
            status_until: None,
            status_basis: false,
            enrolled_on: None,
            left_on: None,
            boarding: None,
            sex: None,
            birth_date: None,
            groups: vec![],
        };
        change(&mut row);
        self.evidence.register_exports.push((row.school.clone(), stamp));
        self.evidence.register.push(row);
    }

    /// A delivery of one day: who is away, and (full) who is present.
    fn roll(&mut self, kind: CoverageKind, on: &str, hour: u32, away: &[(PupilId, &str)], present: &[PupilId]) {
        self.slot_roll(kind, on, "day", hour, away, present);
    }
    fn slot_roll(
        &mut self,
        kind: CoverageKind,
        on: &str,
        slot: &str,
        hour: u32,
        away: &[(PupilId, &str)],
        present: &[PupilId],
    ) {
        let id = DeliveryId(self.next);
        self.next += 1;
        let date = day(on);
        let full = kind == CoverageKind::Full;
        for (n, (pupil, status)) in away.iter().enumerate() {
            self.evidence.rows.push(Row {
                delivery: id,
                row_no: n as u32 + 1,
                school: "a".into(),
                pupil: *pupil,
                date,
                slot: slot.into(),
                status: (*status).into(),
                leave_until: None,
            });
        }
        if full {
            let present = PupilList::new(present);
            self.evidence.sheets.push(Sheet { delivery: id, school: "a".into(), date, slot: slot.into(), present });
        }
        self.evidence.deliveries.insert(
            id,
            DeliveryFacts {
                stamp: Stamp { stated_at: at(on, hour), delivery: id },
                source: "roll".into(),
                coverage: kind,
                replaces: if full { Replaces::Rows } else { Replaces::Day },
                classes: vec![],
                slots: vec![],
                stated: BTreeMap::from([("a".into(), vec![date])]),
                arrived_at: at(on, hour),
            },
        );
    }

    fn findings(&self, on: &str) -> Vec<Finding> {
        let everybody: Vec<PupilId> = [CHILD, OTHER].into();
        crate::fast(&self.policy, &self.evidence, &everybody, day(on), None)
    }

    /// The child's day: a letter for each period (first letter of the status; `-` not listed, `.` not recorded).
    fn strip(&self, on: &str) -> String {
        let calendar = Calendar::new(&self.policy);
        let built = timeline::build(&self.policy, &calendar, &self.evidence, &[CHILD], day(on), None);
        let Some(d) = built.timelines[&CHILD].day(&calendar, day(on)) else { return "none".into() };
        let mut out = vec!['.'; 4];
        for (p, s, _) in d.statuses() {
            out[p] = if *s == "not_listed" { '-' } else { s.as_str().chars().next().unwrap_or('?') };
        }
        out.into_iter().collect()
    }

    fn groups(&mut self, subject: SubjectKind, when: Cond, on: &str, now: Time) -> Vec<Finding> {
        self.policy.rules = vec![rule_of(subject, when)];
        let calendar = Calendar::new(&self.policy);
        let built = timeline::build(&self.policy, &calendar, &self.evidence, &[CHILD, OTHER], day(on), None);
        let program = rule::compile(&self.policy.rules, &self.policy, &calendar);
        let mut out = vec![];
        rule::evaluate_classes(&program, &calendar, &built, day(on), Some(now), &mut out);
        out
    }
}

use CoverageKind::{Exceptions, Full};

#[test]
fn a_list_sent_again_without_the_child_retracts_the_finding() {
    let mut s = Small::new(consecutive(1));
    s.roll(Exceptions, "2026-09-07", 9, &[(CHILD, "unexplained")], &[]);
    let first = s.findings("2026-09-07");
    assert_eq!(first.len(), 1);
    s.roll(Exceptions, "2026-09-07", 10, &[], &[]);
    let second = s.findings("2026-09-07");
    assert_eq!(s.strip("2026-09-07"), "pppp");
    let changes: Vec<Change> = rule::compare(&first, &second).into_iter().map(|(c, _)| c).collect();
    assert_eq!(changes, [Change::Retracted]);
}

#[test]
fn a_then_b_then_a_is_a() {
    let mut s = Small::new(consecutive(1));
    s.roll(Full, "2026-09-07", 9, &[(CHILD, "unexplained")], &[OTHER]);
    let a = s.findings("2026-09-07");
    s.roll(Full, "2026-09-07", 10, &[(CHILD, "sick")], &[OTHER]);
    assert!(s.findings("2026-09-07").is_empty());
    s.roll(Full, "2026-09-07", 11, &[(CHILD, "unexplained")], &[OTHER]);
    assert_eq!(s.findings("2026-09-07"), a);
}

#[test]
fn a_row_that_is_missing_from_a_full_export_overrides_nothing() {
    let mut s = Small::new(consecutive(1));
    s.roll(Full, "2026-09-07", 9, &[(CHILD, "unexplained")], &[OTHER]);
    s.roll(Full, "2026-09-07", 10, &[], &[OTHER]);
    assert_eq!(s.strip("2026-09-07"), "uuuu");
    s.roll(Full, "2026-09-08", 9, &[], &[OTHER]);
    assert_eq!(s.strip("2026-09-08"), "----");
    assert_eq!(s.strip("2026-09-09"), "none");
}

#[test]
fn statuses_fall_on_the_periods_of_their_slot() {
    fn check(slot: &str, status: &str, want: &str) {
        let mut s = Small::new(consecutive(1));
        s.slot_roll(Full, "2026-09-07", slot, 9, &[(CHILD, status)], &[]);
        assert_eq!(s.strip("2026-09-07"), want, "{slot} {status}");
    }
    check("day", "truant", "tttt");
    check("am", "truant", "tt..");
    check("p:3", "sick", "..s.");
    check("day", "late", "lppp");
    check("day", "early_leave", "pppe");
    check("pm", "late", "..lp");
}

#[test]
fn approved_leave_stands_before_unexplained_but_not_before_truant() {
    fn check(later: &[&str], want: &str) {
        let mut s = Small::new(consecutive(1));
        s.evidence.leaves.push(Leave {
            stamp: Stamp { stated_at: at("2026-09-07", 8), delivery: DeliveryId(900) },
            row_no: 1,
            pupil: CHILD,
            from: day("2026-09-07"),
            until: day("2026-09-09"),
            status: "sick".into(),
        });
        for (n, status) in later.iter().enumerate() {
            s.roll(Full, "2026-09-08", 9 + n as u32, &[(CHILD, status)], &[OTHER]);
        }
        assert_eq!(s.strip("2026-09-08"), want, "{later:?}");
    }
    check(&[], "ssss");
    check(&["unexplained"], "ssss");
    check(&["truant"], "tttt");
    check(&["truant", "unexplained"], "uuuu");
    check(&["personal", "unexplained"], "pppp");
}

#[test]
fn a_decision_outranks_exports_until_it_is_withdrawn() {
    let mut s = Small::new(consecutive(1));
    s.evidence.decisions.push(Decision {
        id: DecisionId(1),
        pupil: CHILD,
        kind: DecisionKind::Excuse("official".into()),
        from: day("2026-09-07"),
        to: day("2026-09-07"),
        recorded_at: at("2026-09-07", 9),
        withdrawn_at: None,
        delivery: None,
    });
    s.roll(Full, "2026-09-07", 10, &[(CHILD, "truant")], &[OTHER]);
    assert_eq!(s.strip("2026-09-07"), "oooo");
    s.evidence.decisions[0].withdrawn_at = Some(at("2026-09-07", 11));
    assert_eq!(s.strip("2026-09-07"), "tttt");
}

#[test]
fn a_move_within_the_township_joins_the_days_and_old_rows_are_foreign() {
    let mut s = Small::new(consecutive(2));
    s.listed(CHILD, "b", "2026-09-10", |r| r.enrolled_on = Some(day("2026-09-08")));
    s.roll(Full, "2026-09-07", 9, &[(CHILD, "truant")], &[OTHER]);
    s.roll(Full, "2026-09-08", 9, &[(CHILD, "truant")], &[OTHER]);
    assert_eq!(s.strip("2026-09-07"), "tttt");
    // From the day of enrolment on the old school's rows say nothing any more.
    let calendar = Calendar::new(&s.policy);
    s.listed(OTHER, "a", "2026-09-10", |_| {});
    let built = timeline::build(&s.policy, &calendar, &s.evidence, &[CHILD], day("2026-09-11"), None);
    assert!(built.timelines[&CHILD].day(&calendar, day("2026-09-08")).is_none());
    assert_eq!(built.faults.len(), 1);
    assert!(s.findings("2026-09-11").is_empty());
}

#[test]
fn a_pupil_who_left_is_not_expected_from_the_day_after_whatever_the_export_says_later() {
    let mut s = Small::new(consecutive(1));
    for d in ["2026-09-07", "2026-09-08", "2026-09-09"] {
        s.roll(Full, d, 9, &[(CHILD, "truant")], &[OTHER]);
    }
    let open = s.findings("2026-09-09");
    assert!(open[0].open && open[0].last_on == day("2026-09-09"));
    s.listed(CHILD, "a", "2026-09-10", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-08"));
    });
    let closed = s.findings("2026-09-10");
    assert!(!closed[0].open && closed[0].last_on == day("2026-09-08"));
}

#[test]
fn a_run_goes_over_weekends_and_holidays_and_ends_with_the_first_day_in_school() {
    let mut s = Small::new(consecutive(3));
    for d in ["2026-09-03", "2026-09-04", "2026-09-07"] {
        s.roll(Full, d, 9, &[(CHILD, "truant")], &[OTHER]);
    }
    let f = s.findings("2026-09-07");
    assert_eq!(f[0].fired_on, day("2026-09-07"));
    assert_eq!(f[0].evidence, ["2026-09-03", "2026-09-04", "2026-09-07"].map(day));
    s.roll(Full, "2026-09-08", 9, &[], &[OTHER, CHILD]);
    let f = s.findings("2026-09-08");
    assert!(!f[0].open && f[0].last_on == day("2026-09-07"));
}

#[test]
fn a_roll_call_is_missing_only_after_its_hour_and_not_before_the_source_ever_delivered() {
    let missing = || Cond::RollCallMissing { by: chrono::NaiveTime::from_hms_opt(9, 30, 0).expect("a time"), days: 1 };
    let mut s = Small::new(consecutive(1));
    s.roll(Full, "2026-09-07", 9, &[], &[CHILD, OTHER]);
    let mut check = |now: Time, want: &[&str]| {
        let on = now.date().to_string();
        let found = s.groups(SubjectKind::Class, missing(), &on, now);
        let dates: Vec<Date> = found.iter().flat_map(|f| f.evidence.clone()).collect();
        assert_eq!(dates, want.iter().map(|d| day(d)).collect::<Vec<_>>(), "{now}");
    };
    check(at("2026-09-07", 12), &[]);
    check(at("2026-09-08", 9), &[]);
    check(at("2026-09-08", 10), &["2026-09-08"]);
    check(at("2026-09-09", 9), &["2026-09-08"]);
    check(at("2026-09-09", 10), &["2026-09-08", "2026-09-09"]);
}

#[test]
fn a_roll_call_of_lessons_that_the_day_does_not_have_is_missing_and_each_hour_is_its_own() {
    let missing =
        |hour, days| Cond::RollCallMissing { by: chrono::NaiveTime::from_hms_opt(hour, 0, 0).expect("a time"), days };
    let mut s = Small::new(consecutive(1));
    let half_days = vec![HalfDay { weekday: chrono::Weekday::Fri, periods: vec![0, 1], day: true }];
    let weekend = vec![chrono::Weekday::Sat, chrono::Weekday::Sun];
    let weeks = vec![WeekPattern { weekend, half_days }];
    s.policy.schools[0].patterns = vec![Pattern { grades: vec![], from: None, to: None, weeks }];
    s.roll(Full, "2026-09-10", 9, &[], &[CHILD, OTHER]);
    // On Friday there are two lessons in the morning; what is listed is the afternoon.
    s.slot_roll(Full, "2026-09-11", "pm", 14, &[], &[CHILD, OTHER]);
    let found = s.groups(SubjectKind::Class, missing(9, 1), "2026-09-11", at("2026-09-11", 20));
    assert_eq!((found.len(), found[0].evidence.clone()), (1, vec![day("2026-09-11")]));
    // On Monday at ten neither holds: three days by nine, two by noon.
    let either = || Cond::Any(vec![missing(9, 3), missing(12, 2)]);
    let found = s.groups(SubjectKind::Class, either(), "2026-09-14", at("2026-09-14", 10));
    assert!(found.is_empty(), "{found:?}");
    let found = s.groups(SubjectKind::Class, either(), "2026-09-14", at("2026-09-14", 12));
    assert_eq!(found.iter().map(|f| f.fired_on).collect::<Vec<_>>(), [day("2026-09-14")]);
}

#[test]
fn clusters_full_sheets_and_late_corrections_are_found_for_the_class() {
    let mut s = Small::new(consecutive(1));
    s.roll(Full, "2026-09-07", 9, &[], &[CHILD, OTHER]);
    s.roll(Full, "2026-09-08", 9, &[], &[CHILD, OTHER]);
    s.roll(Full, "2026-09-09", 9, &[(CHILD, "truant"), (OTHER, "truant")], &[]);
    let now = at("2026-09-30", 12);
    let full = s.groups(SubjectKind::Class, Cond::AlwaysFull { days: 2, pupils: 2 }, "2026-09-09", now);
    assert_eq!((full.len(), full[0].fired_on, full[0].open), (1, day("2026-09-08"), false));
    let within = Window { kind: WindowKind::Week, clip: None, across_terms: true, across_schools: true };
    let cluster = Cond::Cluster { counting: unexcused(), pupils: 2, within, share: Some(Ratio::ONE) };
    let found = s.groups(SubjectKind::School, cluster, "2026-09-09", now);
    assert_eq!((found.len(), found[0].evidence.clone()), (1, vec![day("2026-09-09")]));
    // Four days later the truancy of one child becomes sickness.
    let id = DeliveryId(s.next);
    s.roll(Full, "2026-09-15", 9, &[], &[OTHER, CHILD]);
    s.evidence.rows.push(Row {
        delivery: id,
        row_no: 9,
        school: "a".into(),
        pupil: CHILD,
        date: day("2026-09-09"),
        slot: "day".into(),
        status: "sick".into(),
        leave_until: None,
    });
    let late = Cond::CorrectedLate { lessons: Ratio::whole(4), older_than_school_days: 3 };
    let found = s.groups(SubjectKind::Class, late, "2026-09-15", now);
    assert_eq!((found.len(), found[0].evidence.clone()), (1, vec![day("2026-09-09")]));
}

#[test]
fn known_at_leaves_out_what_was_stated_later() {
    let mut s = Small::new(consecutive(1));
    s.roll(Full, "2026-09-07", 9, &[(CHILD, "truant")], &[OTHER]);
    s.roll(Full, "2026-09-07", 15, &[(CHILD, "sick")], &[OTHER]);
    let calendar = Calendar::new(&s.policy);
    let known = |t| timeline::build(&s.policy, &calendar, &s.evidence, &[CHILD], day("2026-09-07"), t);
    let first = |b: &timeline::Built| b.timelines[&CHILD].records()[0].code(0);
    assert_eq!(first(&known(Some(at("2026-09-07", 12)))), 6);
    assert_eq!(first(&known(None)), 4);
}

#[test]
fn a_finding_is_explained_with_its_dates_and_the_days_off_between_them() {
    use kongchuo::domain::message::Lang;
    use kongchuo::domain::rule::explain::{Explainer, strip};
    use kongchuo::domain::rule::outlook::Outlook;
    use kongchuo::domain::rule::phrase::Phrases;
    let mut s = Small::new(consecutive(3));
    let off = (day("2026-09-25"), true, "中秋节".to_string());
    s.policy.calendar.holidays = Holidays::Years(vec![HolidayYear { year: 2026, announced: true, days: vec![off] }]);
    s.roll(Full, "2026-09-22", 9, &[], &[CHILD, OTHER]);
    for d in ["2026-09-23", "2026-09-24", "2026-09-28"] {
        s.roll(Full, d, 9, &[(CHILD, "truant")], &[OTHER]);
    }
    let f = s.findings("2026-09-28");
    let calendar = Calendar::new(&s.policy);
    let built = timeline::build(&s.policy, &calendar, &s.evidence, &[CHILD], day("2026-09-28"), None);
    let member = built.roster.member_of(CHILD).expect("listed");
    let today = day("2026-09-28");
    let mut outlook = Outlook::new(&s.policy, &calendar, s.evidence.clone(), &built, CHILD, today);
    let stood = outlook.stand(&s.policy.rules[0], today);
    let say = |lang| {
        let phrases = Phrases { policy: &s.policy, lang };
        Explainer { phrases, calendar: &calendar, member: Some(member), today }.because(&f[0], &stood)
    };
    assert_eq!(say(Lang::Zh), "连续 3 个上课日无故缺课：9月23日、24日、28日；9月25日放假，不计。");
    assert_eq!(
        say(Lang::En),
        "unexcused absence for 3 school days in a row: 23 Sep, 24 Sep, 28 Sep; no school on 25 Sep, not counted."
    );
    let strip = strip(&built.timelines[&CHILD], member, &calendar, day("2026-09-21"), day("2026-09-29"));
    assert_eq!(strip.iter().map(|m| m.mark).collect::<String>(), ".√旷旷=  旷.");
}

#[test]
fn the_next_instant_is_the_day_after_an_end_of_leave() {
    let mut s = Small::new(Cond::OverdueReturn { amount: Amount::Days(days(1)) });
    s.roll(Full, "2026-09-07", 9, &[(CHILD, "sick")], &[OTHER]);
    s.evidence.rows[0].leave_until = Some(day("2026-09-09"));
    let calendar = Calendar::new(&s.policy);
    let built = timeline::build(&s.policy, &calendar, &s.evidence, &[CHILD], day("2027-01-01"), None);
    let program = rule::compile(&s.policy.rules, &s.policy, &calendar);
    let next = |on| rule::next_instant(&program, &calendar, &built.roster, &built.timelines[&CHILD], day(on));
    assert_eq!(next("2026-09-07"), Some(at("2026-09-10", 0)));
    assert_eq!(next("2026-09-10"), None);
    s.roll(Full, "2026-09-10", 9, &[(CHILD, "unexplained")], &[OTHER]);
    let f = s.findings("2026-09-10");
    assert_eq!((f.len(), f[0].evidence.clone()), (1, vec![day("2026-09-10")]));
}
