//! Made-up worlds from a seed: schools, calendars, registers, deliveries, decisions, and rules over the whole language.

use chrono::{Days, NaiveDate as Date, Weekday};
use kongchuo::domain::evidence::*;
use kongchuo::domain::ids::*;
use kongchuo::domain::message::{Lang, Text};
use kongchuo::domain::policy::*;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use std::collections::BTreeMap;

pub struct World {
    pub policy: Policy,
    pub evidence: Evidence,
    pub pupils: Vec<PupilId>,
    pub on: Date,
    /// The instant of asking, on `on` or later: today's roll call may not be due yet.
    pub now: chrono::NaiveDateTime,
}

/// xorshift: small, seeded, the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut d = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            d.next();
        }
        d
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
    pub fn shuffle<T>(&mut self, v: &mut [T]) {
        for i in (1..v.len()).rev() {
            v.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

pub fn day(s: &str) -> Date {
    s.parse().expect("a date")
}

pub fn statuses() -> Vec<Status> {
    let sets = |id: &str| -> Vec<String> {
        let v: &[&str] = match id {
            "present" | "late" | "early_leave" => &["attended"],
            "sick" | "personal" | "fever" => &["excused", "absent"],
            "truant" | "unexplained" => &["unexcused", "absent", "missing"],
            "not_listed" => &["missing"],
            "suspended" => &["absent"],
            _ => &[],
        };
        v.iter().map(|s| s.to_string()).collect()
    };
    STATUSES
        .iter()
        .copied()
        .chain(["suspended", "fever"])
        .map(|id| Status { id: id.into(), words: vec![], sets: sets(id), reasons: vec![], like: None })
        .collect()
}

pub fn bare() -> Policy {
    Policy {
        township: Township {
            name: "春山镇".into(),
            code: "520123104".into(),
            zone: chrono_tz::Asia::Shanghai,
            lang: Lang::Zh,
        },
        mode: Mode::Live,
        live_from: None,
        ledger_from: 2,
        mass: Mass { share: Ratio::new(1, 20), pupils: 10, class_min: 5 },
        morning_report: None,
        heartbeat: None,
        data_dir: "/nowhere".into(),
        base_dir: "/nowhere".into(),
        seal: Secret::Env("SEAL".into()),
        calendar: CalendarPolicy {
            terms: vec![
                Term { id: "autumn".into(), start: day("2026-09-01"), end: day("2026-10-09"), stages: vec![] },
                Term { id: "spring".into(), start: day("2026-10-19"), end: day("2026-11-13"), stages: vec![] },
            ],
            weekend: vec![Weekday::Sat, Weekday::Sun],
            ..CalendarPolicy::default()
        },
        schools: vec![],
        sources: vec![],
        statuses: statuses(),
        acts: ActWords::default(),
        rules: vec![],
        ladders: vec![],
        contacts: Contacts::default(),
        channels: vec![],
        templates: Templates::default(),
        hash: String::new(),
        files: std::sync::Arc::default(),
    }
}

pub fn school(id: &str, periods: &[(Ratio, u32)], slots: &[(&str, &[usize])], sessions: &[&str]) -> School {
    School {
        id: id.into(),
        name: id.into(),
        stages: vec![(Stage::Primary, 1..=6), (Stage::Junior, 7..=9)],
        grades: (1..=9).collect(),
        periods: periods
            .iter()
            .enumerate()
            .map(|(i, (weight, minutes))| Period {
                id: SlotName::new(format!("p:{}", i + 1)),
                weight: *weight,
                minutes: *minutes,
            })
            .collect(),
        timetable: periods.len() > 1,
        slots: slots.iter().map(|(id, p)| Slot { id: (*id).into(), title: None, periods: p.to_vec() }).collect(),
        sessions: sessions.iter().map(SlotName::new).collect(),
        makeup: Makeup::Follow,
        patterns: vec![],
        contacts: BTreeMap::new(),
        homerooms: BTreeMap::new(),
    }
}

fn dates() -> Vec<Date> {
    day("2026-08-28").iter_days().take_while(|d| *d <= day("2026-11-16")).collect()
}

fn calendar(d: &mut Dice, p: &mut Policy, tidy: bool) {
    if !tidy && d.one_in(4) {
        let term =
            |id: &str, from: &str, to: &str, stages| Term { id: id.into(), start: day(from), end: day(to), stages };
        p.calendar.terms = vec![
            term("autumn", "2026-09-01", "2026-10-09", vec![]),
            term("primary", "2026-10-19", "2026-11-13", vec![Stage::Primary]),
            term("junior", "2026-10-12", "2026-11-06", vec![Stage::Junior]),
        ];
    }
    if d.one_in(4) {
        p.calendar.school_year_starts = Some(d.pick(&[(10, 15), (4, 1), (9, 21)]));
    }
    p.live_from = d.one_in(4).then(|| d.pick(&dates()));
    let one = Ratio::ONE;
    let plain: Vec<(Ratio, u32)> = vec![(one, 40); 4];
    let uneven = vec![(Ratio::new(1, 2), 25), (one, 40), (one, 45), (Ratio::whole(2), 90), (Ratio::new(1, 3), 20)];
    p.schools = vec![
        school("a", &plain, &[("am", &[0, 1]), ("pm", &[2, 3])], &["am", "pm"]),
        school("b", &uneven, &[("am", &[0, 1, 2]), ("pm", &[3]), ("evening", &[4])], &["am", "pm", "evening"]),
        school("c", &[(one, 40)], &[], &[]),
    ];
    let sunday = |day| HalfDay { weekday: Weekday::Sun, periods: vec![3], day };
    let b = &mut p.schools[1];
    if d.one_in(2) {
        b.patterns.push(Pattern {
            grades: if d.one_in(2) { vec![7] } else { vec![] },
            from: d.one_in(2).then(|| d.pick(&[day("2026-08-31"), day("2026-09-16")])),
            to: d.one_in(4).then(|| day("2026-10-28")),
            weeks: vec![
                WeekPattern {
                    weekend: vec![Weekday::Sat, Weekday::Sun],
                    half_days: if d.one_in(2) { vec![sunday(false)] } else { vec![] },
                },
                WeekPattern {
                    weekend: vec![Weekday::Sat],
                    half_days: vec![
                        sunday(d.one_in(2)),
                        HalfDay { weekday: Weekday::Fri, periods: vec![0, 1], day: true },
                    ],
                },
            ],
        });
    }
    if d.one_in(3) {
        p.schools[0].makeup = Makeup::Ignore;
    }
    let off = |s: &str| (day(s), true, "节".to_string());
    let on = |s: &str| (day(s), false, "节".to_string());
    let days = vec![off("2026-09-25"), on("2026-09-20"), off("2026-10-01"), off("2026-10-02"), on("2026-10-24")];
    p.calendar.holidays = match d.below(8) {
        0 => Holidays::None,
        n => Holidays::Years(vec![HolidayYear { year: 2026, announced: n != 1, days }]),
    };
    for _ in 0..d.below(3) {
        let from = d.pick(&dates());
        let scope = scope(d);
        p.calendar.closed.push(Closure { from, to: from + Days::new(d.below(3)), reason: "停".into(), scope });
    }
    for _ in 0..d.below(3) {
        let timetable_of = d.one_in(2).then(|| d.pick(&[Weekday::Fri, Weekday::Wed, Weekday::Sun]));
        p.calendar.open.push(Opening { date: d.pick(&dates()), reason: "补".into(), scope: scope(d), timetable_of });
    }
    let spans = vec![(day("2026-09-10"), day("2026-10-05")), (day("2026-10-14"), day("2026-11-03"))];
    p.calendar.spans.insert("span".into(), spans);
}

fn scope(d: &mut Dice) -> Scope {
    Scope {
        schools: if d.one_in(2) { vec![d.pick(&["a", "b", "c"]).into()] } else { vec![] },
        grades: if d.one_in(3) { vec![d.pick(&[3, 7])] } else { vec![] },
        classes: if d.one_in(5) { vec![d.pick(&["1", "2"]).into()] } else { vec![] },
    }
}

fn stamp(date: Date, hour: u32, delivery: i64) -> Stamp {
    Stamp { stated_at: date.and_hms_opt(hour, 0, 0).expect("an hour"), delivery: DeliveryId(delivery) }
}

/// With `tidy` a class is of one grade, as rules about classes need it; without, anything goes.
fn register(d: &mut Dice, e: &mut Evidence, pupils: &[PupilId], tidy: bool) {
    let mut delivery = 1;
    let mut exports: Vec<(String, Stamp)> = vec![];
    for s in ["a", "b", "c"] {
        let mut dates = vec![if d.one_in(3) { day("2026-09-03") } else { day("2026-08-30") }];
        for _ in 0..d.below(3) {
            dates.push(d.pick(&self::dates()));
        }
        for date in dates {
            exports.push((s.into(), stamp(date, d.pick(&[0, 12]), delivery)));
            delivery += 1;
        }
    }
    for (s, at) in &exports {
        e.register_exports.push((s.as_str().into(), *at));
    }
    for p in pupils {
        let home = d.pick(&["a", "b", "b", "c"]);
        let mover = d.one_in(3);
        let other = d.pick(&["a", "b"]);
        for (s, at) in &exports {
            if s != home && !(mover && s == other) || d.one_in(8) {
                continue;
            }
            let date = at.stated_at.date();
            let near = |d: &mut Dice| date + Days::new(d.below(20)) - Days::new(10);
            let standing = if d.one_in(5) {
                d.pick(&[
                    Standing::Suspended,
                    Standing::HomeTaught,
                    Standing::TransferredOut,
                    Standing::TransferredOut,
                    Standing::Left,
                    Standing::Graduated,
                    Standing::Deferred,
                ])
            } else {
                Standing::Enrolled
            };
            let away = !matches!(standing, Standing::Enrolled);
            let class: Option<ClassName> =
                if d.one_in(12) { None } else { Some(if d.one_in(4) { "2" } else { "1" }.into()) };
            let grade = match &class {
                Some(c) if tidy => Some(if *c == *"1" { 7 } else { 3 }),
                _ if d.one_in(12) => None,
                _ => Some(if d.one_in(4) { 3 } else { 7 }),
            };
            e.register.push(RegisterRow {
                stamp: *at,
                arrived_at: at.stated_at,
                row_no: 1,
                through: None,
                pupil: *p,
                school: s.as_str().into(),
                class,
                grade,
                standing,
                status_until: (away && !d.one_in(3)).then(|| date + Days::new(d.below(25))),
                status_basis: true,
                enrolled_on: if d.one_in(4) { Some(near(d)) } else { None },
                left_on: if away && d.one_in(2) || d.one_in(20) { Some(near(d)) } else { None },
                boarding: d.pick(&[None, Some(true), Some(false)]),
                sex: d.pick(&[None, Some(Sex::Male), Some(Sex::Female)]),
                birth_date: Some(d.pick(&[day("2015-09-01"), day("2013-10-10"), day("2010-11-02")])),
                groups: match d.below(4) {
                    0 => vec!["留守".into(), "低保".into()],
                    1 => vec!["留守".into()],
                    _ => vec![],
                },
            });
        }
    }
}

/// The habit of a pupil: how a day usually looks.
fn mark(d: &mut Dice, habit: u64) -> &'static str {
    let away = ["truant", "unexplained", "sick", "personal", "official", "suspended", "fever"];
    match habit {
        0 => "present",
        1 if d.one_in(3) => d.pick(&away),
        1 if d.one_in(5) => d.pick(&["late", "early_leave"]),
        1 => "present",
        2 if d.one_in(6) => "present",
        2 => d.pick(&["truant", "unexplained", "unexplained", "sick", "not_listed"]),
        _ if d.one_in(4) => d.pick(&["late", "early_leave", "truant", "sick"]),
        _ => "present",
    }
}

fn attendance(d: &mut Dice, e: &mut Evidence, pupils: &[PupilId]) {
    let mut delivery = 100;
    let mut habits: Vec<u64> = pupils.iter().map(|_| d.below(4)).collect();
    for s in ["a", "b", "c"] {
        let full = !d.one_in(3);
        let classes: Vec<ClassName> = if !full && d.one_in(4) { vec!["1".into()] } else { vec![] };
        let replaces = match (full, d.one_in(4)) {
            (true, false) | (false, true) => Replaces::Rows,
            _ => Replaces::Day,
        };
        let of_school: Vec<PupilId> = pupils
            .iter()
            .copied()
            .filter(|p| e.register.iter().any(|r| r.pupil == *p && r.school == *s) || d.one_in(30))
            .collect();
        for date in dates() {
            if d.one_in(10) {
                for h in &mut habits {
                    if d.one_in(3) {
                        *h = d.below(4);
                    }
                }
            }
            if d.one_in(12) {
                continue;
            }
            for again in 0..if d.one_in(5) { 2 } else { 1 } {
                let slot: SlotName = if s != "c" && d.one_in(4) { d.pick(&["am", "pm", "p:2"]) } else { "day" }.into();
                let at = stamp(date + Days::new(again * d.below(6)), 9, delivery);
                let id = DeliveryId(delivery);
                delivery += 1;
                let mut present = vec![];
                for (row_no, p) in of_school.iter().enumerate() {
                    if d.one_in(8) {
                        continue;
                    }
                    let habit = habits[pupils.iter().position(|x| x == p).expect("one of them")];
                    match mark(d, habit) {
                        "not_listed" => {}
                        "present" if !full => {}
                        "present" => present.push(*p),
                        status => {
                            let status: StatusId = status.into();
                            let leave = matches!(status.as_str(), "sick" | "personal") && d.one_in(3);
                            e.rows.push(Row {
                                delivery: id,
                                row_no: row_no as u32 + 1,
                                school: s.into(),
                                pupil: *p,
                                date,
                                slot: slot.clone(),
                                status,
                                leave_until: leave.then(|| date + Days::new(d.below(8))),
                            });
                        }
                    }
                }
                if !present.is_empty() {
                    let present = PupilList::new(&present);
                    e.sheets.push(Sheet { delivery: id, school: s.into(), date, slot: slot.clone(), present });
                }
                e.deliveries.insert(
                    id,
                    DeliveryFacts {
                        stamp: at,
                        source: s.into(),
                        coverage: if full { CoverageKind::Full } else { CoverageKind::Exceptions },
                        replaces,
                        classes: classes.clone(),
                        slots: if full || slot == *"day" { vec![] } else { vec![slot] },
                        stated: BTreeMap::from([(s.into(), vec![date])]),
                        arrived_at: at.stated_at,
                    },
                );
            }
        }
    }
    for p in pupils {
        if d.one_in(3) {
            let from = d.pick(&dates());
            e.leaves.push(Leave {
                stamp: stamp(from, d.pick(&[8, 10]), delivery),
                row_no: 1,
                pupil: *p,
                from,
                until: from + Days::new(d.below(9)),
                status: d.pick(&["sick", "personal", "unexplained"]).into(),
            });
            delivery += 1;
        }
        for n in 0..d.below(3) {
            let from = d.pick(&dates());
            let kind = match d.below(6) {
                0 => DecisionKind::NotExpected,
                1 | 2 => DecisionKind::Return,
                _ => DecisionKind::Excuse(d.pick(&["sick", "official", "personal"]).into()),
            };
            let recorded_at = from.and_hms_opt(15, 0, 0).expect("an hour");
            e.decisions.push(Decision {
                id: DecisionId(p.0 * 10 + n as i64),
                pupil: *p,
                kind,
                from,
                to: from + Days::new(d.below(5)),
                recorded_at,
                withdrawn_at: d.one_in(4).then_some(recorded_at),
                delivery: None,
            });
        }
        for n in 0..d.below(8) {
            let date = d.pick(&dates());
            e.acts.push(Act {
                id: ActId(p.0 * 10 + n as i64),
                pupil: *p,
                date,
                kind: d.pick(&["visit", "call", "arrival", "persuasion"]).into(),
                result: d.pick(&[None, Some(Word::new("failed")), Some(Word::new("reached"))]),
                recorded_at: date.and_hms_opt(16, 0, 0).expect("an hour"),
            });
        }
    }
}

fn of(d: &mut Dice) -> Of {
    let w = |v: &[(&str, Ratio)]| v.iter().map(|(s, w)| (StatusId::new(s), *w)).collect::<Vec<_>>();
    let one = Ratio::ONE;
    let weights = match d.below(10) {
        0 => w(&[("truant", one), ("unexplained", one), ("not_listed", one)]),
        1 => w(&[("sick", one), ("personal", one), ("fever", one)]),
        2 => w(&[("truant", one), ("late", Ratio::new(1, 3))]),
        3 => w(&[("late", one), ("early_leave", one)]),
        4 => w(&[
            ("sick", one),
            ("personal", one),
            ("truant", one),
            ("unexplained", one),
            ("suspended", Ratio::new(1, 2)),
        ]),
        5 => w(&[("not_listed", one)]),
        6 => w(&[(d.pick(&["present", "official", "suspended", "fever", "early_leave"]), one)]),
        _ => w(&[("truant", one), ("unexplained", one)]),
    };
    Of { written: String::new(), weights }
}

fn test(d: &mut Dice) -> DayTest {
    match d.below(6) {
        0 => DayTest::Share(Ratio::ZERO),
        1 => DayTest::Share(Ratio::ONE),
        2 => DayTest::Lessons(Ratio::new(d.below(4) as i64 + 1, 2)),
        3 => DayTest::Share(Ratio::new(1, 3)),
        _ => DayTest::Share(Ratio::HALF),
    }
}

fn counting(d: &mut Dice) -> Counting {
    let slots = match d.below(6) {
        0 => vec!["pm".to_string()],
        1 => vec!["am".to_string(), "evening".to_string()],
        _ => vec![],
    };
    let day = if d.one_in(4) { Some(test(d)) } else { None };
    Counting { of: of(d), slots, day }
}

fn at_least(d: &mut Dice, most: u64) -> Threshold {
    Threshold { n: Ratio::whole(d.below(most) as i64 + 1), over: d.one_in(5) }
}

/// A threshold of a unit that divides.
fn divided(d: &mut Dice, most: u64) -> Threshold {
    let n = Ratio::new(d.below(most * 3) as i64 + 1, d.pick(&[1, 2, 3]));
    Threshold { n, over: d.one_in(5) }
}

fn span(d: &mut Dice) -> Amount {
    match d.below(5) {
        0 => Amount::CalendarDays(at_least(d, 9)),
        1 => Amount::Weeks(at_least(d, 2)),
        2 => Amount::Months(Threshold { n: Ratio::whole(if d.one_in(4) { 2 } else { 1 }), over: d.one_in(2) }),
        _ => Amount::Days(at_least(d, 5)),
    }
}

fn window(d: &mut Dice, run: bool) -> Window {
    let kind = match d.below(if run { 20 } else { 13 }) {
        0 => WindowKind::SchoolDays(d.below(12) as u32 + 1),
        1 => WindowKind::SchoolWeeks(d.below(4) as u32 + 1),
        2 => WindowKind::CalendarDays(d.below(20) as u32 + 1),
        3 => WindowKind::Months(d.below(2) as u32 + 1),
        4 => WindowKind::Week,
        5 => WindowKind::Month,
        6 | 7 => WindowKind::Term,
        8 => WindowKind::SchoolYear,
        9 => WindowKind::Enrolment,
        10 => WindowKind::Span("span".into()),
        11 => WindowKind::AfterAct(vec![]),
        12 => {
            WindowKind::AfterAct(if d.one_in(2) { vec!["visit".into()] } else { vec!["call".into(), "arrival".into()] })
        }
        _ => WindowKind::Run,
    };
    Window {
        kind,
        clip: d.pick(&[None, None, Some(Clip::Term), Some(Clip::SchoolYear)]),
        across_terms: d.one_in(2),
        across_schools: !d.one_in(4),
    }
}

fn act_match(d: &mut Dice) -> ActMatch {
    ActMatch {
        kinds: if d.one_in(2) { vec![d.pick(&["visit", "call"]).into()] } else { vec![] },
        results: match d.below(6) {
            0 | 1 => vec!["failed".into()],
            2 => vec!["failed".into(), "reached".into()],
            _ => vec![],
        },
    }
}

fn consecutive(d: &mut Dice) -> Cond {
    let amount = match d.below(6) {
        0 => Amount::Sessions(at_least(d, 5)),
        1 => Amount::Lessons(divided(d, 4)),
        2 => Amount::Hours(divided(d, 3)),
        _ => span(d),
    };
    Cond::Consecutive {
        counting: counting(d),
        amount,
        broken_by: match d.below(4) {
            0 => BrokenBy::Attended,
            1 => BrokenBy::AttendedDays(d.below(2) as u32 + 1),
            _ => BrokenBy::Day,
        },
        across_terms: d.one_in(2),
        across_schools: !d.one_in(4),
    }
}

fn cond(d: &mut Dice, depth: u32, run: bool) -> Cond {
    let n = if depth > 0 { 16 } else { 13 };
    match d.below(n) {
        0..=2 => consecutive(d),
        3 | 4 => {
            let amount = match d.below(7) {
                0 => Amount::Sessions(at_least(d, 6)),
                1 => Amount::Lessons(divided(d, 5)),
                2 => Amount::Hours(divided(d, 3)),
                3 => Amount::Periods(divided(d, 3)),
                4 => Amount::Spells(at_least(d, 3)),
                _ => Amount::Days(at_least(d, 5)),
            };
            let parts = matches!(amount, Amount::Days(_)) && d.one_in(2);
            let amount = if parts { Amount::Days(divided(d, 2)) } else { amount };
            Cond::Total { counting: counting(d), amount, parts, within: window(d, run) }
        }
        5 | 6 => Cond::Rate {
            counting: counting(d),
            share: Threshold { n: Ratio::new(d.below(5) as i64 + 1, 10), over: d.one_in(3) },
            within: window(d, run),
            min_days: d.below(4) as u32,
            by_days: d.one_in(3),
            planned: d.one_in(3),
        },
        7 => Cond::Weekday {
            counting: counting(d),
            weekdays: vec![Weekday::Fri, d.pick(&[Weekday::Mon, Weekday::Sun])],
            at_least: d.below(2) as u32 + 1,
            of_last: d.below(3) as u32 + 2,
            across_terms: d.one_in(2),
            across_schools: !d.one_in(4),
        },
        8 => Cond::NotRegistered { amount: span(d), excused_stops: d.one_in(2) },
        9 => match d.below(2) {
            0 => Cond::Unlisted { days: at_least(d, 3) },
            _ => Cond::NotArrived { days: at_least(d, 4) },
        },
        10 => Cond::OverdueReturn { amount: span(d) },
        11 => match d.below(2) {
            0 => Cond::LeaveStated { amount: span(d) },
            _ => Cond::StillAbsent { after: act_match(d), amount: span(d) },
        },
        12 => Cond::Acts {
            acts: act_match(d),
            at_least: d.below(2) as u32 + 1,
            within: if d.one_in(2) { Some(window(d, run)) } else { None },
        },
        13 => Cond::Any((0..2).map(|_| cond(d, depth - 1, run)).collect()),
        14 => {
            let mut v = vec![consecutive(d), cond(d, depth - 1, true)];
            d.shuffle(&mut v);
            Cond::All(v)
        }
        _ => Cond::All(vec![cond(d, depth - 1, run), Cond::Not(Box::new(cond(d, depth - 1, run)))]),
    }
}

fn group_cond(d: &mut Dice, depth: u32) -> Cond {
    let clock = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).expect("a time");
    match d.below(if depth > 0 { 12 } else { 9 }) {
        0..=2 => Cond::Cluster {
            counting: counting(d),
            pupils: d.below(3) as u32 + 1,
            within: group_window(d),
            share: d.one_in(3).then(|| Ratio::new(d.below(4) as i64 + 1, 4)),
        },
        3 | 4 => Cond::RollCallMissing {
            by: d.pick(&[clock(8, 0), clock(9, 30), clock(12, 0)]),
            days: d.below(3) as u32 + 1,
        },
        5 | 6 => Cond::AlwaysFull { days: d.below(3) as u32 + 1, pupils: d.below(2) as u32 + 1 },
        7 | 8 => Cond::CorrectedLate {
            lessons: Ratio::new(d.below(6) as i64 + 1, 2),
            older_than_school_days: d.below(3) as u32,
        },
        9 => Cond::Any(vec![group_cond(d, 0), group_cond(d, 0)]),
        10 => Cond::All(vec![group_cond(d, 0), group_cond(d, 0)]),
        _ => Cond::All(vec![group_cond(d, 0), Cond::Not(Box::new(group_cond(d, 0)))]),
    }
}

