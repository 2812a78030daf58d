//! What the books are filled with, read from the store: the ledgers (台账), a month's report (月报表), one case's file
//! (一生一案). Follow-ups stand in no ledger. Nothing here changes anything.

use super::{StepError, courier, papers, prepared, rule_by_hash};
use crate::document::book::{Book, Cell, Column, Table, said};
use crate::document::{Facts, Measure};
use crate::domain::calendar::Calendar;
use crate::domain::case::{self, Case, Event, State};
use crate::domain::ids::{CaseId, IncidentId, LadderId, Role, RungId, SchoolId, Word};
use crate::domain::message::{Lang, books as m, ledger, shell as say};
use crate::domain::notice::About;
use crate::domain::paper::{self, Paper};
use crate::domain::policy::Policy;
use crate::domain::rule::ast::{ActMatch, Sex};
use crate::domain::rule::phrase::Phrases;
use crate::domain::text::{mask_name, mask_number};
use crate::domain::words::say_time;
use crate::domain::{Date, Time, TimeOfDay, timeline};
use crate::store::{Connection, Vault, cases, deliveries, evidence, outbox, vault};
use chrono::{Datelike, Days, Months};
use std::collections::BTreeMap;

/// What books are read from. `masked`: for a screen without `--identify`.
pub struct Shelf<'a> {
    pub conn: &'a Connection,
    pub vault: &'a Vault,
    pub policy: &'a Policy,
    pub now: Time,
    pub masked: bool,
}

fn columns(list: &[(String, u8)]) -> Vec<Column> {
    list.iter().map(|(name, width)| Column { name: name.clone(), width: *width }).collect()
}

fn count(n: usize) -> Cell {
    Cell::Number(u32::try_from(n).unwrap_or(u32::MAX))
}

