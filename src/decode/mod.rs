//! PURE bytes to Observations and Faults: what kind of file it is, its encoding, sheets, header and layout, then row by
//! row, streaming. Reads from what it is handed, opens nothing, knows no database and no clock.

mod charset;
mod csv;
mod header;
mod layout;
mod line;
mod row;
mod spreadsheet;

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::normalise::{self, Lexicon, stamp_of, stated_dates};
use crate::domain::policy::{ActWords, Content, CoverageKind, Encoding, Reader, School, Status};
use crate::domain::record::{Observation, Place};
use crate::domain::{Date, Time};
use charset::Charset;
use layout::Layout;
use line::Line;
use spreadsheet::Workbook;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What must be known to read a file: its source's declared profile and the township's words.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub content: Content,
    pub coverage: CoverageKind,
    pub reader: &'a Reader,
    /// Without folders.
    pub file_name: &'a str,
    /// Built-in and own (`Policy::statuses`); the default words are added here.
    pub statuses: &'a [Status],
    pub acts: &'a ActWords,
    /// The source's school; `None`: `school_column` names one in each row.
    pub school: Option<&'a School>,
    pub school_column: Option<&'a str>,
    pub schools: &'a [School],
    /// Attendance rows dated after it are in the future; may be told later, see [`Reading::stated_on`].
    pub stated_on: Option<Date>,
}

/// How a file would be read (`inspect`), known before its rows are.
#[derive(Clone, Debug)]
pub struct Description {
    pub format: Format,
    /// Text files only.
    pub encoding: Option<Encoding>,
    pub delimiter: Option<char>,
    /// In the file's order; sheets that are passed over say why.
    pub sheets: Vec<SheetDescription>,
    /// Dates that the file's name states, in order; two of them are a range.
    pub name_dates: Vec<Date>,
    /// Date and time in the file's name (a date alone: its midnight), for `stated_at: filename`.
    pub name_stamp: Option<Time>,
    /// Dates that titles above the headers state, in order.
    pub title_dates: Vec<Date>,
    /// Date and time in a title (报表生成时间：…; else the last stated date's midnight), for `stated_at: content`.
    pub title_stamp: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Csv,
    Xlsx,
}

#[derive(Clone, Debug)]
pub struct SheetDescription {
    pub name: Option<String>,
    /// 1-based row of the header; 0 when the sheet is passed over.
    pub header_row: u32,
    /// Canonical field and the header as the file writes it, in the file's order.
    pub columns: Vec<(&'static str, String)>,
    /// Headers that mean nothing to us.
    pub unused: Vec<String>,
    /// Why the sheet is passed over.
    pub refused: Option<Fault>,
}

/// What a reading came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Rows of data looked at.
    pub rows: u32,
    pub observations: u32,
    pub faults: u32,
    /// Summary rows, repeated headers, footers.
    pub passed_over: u32,
    /// Dates that rows, titles and the name state: what an exceptions export covers.
    pub stated: BTreeSet<Date>,
}

/// A file opened and understood; its rows are read by [`Reading::for_each`].
pub struct Reading<'r> {
    asked: Asked<'r>,
    file: Arc<str>,
    lexicon: Lexicon,
    description: Description,
    tables: Vec<Table>,
    body: Body<'r>,
}

trait Input: Read + Seek {}
impl<T: Read + Seek> Input for T {}

