//! Which row is the header, what kind of table stands under it, and why a table cannot be read. A table is read only when
//! each of its rows says who, when and what; every other shape is refused by its name.

use super::Asked;
use super::header::{Columns, Field, header_key};
use super::line::Line;
use crate::domain::Date;
use crate::domain::fault::FaultKind;
use crate::domain::normalise::{clean, date_cell, stated_dates};
use crate::domain::policy::{Content, CoverageKind};

/// A table that can be read.
#[derive(Clone, Debug)]
pub struct Layout {
    pub header_row: u32,
    pub columns: Columns,
    /// Text above the header.
    pub titles: Vec<String>,
    /// A list of absent pupils without a status column: what every row is.
    pub all_absent: bool,
}

/// A row read as a header of the source's content.
pub fn columns(asked: &Asked, line: &Line) -> Columns {
    Columns::read(line, asked.content, &asked.reader.columns, asked.school_column)
}

/// Finds the header among the first rows of a table and judges what stands under it.
pub fn find(
    asked: &Asked,
    start: &[Line],
    sheet: Option<&str>,
    name_dates: &[Date],
) -> Result<Layout, (FaultKind, u32)> {
    if start.iter().all(|l| l.filled() == 0) {
        return Err((FaultKind::Empty, 0));
    }
    let read = |l: &Line| columns(asked, l);
    let mut best: Option<(usize, Columns)> = None;
    for (i, line) in start.iter().enumerate() {
        let columns = read(line);
        if columns.len() > best.as_ref().map_or(0, |(_, c)| c.len()) {
            best = Some((i, columns));
        }
    }
    let (at, columns) = match best {
        Some((i, c)) if c.len() >= 2 => (i, c),
        other => {
            let (i, kind) = without_header(start, other);
            return Err((kind, start.get(i).map_or(0, |l| l.row)));
        }
    };
    let titles: Vec<String> =
        start[..at].iter().flat_map(|l| l.cells().map(clean).filter(|c| !c.is_empty()).collect::<Vec<_>>()).collect();
    let below = &start[at + 1..];
    let row = start[at].row;
    let stated = titles.iter().flat_map(|t| stated_dates(t)).count();
    // Several dates cannot date a row, but an empty list speaks of all of them.
    let is_empty = below.iter().all(|l| l.filled() == 0);
    let dated = name_dates.len() == 1 || stated == 1 || (is_empty && name_dates.len() + stated > 0);
    let mut layout = Layout { header_row: row, columns, titles, all_absent: false };
    match judge(asked, &mut layout, below, sheet, dated) {
        Some(kind) => Err((kind, row)),
        None => Ok(layout),
    }
}

fn judge(asked: &Asked, layout: &mut Layout, below: &[Line], sheet: Option<&str>, dated: bool) -> Option<FaultKind> {
    let c = &layout.columns;
    let missing_pin = asked.reader.columns.values().any(|h| !c.headers.iter().any(|x| header_key(x) == header_key(h)));
    if missing_pin {
        return Some(FaultKind::NoHeader);
    }
    match asked.content {
        Content::Register => (!c.has_pupil()).then(|| shape_without_pupil(c)),
        Content::Leave => {
            if !c.has_pupil() {
                Some(shape_without_pupil(c))
            } else if !c.has(Field::From) || !c.has(Field::Until) {
                Some(FaultKind::NoDates)
            } else {
                (!c.has(Field::LeaveKind)).then_some(FaultKind::NoStatusColumn)
            }
        }
        Content::Feedback => {
            if !c.has_pupil() {
                Some(shape_without_pupil(c))
            } else {
                (!c.has(Field::Date) && !c.has(Field::ReturnedOn)).then_some(FaultKind::NoDates)
            }
        }
        Content::Attendance => attendance(asked, layout, below, sheet, dated),
    }
}

fn attendance(
    asked: &Asked,
    layout: &mut Layout,
    below: &[Line],
    sheet: Option<&str>,
    dated: bool,
) -> Option<FaultKind> {
    let c = &layout.columns;
    let numbered = c.headers.iter().filter(|h| is_numbered(h)).count();
    let long = c.has_pupil() && c.has(Field::Status) && c.has(Field::Date);
    if !long && numbered >= 3 {
        return Some(FaultKind::Matrix);
    }
    if c.twins > 0 && !c.rivals.is_empty() {
        return Some(FaultKind::TwoTables);
    }
    if !c.has_pupil() {
        return Some(if is_transposed(c, below) { FaultKind::Matrix } else { shape_without_pupil(c) });
    }
    if !c.has(Field::Status) {
        if is_event_log(c, below) {
            return Some(FaultKind::EventLog);
        }
        if !c.has(Field::Date) && !dated {
            return Some(FaultKind::NoDates);
        }
        // A list of absent pupils need not say of each that they are absent, if it says so of itself.
        let says_so =
            |t: &str| ["缺勤", "缺课", "未到校", "请假", "旷课", "absen"].iter().any(|w| t.to_lowercase().contains(w));
        let reason = c.header(Field::Reason);
        let named = reason.is_some_and(says_so)
            || layout.titles.iter().any(|t| says_so(t))
            || sheet.is_some_and(says_so)
            || says_so(asked.file_name);
        if asked.coverage == CoverageKind::Exceptions && named {
            layout.all_absent = true;
            return None;
        }
        return Some(if reason.is_none() { FaultKind::PresenceOnly } else { FaultKind::NoStatusColumn });
    }
    (!c.has(Field::Date) && !dated).then_some(FaultKind::NoDates)
}