impl Shelf<'_> {
    fn lang(&self) -> Lang {
        self.policy.township.lang
    }
    fn name(&self, name: &str) -> String {
        if self.masked { mask_name(name) } else { name.to_owned() }
    }
    fn number(&self, number: Option<&str>) -> String {
        number.map(|n| if self.masked { mask_number(n) } else { n.to_owned() }).unwrap_or_default()
    }
    /// What people wrote may name anybody.
    fn words(&self, text: &str) -> String {
        if self.masked && !text.is_empty() { "***".to_owned() } else { text.to_owned() }
    }
    fn by(&self, by: &str) -> String {
        if papers::is_nobody(by, self.lang()) { by.to_owned() } else { self.name(by) }
    }

    fn numbered(&self) -> Result<Vec<Case>, StepError> {
        Ok(cases::all(self.conn, self.vault, true)?.into_iter().filter(|c| c.number.is_some()).collect())
    }

    fn facts(&self, case: &Case) -> Result<Facts, StepError> {
        papers::facts(self.conn, self.vault, self.policy, case, Paper::WrittenReport, None, self.now)
    }

    // ------------------------------------------------------------ ledgers

    /// All numbered cases, and of those that are not closed the suspected and the dropouts.
    pub fn ledger(&self) -> Result<Book, StepError> {
        let lang = self.lang();
        let township = &self.policy.township.name;
        let all = self.numbered()?;
        let marked = |c: &&Case, mark: &str| c.state != State::Closed && c.marks.keys().any(|k| k.as_str() == mark);
        let dropouts: Vec<&Case> = all.iter().filter(|c| marked(c, "dropout")).collect();
        let suspected: Vec<&Case> = all.iter().filter(|c| marked(c, "suspected") && !marked(c, "dropout")).collect();
        let tables = [
            (m::ledger_tab(lang), m::ledger_title(lang, township), all.iter().collect()),
            (m::suspected_tab(lang), m::suspected_title(lang, township), suspected),
            (m::dropout_tab(lang), m::dropout_title(lang, township), dropouts),
        ];
        let mut book = Book { on: self.now.date(), tables: Vec::new() };
        for (name, title, list) in tables {
            let note = m::ledger_note(lang, self.now.date(), list.len());
            let rows = list.iter().enumerate().map(|(i, c)| self.row(i + 1, c)).collect::<Result<_, _>>()?;
            book.tables.push(Table { name, title, note, columns: ledger_columns(lang), rows });
        }
        Ok(book)
    }

    fn row(&self, no: usize, c: &Case) -> Result<Vec<Cell>, StepError> {
        let lang = self.lang();
        let facts = self.facts(c)?;
        let card = vault::pupil_card(self.conn, self.vault, c.pupil)?;
        let phone = card.as_ref().and_then(|c| c.contacts.iter().find_map(|k| k.phone.clone()));
        let student_no = card.and_then(|c| c.student_no);
        let guardians: Vec<String> = facts.guardians.iter().map(|g| self.name(&g.name)).collect();
        let closed = c.closing.as_ref().filter(|_| c.state == State::Closed);
        Ok(vec![
            count(no),
            c.number.clone().unwrap_or_default().into(),
            self.number(student_no.as_deref()).into(),
            self.name(&facts.pupil).into(),
            sex(lang, facts.sex).into(),
            facts.school.clone().into(),
            facts.class.clone().into(),
            facts.household_township.clone().unwrap_or_default().into(),
            self.words(facts.household_address.as_deref().unwrap_or_default()).into(),
            guardians.join("、").into(),
            self.number(phone.as_deref()).into(),
            Cell::Date(c.opened.date()),
            facts.absent.first().copied().into(),
            count(facts.absent.len()),
            u32::from(c.level).into(),
            say::case_state(lang, c.state).into(),
            marks(lang, c).into(),
            count(facts.measures.len()),
            facts.measures.last().map(|k| self.measure(k)).unwrap_or_default().into(),
            documents(lang, c).into(),
            c.returned.as_ref().map(|r| r.day).into(),
            closed.map(|k| k.at.date()).into(),
            closed.map(|k| say::reason(lang, k.reason)).unwrap_or_default().into(),
        ])
    }

    fn measure(&self, k: &Measure) -> String {
        [k.date.to_string(), k.what.clone(), self.by(&k.by), k.result.clone()]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    // ------------------------------------------------------------ the month

    /// A month of every school, up to today; zeros are said.
    pub fn month(&self, year: i32, month: u32) -> Result<Book, StepError> {
        let lang = self.lang();
        let first = Date::from_ymd_opt(year, month, 1).unwrap_or_default();
        let last = (first + Months::new(1) - Days::new(1)).min(self.now.date());
        let (from, to) = (first.and_time(TimeOfDay::MIN), (last + Days::new(1)).and_time(TimeOfDay::MIN));
        let ready = prepared(self.policy);
        let mut counts: BTreeMap<Option<SchoolId>, Month> = BTreeMap::new();
        let mut events: BTreeMap<CaseId, Vec<(Time, Event)>> = BTreeMap::new();
        for entry in cases::ledger(self.conn, self.vault, None)? {
            events.entry(entry.case).or_default().push((entry.at, entry.event));
        }
        for c in self.numbered()? {
            let place = courier::place_of(self.conn, self.policy, c.pupil, last)?;
            let school = place.map(|p| p.0).filter(|s| self.policy.school(s).is_some());
            let of = events.get(&c.id).map(Vec::as_slice).unwrap_or_default();
            counts.entry(school).or_default().add(c.id, of, from, to);
        }
        let loaded = evidence::load_all(self.conn)?;
        let pupils = vault::all_pupils(self.conn)?;
        let built = timeline::build(self.policy, &ready.calendar, &loaded, &pupils, self.now.date(), None);
        let mut expected: BTreeMap<&SchoolId, u32> = BTreeMap::new();
        for member in built.roster.members() {
            let segment = member.at(last);
            if segment.expected {
                *expected.entry(&segment.school_id).or_default() += 1;
            }
        }
        let mut rows = Vec::new();
        let mut sum = [0_u32; 14];
        for school in &self.policy.schools {
            let days = school_days(&ready.calendar, school, first, last);
            let recorded = deliveries::recorded_days(self.conn, &school.id, first, last)?;
            let recorded = recorded.iter().filter(|d| days.contains(d)).count();
            let known = counts.remove(&Some(school.id.clone())).unwrap_or_default();
            let pupils = expected.get(&school.id).copied().unwrap_or(0);
            let line = known.line([pupils, len(days.len()), len(recorded)]);
            rows.push(named(&school.name, &line));
            sum.iter_mut().zip(line).for_each(|(s, n)| *s += n);
        }
        for (_, known) in counts {
            let line = known.line([0; 3]);
            rows.push(named(&m::elsewhere(lang), &line));
            sum.iter_mut().zip(line).for_each(|(s, n)| *s += n);
        }
        let mut sums = named(&m::sum(lang), &sum);
        // Days of different schools have no sum.
        sums[2] = Cell::Empty;
        sums[3] = Cell::Empty;
        rows.push(sums);
        let table = Table {
            name: m::month_tab(lang, year, month),
            title: m::month_title(lang, &self.policy.township.name, year, month),
            note: m::month_note(lang, last),
            columns: month_columns(lang),
            rows,
        };
        Ok(Book { on: self.now.date(), tables: vec![table] })
    }

    // ------------------------------------------------------------ one case

    /// Everything that is on record of one case.
    pub fn file(&self, c: &Case) -> Result<Book, StepError> {
        let lang = self.lang();
        let facts = self.facts(c)?;
        let number = c.number.clone().unwrap_or_else(|| c.id.to_string());
        let head: Vec<Column> = ledger_columns(lang);
        let row = self.row(1, c)?;
        let mut rows: Vec<Vec<Cell>> = head
            .into_iter()
            .zip(row)
            .skip(1)
            .map(|(column, cell)| vec![column.name.into(), said(&cell).into()])
            .collect();
        let absent: Vec<String> = facts.absent.iter().map(Date::to_string).collect();
        rows.push(vec![m::absent_days(lang).into(), absent.join("、").into()]);
        let title = m::file_title(lang, &number);
        let note = m::file_note(lang, self.now.date());
        let table = |name: String, list: &[(String, u8)], rows| Table {
            name,
            title: title.clone(),
            note: note.clone(),
            columns: columns(list),
            rows,
        };
        let mut tables = vec![table(m::file_tab(lang), &[(m::col_item(lang), 16), (m::col_content(lang), 80)], rows)];
        let rows =
            facts.grounds.iter().map(|g| vec![g.said.clone().into(), g.basis.clone().unwrap_or_default().into()]);
        let list = [(m::col_because(lang), 70), (m::col_basis(lang), 40)];
        tables.push(table(m::grounds_tab(lang), &list, rows.collect()));
        let rows = facts.measures.iter().map(|k| {
            let cells = [k.what.clone(), self.by(&k.by), k.result.clone(), self.words(&k.note)].map(Cell::from);
            std::iter::once(Cell::Date(k.date)).chain(cells).collect()
        });
        let list = [m::col_date(lang), m::col_measure(lang), m::col_by(lang), m::col_result(lang)].map(|c| (c, 16));
        let list: Vec<_> = list.into_iter().chain([(m::col_note(lang), 50)]).collect();
        tables.push(table(m::measures_tab(lang), &list, rows.collect()));
        let list = [m::col_time(lang), m::col_to(lang), m::col_channel(lang), m::col_what(lang)].map(|c| (c, 22));
        tables.push(table(m::letters_tab(lang), &list, self.told(c)?));
        let entries = cases::ledger(self.conn, self.vault, Some(c.id))?;
        let rows = entries.iter().map(|e| {
            let said = ledger::event(lang, &e.event, &Told { shelf: self, case: c });
            vec![say_time(e.at).into(), said.into()]
        });
        let list = [(m::col_time(lang), 18), (m::col_what(lang), 90)];
        tables.push(table(m::history_tab(lang), &list, rows.collect()));
        Ok(Book { on: self.now.date(), tables })
    }

    fn told(&self, c: &Case) -> Result<Vec<Vec<Cell>>, StepError> {
        let mut told: Vec<_> = outbox::of_subject(self.conn, About::Case(c.id))?
            .into_iter()
            .filter_map(|n| {
                Some((n.told?, n.to.role, n.told_by.map(|(_, c)| c.to_string()).unwrap_or_default(), n.rung))
            })
            .collect();
        told.sort_by_key(|t| t.0);
        let row = |(at, role, channel, rung): (Time, crate::domain::ids::Role, String, crate::domain::ids::RungId)| {
            vec![say_time(at).into(), role.to_string().into(), channel.into(), rung.to_string().into()]
        };
        Ok(told.into_iter().map(row).collect())
    }
}

