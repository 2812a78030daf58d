//! The files that a story's deliveries are made of: real bytes in our own words (CSV, UTF-8, canonical headers), so
//! that the real decoder reads them.

use super::read::REGISTER;
use crate::domain::Date;
use crate::domain::policy::Policy;
use std::collections::BTreeMap;

/// A line of an attendance export.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    pub student_no: String,
    pub name: String,
    pub class: String,
    pub date: Date,
    /// Empty: the whole day.
    pub slot: String,
    pub status: String,
    pub until: Option<Date>,
}

/// The word that a file writes for a status.
pub fn word(policy: &Policy, status: &str) -> Option<String> {
    let built_in = match status {
        "present" => "出勤",
        "late" => "迟到",
        "early_leave" => "早退",
        "official" => "公假",
        "sick" => "病假",
        "personal" => "事假",
        "truant" => "旷课",
        "unexplained" => "缺勤",
        "not_listed" | "not_recorded" => return None,
        _ => {
            let own = policy.statuses.iter().find(|s| s.id == *status)?;
            // A status of one's own is read from its words or, beside 缺勤, from its reasons.
            return own.words.first().cloned().or_else(|| Some(status.to_owned()));
        }
    };
    Some(built_in.to_owned())
}

/// An attendance export. `school`: header and name of the school for files that tell of many.
pub fn attendance(title: Option<&str>, school: Option<(&str, &str)>, lines: &[Line]) -> Vec<u8> {
    let with_until = lines.iter().any(|l| l.until.is_some());
    let mut header = vec!["学籍号", "姓名", "班级", "日期", "时段", "状态"];
    if with_until {
        header.push("请假至");
    }
    header.extend(school.map(|s| s.0));
    let rows = lines.iter().map(|l| {
        let mut row = vec![
            l.student_no.clone(),
            l.name.clone(),
            l.class.clone(),
            l.date.to_string(),
            l.slot.clone(),
            l.status.clone(),
        ];
        if with_until {
            row.push(l.until.map(|d| d.to_string()).unwrap_or_default());
        }
        row.extend(school.map(|s| s.1.to_owned()));
        row
    });
    table(title, &header, rows)
}

/// A leave export.
pub fn leave(school: Option<(&str, &str)>, lines: &[(Line, Date)]) -> Vec<u8> {
    let mut header = vec!["学籍号", "姓名", "班级", "请假开始时间", "请假结束时间", "请假类型"];
    header.extend(school.map(|s| s.0));
    let rows = lines.iter().map(|(l, until)| {
        let mut row = vec![
            l.student_no.clone(),
            l.name.clone(),
            l.class.clone(),
            l.date.to_string(),
            until.to_string(),
            l.status.clone(),
        ];
        row.extend(school.map(|s| s.1.to_owned()));
        row
    });
    table(None, &header, rows)
}

/// A school's whole register: the columns that any of its pupils has.
pub fn register(school_header: &str, school_name: &str, pupils: &[BTreeMap<&'static str, String>]) -> Vec<u8> {
    let columns: Vec<_> =
        REGISTER.iter().filter(|(name, _)| *name != "school" && pupils.iter().any(|p| p.contains_key(name))).collect();
    let mut header: Vec<&str> = columns.iter().map(|(_, chinese)| *chinese).collect();
    header.push(school_header);
    let rows = pupils.iter().map(|p| {
        let mut row: Vec<String> = columns.iter().map(|(name, _)| p.get(name).cloned().unwrap_or_default()).collect();
        row.push(school_name.to_owned());
        row
    });
    table(None, &header, rows)
}

fn table(title: Option<&str>, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut text = title.map(|t| format!("{t}\n")).unwrap_or_default();
    let mut line = |cells: Vec<&str>| {
        let cells: Vec<String> = cells
            .iter()
            .map(|c| if c.contains([',', '"', '\n']) { format!("\"{}\"", c.replace('"', "\"\"")) } else { (*c).into() })
            .collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    };
    line(header.to_vec());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_has_the_columns_that_any_pupil_has() {
        let pupils = [
            BTreeMap::from([("student_no", "S1".to_owned()), ("grade", "3".to_owned())]),
            BTreeMap::from([("student_no", "S2".to_owned()), ("household_address", "甲村, 乙组".to_owned())]),
        ];
        let text = String::from_utf8(register("学校", "中心小学", &pupils)).expect("is UTF-8");
        assert_eq!(text, "学籍号,年级,家庭住址,学校\nS1,3,,中心小学\nS2,,\"甲村, 乙组\",中心小学\n");
    }
}
