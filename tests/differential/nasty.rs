//! Cases that one would try in order to break an evaluator: ends of months, leap days, turns of the year, fortnights, moves.
//! Each is worked out by hand; the program and the plain evaluator must both say just that.

use crate::world::{World, bare, day, school};
use chrono::Weekday::*;
use kongchuo::domain::evidence::*;
use kongchuo::domain::ids::*;
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use std::collections::BTreeMap;

const CHILD: PupilId = PupilId(1);

struct Case {
    world: World,
    next: i64,
}

fn counting(statuses: &[&str]) -> Counting {
    let weights = statuses.iter().map(|s| (StatusId::new(s), Ratio::ONE)).collect();
    Counting { of: Of { written: String::new(), weights }, slots: vec![], day: None }
}
fn unexcused() -> Counting {
    counting(&["truant", "unexplained"])
}
fn least(n: i64) -> Threshold {
    Threshold { n: Ratio::whole(n), over: false }
}
fn over(n: i64) -> Threshold {
    Threshold { n: Ratio::whole(n), over: true }
}
fn run(amount: Amount, broken_by: BrokenBy, across_terms: bool, across_schools: bool) -> Cond {
    Cond::Consecutive { counting: unexcused(), amount, broken_by, across_terms, across_schools }
}
fn consecutive(amount: Amount) -> Cond {
    run(amount, BrokenBy::Day, false, true)
}
fn window(kind: WindowKind) -> Window {
    Window { kind, clip: None, across_terms: false, across_schools: true }
}
fn total(amount: Amount, within: WindowKind) -> Cond {
    Cond::Total { counting: unexcused(), amount, parts: false, within: window(within) }
}
fn weekday(weekday: chrono::Weekday, at_least: u32, of_last: u32) -> Cond {
    let weekdays = vec![weekday];
    Cond::Weekday { counting: unexcused(), weekdays, at_least, of_last, across_terms: false, across_schools: true }
}

