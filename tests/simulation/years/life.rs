//! What happens to the pupils in their year: the truth, of which the schools' files tell.

use super::town::{Habit, School, class_of, last_day};
use kongchuo::domain::Date;
use kongchuo::drive::township::{Chance, date};
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    Late,
    Sick,
    Personal,
    Truant,
    Unexplained,
}

impl Mark {
    pub fn word(self) -> &'static str {
        match self {
            Mark::Late => "迟到",
            Mark::Sick => "病假",
            Mark::Personal => "事假",
            Mark::Truant => "旷课",
            Mark::Unexplained => "缺勤",
        }
    }
    pub fn is_unexcused(self) -> bool {
        matches!(self, Mark::Truant | Mark::Unexplained)
    }
}

/// Was there, for all that was written down.
pub fn attended(mark: Option<Mark>) -> bool {
    matches!(mark, None | Some(Mark::Late))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    /// 转出
    Away,
    /// 休学, until then
    Suspended(Date),
}

#[derive(Clone)]
pub struct Pupil {
    pub school: usize,
    /// In the first school year.
    pub grade: u8,
    pub name: String,
    pub id_number: String,
    pub phones: [String; 2],
    /// First and last day here; a way out.
    pub from: Option<Date>,
    pub left: Option<(Date, Left)>,
    /// Another school of the township from that day on.
    pub moved: Option<(Date, usize)>,
    /// The first of its guardians' numbers is dead.
    pub dead_phone: bool,
    pub marks: BTreeMap<Date, Mark>,
}

impl Pupil {
    pub fn student_no(&self) -> String {
        format!("G{}", self.id_number)
    }

    pub fn school_on(&self, day: Date) -> usize {
        self.moved.filter(|(from, _)| day >= *from).map_or(self.school, |(_, to)| to)
    }

    /// Classes move up with the new school year.
    pub fn grade_on(&self, day: Date) -> u8 {
        self.grade + u8::from(day >= new_year())
    }

    pub fn class_on(&self, day: Date) -> String {
        class_of(self.grade_on(day))
    }

    pub fn graduates(&self, schools: &[School]) -> bool {
        self.grade == *schools[self.school_on(new_year())].grades.end()
    }

    /// The day after a suspension ends.
    pub fn back(&self) -> Option<Date> {
        match self.left? {
            (_, Left::Suspended(until)) => until.succ_opt(),
            (_, Left::Away) => None,
        }
    }

    pub fn is_here(&self, schools: &[School], day: Date) -> bool {
        self.from.is_none_or(|f| day >= f)
            && self.left.is_none_or(|(l, why)| day <= l || matches!(why, Left::Suspended(until) if day > until))
            && !(day >= new_year() && self.graduates(schools))
    }
}

/// The register of the new school year.
pub fn new_year() -> Date {
    date(2027, 8, 31)
}

const SURNAMES: [&str; 25] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗",
    "高", "谢", "韦", "石", "姚", "潘",
];
const GIVEN: [&str; 32] = [
    "雨", "小", "春", "梅", "强", "明", "丽", "秀", "国", "志", "文", "晓", "海", "云", "兰", "芳", "建", "伟", "婷",
    "佳", "子", "涵", "欣", "怡", "浩", "宇", "轩", "思", "远", "安", "平", "乐",
];

/// GB 11643, area of nobody.
fn id_number(birth: Date, order: usize) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let seventeen = format!("999999{}{:03}", birth.format("%Y%m%d"), order % 1000);
    let sum: u32 = seventeen.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{seventeen}{}", &"10X98765432"[sum as usize % 11..][..1])
}

fn pupil(school: usize, grade: u8, serial: usize) -> Pupil {
    // No two are of one name: whom a letter is about stands in its words.
    let name = [SURNAMES[serial % 25], GIVEN[serial / 25 % 32], GIVEN[serial / 800 % 32]].concat();
    let birth = date(2026 - 5 - i32::from(grade), 8, 31) - chrono::Days::new((serial / 1000 * 30 + serial % 7) as u64);
    Pupil {
        school,
        grade,
        name,
        id_number: id_number(birth, serial),
        phones: [format!("139001{serial:05}"), format!("139002{serial:05}")],
        from: None,
        left: None,
        moved: None,
        dead_phone: false,
        marks: BTreeMap::new(),
    }
}

