//! Evidence: everything that timelines are built from (deliveries with their stamps, rows, presence lists, the register's
//! history, people's decisions and acts), as the store keeps it. Timelines and findings are a pure function of it.

use super::ids::{ActId, ClassName, DecisionId, DeliveryId, PupilId, SchoolId, SlotName, SourceId, StatusId, Word};
use super::policy::{CoverageKind, Replaces};
use super::rule::ast::Sex;
use super::{Date, Time};
use std::collections::BTreeMap;

/// `stated_at`, then arrival number (rules.md §1, "Which statement counts").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Stamp {
    pub stated_at: Time,
    pub delivery: DeliveryId,
}

/// What must be known of an applied attendance delivery to read its sheets and rows.
#[derive(Clone, Debug)]
pub struct DeliveryFacts {
    pub stamp: Stamp,
    pub source: SourceId,
    pub coverage: CoverageKind,
    pub replaces: Replaces,
    /// Exceptions only: classes covered (empty: all of the school's)…
    pub classes: Vec<ClassName>,
    /// …slots covered (empty: the whole day)…
    pub slots: Vec<SlotName>,
    /// …and the dates that its rows, title or name state, by school.
    pub stated: BTreeMap<SchoolId, Vec<Date>>,
    /// When the daemon first saw it.
    pub arrived_at: Time,
}

/// The pupils that a delivery lists as `present` for one school, date and slot and about whom it says nothing else
/// that overlaps; ascending.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub delivery: DeliveryId,
    pub school: SchoolId,
    pub date: Date,
    pub slot: SlotName,
    pub present: PupilList,
}

/// Pupils, ascending, packed as varints of their differences (rules.md §5): a byte or two for each.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PupilList(Box<[u8]>);

impl PupilList {
    /// In any order; one that stands twice is kept once.
    pub fn new(pupils: &[PupilId]) -> PupilList {
        if pupils.windows(2).all(|w| w[0] < w[1]) {
            return PupilList::pack(pupils);
        }
        let mut sorted = pupils.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        PupilList::pack(&sorted)
    }

    fn pack(pupils: &[PupilId]) -> PupilList {
        let mut out = Vec::with_capacity(pupils.len() * 2);
        let mut last = 0i64;
        for p in pupils {
            let mut d = u64::try_from(p.0 - last).unwrap_or(0);
            last = p.0;
            loop {
                let low = (d & 0x7f) as u8;
                d >>= 7;
                if d == 0 {
                    out.push(low);
                    break;
                }
                out.push(low | 0x80);
            }
        }
        PupilList(out.into_boxed_slice())
    }

    /// What `bytes` gave; `None`: something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<PupilList> {
        let mut shift = 0u32;
        for b in bytes {
            if shift > 56 {
                return None;
            }
            shift = if b & 0x80 == 0 { 0 } else { shift + 7 };
        }
        (shift == 0).then(|| PupilList(bytes.into()))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn contains(&self, pupil: PupilId) -> bool {
        self.iter().any(|p| p == pupil)
    }
    pub fn iter(&self) -> impl Iterator<Item = PupilId> {
        let mut bytes = self.0.iter();
        let mut last = 0i64;
        std::iter::from_fn(move || {
            let mut b = *bytes.next()?;
            let mut d = u64::from(b & 0x7f);
            let mut shift = 7;
            while b & 0x80 != 0 {
                b = *bytes.next()?;
                d |= u64::from(b & 0x7f) << shift;
                shift += 7;
            }
            last = last.wrapping_add(d as i64);
            Some(PupilId(last))
        })
    }
}

impl FromIterator<PupilId> for PupilList {
    fn from_iter<I: IntoIterator<Item = PupilId>>(pupils: I) -> PupilList {
        PupilList::new(&pupils.into_iter().collect::<Vec<_>>())
    }
}

/// An explicit statement about one pupil (anything but a plain `present`).
#[derive(Clone, Debug)]
pub struct Row {
    pub delivery: DeliveryId,
    /// Position in the delivery: of two rows the later counts.
    pub row_no: u32,
    pub school: SchoolId,
    pub pupil: PupilId,
    pub date: Date,
    pub slot: SlotName,
    pub status: StatusId,
    pub leave_until: Option<Date>,
}

