//! The files of a simulated school year, with their slips: each school in its habit, and what each file says of whom.

use super::life::{Left, Mark, Pupil, attended, is_weekly, new_year, week_ends};
use super::town::{Habit, School, class_of};
use kongchuo::domain::{Date, Time};
use kongchuo::drive::township::{Chance, date};
use std::collections::{BTreeMap, BTreeSet};

/// A pupil, a day, and how a file has it.
pub type Row = (usize, Date, Option<Mark>);

pub enum Says {
    /// Of nobody's days: the register, or bytes that cannot be read.
    Nothing,
    /// Of these days; it is not sure whether all of it is taken (half a file, one that a guard may hold).
    Perhaps(Vec<Row>),
    Rows(Vec<Row>),
    /// Approved leave.
    Leave(Vec<Row>),
}

pub struct Export {
    /// When it arrives.
    pub at: Time,
    /// When the school wrote it.
    pub written: Time,
    pub source: String,
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub says: Says,
}

pub struct Year {
    pub exports: Vec<Export>,
    /// School, first and last silent day.
    pub silences: Vec<(usize, Date, Date)>,
    /// (School, day, class): the clerk's template had a whole class away, and was corrected.
    pub templates: Vec<(usize, Date, String)>,
    pub slips: BTreeMap<&'static str, u32>,
}

pub fn at(day: Date, minutes: u32) -> Time {
    day.and_hms_opt(minutes / 60, minutes % 60, 0).expect("a time of day")
}

fn later(t: Time, minutes: i64) -> Time {
    t + chrono::TimeDelta::minutes(minutes)
}

struct Desk<'a> {
    school: &'a School,
    index: usize,
    pupils: &'a [Pupil],
    schools: &'a [School],
}

pub fn write(schools: &[School], pupils: &[Pupil], days: &[Date], chance: &mut Chance) -> Year {
    let mut year = Year {
        exports: registers(schools, pupils),
        silences: Vec::new(),
        templates: Vec::new(),
        slips: BTreeMap::new(),
    };
    for (index, school) in schools.iter().enumerate() {
        let desk = Desk { school, index, pupils, schools };
        let mut silent = BTreeSet::new();
        if school.habit == Habit::Silent {
            for half in [20, 110] {
                let (from, n) = (half + chance.below(40), 2 + chance.below(5));
                silent.extend(from..from + n);
                year.silences.push((index, days[from], days[from + n - 1]));
            }
        }
        let mut missed: Vec<Date> = Vec::new();
        for (i, day) in days.iter().enumerate() {
            if silent.contains(&i) || (is_weekly(school) && !week_ends(days, i)) {
                missed.push(*day);
                continue;
            }
            let minutes = if is_weekly(school) { 16 * 60 } else { school.sends_at + chance.below(15) as u32 };
            let mut of: Vec<Date> = std::mem::take(&mut missed);
            of.push(*day);
            if school.habit == Habit::MonthToDate {
                use chrono::Datelike;
                of =
                    days[..=i].iter().copied().filter(|d| (d.year(), d.month()) == (day.year(), day.month())).collect();
            }
            // The last files come in time, or what the rules say at the end would be another year's.
            let slips = i + 6 < days.len();
            desk.day(&of, at(*day, minutes), slips, chance, &mut year);
        }
    }
    year.exports.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.file_name.cmp(&b.file_name)));
    year
}

