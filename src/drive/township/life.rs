//! What happens to the pupils of the made-up township in its term: ordinary illness and lateness by chance, and the
//! stories of a few children that a demo must show. Says nothing of files.

use super::{Chance, Pupil, School, date, term};
use crate::domain::Date;
use chrono::Datelike;
use std::collections::BTreeMap;

/// What a school notes about a pupil on a day; a pupil without a mark was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Late,
    Sick,
    Personal,
    Truant,
    Unexplained,
}

impl Mark {
    /// As the schools write it.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Late => "迟到",
            Mark::Sick => "病假",
            Mark::Personal => "事假",
            Mark::Truant => "旷课",
            Mark::Unexplained => "缺勤",
        }
    }
}

/// What happens beside the daily roll calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first export of these days said something else of this pupil; the corrected one comes on `at`.
    Corrected { pupil: usize, days: Vec<Date>, first: Mark, at: Date },
    /// The morning's export of a school lists these pupils as absent although they are there.
    WrongExport { school: usize, day: Date, pupils: Vec<usize> },
    /// The school sends the same file a second time.
    SentTwice { school: usize, day: Date },
    /// The school sends nothing from … to …, and everything that is missing on the next school day.
    Silent { school: usize, from: Date, to: Date },
    /// A new pupil is in the roll call before the register knows the name.
    Unregistered { pupil: usize, from: Date, listed: Date },
    /// Suspended by the register (休学) from … until ….
    Suspended { pupil: usize, from: Date, until: Date },
}

/// The marks of every pupil, and the events.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    /// By pupil (index) and date.
    pub marks: BTreeMap<(usize, Date), Mark>,
    pub events: Vec<Event>,
}

