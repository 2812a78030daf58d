//! Intake as a whole: real bytes through the real decoder into a real database, and what the evidence says afterwards.

mod town;

use kongchuo::domain::evidence::Evidence;
use kongchuo::domain::ids::{ClassName, PupilId, SchoolId, SourceId};
use kongchuo::domain::policy::{Content, CoverageKind, Policy, Replaces};
use kongchuo::domain::ratio::Ratio;
use kongchuo::domain::{Date, Time};
use kongchuo::step::engine;
use kongchuo::step::intake::{Found, How, Outcome, Received, receive};
use kongchuo::store::deliveries::{self, ConditionKind};
use kongchuo::store::{Db, evidence, vault};
use std::io::Cursor;
use town::{at, date, key, policy};

struct Town {
    db: Db,
    policy: Policy,
}

impl Town {
    fn new() -> Town {
        Town { db: Db::open_in_memory(&key()).expect("memory"), policy: policy() }
    }
    fn with_register() -> Town {
        let mut t = Town::new();
        let r = t.give("register", "2026-08-31 08:00", REGISTER);
        assert_eq!((r.outcome, r.fault_count), (Outcome::Applied, 0), "{:?}", r.faults);
        t.settle_marks();
        t
    }
    fn take(&mut self, source: &str, now: &str, csv: &str, how: How) -> Received {
        let found = Found { source: SourceId::new(source), file_name: "a.csv", modified: at(now) };
        receive(&mut self.db, &self.policy, at(now), &found, &mut Cursor::new(csv.as_bytes()), how).expect("received")
    }
    fn give(&mut self, source: &str, now: &str, csv: &str) -> Received {
        let r = self.take(source, now, csv, How::Poll);
        kongchuo::step::intake::moved(&mut self.db, r.delivery).expect("moved");
        r
    }
    fn settle_marks(&mut self) {
        self.db.write(deliveries::clear_marks).expect("clears");
    }
    fn dirty(&self) -> Vec<i64> {
        deliveries::dirty_pupils(self.db.conn()).expect("dirty").iter().map(|p| p.0).collect()
    }
    fn step(&mut self, now: &str) -> engine::Step {
        engine::step(&mut self.db, &self.policy, at(now)).expect("a step")
    }
    fn evidence(&self) -> Evidence {
        evidence::load_all(self.db.conn()).expect("loads")
    }
    fn conditions(&self) -> Vec<ConditionKind> {
        deliveries::conditions(self.db.conn()).expect("conditions").into_iter().map(|c| c.kind).collect()
    }
    fn pupil(&self, no: &str) -> PupilId {
        vault::pupil_by_student_no(self.db.conn(), &self.db.vault(), no).expect("looks").expect("known")
    }
    /// Every statement, presences and rows alike, by stamp and student number: what does not depend on references.
    fn said(&self) -> Vec<(Time, String, Date, String, String)> {
        let e = self.evidence();
        let no = |p: PupilId| {
            let card = vault::pupil_card(self.db.conn(), &self.db.vault(), p).expect("opens").expect("a pupil");
            card.student_no.expect("a number")
        };
        let when = |d| e.deliveries[&d].stamp.stated_at;
        let mut out: Vec<_> = e
            .rows
            .iter()
            .map(|r| (when(r.delivery), no(r.pupil), r.date, r.slot.to_string(), r.status.to_string()))
            .collect();
        for s in &e.sheets {
            for p in s.present.iter() {
                out.push((when(s.delivery), no(p), s.date, s.slot.to_string(), "present".into()));
            }
        }
        out.sort();
        out
    }
}

const REGISTER: &str = "学籍号,姓名,年级,班级,学籍状态,监护人1姓名,监护人1电话\n\
    S0001,张小雨,3,三年级2班,在读,张父,13900000001\n\
    S0002,何小全,3,三年级2班,在读,何父,13900000002\n\
    S0003,李小明,3,三年级2班,在读,李父,13900000003\n\
    S0004,李小明,3,三年级1班,在读,李母,13900000004\n";

fn roll(day: &str, marks: &[(&str, &str)]) -> String {
    let mut s = String::from("学籍号,日期,时段,状态\n");
    for (no, mark) in marks {
        s += &format!("{no},{day},全天,{mark}\n");
    }
    s
}

const A: &[(&str, &str)] = &[("S0001", "缺勤"), ("S0002", "出勤"), ("S0003", "出勤")];
const B: &[(&str, &str)] = &[("S0001", "病假"), ("S0002", "出勤"), ("S0003", "出勤")];

