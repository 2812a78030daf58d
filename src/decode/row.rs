//! One row of a table into Observations and Faults. Knows the columns and the words; knows nothing of files.

use super::Asked;
use super::header::{Columns, Field};
use super::layout::Layout;
use super::line::Line;
use crate::domain::Date;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ClassName, SlotName, StatusId, Word};
use crate::domain::normalise::{
    self, Approval, DateCell, Lexicon, NotUnderstood, StatusWord, clean, key, stated_dates,
};
use crate::domain::policy::{ActWords, Blank, Content, School};
use crate::domain::record::{
    AttendanceRow, ContactLine, FeedbackLine, LeaveLine, Observation, Place, PupilKey, RegisterLine,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub type Emit<'f> = &'f mut dyn FnMut(Result<Observation, Fault>);

/// Reads the rows of one table.
pub struct Rows<'a> {
    pub asked: Asked<'a>,
    pub lexicon: &'a Lexicon,
    pub layout: &'a Layout,
    pub file: Arc<str>,
    pub sheet: Option<Arc<str>>,
    /// The one date that title or name states, for tables without a date column.
    pub date: Option<Date>,
    /// The date of a title below the first rows, until the header comes again under it.
    pub title: Option<Date>,
    pub row_no: u32,
    /// Answers to the cells before: most cells repeat.
    pub dates: Last<Option<DateCell>>,
    pub classes: Last<Option<ClassName>>,
    pub statuses: Last<StatusWord>,
    pub act_words: (BTreeMap<String, Word>, BTreeMap<String, Word>),
}

/// The last cell asked about and its answer.
pub struct Last<T>(Option<(String, T)>);

impl<T> Default for Last<T> {
    fn default() -> Self {
        Last(None)
    }
}

impl<T: Clone> Last<T> {
    fn get(&mut self, cell: &str, read: impl FnOnce(&str) -> T) -> T {
        if let Some((last, answer)) = &self.0
            && last == cell
        {
            return answer.clone();
        }
        let answer = read(cell);
        self.0 = Some((cell.to_string(), answer.clone()));
        answer
    }
}

/// What became of a row.
#[derive(PartialEq, Eq)]
pub enum Read {
    Row,
    PassedOver,
    /// A further list begins, of this date.
    Title(Date),
}

