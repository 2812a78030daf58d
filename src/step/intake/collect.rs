//! What a file says, row by row, with everybody's reference in place of names and numbers: small enough to be kept whole
//! before anything is written (some thirty bytes a row). Writes nothing.

use super::FAULTS_MAX;
use super::identity::{Identity, Named, Who};
use super::spool::Spool;
use crate::domain::Date;
use crate::domain::calendar::Calendar;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{PupilId, SchoolId, SlotName, StatusId};
use crate::domain::policy::{Content, Policy, Source};
use crate::domain::record::{AttendanceRow, FeedbackLine, LeaveLine, Observation, Place, PupilKey, RegisterLine};
use crate::domain::timeline::{self, Roster};
use crate::store::statements::{Pending, Says};
use crate::store::{Connection, StoreError, Vault, register};
use std::collections::BTreeMap;

/// One attendance statement; school, slot and status are places in the lists of `Collected`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stated {
    pub school: u16,
    pub date: Date,
    pub pupil: PupilId,
    pub row_no: u32,
    pub slot: u16,
    pub status: u16,
    /// 1-based place in `extras`; 0: none.
    pub extra: u32,
}

/// What few rows have. No `Debug`: reasons are personal.
pub struct Extra {
    pub reason: Option<String>,
    pub leave_until: Option<Date>,
}

pub struct Collected<'a> {
    pub(super) policy: &'a Policy,
    pub(super) calendar: &'a Calendar,
    source: &'a Source,
    pub roster: Roster,
    identity: Identity,
    pub rows: u32,
    /// Rows that name nobody, or more than one.
    pub unknown: u32,
    /// Rows whose status word or time of day nobody knows.
    pub unreadable: u32,
    pub fault_count: u32,
    pub faults: Vec<Fault>,
    pub schools: Vec<SchoolId>,
    pub slots: Vec<SlotName>,
    pub statuses: Vec<StatusId>,
    /// Beside `statuses`: it means absence.
    pub is_absent: Vec<bool>,
    pub stated: Spool,
    pub extras: Vec<Extra>,
    /// Rows by school and date, those that name nobody too.
    pub dates: BTreeMap<(SchoolId, Date), u32>,
    pub pending: Vec<(u32, SchoolId, Date, Pending)>,
    pub register: Vec<(SchoolId, Box<RegisterLine>)>,
    pub leaves: Vec<(PupilId, LeaveLine)>,
    pub feedback: Vec<(PupilId, FeedbackLine)>,
}

fn place_of<T: Clone + PartialEq>(list: &mut Vec<T>, v: &T) -> u16 {
    let i = list.iter().position(|x| x == v).unwrap_or_else(|| {
        list.push(v.clone());
        list.len() - 1
    });
    u16::try_from(i).unwrap_or(u16::MAX)
}

impl<'a> Collected<'a> {
    pub fn new(
        conn: &Connection,
        policy: &'a Policy,
        calendar: &'a Calendar,
        source: &'a Source,
    ) -> Result<Self, StoreError> {
        Ok(Collected {
            policy,
            calendar,
            source,
            roster: roster(conn, calendar)?,
            identity: Identity::default(),
            rows: 0,
            unknown: 0,
            unreadable: 0,
            fault_count: 0,
            faults: Vec::new(),
            schools: Vec::new(),
            slots: Vec::new(),
            statuses: Vec::new(),
            is_absent: Vec::new(),
            stated: Spool::default(),
            extras: Vec::new(),
            dates: BTreeMap::new(),
            pending: Vec::new(),
            register: Vec::new(),
            leaves: Vec::new(),
            feedback: Vec::new(),
        })
    }

    /// Nothing could be read of it.
    pub fn is_empty(&self) -> bool {
        self.stated.is_empty() && self.register.is_empty() && self.leaves.is_empty() && self.feedback.is_empty()
    }

    pub fn fault(&mut self, kind: FaultKind, place: &Place, value: Option<String>) {
        self.keep(Fault { kind, place: place.clone(), value });
    }

