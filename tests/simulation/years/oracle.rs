//! What must have become of a year, worked out from the files and the mishaps alone, and held against the letters that the
//! gateways saw: who was away and had to be told of by when, who must not have been told of. Knows no rule engine.

use super::files::{Export, Says, Year};
use super::life::{Mark, Pupil, attended};
use super::mishaps::Mishaps;
use super::town::{School, is_working};
use kongchuo::domain::ids::LetterId;
use kongchuo::domain::{Date, Time};
use kongchuo::drive::township::date;
use kongchuo::drive::world::Sent;
use std::collections::{BTreeMap, BTreeSet};

/// What was held against the letters.
#[derive(Clone, Copy, Default, Debug)]
pub struct Held {
    /// Spells of absence whose guardian, homeroom teacher had to be told.
    pub spells: u64,
    /// Spells of three days that the two offices had to be told of.
    pub reports: u64,
    pub returns: u64,
    /// Spells whose case somebody had taken on.
    pub taken_on: u64,
    /// Letters to guardians whose every date was held against the files.
    pub letters: u64,
}

impl std::ops::AddAssign for Held {
    fn add_assign(&mut self, o: Held) {
        self.spells += o.spells;
        self.reports += o.reports;
        self.returns += o.returns;
        self.taken_on += o.taken_on;
        self.letters += o.letters;
    }
}

/// A file's word on a pupil's day.
#[derive(Clone, Copy, Debug)]
struct Statement {
    known: Time,
    written: Time,
    mark: Option<Mark>,
    leave: bool,
    sure: bool,
}

pub struct Oracle<'a> {
    pub schools: &'a [School],
    pub pupils: &'a [Pupil],
    pub days: &'a [Date],
    pub year: &'a Year,
    pub mishaps: &'a Mishaps,
    pub sent: &'a [Sent],
    /// School, from, to: notices about many cases at once wait for a person, or two school days.
    pub holds: Vec<(String, Time, Time)>,
    /// Letters of unknown fate that no gateway saw: (address, when).
    pub unknown: Vec<(String, Time)>,
    /// Letters that were not delivered in the end.
    pub failed: BTreeSet<LetterId>,
    /// Answers that take cases on: when, and to which letter.
    pub taken_on: &'a [(Time, String)],
    pub seed: String,
}

type Statements = Vec<BTreeMap<Date, Vec<Statement>>>;

fn minutes(n: i64) -> chrono::TimeDelta {
    chrono::TimeDelta::minutes(n)
}

fn statements(pupils: usize, exports: &[Export]) -> Statements {
    let mut all = vec![BTreeMap::new(); pupils];
    for e in exports {
        let (rows, leave, sure) = match &e.says {
            Says::Nothing => continue,
            Says::Rows(rows) => (rows, false, true),
            Says::Perhaps(rows) => (rows, false, false),
            Says::Leave(rows) => (rows, true, true),
        };
        for (p, day, mark) in rows {
            let statement = Statement { known: e.at, written: e.written, mark: *mark, leave, sure };
            all[*p].entry(*day).or_insert_with(Vec::new).push(statement);
        }
    }
    all
}

/// What was known of a day at an instant: the statement that counts; leave explains an absence without a reason.
fn known(of_day: &[Statement], at: Time) -> Option<Option<Mark>> {
    let by_then = || of_day.iter().filter(|s| s.known <= at);
    let roll = by_then().filter(|s| !s.leave).max_by_key(|s| (s.written, s.known)).map(|s| s.mark);
    match (roll, by_then().find(|s| s.leave)) {
        (Some(Some(Mark::Unexplained)) | None, Some(leave)) => Some(leave.mark),
        (roll, _) => roll,
    }
}

fn unexcused(mark: Option<Option<Mark>>) -> bool {
    mark.flatten().is_some_and(Mark::is_unexcused)
}

/// Says that a child is away: neither that it is back nor that it never was.
fn is_alarm(s: &Sent) -> bool {
    s.text.contains("未到校") && !s.text.contains("有误")
}

/// Who may be written to when.
#[derive(Clone, Copy)]
enum Reader {
    Guardian,
    /// The staff of a school, too.
    Office,
}