/// A window that means something for a class.
fn group_window(d: &mut Dice) -> Window {
    loop {
        let w = window(d, false);
        if !matches!(w.kind, WindowKind::Enrolment | WindowKind::AfterAct(_)) {
            return w;
        }
    }
}

fn rule(d: &mut Dice, n: usize, subject: SubjectKind) -> Rule {
    let mut filter = Filter::default();
    if d.one_in(3) {
        match d.below(8) {
            7 => filter.sex = Some(Sex::Male),
            0 => filter.stages = vec![Stage::Junior],
            1 => filter.grades = vec![7],
            2 => filter.schools = vec!["b".into()],
            3 => filter.classes = vec!["1".into()],
            4 => filter.groups = vec![d.pick(&["留守", "低保"]).into(), "单亲".into()],
            5 => filter.boarding = Some(d.one_in(2)),
            _ => {
                filter.age = Some(Age { from: Some(11), to: Some(13), on_school_year_start: d.one_in(2) });
                filter.sex = d.pick(&[None, Some(Sex::Female)]);
            }
        }
    }
    Rule {
        id: RuleId::new(format!("rule-{n}")),
        title: Text::both("rule"),
        basis: None,
        subject,
        filter,
        when: if subject == SubjectKind::Pupil { cond(d, 2, false) } else { group_cond(d, 1) },
        day: test(d),
        level: 1,
        ladder: None,
        effective_from: d.one_in(10).then(|| day("2026-09-14")),
        effective_to: d.one_in(10).then(|| day("2026-10-30")),
        hash: format!("hash-{n}"),
    }
}

