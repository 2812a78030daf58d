//! The files that the schools of the made-up township send: each school in its own habit, with its slips. Bytes only;
//! writes nothing to disk.

use super::life::{Event, Lives, Mark};
use super::{Chance, Export, Habit, Pupil, School, date, term};
use crate::domain::{Date, Time};
use std::collections::BTreeMap;

/// One line of a roll call; `None`: there.
struct Row<'a> {
    pupil: &'a Pupil,
    day: Date,
    mark: Option<Mark>,
}

fn at(day: Date, minutes: u32) -> Time {
    day.and_hms_opt(minutes / 60, minutes % 60, 0).expect("a time of day within the day")
}

pub fn write(schools: &[School], pupils: &[Pupil], days: &[Date], lives: &Lives, chance: &mut Chance) -> Vec<Export> {
    let mut exports = registers(schools, pupils, lives);
    for (index, school) in schools.iter().enumerate() {
        let mut missed: Vec<Date> = Vec::new();
        for day in days {
            if lives.silent(index, *day) {
                missed.push(*day);
                continue;
            }
            let time = at(*day, school.sends_at + chance.below(15) as u32);
            if !missed.is_empty() {
                // What was missed comes in one file, before the day's own.
                let earlier = time - chrono::TimeDelta::minutes(20);
                exports.push(roll(school, index, pupils, &missed, earlier, lives, &BTreeMap::new()));
                missed.clear();
            }
            exports.extend(day_of(school, index, pupils, *day, time, lives));
        }
    }
    exports.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.file_name.cmp(&b.file_name)));
    exports
}

/// What a school sends on one day: the roll call, and what its events add.
fn day_of(school: &School, index: usize, pupils: &[Pupil], day: Date, time: Time, lives: &Lives) -> Vec<Export> {
    let mut out = Vec::new();
    let mut said: BTreeMap<(usize, Date), Mark> = BTreeMap::new();
    let mut again: Vec<(Vec<Date>, i64)> = Vec::new();
    let mut copies = 1;
    for event in &lives.events {
        match event {
            Event::Corrected { pupil, days, first, at } if pupils[*pupil].school == index => {
                if days.contains(&day) {
                    said.insert((*pupil, day), *first);
                }
                if *at == day {
                    again.push((days.clone(), 95));
                }
            }
            Event::WrongExport { school: s, day: d, pupils } if *s == index && *d == day => {
                said.extend(pupils.iter().map(|p| ((*p, day), Mark::Unexplained)));
                again.push((vec![day], 80));
            }
            Event::SentTwice { school: s, day: d } if *s == index && *d == day => copies = 2,
            _ => {}
        }
    }
    for copy in 0..copies {
        let mut export =
            roll(school, index, pupils, &[day], time + chrono::TimeDelta::minutes(40 * copy), lives, &said);
        if copy > 0 {
            export.file_name = export.file_name.replacen('.', " (1).", 1);
        }
        out.push(export);
    }
    for (days, later) in again {
        let mut export =
            roll(school, index, pupils, &days, time + chrono::TimeDelta::minutes(later), lives, &BTreeMap::new());
        export.file_name = export.file_name.replacen('.', "-更正.", 1);
        out.push(export);
    }
    out
}

fn roll(
    school: &School,
    index: usize,
    pupils: &[Pupil],
    days: &[Date],
    at: Time,
    lives: &Lives,
    said: &BTreeMap<(usize, Date), Mark>,
) -> Export {
    let mut rows = Vec::new();
    for day in days {
        for (p, pupil) in pupils.iter().enumerate().filter(|(_, p)| p.school == index) {
            if lives.suspended(p, *day) || lives.joins(p).is_some_and(|(from, _)| *day < from) {
                continue;
            }
            let mark = said.get(&(p, *day)).or_else(|| lives.marks.get(&(p, *day))).copied();
            rows.push(Row { pupil, day: *day, mark });
        }
    }
    let stamp = match days {
        [one] => one.format("%Y%m%d").to_string(),
        [first, .., last] => format!("{}-{}", first.format("%Y%m%d"), last.format("%Y%m%d")),
        [] => String::new(),
    };
    let (file_name, bytes) = match school.habit {
        Habit::Gb18030 => (format!("中心小学考勤_{stamp}.csv"), gb18030(&rows)),
        Habit::Workbook => (format!("春山镇中学考勤_{stamp}.xlsx"), workbook(&rows, days)),
        Habit::Exceptions => (format!("溪头缺勤名单_{stamp}.csv"), exceptions(&rows)),
        Habit::UnicodeText => (format!("云水学校出勤_{stamp}.csv"), unicode_text(&rows)),
    };
    Export { at, source: school.source(), file_name, bytes }
}

