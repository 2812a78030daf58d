//! The calendar in tables: whose voice wins, which periods a day has, how days are added, when quiet hours end.

use crate::world::{bare, day, school};
use chrono::Weekday;
use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::ids::{ClassName, SchoolId};
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;

fn policy() -> Policy {
    let mut p = bare();
    p.schools = ["a", "b"].map(|s| school(s, &[(Ratio::ONE, 40); 6], &[("am", &[0, 1, 2, 3])], &["am"])).into();
    p.calendar.terms = vec![
        Term { id: "autumn".into(), start: day("2026-09-01"), end: day("2027-01-22"), stages: vec![] },
        Term { id: "spring".into(), start: day("2027-02-22"), end: day("2027-07-02"), stages: vec![Stage::Primary] },
    ];
    let days = [("2026-09-20", false), ("2026-09-25", true), ("2026-10-01", true), ("2026-10-10", false)];
    let days = days.map(|(d, off)| (day(d), off, "国庆节".to_string())).to_vec();
    p.calendar.holidays = Holidays::Years(vec![
        HolidayYear { year: 2026, announced: true, days },
        HolidayYear { year: 2027, announced: false, days: vec![] },
    ]);
    p
}

fn scope(schools: &[&str], grades: &[u8], classes: &[&str]) -> Scope {
    Scope {
        schools: schools.iter().map(SchoolId::new).collect(),
        grades: grades.to_vec(),
        classes: classes.iter().map(ClassName::new).collect(),
    }
}

fn close(p: &mut Policy, on: &str, scope: Scope) {
    p.calendar.closed.push(Closure { from: day(on), to: day(on), reason: "停课".into(), scope });
}
fn open(p: &mut Policy, on: &str, scope: Scope, timetable_of: Option<Weekday>) {
    p.calendar.open.push(Opening { date: day(on), reason: "补课".into(), scope, timetable_of });
}

#[test]
fn the_most_specific_entry_wins_and_open_wins_a_tie() {
    fn check(closed: Scope, opened: Option<Scope>, want: bool) {
        let mut p = policy();
        close(&mut p, "2026-09-07", closed.clone());
        if let Some(o) = opened.clone() {
            open(&mut p, "2026-09-07", o, None);
        }
        let c = Calendar::new(&p);
        let class = ClassName::new("1");
        let is = c.is_school_day(&"a".into(), Some(3), Some(&class), day("2026-09-07"));
        assert_eq!(is, want, "{closed:?} {opened:?}");
        assert_eq!(c.day(&"a".into(), Some(3), Some(&class), day("2026-09-07")).counts_as_day, want);
    }
    check(scope(&[], &[], &[]), None, false);
    check(scope(&["b"], &[], &[]), None, true);
    check(scope(&[], &[4], &[]), None, true);
    check(scope(&["a"], &[], &[]), Some(scope(&[], &[], &[])), false);
    check(scope(&["a"], &[], &[]), Some(scope(&[], &[3], &[])), true);
    check(scope(&["a"], &[3], &[]), Some(scope(&["a"], &[], &["1"])), true);
    check(scope(&["a"], &[3], &[]), Some(scope(&[], &[3], &[])), false);
    check(scope(&["a"], &[], &["2"]), None, true);
}

#[test]
fn holidays_make_up_days_and_terms_speak_in_their_order() {
    fn check(date: &str, follow: bool, ignore: bool) {
        let mut p = policy();
        p.schools[1].makeup = Makeup::Ignore;
        let c = Calendar::new(&p);
        assert_eq!(c.is_school_day(&"a".into(), Some(3), None, day(date)), follow, "{date}, following");
        assert_eq!(c.is_school_day(&"b".into(), Some(3), None, day(date)), ignore, "{date}, ignoring");
    }
    check("2026-09-04", true, true);
    check("2026-09-05", false, false);
    check("2026-09-20", true, false);
    check("2026-09-25", false, false);
    check("2026-10-10", true, false);
    check("2026-08-31", false, false);
    check("2027-02-01", false, false);
    check("2027-02-22", true, true);
}

#[test]
fn nothing_is_open_outside_the_terms_of_its_stage() {
    let mut p = policy();
    open(&mut p, "2027-02-10", scope(&["a"], &[], &[]), None);
    let c = Calendar::new(&p);
    assert!(!c.is_school_day(&"a".into(), Some(3), None, day("2027-02-10")));
    // The spring term is for primary only; grade 7 is junior.
    assert!(c.is_school_day(&"a".into(), Some(3), None, day("2027-03-01")));
    assert!(!c.is_school_day(&"a".into(), Some(7), None, day("2027-03-01")));
}

