//! Books: sheets with a title, a head and rows (台账, 月报表, 一生一案) as an .xlsx, or as text for a terminal. The same rows of
//! the same day give the same bytes.

use crate::domain::Date;
use chrono::Datelike;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// No `Debug`: cells name people.
#[derive(Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Number(u32),
    Date(Date),
    Empty,
}

impl From<String> for Cell {
    fn from(s: String) -> Cell {
        if s.is_empty() { Cell::Empty } else { Cell::Text(s) }
    }
}
impl From<u32> for Cell {
    fn from(n: u32) -> Cell {
        Cell::Number(n)
    }
}
impl From<Option<Date>> for Cell {
    fn from(d: Option<Date>) -> Cell {
        d.map_or(Cell::Empty, Cell::Date)
    }
}

#[derive(Clone)]
pub struct Column {
    pub name: String,
    /// In characters.
    pub width: u8,
}

#[derive(Clone)]
pub struct Table {
    /// On the tab.
    pub name: String,
    pub title: String,
    /// Under the title: the office, the day, what is counted.
    pub note: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

/// No `Debug`: it names people.
#[derive(Clone)]
pub struct Book {
    pub on: Date,
    pub tables: Vec<Table>,
}

pub fn bytes(book: &Book) -> Vec<u8> {
    made(book).expect("a workbook in memory with names and rows of ours can be made")
}

/// What a workbook refuses: tabs with more than 31 characters or with marks of paths, texts beyond 32,767 characters.
fn made(book: &Book) -> Result<Vec<u8>, XlsxError> {
    let mut out = Workbook::new();
    let on = excel(book.on)?;
    out.set_properties(&DocProperties::new().set_author("kongchuo").set_creation_datetime(&on));
    for table in &book.tables {
        let sheet = out.add_worksheet();
        sheet.set_name(tab(&table.name))?;
        fill(sheet, table)?;
    }
    out.save_to_buffer()
}

fn excel(d: Date) -> Result<ExcelDateTime, XlsxError> {
    let small = |n: u32| u8::try_from(n).unwrap_or(1);
    ExcelDateTime::from_ymd(u16::try_from(d.year()).unwrap_or(1900), small(d.month()), small(d.day()))
}

fn tab(name: &str) -> String {
    name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect()
}

const A3: u8 = 8;
const A4: u8 = 9;

/// Points that a row needs, so that every line of its longest cell is seen: not every program finds that out by itself.
fn height(columns: &[Column], texts: &[String]) -> f64 {
    let places = |c: char| if c.is_ascii() { 1 } else { 2 };
    let lines = |(column, text): (&Column, &String)| {
        let wide: usize = text.chars().map(places).sum();
        // A little less than the width: words and wide characters are not parted.
        wide.div_ceil(usize::from(column.width).saturating_sub(1).max(1))
    };
    let most = columns.iter().zip(texts).map(lines).max().unwrap_or(1).clamp(1, 28);
    f64::from(u8::try_from(most).unwrap_or(28)) * 14.0 + 4.0
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    let plain = Format::new().set_font_name("宋体").set_font_size(10);
    let title = plain.clone().set_font_name("方正小标宋简体").set_font_size(18).set_align(FormatAlign::Center);
    let boxed = plain.clone().set_border(FormatBorder::Thin).set_align(FormatAlign::VerticalCenter).set_text_wrap();
    let head = boxed.clone().set_font_name("黑体").set_align(FormatAlign::Center);
    let dated = boxed.clone().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Center);
    let counted = boxed.clone().set_align(FormatAlign::Center);
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let paper = if table.columns.len() > 16 { A3 } else { A4 };
    if table.columns.len() > 6 {
        sheet.set_landscape();
    }
    sheet.set_paper_size(paper).set_print_fit_to_pages(1, 0).set_repeat_rows(2, 2)?;
    sheet.set_margins(0.5, 0.5, 0.6, 0.6, 0.3, 0.3).set_footer("&C&P / &N").set_freeze_panes(3, 0)?;
    match last {
        0 => sheet.write_with_format(0, 0, &table.title, &title)?,
        _ => sheet.merge_range(0, 0, 0, last, &table.title, &title)?,
    };
    sheet.write_with_format(1, 0, &table.note, &plain)?;
    for (c, column) in (0..).zip(&table.columns) {
        sheet.set_column_width(c, column.width)?.write_with_format(2, c, &column.name, &head)?;
    }
    let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    sheet.set_row_height(0, 28)?.set_row_height(2, height(&table.columns, &names))?;
    for (r, row) in (3..).zip(&table.rows) {
        let texts: Vec<String> = row.iter().map(said).collect();
        sheet.set_row_height(r, height(&table.columns, &texts))?;
        for (c, cell) in (0..).zip(row) {
            match cell {
                Cell::Text(text) => {
                    let text: String = text.chars().take(32_767).collect();
                    sheet.write_string_with_format(r, c, text, &boxed)?
                }
                Cell::Number(n) => sheet.write_number_with_format(r, c, *n, &counted)?,
                Cell::Date(d) => sheet.write_datetime_with_format(r, c, &excel(*d)?, &dated)?,
                Cell::Empty => sheet.write_blank(r, c, &boxed)?,
            };
        }
    }
    Ok(())
}

/// For a terminal.
pub fn text(book: &Book) -> String {
    let mut out = String::new();
    for table in &book.tables {
        out.push_str(&format!("{}\n{}\n", table.title, table.note));
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        out.push_str(&format!("| {} |\n", names.join(" | ")));
        for row in &table.rows {
            let cells: Vec<String> = row.iter().map(said).collect();
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out.push('\n');
    }
    out
}

/// A cell as text.
pub fn said(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(n) => n.to_string(),
        Cell::Date(d) => d.to_string(),
        Cell::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor;

    fn book() -> Book {
        let day = Date::from_ymd_opt(2026, 9, 16);
        let columns = ["姓名", "天数", "日期", "备注"].map(|name| Column { name: name.into(), width: 10 });
        let row = vec!["=张小雨".to_owned().into(), 3.into(), day.into(), String::new().into()];
        let table = Table {
            name: "台账：[2026/9]".into(),
            title: "台账".into(),
            note: "春山镇".into(),
            columns: columns.to_vec(),
            rows: vec![row],
        };
        let empty =
            Table { name: "空".into(), columns: vec![table.columns[0].clone()], rows: Vec::new(), ..table.clone() };
        Book { on: day.unwrap_or_default(), tables: vec![table, empty] }
    }

    #[test]
    fn rows_come_back_as_they_went_in_and_text_is_never_a_formula() {
        let mut read: Xlsx<_> = Xlsx::new(Cursor::new(bytes(&book()))).expect("a workbook");
        assert_eq!(read.sheet_names(), ["台账：20269", "空"]);
        let sheet = read.worksheet_range("台账：20269").expect("a sheet");
        let row: Vec<&Data> = sheet.rows().nth(3).expect("a row").iter().collect();
        assert_eq!((row[0], row[1]), (&Data::String("=张小雨".into()), &Data::Float(3.0)));
        assert!(matches!(row[2], Data::DateTime(_)), "{:?}", row[2]);
        assert!(text(&book()).contains("| =张小雨 | 3 | 2026-09-16 |  |"));
    }

    #[test]
    fn the_same_book_gives_the_same_bytes() {
        assert_eq!(bytes(&book()), bytes(&book()));
    }
}
