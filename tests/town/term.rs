//! A term of made-up pupils under ten rules, for the benches and for what they promise: a usual town (one pupil in 25 away on
//! a day, mostly with leave) and a heavy one (one in twenty, mostly without).

use crate::world::{Dice, bare, day, school};
use kongchuo::domain::evidence::*;
use kongchuo::domain::ids::*;
use kongchuo::domain::message::Text;
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use std::collections::BTreeMap;

/// How often pupils are away, and how.
pub struct Town {
    one_in: u64,
    long: bool,
    statuses: &'static [&'static str],
}

pub const USUAL: Town = Town {
    one_in: 25,
    long: false,
    statuses: &["sick", "sick", "sick", "sick", "personal", "personal", "personal", "late", "late", "unexplained"],
};
pub const HEAVY: Town =
    Town { one_in: 20, long: true, statuses: &["sick", "personal", "unexplained", "truant", "late"] };

pub fn term(town: &Town, pupils: i64) -> (Policy, Evidence, Vec<PupilId>) {
    let mut policy = bare();
    policy.calendar.terms =
        vec![Term { id: "autumn".into(), start: day("2026-09-01"), end: day("2027-01-22"), stages: vec![] }];
    let lessons = vec![(Ratio::ONE, 40); 7];
    policy.schools = vec![school("a", &lessons, &[("am", &[0, 1, 2, 3]), ("pm", &[4, 5, 6])], &["am", "pm"])];
    policy.rules = rules();
    let mut d = Dice::new(7);
    let mut e = Evidence::default();
    let pupils: Vec<PupilId> = (1..=pupils).map(PupilId).collect();
    let first = day("2026-09-01").and_hms_opt(0, 0, 0).expect("midnight");
    let stamp = Stamp { stated_at: first, delivery: DeliveryId(1) };
    e.register_exports.push(("a".into(), stamp));
    e.register = pupils
        .iter()
        .map(|p| RegisterRow {
            stamp,
            arrived_at: first,
            row_no: 1,
            through: None,
            pupil: *p,
            school: "a".into(),
            class: Some(ClassName::new(format!("{}", p.0 % 40))),
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
        })
        .collect();
    for date in day("2026-09-01").iter_days().take_while(|d| *d <= day("2027-01-22")) {
        let id = DeliveryId(e.deliveries.len() as i64 + 10);
        let stated_at = date.and_hms_opt(9, 0, 0).expect("an hour");
        let mut present = Vec::new();
        for p in &pupils {
            // A few are away for long.
            if d.one_in(town.one_in) || town.long && p.0 % 100 == 0 && d.one_in(2) {
                e.rows.push(Row {
                    delivery: id,
                    row_no: p.0 as u32,
                    school: "a".into(),
                    pupil: *p,
                    date,
                    slot: "day".into(),
                    status: d.pick(town.statuses).into(),
                    leave_until: None,
                });
            } else {
                present.push(*p);
            }
        }
        e.sheets.push(Sheet {
            delivery: id,
            school: "a".into(),
            date,
            slot: "day".into(),
            present: PupilList::new(&present),
        });
        let facts = DeliveryFacts {
            stamp: Stamp { stated_at, delivery: id },
            source: "roll".into(),
            coverage: CoverageKind::Full,
            replaces: Replaces::Rows,
            classes: vec![],
            slots: vec![],
            stated: BTreeMap::new(),
            arrived_at: stated_at,
        };
        e.deliveries.insert(id, facts);
    }
    (policy, e, pupils)
}

fn rules() -> Vec<Rule> {
    let counting = |s: &[&str]| Counting {
        of: Of { written: s.join("+"), weights: s.iter().map(|x| (StatusId::new(x), Ratio::ONE)).collect() },
        slots: vec![],
        day: None,
    };
    let unexcused = || counting(&["truant", "unexplained"]);
    let absent = || counting(&["truant", "unexplained", "sick", "personal"]);
    let at = |n: i64| Threshold { n: Ratio::whole(n), over: false };
    let run = |counting: Counting, amount: Amount| Cond::Consecutive {
        counting,
        amount,
        broken_by: BrokenBy::Day,
        across_terms: false,
        across_schools: true,
    };
    let within = |kind: WindowKind| Window { kind, clip: None, across_terms: false, across_schools: true };
    let total = |counting: Counting, amount: Amount, kind: WindowKind| Cond::Total {
        counting,
        amount,
        parts: false,
        within: within(kind),
    };
    let conditions = vec![
        run(unexcused(), Amount::Days(at(1))),
        run(unexcused(), Amount::Days(at(3))),
        run(absent(), Amount::Weeks(at(1))),
        run(unexcused(), Amount::Lessons(at(10))),
        total(unexcused(), Amount::Days(at(5)), WindowKind::Term),
        total(unexcused(), Amount::Lessons(at(20)), WindowKind::Month),
        total(absent(), Amount::Days(at(3)), WindowKind::SchoolDays(10)),
        Cond::Rate {
            counting: absent(),
            share: Threshold { n: Ratio::new(1, 10), over: false },
            within: within(WindowKind::Term),
            min_days: 10,
            by_days: false,
            planned: false,
        },
        Cond::NotRegistered { amount: Amount::Days(at(3)), excused_stops: true },
        Cond::Unlisted { days: at(3) },
    ];
    let rule = |(n, when): (usize, Cond)| Rule {
        id: RuleId::new(format!("rule-{n}")),
        title: Text::both("rule"),
        basis: None,
        subject: SubjectKind::Pupil,
        filter: Filter::default(),
        when,
        day: DayTest::Share(Ratio::HALF),
        level: 1,
        ladder: None,
        effective_from: None,
        effective_to: None,
        hash: String::new(),
    };
    conditions.into_iter().enumerate().map(rule).collect()
}
