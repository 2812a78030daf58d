//! The made-up township: schools, pupils, one term of what happened to them, and the exports that their schools send.
//! A pure function of a seed and a size. Nobody in it is real: id numbers of area 999999, phones 1390….

mod chance;
mod export;
mod life;
mod policy;

pub use chance::Chance;
pub use life::{Event, Lives, Mark};

use crate::domain::{Date, Time};

/// First lesson day and last day of the term.
pub const TERM: ((i32, u32, u32), (i32, u32, u32)) = ((2026, 9, 1), (2027, 1, 22));

/// How many pupils a township has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// About 1,200: the demo.
    Whole,
    /// About 120: the simulation plays many of them.
    Small,
}

/// How a school writes its exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Habit {
    /// A full roll call as CSV in GB18030, as Chinese Excel saves it.
    Gb18030,
    /// A full roll call as XLSX with title rows above the header.
    Workbook,
    /// Only those who are not there, as CSV with a BOM; the date stands in the name.
    Exceptions,
    /// A full roll call as "Unicode text": UTF-16 with tabs.
    UnicodeText,
}

#[derive(Clone, Debug)]
pub struct School {
    pub id: &'static str,
    pub name: &'static str,
    /// As `schools.yaml` writes it.
    pub stage: &'static str,
    pub grades: std::ops::RangeInclusive<u8>,
    pub classes_per_grade: usize,
    pub class_size: usize,
    pub habit: Habit,
    /// Minutes after midnight at which its roll call usually arrives.
    pub sends_at: u32,
    pub boarding: bool,
}

impl School {
    /// The id of its source of attendance exports.
    pub fn source(&self) -> String {
        format!("{}-roll", self.id)
    }
}

pub fn schools(size: Size) -> Vec<School> {
    let small = size == Size::Small;
    let of = |whole, if_small| if small { if_small } else { whole };
    vec![
        School {
            id: "cs-primary",
            name: "春山镇中心小学",
            stage: "primary",
            grades: 1..=6,
            classes_per_grade: of(2, 1),
            class_size: of(40, 8),
            habit: Habit::Gb18030,
            sends_at: 8 * 60 + 50,
            boarding: false,
        },
        School {
            id: "cs-junior",
            name: "春山镇中学",
            stage: "junior",
            grades: 7..=9,
            classes_per_grade: of(3, 1),
            class_size: of(42, 10),
            habit: Habit::Workbook,
            sends_at: 8 * 60 + 35,
            boarding: true,
        },
        School {
            id: "xt-point",
            name: "溪头教学点",
            stage: "primary",
            grades: 1..=4,
            classes_per_grade: 1,
            class_size: of(14, 4),
            habit: Habit::Exceptions,
            sends_at: 9 * 60 + 5,
            boarding: false,
        },
        School {
            id: "ys-school",
            name: "云水九年一贯制学校",
            stage: "{primary: 1-6, junior: 7-9}",
            grades: 1..=9,
            classes_per_grade: 1,
            class_size: of(32, 4),
            habit: Habit::UnicodeText,
            sends_at: 9 * 60 + 10,
            boarding: true,
        },
    ]
}

#[derive(Clone)]
pub struct Pupil {
    /// Index into the township's schools.
    pub school: usize,
    pub grade: u8,
    pub class: String,
    /// `G` and the id number.
    pub student_no: String,
    pub id_number: String,
    pub name: String,
    pub girl: bool,
    pub birth: Date,
    pub guardian: String,
    pub relation: &'static str,
    pub phone: String,
    /// Left behind by parents who work elsewhere, or another group that is watched.
    pub group: &'static str,
}

/// A file that arrives in the inbox of a source.
#[derive(Clone)]
pub struct Export {
    pub at: Time,
    /// The source's id; its folder is `inbox/SOURCE`.
    pub source: String,
    pub file_name: String,
    pub bytes: Vec<u8>,
}

/// A township and its term.
pub struct Township {
    pub schools: Vec<School>,
    pub pupils: Vec<Pupil>,
    pub days: Vec<Date>,
    pub lives: Lives,
    /// In order of arrival.
    pub exports: Vec<Export>,
}

impl Township {
    pub fn make(seed: u64, size: Size) -> Township {
        let mut chance = Chance::new(seed);
        let schools = schools(size);
        let pupils = life::people(&schools, &mut chance);
        let days = school_days();
        let lives = Lives::live(&schools, &pupils, &days, &mut chance);
        let exports = export::write(&schools, &pupils, &days, &lives, &mut chance);
        Township { schools, pupils, days, lives, exports }
    }

    /// The configuration files that are its own (name, text): the rest is the example's.
    pub fn configuration(&self) -> Vec<(&'static str, String)> {
        policy::files(self)
    }
}

pub fn date(y: i32, m: u32, d: u32) -> Date {
    Date::from_ymd_opt(y, m, d).expect("the calendar of the demo has only real dates")
}

pub fn term() -> (Date, Date) {
    let ((y, m, d), (ey, em, ed)) = TERM;
    (date(y, m, d), date(ey, em, ed))
}

/// Days off on weekdays, and make-up days at weekends (State Council, 2026; those of 2027 are made up for the demo).
const OFF: [(u32, u32); 9] = [(9, 25), (10, 1), (10, 2), (10, 5), (10, 6), (10, 7), (1, 1), (1, 2), (1, 3)];
const MAKE_UP: [(u32, u32); 2] = [(9, 20), (10, 10)];

