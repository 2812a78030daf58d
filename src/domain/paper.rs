//! Papers: the documents that a rung attaches as numbered drafts (`document:`), and how a draft is numbered. What stands
//! in them is `document`'s business. A draft becomes a paper when a person signs it; only people serve one.

use super::case::Case;
use super::message::{Lang, papers as m};
use super::{Date, Time};
use crate::domain::ids::Word;
use serde::{Deserialize, Serialize};

/// The papers of which this program makes drafts. A rung may name another word: such a paper is the township's own, and
/// only its service is known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paper {
    /// 书面报告 (Law on the Protection of Minors, art. 28): the school to the education office and the township government.
    WrittenReport,
    /// 责令限期改正通知书 (Compulsory Education Law, art. 58): the township government to the guardian.
    RectificationOrder,
}

impl Paper {
    pub const ALL: [Paper; 2] = [Paper::WrittenReport, Paper::RectificationOrder];

    pub fn as_str(self) -> &'static str {
        match self {
            Paper::WrittenReport => "written_report",
            Paper::RectificationOrder => "rectification_order",
        }
    }
    pub fn parse(s: &str) -> Option<Paper> {
        Paper::ALL.into_iter().find(|p| p.as_str() == s)
    }
    pub fn title(self, lang: Lang) -> String {
        match self {
            Paper::WrittenReport => m::report_name(lang),
            Paper::RectificationOrder => m::order_name(lang),
        }
    }
}

/// How a paper is called, whether or not drafts of it are made here.
pub fn title(document: &str, lang: Lang) -> String {
    Paper::parse(document).map_or_else(|| document.to_owned(), |p| p.title(lang))
}

/// The file of a draft. Names nobody: file names are seen by more people than files.
pub fn file_name(paper: Paper, number: Option<&str>, lang: Lang) -> String {
    m::file_name(lang, paper.title(lang), number.map(|n| format!("-{n}")).unwrap_or_default())
}

/// A numbered draft of a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    pub document: Word,
    pub number: String,
    pub at: Time,
    /// The date on its receipt.
    pub served: Option<Date>,
}

/// The number of the next draft: the case's number (a follow-up's id with the day of its opening, as ids of erased ones may
/// come again) and a serial that counts on through all papers of the case. Never reused, also when nothing was sent.
pub fn next_number(case: &Case) -> String {
    let stem = case.number.clone().unwrap_or_else(|| format!("{}-{}", case.id, case.opened.format("%Y%m%d")));
    let serial = case.drafts.len() + 1;
    // A case that got its number after its first draft begins with it: the serial still goes on.
    format!("{stem}-{serial:02}")
}

/// The draft that a rung attaches now: the latest of its kind that nobody has served. One that was served is done with; a
/// rung that asks for the paper once more gets a new one.
pub fn current<'c>(case: &'c Case, document: &Word) -> Option<&'c Draft> {
    latest(case, document).filter(|d| d.served.is_none())
}

/// The latest draft of its kind, served or not.
pub fn latest<'c>(case: &'c Case, document: &Word) -> Option<&'c Draft> {
    case.drafts.iter().rev().find(|d| d.document == *document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::case::{Event, apply, open};
    use crate::domain::ids::{CaseId, PupilId};

    #[test]
    fn numbers_go_on_through_all_papers_of_a_case_and_a_served_one_is_done_with() {
        let at = Date::from_ymd_opt(2026, 9, 16).and_then(|d| d.and_hms_opt(9, 0, 0)).expect("an instant");
        let mut case = open(CaseId(7), PupilId(1), None, at);
        assert_eq!(next_number(&case), "C-000007-20260916-01");
        let draft = |case: &mut Case, paper: Paper| {
            let number = next_number(case);
            apply(case, at, &Event::Drafted { document: paper.as_str().into(), number, by: None });
        };
        draft(&mut case, Paper::WrittenReport);
        apply(&mut case, at, &Event::Numbered { number: "520123104-2026-0003".into() });
        draft(&mut case, Paper::RectificationOrder);
        let order: Word = Paper::RectificationOrder.as_str().into();
        assert_eq!(current(&case, &order).map(|d| d.number.as_str()), Some("520123104-2026-0003-02"));
        let served = Event::Served { document: order.clone(), date: at.date(), by: "王主任".into(), number: None };
        apply(&mut case, at, &served);
        assert_eq!(current(&case, &order), None);
        assert_eq!(latest(&case, &order).and_then(|d| d.served), Some(at.date()));
        assert_eq!(next_number(&case), "520123104-2026-0003-03");
        assert!(current(&case, &Paper::WrittenReport.as_str().into()).is_some());
    }

    #[test]
    fn every_word_names_its_paper() {
        for paper in Paper::ALL {
            assert_eq!(Paper::parse(paper.as_str()), Some(paper));
        }
        assert_eq!(Paper::parse("judgment"), None);
        assert_eq!(title("judgment", Lang::Zh), "judgment");
    }
}
