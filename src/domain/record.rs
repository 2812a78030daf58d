//! Record: one untrusted row of an export with its provenance, and what a good one becomes (Observation).

use super::Date;
use super::evidence::Standing;
use super::ids::{ClassName, SlotName, StatusId, Word};
use super::rule::ast::Sex;
use std::sync::Arc;

/// Where a row stands in its file, as a school clerk would look for it.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub file: Arc<str>,
    pub sheet: Option<Arc<str>>,
    /// 1-based, as the spreadsheet shows it; 0: the file as a whole.
    pub row: u32,
    /// The column's header (or letter).
    pub column: Option<String>,
}

/// How a row names its pupil. Numbers are trimmed and normalised (full-width digits, `'`, `="…"`), not yet checked
/// against the register. No `Debug`: it holds personal data.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PupilKey {
    pub student_no: Option<String>,
    /// 18 characters with a good check digit, upper case; a bad one is a fault and left out.
    pub id_number: Option<String>,
    pub name: Option<String>,
    pub class: Option<ClassName>,
    /// As written, for files with a school column.
    pub school: Option<String>,
}

/// A row that could be read. `row_no` is its position in the delivery (of two rows the later counts).
pub enum Observation {
    Attendance(AttendanceRow),
    Register(Box<RegisterLine>),
    Leave(LeaveLine),
    Feedback(FeedbackLine),
}

pub struct AttendanceRow {
    pub row_no: u32,
    pub place: Place,
    pub pupil: PupilKey,
    pub date: Date,
    pub slot: SlotName,
    pub status: StatusId,
    pub reason: Option<String>,
    pub leave_until: Option<Date>,
}

pub struct RegisterLine {
    pub row_no: u32,
    pub place: Place,
    pub pupil: PupilKey,
    pub grade: Option<u8>,
    pub standing: Standing,
    pub status_until: Option<Date>,
    pub status_basis: Option<String>,
    pub enrolled_on: Option<Date>,
    pub left_on: Option<Date>,
    pub boarding: Option<bool>,
    pub sex: Option<Sex>,
    pub birth_date: Option<Date>,
    pub groups: Vec<String>,
    pub household_township: Option<String>,
    pub household_address: Option<String>,
    /// In the register's order; the entrusted carer last.
    pub contacts: Vec<ContactLine>,
}

pub struct ContactLine {
    pub name: Option<String>,
    pub relation: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub is_carer: bool,
}

pub struct LeaveLine {
    pub row_no: u32,
    pub place: Place,
    pub pupil: PupilKey,
    pub from: Date,
    pub until: Date,
    pub status: StatusId,
    pub reason: Option<String>,
    /// Leave not yet approved is `unexplained`.
    pub approved: bool,
}

pub struct FeedbackLine {
    pub row_no: u32,
    pub place: Place,
    pub pupil: PupilKey,
    pub date: Date,
    pub kind: Option<Word>,
    pub result: Option<Word>,
    pub by: Option<String>,
    pub returned_on: Option<Date>,
    pub note: Option<String>,
}