#[test]
fn the_same_bytes_are_a_statement_only_after_something_else() {
    let mut t = Town::with_register();
    let (a, b) = (roll("2026-09-07", A), roll("2026-09-07", B));
    let steps: [(&str, &str, Outcome, &[i64]); 5] = [
        ("2026-09-07 09:00", &a, Outcome::Applied, &[1, 2, 3]),
        ("2026-09-07 09:10", &a, Outcome::Duplicate, &[]),
        ("2026-09-07 09:20", &b, Outcome::Applied, &[1]),
        ("2026-09-07 09:30", &a, Outcome::Applied, &[1]),
        ("2026-09-07 09:40", &a, Outcome::Duplicate, &[]),
    ];
    for (now, csv, outcome, dirty) in steps {
        let r = t.give("roll", now, csv);
        assert_eq!(r.outcome, outcome, "{now} {:?}", r.faults);
        assert_eq!(t.dirty(), dirty, "{now}");
        t.settle_marks();
    }
    let e = t.evidence();
    assert_eq!(e.deliveries.len(), 3);
    assert_eq!(e.sheets.len(), 3);
    assert_eq!(e.rows.len(), 3);
    let last = e.rows.iter().max_by_key(|r| e.deliveries[&r.delivery].stamp).expect("a row");
    assert_eq!(last.status, "unexplained");
}

#[test]
fn a_month_file_sent_again_with_a_day_more_marks_only_whom_it_changes() {
    let mut t = Town::with_register();
    let monday = roll("2026-09-07", A);
    t.give("roll", "2026-09-07 09:00", &monday);
    t.settle_marks();
    let both = format!("{monday}S0002,2026-09-08,全天,缺勤\n");
    t.give("roll", "2026-09-08 09:00", &both);
    // The class is covered on Tuesday now: those whom no row names are not listed.
    assert_eq!(t.dirty(), [1, 2, 3]);
    t.settle_marks();
    let corrected = both.replace("S0002,2026-09-08,全天,缺勤", "S0002,2026-09-08,全天,出勤");
    t.give("roll", "2026-09-08 10:00", &corrected);
    assert_eq!(t.dirty(), [2]);
}

#[test]
fn a_month_file_sent_again_unchanged_evaluates_nobody() {
    let mut t = Town::with_register();
    let days = ["2026-09-07", "2026-09-08", "2026-09-09", "2026-09-10", "2026-09-11"];
    let month: String = "学籍号,日期,时段,状态\n".to_owned()
        + &days.map(|day| roll(day, A)).join("").replace("学籍号,日期,时段,状态\n", "");
    assert_eq!(t.give("roll", "2026-09-11 09:00", &month).outcome, Outcome::Applied);
    // The first step under a policy evaluates everybody on the register.
    assert_eq!(t.step("2026-09-11 09:01").evaluated, 4);
    // The export is written anew, with the same in it: other bytes, a later stamp.
    let again = format!("{month}\n");
    let r = t.give("roll", "2026-09-11 15:00", &again);
    assert_eq!((r.outcome, r.rows), (Outcome::Applied, 15));
    assert_eq!(t.dirty(), [0i64; 0]);
    assert_eq!(t.step("2026-09-11 15:01").evaluated, 0);
    // One row changed: one pupil.
    let corrected = again.replacen("S0002,2026-09-09,全天,出勤", "S0002,2026-09-09,全天,缺勤", 1);
    t.give("roll", "2026-09-11 16:00", &corrected);
    assert_eq!(t.step("2026-09-11 16:01").evaluated, 1);
}

#[test]
fn a_month_file_of_lessons_sent_again_unchanged_marks_nobody() {
    let mut t = Town::with_register();
    // Presences are stored apart from the absence between them.
    let lessons = [("第1节", "出勤"), ("第2节", "缺勤"), ("第3节", "出勤"), ("第4节", "病假"), ("第5节", "出勤")];
    let month: String = "学籍号,日期,时段,状态\n".to_owned()
        + &lessons.map(|(lesson, mark)| format!("S0001,2026-09-07,{lesson},{mark}\n")).concat();
    t.give("roll", "2026-09-07 09:00", &month);
    t.settle_marks();
    assert_eq!(t.give("roll", "2026-09-07 15:00", &format!("{month}\n")).outcome, Outcome::Applied);
    assert_eq!(t.dirty(), [0i64; 0]);
    t.give("roll", "2026-09-07 16:00", &month.replace("第4节,病假", "第4节,缺勤"));
    assert_eq!(t.dirty(), [1]);
}