impl Desk<'_> {
    fn rows(&self, days: &[Date]) -> Vec<Row> {
        let mut rows = Vec::new();
        for day in days {
            for (p, pupil) in self.pupils.iter().enumerate() {
                if pupil.school_on(*day) == self.index && pupil.is_here(self.schools, *day) {
                    let mark = pupil.marks.get(day).copied();
                    // A roll without reasons: the leave file has them.
                    let mark = match mark {
                        Some(m) if self.school.habit == Habit::Leave && m != Mark::Late => Some(Mark::Unexplained),
                        m => m,
                    };
                    rows.push((p, *day, mark));
                }
            }
        }
        rows
    }

    /// What a school sends at the end of some days, with its slips.
    fn day(&self, days: &[Date], time: Time, slips: bool, chance: &mut Chance, year: &mut Year) {
        let today = days[days.len() - 1];
        let mut rows = self.rows(days);
        let slip = |name: &'static str, one_in: usize, chance: &mut Chance, year: &mut Year| {
            let falls = slips && chance.below(one_in) == 0;
            *year.slips.entry(name).or_default() += u32::from(falls);
            falls
        };
        if self.school.habit == Habit::Leave {
            let late = slip("late leave", 12, chance, year);
            self.leave(&rows, today, time, late, chance, year);
        }
        // A word too harsh, put right an hour and a half later or the next day.
        let sick: Vec<usize> = (0..rows.len())
            .filter(|i| rows[*i].1 == today && matches!(rows[*i].2, Some(Mark::Sick | Mark::Personal)))
            .collect();
        let is_corrected = self.school.habit != Habit::Leave && !sick.is_empty() && slip("corrected", 12, chance, year);
        let is_template = slip("wrong template", 150, chance, year);
        let right = rows.clone();
        if is_corrected {
            rows[*chance.pick(&sick)].2 = Some(Mark::Unexplained);
        }
        if is_template {
            let grade = self.school.grades.start() + chance.below(self.school.grades.clone().count()) as u8;
            let class = class_of(grade);
            for row in &mut rows {
                if row.1 == today && self.pupils[row.0].class_on(today) == class {
                    row.2 = Some(Mark::Unexplained);
                }
            }
            year.templates.push((self.index, today, class));
        }
        let can_be_cut = !self.school.habit.lists_exceptions();
        if can_be_cut && slip("half-written", 40, chance, year) {
            let written = later(time, -9);
            let mut half = self.export(&right, days, written, written);
            half.bytes.truncate(half.bytes.len() * (1 + chance.below(8)) / 10);
            half.says = Says::Perhaps(right.clone());
            year.exports.push(half);
        }
        if can_be_cut && self.school.habit != Habit::Workbook && slip("wrongly encoded", 50, chance, year) {
            let written = later(time, -12);
            let mut wrong = self.export(&right, days, written, written);
            for b in &mut wrong.bytes {
                if !b.is_ascii() {
                    *b = b'?';
                }
            }
            wrong.says = Says::Nothing;
            year.exports.push(wrong);
        }
        // Two corrections of one morning would make the truth of the first one unsure.
        let is_plain = !is_corrected && !is_template;
        let late = match () {
            () if is_plain && slip("late by hours", 30, chance, year) => 20 + chance.below(280) as i64,
            () if is_plain && slip("late by days", 60, chance, year) => 1440 * (1 + chance.below(3) as i64),
            () => 0,
        };
        let mut export = self.export(&rows, days, later(time, late), time);
        if is_template {
            export.says = Says::Perhaps(rows.clone());
        }
        if slip("renamed", 30, chance, year) && can_be_cut {
            let extension = if self.school.habit == Habit::Workbook { "xlsx" } else { "csv" };
            export.file_name = format!("新建文件 ({}).{extension}", chance.below(90) + 2);
        }
        if slip("sent twice", 20, chance, year) {
            let mut copy = self.export(&rows, days, later(export.at, 5 + chance.below(200) as i64), time);
            copy.file_name = copy.file_name.replacen('.', " (1).", 1);
            copy.says = Says::Nothing;
            year.exports.push(copy);
        }
        year.exports.push(export);
        if is_corrected || is_template {
            let after = if is_template || chance.below(2) == 0 { 80 } else { 24 * 60 - 15 };
            let written = later(time, after);
            let mut corrected = self.export(&right, days, written, written);
            corrected.file_name = corrected.file_name.replacen('.', "-更正.", 1);
            year.exports.push(corrected);
        }
    }

    fn leave(&self, rows: &[Row], today: Date, time: Time, late: bool, chance: &mut Chance, year: &mut Year) {
        let mut says = Vec::new();
        let mut text = String::from("\u{feff}学籍号,姓名,请假开始时间,请假结束时间,请假类型,状态\n");
        for (p, day, _) in rows {
            let pupil = &self.pupils[*p];
            if let Some(mark @ (Mark::Sick | Mark::Personal)) = pupil.marks.get(day).copied() {
                let (no, name, kind) = (pupil.student_no(), &pupil.name, mark.word());
                text.push_str(&format!("{no},{name},{day},{day},{kind},已通过\n"));
                says.push((*p, *day, Some(mark)));
            }
        }
        if says.is_empty() {
            return;
        }
        let at = later(time, if late { 20 + chance.below(600) as i64 } else { -10 });
        year.exports.push(Export {
            at,
            written: at,
            source: self.school.leave_source(),
            file_name: format!("请假_{}.csv", today.format("%Y%m%d")),
            bytes: text.into_bytes(),
            says: Says::Leave(says),
        });
    }

    fn export(&self, rows: &[Row], days: &[Date], at: Time, written: Time) -> Export {
        let (first, last) = (days[0].format("%Y%m%d"), days[days.len() - 1].format("%Y%m%d"));
        let stamp = if days.len() == 1 { format!("{last}") } else { format!("{first}-{last}") };
        let (name, bytes) = match self.school.habit {
            Habit::Workbook => (format!("考勤_{stamp}.xlsx"), self.workbook(rows)),
            Habit::Exceptions | Habit::Leave => (format!("缺勤名单_{stamp}.csv"), self.exceptions(rows)),
            Habit::Lessons => (format!("缺课登记_{stamp}.csv"), self.lessons(rows)),
            Habit::UnicodeText => (format!("出勤_{stamp}.csv"), self.unicode_text(rows)),
            Habit::Sessions => (format!("上下午考勤_{stamp}.csv"), self.sessions(rows)),
            Habit::Roll | Habit::Weekly | Habit::MonthToDate | Habit::Silent => {
                (format!("考勤_{stamp}.csv"), self.roll(rows))
            }
        };
        Export { at, written, source: self.school.source(), file_name: name, bytes, says: Says::Rows(rows.to_vec()) }
    }

    fn roll(&self, rows: &[Row]) -> Vec<u8> {
        let mut text = String::from("学籍号,姓名,班级,日期,考勤状态\r\n");
        for (p, day, mark) in rows {
            let (pupil, word) = (&self.pupils[*p], mark.map_or("出勤", Mark::word));
            let day_text = day.format("%Y/%-m/%-d");
            text.push_str(&format!(
                "{},{},{},{day_text},{word}\r\n",
                pupil.student_no(),
                pupil.name,
                pupil.class_on(*day)
            ));
        }
        encoding_rs::GB18030.encode(&text).0.into_owned()
    }

    fn sessions(&self, rows: &[Row]) -> Vec<u8> {
        let mut text = String::from("\u{feff}学籍号,姓名,日期,时段,状态\n");
        for (p, day, mark) in rows {
            let pupil = &self.pupils[*p];
            let afternoon = if attended(*mark) { None } else { *mark };
            for (slot, mark) in [("上午", *mark), ("下午", afternoon)] {
                let word = mark.map_or("到", Mark::word);
                text.push_str(&format!("{},{},{day},{slot},{word}\n", pupil.student_no(), pupil.name));
            }
        }
        text.into_bytes()
    }

    fn exceptions(&self, rows: &[Row]) -> Vec<u8> {
        let mut text = String::from("\u{feff}姓名,班级,学籍号,日期,状态\n");
        for (p, day, mark) in rows {
            let Some(mark) = mark else { continue };
            let pupil = &self.pupils[*p];
            let class = pupil.class_on(*day);
            text.push_str(&format!("{},{class},{},{day},{}\n", pupil.name, pupil.student_no(), mark.word()));
        }
        text.into_bytes()
    }

    fn lessons(&self, rows: &[Row]) -> Vec<u8> {
        let mut text = String::from("\u{feff}班级,姓名,日期,节次,状态\n");
        for (p, day, mark) in rows {
            let Some(mark) = mark else { continue };
            let pupil = &self.pupils[*p];
            for lesson in 1..=if *mark == Mark::Late { 1 } else { 6 } {
                let class = pupil.class_on(*day);
                text.push_str(&format!("{class},{},{day},第{lesson}节,{}\n", pupil.name, mark.word()));
            }
        }
        text.into_bytes()
    }

    fn unicode_text(&self, rows: &[Row]) -> Vec<u8> {
        let mut text = String::from("\u{feff}班级\t姓名\t身份证号\t日期\t出勤情况\r\n");
        for (p, day, mark) in rows {
            let (pupil, word) = (&self.pupils[*p], mark.map_or("√", Mark::word));
            let (class, day) = (pupil.class_on(*day), day.format("%Y年%-m月%-d日"));
            text.push_str(&format!("{class}\t{}\t{}\t{day}\t{word}\r\n", pupil.name, pupil.id_number));
        }
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn workbook(&self, rows: &[Row]) -> Vec<u8> {
        const WHY: &str = "a small sheet in memory can be written";
        let mut book = rust_xlsxwriter::Workbook::new();
        let made = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 9, 1).expect("a real date");
        book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&made));
        let sheet = book.add_worksheet();
        sheet.write(0, 0, format!("{}学生考勤表", self.school.name)).expect(WHY);
        for (column, header) in ["班级", "姓名", "学籍号", "日期", "考勤状态"].iter().enumerate() {
            sheet.write(1, column as u16, *header).expect(WHY);
        }
        for (i, (p, day, mark)) in rows.iter().enumerate() {
            let pupil = &self.pupils[*p];
            let cells = [
                pupil.class_on(*day),
                pupil.name.clone(),
                pupil.student_no(),
                day.to_string(),
                mark.map_or("正常", Mark::word).to_owned(),
            ];
            for (column, cell) in cells.into_iter().enumerate() {
                sheet.write(i as u32 + 2, column as u16, cell).expect(WHY);
            }
        }
        book.save_to_buffer().expect(WHY)
    }
}

