//! The written report (书面报告, Law on the Protection of Minors, art. 28): a school tells the education office and the
//! township government of a child whom persuasion has not brought back.

use super::sheet::{Block, Sheet, Style};
use super::{Facts, day, days, every_day, grounds, kinds, last_measure, of_pupil, people, sentences};
use crate::domain::message::papers as m;
use chrono::Datelike;

pub fn sheet(f: &Facts) -> Sheet {
    let lang = f.lang;
    let number = f.number.as_ref().map_or_else(|| m::mark_unnumbered(lang), |n| m::mark_number(lang, n));
    let mut s = Sheet { title: m::report_name(lang), mark: (m::mark(lang), number), on: f.on, blocks: Vec::new() };
    s.line(Style::Title, m::report_title(lang, &f.pupil));
    s.line(Style::Number, m::report_number(lang, f.on.year()));
    s.gap();
    s.line(Style::Addressee, format!("{}{}", f.addressees.join(&m::mark_list(lang)), m::colon(lang)));
    let case = f.case_number.as_ref().map(|n| m::report_case(lang, n)).unwrap_or_default();
    s.line(Style::Body, m::report_opening(lang, case));
    pupil(f, &mut s);
    absence(f, &mut s);
    measures(f, &mut s);
    request(f, &mut s);
    annex(f, &mut s);
    s
}

fn pupil(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.line(Style::Heading, m::head_pupil(lang));
    let mut who = vec![f.pupil.clone()];
    who.extend(of_pupil(f));
    s.line(Style::Body, m::stop(lang, who.join(&m::comma(lang))));
    let family = match f.guardians.as_slice() {
        [] => m::guardians_unknown(lang),
        known => m::guardians(lang, people(lang, known)),
    };
    let carer = if f.carers.is_empty() { String::new() } else { m::carer(lang, people(lang, &f.carers)) };
    s.line(Style::Body, sentences(lang, [family, carer]));
    let home = [
        f.household_township.as_ref().map(|t| m::household(lang, t)).unwrap_or_default(),
        f.household_address.as_ref().map(|a| m::address(lang, a)).unwrap_or_default(),
    ];
    let home = sentences(lang, home);
    if !home.is_empty() {
        s.line(Style::Body, home);
    }
}

fn absence(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.line(Style::Heading, m::head_absence(lang));
    if !f.absent.is_empty() {
        s.line(Style::Body, m::absent_until(lang, day(lang, f.on), days(lang, &f.absent)));
    }
    for ground in grounds(f) {
        s.line(Style::Body, ground);
    }
    if f.unconfirmed {
        s.line(Style::Body, m::unconfirmed(lang));
    }
}

fn measures(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.line(Style::Heading, m::head_measures(lang));
    if f.measures.is_empty() {
        s.line(Style::Body, m::measures_none(lang));
        return;
    }
    let last = last_measure(f).map(|last| m::stop(lang, last)).unwrap_or_default();
    let sum = m::measures_sum(lang, f.measures.len(), kinds(f));
    s.line(Style::Body, sentences(lang, [sum, last, m::see_annex(lang)]));
}

fn request(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.line(Style::Heading, m::head_request(lang));
    let stands = match f.returned {
        Some(back) => m::came_back(lang, day(lang, back)),
        None if f.measures.is_empty() => m::still_away_plainly(lang),
        None => m::still_away(lang),
    };
    s.line(Style::Body, sentences(lang, [stands, m::report_request(lang)]));
    s.line(Style::Body, m::report_ends(lang));
    s.gap();
    s.line(Style::Body, m::annex_line(lang));
    s.gap();
    s.line(Style::Sign, m::school_seal(lang, &f.school));
    s.line(Style::Sign, m::principal_signs(lang));
    s.line(Style::Sign, m::blank_date(lang));
    if let Some((name, phone)) = &f.principal {
        s.line(Style::Body, m::contact(lang, name, phone));
    }
}

fn annex(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.blocks.push(Block::NewPage);
    s.line(Style::Annex, m::annex(lang));
    s.line(Style::Title, m::annex_title(lang));
    s.gap();
    if !f.absent.is_empty() {
        s.line(Style::Body, m::annex_days(lang, every_day(lang, &f.absent)));
        s.gap();
    }
    let head = [
        m::col_no(lang),
        m::col_date(lang),
        m::col_measure(lang),
        m::col_by(lang),
        m::col_result(lang),
        m::col_note(lang),
    ];
    let mut rows = vec![head.to_vec()];
    for (i, one) in f.measures.iter().enumerate() {
        let cells = [(i + 1).to_string(), one.date.to_string()];
        let rest = [&one.what, &one.by, &one.result, &one.note].map(Clone::clone);
        rows.push(cells.into_iter().chain(rest).collect());
    }
    // Room for what a person adds by hand.
    while rows.len() < 5 {
        rows.push(vec![String::new(); head.len()]);
    }
    s.blocks.push(Block::Table { widths: vec![8, 19, 21, 17, 15, 20], has_head: true, height: 26, rows });
}