impl<'a> Rows<'a> {
    fn columns(&self) -> &'a Columns {
        &self.layout.columns
    }

    fn cell<'l>(&self, line: &'l Line, field: Field) -> &'l str {
        self.columns().get(field).map_or("", |i| line.cell(i))
    }

    fn text(&self, line: &Line, field: Field) -> Option<String> {
        let text = clean(self.cell(line, field));
        (!text.is_empty()).then_some(text)
    }

    fn is_filled(&self, line: &Line, field: Field) -> bool {
        !self.cell(line, field).trim().is_empty()
    }

    fn place(&self, line: &Line, field: Option<Field>) -> Place {
        let column = field.and_then(|f| {
            let i = self.columns().get(f)?;
            let header = self.columns().headers.get(i).filter(|h| !h.is_empty());
            Some(header.cloned().unwrap_or_else(|| letter(i)))
        });
        Place { file: self.file.clone(), sheet: self.sheet.clone(), row: line.row, column }
    }

    /// A fault at a column; its text is repeated only where the column holds nothing personal.
    fn fault(&self, line: &Line, kind: FaultKind, field: Option<Field>) -> Fault {
        let open = matches!(
            field,
            Some(
                Field::Date
                    | Field::Slot
                    | Field::Status
                    | Field::LeaveKind
                    | Field::Class
                    | Field::Grade
                    | Field::From
                    | Field::Until
                    | Field::LeaveUntil
                    | Field::Standing
                    | Field::Action
                    | Field::Result
                    | Field::School
                    | Field::EnrolledOn
                    | Field::LeftOn
                    | Field::StatusUntil
                    | Field::ReturnedOn
                    | Field::Boarding
                    | Field::Sex
                    | Field::Minutes
                    | Field::Approved
            )
        );
        let value = field.filter(|_| open).and_then(|f| self.text(line, f)).filter(|v| is_harmless(v));
        Fault { kind, place: self.place(line, field), value }
    }

    fn next_no(&mut self) -> u32 {
        self.row_no = self.row_no.saturating_add(1);
        self.row_no
    }

    /// Reads one row under the header.
    pub fn read(&mut self, line: &Line, emit: Emit) -> Read {
        if let Some(date) = self.title_of_a_block(line) {
            // Until the header comes again nobody knows whether it dates what follows (or is a signature's).
            self.title = Some(date);
            return Read::PassedOver;
        }
        if self.repeats_header(line)
            && let Some(date) = self.title.take()
        {
            self.date = Some(date);
            return Read::Title(date);
        }
        if self.is_furniture(line) {
            return Read::PassedOver;
        }
        if self.title.take().is_some() {
            self.date = None;
        }
        match self.asked.content {
            Content::Attendance => self.attendance(line, emit),
            Content::Register => self.register(line, emit),
            Content::Leave => self.leave(line, emit),
            Content::Feedback => self.feedback(line, emit),
        }
        Read::Row
    }

    /// A line that states one date and nothing else, below rows that have no date of their own: the title of a further list.
    fn title_of_a_block(&self, line: &Line) -> Option<Date> {
        if self.asked.content != Content::Attendance || self.columns().has(Field::Date) || line.filled() != 1 {
            return None;
        }
        let text = line.cells().find(|c| !c.trim().is_empty())?;
        if let [date] = stated_dates(text)[..] { Some(date) } else { None }
    }

    fn repeats_header(&self, line: &Line) -> bool {
        let columns = self.columns();
        let same = columns.mapping_indices().filter(|i| line.cell(*i).trim() == columns.headers[*i]);
        columns.len() >= 2 && same.count() * 2 > columns.len()
    }

    /// Blank rows, totals, headers written twice, legends, signatures.
    fn is_furniture(&self, line: &Line) -> bool {
        let filled = line.filled();
        if filled == 0 {
            return true;
        }
        if self.repeats_header(line) {
            return true;
        }
        // Only in rows that do not name who, when and what alike is a word such as 合计 furniture.
        let whole = [Field::StudentNo, Field::IdNumber].iter().any(|f| !self.cell(line, *f).trim().is_empty())
            && !self.cell(line, Field::Name).trim().is_empty();
        if whole && filled > 2 {
            return false;
        }
        let Some(first) = line.cells().map(key).find(|c| !c.is_empty()) else { return true };
        const EXACT: [&str; 7] = ["合计", "总计", "小计", "total", "sum", "共计", "总数"];
        const STARTS: [&str; 22] = [
            "合计",
            "总计",
            "小计",
            "共计",
            "记录数",
            "注:",
            "备注:",
            "说明:",
            "图例",
            "标识符号",
            "制单",
            "制表",
            "审核",
            "填表",
            "填报人",
            "签字",
            "签名",
            "班主任:",
            "班主任签",
            "校长",
            "以上",
            "本页",
        ];
        if EXACT.contains(&first.as_str()) || first.starts_with("total:") {
            return true;
        }
        STARTS.iter().any(|s| first.starts_with(s)) && (filled <= 3 || first.contains(':'))
    }

    /// The pupil that a row names. Faults about its numbers are told; `None` if nothing is left to know the pupil by.
    fn pupil(&mut self, line: &Line, emit: &mut dyn FnMut(Result<Observation, Fault>)) -> Option<PupilKey> {
        let mut pupil = PupilKey::default();
        let mut told = false;
        match normalise::student_no(self.cell(line, Field::StudentNo)) {
            Ok(no) => pupil.student_no = no,
            Err(_) => {
                told = true;
                emit(Err(self.fault(line, FaultKind::BadIdNumber, Some(Field::StudentNo))));
            }
        }
        match normalise::id_number(self.cell(line, Field::IdNumber)) {
            Ok(no) => pupil.id_number = no,
            Err(_) => {
                told = true;
                emit(Err(self.fault(line, FaultKind::BadIdNumber, Some(Field::IdNumber))));
            }
        }
        pupil.name = normalise::person_name(self.cell(line, Field::Name));
        let class = self.columns().get(Field::Class).map_or("", |i| line.cell(i));
        pupil.class = self.classes.get(class, normalise::class_name);
        pupil.school = self.text(line, Field::School);
        let known = pupil.student_no.is_some() || pupil.id_number.is_some() || pupil.name.is_some();
        if !known {
            if !told {
                let field =
                    [Field::StudentNo, Field::IdNumber, Field::Name].into_iter().find(|f| self.columns().has(*f));
                emit(Err(self.fault(line, FaultKind::NoPupil, field)));
            }
            return None;
        }
        Some(pupil)
    }

    /// The school whose slots a row's slot must be. `Err`: the row names a school that nobody knows.
    fn school(&self, line: &Line) -> Result<Option<&'a School>, ()> {
        if self.asked.school.is_some() || self.asked.school_column.is_none() {
            return Ok(self.asked.school);
        }
        let named = key(self.cell(line, Field::School));
        let found = self.asked.schools.iter().find(|s| key(s.id.as_str()) == named || key(&s.name) == named);
        found.map(Some).ok_or(())
    }

    fn attendance(&mut self, line: &Line, emit: Emit) {
        let Some(pupil) = self.pupil(line, emit) else { return };
        let Ok(school) = self.school(line) else {
            return emit(Err(self.fault(line, FaultKind::UnknownSchool, Some(Field::School))));
        };
        let (date, behind) = match self.columns().get(Field::Date) {
            None => (self.date, String::new()),
            Some(i) => match self.dates.get(line.cell(i), normalise::date_cell) {
                Some(d) => (Some(d.date), d.rest),
                None => (None, String::new()),
            },
        };
        let Some(date) = date else {
            return emit(Err(self.fault(line, FaultKind::BadDate, Some(Field::Date))));
        };
        if self.asked.stated_on.is_some_and(|day| date > day) {
            return emit(Err(self.fault(line, FaultKind::InTheFuture, Some(Field::Date))));
        }
        let Some(status) = self.status(line, emit) else { return };
        let Some(slots) = self.slots(line, &behind, school) else {
            let field = if self.columns().has(Field::Slot) { Field::Slot } else { Field::Date };
            let kind = if field == Field::Slot { FaultKind::NoSuchSlot } else { FaultKind::BadDate };
            return emit(Err(self.fault(line, kind, Some(field))));
        };
        let leave_until = match self.cell(line, Field::LeaveUntil).trim() {
            "" => None,
            cell => match normalise::date_cell(cell) {
                Some(d) => Some(d.date),
                None => {
                    emit(Err(self.fault(line, FaultKind::BadLeaveEnd, Some(Field::LeaveUntil))));
                    None
                }
            },
        };
        let reason = self.text(line, Field::Reason);
        for slot in slots {
            let row = AttendanceRow {
                row_no: self.next_no(),
                place: self.place(line, None),
                pupil: pupil.clone(),
                date,
                slot,
                status: status.clone(),
                reason: reason.clone(),
                leave_until,
            };
            emit(Ok(Observation::Attendance(row)));
        }
    }

    /// The status of an attendance row, after reason, minutes and approval; `None`: a fault was told, or it states nothing.
    fn status(&mut self, line: &Line, emit: &mut dyn FnMut(Result<Observation, Fault>)) -> Option<StatusId> {
        let lexicon = self.lexicon;
        let cell = self.cell(line, Field::Status);
        let word = if self.layout.all_absent {
            StatusWord::Status(StatusId::new("unexplained"), None)
        } else {
            self.statuses.get(cell, |c| lexicon.read(c))
        };
        // Another column of statuses may be empty or say the same; it is not for the program to choose.
        if let StatusWord::Status(status, _) = &word {
            for i in &self.columns().rivals {
                let rival = line.cell(*i);
                if matches!(lexicon.read(rival), StatusWord::Status(other, _) if other != *status) {
                    emit(Err(self.fault(line, FaultKind::TwoStatuses, Some(Field::Status))));
                    return None;
                }
            }
        }
        let (status, told_minutes) = match word {
            StatusWord::Status(status, minutes) => (status, minutes),
            StatusWord::Unknown => {
                emit(Err(self.fault(line, FaultKind::UnknownStatus, Some(Field::Status))));
                return None;
            }
            StatusWord::Blank => match &self.asked.reader.blank {
                Blank::Hold => {
                    emit(Err(self.fault(line, FaultKind::BlankStatus, Some(Field::Status))));
                    return None;
                }
                Blank::Nothing => return None,
                Blank::Status(status) => (status.clone(), None),
            },
        };
        let minutes = match clean(self.cell(line, Field::Minutes)).trim_end_matches("分钟").trim_end_matches(".0") {
            "" => told_minutes,
            text => match text.parse::<u32>() {
                Ok(minutes) => Some(minutes),
                // Part of a minute is more than none of it: 15.5 is over 15.
                Err(_) => match text.split_once('.').and_then(|(whole, _)| whole.parse::<u32>().ok()) {
                    Some(whole) => Some(whole + 1),
                    None => {
                        emit(Err(self.fault(line, FaultKind::BadValue, Some(Field::Minutes))));
                        told_minutes
                    }
                },
            },
        };
        let status = lexicon.settle(status, Some(self.cell(line, Field::Reason)), minutes);
        // Leave that is not granted is no leave.
        if self.columns().has(Field::Approved)
            && lexicon.is_in(&status, "excused")
            && !matches!(Approval::of(self.cell(line, Field::Approved)), Approval::Granted)
        {
            return Some(StatusId::new("unexplained"));
        }
        Some(status)
    }

    /// The slots that a row states; `None`: not one of the school's.
    fn slots(&self, line: &Line, behind_date: &str, school: Option<&School>) -> Option<Vec<SlotName>> {
        let cell = self.cell(line, Field::Slot);
        let cell = if cell.trim().is_empty() { behind_date } else { cell };
        if let Some(one) = normalise::slot(cell, school) {
            return Some(vec![one]);
        }
        // 5、6节: several lessons in one cell.
        let parts: Vec<&str> = cell.split(['、', ',', '，']).map(str::trim).collect();
        if parts.len() < 2 || parts.iter().any(|p| p.is_empty()) {
            return None;
        }
        parts.into_iter().map(|p| normalise::slot(p, school)).collect()
    }

    fn register(&mut self, line: &Line, emit: Emit) {
        let Some(pupil) = self.pupil(line, emit) else { return };
        if self.school(line).is_err() {
            return emit(Err(self.fault(line, FaultKind::UnknownSchool, Some(Field::School))));
        }
        let grade = match self.text(line, Field::Grade) {
            Some(text) => {
                let grade = normalise::grade_of(&text);
                if grade.is_none() {
                    emit(Err(self.fault(line, FaultKind::BadGrade, Some(Field::Grade))));
                }
                grade
            }
            None => pupil.class.as_ref().and_then(|c| normalise::grade_of(c.as_str())),
        };
        let Some(standing) = normalise::standing(self.cell(line, Field::Standing)) else {
            return emit(Err(self.fault(line, FaultKind::UnknownStatus, Some(Field::Standing))));
        };
        let status_until = self.optional_date(line, Field::StatusUntil, emit);
        let status_basis = self.text(line, Field::StatusBasis);
        if standing.is_exemption() {
            if status_until.is_none() {
                emit(Err(self.fault(line, FaultKind::ExemptionWithoutEnd, Some(Field::Standing))));
            } else if status_basis.is_none() {
                emit(Err(self.fault(line, FaultKind::ExemptionWithoutBasis, Some(Field::Standing))));
            }
        }
        let enrolled_on = self.optional_date(line, Field::EnrolledOn, emit);
        let left_on = self.optional_date(line, Field::LeftOn, emit);
        let birth_date = self.optional_date(line, Field::BirthDate, emit);
        let boarding = self.choice(line, Field::Boarding, normalise::boarding, emit);
        let sex = self.choice(line, Field::Sex, normalise::sex, emit);
        use Field::*;
        let mut contacts = Vec::new();
        let people = [
            (Guardian1Name, Some(Guardian1Relation), Guardian1Phone, Some(Guardian1Email), false),
            (Guardian2Name, Some(Guardian2Relation), Guardian2Phone, Some(Guardian2Email), false),
            (CarerName, None, CarerPhone, None, true),
        ];
        for (name, relation, phone, email, is_carer) in people {
            let number = match normalise::phone(self.cell(line, phone)) {
                Ok(number) => number,
                Err(NotUnderstood) => {
                    emit(Err(self.fault(line, FaultKind::BadPhone, Some(phone))));
                    None
                }
            };
            let contact = ContactLine {
                name: normalise::person_name(self.cell(line, name)),
                relation: relation.and_then(|f| self.text(line, f)),
                phone: number,
                email: email.and_then(|f| self.text(line, f)),
                is_carer,
            };
            if contact.name.is_some() || contact.phone.is_some() || contact.email.is_some() {
                contacts.push(contact);
            }
        }
        let register = RegisterLine {
            row_no: self.next_no(),
            place: self.place(line, None),
            pupil,
            grade,
            standing,
            status_until,
            status_basis,
            enrolled_on,
            left_on,
            boarding,
            sex,
            birth_date,
            groups: normalise::groups(self.cell(line, Groups)),
            household_township: self.text(line, HouseholdTownship),
            household_address: self.text(line, HouseholdAddress),
            contacts,
        };
        emit(Ok(Observation::Register(Box::new(register))));
    }

    fn leave(&mut self, line: &Line, emit: Emit) {
        let Some(pupil) = self.pupil(line, emit) else { return };
        if !self.is_filled(line, Field::Until) && self.is_filled(line, Field::From) {
            return emit(Err(self.fault(line, FaultKind::LeaveWithoutAnEnd, Some(Field::Until))));
        }
        let (from, until) = match (self.must_date(line, Field::From, emit), self.must_date(line, Field::Until, emit)) {
            (Some(from), Some(until)) => (from, until),
            _ => return,
        };
        if until < from {
            return emit(Err(self.fault(line, FaultKind::LeaveEndsBeforeItBegins, Some(Field::Until))));
        }
        let status = match self.lexicon.read(self.cell(line, Field::LeaveKind)) {
            StatusWord::Status(status, _) => status,
            StatusWord::Blank => return emit(Err(self.fault(line, FaultKind::BlankStatus, Some(Field::LeaveKind)))),
            StatusWord::Unknown => {
                return emit(Err(self.fault(line, FaultKind::UnknownStatus, Some(Field::LeaveKind))));
            }
        };
        let reason = self.text(line, Field::Reason);
        let status = self.lexicon.settle(status, reason.as_deref(), None);
        let approved = match Approval::of(self.cell(line, Field::Approved)) {
            Approval::Granted => true,
            Approval::NotYet => false,
            // Withdrawn and refused leave states nothing.
            Approval::Refused => return,
            Approval::Unknown => return emit(Err(self.fault(line, FaultKind::BadValue, Some(Field::Approved)))),
        };
        let place = self.place(line, None);
        let row_no = self.next_no();
        emit(Ok(Observation::Leave(LeaveLine { row_no, place, pupil, from, until, status, reason, approved })));
    }

    fn feedback(&mut self, line: &Line, emit: Emit) {
        let Some(pupil) = self.pupil(line, emit) else { return };
        let is_to_come = |date: Date| self.asked.stated_on.is_some_and(|day| date > day);
        let mut returned_on = self.optional_date(line, Field::ReturnedOn, emit);
        // What was done counts though the return is still to come.
        if returned_on.is_some_and(is_to_come) {
            emit(Err(self.fault(line, FaultKind::InTheFuture, Some(Field::ReturnedOn))));
            returned_on = None;
            if !self.is_filled(line, Field::Date) || !self.is_filled(line, Field::Action) {
                return;
            }
        }
        let date = match self.cell(line, Field::Date).trim() {
            "" => returned_on,
            _ => self.optional_date(line, Field::Date, emit),
        };
        let Some(date) = date else {
            if self.cell(line, Field::Date).trim().is_empty() {
                emit(Err(self.fault(line, FaultKind::BadDate, Some(Field::Date))));
            }
            return;
        };
        if is_to_come(date) {
            return emit(Err(self.fault(line, FaultKind::InTheFuture, Some(Field::Date))));
        }
        let word = |words: &BTreeMap<String, Word>, cell: &str| -> Result<Option<Word>, ()> {
            let text = key(cell);
            if text.is_empty() { Ok(None) } else { words.get(&text).cloned().map(Some).ok_or(()) }
        };
        let Ok(kind) = word(&self.act_words.0, self.cell(line, Field::Action)) else {
            return emit(Err(self.fault(line, FaultKind::UnknownAction, Some(Field::Action))));
        };
        let Ok(result) = word(&self.act_words.1, self.cell(line, Field::Result)) else {
            return emit(Err(self.fault(line, FaultKind::UnknownAction, Some(Field::Result))));
        };
        if kind.is_none() && returned_on.is_none() {
            return emit(Err(self.fault(line, FaultKind::UnknownAction, Some(Field::Action))));
        }
        let feedback = FeedbackLine {
            row_no: self.next_no(),
            place: self.place(line, None),
            pupil,
            date,
            kind,
            result,
            by: self.text(line, Field::By),
            returned_on,
            note: self.text(line, Field::Note),
        };
        emit(Ok(Observation::Feedback(feedback)));
    }

    fn must_date(&self, line: &Line, field: Field, emit: &mut dyn FnMut(Result<Observation, Fault>)) -> Option<Date> {
        let date = normalise::date_cell(self.cell(line, field)).map(|d| d.date);
        if date.is_none() {
            emit(Err(self.fault(line, FaultKind::BadDate, Some(field))));
        }
        date
    }

    fn optional_date(
        &self,
        line: &Line,
        field: Field,
        emit: &mut dyn FnMut(Result<Observation, Fault>),
    ) -> Option<Date> {
        if clean(self.cell(line, field)).is_empty() { None } else { self.must_date(line, field, emit) }
    }

    fn choice<T>(
        &self,
        line: &Line,
        field: Field,
        read: fn(&str) -> Result<Option<T>, NotUnderstood>,
        emit: &mut dyn FnMut(Result<Observation, Fault>),
    ) -> Option<T> {
        read(self.cell(line, field)).unwrap_or_else(|NotUnderstood| {
            emit(Err(self.fault(line, FaultKind::BadValue, Some(field))));
            None
        })
    }
}