impl Case {
    /// Two schools of four lessons, one long term; the child is in school a from before its first day.
    fn new(from: &str, to: &str) -> Case {
        let mut policy = bare();
        let lessons = vec![(Ratio::ONE, 45); 4];
        policy.schools =
            ["a", "b"].map(|s| school(s, &lessons, &[("am", &[0, 1]), ("pm", &[2, 3])], &["am", "pm"])).into();
        let now = day(to).and_hms_opt(23, 0, 0).expect("an hour");
        let world = World { policy, evidence: Evidence::default(), pupils: vec![CHILD], on: day(to), now };
        let mut c = Case { world, next: 1 };
        c.term(from, to);
        c.world.policy.calendar.terms.remove(0);
        c.world.policy.calendar.terms.remove(0);
        c.listed("a", from, |_| {});
        c
    }
    fn term(&mut self, from: &str, to: &str) {
        let id = format!("term-{from}").as_str().into();
        self.world.policy.calendar.terms.push(Term { id, start: day(from), end: day(to), stages: vec![] });
        self.world.on = day(to);
        self.world.now = day(to).and_hms_opt(23, 0, 0).expect("an hour");
    }
    fn listed(&mut self, school: &str, on: &str, change: impl FnOnce(&mut RegisterRow)) {
        let stamp =
            Stamp { stated_at: day(on).and_hms_opt(0, 0, 0).expect("midnight"), delivery: DeliveryId(self.next) };
        self.next += 1;
        let mut row = RegisterRow {
            stamp,
            arrived_at: stamp.stated_at,
            row_no: 1,
            through: None,
            pupil: CHILD,
            school: school.into(),
            class: Some("1".into()),
            grade: Some(3),
            standing: Standing::Enrolled,
            status_until: None,
            status_basis: true,
            enrolled_on: None,
            left_on: None,
            boarding: None,
            sex: None,
            birth_date: None,
            groups: vec![],
        };
        change(&mut row);
        self.world.evidence.register_exports.push((row.school.clone(), stamp));
        self.world.evidence.register.push(row);
    }
    /// A full export of each date, school days or not, says this of the child.
    fn say(&mut self, status: &str, dates: &[(&str, &str)]) {
        self.say_at("a", "day", 9, status, dates);
    }
    fn say_at(&mut self, school: &str, slot: &str, hour: u32, status: &str, dates: &[(&str, &str)]) {
        for date in dates.iter().flat_map(|(f, t)| day(f).iter_days().take_while(|d| *d <= day(t))) {
            let id = DeliveryId(self.next);
            self.next += 1;
            let present = if status == "present" { vec![CHILD] } else { vec![] };
            let e = &mut self.world.evidence;
            if !matches!(status, "present" | "not_listed") {
                e.rows.push(Row {
                    delivery: id,
                    row_no: 1,
                    school: school.into(),
                    pupil: CHILD,
                    date,
                    slot: slot.into(),
                    status: status.into(),
                    leave_until: None,
                });
            } else {
                e.sheets.push(Sheet {
                    delivery: id,
                    school: school.into(),
                    date,
                    slot: slot.into(),
                    present: PupilList::new(&present),
                });
            }
            let at = date.and_hms_opt(hour, 0, 0).expect("an hour");
            e.deliveries.insert(
                id,
                DeliveryFacts {
                    stamp: Stamp { stated_at: at, delivery: id },
                    source: school.into(),
                    coverage: CoverageKind::Full,
                    replaces: Replaces::Rows,
                    classes: vec![],
                    slots: vec![],
                    stated: BTreeMap::new(),
                    arrived_at: at,
                },
            );
        }
    }
    fn act(&mut self, kind: &str, result: &str, on: &str) {
        self.world.evidence.acts.push(Act {
            id: ActId(self.next),
            pupil: CHILD,
            date: day(on),
            kind: kind.into(),
            result: Some(result.into()),
            recorded_at: day(on).and_hms_opt(16, 0, 0).expect("an hour"),
        });
        self.next += 1;
    }
    fn fortnight(&mut self, from: Option<&str>) {
        let week = |weekend: &[chrono::Weekday]| WeekPattern { weekend: weekend.to_vec(), half_days: vec![] };
        let weeks = vec![week(&[Sat, Sun]), week(&[])];
        let from = from.map(day);
        self.world.policy.schools[0].patterns = vec![Pattern { grades: vec![], from, to: None, weeks }];
    }
    /// What both evaluators say, or that they differ.
    fn finds(&mut self, when: Cond) -> String {
        self.finds_where(when, |_| {})
    }
    fn finds_where(&mut self, when: Cond, change: impl FnOnce(&mut Rule)) -> String {
        let mut rule = Rule {
            id: "rule".into(),
            title: kongchuo::domain::message::Text::both("rule"),
            basis: None,
            subject: SubjectKind::Pupil,
            filter: Filter::default(),
            when,
            day: DayTest::Share(Ratio::HALF),
            level: 1,
            ladder: None,
            effective_from: None,
            effective_to: None,
            hash: "hash".into(),
        };
        change(&mut rule);
        self.world.policy.rules = vec![rule];
        let w = &self.world;
        let ours = crate::fast(&w.policy, &w.evidence, &w.pupils, w.on, Some(w.now));
        assert_eq!(ours, crate::simple_from(w, day("2024-08-01")), "the two evaluators differ");
        let say = |f: &kongchuo::domain::finding::Finding| {
            let measure = f.measure.map_or("-".into(), |m| format!("{}", m.value));
            let open = if f.open { " open" } else { "" };
            let school = f.subject.school.as_ref().map_or("-", |s| s.as_str());
            let class = f.subject.class.as_ref().map_or("-", |s| s.as_str());
            format!("{}..{}{open} {measure} of {} in {school}{class}", f.fired_on, f.last_on, f.evidence.len())
        };
        ours.iter().filter(|f| f.subject.pupil == Some(CHILD)).map(say).collect::<Vec<_>>().join("; ")
    }
}

const AUTUMN: (&str, &str) = ("2026-09-01", "2026-10-30");
const LONG: (&str, &str) = ("2026-09-01", "2027-07-02");

fn autumn() -> Case {
    Case::new(AUTUMN.0, AUTUMN.1)
}

#[test]
fn a_month_is_over_with_the_day_before_the_same_day() {
    fn check(term: (&str, &str), from: &str, months: Threshold, want: &str) {
        let mut c = Case::new(term.0, term.1);
        c.say("truant", &[(from, term.1)]);
        let got = c.finds(consecutive(Amount::Months(months)));
        assert!(got.starts_with(want), "{from} {months:?}: {got}");
    }
    check(AUTUMN, "2026-09-01", least(1), "2026-09-30..");
    check(AUTUMN, "2026-09-01", over(1), "2026-10-01..");
    // 31 January and a month is the last of February, leap day or not; 29 January 2027 comes due on Sunday the 28th.
    check(("2027-09-01", "2028-06-30"), "2028-01-31", least(1), "2028-02-28..");
    check(("2027-09-01", "2028-06-30"), "2028-01-31", over(1), "2028-02-29..");
    check(LONG, "2027-01-29", least(1), "2027-03-01..");
    check(LONG, "2026-12-31", least(1), "2027-02-01..");
    check(LONG, "2026-12-31", least(2), "2027-03-01..");
    // From Wednesday 30 September the second month ends with 30 November, a Monday.
    check(LONG, "2026-09-30", over(2), "2026-11-30..");
}