#[test]
fn a_roll_that_is_its_classes_whole_statement_takes_off_whom_it_leaves_out_whatever_came_in_between() {
    let mut t = Town::with_register();
    let roll_call = t.policy.sources.iter_mut().find(|s| s.id == *"roll").expect("a roll call");
    roll_call.replaces = Replaces::Day;
    t.give("roll", "2026-09-07 09:00", &roll("2026-09-07", &[("S0001", "出勤"), ("S0002", "出勤")]));
    t.settle_marks();
    // The other class: nobody of the first is touched.
    t.give("roll", "2026-09-07 10:00", &roll("2026-09-07", &[("S0004", "出勤")]));
    assert_eq!(t.dirty(), [4]);
    t.settle_marks();
    t.give("roll", "2026-09-07 11:00", &roll("2026-09-07", &[("S0002", "出勤")]));
    assert_eq!(t.dirty(), [1], "S0001 is not listed any more");
    t.settle_marks();
    // Only the morning again: the afternoon stands.
    t.give("roll", "2026-09-07 12:00", "学籍号,日期,时段,状态\nS0001,2026-09-07,上午,出勤\n");
    assert_eq!(
        t.dirty(),
        [1, 2, 3],
        "S0001 is there in the morning, S0002 is not, S0003 whom nobody names is looked at too"
    );
}

#[test]
fn an_end_of_leave_stated_earlier_and_read_later_is_looked_at() {
    let mut t = Town::with_register();
    let roll_call = t.policy.sources.iter_mut().find(|s| s.id == *"roll").expect("a roll call");
    roll_call.reader.stated_at = kongchuo::domain::policy::StatedAt::Content;
    let file =
        |at: &str, until: &str| format!("导出时间：{at}\n学籍号,日期,状态,请假至\nS0001,2026-09-07,病假,{until}\n");
    t.give("roll", "2026-09-08 18:00", &file("2026-09-07 10:00", ""));
    t.settle_marks();
    t.give("roll", "2026-09-08 18:01", &file("2026-09-07 09:00", "2026-09-09"));
    assert_eq!(t.dirty(), [1], "a later row that names no end does not take the end away");
}

#[test]
fn whom_a_second_school_lists_is_looked_at_when_its_class_is_covered() {
    let mut t = Town::with_register();
    let mut other = t.policy.schools[0].clone();
    (other.id, other.name) = (SchoolId::new("other"), "春山镇第二小学".into());
    t.policy.schools.push(other);
    for (id, content) in [("register2", Content::Register), ("roll2", Content::Attendance)] {
        let mut s = town::source(id, content, CoverageKind::Full);
        s.school = Some(SchoolId::new("other"));
        t.policy.sources.push(s);
    }
    t.give(
        "register2",
        "2026-09-01 08:00",
        "学籍号,姓名,年级,班级,学籍状态\nS0001,张小雨,3,三年级1班,在读\nS0009,赵小山,3,三年级1班,在读\n",
    );
    t.settle_marks();
    // The first school's class: S0001 is on its register too.
    t.give("roll", "2026-09-07 09:00", &roll("2026-09-07", &[("S0002", "出勤")]));
    assert!(t.dirty().contains(&1), "{:?}", t.dirty());
}

#[test]
fn an_absentee_list_sent_again_without_a_child_takes_the_child_off() {
    let mut t = Town::with_register();
    t.give("absent", "2026-09-07 09:00", "学籍号,日期,状态\nS0001,2026-09-07,缺勤\nS0002,2026-09-07,病假\n");
    assert_eq!(t.dirty(), [1, 2, 3, 4], "the school is covered for the first time");
    t.settle_marks();
    t.give("absent", "2026-09-07 09:30", "学籍号,日期,状态\nS0002,2026-09-07,病假\n");
    assert_eq!(t.dirty(), [1]);
    let e = t.evidence();
    for d in e.deliveries.values() {
        assert_eq!(d.stated[&SchoolId::new("cs")], [date("2026-09-07")]);
        assert_eq!(d.replaces, Replaces::Day);
    }
}

#[test]
fn a_row_without_numbers_finds_its_pupil_by_name_within_the_class_only() {
    let mut t = Town::with_register();
    let csv = "姓名,班级,日期,状态\n李小明,三(1)班,2026-09-07,缺勤\n李小明,三年级3班,2026-09-07,缺勤\n何小全,三3班,2026-09-07,缺勤\n";
    let r = t.give("roll", "2026-09-07 09:00", csv);
    assert_eq!((r.outcome, r.unknown), (Outcome::Applied, 2), "{:?}", r.faults);
    let rows = t.evidence().rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].pupil, t.pupil("S0004"));
    assert_eq!(t.conditions(), [ConditionKind::UnknownPupils]);
}

