//! PURE: what is known of a case to the bytes of a paper, in the usual form of official papers (GB/T 9704). The same facts
//! give the same bytes. Whose draft it is, its number and where it goes are decided elsewhere; nothing here signs.

pub mod book;
mod docx;
mod order;
mod report;
mod sheet;

use crate::domain::Date;
use crate::domain::message::{Lang, papers as m};
use crate::domain::paper::Paper;
use crate::domain::policy::After;
use crate::domain::rule::ast::Sex;
use chrono::Datelike;
use sheet::Sheet;

/// The media type of what [`compose`] makes.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Everything that a paper draws on. No id number: where a form asks for one, a person writes it. No `Debug`: names.
#[derive(Clone, Default)]
pub struct Facts {
    pub lang: Lang,
    /// The draft's own number; the paper's number is given by whoever signs it.
    pub number: Option<String>,
    pub case_number: Option<String>,
    /// The day of composing.
    pub on: Date,
    /// The township government's name.
    pub township: String,
    /// To whom the report goes.
    pub addressees: Vec<String>,
    pub school: String,
    pub class: String,
    pub pupil: String,
    pub sex: Option<Sex>,
    pub birth_date: Option<Date>,
    pub boarding: Option<bool>,
    pub household_township: Option<String>,
    pub household_address: Option<String>,
    pub guardians: Vec<Guardian>,
    pub carers: Vec<Guardian>,
    /// Name and telephone of the headmaster or -mistress.
    pub principal: Option<(String, String)>,
    /// Days of absence that the case rests on, ascending.
    pub absent: Vec<Date>,
    pub grounds: Vec<Ground>,
    /// In order of time.
    pub measures: Vec<Measure>,
    /// The child is back since then.
    pub returned: Option<Date>,
    /// Within what the order is to be obeyed; none: a person writes it.
    pub term: Option<After>,
    /// The school's data are held and nobody has confirmed them.
    pub unconfirmed: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Guardian {
    pub name: String,
    pub relation: Option<String>,
}

/// What a rule says, as it is read aloud to parents, and the paper that the rule rests on.
#[derive(Clone, PartialEq, Eq)]
pub struct Ground {
    pub said: String,
    pub basis: Option<String>,
}

/// A call, a visit, an attempt to persuade, a letter that left.
#[derive(Clone, PartialEq, Eq)]
pub struct Measure {
    pub date: Date,
    pub what: String,
    pub by: String,
    pub result: String,
    pub note: String,
}

/// The draft of a paper as a .docx.
pub fn compose(paper: Paper, facts: &Facts) -> Vec<u8> {
    docx::bytes(&sheet(paper, facts))
}

/// The same for a terminal.
pub fn text(paper: Paper, facts: &Facts) -> String {
    sheet::text(&sheet(paper, facts))
}

fn sheet(paper: Paper, facts: &Facts) -> Sheet {
    match paper {
        Paper::WrittenReport => report::sheet(facts),
        Paper::RectificationOrder => order::sheet(facts),
    }
}

// ---------------------------------------------------------------- what both papers say

fn day(lang: Lang, d: Date) -> String {
    m::day(lang, d.year(), d.month(), d.day())
}

/// 2026年9月7日、8日、14日（共3天）; long lists as a range.
fn days(lang: Lang, all: &[Date]) -> String {
    match all {
        [first, .., last] if all.len() > 10 => {
            m::days(lang, m::range(lang, day(lang, *first), day(lang, *last)), all.len())
        }
        _ => every_day(lang, all),
    }
}

/// The same with each day, however many.
fn every_day(lang: Lang, all: &[Date]) -> String {
    let mut said = Vec::new();
    let mut before: Option<Date> = None;
    for d in all {
        said.push(match before {
            Some(b) if b.year() == d.year() && b.month() == d.month() => m::day_of_month(lang, d.day()),
            Some(b) if b.year() == d.year() => m::day_of_year(lang, d.month(), d.day()),
            _ => day(lang, *d),
        });
        before = Some(*d);
    }
    m::days(lang, said.join(&m::mark_list(lang)), all.len())
}

/// 女，2017年3月出生，春山镇中心小学三年级2班学生，走读
fn of_pupil(f: &Facts) -> Vec<String> {
    let lang = f.lang;
    let sex = f.sex.map(|s| match s {
        Sex::Male => m::male(lang),
        Sex::Female => m::female(lang),
    });
    let born = f.birth_date.map(|b| m::born(lang, b.year(), b.month()));
    let boarding = f.boarding.map(|b| if b { m::boards(lang) } else { m::day_pupil(lang) });
    [sex, born, Some(m::pupil_of(lang, &f.school, &f.class)), boarding].into_iter().flatten().collect()
}

fn people(lang: Lang, list: &[Guardian]) -> String {
    let said = list.iter().map(|g| match g.relation.as_deref().filter(|r| !r.is_empty()) {
        Some(relation) => m::person(lang, &g.name, relation),
        None => g.name.clone(),
    });
    said.collect::<Vec<_>>().join(&m::mark_list(lang))
}

/// 电话2次、家访1次, in the order in which they first came.
fn kinds(f: &Facts) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for measure in &f.measures {
        match counted.iter_mut().find(|(what, _)| *what == measure.what) {
            Some((_, n)) => *n += 1,
            None => counted.push((&measure.what, 1)),
        }
    }
    let said = counted.into_iter().map(|(what, n)| m::kind_count(f.lang, what, n));
    said.collect::<Vec<_>>().join(&m::mark_list(f.lang))
}

/// 最近一次：9月16日家访（王老师），结果：劝返无效
fn last_measure(f: &Facts) -> Option<String> {
    let last = f.measures.last()?;
    let mut what = last.what.clone();
    if !last.by.is_empty() {
        what.push_str(&m::in_brackets(f.lang, &last.by));
    }
    let mut said = m::last_measure(f.lang, day(f.lang, last.date), what);
    if !last.result.is_empty() {
        said = [said, m::with_result(f.lang, &last.result)].join(&m::comma(f.lang));
    }
    Some(said)
}

fn sentences<const N: usize>(lang: Lang, parts: [String; N]) -> String {
    let said: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    said.join(&m::gap(lang))
}

/// Numbered where there are several.
fn grounds(f: &Facts) -> Vec<String> {
    let said = |g: &Ground| match &g.basis {
        Some(basis) => m::basis(f.lang, &g.said, basis),
        None => g.said.clone(),
    };
    let all: Vec<String> = f.grounds.iter().map(said).collect();
    match all.len() {
        0 | 1 => all,
        _ => all.into_iter().enumerate().map(|(i, said)| m::numbered(f.lang, i + 1, said)).collect(),
    }
}