/// One register row about a pupil, with the stamp of its export.
#[derive(Clone, Debug)]
pub struct RegisterRow {
    pub stamp: Stamp,
    /// When it arrived (known-at questions).
    pub arrived_at: Time,
    pub row_no: u32,
    /// Each later export of the school up to this one lists the pupil again in the same words; `None`: none does, or nobody
    /// needs to know, since no other school ever listed the pupil.
    pub through: Option<Stamp>,
    pub pupil: PupilId,
    pub school: SchoolId,
    pub class: Option<ClassName>,
    pub grade: Option<u8>,
    pub standing: Standing,
    pub status_until: Option<Date>,
    /// 批准文号; an exemption without one is reported.
    pub status_basis: bool,
    pub enrolled_on: Option<Date>,
    pub left_on: Option<Date>,
    pub boarding: Option<bool>,
    pub sex: Option<Sex>,
    pub birth_date: Option<Date>,
    pub groups: Vec<String>,
}

/// 学籍状态 as the rules need it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 在读
    Enrolled,
    /// 休学
    Suspended,
    /// 延缓入学
    Deferred,
    /// 送教上门
    HomeTaught,
    /// 转出, 转学
    TransferredOut,
    /// 毕业, 结业
    Graduated,
    /// 退学, 死亡, 出国 and anything else that ends expectation
    Left,
}

impl Standing {
    pub fn is_exemption(self) -> bool {
        matches!(self, Standing::Suspended | Standing::Deferred | Standing::HomeTaught)
    }
}

/// A person's decision: an observation of all periods of the dates it names, or an end of expectation.
#[derive(Clone, Debug)]
pub struct Decision {
    pub id: DecisionId,
    pub pupil: PupilId,
    pub kind: DecisionKind,
    pub from: Date,
    pub to: Date,
    pub recorded_at: Time,
    pub withdrawn_at: Option<Time>,
    /// Recorded with this delivery's feedback row, if it came from a file.
    pub delivery: Option<DeliveryId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// `case excuse`: the status given.
    Excuse(StatusId),
    /// `case return`, 返校日期: `present`.
    Return,
    /// A closing other than `mistaken`: not expected from `from` through `to` (`Date::MAX`: for good).
    NotExpected,
}

#[derive(Clone, Debug)]
pub struct Act {
    pub id: ActId,
    pub pupil: PupilId,
    pub date: Date,
    pub kind: Word,
    pub result: Option<Word>,
    pub recorded_at: Time,
}

/// Leave intervals (`content: leave`).
#[derive(Clone, Debug)]
pub struct Leave {
    pub stamp: Stamp,
    pub row_no: u32,
    pub pupil: PupilId,
    pub from: Date,
    pub until: Date,
    pub status: StatusId,
}

/// Everything about a set of pupils and the schools they were ever in. Vectors are in no particular order.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub deliveries: BTreeMap<DeliveryId, DeliveryFacts>,
    pub sheets: Vec<Sheet>,
    pub rows: Vec<Row>,
    /// Days of which a delivery has a row that names nobody so far: its source has delivered something all the same.
    pub nameless: Vec<(DeliveryId, SchoolId, Date)>,
    pub leaves: Vec<Leave>,
    /// All register rows of every pupil who was ever listed by one of the schools concerned.
    pub register: Vec<RegisterRow>,
    /// Stamps of every register export by school (who was in "the first register export known for that school and term").
    pub register_exports: Vec<(SchoolId, Stamp)>,
    pub decisions: Vec<Decision>,
    pub acts: Vec<Act>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_lists_come_back_as_they_went_in() {
        fn check(ids: &[i64], want: &[i64]) {
            let list: PupilList = ids.iter().map(|i| PupilId(*i)).collect();
            assert_eq!(list.iter().map(|p| p.0).collect::<Vec<_>>(), want);
            assert_eq!(PupilList::from_bytes(list.bytes()), Some(list));
        }
        check(&[], &[]);
        check(&[1], &[1]);
        let many = [1, 2, 3, 127, 128, 129, 300, 20_000, 5_000_000_000];
        check(&many, &many);
        check(&[7, 3, 7, 5], &[3, 5, 7]);
        assert_eq!(PupilList::from_bytes(&[0x80]), None);
        assert_eq!(PupilList::from_bytes(&[0xff; 12]), None);
    }
}