#[test]
fn rows_that_name_nobody_wait_for_the_register() {
    let mut t = Town::new();
    let r = t.give("roll", "2026-09-07 09:00", &roll("2026-09-07", A));
    assert_eq!((r.outcome, r.unknown, r.fault_count), (Outcome::Applied, 3, 3));
    assert_eq!(t.conditions(), [ConditionKind::UnknownPupils]);
    let r = t.give("register", "2026-09-07 10:00", REGISTER);
    assert_eq!((r.outcome, r.fault_count), (Outcome::Applied, 0), "{:?}", r.faults);
    assert_eq!(t.conditions(), []);
    assert_eq!(t.dirty(), [1, 2, 3, 4]);
    let mut first = Town::with_register();
    first.give("roll", "2026-09-07 09:00", &roll("2026-09-07", A));
    assert_eq!(t.said(), first.said());
}

#[test]
fn the_guard_holds_what_is_odd_until_somebody_confirms() {
    let mut t = Town::with_register();
    t.policy.sources[1].guard.absent_share = Some(Ratio::new(3, 10));
    t.policy.sources[1].guard.unknown_rows = Some(Ratio::new(1, 10));
    t.policy.sources[0].guard.roster_shrinks = Some(Ratio::new(1, 10));
    let a = roll("2026-09-07", A);
    let r = t.give("roll", "2026-09-07 09:00", &a);
    assert_eq!(r.outcome, Outcome::Held);
    assert_eq!(r.odd.and_then(|o| o.absent), Some((date("2026-09-07"), 1, 3)));
    assert_eq!((t.dirty(), t.said(), t.conditions()), (vec![], vec![], vec![ConditionKind::ExportHeld]));
    assert_eq!(t.give("roll", "2026-09-07 09:10", &a).outcome, Outcome::Held, "the same again");
    let how = How::Import { stated_at: None, confirm: true, by: Some("王主任") };
    assert_eq!(t.take("roll", "2026-09-07 09:20", &a, how).outcome, Outcome::Applied);
    assert_eq!(t.conditions(), []);
    assert_eq!(t.said().len(), 3);
    assert_eq!(t.said()[0].0, at("2026-09-07 09:00"), "its stamp stays");
    let unknown = "学籍号,日期,状态\nS0002,2026-09-08,出勤\nS9999,2026-09-08,出勤\n";
    let r = t.give("roll", "2026-09-08 09:00", unknown);
    assert_eq!(r.odd.and_then(|o| o.unknown), Some((1, 2)));
    // A mark that nobody knows says nothing about its row either.
    let r = t.give("roll", "2026-09-08 09:10", "学籍号,日期,状态\nS0002,2026-09-08,出勤\nS0003,2026-09-08,◎\n");
    assert_eq!((r.outcome, r.odd.and_then(|o| o.unknown)), (Outcome::Held, Some((1, 2))));
    // Replaced by a good one: nothing is held any more.
    t.give("roll", "2026-09-08 09:30", "学籍号,日期,状态\nS0002,2026-09-08,出勤\n");
    assert_eq!(t.conditions(), []);
    let shrunk = REGISTER.lines().take(4).collect::<Vec<_>>().join("\n");
    let r = t.give("register", "2026-09-08 10:00", &shrunk);
    assert_eq!(r.odd.and_then(|o| o.missing), Some((1, 4)));
}

#[test]
fn nobody_leaves_the_register_by_silence() {
    let mut t = Town::with_register();
    let shrunk = REGISTER.lines().take(4).collect::<Vec<_>>().join("\n");
    t.give("register", "2026-09-08 10:00", &shrunk);
    assert_eq!(t.conditions(), [ConditionKind::RosterShrunk]);
    let detail = &deliveries::conditions(t.db.conn()).expect("conditions")[0].detail;
    assert_eq!(*detail, format!("{{\"pupils\":[{}]}}", t.pupil("S0004").0));
    t.give("register", "2026-09-09 10:00", &REGISTER.replace("三年级1班,在读", "三年级1班,转出"));
    assert_eq!(t.conditions(), []);
}