fn gb18030(rows: &[Row]) -> Vec<u8> {
    let mut text = String::from("学籍号,姓名,班级,日期,考勤状态,备注\r\n");
    for r in rows {
        let (mark, day) = (r.mark.map_or("出勤", Mark::word), r.day.format("%Y/%-m/%-d"));
        text.push_str(&format!("{},{},{},{day},{mark},\r\n", r.pupil.student_no, r.pupil.name, r.pupil.class));
    }
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

fn exceptions(rows: &[Row]) -> Vec<u8> {
    let mut text = String::from("\u{feff}姓名,班级,学籍号,日期,状态,原因\n");
    for r in rows {
        let Some(mark) = r.mark else { continue };
        let reason = match mark {
            Mark::Sick => "感冒",
            Mark::Personal => "家中有事",
            _ => "",
        };
        let (p, day) = (r.pupil, r.day.format("%Y-%m-%d"));
        text.push_str(&format!("{},{},{},{day},{},{reason}\n", p.name, p.class, p.student_no, mark.word()));
    }
    text.into_bytes()
}

fn unicode_text(rows: &[Row]) -> Vec<u8> {
    let mut text = String::from("\u{feff}班级\t姓名\t身份证号\t日期\t出勤情况\r\n");
    for r in rows {
        let mark = r.mark.map_or("√", Mark::word);
        let day = r.day.format("%Y年%-m月%-d日");
        text.push_str(&format!("{}\t{}\t{}\t{day}\t{mark}\r\n", r.pupil.class, r.pupil.name, r.pupil.id_number));
    }
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn workbook(rows: &[Row], days: &[Date]) -> Vec<u8> {
    const WHY: &str = "a small sheet in memory can be written";
    let mut book = rust_xlsxwriter::Workbook::new();
    // Without a date of its own the file would carry the machine's, and the seed would not make the same bytes.
    let made = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 9, 1).expect("a real date");
    book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&made));
    let sheet = book.add_worksheet();
    sheet.set_name("考勤").expect(WHY);
    sheet.write(0, 0, "春山镇中学学生考勤表").expect(WHY);
    let day = days.first().map(|d| d.format("%Y年%-m月%-d日").to_string()).unwrap_or_default();
    sheet.write(1, 0, format!("日期：{day}    制表：教务处")).expect(WHY);
    for (column, header) in ["序号", "班级", "姓名", "学籍号", "日期", "考勤状态", "备注"].iter().enumerate()
    {
        sheet.write(2, column as u16, *header).expect(WHY);
    }
    for (i, r) in rows.iter().enumerate() {
        let row = i as u32 + 3;
        let day = r.day.format("%Y-%m-%d").to_string();
        let mark = r.mark.map_or("正常", Mark::word);
        sheet.write(row, 0, i as u32 + 1).expect(WHY);
        for (column, cell) in [&r.pupil.class, &r.pupil.name, &r.pupil.student_no, &day].into_iter().enumerate() {
            sheet.write(row, column as u16 + 1, cell.as_str()).expect(WHY);
        }
        sheet.write(row, 5, mark).expect(WHY);
    }
    book.save_to_buffer().expect(WHY)
}

/// The register: before the term, when the new pupil has been entered, and when one has been suspended.
fn registers(schools: &[School], pupils: &[Pupil], lives: &Lives) -> Vec<Export> {
    let first = date(2026, 8, 31);
    let mut dates = vec![first];
    for event in &lives.events {
        match event {
            Event::Unregistered { listed, .. } => dates.push(*listed),
            Event::Suspended { from, .. } => dates.push(*from),
            _ => {}
        }
    }
    dates.sort();
    dates.into_iter().map(|day| register(schools, pupils, lives, day)).collect()
}

fn register(schools: &[School], pupils: &[Pupil], lives: &Lives, day: Date) -> Export {
    let mut text = String::from(
        "\u{feff}学籍号,身份证号,姓名,性别,出生日期,学校,年级,班级,学籍状态,状态截止日期,批准文号,入学日期,住校,类别,监护人1姓名,监护人1关系,监护人1电话\n",
    );
    for (i, p) in pupils.iter().enumerate() {
        let joined = lives.joins(i);
        if joined.is_some_and(|(_, listed)| day < listed) {
            continue;
        }
        let enrolled = joined.map(|(from, _)| from.to_string()).unwrap_or_default();
        let until = lives.events.iter().find_map(|e| match e {
            Event::Suspended { pupil, from, until } if *pupil == i && day >= *from => Some(*until),
            _ => None,
        });
        let (status, until, basis) = match until {
            Some(until) => ("休学", until.to_string(), "县教基〔2026〕31号"),
            None => ("在读", String::new(), ""),
        };
        let s = &schools[p.school];
        let boards = if s.boarding && p.grade >= 7 { "是" } else { "否" };
        let sex = if p.girl { "女" } else { "男" };
        text.push_str(&format!(
            "{},{},{},{sex},{},{},{},{},{status},{until},{basis},{enrolled},{boards},{},{},{},{}\n",
            p.student_no,
            p.id_number,
            p.name,
            p.birth,
            s.name,
            p.grade,
            p.class,
            p.group,
            p.guardian,
            p.relation,
            p.phone
        ));
    }
    Export {
        at: at(day, if day < term().0 { 15 * 60 } else { 7 * 60 + 50 }),
        source: "register".into(),
        file_name: format!("学籍_{}.csv", day.format("%Y%m%d")),
        bytes: text.into_bytes(),
    }
}
