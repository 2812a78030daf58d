//! Workbooks (.xlsx): declared sizes are looked at before anything is unpacked; sheets are read cell by cell, and the
//! declared dimension, which some programs write wrong, is not believed. Old and encrypted workbooks are told apart.

use super::line::Line;
use crate::domain::fault::FaultKind;
use calamine::{Data, DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xls, Xlsx, XlsxError};
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;

const UNPACKED_MAX: u64 = 512 << 20;
const RATIO_MAX: u64 = 1_000;
const OLD_MAX: u64 = 8 << 20;
const CELLS_MAX: u32 = 16_384;
/// A row's text; longer ones are no table.
const ROW_MAX: usize = 4 << 20;

/// A compressed workbook that says itself what it unpacks to, within limits. Returns the number of worksheets.
pub fn look_at_sizes<R: Read + Seek>(input: &mut R) -> Result<(), FaultKind> {
    let length = input.seek(SeekFrom::End(0)).map_err(|_| FaultKind::Corrupt)?;
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    let mut archive = zip::ZipArchive::new(&mut *input).map_err(|_| FaultKind::Corrupt)?;
    let mut total = 0u64;
    let mut is_workbook = false;
    for i in 0..archive.len() {
        let entry = archive.by_index_raw(i).map_err(|_| FaultKind::Corrupt)?;
        if entry.encrypted() {
            return Err(FaultKind::Encrypted);
        }
        total = total.saturating_add(entry.size());
        let Ok(name) = entry.name() else { return Err(FaultKind::Corrupt) };
        is_workbook |= name.replace('\\', "/").trim_start_matches('/') == "xl/workbook.xml";
        if name.ends_with("workbook.bin") || name == "mimetype" {
            return Err(FaultKind::UnsupportedFormat);
        }
    }
    if total > UNPACKED_MAX || total > (16 << 20) && total / length.max(1) > RATIO_MAX {
        return Err(FaultKind::TooLarge);
    }
    if is_workbook { Ok(()) } else { Err(FaultKind::UnsupportedFormat) }
}

pub struct Workbook<R: Read + Seek> {
    inner: Xlsx<R>,
}

impl<R: Read + Seek> Workbook<R> {
    pub fn open(mut input: R) -> Result<Self, FaultKind> {
        look_at_sizes(&mut input)?;
        input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
        Xlsx::new(input).map(|inner| Workbook { inner }).map_err(kind_of)
    }

    /// Names of the visible worksheets, in order.
    pub fn sheets(&self) -> Vec<String> {
        let sheets = self.inner.sheets_metadata();
        let tables = sheets.iter().filter(|s| s.typ == SheetType::WorkSheet);
        tables.filter(|s| s.visible == SheetVisible::Visible).map(|s| s.name.clone()).collect()
    }

    /// Cells merged downwards: (column, first row, last row), 0-based. Their value stands only in the top one.
    pub fn merged(&mut self, sheet: &str) -> Vec<(u32, u32, u32)> {
        let Ok(regions) = self.inner.merge_cells_by_sheet_name(sheet) else { return Vec::new() };
        regions.iter().filter(|d| d.end.0 > d.start.0).take(100_000).map(|d| (d.start.1, d.start.0, d.end.0)).collect()
    }

    /// Calls `f` with every row that has a cell.
    pub fn each_row(&mut self, sheet: &str, f: &mut dyn FnMut(&Line) -> ControlFlow<()>) -> Result<(), FaultKind> {
        let mut cells = self.inner.worksheet_cells_reader(sheet).map_err(kind_of)?;
        let mut line = Line::default();
        let mut current = None;
        while let Some(cell) = cells.next_cell().map_err(kind_of)? {
            let (row, column) = cell.get_position();
            if matches!(cell.get_value(), DataRef::Empty) || column >= CELLS_MAX {
                continue;
            }
            if current != Some(row) {
                if current.is_some() && f(&line).is_break() {
                    return Ok(());
                }
                current = Some(row);
                line.clear(row.saturating_add(1));
            }
            // A cell out of order: its place is taken.
            if (column as usize) < line.len() {
                continue;
            }
            while line.len() < column as usize {
                line.end_cell();
            }
            write(&mut line, cell.get_value());
            line.end_cell();
            if line.bytes() > ROW_MAX {
                return Err(FaultKind::TooLarge);
            }
        }
        if current.is_some() {
            let _ = f(&line);
        }
        Ok(())
    }
}