#[test]
fn a_file_that_cannot_be_read_changes_nothing_and_may_be_tried_again() {
    let mut t = Town::with_register();
    let r = t.give("roll", "2026-09-07 09:00", "a,b\n1,2\n");
    assert_eq!(r.outcome, Outcome::Rejected);
    assert_eq!(t.conditions(), [ConditionKind::ExportRejected]);
    assert!(t.said().is_empty());
    assert_eq!(t.give("roll", "2026-09-07 09:05", "a,b\n1,2\n").outcome, Outcome::Rejected);
    t.give("roll", "2026-09-07 09:10", &roll("2026-09-07", A));
    assert_eq!(t.conditions(), []);
}

#[test]
fn two_rows_about_the_same_time_are_both_kept_and_lessons_beside_each_other_are_not_rows() {
    let mut t = Town::with_register();
    let csv = "学籍号,日期,时段,状态\n\
        S0001,2026-09-07,全天,出勤\nS0001,2026-09-07,下午,缺勤\n\
        S0002,2026-09-07,上午,出勤\nS0002,2026-09-07,下午,出勤\n";
    let r = t.give("roll", "2026-09-07 18:00", csv);
    assert_eq!(r.fault_count, 0, "{:?}", r.faults);
    let e = t.evidence();
    assert_eq!(e.rows.len(), 2);
    assert!(e.rows.iter().all(|r| r.pupil == t.pupil("S0001")));
    let mut slots: Vec<_> = e.sheets.iter().map(|s| s.slot.to_string()).collect();
    slots.sort();
    assert_eq!(slots, ["am", "pm"]);
}

#[test]
fn a_day_said_over_and_over_is_one_presence_and_of_contradictions_the_last_of_each_word_is_read() {
    let mut t = Town::with_register();
    let csv = "学籍号,日期,时段,状态\n\
        S0001,2026-09-07,全天,出勤\nS0001,2026-09-07,上午,出勤\nS0001,2026-09-07,全天,出勤\n\
        S0002,2026-09-07,全天,缺勤\nS0002,2026-09-07,全天,病假\nS0002,2026-09-07,全天,缺勤\nS0002,2026-09-07,下午,缺勤\n";
    let r = t.give("roll", "2026-09-07 18:00", csv);
    assert_eq!(r.fault_count, 0, "{:?}", r.faults);
    let e = t.evidence();
    let mut sheets: Vec<_> = e.sheets.iter().map(|s| (s.slot.to_string(), s.present.iter().count())).collect();
    sheets.sort();
    assert_eq!(sheets, [("am".to_owned(), 1), ("day".to_owned(), 1)]);
    let rows: Vec<_> = e.rows.iter().map(|r| (r.row_no, r.slot.to_string(), r.status.to_string())).collect();
    let row = |no, slot: &str, status: &str| (no, slot.to_owned(), status.to_owned());
    assert_eq!(rows, [row(5, "day", "sick"), row(6, "day", "unexplained"), row(7, "pm", "unexplained")]);
    let stored: i64 = t.db.conn().query_row("SELECT count(*) FROM attendance_row", [], |r| r.get(0)).expect("counts");
    assert_eq!(stored, 4, "the history keeps all of them");
}

#[test]
fn rows_for_days_that_cannot_count_are_told() {
    use kongchuo::domain::fault::FaultKind;
    let mut t = Town::with_register();
    let csv = "学籍号,日期,时段,状态\nS0001,2026-09-05,全天,缺勤\nS0002,2026-09-08,全天,缺勤\n";
    let r = t.give("roll", "2026-09-07 18:00", csv);
    let kinds: Vec<_> = r.faults.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FaultKind::NotASchoolDay, FaultKind::InTheFuture]);
}

#[test]
fn a_delivery_that_took_the_process_down_twice_is_set_aside() {
    let mut t = Town::with_register();
    let csv = roll("2026-09-07", A);
    // Two processes begin to read the file and die.
    let vault = t.db.vault();
    let mut hash = vault.hasher("file");
    hash.update(csv.as_bytes());
    let digest = hash.finish();
    let source = t.policy.sources[1].clone();
    t.db.write(|tx| {
        let new = deliveries::New {
            source: &source,
            file_name: "a.csv",
            digest,
            size: csv.len() as u64,
            arrived_at: at("2026-09-07 09:00"),
            stated_at: at("2026-09-07 09:00"),
            to_move: true,
        };
        let id = deliveries::insert(tx, &vault, &new)?;
        deliveries::begin_reading(tx, id, false)?;
        deliveries::begin_reading(tx, id, false)
    })
    .expect("written");
    assert_eq!(t.give("roll", "2026-09-07 09:10", &csv).outcome, Outcome::SetAside);
    assert_eq!(t.conditions(), [ConditionKind::ExportRejected]);
    assert!(t.said().is_empty());
    let how = How::Import { stated_at: None, confirm: false, by: None };
    assert_eq!(t.take("roll", "2026-09-07 09:20", &csv, how).outcome, Outcome::Applied, "a person may ask for it");
}