    fn keep(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// Takes one row that was read, or what was wrong with it.
    pub fn observe(
        &mut self,
        conn: &Connection,
        vault: &Vault,
        row: Result<Observation, Fault>,
    ) -> Result<(), StoreError> {
        match row {
            Err(fault) => {
                // A row that says nothing. On a list of exceptions its child would pass for present.
                let unread = match self.source.content {
                    Content::Attendance => {
                        matches!(fault.kind, FaultKind::UnknownStatus | FaultKind::NoSuchSlot | FaultKind::BadDate)
                    }
                    _ => matches!(fault.kind, FaultKind::UnknownStatus | FaultKind::NoSuchSlot),
                };
                if unread {
                    self.rows += 1;
                    self.unreadable += 1;
                }
                self.keep(fault);
                Ok(())
            }
            Ok(Observation::Attendance(r)) => self.attendance(conn, vault, r),
            Ok(Observation::Leave(r)) => self.leave(conn, vault, r),
            Ok(Observation::Feedback(r)) => self.feedback(conn, vault, r),
            Ok(Observation::Register(r)) => {
                self.rows += 1;
                if let Some(school) = self.school(&r.pupil, &r.place) {
                    self.register.push((school, r));
                }
                Ok(())
            }
        }
    }

    /// The source's school, or the one that the row names by id or name.
    fn school(&mut self, key: &PupilKey, place: &Place) -> Option<SchoolId> {
        if let Some(s) = &self.source.school {
            return Some(s.clone());
        }
        let written = key.school.as_deref().unwrap_or("").trim();
        let found = self.policy.schools.iter().find(|s| s.id == *written || s.name == written);
        if let Some(s) = found {
            return Some(s.id.clone());
        }
        self.fault(FaultKind::UnknownSchool, place, (!written.is_empty()).then(|| written.to_owned()));
        None
    }

    /// Whom the row is about; a row that names nobody is a fault and waits for the register.
    fn pupil(
        &mut self,
        conn: &Connection,
        vault: &Vault,
        key: PupilKey,
        place: &Place,
        row_no: u32,
        school: &SchoolId,
        date: Date,
        says: impl FnOnce() -> Says,
    ) -> Result<Option<PupilId>, StoreError> {
        let named = Named {
            student_no: key.student_no.as_deref(),
            id_number: key.id_number.as_deref(),
            name: key.name.as_deref(),
            class: key.class.as_ref(),
        };
        let kind = match self.identity.who(conn, vault, &self.roster, named, date, school)? {
            Who::Is(p) => return Ok(Some(p)),
            Who::Unknown => FaultKind::UnknownPupil,
            Who::Ambiguous => FaultKind::AmbiguousPupil,
        };
        self.unknown += 1;
        self.fault(kind, place, None);
        let PupilKey { student_no, id_number, name, class, school: _ } = key;
        let row = Pending { student_no, id_number, name, class, says: says() };
        self.pending.push((row_no, school.clone(), date, row));
        Ok(None)
    }

    fn attendance(&mut self, conn: &Connection, vault: &Vault, r: AttendanceRow) -> Result<(), StoreError> {
        self.rows += 1;
        let AttendanceRow { row_no, place, pupil: key, date, slot, status, reason, leave_until } = r;
        let Some(school) = self.school(&key, &place) else { return Ok(()) };
        // One entry a school and date: the map stays small, whatever the file's length.
        match self.dates.get_mut(&(school.clone(), date)) {
            Some(n) => *n += 1,
            None => {
                self.dates.insert((school.clone(), date), 1);
            }
        }
        let says =
            || Says::Attendance { slot: slot.clone(), status: status.clone(), reason: reason.clone(), leave_until };
        let Some(pupil) = self.pupil(conn, vault, key, &place, row_no, &school, date, says)? else { return Ok(()) };
        self.look_at_day(pupil, &school, date, &slot, &place);
        let extra = if reason.is_some() || leave_until.is_some() {
            self.extras.push(Extra { reason, leave_until });
            u32::try_from(self.extras.len()).unwrap_or(0)
        } else {
            0
        };
        let (school, slot, status) = (
            place_of(&mut self.schools, &school),
            place_of(&mut self.slots, &slot),
            place_of(&mut self.statuses, &status),
        );
        if self.is_absent.len() < self.statuses.len() {
            self.is_absent.extend(self.statuses.last().map(|s| super::winners::is_absent(self.policy, s)));
        }
        self.stated.push(Stated { school, date, pupil, row_no, slot, status, extra });
        Ok(())
    }

    /// Rows that can say nothing about their day are told to the school. They are stored all the same: whether they count
    /// is decided by the timeline, with the register and the calendar as they will be known then.
    fn look_at_day(&mut self, pupil: PupilId, school: &SchoolId, date: Date, slot: &SlotName, place: &Place) {
        let Some(s) = self.roster.at(pupil, date) else { return };
        if s.school_id != *school && !s.also.iter().any(|(_, no)| self.roster.class_of(*no).0 == school) {
            // A file in the wrong folder is nothing but such rows.
            self.unreadable += 1;
            self.fault(FaultKind::ForeignPupil, place, None);
            return;
        }
        let Some(track) = s.track else { return };
        let Some(i) = s.school else { return };
        let periods = self.calendar.periods(track, date);
        if periods == 0 {
            self.fault(FaultKind::NotASchoolDay, place, Some(date.to_string()));
            return;
        }
        if self.calendar.frame_of(i).slot(slot.as_str()).is_none_or(|p| p & periods == 0) {
            self.unreadable += 1;
            self.fault(FaultKind::NoSuchSlot, place, Some(slot.to_string()));
        }
    }

    fn leave(&mut self, conn: &Connection, vault: &Vault, r: LeaveLine) -> Result<(), StoreError> {
        self.rows += 1;
        let mut r = r;
        if !r.approved {
            r.status = StatusId::new("unexplained");
        }
        let key = std::mem::take(&mut r.pupil);
        let Some(school) = self.school(&key, &r.place) else { return Ok(()) };
        let says = || Says::Leave { until: r.until, status: r.status.clone(), reason: r.reason.clone() };
        if let Some(p) = self.pupil(conn, vault, key, &r.place, r.row_no, &school, r.from, says)? {
            self.leaves.push((p, r));
        }
        Ok(())
    }

    fn feedback(&mut self, conn: &Connection, vault: &Vault, r: FeedbackLine) -> Result<(), StoreError> {
        self.rows += 1;
        let mut r = r;
        let key = std::mem::take(&mut r.pupil);
        let Some(school) = self.school(&key, &r.place) else { return Ok(()) };
        let says = || Says::Feedback {
            kind: r.kind.clone(),
            result: r.result.clone(),
            by: r.by.clone(),
            returned_on: r.returned_on,
            note: r.note.clone(),
        };
        if let Some(p) = self.pupil(conn, vault, key, &r.place, r.row_no, &school, r.date, says)? {
            self.feedback.push((p, r));
        }
        Ok(())
    }
}

/// The register as it is known now.
pub fn roster(conn: &Connection, calendar: &Calendar) -> Result<Roster, StoreError> {
    Ok(timeline::roster(calendar, &register::whole(conn)?))
}