// ---------------------------------------------------------------- the register

/// Before the year, whenever somebody comes, leaves or moves, and before the next year.
fn registers(schools: &[School], pupils: &[Pupil]) -> Vec<Export> {
    let mut dates = BTreeSet::from([date(2026, 8, 31), new_year()]);
    for p in pupils {
        dates.extend(p.from.filter(|d| *d < new_year()));
        dates.extend(p.moved.map(|m| m.0));
        dates.extend(p.left.and_then(|(l, _)| l.succ_opt()));
        dates.extend(p.back().filter(|d| *d < new_year()));
    }
    dates.into_iter().map(|day| register(schools, pupils, day)).collect()
}

fn register(schools: &[School], pupils: &[Pupil], day: Date) -> Export {
    let mut text = String::from(
        "\u{feff}学籍号,身份证号,姓名,学校,年级,班级,学籍状态,状态截止日期,批准文号,入学日期,离校日期,监护人1姓名,监护人1关系,监护人1电话,监护人2姓名,监护人2电话\n",
    );
    for p in pupils {
        if p.from.is_some_and(|f| day < f && day != new_year()) {
            continue;
        }
        let (mut status, mut until, mut basis, mut left) = ("在读", String::new(), "", String::new());
        match p.left.filter(|(l, _)| day > *l && p.back().is_none_or(|b| day < b)) {
            Some((l, Left::Away)) => (status, left) = ("转出", l.to_string()),
            Some((_, Left::Suspended(u))) => (status, until, basis) = ("休学", u.to_string(), "县教基〔2026〕31号"),
            None => {}
        }
        if day >= new_year() && p.graduates(schools) && status == "在读" {
            (status, left) = ("毕业", date(2027, 7, 2).to_string());
        }
        let school = p.school_on(day);
        let grade = p.grade_on(day).min(*schools[school].grades.end());
        let enrolled = p.moved.filter(|(m, _)| day >= *m).map(|m| m.0).or(p.from);
        let enrolled = enrolled.map(|d| d.to_string()).unwrap_or_default();
        text.push_str(&format!(
            "{},{},{},{},{grade},{},{status},{until},{basis},{enrolled},{left},{}的父亲,父亲,{},{}的母亲,{}\n",
            p.student_no(),
            p.id_number,
            p.name,
            schools[school].name,
            class_of(grade),
            p.name,
            p.phones[0],
            p.name,
            p.phones[1]
        ));
    }
    let minutes = if day == date(2026, 8, 31) || day == new_year() { 15 * 60 } else { 7 * 60 };
    Export {
        at: at(day, minutes),
        written: at(day, minutes),
        source: "register".into(),
        file_name: format!("学籍_{}.csv", day.format("%Y%m%d")),
        bytes: text.into_bytes(),
        says: Says::Nothing,
    }
}
