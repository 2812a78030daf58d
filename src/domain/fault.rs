//! Faults: bad input as data. Stored, counted, and reported back to the school in words a clerk understands; never
//! with a name, an id number or a phone number in them (the place says where to look).

use super::record::Place;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with a row or a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub place: Place,
    /// The offending text, only for columns that hold no personal data (dates, statuses, slots, classes).
    pub value: Option<String>,
}

/// Kinds of faults of one row unless said otherwise. The sentence for each (what was expected, what to do) is
/// `message::intake::fault`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    // The whole file: nothing of it is applied.
    Empty,
    NotATable,
    Encrypted,
    TooLarge,
    Corrupt,
    UnsupportedFormat,
    UnknownEncoding,
    NoHeader,
    EventLog,
    CodeTable,
    NoDates,
    PresenceOnly,
    Matrix,
    NoPupilColumn,
    NoStatusColumn,
    NothingStated,
    /// Rows there are, but none that counts.
    EveryRowAtFault,
    /// Two tables stand beside each other.
    TwoTables,
    // One row.
    BadDate,
    InTheFuture,
    UnknownStatus,
    BlankStatus,
    /// Two columns of statuses contradict each other.
    TwoStatuses,
    NoSuchSlot,
    NoPupil,
    BadIdNumber,
    UnknownPupil,
    AmbiguousPupil,
    ForeignPupil,
    NotASchoolDay,
    UnknownSchool,
    UnknownClass,
    BadGrade,
    BadPhone,
    BadValue,
    ExemptionWithoutEnd,
    ExemptionWithoutBasis,
    /// Of a row of attendance: the row counts without it.
    BadLeaveEnd,
    LeaveEndsBeforeItBegins,
    /// An interval of leave without its last day.
    LeaveWithoutAnEnd,
    UnknownAction,
    DuplicatePupil,
}

impl FaultKind {
    /// The fault is about the file: nothing of it can be applied.
    pub fn is_of_file(self) -> bool {
        self < FaultKind::BadDate
    }
}
