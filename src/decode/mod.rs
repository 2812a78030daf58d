//! PURE bytes to Observations and Faults: what kind of file it is, its encoding, sheets, header and layout, then row by
//! row, streaming. Reads from what it is handed, opens nothing, knows no database and no clock.

use crate::domain::fault::Fault;
use crate::domain::policy::{ActWords, Content, CoverageKind, Encoding, Reader, School, Status};
use crate::domain::record::Observation;
use crate::domain::{Date, Time};
use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::ops::ControlFlow;

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
    _asked: Asked<'r>,
}

/// Finds out what the file is: format by bytes, encoding, delimiter, header, layout, columns. A fault is about the whole
/// file: nothing of it can be read.
pub fn open<'r, R: Read + Seek + 'r>(_input: R, asked: &Asked<'r>) -> Result<Reading<'r>, Fault> {
    Ok(Reading { _asked: *asked })
}

impl Reading<'_> {
    pub fn description(&self) -> &Description {
        unreachable!("replaced by the next commit")
    }

    /// The day of the delivery's `stated_at`, when it is known only from the description.
    pub fn stated_on(&mut self, _day: Date) {}

    /// Every row in order: good ones and faults. A fault returned ends the reading: nothing of the file may be applied.
    pub fn for_each(
        &mut self,
        _f: &mut dyn FnMut(Result<Observation, Fault>) -> ControlFlow<()>,
    ) -> Result<Summary, Fault> {
        Ok(Summary::default())
    }
}