/// Tables whose first rows name fewer than two fields.
fn without_header(start: &[Line], best: Option<(usize, Columns)>) -> (usize, FaultKind) {
    for (i, line) in start.iter().enumerate() {
        let headers: Vec<String> = line.cells().map(clean).collect();
        if headers.iter().filter(|h| is_numbered(h)).count() >= 3 && headers.iter().any(|h| !is_numbered(h) && !h.is_empty())
            // A row of numbers alone is data, not a header over marks.
            && headers.iter().filter(|h| h.starts_with('第')).count() >= 3
        {
            return (i, FaultKind::Matrix);
        }
        if is_code_table(&headers) {
            return (i, FaultKind::CodeTable);
        }
        if line.filled() > 1 {
            break;
        }
    }
    if let Some((i, columns)) = best {
        let below = &start[i + 1..];
        if is_transposed(&columns, below)
            || columns.has_pupil() && columns.headers.iter().filter(|h| is_numbered(h)).count() >= 3
        {
            return (i, FaultKind::Matrix);
        }
    }
    (0, FaultKind::NoHeader)
}

fn shape_without_pupil(c: &Columns) -> FaultKind {
    if is_code_table(&c.headers) { FaultKind::CodeTable } else { FaultKind::NoPupilColumn }
}

/// 第1次, 第3节, 1 … 31, 10月9日, 10/9, a whole date: columns that stand for occasions.
pub fn is_numbered(header: &str) -> bool {
    let h = header_key(header);
    let ordinal = h.strip_prefix('第').is_some_and(|r| {
        let digits = r.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
        digits.len() < r.len() && ["次", "节", "天", "周", "次记录"].contains(&digits)
    });
    let number = h.parse::<u32>().is_ok_and(|n| (1..=31).contains(&n));
    let short_date = {
        let mut parts = h.trim_end_matches(['日', '号']).split(['月', '/', '.', '-']);
        let month = parts.next().and_then(|p| p.parse::<u32>().ok());
        let day = parts.next().and_then(|p| p.parse::<u32>().ok());
        parts.next().is_none()
            && month.is_some_and(|m| (1..=12).contains(&m))
            && day.is_some_and(|d| (1..=31).contains(&d))
    };
    ordinal || number || short_date || (!h.is_empty() && date_cell(header).is_some())
}

/// Dates down the side and one column for each pupil.
fn is_transposed(c: &Columns, below: &[Line]) -> bool {
    let Some(date) = c.get(Field::Date) else { return false };
    let others: Vec<usize> = (0..c.headers.len()).filter(|i| *i != date && !c.headers[*i].is_empty()).collect();
    let mark = |cell: &str| {
        let k = header_key(cell);
        matches!(
            k.as_str(),
            "true" | "false" | "0" | "1" | "p" | "a" | "l" | "present" | "absent" | "√" | "×" | "出勤" | "缺勤"
        )
    };
    let cells: Vec<&str> =
        below.iter().flat_map(|l| others.iter().map(|i| l.cell(*i))).filter(|c| !c.trim().is_empty()).collect();
    others.len() >= 3 && !cells.is_empty() && cells.iter().filter(|c| mark(c)).count() * 2 > cells.len()
}

/// Swipes and gate events: times of day, devices and no status. No row means nothing there.
fn is_event_log(c: &Columns, below: &[Line]) -> bool {
    const WORDS: [&str; 12] = [
        "打卡时间",
        "刷卡时间",
        "通行时间",
        "通行方向",
        "签到方式",
        "机器号",
        "设备编号",
        "打卡设备",
        "controllerid",
        "比对方式",
        "卡号",
        "签到时间",
    ];
    let devices = c.headers.iter().any(|h| WORDS.contains(&header_key(h).as_str()));
    let timed = c.get(Field::Date).is_some_and(|i| {
        let dates: Vec<_> = below.iter().filter_map(|l| date_cell(l.cell(i))).collect();
        !dates.is_empty() && dates.iter().filter(|d| d.time.is_some()).count() * 2 > dates.len()
    });
    devices || timed
}

/// Codes and their names, nothing about anybody.
fn is_code_table(headers: &[String]) -> bool {
    const ENDS: [&str; 10] = ["id", "name", "code", "编号", "编码", "代码", "名称", "类型", "说明", "type"];
    const PUPIL: [&str; 4] = ["student", "学生", "姓名", "class"];
    let keys: Vec<String> = headers.iter().map(|h| header_key(h)).filter(|h| !h.is_empty()).collect();
    (2..=8).contains(&keys.len())
        && keys.iter().all(|k| ENDS.iter().any(|e| k.ends_with(e)) && k.chars().count() > 2)
        && !keys.iter().any(|k| PUPIL.iter().any(|p| k.contains(p)))
}
