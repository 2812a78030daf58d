//! Random deliveries through the real intake and engine: whatever way they come, the findings in the database are the same.

#[path = "../town/mod.rs"]
pub mod town;

use kongchuo::domain::Time;
use kongchuo::domain::ids::{PupilId, SourceId};
use kongchuo::domain::policy::Policy;
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::rule::ast::*;
use kongchuo::step::engine;
use kongchuo::step::intake::{Found, How, receive};
use kongchuo::store::{Db, findings, vault};
use proptest::prelude::*;
use std::io::Cursor;
use town::{at, key, policy};

const REGISTER: &str = "学籍号,姓名,年级,班级,学籍状态\nS0001,张小雨,3,三年级2班,在读\nS0002,何小全,3,三年级2班,在读\n";
const DAYS: [&str; 6] = ["2026-09-07", "2026-09-08", "2026-09-09", "2026-09-10", "2026-09-11", "2026-09-14"];
const WORDS: [&str; 6] = ["出勤", "缺勤", "旷课", "病假", "迟到", ""];
const END: &str = "2026-09-20 20:00";

/// An export with its stamp.
#[derive(Clone, Debug)]
struct Export {
    source: &'static str,
    stated: String,
    csv: String,
}

fn export((n, day, late, list, marks): (usize, usize, usize, bool, [usize; 2])) -> Export {
    let date = DAYS[day];
    let stated = format!("{} 1{}:{:02}", DAYS[(day + late).min(5)], late, n);
    let mut csv = String::from("学籍号,日期,时段,状态\n");
    for (no, word) in ["S0001", "S0002"].iter().zip(marks) {
        // An absentee list names only those who are away.
        if !(WORDS[word].is_empty() || list && word == 0) {
            csv += &format!("{no},{date},全天,{}\n", WORDS[word]);
        }
    }
    Export { source: if list { "absent" } else { "roll" }, stated, csv }
}

prop_compose! {
    fn exports()(rows in prop::collection::vec((0usize..6, 0usize..3, any::<bool>(), [0usize..6, 0usize..6]), 2..9))
        -> Vec<Export> {
        let named = |x: &Export| x.csv.lines().count() > 1;
        let all = rows.into_iter().enumerate();
        let all: Vec<Export> =
            all.map(|(n, (day, late, list, marks))| export((n, day, late, list, marks))).filter(named).collect();
        // The same bytes twice are a statement or none by what came before: no two are the same here.
        let first = |(n, x): &(usize, &Export)| all[..*n].iter().all(|y| y.csv != x.csv);
        all.iter().enumerate().filter(first).map(|(_, x)| x.clone()).collect()
    }
}

fn rules() -> Policy {
    let mut p = policy();
    let weights = ["truant", "unexplained"].map(|s| (s.into(), Ratio::ONE)).to_vec();
    let counting = Counting { of: Of { written: "unexcused".into(), weights }, slots: vec![], day: None };
    let days = |n| Amount::Days(Threshold { n: Ratio::whole(n), over: false });
    let within = Window { kind: WindowKind::Week, clip: None, across_terms: false, across_schools: true };
    let conds = [
        Cond::Consecutive {
            counting: counting.clone(),
            amount: days(2),
            broken_by: BrokenBy::Attended,
            across_terms: false,
            across_schools: true,
        },
        Cond::Total { counting, amount: days(1), parts: false, within },
        Cond::Unlisted { days: Threshold { n: Ratio::ONE, over: false } },
    ];
    p.rules = conds
        .into_iter()
        .enumerate()
        .map(|(n, when)| Rule {
            id: format!("rule-{n}").as_str().into(),
            title: kongchuo::domain::message::Text::both("rule"),
            basis: None,
            subject: SubjectKind::Pupil,
            filter: Filter::default(),
            when,
            day: DayTest::Share(Ratio::HALF),
            level: 1,
            ladder: None,
            effective_from: None,
            effective_to: None,
            hash: format!("hash-{n}"),
        })
        .collect();
    p
}