#[test]
fn a_window_of_a_month_opens_the_day_after_the_same_day() {
    fn check(term: (&str, &str), first: &str, second: &str, want: bool) {
        let mut c = Case::new(term.0, term.1);
        c.say("truant", &[(first, first), (second, second)]);
        let got = c.finds(total(Amount::Days(least(2)), WindowKind::Months(1)));
        assert_eq!(got.contains(second), want, "{first} {second}: {got}");
    }
    check(LONG, "2027-02-26", "2027-03-26", false);
    check(LONG, "2027-03-01", "2027-03-31", true);
    check(LONG, "2027-02-26", "2027-03-25", true);
    let leap = ("2027-09-01", "2028-06-30");
    check(leap, "2028-02-29", "2028-03-28", true);
    check(leap, "2028-02-29", "2028-03-29", false);
    check(leap, "2028-02-29", "2028-03-30", false);
}

#[test]
fn weeks_run_from_monday_to_sunday_across_the_year() {
    let mut c = Case::new(LONG.0, LONG.1);
    c.say("present", &[("2026-12-21", "2027-01-15")]);
    c.say_at(
        "a",
        "day",
        10,
        "truant",
        &[("2026-12-28", "2026-12-28"), ("2026-12-31", "2027-01-01"), ("2027-01-04", "2027-01-05")],
    );
    let three = || Amount::Days(least(3));
    assert_eq!(c.finds(total(three(), WindowKind::Week)), "2027-01-01..2027-01-01 3 of 3 in a1");
    assert_eq!(c.finds(total(three(), WindowKind::Month)), "2027-01-05..2027-01-15 open 3 of 3 in a1");
    // Seven days up to Tuesday the 5th begin on Wednesday the 30th.
    assert_eq!(
        c.finds(total(Amount::Days(least(4)), WindowKind::CalendarDays(7))),
        "2027-01-05..2027-01-06 4 of 4 in a1"
    );
    assert_eq!(
        c.finds(total(Amount::Days(least(5)), WindowKind::SchoolWeeks(2))),
        "2027-01-05..2027-01-08 5 of 5 in a1"
    );
}

#[test]
fn a_child_of_the_leap_day_is_a_year_older_on_the_first_of_march() {
    fn check(age: Age, want: &str) {
        let mut c = Case::new(LONG.0, LONG.1);
        c.world.evidence.register[0].birth_date = Some(day("2016-02-29"));
        c.say("truant", &[("2027-02-25", "2027-03-02")]);
        let got = c.finds_where(consecutive(Amount::Days(least(1))), |r| r.filter.age = Some(age));
        assert_eq!(got, want, "{age:?}");
    }
    let age = |from, to, on_school_year_start| Age { from, to, on_school_year_start };
    check(age(Some(11), None, false), "2027-03-01..2027-03-02 open 4 of 4 in a1");
    check(age(None, Some(10), false), "2027-02-25..2027-02-26 2 of 2 in a1");
    check(age(Some(11), None, true), "");
    check(age(Some(10), Some(10), true), "2027-02-25..2027-03-02 open 4 of 4 in a1");
}

#[test]
fn a_school_year_may_begin_before_its_first_term() {
    fn check(starts: Option<(u32, u32)>, from: u8, want: bool) {
        let mut c = autumn();
        c.world.policy.calendar.school_year_starts = starts;
        c.world.evidence.register[0].birth_date = Some(day("2015-08-20"));
        c.say("truant", &[("2026-09-07", "2026-09-07")]);
        let age = Some(Age { from: Some(from), to: None, on_school_year_start: true });
        let got = c.finds_where(total(Amount::Days(least(1)), WindowKind::SchoolYear), |r| r.filter.age = age);
        assert_eq!(!got.is_empty(), want, "{starts:?} {from}: {got}");
    }
    check(None, 11, true);
    check(Some((8, 15)), 11, false);
    check(Some((8, 15)), 10, true);
    check(Some((8, 20)), 11, true);
    check(Some((9, 10)), 11, false);
}