enum Body<'r> {
    Text(Box<dyn Input + 'r>, Charset, char),
    Workbook(Box<Workbook<Box<dyn Input + 'r>>>),
}

/// A table that will be read.
struct Table {
    sheet: Option<String>,
    layout: Layout,
    date: Option<Date>,
    dates: Vec<Date>,
}

/// How many rows are looked at to find the header and tell the layout.
const START_ROWS: usize = 40;

/// Finds out what the file is: format by bytes, encoding, delimiter, header, layout, columns. A fault is about the whole
/// file: nothing of it can be read.
pub fn open<'r, R: Read + Seek + 'r>(input: R, asked: &Asked<'r>) -> Result<Reading<'r>, Fault> {
    let file: Arc<str> = Arc::from(asked.file_name);
    open_any(Box::new(input), asked, &file).map_err(|(kind, sheet, row)| {
        let place = Place { file: file.clone(), sheet: sheet.map(Arc::from), row, column: None };
        Fault { kind, place, value: None }
    })
}

/// What the file seems to be about, for looking at a file that belongs to no source.
pub fn guess_content<R: Read + Seek>(mut input: R, reader: &Reader) -> Content {
    let start = match format(&mut input) {
        Ok(Format::Csv) => text_start(&mut input, reader).map(|(_, _, start)| start).unwrap_or_default(),
        Ok(Format::Xlsx) => match Workbook::open(&mut input) {
            Ok(mut book) => book.sheets().iter().flat_map(|s| sheet_start(&mut book, s).unwrap_or_default()).collect(),
            Err(_) => Vec::new(),
        },
        Err(_) => Vec::new(),
    };
    header::guess_content(&start)
}

type Refusal = (FaultKind, Option<String>, u32);

fn whole(kind: FaultKind) -> Refusal {
    (kind, None, 0)
}

fn open_any<'r>(mut input: Box<dyn Input + 'r>, asked: &Asked<'r>, file: &Arc<str>) -> Result<Reading<'r>, Refusal> {
    let mut description = Description {
        format: format(&mut input).or_else(|kind| old(&mut input, asked, kind)).map_err(whole)?,
        encoding: None,
        delimiter: None,
        sheets: Vec::new(),
        name_dates: stated_dates(asked.file_name),
        name_stamp: stamp_of(asked.file_name),
        title_dates: Vec::new(),
        title_stamp: None,
    };
    let mut tables = Vec::new();
    let (mut refusal, mut lost) = (None, None);
    let body = match description.format {
        Format::Csv => {
            let (charset, delimiter, start) = text_start(&mut input, asked.reader).map_err(whole)?;
            description.encoding = Some(charset.encoding);
            description.delimiter = Some(delimiter);
            consider(asked, file, None, &start, &mut description, &mut tables, &mut refusal, &mut lost);
            Body::Text(input, charset, delimiter)
        }
        Format::Xlsx => {
            let mut book = Workbook::open(input).map_err(whole)?;
            let mut found = false;
            for sheet in book.sheets() {
                if asked.reader.sheet.as_ref().is_some_and(|s| s.trim() != sheet.trim()) {
                    continue;
                }
                found = true;
                let start = sheet_start(&mut book, &sheet).map_err(|kind| (kind, Some(sheet.clone()), 0))?;
                consider(asked, file, Some(sheet), &start, &mut description, &mut tables, &mut refusal, &mut lost);
            }
            if !found {
                refusal = Some(whole(FaultKind::NoHeader));
            }
            Body::Workbook(Box::new(book))
        }
    };
    if tables.is_empty() {
        return Err(refusal.unwrap_or(whole(FaultKind::Empty)));
    }
    if let Some(lost) = lost {
        return Err(lost);
    }
    let lexicon = Lexicon::new(asked.statuses, asked.reader);
    Ok(Reading { asked: *asked, file: file.clone(), lexicon, description, tables, body })
}

/// Judges one sheet; a readable one becomes a table, the others say why not.
fn consider(
    asked: &Asked,
    file: &Arc<str>,
    sheet: Option<String>,
    start: &[Line],
    description: &mut Description,
    tables: &mut Vec<Table>,
    refusal: &mut Option<Refusal>,
    lost: &mut Option<Refusal>,
) {
    match layout::find(asked, start, sheet.as_deref(), &description.name_dates) {
        Ok(layout) => {
            let mut dates: Vec<Date> = layout.titles.iter().flat_map(|t| stated_dates(t)).collect();
            if dates.is_empty() {
                dates = sheet.as_deref().map(stated_dates).unwrap_or_default();
            }
            let single = |d: &[Date]| if let [one] = d { Some(*one) } else { None };
            let date = single(&dates).or_else(|| single(&description.name_dates));
            description.title_dates.extend(&dates);
            let stamp = layout.titles.iter().filter_map(|t| stamp_of(t)).max();
            description.title_stamp = description.title_stamp.max(stamp);
            description.sheets.push(SheetDescription {
                name: sheet.clone(),
                header_row: layout.header_row,
                columns: layout.columns.mapping(),
                unused: layout.columns.unused(),
                refused: None,
            });
            tables.push(Table { sheet, layout, date, dates });
        }
        Err((kind, row)) => {
            let place = Place { file: file.clone(), sheet: sheet.as_deref().map(Arc::from), row, column: None };
            description.sheets.push(SheetDescription {
                name: sheet.clone(),
                header_row: 0,
                columns: Vec::new(),
                unused: Vec::new(),
                refused: Some(Fault { kind, place, value: None }),
            });
            // On a list of exceptions whoever stands on a sheet that cannot be read would pass for present.
            let columns = || start.iter().map(|l| layout::columns(asked, l)).max_by_key(header::Columns::len);
            let names_absentees = match kind {
                FaultKind::Matrix | FaultKind::TwoTables => true,
                FaultKind::NoHeader => start.iter().any(|l| {
                    let digits = |c: &str| c.chars().filter(char::is_ascii_digit).count();
                    l.cells().any(|c| digits(c) >= 15) && l.cells().any(|c| normalise::date_cell(c).is_some())
                }),
                // A roll of all pupils or a sheet of sums may lie beside it.
                _ => columns()
                    .is_some_and(|c| c.has_pupil() && (c.has(header::Field::Date) || c.has(header::Field::Status))),
            };
            if names_absentees && asked.content == Content::Attendance && asked.coverage == CoverageKind::Exceptions {
                lost.get_or_insert((kind, sheet.clone(), row));
            }
            // Of several refusals the one that says most: an empty second sheet explains nothing.
            if refusal.as_ref().is_none_or(|(first, ..)| matches!(first, FaultKind::Empty)) {
                *refusal = Some((kind, sheet, row));
            }
        }
    }
}

/// The format, from the bytes: names and endings say nothing.
fn format(input: &mut dyn Input) -> Result<Format, FaultKind> {
    let mut start = [0u8; 512];
    let mut n = 0;
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    while n < start.len() {
        match input.read(&mut start[n..]) {
            Ok(0) => break,
            Ok(k) => n += k,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return Err(FaultKind::Corrupt),
        }
    }
    let start = &start[..n];
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if start.iter().all(u8::is_ascii_whitespace) {
        Err(FaultKind::Empty)
    } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        Ok(Format::Xlsx)
    } else if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
        || matches!(start, [0x09, 0x00 | 0x02 | 0x04 | 0x08, ..] if start.len() > 8 && start[2] < 9 && start[3] == 0)
        || ["<!doctype", "<html", "<?xml", "<table", "<meta", "mime-version", "{\\rtf", "%pdf"]
            .iter()
            .any(|s| text.starts_with(s))
    {
        Err(FaultKind::UnsupportedFormat)
    } else {
        Ok(Format::Csv)
    }
}

/// An old or foreign workbook cannot be read, but what is in it may be said better than by its format.
fn old(input: &mut dyn Input, asked: &Asked, kind: FaultKind) -> Result<Format, FaultKind> {
    let mut magic = [0u8; 4];
    if kind != FaultKind::UnsupportedFormat
        || input.seek(SeekFrom::Start(0)).is_err()
        || input.read_exact(&mut magic).is_err()
        || magic != [0xd0, 0xcf, 0x11, 0xe0]
    {
        return Err(kind);
    }
    let mut verdict = None;
    let kind = spreadsheet::old_workbook(&mut &mut *input, &mut |rows| {
        verdict = layout::find(asked, rows, None, &[]).err().map(|(kind, _)| kind);
    });
    Err(verdict.filter(|v| kind == FaultKind::UnsupportedFormat && *v == FaultKind::Matrix).unwrap_or(kind))
}

fn text_start<R: Read + Seek>(input: &mut R, reader: &Reader) -> Result<(Charset, char, Vec<Line>), FaultKind> {
    let words = |t: &str| header::known_words(t, &reader.columns);
    let charset = charset::detect(input, reader.encoding, &words)?;
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    let mut text = String::new();
    let mut decoding = charset::Decoding::new(&mut *input, charset);
    while text.len() < 32 * 1024 && decoding.next_into(&mut text)? {}
    let delimiter = csv::delimiter(&text, &words);
    input.seek(SeekFrom::Start(0)).map_err(|_| FaultKind::Corrupt)?;
    let mut rows = csv::Rows::new(&mut *input, charset, delimiter);
    let mut start = Vec::new();
    let mut line = Line::default();
    let mut seen = 0;
    while start.len() < START_ROWS && seen < 10 * START_ROWS && rows.next(&mut line)? {
        seen += 1;
        if line.filled() > 0 {
            start.push(line.clone());
        }
    }
    Ok((charset, delimiter, start))
}

fn sheet_start<R: Read + Seek>(book: &mut Workbook<R>, sheet: &str) -> Result<Vec<Line>, FaultKind> {
    let mut start = Vec::new();
    book.each_row(sheet, &mut |line| {
        if line.filled() > 0 {
            start.push(line.clone());
        }
        if start.len() < START_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(start)
}

impl Reading<'_> {
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The day of the delivery's `stated_at`, when it is known only from the description.
    pub fn stated_on(&mut self, day: Date) {
        self.asked.stated_on = Some(day);
    }

    /// Every row in order: good ones and faults. A fault returned ends the reading: nothing of the file may be applied.
    pub fn for_each(
        &mut self,
        f: &mut dyn FnMut(Result<Observation, Fault>) -> ControlFlow<()>,
    ) -> Result<Summary, Fault> {
        let mut summary = Summary::default();
        summary.stated.extend(&self.description.name_dates);
        let mut stopped = false;
        let mut row_no = 0;
        for table in &self.tables {
            summary.stated.extend(&table.dates);
            let sheet: Option<Arc<str>> = table.sheet.as_deref().map(Arc::from);
            let mut rows = row::Rows {
                asked: self.asked,
                lexicon: &self.lexicon,
                layout: &table.layout,
                file: self.file.clone(),
                sheet: sheet.clone(),
                date: table.date,
                title: None,
                row_no,
                dates: row::Last::default(),
                classes: row::Last::default(),
                statuses: row::Last::default(),
                act_words: row::act_words(self.asked.acts),
            };
            let mut each = |line: &Line| {
                if line.row <= table.layout.header_row {
                    return ControlFlow::Continue(());
                }
                let mut flow = ControlFlow::Continue(());
                let read = rows.read(line, &mut |item| {
                    match &item {
                        Ok(Observation::Attendance(row)) => {
                            summary.observations += 1;
                            // A day outside the school's reach is a fault later; here a bound on memory is enough.
                            if summary.stated.len() < 4_000 {
                                summary.stated.insert(row.date);
                            }
                        }
                        Ok(_) => summary.observations += 1,
                        Err(_) => summary.faults += 1,
                    }
                    if flow.is_continue() {
                        flow = f(item);
                    }
                });
                match read {
                    row::Read::Row => summary.rows += 1,
                    row::Read::Title(date) => {
                        summary.stated.insert(date);
                        summary.passed_over += 1;
                    }
                    row::Read::PassedOver => summary.passed_over += u32::from(line.filled() > 0),
                }
                stopped |= flow.is_break();
                flow
            };
            let result = match &mut self.body {
                Body::Text(input, charset, delimiter) => read_text(input, *charset, *delimiter, &mut each),
                Body::Workbook(book) => {
                    let name = table.sheet.as_deref().unwrap_or_default();
                    read_sheet(book, name, &table.layout, &mut each)
                }
            };
            row_no = rows.row_no;
            if let Err((kind, row)) = result {
                let place = Place { file: self.file.clone(), sheet, row, column: None };
                return Err(Fault { kind, place, value: None });
            }
            if stopped {
                return Ok(summary);
            }
        }
        // An empty list of exceptions says "all present" of the dates that it names; anything else empty says nothing.
        let says_all_present = self.asked.content == Content::Attendance
            && self.asked.coverage == CoverageKind::Exceptions
            && !summary.stated.is_empty();
        if summary.rows == 0 && !says_all_present {
            let place = Place { file: self.file.clone(), ..Place::default() };
            return Err(Fault { kind: FaultKind::NothingStated, place, value: None });
        }
        Ok(summary)
    }
}

type Each<'f> = &'f mut dyn FnMut(&Line) -> ControlFlow<()>;

fn read_text(input: &mut dyn Input, charset: Charset, delimiter: char, each: Each) -> Result<(), (FaultKind, u32)> {
    input.seek(SeekFrom::Start(0)).map_err(|_| (FaultKind::Corrupt, 0))?;
    let mut rows = csv::Rows::new(input, charset, delimiter);
    let mut line = Line::default();
    while rows.next(&mut line).map_err(|kind| (kind, line.row))? {
        if each(&line).is_break() {
            return Ok(());
        }
    }
    if rows.malformed() { Err((FaultKind::UnknownEncoding, 0)) } else { Ok(()) }
}

/// A sheet's rows, cells merged downwards filled in (班级 down the side of its pupils).
fn read_sheet<R: Read + Seek>(
    book: &mut Workbook<R>,
    sheet: &str,
    layout: &Layout,
    each: Each,
) -> Result<(), (FaultKind, u32)> {
    let mut merged = book.merged(sheet);
    merged.retain(|(_, first, _)| first.saturating_add(1) > layout.header_row);
    if merged.is_empty() {
        return book.each_row(sheet, each).map_err(|kind| (kind, 0));
    }
    merged.sort_unstable_by_key(|(column, first, _)| (*column, *first));
    let mut held: BTreeMap<u32, (u32, String)> = BTreeMap::new();
    let mut filled = Line::default();
    book.each_row(sheet, &mut |line| {
        let row = line.row.saturating_sub(1);
        held.retain(|_, (last, _)| row <= *last);
        for (i, cell) in line.cells().enumerate().filter(|(_, c)| !c.trim().is_empty()) {
            if let Ok(at) = merged.binary_search_by_key(&(i as u32, row), |(column, first, _)| (*column, *first)) {
                held.insert(i as u32, (merged[at].2, cell.to_string()));
            }
        }
        if held.is_empty() || line.filled() == 0 {
            return each(line);
        }
        filled.clear(line.row);
        let width = line.len().max(held.keys().next_back().map_or(0, |c| *c as usize + 1));
        for i in 0..width {
            let own = line.cell(i);
            match held.get(&(i as u32)) {
                Some((_, text)) if own.trim().is_empty() => filled.push_str(text),
                _ => filled.push_str(own),
            }
            filled.end_cell();
        }
        each(&filled)
    })
    .map_err(|kind| (kind, 0))
}