/// The names in one case's history.
struct Told<'a> {
    shelf: &'a Shelf<'a>,
    case: &'a Case,
}

impl ledger::Names for Told<'_> {
    fn person(&self, name: &str) -> String {
        self.shelf.by(name)
    }
    fn words(&self, text: &str) -> String {
        self.shelf.words(text)
    }
    fn rule(&self, rule: &str, hash: Option<&str>) -> String {
        let kept = hash.or_else(|| self.case.grounds.iter().rev().find(|g| g.rule == *rule).map(|g| g.hash.as_str()));
        let text = kept.and_then(|hash| rule_by_hash(self.shelf.conn, self.shelf.policy, hash));
        text.map_or_else(|| rule.to_owned(), |r| r.title.in_lang(self.shelf.lang()).to_owned())
    }
    fn ladder(&self, ladder: &LadderId, rung: Option<&RungId>) -> String {
        let title = || self.shelf.policy.ladder(ladder).map(|l| l.title.in_lang(self.shelf.lang()).to_owned());
        rung.map_or_else(|| title().unwrap_or_else(|| ladder.to_string()), RungId::to_string)
    }
    fn role(&self, role: &Role) -> String {
        let office = self.shelf.policy.contacts.offices.get(role).map(|o| o.name.clone());
        let known = ledger::role(self.shelf.lang(), role.as_str()).map(str::to_owned);
        known.or(office).unwrap_or_else(|| role.to_string())
    }
    fn act(&self, kind: &Word, result: Option<&Word>) -> String {
        let phrases = Phrases { policy: self.shelf.policy, lang: self.shelf.lang() };
        phrases.acts(&ActMatch { kinds: vec![kind.clone()], results: result.into_iter().cloned().collect() })
    }
    fn incident(&self, incident: IncidentId) -> String {
        incident.to_string()
    }
    fn basis(&self, _: &case::Ground) -> Option<String> {
        None
    }
    fn letters(&self, _: &LadderId, _: &RungId, _: u32, _: &Role) -> Option<String> {
        // They stand in a table of their own.
        None
    }
}