/// The term's school days as the schools know them.
pub fn school_days() -> Vec<Date> {
    use chrono::Datelike;
    let (first, last) = term();
    first
        .iter_days()
        .take_while(|d| *d <= last)
        .filter(|d| {
            let day = (d.month(), d.day());
            MAKE_UP.contains(&day) || (d.weekday().num_days_from_monday() < 5 && !OFF.contains(&day))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_township() {
        let a = Township::make(7, Size::Small);
        let b = Township::make(7, Size::Small);
        assert_eq!(a.exports.len(), b.exports.len());
        for (x, y) in a.exports.iter().zip(&b.exports) {
            assert!(x.at == y.at && x.file_name == y.file_name && x.bytes == y.bytes, "{}", x.file_name);
        }
        let c = Township::make(8, Size::Small);
        assert!(a.exports.iter().zip(&c.exports).any(|(x, y)| x.bytes != y.bytes));
    }

    #[test]
    fn the_whole_township_has_four_schools_and_about_twelve_hundred_pupils() {
        let t = Township::make(1, Size::Whole);
        assert_eq!(t.schools.len(), 4);
        assert!((1_150..=1_250).contains(&t.pupils.len()), "{}", t.pupils.len());
        let numbers: std::collections::BTreeSet<_> = t.pupils.iter().map(|p| &p.student_no).collect();
        assert_eq!(numbers.len(), t.pupils.len());
        assert!(t.pupils.iter().all(|p| p.id_number.starts_with("999999") && p.phone.starts_with("1390")));
    }

    #[test]
    fn make_up_days_are_school_days_and_the_holiday_week_is_not() {
        let days = school_days();
        let check = |y, m, d, expected: bool| assert_eq!(days.contains(&date(y, m, d)), expected, "{y}-{m}-{d}");
        check(2026, 9, 1, true);
        check(2026, 9, 20, true);
        check(2026, 9, 25, false);
        check(2026, 10, 5, false);
        check(2026, 10, 10, true);
        check(2026, 11, 14, false);
        check(2027, 1, 1, false);
        check(2027, 1, 22, true);
    }

    #[test]
    fn exports_come_in_order_of_arrival_and_one_school_is_silent_for_a_week() {
        let t = Township::make(1, Size::Small);
        assert!(t.exports.windows(2).all(|w| w[0].at <= w[1].at));
        let silent = t.exports.iter().filter(|e| {
            e.source == "ys-school-roll" && e.at.date() >= date(2026, 11, 2) && e.at.date() <= date(2026, 11, 6)
        });
        assert_eq!(silent.count(), 0);
    }

    #[test]
    fn every_export_is_read_without_a_fault() {
        use crate::decode;
        use crate::domain::ids::SchoolId;
        use crate::domain::policy as p;
        let t = Township::make(3, Size::Small);
        let reader = p::Reader {
            format: p::Format::Auto,
            encoding: None,
            layout: p::Layout::Auto,
            sheet: None,
            stated_at: p::StatedAt::Arrival,
            columns: Default::default(),
            statuses: Default::default(),
            legend: Default::default(),
            blank: p::Blank::Hold,
            late_over: None,
        };
        let plan = |s: &School| p::School {
            id: SchoolId::new(s.id),
            name: s.name.into(),
            stages: vec![(p::Stage::Primary, 1..=9)],
            grades: s.grades.clone().collect(),
            periods: Vec::new(),
            timetable: false,
            slots: Vec::new(),
            sessions: Vec::new(),
            makeup: p::Makeup::Follow,
            patterns: Vec::new(),
            contacts: Default::default(),
            homerooms: Default::default(),
        };
        let schools: Vec<p::School> = t.schools.iter().map(plan).collect();
        let acts = p::ActWords::default();
        for e in &t.exports {
            let at = t.schools.iter().position(|s| s.source() == e.source);
            let exceptions = at.is_some_and(|s| t.schools[s].habit == Habit::Exceptions);
            let asked = decode::Asked {
                content: if at.is_some() { p::Content::Attendance } else { p::Content::Register },
                coverage: if exceptions { p::CoverageKind::Exceptions } else { p::CoverageKind::Full },
                reader: &reader,
                file_name: &e.file_name,
                statuses: &[],
                acts: &acts,
                school: at.map(|s| &schools[s]),
                school_column: Some("学校"),
                schools: &schools,
                stated_on: Some(e.at.date()),
            };
            let mut faults = Vec::new();
            let mut reading = decode::open(std::io::Cursor::new(&e.bytes), &asked)
                .unwrap_or_else(|f| panic!("{}: {f:?}", e.file_name));
            let summary = reading
                .for_each(&mut |row| {
                    faults.extend(row.err());
                    std::ops::ControlFlow::Continue(())
                })
                .unwrap_or_else(|f| panic!("{}: {f:?}", e.file_name));
            assert!(faults.is_empty(), "{}: {:?}", e.file_name, faults[0]);
            assert!(exceptions || summary.observations > 0, "{}", e.file_name);
            assert!(at.is_none() || !summary.stated.is_empty(), "{} states no date", e.file_name);
        }
    }
}