/// Words of kinds and results of acts, for comparison.
pub fn act_words(acts: &ActWords) -> (BTreeMap<String, Word>, BTreeMap<String, Word>) {
    const KINDS: [(&str, &[&str]); 7] = [
        ("call", &["电话"]),
        ("visit", &["家访"]),
        ("persuasion", &["劝返"]),
        ("urge", &["督促"]),
        ("notice", &["送达文书"]),
        ("arrival", &["到校确认"]),
        ("replied", &[]),
    ];
    const RESULTS: [(&str, &[&str]); 4] = [
        ("reached", &["已联系"]),
        ("failed", &["未联系上", "劝返无效"]),
        ("refused", &["拒绝"]),
        ("returned", &["劝返成功"]),
    ];
    let words = |built_in: &[(&str, &[&str])], own: &BTreeMap<Word, Vec<String>>| {
        let mut all = BTreeMap::new();
        for (id, words) in built_in {
            all.insert(key(id), Word::new(id));
            all.extend(words.iter().map(|w| (key(w), Word::new(id))));
        }
        for (id, words) in own {
            all.insert(key(id.as_str()), id.clone());
            all.extend(words.iter().map(|w| (key(w), id.clone())));
        }
        all
    };
    (words(&KINDS, &acts.kinds), words(&RESULTS, &acts.results))
}

/// A column without a header, as a spreadsheet names it.
pub fn letter(i: usize) -> String {
    let mut n = i + 1;
    let mut out = String::new();
    while n > 0 {
        out.insert(0, char::from(b'A' + ((n - 1) % 26) as u8));
        n = (n - 1) / 26;
    }
    out
}

/// Text that may be repeated in a report: short, and without a run of digits that could be somebody's number (dates of
/// eight digits are none).
fn is_harmless(text: &str) -> bool {
    let mut run = 0;
    let longest = text.chars().fold(0, |longest: usize, c| {
        run = if c.is_ascii_digit() { run + 1 } else { 0 };
        longest.max(run)
    });
    longest <= 8 && text.chars().count() <= 24
}