fn sex(lang: Lang, sex: Option<Sex>) -> String {
    use crate::domain::message::papers as p;
    match sex {
        Some(Sex::Male) => p::male(lang),
        Some(Sex::Female) => p::female(lang),
        None => String::new(),
    }
}

fn marks(lang: Lang, c: &Case) -> String {
    let said = c.marks.keys().map(|k| match k.as_str() {
        "suspected" => m::suspected(lang),
        "dropout" => m::dropout(lang),
        own => own.to_owned(),
    });
    said.collect::<Vec<_>>().join("、")
}

fn documents(lang: Lang, c: &Case) -> String {
    let said = c.drafts.iter().map(|d| {
        let title = paper::title(d.document.as_str(), lang);
        match d.served {
            Some(day) => m::paper_served(lang, title, &d.number, day),
            None => m::paper_drafted(lang, title, &d.number),
        }
    });
    said.collect::<Vec<_>>().join("；")
}

fn ledger_columns(lang: Lang) -> Vec<Column> {
    columns(&[
        (m::col_no(lang), 5),
        (m::col_case(lang), 20),
        (m::col_student_no(lang), 22),
        (m::col_name(lang), 9),
        (m::col_sex(lang), 5),
        (m::col_school(lang), 18),
        (m::col_class(lang), 12),
        (m::col_household(lang), 12),
        (m::col_address(lang), 18),
        (m::col_guardians(lang), 12),
        (m::col_phone(lang), 13),
        (m::col_opened(lang), 11),
        (m::col_first(lang), 11),
        (m::col_days(lang), 6),
        (m::col_level(lang), 5),
        (m::col_state(lang), 8),
        (m::col_marks(lang), 10),
        (m::col_measures(lang), 6),
        (m::col_last_measure(lang), 24),
        (m::col_documents(lang), 30),
        (m::col_returned(lang), 11),
        (m::col_closed(lang), 11),
        (m::col_reason(lang), 10),
    ])
}