pub fn world(seed: u64) -> World {
    let mut d = Dice::new(seed);
    let mut policy = bare();
    let tidy = d.one_in(2);
    calendar(&mut d, &mut policy, tidy);
    let pupils: Vec<PupilId> = (1..=if tidy { 4 } else { 3 }).map(PupilId).collect();
    let mut evidence = Evidence::default();
    register(&mut d, &mut evidence, &pupils, tidy);
    attendance(&mut d, &mut evidence, &pupils);
    let subject = |n: usize| match n % 3 {
        0 if tidy => SubjectKind::Class,
        1 if tidy => SubjectKind::School,
        _ => SubjectKind::Pupil,
    };
    policy.rules = (0..10).map(|n| rule(&mut d, n, subject(n))).collect();
    let on = if d.one_in(2) { day("2026-11-13") } else { d.pick(&dates()[10..]) };
    let hour = d.pick(&[7, 8, 9, 10, 13]);
    let now = (on + Days::new(u64::from(d.one_in(3)))).and_hms_opt(hour, 0, 0).expect("an hour");
    World { policy, evidence, pupils, on, now }
}

/// The same evidence in another order, with repetitions.
pub fn shuffled(e: &Evidence, seed: u64) -> Evidence {
    let mut d = Dice::new(seed);
    let mut e = e.clone();
    let again = e.sheets.clone();
    e.sheets.extend(again.into_iter().filter(|_| d.one_in(3)));
    let again = e.rows.clone();
    e.rows.extend(again.into_iter().filter(|_| d.one_in(3)));
    d.shuffle(&mut e.sheets);
    d.shuffle(&mut e.rows);
    d.shuffle(&mut e.register);
    d.shuffle(&mut e.leaves);
    d.shuffle(&mut e.decisions);
    d.shuffle(&mut e.acts);
    d.shuffle(&mut e.register_exports);
    e
}