#[test]
fn a_made_up_sunday_is_a_sunday() {
    let mut c = autumn();
    let on = (day("2026-09-20"), false, "国庆节".to_string());
    c.world.policy.calendar.holidays =
        Holidays::Years(vec![HolidayYear { year: 2026, announced: true, days: vec![on] }]);
    c.say("present", &[("2026-09-01", "2026-09-25")]);
    c.say_at("a", "day", 10, "truant", &[("2026-09-18", "2026-09-20")]);
    assert_eq!(c.finds(weekday(Sun, 1, 1)), "2026-09-20..2026-09-20 1 of 1 in a1");
    assert_eq!(c.finds(weekday(Fri, 1, 1)), "2026-09-18..2026-09-18 1 of 1 in a1");
    // Two Sundays do not exist; of the last two Fridays one counts, on the 18th and on the 25th.
    assert_eq!(c.finds(weekday(Sun, 1, 2)), "");
    assert_eq!(
        c.finds(weekday(Fri, 1, 2)),
        "2026-09-18..2026-09-18 1 of 1 in a1; 2026-09-25..2026-09-25 open 1 of 1 in a1"
    );
    // Saturday the 19th is no school day whatever an export says: Friday and Sunday are two in a row.
    assert_eq!(c.finds(consecutive(Amount::Days(least(2)))), "2026-09-20..2026-09-20 2 of 2 in a1");
    assert_eq!(c.finds(total(Amount::Days(least(2)), WindowKind::Week)), "2026-09-20..2026-09-20 2 of 2 in a1");
}

#[test]
fn a_fortnight_begins_anew_with_the_term_unless_it_says_from_when() {
    fn check(from: Option<&str>, want: &str) {
        let mut c = Case::new("2026-09-01", "2026-10-09");
        c.term("2026-10-19", "2026-11-08");
        c.fortnight(from);
        c.say("truant", &[("2026-10-19", "2026-11-08")]);
        assert_eq!(c.finds(consecutive(Amount::Days(least(12)))), want, "{from:?}");
    }
    // 19 October opens the first week, which has a weekend; Saturday the 31st and Sunday 1 November are school.
    check(None, "2026-11-01..2026-11-06 open 17 of 17 in a1");
    // Counted from 31 August it closes one: 24 and 25 October, 7 and 8 November are school.
    check(Some("2026-08-31"), "2026-10-30..2026-11-08 open 19 of 19 in a1");
    check(Some("2026-09-07"), "2026-11-01..2026-11-06 open 17 of 17 in a1");
}

#[test]
fn whoever_is_exempt_until_a_sunday_is_awaited_on_monday() {
    let mut c = autumn();
    c.world.evidence.register.clear();
    c.listed("a", "2026-09-01", |r| {
        r.standing = Standing::Suspended;
        r.status_until = Some(day("2026-09-13"));
    });
    c.say("unexplained", &[("2026-09-07", "2026-09-15")]);
    let overdue = |n| Cond::OverdueReturn { amount: Amount::Days(least(n)) };
    assert_eq!(c.finds(overdue(1)), "2026-09-14..2026-09-15 open 2 of 2 in a1");
    assert_eq!(c.finds(overdue(2)), "2026-09-15..2026-09-15 open 2 of 2 in a1");
    assert_eq!(c.finds(consecutive(Amount::Days(least(2)))), "2026-09-15..2026-09-15 open 2 of 2 in a1");
    let days = |t| Cond::OverdueReturn { amount: Amount::CalendarDays(t) };
    assert_eq!(c.finds(days(over(1))), "2026-09-15..2026-09-15 open 2 of 2 in a1");
}

#[test]
fn a_run_goes_on_at_the_next_school_unless_it_is_cut() {
    let mut c = autumn();
    c.listed("b", "2026-09-10", |r| r.class = Some("2".into()));
    c.listed("a", "2026-09-10", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-09"));
    });
    c.say("truant", &[("2026-09-07", "2026-09-09")]);
    c.say_at("b", "day", 9, "truant", &[("2026-09-10", "2026-09-11")]);
    let five = |across_schools| run(Amount::Days(least(5)), BrokenBy::Day, false, across_schools);
    assert_eq!(c.finds(five(true)), "2026-09-11..2026-09-11 open 5 of 5 in b2");
    assert_eq!(c.finds(five(false)), "");
    let two = run(Amount::Days(least(2)), BrokenBy::Day, false, false);
    assert_eq!(c.finds(two), "2026-09-08..2026-09-09 3 of 3 in a1; 2026-09-11..2026-09-11 open 2 of 2 in b2");
}

