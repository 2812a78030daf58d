//! Who a row is about (interface.md §2): by student number, else id number, else name within the class that the register
//! has on the row's date in the source's school. Never by name across classes, never a guess.

use crate::domain::Date;
use crate::domain::ids::{ClassName, PupilId, SchoolId};
use crate::domain::normalise;
use crate::domain::timeline::Roster;
use crate::store::{Connection, StoreError, Vault, vault};
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Is(PupilId),
    Unknown,
    Ambiguous,
}

/// How a row names its pupil. Borrowed; no `Debug`.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    pub student_no: Option<&'a str>,
    pub id_number: Option<&'a str>,
    pub name: Option<&'a str>,
    pub class: Option<&'a ClassName>,
}

/// Numbers and names that were looked up before: a file names the same pupils again and again.
#[derive(Default)]
pub struct Identity {
    numbers: HashMap<(bool, String), Option<PupilId>>,
    names: HashMap<String, Vec<PupilId>>,
}

impl Identity {
    fn number(&mut self, conn: &Connection, v: &Vault, is_id: bool, no: &str) -> Result<Option<PupilId>, StoreError> {
        if let Some(found) = self.numbers.get(&(is_id, no.to_owned())) {
            return Ok(*found);
        }
        let found =
            if is_id { vault::pupil_by_id_number(conn, v, no)? } else { vault::pupil_by_student_no(conn, v, no)? };
        self.numbers.insert((is_id, no.to_owned()), found);
        Ok(found)
    }

    pub fn who(
        &mut self,
        conn: &Connection,
        v: &Vault,
        roster: &Roster,
        named: Named,
        date: Date,
        school: &SchoolId,
    ) -> Result<Who, StoreError> {
        if let Some(no) = named.student_no
            && let Some(p) = self.number(conn, v, false, no)?
        {
            return Ok(Who::Is(p));
        }
        if let Some(no) = named.id_number
            && let Some(p) = self.number(conn, v, true, no)?
        {
            return Ok(Who::Is(p));
        }
        if named.student_no.is_some() || named.id_number.is_some() {
            return match named.student_no.and_then(id_in) {
                // A G number is the pupil whose id number its digits are, though the register has the L number only.
                Some(id) => Ok(self.number(conn, v, true, &id)?.map_or(Who::Unknown, Who::Is)),
                None => Ok(Who::Unknown),
            };
        }
        let Some(name) = named.name else { return Ok(Who::Unknown) };
        let Some(class) = named.class else { return Ok(Who::Unknown) };
        if !self.names.contains_key(name) {
            let found = vault::lookup(conn, v, "name", name)?;
            self.names.insert(name.to_owned(), found);
        }
        let in_class = |p: &&PupilId| {
            roster.at(**p, date).is_some_and(|s| {
                s.school_id == *school && s.class.as_ref() == Some(class)
                    || s.also.iter().any(|(_, no)| roster.class_of(*no) == (school, Some(class)))
            })
        };
        let mut found = self.names[name].iter().filter(in_class);
        Ok(match (found.next(), found.next()) {
            (Some(p), None) => Who::Is(*p),
            (Some(_), Some(_)) => Who::Ambiguous,
            (None, _) => Who::Unknown,
        })
    }
}

/// The id number in a G number (全国学籍号: G and the id number), if its check digit is good.
pub fn id_in(student_no: &str) -> Option<String> {
    let id = student_no.strip_prefix(['G', 'g'])?.to_uppercase();
    normalise::is_good_id_number(&id).then_some(id)
}