fn write(line: &mut Line, value: &DataRef<'_>) {
    match value {
        DataRef::String(s) => line.push_str(s),
        DataRef::SharedString(s) => line.push_str(s),
        DataRef::Int(n) => line.push_str(&n.to_string()),
        DataRef::Float(n) => line.push_str(&number(*n)),
        DataRef::Bool(b) => line.push_str(if *b { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(d) => line.push_str(&date(d)),
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => line.push_str(s),
        DataRef::Error(_) => line.push_str("#N/A"),
        DataRef::Empty => {}
    }
}

/// Whole numbers without a point; numbers that a spreadsheet can no longer hold exactly in the form that says so.
fn number(n: f64) -> String {
    if n.abs() >= 1e15 { format!("{n:E}").replace('E', "E+") } else { n.to_string() }
}

/// Dates as 2026-09-01, with the time behind if there is one; durations and impossible dates as plain numbers.
fn date(d: &ExcelDateTime) -> String {
    if !d.is_datetime() || !(0.0..2_958_466.0).contains(&d.as_f64()) {
        return number(d.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = d.to_ymd_hms_milli();
    if d.as_f64().fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

fn kind_of(error: XlsxError) -> FaultKind {
    match error {
        XlsxError::Password => FaultKind::Encrypted,
        _ => FaultKind::Corrupt,
    }
}

/// What an old container (CFB) holds: an encrypted workbook, or an .xls. The first rows of an .xls are given to `look`, so
/// that the refusal can say what the table is.
pub fn old_workbook<R: Read + Seek>(input: &mut R, look: &mut dyn FnMut(&[Line])) -> FaultKind {
    let Ok(length) = input.seek(SeekFrom::End(0)) else { return FaultKind::Corrupt };
    if length > OLD_MAX || input.seek(SeekFrom::Start(0)).is_err() {
        return FaultKind::UnsupportedFormat;
    }
    let mut bytes = Vec::new();
    if input.read_to_end(&mut bytes).is_err() {
        return FaultKind::Corrupt;
    }
    let wide: Vec<u8> = "EncryptedPackage".bytes().flat_map(|b| [b, 0]).collect();
    if bytes.windows(wide.len()).any(|w| w == wide) {
        return FaultKind::Encrypted;
    }
    let rows = match old_rows(bytes) {
        Ok(rows) => rows,
        Err(kind) => return kind,
    };
    look(&rows);
    FaultKind::UnsupportedFormat
}

fn old_rows(bytes: Vec<u8>) -> Result<Vec<Line>, FaultKind> {
    // The reader of this old format is given broken files too: a panic in it is one more way to say "damaged".
    let read = std::panic::catch_unwind(|| {
        let mut book = Xls::new(std::io::Cursor::new(bytes)).map_err(|e| match e {
            calamine::XlsError::Password => FaultKind::Encrypted,
            _ => FaultKind::UnsupportedFormat,
        })?;
        let name = book.sheet_names().first().cloned().ok_or(FaultKind::UnsupportedFormat)?;
        let range = book.worksheet_range(&name).map_err(|_| FaultKind::UnsupportedFormat)?;
        let mut lines = Vec::new();
        for (i, row) in range.rows().take(30).enumerate() {
            let mut line = Line::default();
            line.clear(i as u32 + 1);
            for cell in row.iter().take(256) {
                match cell {
                    Data::Float(n) => line.push_str(&number(*n)),
                    Data::DateTime(d) => line.push_str(&date(d)),
                    other => line.push_str(&other.to_string()),
                }
                line.end_cell();
            }
            lines.push(line);
        }
        Ok(lines)
    });
    read.unwrap_or(Err(FaultKind::Corrupt))
}