#[test]
fn a_run_over_the_holidays_is_one_only_across_terms_and_its_class_is_the_last() {
    let mut c = Case::new("2026-09-01", "2026-10-09");
    c.term("2026-10-19", "2026-11-13");
    c.listed("a", "2026-10-18", |r| r.class = Some("2".into()));
    c.say("truant", &[("2026-10-07", "2026-10-20")]);
    let of = |n, across| run(Amount::Days(least(n)), BrokenBy::Day, across, true);
    assert_eq!(c.finds(of(5, true)), "2026-10-20..2026-10-20 open 5 of 5 in a2");
    assert_eq!(c.finds(of(5, false)), "");
    assert_eq!(c.finds(of(2, false)), "2026-10-08..2026-10-09 3 of 3 in a1; 2026-10-20..2026-10-20 open 2 of 2 in a2");
    assert_eq!(c.finds(of(2, true)), "2026-10-08..2026-10-20 open 5 of 5 in a2");
    // Calendar days go on through the holidays.
    let long = run(Amount::Weeks(least(2)), BrokenBy::Day, true, true);
    assert_eq!(c.finds(long), "2026-10-20..2026-10-20 open 14 of 5 in a2");
    let one = total(Amount::Days(least(4)), WindowKind::CalendarDays(30));
    assert_eq!(c.finds(one), "2026-10-19..2026-10-20 open 5 of 5 in a2");
    let school_days = total(Amount::Days(least(3)), WindowKind::SchoolDays(5));
    assert_eq!(c.finds(school_days), "2026-10-09..2026-10-09 3 of 3 in a1");
}

#[test]
fn attended_at_either_of_two_schools_is_attended() {
    let mut c = autumn();
    c.listed("b", "2026-09-02", |_| {});
    c.say("truant", &[("2026-09-07", "2026-09-09")]);
    c.say_at("b", "day", 9, "present", &[("2026-09-08", "2026-09-08")]);
    c.say_at("b", "pm", 9, "present", &[("2026-09-09", "2026-09-09")]);
    let any = consecutive(Amount::Days(least(1)));
    assert_eq!(c.finds(any.clone()), "2026-09-07..2026-09-07 1 of 1 in b1; 2026-09-09..2026-09-09 open 1 of 1 in b1");
    assert_eq!(c.finds_where(any, |r| r.day = DayTest::Share(Ratio::ONE)), "2026-09-07..2026-09-07 1 of 1 in b1");
}

#[test]
fn evening_study_counts_for_lessons_and_never_for_days() {
    let mut c = autumn();
    let half_days = vec![HalfDay { weekday: Sun, periods: vec![3], day: false }];
    let weeks = vec![WeekPattern { weekend: vec![Sat, Sun], half_days }];
    c.world.policy.schools[0].patterns = vec![Pattern { grades: vec![], from: None, to: None, weeks }];
    c.say("truant", &[("2026-09-11", "2026-09-13")]);
    assert_eq!(c.finds(consecutive(Amount::Days(least(1)))), "2026-09-11..2026-09-11 open 1 of 1 in a1");
    assert_eq!(c.finds(total(Amount::Lessons(least(5)), WindowKind::Week)), "2026-09-13..2026-09-13 open 5 of 2 in a1");
    assert_eq!(c.finds(consecutive(Amount::Lessons(least(5)))), "2026-09-13..2026-09-13 open 5 of 2 in a1");
    assert_eq!(c.finds(consecutive(Amount::Hours(over(3)))), "2026-09-13..2026-09-13 open 15/4 of 2 in a1");
    assert_eq!(c.finds(consecutive(Amount::Sessions(least(3)))), "2026-09-13..2026-09-13 open 3 of 2 in a1");
    let slots = Counting { slots: vec!["pm".into()], ..unexcused() };
    let evening =
        Cond::Total { counting: slots, amount: Amount::Days(least(2)), parts: false, within: window(WindowKind::Week) };
    assert_eq!(c.finds(evening), "2026-09-13..2026-09-13 open 2 of 2 in a1");
}

#[test]
fn what_breaks_a_run_is_what_the_rule_says() {
    fn check(broken_by: BrokenBy, want: &str) {
        let mut c = autumn();
        c.say("truant", &[("2026-09-07", "2026-09-08"), ("2026-09-10", "2026-09-10"), ("2026-09-14", "2026-09-14")]);
        c.say("sick", &[("2026-09-09", "2026-09-09")]);
        c.say("present", &[("2026-09-11", "2026-09-11"), ("2026-09-15", "2026-09-16")]);
        assert_eq!(c.finds(run(Amount::Days(least(3)), broken_by.clone(), false, true)), want, "{broken_by:?}");
    }
    check(BrokenBy::Day, "");
    check(BrokenBy::Attended, "2026-09-10..2026-09-10 3 of 3 in a1");
    check(BrokenBy::AttendedDays(1), "2026-09-10..2026-09-10 3 of 3 in a1");
    // One day in school is passed over, two in a row are not.
    check(BrokenBy::AttendedDays(2), "2026-09-10..2026-09-15 4 of 4 in a1");
    check(BrokenBy::AttendedDays(3), "2026-09-10..2026-09-16 open 4 of 4 in a1");
}