#[test]
fn an_error_in_the_middle_leaves_nothing_and_the_file_is_taken_later() {
    let mut t = Town::with_register();
    let csv = roll("2026-09-07", A);
    for table in ["sheet", "delivery_date", "group_dirty"] {
        let fail = format!("CREATE TEMP TRIGGER fail BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END;");
        t.db.conn().execute_batch(&fail).expect("trigger");
        let found = Found { source: SourceId::new("roll"), file_name: "a.csv", modified: at("2026-09-07 09:00") };
        let now = at("2026-09-07 09:00");
        let r = receive(&mut t.db, &t.policy, now, &found, &mut Cursor::new(csv.as_bytes()), How::Poll);
        assert!(r.is_err(), "{table}");
        assert!(t.said().is_empty() && t.dirty().is_empty() && t.conditions().is_empty(), "{table}");
        assert_eq!(deliveries::unread(t.db.conn(), &[SourceId::new("roll")]).expect("reads").len(), 1);
        t.db.conn().execute_batch("DROP TRIGGER fail;").expect("dropped");
    }
    assert_eq!(t.give("roll", "2026-09-07 09:05", &csv).outcome, Outcome::Applied);
    assert_eq!(t.said()[0].0, at("2026-09-07 09:00"), "it was first seen then");
}

#[test]
fn a_crash_between_applying_and_moving_moves_only() {
    let mut t = Town::with_register();
    let csv = roll("2026-09-07", A);
    let first = t.take("roll", "2026-09-07 09:00", &csv, How::Poll);
    t.settle_marks();
    let again = t.take("roll", "2026-09-07 09:01", &csv, How::Poll);
    assert_eq!((again.outcome, again.delivery), (Outcome::Duplicate, first.delivery));
    assert!(t.dirty().is_empty());
    assert_eq!(t.said().len(), 3);
}

#[test]
fn an_l_number_and_a_g_number_are_one_pupil_through_the_id_number() {
    let id = "99999920160301001X";
    let check = kongchuo::domain::normalise::is_good_id_number;
    // The made-up area 999999 with whatever check character is right.
    let good = ('0'..='9').chain(['X']).map(|c| format!("{}{c}", &id[..17])).find(|s| check(s)).expect("one is right");
    let l = format!("学籍号,身份证号,姓名,年级,班级,学籍状态\nL999999201603010017,{good},赵小北,3,三年级2班,在读\n");
    let g = format!("学籍号,姓名,年级,班级,学籍状态\nG{good},赵小北,3,三年级2班,在读\n");
    for files in [[&l, &g], [&g, &l]] {
        let mut t = Town::new();
        for (n, f) in files.into_iter().enumerate() {
            let r = t.give("register", &format!("2026-08-31 0{n}:00"), f);
            assert_eq!((r.outcome, r.fault_count), (Outcome::Applied, 0), "{:?}", r.faults);
        }
        assert_eq!(t.pupil("L999999201603010017"), t.pupil(&format!("G{good}")));
    }
}

#[test]
fn the_order_in_which_stamped_deliveries_arrive_changes_nothing() {
    let files: [(&str, &str, String); 5] = [
        ("register", "2026-08-31 08:00", REGISTER.to_owned()),
        ("roll", "2026-09-07 09:00", roll("2026-09-07", A)),
        ("roll", "2026-09-07 10:00", roll("2026-09-07", B)),
        ("roll", "2026-09-08 09:00", roll("2026-09-08", B)),
        ("absent", "2026-09-08 11:00", "学籍号,日期,状态\nS0001,2026-09-08,旷课\n".to_owned()),
    ];
    let mut orders = vec![vec![]];
    for n in 0..files.len() {
        orders = orders
            .into_iter()
            .flat_map(|o: Vec<usize>| (0..=o.len()).map(move |i| [&o[..i], &[n], &o[i..]].concat()))
            .collect();
    }
    let mut want = None;
    // Every seventh order is enough to catch a dependence and keeps the test short.
    for order in orders.into_iter().step_by(7) {
        let mut t = Town::new();
        for (i, n) in order.iter().enumerate() {
            let (source, stated, csv) = &files[*n];
            let how = How::Import { stated_at: Some(at(stated)), confirm: false, by: None };
            t.take(source, &format!("2026-09-10 1{i}:00"), csv, how);
        }
        let mut register: Vec<_> = t
            .evidence()
            .register
            .iter()
            .map(|r| (r.stamp.stated_at, r.class.as_ref().map(ClassName::to_string)))
            .collect();
        register.sort();
        let got = (t.said(), register, t.conditions());
        assert_eq!(*want.get_or_insert(got.clone()), got, "{order:?}");
    }
}

