//! The order to mend within a term (责令限期改正通知书, Compulsory Education Law, art. 58), with its proof of service (送达回证)
//! on a page of its own. People sign, number and serve it.

use super::sheet::{Block, Sheet, Style};
use super::{Facts, day, days, grounds, kinds, last_measure, of_pupil, sentences};
use crate::domain::message::{Lang, papers as m};
use crate::domain::policy::After;
use chrono::Datelike;

pub fn sheet(f: &Facts) -> Sheet {
    let lang = f.lang;
    let number = f.number.as_ref().map_or_else(|| m::mark_unnumbered(lang), |n| m::mark_number(lang, n));
    let mut s = Sheet { title: m::order_name(lang), mark: (m::mark(lang), number), on: f.on, blocks: Vec::new() };
    s.line(Style::Title, &f.township);
    s.line(Style::Title, m::order_name(lang));
    s.line(Style::Number, m::order_number(lang, f.on.year()));
    s.gap();
    s.line(Style::Addressee, format!("{}{}", guardians(f).unwrap_or_else(|| m::blank_name(lang)), m::colon(lang)));
    let address = f.household_address.clone().unwrap_or_else(|| m::blank(lang));
    s.line(Style::Body, m::order_identity(lang));
    s.line(Style::Body, m::order_address(lang, address));
    let of = m::in_brackets(lang, of_pupil(f).join(&m::comma(lang)));
    let absence = match f.absent.as_slice() {
        [] => String::new(),
        all => m::order_absence(lang, &f.pupil, days(lang, all)),
    };
    s.line(Style::Body, sentences(lang, [m::order_child(lang, &f.pupil, of), absence]));
    for ground in grounds(f) {
        s.line(Style::Body, ground);
    }
    if f.unconfirmed {
        s.line(Style::Body, m::unconfirmed(lang));
    }
    let stands = match f.returned {
        Some(back) => m::order_came_back(lang, day(lang, back)),
        None => m::order_still_away(lang),
    };
    let measures = last_measure(f)
        .map(|last| m::order_measures(lang, f.measures.len(), kinds(f), m::stop(lang, last)))
        .unwrap_or_default();
    s.line(Style::Body, sentences(lang, [measures, stands]));
    s.line(Style::Body, m::order_law(lang));
    s.line(Style::Body, m::order_demand(lang, term(lang, f.term), &f.pupil, &f.school));
    s.line(Style::Body, m::order_term(lang));
    s.line(Style::Body, m::order_else(lang));
    s.line(Style::Body, m::order_remedy(lang));
    s.gap();
    s.line(Style::Sign, m::seal(lang, &f.township));
    s.line(Style::Sign, m::blank_date(lang));
    s.line(Style::Body, m::order_contact(lang));
    receipt(f, &mut s);
    s
}

fn guardians(f: &Facts) -> Option<String> {
    let names: Vec<&str> = f.guardians.iter().map(|g| g.name.as_str()).filter(|n| !n.is_empty()).collect();
    (!names.is_empty()).then(|| names.join(&m::mark_list(f.lang)))
}

/// Seconds are no term of a paper.
fn term(lang: Lang, term: Option<After>) -> String {
    match term {
        Some(After::CalendarDays(n)) => m::term_days(lang, n),
        Some(After::WorkingDays(n)) => m::term_working_days(lang, n),
        Some(After::SchoolDays(n)) => m::term_school_days(lang, n),
        Some(After::Months(n)) => m::term_months(lang, n),
        Some(After::Seconds(_)) | None => m::term_blank(lang),
    }
}

fn receipt(f: &Facts, s: &mut Sheet) {
    let lang = f.lang;
    s.blocks.push(Block::NewPage);
    s.line(Style::Title, &f.township);
    s.line(Style::Title, m::receipt_title(lang));
    s.gap();
    let relations: Vec<&str> =
        f.guardians.iter().filter_map(|g| g.relation.as_deref()).filter(|r| !r.is_empty()).collect();
    let relations = match relations.as_slice() {
        [] => String::new(),
        some => m::in_brackets(lang, some.join(&m::mark_list(lang))),
    };
    let document = m::receipt_document_is(lang, m::order_name(lang), m::order_number(lang, f.on.year()).trim());
    let rows = [
        (m::receipt_document(lang), document),
        (m::receipt_recipient(lang), guardians(f).unwrap_or_default()),
        (m::receipt_relation(lang), m::receipt_of(lang, &f.pupil, relations)),
        (m::receipt_place(lang), f.household_address.clone().unwrap_or_default()),
        (m::receipt_time(lang), m::blank_time(lang)),
        (m::receipt_way(lang), m::receipt_ways(lang)),
        (m::receipt_signature(lang), m::blank_date(lang)),
        (m::receipt_for(lang), String::new()),
        (m::receipt_refused(lang), String::new()),
        (m::receipt_witness(lang), String::new()),
        (m::receipt_server(lang), String::new()),
        (m::receipt_note(lang), String::new()),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![name, value]).collect();
    s.blocks.push(Block::Table { widths: vec![34, 66], has_head: false, height: 36, rows });
    s.line(Style::Remark, m::receipt_hint(lang));
}