impl Reader {
    fn next_open(self, mut t: Time) -> Time {
        let at = |d: Date, h, m| d.and_hms_opt(h, m, 0).expect("a time of day");
        let (opens, closes) = match self {
            Reader::Guardian => ((7, 0), (21, 0)),
            Reader::Office => ((7, 30), (19, 0)),
        };
        loop {
            let d = t.date();
            if matches!(self, Reader::Office) && !is_working(d) || t >= at(d, closes.0, closes.1) {
                t = at(d + chrono::Days::new(1), opens.0, opens.1);
            } else {
                return t.max(at(d, opens.0, opens.1));
            }
        }
    }
}

impl Oracle<'_> {
    /// When a letter that is due has gone at the latest, whatever went wrong.
    fn latest(&self, due: Time, channel: &str, reader: Reader) -> Time {
        let slack = minutes(25);
        let outages = self.mishaps.outages.iter().filter(|o| o.0 == channel).map(|o| (o.1, o.2 + minutes(20)));
        let sleeps = self.mishaps.sleeps.iter().map(|s| (s.0, s.1 + minutes(1)));
        let mut closed: Vec<(Time, Time)> = outages.chain(sleeps).collect();
        closed.sort_unstable();
        let mut t = reader.next_open(due);
        loop {
            let before = t;
            for (from, to) in &closed {
                if *from <= t + slack && t < *to {
                    t = *to;
                }
            }
            t = reader.next_open(t);
            if t == before {
                return t + slack;
            }
        }
    }

    /// When what arrived has been read.
    fn read_at(&self, arrived: Time) -> Time {
        self.mishaps.sleeps.iter().find(|(from, to)| (*from..*to).contains(&arrived)).map_or(arrived, |s| s.1)
    }

    fn letters<'s>(&'s self, p: &'s Pupil, role: &'s str, from: Time, to: Time) -> impl Iterator<Item = &'s Sent> {
        let is_of = move |s: &&Sent| {
            s.role.as_str() == role
                && (from..=to).contains(&s.at)
                && if role == "guardian" { p.phones.contains(&s.address) } else { s.text.contains(&p.name) }
        };
        self.sent.iter().filter(is_of)
    }

    fn is_held(&self, school: &str, at: Time) -> bool {
        self.holds.iter().any(|(s, from, to)| s == school && (*from - minutes(10)..=*to).contains(&at))
    }

    /// Nobody knows whether a letter to one of these arrived: that counts as told, and is not sent again everywhere.
    fn is_unknown(&self, p: &Pupil, from: Time, to: Time) -> bool {
        self.unknown.iter().any(|(a, at)| p.phones.contains(a) && (from..=to).contains(at))
    }

    pub fn hold(&self) -> Held {
        let all = statements(self.pupils.len(), &self.year.exports);
        let mut held = Held::default();
        self.nobody_is_told_of_without_reason(&all, &mut held);
        for (p, of_pupil) in self.pupils.iter().zip(&all) {
            self.everybody_is_told_of(p, of_pupil, &mut held);
        }
        held
    }

    /// Every date in a letter of alarm to a guardian is one on which a file that had arrived had the child absent without
    /// leave, and by what was known when it went at least one of them still stood.
    fn nobody_is_told_of_without_reason(&self, all: &Statements, held: &mut Held) {
        let by_phone: BTreeMap<&str, usize> = self
            .pupils
            .iter()
            .enumerate()
            .flat_map(|(i, p)| p.phones.iter().map(move |phone| (phone.as_str(), i)))
            .collect();
        for s in self.sent.iter().filter(|s| s.role.as_str() == "guardian") {
            let p = by_phone[s.address.as_str()];
            let (pupil, of_pupil) = (&self.pupils[p], &all[p]);
            let words = || format!("{}: to the guardian of {} at {}: {}", self.seed, pupil.name, s.at, s.text);
            assert!(!s.text.contains("辍学") && !s.text.contains(&pupil.id_number), "{}", words());
            let others = self.pupils.iter().filter(|o| o.name != pupil.name && s.text.contains(&o.name));
            assert_eq!(others.count(), 0, "{}", words());
            // The other letters (returned, corrected) say that a child is there.
            if !is_alarm(s) {
                continue;
            }
            held.letters += 1;
            let dates = dates_in(&s.text, s.at.date());
            assert!(!dates.is_empty(), "{}", words());
            for d in &dates {
                let said = of_pupil.get(d).into_iter().flatten();
                let reason = said.clone().any(|x| x.known <= s.at && x.mark.is_some_and(Mark::is_unexcused));
                let days = || of_pupil.range(*d - chrono::Days::new(12)..).take(12).collect::<Vec<_>>();
                assert!(reason, "{}\n{d} is in no file: {:#?}\n{}", words(), days(), self.around(pupil, s.at));
            }
            let then = s.at - minutes(3);
            let stands = |d: &Date| {
                let of_day = of_pupil.get(d).map_or(&[][..], |v| v);
                of_day.iter().any(|x| !x.sure) || unexcused(known(of_day, then)) || unexcused(known(of_day, s.at))
            };
            assert!(dates.iter().any(stands), "{}\nnone of it stood any more", words());
        }
    }

    fn everybody_is_told_of(&self, p: &Pupil, of_pupil: &BTreeMap<Date, Vec<Statement>>, held: &mut Held) {
        let accused = |d: &Date| of_pupil.get(d).into_iter().flatten().any(|s| s.mark.is_some_and(Mark::is_unexcused));
        let here: Vec<Date> = self.days.iter().copied().filter(|d| p.is_here(self.schools, *d)).collect();
        let turns: Vec<Date> =
            p.from.into_iter().chain(p.left.map(|l| l.0)).chain(p.moved.map(|m| m.0)).chain(p.back()).collect();
        for (i, first) in here.iter().enumerate() {
            let is_away = |d: &Date| p.marks.get(d).is_some_and(|m| m.is_unexcused());
            // A spell that nothing came before for two months: a new case. Around a move the registers decide.
            let fresh = is_away(first) && !here[i.saturating_sub(45)..i].iter().any(accused);
            let near = |d: &Date| (*first - *d).num_days().abs() <= 14;
            if !fresh || turns.iter().any(near) {
                continue;
            }
            let school = &self.schools[p.school_on(*first)];
            let n = here[i..].iter().take_while(|d| is_away(d)).count();
            let spell = &here[i..i + n];
            let Some(arrived) = self.first_known(of_pupil, first) else { continue };
            // The file of a later day may have come before.
            let some_known = spell.iter().filter_map(|d| self.first_known(of_pupil, d)).min().unwrap_or(arrived);
            let (read, some_read) = (self.read_at(arrived), self.read_at(some_known));
            if self.is_held(&school.id, read) {
                continue;
            }
            let told_by = |due: Time, channel: &str, reader| {
                let latest = self.latest(due, channel, reader);
                // Another letter to that number on that day: then it goes on the next.
                (latest, self.still_stands(of_pupil, spell, latest))
            };
            let (mut latest, stands) = told_by(read + minutes(30), "sms", Reader::Guardian);
            if self.letters(p, "guardian", latest.date().and_time(chrono::NaiveTime::MIN), some_read).next().is_some() {
                latest += minutes(24 * 60);
            }
            let why = || format!("{}: {} away from {first}, known at {arrived}", self.seed, p.name);
            let stands = stands && self.still_stands(of_pupil, spell, latest);
            let to_guardian = self.letters(p, "guardian", some_read, latest).find(|s| is_alarm(s));
            // Whoever has taken it on is given two school days.
            let since = some_read - minutes(5 * 24 * 60);
            let is_taken_on =
                self.taken_on.iter().any(|(at, text)| (since..=latest).contains(at) && text.contains(&p.name));
            held.taken_on += u64::from(stands && is_taken_on);
            if stands && !is_taken_on {
                held.spells += 1;
                let is_told = to_guardian.is_some() || self.is_unknown(p, some_read, latest);
                assert!(is_told, "{}: the guardian was not told by {latest}\n{}", why(), self.around(p, read));
                let (latest, _) = told_by(read, "sms", Reader::Office);
                let homeroom = self.letters(p, "homeroom", some_read, latest).next();
                assert!(
                    homeroom.is_some() || self.some_unknown(latest),
                    "{}: no homeroom letter by {latest}\n{}",
                    why(),
                    self.around(p, read)
                );
            }
            self.offices_are_told_of(p, of_pupil, spell, held);
            // Of a letter that was not delivered nobody was told.
            let delivered = |s: &&Sent| is_alarm(s) && !self.failed.contains(&s.letter);
            if let Some(told) = self.letters(p, "guardian", some_read, latest).find(delivered) {
                self.return_is_told(p, of_pupil, spell, &here[i + n..], told, held);
            }
        }
    }

    /// What happened around an instant, for whoever looks into a failure.
    fn around(&self, p: &Pupil, at: Time) -> String {
        let (from, to) = (at - minutes(3 * 24 * 60), at + minutes(3 * 24 * 60));
        let about = |s: &&Sent| s.text.contains(&p.name) || p.phones.contains(&s.address);
        let letters = self.sent.iter().filter(|s| (from..=to).contains(&s.at)).filter(about);
        let mut lines: Vec<String> =
            letters.map(|s| format!("{} {} {} {}: {}", s.at, s.letter, s.role, s.address, s.text)).collect();
        let near = |a: Time, b: Time| a <= to && b >= from;
        lines.extend(
            self.mishaps.outages.iter().filter(|o| near(o.1, o.2)).map(|o| format!("{} out {} to {}", o.0, o.1, o.2)),
        );
        lines.extend(
            self.mishaps.sleeps.iter().filter(|s| near(s.0, s.1)).map(|s| format!("asleep {} to {}", s.0, s.1)),
        );
        lines.extend(self.unknown.iter().filter(|u| near(u.1, u.1)).map(|u| format!("unknown {} {}", u.1, u.0)));
        lines.join("\n")
    }

    fn some_unknown(&self, by: Time) -> bool {
        self.unknown.iter().any(|(_, at)| (by - minutes(24 * 60)..=by).contains(at))
    }

    /// When a file first had the day as absence without leave, if no other said otherwise before; none if that is not sure.
    fn first_known(&self, of_pupil: &BTreeMap<Date, Vec<Statement>>, day: &Date) -> Option<Time> {
        let of_day = of_pupil.get(day)?;
        let arrived = of_day.iter().filter(|s| s.mark.is_some_and(Mark::is_unexcused)).map(|s| s.known).min()?;
        (of_day.iter().all(|s| s.sure) && unexcused(known(of_day, arrived))).then_some(arrived)
    }

    /// Nothing that was known by then has the days otherwise, or a later day (a finding that is over when it is first seen
    /// alarms nobody).
    fn still_stands(&self, of_pupil: &BTreeMap<Date, Vec<Statement>>, spell: &[Date], by: Time) -> bool {
        let contradicted = spell.iter().any(|d| {
            let of_day = of_pupil.get(d).map_or(&[][..], |v| v);
            of_day.iter().any(|s| s.known <= by && !s.mark.is_some_and(Mark::is_unexcused))
        });
        let last = spell[spell.len() - 1];
        let is_back = of_pupil.range(last..).skip(1).any(|(_, of_day)| {
            of_day.iter().any(|s| s.known <= by && !(s.sure && s.mark.is_some_and(Mark::is_unexcused)))
        });
        !contradicted && !is_back
    }

    /// Three days in a row: the township and the education office read of the child.
    fn offices_are_told_of(
        &self,
        p: &Pupil,
        of_pupil: &BTreeMap<Date, Vec<Statement>>,
        spell: &[Date],
        held: &mut Held,
    ) {
        // A run of days ends with the term.
        let terms = super::town::terms();
        let in_one_term = |days: &[Date]| terms.iter().any(|(from, to)| days.iter().all(|d| (from..=to).contains(&d)));
        if spell.len() < 3 || !in_one_term(&spell[..3]) {
            return;
        }
        let arrived: Option<Vec<Time>> = spell[..3].iter().map(|d| self.first_known(of_pupil, d)).collect();
        let Some(arrived) = arrived.and_then(|a| a.into_iter().max()) else { return };
        let read = self.read_at(arrived);
        let latest = self.latest(read, "email", Reader::Office) + minutes(20);
        // Days that are not recorded yet do not break a run: it may have been seen before.
        let some_known = spell.iter().filter_map(|d| self.first_known(of_pupil, d)).min().unwrap_or(arrived);
        if !self.still_stands(of_pupil, spell, latest) {
            return;
        }
        held.reports += 1;
        for role in ["township_government", "education_office"] {
            let told = self.letters(p, role, some_known, latest).next();
            assert!(
                told.is_some() || self.some_unknown(latest),
                "{}: {} away from {}, third day known at {arrived}: {role} was not told by {latest}\n{}",
                self.seed,
                p.name,
                spell[0],
                self.around(p, read)
            );
        }
    }

    fn return_is_told(
        &self,
        p: &Pupil,
        of_pupil: &BTreeMap<Date, Vec<Statement>>,
        spell: &[Date],
        after: &[Date],
        told: &Sent,
        held: &mut Held,
    ) {
        let Some(back) = after.first().filter(|d| attended(p.marks.get(d).copied())) else { return };
        let Some(of_day) = of_pupil.get(back) else { return };
        let Some(arrived) = of_day.iter().filter(|s| attended(s.mark)).map(|s| s.known).min() else { return };
        let read = self.read_at(arrived);
        // The file of a later day may have come before.
        let attended_at = |d: &Date| {
            let of_day = of_pupil.get(d).map_or(&[][..], |v| v);
            of_day.iter().filter(|s| attended(s.mark)).map(|s| s.known).min()
        };
        let some_known = after.iter().take(8).filter_map(attended_at).min().unwrap_or(arrived);
        let latest = self.latest(read, "sms", Reader::Guardian);
        let clear = |d: &Date| {
            let of_day = of_pupil.get(d).map_or(&[][..], |v| v);
            of_day.iter().all(|s| s.sure && (s.known > latest || attended(s.mark)))
        };
        let spell_is_sure = spell.iter().all(|d| self.first_known(of_pupil, d).is_some_and(|k| k <= arrived));
        let contradicted = spell.iter().any(|d| {
            of_pupil.get(d).into_iter().flatten().any(|s| s.known <= latest && !s.mark.is_some_and(Mark::is_unexcused))
        });
        let is_clear = after.iter().take(5).all(clear) && spell_is_sure && !contradicted;
        if !is_clear || told.at + minutes(3) >= some_known || self.is_held(&self.schools[p.school_on(*back)].id, read) {
            return;
        }
        held.returns += 1;
        let letter = self.letters(p, "guardian", some_known, latest).find(|s| !is_alarm(s) && s.text.contains(&p.name));
        assert!(
            letter.is_some() || self.is_unknown(p, told.at - minutes(600), latest),
            "{}: {} is back since {back}, known at {arrived}: the guardian, told at {}, has not read of it by {latest}\n{}",
            self.seed,
            p.name,
            told.at,
            self.around(p, read)
        );
    }
}

/// Dates as letters write them (9月7日), of the school year that ends with the day of the letter.
fn dates_in(text: &str, on: Date) -> BTreeSet<Date> {
    use chrono::Datelike;
    let mut found = BTreeSet::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, c) in chars.iter().enumerate().filter(|(_, c)| **c == '月') {
        debug_assert_eq!(*c, '月');
        let digits = |from: &mut dyn Iterator<Item = &char>| -> String {
            from.take_while(|c| c.is_ascii_digit()).collect::<String>()
        };
        let month: String = digits(&mut chars[..i].iter().rev()).chars().rev().collect();
        let day = digits(&mut chars[i + 1..].iter());
        if let (Ok(m), Ok(d)) = (month.parse::<u32>(), day.parse::<u32>()) {
            let year = if (m, d) > (on.month(), on.day()) { on.year() - 1 } else { on.year() };
            found.insert(date(year, m, d));
        }
    }
    found
}