#[test]
fn nothing_personal_lies_open_in_the_database_file() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("k.db");
    let mut t = Town { db: Db::open(&path, &key()).expect("opens"), policy: policy() };
    let csv = "学籍号,姓名,班级,日期,状态,原因\nS0001,张小雨,三年级2班,2026-09-07,病假,高烧住院\nS7777,钱小西,三年级2班,2026-09-07,缺勤,\n";
    let found =
        Found { source: SourceId::new("roll"), file_name: "张小雨请假.csv", modified: at("2026-09-07 09:00") };
    t.give("register", "2026-08-31 08:00", REGISTER);
    let now = at("2026-09-07 09:00");
    receive(&mut t.db, &t.policy, now, &found, &mut Cursor::new(csv.as_bytes()), How::Poll).expect("received");
    let feedback = "学籍号,日期,措施,经办人,结果,备注\nS0001,2026-09-07,家访,周老师,已联系,在外婆家\n";
    t.give("feedback", "2026-09-08 09:00", feedback);
    let secret =
        ["张小雨", "钱小西", "李小明", "张父", "13900000001", "S0001", "S7777", "高烧住院", "周老师", "在外婆家"];
    let scan = |when: &str| {
        for entry in std::fs::read_dir(dir.path()).expect("the folder") {
            let bytes = std::fs::read(entry.expect("entry").path()).expect("bytes");
            for s in secret {
                assert!(!bytes.windows(s.len()).any(|w| w == s.as_bytes()), "{s} {when}");
            }
        }
    };
    scan("in the write-ahead log");
    t.db.checkpoint().expect("checkpoint");
    scan("in the file");
}

#[test]
fn files_go_to_done_rejected_or_held_with_a_report_beside_them() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut t = Town::with_register();
    t.policy.sources[1].kind =
        kongchuo::domain::policy::SourceKind::Directory { path: dir.path().to_path_buf(), matching: "*.csv".into() };
    t.policy.sources[1].guard.unknown_rows = Some(Ratio::new(1, 2));
    let policy = t.policy.clone();
    let source = &policy.sources[1];
    let mut folder = kongchuo::drive::inbox::directory(&policy, source);
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("write");
    put("1.csv", &roll("2026-09-07", A));
    put("2.csv", "a,b\n1,2\n");
    put("3.csv", "学籍号,日期,状态\nS9999,2026-09-07,出勤\n");
    put("4.csv", "学籍号,日期,状态\nS0001,2026-09-07,出勤\nS0002,2026-09-07,怪\n");
    let mut take = |now: &str| {
        let got = kongchuo::drive::inbox::take_all(&mut t.db, &policy, source, &mut folder, at(now), false);
        got.expect("taken").into_iter().map(|r| r.outcome).collect::<Vec<_>>()
    };
    assert!(take("2026-09-07 09:00").is_empty(), "they have not stood long enough");
    let outcomes = take("2026-09-07 09:01");
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Rejected, Outcome::Held, Outcome::Applied]);
    assert!(take("2026-09-07 09:02").is_empty());
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect(name);
    read("done/2026-09/1.csv");
    assert!(!dir.path().join("done/2026-09/1.csv.问题.txt").exists());
    assert!(read("rejected/2.csv.问题.txt").starts_with('\u{feff}'));
    assert!(read("held/3.csv.问题.txt").contains("--confirm"));
    let faults = read("done/2026-09/4.csv.问题.txt");
    assert!(faults.contains("第 3 行") && faults.contains("怪"), "{faults}");
}

#[test]
fn a_list_of_one_class_takes_back_nothing_of_another() {
    let mut t = Town::with_register();
    let absent = t.policy.sources.iter_mut().find(|s| s.id == *"absent").expect("a list of exceptions");
    absent.classes = vec![ClassName::new("三年级1班")];
    let newer = How::Import { stated_at: Some(at("2026-09-08 11:00")), confirm: false, by: None };
    t.take("absent", "2026-09-08 12:00", "学籍号,日期,状态\nS0004,2026-09-08,旷课\n", newer);
    t.settle_marks();
    // Stated before, read after: what it says of the other class still counts.
    let older = How::Import { stated_at: Some(at("2026-09-08 10:00")), confirm: false, by: None };
    t.take("absent", "2026-09-08 12:05", "学籍号,日期,状态\nS0001,2026-09-08,旷课\n", older);
    assert_eq!(t.dirty(), [1]);
}