#[test]
fn a_week_is_seven_days_from_the_first_to_the_last() {
    fn check(from: &str, weeks: Threshold, want: &str) {
        let mut c = autumn();
        c.say("truant", &[(from, "2026-09-30")]);
        let got = c.finds(consecutive(Amount::Weeks(weeks)));
        assert!(got.starts_with(want), "{from} {weeks:?}: {got}");
    }
    check("2026-09-07", least(1), "2026-09-14..");
    check("2026-09-08", least(1), "2026-09-14..");
    check("2026-09-08", over(1), "2026-09-15..");
    check("2026-09-11", least(1), "2026-09-17..");
    check("2026-09-11", over(2), "2026-09-25..");
}

#[test]
fn days_off_the_list_count_as_they_are_recorded() {
    let mut c = autumn();
    c.listed("a", "2026-09-01", |r| r.pupil = PupilId(2));
    c.world.pupils.push(PupilId(2));
    c.say("present", &[("2026-09-01", "2026-09-04")]);
    for date in ["2026-09-07", "2026-09-08", "2026-09-10"] {
        c.say("not_listed", &[(date, date)]);
        if let Some(s) = c.world.evidence.sheets.last_mut() {
            s.present = PupilList::new(&[PupilId(2)]);
        }
    }
    // Nobody recorded the 9th.
    assert_eq!(c.finds(Cond::Unlisted { days: least(3) }), "2026-09-10..2026-09-10 open 3 of 3 in a1");
    let missing = Counting { ..counting(&["truant", "unexplained", "not_listed"]) };
    let run = Cond::Consecutive {
        counting: missing,
        amount: Amount::Days(over(2)),
        broken_by: BrokenBy::Day,
        across_terms: false,
        across_schools: true,
    };
    assert_eq!(c.finds(run), "2026-09-10..2026-09-10 open 3 of 3 in a1");
    assert_eq!(c.finds(consecutive(Amount::Days(least(1)))), "");
}

#[test]
fn who_never_came_is_not_registered_and_excused_days_begin_anew() {
    let mut c = autumn();
    c.say("truant", &[("2026-09-01", "2026-09-10")]);
    c.say_at("a", "pm", 10, "sick", &[("2026-09-03", "2026-09-03")]);
    let not = |amount, excused_stops| Cond::NotRegistered { amount, excused_stops };
    assert_eq!(c.finds(not(Amount::Days(least(5)), true)), "2026-09-10..2026-09-10 open 5 of 5 in a1");
    assert_eq!(c.finds(not(Amount::Days(least(5)), false)), "2026-09-07..2026-09-10 open 8 of 8 in a1");
    assert_eq!(c.finds(not(Amount::Weeks(least(1)), true)), "2026-09-10..2026-09-10 open 7 of 5 in a1");
    c.say_at("a", "p:2", 11, "late", &[("2026-09-09", "2026-09-09")]);
    assert_eq!(c.finds(not(Amount::Days(least(5)), false)), "2026-09-07..2026-09-08 6 of 6 in a1");
}

#[test]
fn stated_leave_is_as_long_as_its_end_says() {
    let mut c = autumn();
    c.say("sick", &[("2026-09-07", "2026-09-08")]);
    c.world.evidence.rows[0].leave_until = Some(day("2026-09-20"));
    let leave = |amount| Cond::LeaveStated { amount };
    // Two weeks from Monday the 7th: ten school days, fourteen calendar days.
    assert_eq!(c.finds(leave(Amount::Days(least(10)))), "2026-09-07..2026-09-08 open 10 of 2 in a1");
    assert_eq!(c.finds(leave(Amount::Days(over(10)))), "");
    assert_eq!(c.finds(leave(Amount::CalendarDays(least(14)))), "2026-09-07..2026-09-08 open 14 of 2 in a1");
    c.say("unexplained", &[("2026-09-21", "2026-09-22")]);
    let overdue = Cond::OverdueReturn { amount: Amount::Days(least(2)) };
    assert_eq!(c.finds(overdue), "2026-09-22..2026-09-22 open 2 of 2 in a1");
}