struct Office {
    db: Db,
    policy: Policy,
    folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Office {
        let folder = tempfile::tempdir().expect("a folder");
        let db = Db::open(&folder.path().join("k.db"), &key()).expect("opens");
        let mut o = Office { db, policy: rules(), folder };
        o.take(&Export { source: "register", stated: "2026-08-31 08:00".into(), csv: REGISTER.into() });
        o
    }
    fn of(exports: &[Export]) -> Office {
        let mut o = Office::open();
        exports.iter().for_each(|x| o.take(x));
        o.step(END);
        o
    }
    fn take(&mut self, x: &Export) {
        let found = Found { source: SourceId::new(x.source), file_name: "a.csv", modified: at(END) };
        let how = How::Import { stated_at: Some(at(&x.stated)), confirm: true, by: None };
        let mut bytes = Cursor::new(x.csv.as_bytes());
        receive(&mut self.db, &self.policy, at(END), &found, &mut bytes, how).expect("received");
    }
    fn step(&mut self, now: &str) {
        let now: Time = at(now);
        engine::run(&mut self.db, &self.policy, now).expect("runs");
    }
    fn restart(&mut self) {
        let db = Db::open_in_memory(&key()).expect("memory");
        drop(std::mem::replace(&mut self.db, db));
        self.db = Db::open(&self.folder.path().join("k.db"), &key()).expect("opens");
    }
    fn findings(&self) -> Vec<String> {
        let no = |p: PupilId| {
            let card = vault::pupil_card(self.db.conn(), &self.db.vault(), p).expect("opens").expect("a pupil");
            card.student_no.expect("a number")
        };
        let all = findings::all(self.db.conn()).expect("reads");
        let mut out: Vec<String> = all
            .iter()
            .map(|f| {
                let days = (f.fired_on, f.last_on, f.open);
                format!(
                    "{} {} {days:?} {:?} {:?}",
                    f.rule,
                    f.subject.pupil.map_or("-".into(), no),
                    f.measure,
                    f.evidence
                )
            })
            .collect();
        out.sort();
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_repetition_restarts_and_steps_in_between_change_nothing(
        (given, other) in exports().prop_flat_map(|x| (Just(x.clone()), Just(x).prop_shuffle())),
    ) {
        let want = Office::of(&given).findings();
        prop_assert_eq!(&Office::of(&other).findings(), &want, "another order");
        let mut o = Office::open();
        for (n, x) in given.iter().enumerate() {
            o.take(x);
            // The same bytes straight after themselves are no new statement.
            o.take(x);
            o.step(END);
            if n % 2 == 0 {
                o.restart();
            }
        }
        o.step(END);
        prop_assert_eq!(&o.findings(), &want, "repeated, evaluated and restarted in between");
        o.step(END);
        prop_assert_eq!(&o.findings(), &want, "a step more");
    }

    #[test]
    fn one_file_of_many_days_says_what_many_files_say(marks in prop::collection::vec([0usize..5, 0usize..5], 6)) {
        let stated = "2026-09-15 10:00";
        let each: Vec<Export> =
            marks.iter().enumerate().map(|(d, m)| Export { stated: stated.into(), ..export((0, d, 0, false, *m)) }).collect();
        let rows: Vec<&str> = each.iter().flat_map(|x| x.csv.lines().skip(1)).collect();
        let csv = format!("学籍号,日期,时段,状态\n{}\n", rows.join("\n"));
        let one = Export { source: "roll", stated: stated.into(), csv };
        prop_assert_eq!(Office::of(&[one]).findings(), Office::of(&each).findings());
    }

    #[test]
    fn a_correction_takes_findings_away_and_a_correction_back_brings_them_again(
        marks in prop::collection::vec([0usize..5, 0usize..5], 6),
    ) {
        let given: Vec<Export> = marks.iter().enumerate().map(|(d, m)| export((d, d, 0, false, *m))).collect();
        let mut o = Office::of(&given);
        let want = o.findings();
        for n in 0..DAYS.len() {
            let stated = format!("2026-09-16 10:0{n}");
            o.take(&Export { stated, ..export((0, n, 0, false, [0, 0])) });
        }
        o.step(END);
        prop_assert_eq!(o.findings(), Vec::<String>::new());
        for (n, x) in given.iter().enumerate() {
            o.take(&Export { stated: format!("2026-09-17 10:0{n}"), ..x.clone() });
        }
        o.step(END);
        prop_assert_eq!(o.findings(), want);
    }
}