fn month_columns(lang: Lang) -> Vec<Column> {
    let rest = [
        m::col_pupils(lang),
        m::col_school_days(lang),
        m::col_recorded_days(lang),
        m::col_open_before(lang),
        m::col_new(lang),
        m::col_suspected(lang),
        m::col_dropout(lang),
        m::col_measures_month(lang),
        m::col_reports(lang),
        m::col_served(lang),
        m::col_back(lang),
        m::col_relapsed(lang),
        m::col_ended(lang),
        m::col_open_after(lang),
    ];
    let list: Vec<_> = std::iter::once((m::col_school(lang), 22)).chain(rest.map(|c| (c, 10))).collect();
    columns(&list)
}

fn len(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn named(name: &str, line: &[u32]) -> Vec<Cell> {
    std::iter::once(Cell::from(name.to_owned())).chain(line.iter().map(|n| Cell::Number(*n))).collect()
}

/// Days on which some grade of the school has lessons.
fn school_days(calendar: &Calendar, school: &crate::domain::policy::School, first: Date, last: Date) -> Vec<Date> {
    let taught = |d: &Date| school.grades.iter().any(|g| calendar.is_school_day(&school.id, Some(*g), None, *d));
    first.iter_days().take_while(|d| *d <= last).filter(taught).collect()
}

/// What happened to a school's cases in a month.
#[derive(Clone, Default)]
struct Month {
    before: u32,
    new: u32,
    suspected: u32,
    dropout: u32,
    measures: u32,
    reports: u32,
    served: u32,
    back: u32,
    relapsed: u32,
    ended: u32,
    after: u32,
}

impl Month {
    fn add(&mut self, id: CaseId, events: &[(Time, Event)], from: Time, to: Time) {
        let open_at = |t: Time| {
            let until = events.iter().take_while(|(at, _)| *at < t).map(|(at, e)| (*at, e));
            case::fold(id, until).is_some_and(|c| c.number.is_some() && c.state != State::Closed)
        };
        self.before += u32::from(open_at(from));
        self.after += u32::from(open_at(to));
        for (_, event) in events.iter().filter(|(at, _)| from <= *at && *at < to) {
            let counted = match event {
                Event::Numbered { .. } => &mut self.new,
                Event::Marked { mark } if mark.as_str() == "suspected" => &mut self.suspected,
                Event::Marked { mark } if mark.as_str() == "dropout" => &mut self.dropout,
                Event::ActRecorded { .. } => &mut self.measures,
                Event::Drafted { document, .. } if document.as_str() == Paper::WrittenReport.as_str() => {
                    &mut self.reports
                }
                Event::Served { document, .. } if document.as_str() == Paper::RectificationOrder.as_str() => {
                    &mut self.served
                }
                Event::Returned { .. } => &mut self.back,
                Event::Relapsed { .. } | Event::ReturnUnconfirmed { .. } => &mut self.relapsed,
                Event::Closed { .. } => &mut self.ended,
                _ => continue,
            };
            *counted += 1;
        }
    }

    fn line(&self, [pupils, days, recorded]: [u32; 3]) -> [u32; 14] {
        [
            pupils,
            days,
            recorded,
            self.before,
            self.new,
            self.suspected,
            self.dropout,
            self.measures,
            self.reports,
            self.served,
            self.back,
            self.relapsed,
            self.ended,
            self.after,
        ]
    }
}

/// `2026-09`.
pub fn month_of(text: &str) -> Option<(i32, u32)> {
    let (year, month) = text.trim().split_once('-')?;
    let first = Date::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
    (first.year() >= 1970).then(|| (first.year(), first.month()))
}