#[test]
fn who_is_still_away_after_a_visit_is_counted_from_the_first() {
    let mut c = autumn();
    c.say("truant", &[("2026-09-07", "2026-09-16")]);
    c.act("visit", "failed", "2026-09-05");
    c.act("visit", "failed", "2026-09-12");
    let after = || ActMatch { kinds: vec!["visit".into()], results: vec!["failed".into()] };
    let still = |amount| Cond::StillAbsent { after: after(), amount };
    assert_eq!(c.finds(still(Amount::Days(least(3)))), "2026-09-09..2026-09-16 open 8 of 8 in a1");
    c.say("present", &[("2026-09-04", "2026-09-04")]);
    c.say_at("a", "p:4", 12, "present", &[("2026-09-10", "2026-09-10")]);
    assert_eq!(
        c.finds(still(Amount::Days(least(3)))),
        "2026-09-09..2026-09-09 3 of 3 in a1; 2026-09-16..2026-09-16 open 3 of 3 in a1"
    );
    assert_eq!(
        c.finds(still(Amount::CalendarDays(least(4)))),
        "2026-09-09..2026-09-09 4 of 3 in a1; 2026-09-16..2026-09-16 open 4 of 3 in a1"
    );
    let acts = Cond::Acts { acts: after(), at_least: 2, within: Some(window(WindowKind::Month)) };
    assert_eq!(c.finds(acts), "2026-09-14..2026-09-16 open 2 of 0 in a1");
    let since = total(Amount::Days(least(3)), WindowKind::AfterAct(vec!["visit".into()]));
    assert_eq!(c.finds(since), "2026-09-09..2026-09-11 5 of 5 in a1; 2026-09-16..2026-09-16 open 3 of 3 in a1");
}

#[test]
fn who_moved_away_and_arrived_nowhere_is_asked_for_on_the_old_schools_days() {
    let mut c = autumn();
    c.say("present", &[("2026-09-01", "2026-09-09")]);
    c.listed("a", "2026-09-14", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-09"));
    });
    c.world.on = day("2026-09-18");
    assert_eq!(c.finds(Cond::NotArrived { days: least(5) }), "2026-09-16..2026-09-18 open 7 of 7 in a1");
    c.act("arrival", "reached", "2026-09-17");
    assert_eq!(c.finds(Cond::NotArrived { days: least(5) }), "2026-09-16..2026-09-16 5 of 5 in a1");
}

#[test]
fn who_is_still_expected_has_not_departed() {
    // The register announces that the child leaves on the 18th, takes that back, and says then that she left on the 4th.
    let mut c = autumn();
    c.say("present", &[("2026-09-01", "2026-09-09")]);
    c.listed("a", "2026-09-02", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-18"));
    });
    c.world.on = day("2026-09-16");
    assert_eq!(c.finds(Cond::NotArrived { days: least(1) }), "", "the 18th has not come");
    c.listed("a", "2026-09-07", |_| {});
    c.say("truant", &[("2026-09-10", "2026-09-16")]);
    let days = || consecutive(Amount::Days(least(5)));
    assert_eq!(c.finds(days()), "2026-09-16..2026-09-16 open 5 of 5 in a1", "she stays");
    c.listed("a", "2026-09-16", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-04"));
    });
    // The last word counts from the day that it names: no day between the 4th and the 18th is hers any more.
    assert_eq!(c.finds(days()), "");
    assert_eq!(c.finds(Cond::NotArrived { days: least(5) }), "2026-09-11..2026-09-16 open 8 of 8 in a1");
}

#[test]
fn a_rule_is_not_asked_outside_its_dates_and_reaches_back_freely() {
    let mut c = autumn();
    c.say("truant", &[("2026-09-07", "2026-09-16")]);
    let asked = |r: &mut Rule| {
        r.effective_from = Some(day("2026-09-11"));
        r.effective_to = Some(day("2026-09-14"));
    };
    assert_eq!(c.finds_where(consecutive(Amount::Days(least(3))), asked), "2026-09-11..2026-09-14 6 of 6 in a1");
}

#[test]
fn a_row_for_the_morning_does_not_outrank_a_later_one_for_the_day() {
    let mut c = autumn();
    c.say_at("a", "am", 9, "truant", &[("2026-09-07", "2026-09-08")]);
    c.say_at("a", "day", 10, "present", &[("2026-09-07", "2026-09-07")]);
    c.say_at("a", "day", 8, "present", &[("2026-09-08", "2026-09-08")]);
    assert_eq!(c.finds(consecutive(Amount::Days(least(1)))), "2026-09-08..2026-09-08 open 1 of 1 in a1");
    let lessons = total(Amount::Lessons(least(2)), WindowKind::Week);
    assert_eq!(c.finds(lessons), "2026-09-08..2026-09-08 open 2 of 1 in a1");
}

#[test]
fn shares_are_exact_and_their_bounds_are_as_written() {
    let rate = |share, by_days, planned| Cond::Rate {
        counting: unexcused(),
        share,
        within: window(WindowKind::Week),
        min_days: 3,
        by_days,
        planned,
    };
    let mut c = autumn();
    c.say("present", &[("2026-09-07", "2026-09-08")]);
    c.say("truant", &[("2026-09-09", "2026-09-09")]);
    let third = |over| Threshold { n: Ratio::new(1, 3), over };
    assert_eq!(c.finds(rate(third(false), false, false)), "2026-09-09..2026-09-09 open 1/3 of 1 in a1");
    assert_eq!(c.finds(rate(third(true), false, false)), "");
    assert_eq!(c.finds(rate(third(false), true, false)), "2026-09-09..2026-09-09 open 1/3 of 1 in a1");
    // Five days are planned of the week.
    let fifth = Threshold { n: Ratio::new(1, 5), over: false };
    assert_eq!(c.finds(rate(fifth, false, true)), "2026-09-09..2026-09-09 open 1/5 of 1 in a1");
}