#[test]
fn the_same_words_after_leave_was_stated_are_news() {
    let mut t = Town::with_register();
    t.policy.sources.push(town::source("leave", Content::Leave, CoverageKind::Full));
    t.give("roll", "2026-09-07 09:00", &roll("2026-09-07", A));
    t.give("leave", "2026-09-07 10:00", "学籍号,开始日期,结束日期,类型\nS0002,2026-09-07,2026-09-07,病假\n");
    t.settle_marks();
    t.give("roll", "2026-09-07 11:00", &format!("{}\n", roll("2026-09-07", A)));
    assert_eq!(t.dirty(), [2], "present again, which goes before the leave");
    t.settle_marks();
    t.give("roll", "2026-09-07 12:00", &format!("{}\n\n", roll("2026-09-07", A)));
    assert_eq!(t.dirty(), [0i64; 0]);
}

#[test]
fn a_row_that_waited_covers_the_schoolmates_of_a_school_without_classes() {
    let without = |more: &str| format!("学籍号,姓名,年级,学籍状态\nS0001,张小雨,3,在读\nS0002,何小全,3,在读\n{more}");
    let mut t = Town::new();
    t.give("register", "2026-08-31 08:00", &without(""));
    t.give("roll", "2026-09-07 09:00", &roll("2026-09-07", &[("S0009", "出勤")]));
    t.settle_marks();
    t.give("register", "2026-09-07 10:00", &without("S0009,新小来,3,在读\n"));
    assert_eq!(t.dirty(), [1, 2, 3], "those whom the roll call of the day does not name are not listed now");
}

#[test]
fn who_moves_on_the_day_of_the_roll_call_covers_the_class_of_the_morning() {
    let mut t = Town::with_register();
    let now = |text: &str| REGISTER.replace("S0001,张小雨,3,三年级2班", text);
    let stated = |time: &str| How::Import { stated_at: Some(at(time)), confirm: false, by: None };
    t.take("register", "2026-09-07 18:00", &now("S0001,张小雨,3,三年级1班"), stated("2026-09-07 12:00"));
    t.settle_marks();
    // In the morning she was in class 2 still: its other pupils are not listed; so would those of class 1 be.
    t.take("roll", "2026-09-07 18:05", &roll("2026-09-07", &[("S0001", "出勤")]), stated("2026-09-07 09:00"));
    assert_eq!(t.dirty(), [1, 2, 3, 4]);
}

#[test]
fn a_register_that_says_the_same_again_still_lists_the_pupil_of_two_schools() {
    let mut t = Town::new();
    let mut other = t.policy.schools[0].clone();
    other.id = SchoolId::new("other");
    t.policy.schools.push(other);
    let mut source = town::source("register-other", Content::Register, CoverageKind::Full);
    source.school = Some(SchoolId::new("other"));
    t.policy.sources.push(source);
    t.give("register", "2026-08-31 08:00", REGISTER);
    let with = "学籍号,姓名,年级,班级,学籍状态\nS0001,张小雨,3,三年级5班,在读\nS0005,赵小北,3,三年级5班,在读\n";
    let without = "学籍号,姓名,年级,班级,学籍状态\nS0005,赵小北,3,三年级5班,在读\n";
    let days = [
        ("2026-09-01 08:00", with.to_owned()),
        ("2026-09-02 08:00", format!("{with}\n")),
        ("2026-09-03 08:00", format!("{with}\n\n")),
        ("2026-09-04 08:00", without.to_owned()),
        ("2026-09-07 08:00", format!("{with}\n\n\n")),
        ("2026-09-08 08:00", format!("{with}\n\n\n\n")),
    ];
    for (now, csv) in &days {
        assert_eq!(t.give("register-other", now, csv).outcome, Outcome::Applied);
    }
    let calendar = kongchuo::domain::calendar::Calendar::new(&t.policy);
    let roster = kongchuo::domain::timeline::roster(&calendar, &t.evidence());
    let pupil = t.pupil("S0001");
    let both = |day: &str| roster.at(pupil, date(day)).expect("known").also.len() == 1;
    let got: Vec<bool> =
        ["2026-09-02", "2026-09-03", "2026-09-04", "2026-09-06", "2026-09-07", "2026-09-09"].map(both).into();
    assert_eq!(got, [true, true, false, false, true, true]);
}