/// The pupils and what becomes of them.
pub fn people(schools: &[School], days: &[Date], chance: &mut Chance) -> Vec<Pupil> {
    let mut pupils = Vec::new();
    for (school, s) in schools.iter().enumerate() {
        for grade in s.grades.clone() {
            for _ in 0..s.class_size {
                pupils.push(pupil(school, grade, pupils.len()));
            }
        }
        // Who begins school in the new year.
        for _ in 0..s.class_size / 2 {
            let mut p = pupil(school, s.grades.start() - 1, pupils.len());
            p.from = Some(date(2027, 9, 1));
            pupils.push(p);
        }
    }
    for p in &mut pupils {
        ordinary(p, days, chance);
        story(p, schools, days, chance);
        p.dead_phone = chance.below(40) == 0;
    }
    pupils
}

fn ordinary(p: &mut Pupil, days: &[Date], chance: &mut Chance) {
    let mut ill_for = 0;
    for day in days {
        if ill_for > 0 {
            ill_for -= 1;
            p.marks.insert(*day, Mark::Sick);
        } else if chance.in_ten_thousand(60) {
            ill_for = chance.below(3);
            p.marks.insert(*day, Mark::Sick);
        } else if chance.in_ten_thousand(25) {
            p.marks.insert(*day, Mark::Personal);
        } else if chance.in_ten_thousand(60) {
            p.marks.insert(*day, Mark::Late);
        } else if chance.in_ten_thousand(5) {
            p.marks.insert(*day, Mark::Unexplained);
        }
    }
}

fn story(p: &mut Pupil, schools: &[School], days: &[Date], chance: &mut Chance) {
    let somewhere = |chance: &mut Chance| days[5 + chance.below(days.len() - 30)];
    let away = |p: &mut Pupil, from: Date, n: usize, chance: &mut Chance| {
        let mark = *chance.pick(&[Mark::Truant, Mark::Unexplained]);
        for day in days.iter().filter(|d| **d >= from).take(n) {
            p.marks.insert(*day, mark);
        }
    };
    match chance.below(30) {
        // A spell, or two with some weeks between.
        0..=3 => {
            for _ in 0..1 + chance.below(2) {
                let (from, n) = (somewhere(chance), 1 + chance.below(8));
                away(p, from, n, chance);
            }
        }
        // Away for good; or for months, and back.
        4 => {
            let (from, n) = (somewhere(chance), if chance.below(2) == 0 { 1_000 } else { 30 + chance.below(40) });
            away(p, from, n, chance);
        }
        5 => p.left = Some((somewhere(chance), Left::Away)),
        // Suspended for longer than the year, or back some weeks later.
        6 if chance.below(2) == 0 => {
            p.left = Some((somewhere(chance), Left::Suspended(last_day() + chrono::Days::new(300))));
        }
        6 => {
            let from = somewhere(chance);
            let back =
                days.iter().rev().skip(20).find(|d| **d <= from + chrono::Days::new(30 + chance.below(60) as u64));
            p.left =
                back.filter(|b| **b > from).map(|b| (from, Left::Suspended(b.pred_opt().expect("a day before it"))));
        }
        7 if p.from.is_none() => p.from = Some(somewhere(chance)),
        8 if schools.len() > 1 => {
            let to: Vec<usize> =
                (0..schools.len()).filter(|s| *s != p.school && schools[*s].grades.contains(&p.grade)).collect();
            if !to.is_empty() {
                p.moved = Some((somewhere(chance), *chance.pick(&to)));
            }
        }
        _ => {}
    }
}

/// A school tells its week at the week's end: the last school day of it.
pub fn week_ends(days: &[Date], i: usize) -> bool {
    use chrono::Datelike;
    days.get(i + 1).is_none_or(|next| next.iso_week() != days[i].iso_week())
}

pub fn is_weekly(school: &School) -> bool {
    school.habit == Habit::Weekly
}