#[test]
fn spells_parts_and_lessons_of_a_day_are_told_apart() {
    let mut c = autumn();
    c.say("present", &[("2026-09-07", "2026-09-11")]);
    c.say_at("a", "am", 10, "truant", &[("2026-09-07", "2026-09-08"), ("2026-09-10", "2026-09-10")]);
    c.say_at("a", "p:4", 10, "truant", &[("2026-09-11", "2026-09-11")]);
    assert_eq!(c.finds(total(Amount::Spells(least(2)), WindowKind::Week)), "2026-09-10..2026-09-11 open 2 of 3 in a1");
    let parts = |n| Cond::Total {
        counting: Counting { day: Some(DayTest::Share(Ratio::ZERO)), ..unexcused() },
        amount: Amount::Days(Threshold { n, over: false }),
        parts: true,
        within: window(WindowKind::Week),
    };
    assert_eq!(c.finds(parts(Ratio::new(3, 2))), "2026-09-10..2026-09-11 open 7/4 of 4 in a1");
    assert_eq!(c.finds(parts(Ratio::new(7, 4))), "2026-09-11..2026-09-11 open 7/4 of 4 in a1");
    let three = Cond::Total {
        counting: Counting { day: Some(DayTest::Lessons(Ratio::ONE)), ..unexcused() },
        amount: Amount::Days(least(4)),
        parts: false,
        within: window(WindowKind::Week),
    };
    assert_eq!(c.finds(three), "2026-09-11..2026-09-11 open 4 of 4 in a1");
}

#[test]
fn what_a_later_day_came_to_says_nothing_of_an_earlier_one() {
    // The child left and arrived: the days of the old school go on without a record, into the next term.
    let mut c = Case::new("2026-09-01", "2026-09-18");
    c.term("2026-09-21", "2026-10-09");
    c.listed("a", "2026-09-14", |r| {
        r.standing = Standing::TransferredOut;
        r.left_on = Some(day("2026-09-09"));
    });
    c.say("truant", &[("2026-09-07", "2026-09-09")]);
    c.act("arrival", "reached", "2026-09-10");
    let either = Cond::Any(vec![Cond::NotArrived { days: least(1) }, total(Amount::Hours(least(4)), WindowKind::Term)]);
    assert_eq!(c.finds(either), "2026-09-08..2026-09-18 9 of 3 in a1");
}

#[test]
fn a_term_that_began_earlier_for_the_other_stage_gives_its_days_back() {
    let mut c = Case::new("2026-10-12", "2026-11-06");
    let term =
        |id: &str, from, stage| Term { id: id.into(), start: day(from), end: day("2026-11-06"), stages: vec![stage] };
    c.world.policy.calendar.terms =
        vec![term("junior", "2026-10-12", Stage::Junior), term("primary", "2026-10-19", Stage::Primary)];
    c.world.evidence.register.clear();
    c.listed("a", "2026-10-12", |r| r.grade = Some(7));
    c.listed("a", "2026-10-19", |r| r.grade = Some(3));
    c.listed("a", "2026-10-22", |r| r.grade = Some(7));
    c.say("truant", &[("2026-10-13", "2026-10-14")]);
    c.say("present", &[("2026-10-19", "2026-10-23")]);
    let two = total(Amount::Days(least(2)), WindowKind::Term);
    assert_eq!(c.finds(two), "2026-10-14..2026-10-14 2 of 2 in a1; 2026-10-22..2026-10-23 open 2 of 2 in a1");
}

#[test]
fn a_window_longer_than_time_is_all_days() {
    let mut c = autumn();
    c.say("truant", &[("2026-09-07", "2026-09-09")]);
    c.world.on = day("2026-09-11");
    let kinds = [
        WindowKind::CalendarDays(u32::MAX),
        WindowKind::CalendarDays(100_000_000),
        WindowKind::Months(u32::MAX),
        WindowKind::SchoolWeeks(u32::MAX),
        WindowKind::SchoolDays(u32::MAX),
    ];
    for kind in kinds {
        let found = c.finds(total(Amount::Days(least(3)), kind.clone()));
        assert_eq!(found, "2026-09-09..2026-09-09 open 3 of 3 in a1", "{kind:?}");
    }
}