#[test]
fn patterns_of_the_grade_come_first_and_weeks_alternate_from_their_first_monday() {
    let mut p = policy();
    let half = |weekday, periods: &[usize], day| HalfDay { weekday, periods: periods.to_vec(), day };
    let all = Pattern {
        grades: vec![],
        from: None,
        to: None,
        weeks: vec![WeekPattern { weekend: vec![Weekday::Sun], half_days: vec![half(Weekday::Sat, &[0, 1], true)] }],
    };
    let boarders = Pattern {
        grades: vec![4],
        from: Some(day("2026-09-02")),
        to: None,
        weeks: vec![
            WeekPattern { weekend: vec![Weekday::Sat, Weekday::Sun], half_days: vec![] },
            WeekPattern { weekend: vec![], half_days: vec![half(Weekday::Sun, &[5], false)] },
        ],
    };
    p.schools[0].patterns = vec![all, boarders];
    open(&mut p, "2026-09-19", scope(&["a"], &[3], &[]), Some(Weekday::Sat));
    open(&mut p, "2026-10-18", scope(&["a"], &[3], &[]), Some(Weekday::Wed));
    let c = Calendar::new(&p);
    let check = |grade: u8, date: &str, periods: &[usize], counts: bool| {
        let plan = c.day(&"a".into(), Some(grade), None, day(date));
        assert_eq!((plan.periods.as_slice(), plan.counts_as_day), (periods, counts), "grade {grade} {date}");
    };
    check(3, "2026-09-12", &[0, 1], true);
    check(3, "2026-09-13", &[], false);
    check(4, "2026-09-05", &[], false);
    check(4, "2026-09-12", &[0, 1, 2, 3, 4, 5], true);
    check(4, "2026-09-13", &[5], false);
    check(4, "2026-09-19", &[], false);
    // Before its first day the grade's pattern says nothing.
    check(4, "2026-09-01", &[0, 1, 2, 3, 4, 5], true);
    check(3, "2026-09-19", &[0, 1], true);
    check(3, "2026-10-18", &[0, 1, 2, 3, 4, 5], true);
}

#[test]
fn days_are_added_from_the_day_after_the_anchor() {
    let c = Calendar::new(&policy());
    let school = SchoolId::new("a");
    let check = |from: &str, n: u32, want: Option<&str>| {
        assert_eq!(c.add_school_days(&school, Some(3), None, day(from), n), want.map(day), "{from} + {n}");
    };
    check("2026-09-04", 1, Some("2026-09-07"));
    check("2026-09-18", 1, Some("2026-09-20"));
    check("2026-09-24", 1, Some("2026-09-28"));
    check("2026-08-01", 1, Some("2026-09-01"));
    check("2027-01-22", 1, Some("2027-02-22"));
    check("2027-07-01", 2, None);
    let check = |from: &str, n: u32, want: &str| {
        assert_eq!(c.add_working_days(day(from), n), day(want), "{from} + {n} working days");
    };
    check("2026-09-18", 1, "2026-09-20");
    check("2026-09-30", 1, "2026-10-02");
    check("2026-10-09", 1, "2026-10-10");
    assert_eq!(c.school_days_between(&school, Some(3), None, day("2026-09-18"), day("2026-09-21")), 3);
}

#[test]
fn a_school_year_begins_with_the_first_term_after_june_or_where_it_is_said() {
    let mut p = policy();
    let check = |p: &Policy, date: &str, want: (i32, &str)| {
        assert_eq!(Calendar::new(p).school_year_of(day(date)), (want.0, day(want.1)), "{date}");
    };
    check(&p, "2026-09-01", (2026, "2026-09-01"));
    check(&p, "2027-06-30", (2026, "2026-09-01"));
    check(&p, "2026-08-31", (2025, "2025-09-01"));
    check(&p, "2027-08-31", (2026, "2026-09-01"));
    p.calendar.school_year_starts = Some((4, 1));
    check(&p, "2027-03-31", (2026, "2026-04-01"));
    check(&p, "2027-04-01", (2027, "2027-04-01"));
    let c = Calendar::new(&p);
    assert!(c.year_known(2026) && !c.year_known(2027) && !c.year_known(2028));
}

#[test]
fn quiet_hours_hold_from_their_start_to_their_end_and_offices_rest_on_days_off() {
    let c = Calendar::new(&policy());
    let time = |s: &str| s.parse::<chrono::NaiveDateTime>().expect("an instant");
    let check = |at: &str, quiet: Option<(&str, &str)>, working_days_only: bool, want: &str| {
        let clock = |s: &str| s.parse::<chrono::NaiveTime>().expect("a time");
        let quiet = quiet.map(|(f, t)| (clock(f), clock(t)));
        let hours = Hours { quiet, per_day: None, working_days_only, bundle_s: 600, digest: None, valid_s: 86_400 };
        assert_eq!(c.next_open(time(at), &hours), time(want), "{at} {quiet:?}");
    };
    let night = Some(("21:00:00", "07:00:00"));
    check("2026-09-07T20:59:59", night, false, "2026-09-07T20:59:59");
    check("2026-09-07T21:00:00", night, false, "2026-09-08T07:00:00");
    check("2026-09-08T06:59:59", night, false, "2026-09-08T07:00:00");
    check("2026-09-08T07:00:00", night, false, "2026-09-08T07:00:00");
    check("2026-09-08T12:30:00", Some(("12:00:00", "14:00:00")), false, "2026-09-08T14:00:00");
    check("2026-09-04T22:00:00", night, true, "2026-09-07T07:00:00");
    check("2026-09-05T10:00:00", None, true, "2026-09-07T00:00:00");
    check("2026-09-20T10:00:00", night, true, "2026-09-20T10:00:00");
}