pub const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗",
    "高", "谢", "韦", "石", "姚", "潘", "吴", "龙", "田", "向", "欧阳",
];
pub const GIVEN: &[&str] = &[
    "雨", "小", "春", "梅", "强", "明", "丽", "秀", "国", "志", "文", "晓", "海", "云", "兰", "芳", "建", "伟", "婷",
    "佳", "子", "涵", "欣", "怡", "浩", "宇", "轩", "思", "远", "安", "平", "乐", "天", "成", "玉", "珍", "燕", "飞",
    "山", "水",
];
const CLASS_NUMBERS: &[&str] = &["一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// The name of a class: 三年级2班.
pub fn class_name(grade: u8, number: usize) -> String {
    format!("{}年级{number}班", CLASS_NUMBERS[usize::from(grade) - 1])
}

/// Everybody who learns in the township.
pub fn people(schools: &[School], chance: &mut Chance) -> Vec<Pupil> {
    let mut pupils = Vec::new();
    for (school, s) in schools.iter().enumerate() {
        for grade in s.grades.clone() {
            for number in 1..=s.classes_per_grade {
                for _ in 0..s.class_size {
                    let serial = pupils.len();
                    pupils.push(pupil(school, grade, number, serial, chance));
                }
            }
        }
    }
    pupils
}

fn pupil(school: usize, grade: u8, number: usize, serial: usize, chance: &mut Chance) -> Pupil {
    let surname = *chance.pick(SURNAMES);
    let mut name = format!("{surname}{}", chance.pick(GIVEN));
    if chance.below(4) > 0 {
        let second: &str = chance.pick::<&str>(GIVEN);
        name.push_str(second);
    }
    let girl = chance.below(2) == 0;
    // Six years old on 31 August before grade 1.
    let youngest = date(2026 - 5 - i32::from(grade), 8, 31);
    let birth = youngest - chrono::Days::new(chance.below(360) as u64);
    // The seventeenth digit is odd for boys.
    let order = (serial % 500) * 2 + usize::from(!girl);
    let id_number = with_check_digit(&format!("999999{}{order:03}", birth.format("%Y%m%d")));
    Pupil {
        school,
        grade,
        class: class_name(grade, number),
        student_no: format!("G{id_number}"),
        id_number,
        guardian: format!("{surname}{}", chance.pick(GIVEN)),
        relation: chance.pick::<&str>(&["父亲", "母亲", "祖父", "外祖母"]),
        phone: format!("1390{:07}", 1_000_000 + serial),
        group: if chance.below(5) == 0 { "留守儿童" } else { "" },
        birth,
        girl,
        name,
    }
}

/// GB 11643.
fn with_check_digit(seventeen: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = seventeen.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{seventeen}{}", &"10X98765432"[sum as usize % 11..][..1])
}

impl Lives {
    pub fn live(schools: &[School], pupils: &[Pupil], days: &[Date], chance: &mut Chance) -> Lives {
        let mut lives = Lives::default();
        lives.ordinary(pupils, days, chance);
        lives.stories(schools, pupils, days, chance);
        lives
    }

    /// Colds, errands, oversleeping, and now and then a day that nobody explains.
    fn ordinary(&mut self, pupils: &[Pupil], days: &[Date], chance: &mut Chance) {
        for pupil in 0..pupils.len() {
            let mut ill_for = 0;
            for day in days {
                if ill_for > 0 {
                    ill_for -= 1;
                    self.marks.insert((pupil, *day), Mark::Sick);
                } else if chance.in_ten_thousand(70) {
                    ill_for = chance.below(3);
                    self.marks.insert((pupil, *day), Mark::Sick);
                } else if chance.in_ten_thousand(25) {
                    self.marks.insert((pupil, *day), Mark::Personal);
                } else if chance.in_ten_thousand(60) {
                    self.marks.insert((pupil, *day), Mark::Late);
                } else if chance.in_ten_thousand(4) {
                    self.marks.insert((pupil, *day), Mark::Unexplained);
                }
            }
        }
    }

    fn stories(&mut self, schools: &[School], pupils: &[Pupil], days: &[Date], chance: &mut Chance) {
        let (_, end) = term();
        let mut cast = Cast { pupils, taken: Vec::new() };
        let place = |id: &str| schools.iter().position(|s| s.id == id).expect("the township has this school");
        let (primary, junior, point, nine) =
            (place("cs-primary"), place("cs-junior"), place("xt-point"), place("ys-school"));

        // Three days of truancy, then back for good.
        let once = cast.one(junior, 8, chance);
        self.away(once, days, date(2026, 10, 12), date(2026, 10, 14), Mark::Truant);
        // Two and a half weeks away, persuaded, and away again.
        let again = cast.one(junior, 9, chance);
        self.away(again, days, date(2026, 11, 9), date(2026, 11, 25), Mark::Truant);
        self.away(again, days, date(2026, 12, 7), date(2026, 12, 10), Mark::Truant);
        // Did not come back from the holiday week, and has not come since.
        let gone = cast.one(nine, 7, chance);
        self.away(gone, days, date(2026, 10, 8), end, Mark::Unexplained);
        // A day here and two there: no spell is long, together they are many.
        let now_and_then = cast.one(point, 4, chance);
        for (m, d) in [(9, 10), (9, 17), (9, 18), (9, 29), (10, 9), (10, 16), (10, 23), (11, 4), (11, 13), (11, 20)] {
            self.away(now_and_then, days, date(2026, m, d), date(2026, m, d), Mark::Unexplained);
        }
        // Four days in the week before the winter fair.
        let fair = cast.one(primary, 6, chance);
        self.away(fair, days, date(2026, 12, 21), date(2026, 12, 24), Mark::Unexplained);
        // Comes late twice a week.
        let late = cast.one(junior, 7, chance);
        for day in days.iter().filter(|d| matches!(d.weekday(), chrono::Weekday::Mon | chrono::Weekday::Thu)) {
            self.marks.insert((late, *day), Mark::Late);
        }
        // Noted as absent for three days; the leave slip had been lying in the drawer.
        let slip = cast.one(primary, 3, chance);
        let slip_days: Vec<Date> = between(days, date(2026, 9, 14), date(2026, 9, 16));
        for day in &slip_days {
            self.marks.insert((slip, *day), Mark::Sick);
        }
        let first = Mark::Unexplained;
        self.events.push(Event::Corrected { pupil: slip, days: slip_days, first, at: date(2026, 9, 17) });
        // Long ill: suspended by the county on 16 November.
        let ill = cast.one(junior, 8, chance);
        self.away(ill, days, date(2026, 10, 26), date(2026, 11, 13), Mark::Sick);
        for day in between(days, date(2026, 11, 16), end) {
            self.marks.remove(&(ill, day));
        }
        self.events.push(Event::Suspended { pupil: ill, from: date(2026, 11, 16), until: date(2027, 8, 31) });
        // Moved here in September; the register learnt of it a week later.
        let new = cast.one(junior, 7, chance);
        self.events.push(Event::Unregistered { pupil: new, from: date(2026, 9, 9), listed: date(2026, 9, 16) });
        // The clerk saved last year's template: two grades absent at once.
        let day = date(2026, 10, 20);
        let fifth_and_sixth = (0..pupils.len())
            .filter(|p| pupils[*p].school == primary && pupils[*p].grade == 5 && !cast.taken.contains(p))
            .collect::<Vec<_>>();
        self.events.push(Event::WrongExport { school: primary, day, pupils: fifth_and_sixth });
        self.events.push(Event::SentTwice { school: point, day: date(2026, 9, 22) });
        self.events.push(Event::SentTwice { school: junior, day: date(2026, 11, 18) });
        // The network of the mountain school was down for a week.
        self.events.push(Event::Silent { school: nine, from: date(2026, 11, 2), to: date(2026, 11, 6) });
    }

    fn away(&mut self, pupil: usize, days: &[Date], from: Date, to: Date, mark: Mark) {
        for day in between(days, from, to) {
            self.marks.insert((pupil, day), mark);
        }
    }

    pub fn suspended(&self, pupil: usize, day: Date) -> bool {
        self.events.iter().any(|e| matches!(e, Event::Suspended { pupil: p, from, .. } if *p == pupil && day >= *from))
    }

    /// Does the pupil come to this township only later?
    pub fn joins(&self, pupil: usize) -> Option<(Date, Date)> {
        self.events.iter().find_map(|e| match e {
            Event::Unregistered { pupil: p, from, listed } if *p == pupil => Some((*from, *listed)),
            _ => None,
        })
    }

    pub fn silent(&self, school: usize, day: Date) -> bool {
        self.events
            .iter()
            .any(|e| matches!(e, Event::Silent { school: s, from, to } if *s == school && (*from..=*to).contains(&day)))
    }
}

pub fn between(days: &[Date], from: Date, to: Date) -> Vec<Date> {
    days.iter().copied().filter(|d| (from..=to).contains(d)).collect()
}

/// Nobody plays two stories.
struct Cast<'a> {
    pupils: &'a [Pupil],
    taken: Vec<usize>,
}

impl Cast<'_> {
    fn one(&mut self, school: usize, grade: u8, chance: &mut Chance) -> usize {
        let free: Vec<usize> = (0..self.pupils.len())
            .filter(|p| self.pupils[*p].school == school && self.pupils[*p].grade == grade && !self.taken.contains(p))
            .collect();
        let chosen = *chance.pick(&free);
        self.taken.push(chosen);
        chosen
    }
}
