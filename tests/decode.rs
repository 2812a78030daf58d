//! Decoding through the public door: made-up exports in every encoding and container, and the verdicts on real files
//! (kept beside the project, never in it).

use kongchuo::decode::{self, Asked, Summary};
use kongchuo::domain::fault::{Fault, FaultKind};
use kongchuo::domain::ids::StatusId;
use kongchuo::domain::policy::{ActWords, Blank, Content, CoverageKind, Format, Layout, Reader, StatedAt};
use kongchuo::domain::record::Observation;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::PathBuf;

fn reader() -> Reader {
    Reader {
        format: Format::Auto,
        encoding: None,
        layout: Layout::Auto,
        sheet: None,
        stated_at: StatedAt::Arrival,
        columns: BTreeMap::new(),
        statuses: BTreeMap::new(),
        legend: BTreeMap::new(),
        blank: Blank::Hold,
        late_over: None,
    }
}

/// Everything a file comes to, in one line per row; a refusal of the whole file as an error.
fn read(
    bytes: &[u8],
    name: &str,
    content: Content,
    coverage: CoverageKind,
    reader: &Reader,
) -> Result<(Vec<String>, Summary), Fault> {
    let acts = ActWords::default();
    let asked = Asked {
        content,
        coverage,
        reader,
        file_name: name,
        statuses: &[],
        acts: &acts,
        school: None,
        school_column: None,
        schools: &[],
        stated_on: None,
    };
    let mut reading = decode::open(Cursor::new(bytes), &asked)?;
    let mut rows = Vec::new();
    let summary = reading.for_each(&mut |item| {
        rows.push(match item {
            Ok(Observation::Attendance(r)) => format!(
                "{} {} {} {} {}",
                r.place.row,
                r.pupil.student_no.or(r.pupil.name).unwrap_or_default(),
                r.date,
                r.slot,
                r.status
            ),
            Ok(Observation::Register(r)) => format!("{} {}", r.place.row, r.pupil.student_no.unwrap_or_default()),
            Ok(Observation::Leave(r)) => format!("{} {}..{} {} {}", r.place.row, r.from, r.until, r.status, r.approved),
            Ok(Observation::Feedback(r)) => format!("{} {} {:?} {:?}", r.place.row, r.date, r.kind, r.result),
            Err(f) => format!("{} {:?} {}", f.place.row, f.kind, f.value.unwrap_or_default()),
        });
        ControlFlow::Continue(())
    })?;
    Ok((rows, summary))
}

fn roll(text: &str) -> Vec<String> {
    let got = read(text.as_bytes(), "roll.csv", Content::Attendance, CoverageKind::Full, &reader());
    got.map_or_else(|f| vec![format!("{:?}", f.kind)], |(rows, _)| rows)
}

const ROLL: &str = "春山镇中心小学考勤表\n\n学籍号,姓名,班级,日期,状态,原因\nS1,张小雨,三(2)班,2026-09-01,出勤,\n'S2,何小全,三年级2班,2026/9/1,缺勤,病假\n合计,,,,2,\n";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeffu16).chain(text.encode_utf16());
    units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn one_roll_call_reads_alike_in_every_encoding_and_delimiter() {
    let expected = vec!["4 S1 2026-09-01 day present".to_string(), "5 S2 2026-09-01 day sick".to_string()];
    let check = |what: &str, bytes: Vec<u8>| {
        let got = read(&bytes, "roll.csv", Content::Attendance, CoverageKind::Full, &reader());
        let (rows, summary) = got.unwrap_or_else(|f| panic!("{what}: {:?}", f.kind));
        assert_eq!(rows, expected, "{what}");
        assert_eq!((summary.rows, summary.passed_over), (2, 1), "{what}");
    };
    check("UTF-8", ROLL.as_bytes().to_vec());
    check("UTF-8 with a mark", [b"\xef\xbb\xbf", ROLL.as_bytes()].concat());
    check("GB18030", encoding_rs::GB18030.encode(ROLL).0.into_owned());
    check("UTF-16 LE", utf16(ROLL, false));
    check("UTF-16 BE", utf16(ROLL, true));
    check("CRLF", ROLL.replace('\n', "\r\n").into_bytes());
    check("lone CR", ROLL.replace('\n', "\r").into_bytes());
    for delimiter in ["\t", ";", "|"] {
        check(delimiter, ROLL.replace(',', delimiter).into_bytes());
    }
}

#[test]
fn a_short_gbk_file_that_is_valid_utf8_is_still_chinese() {
    // 状态 and 学校 in GBK are valid UTF-8 by accident.
    let text = "student_no,date,状态\nS1,2026-09-01,absent\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    assert!(std::str::from_utf8(&bytes).is_ok(), "the trap is one");
    let got = read(&bytes, "r.csv", Content::Attendance, CoverageKind::Full, &reader());
    assert_eq!(got.map(|(rows, _)| rows), Ok(vec!["2 S1 2026-09-01 day unexplained".to_string()]));
}

fn workbook(build: impl FnOnce(&mut rust_xlsxwriter::Workbook) -> Result<(), rust_xlsxwriter::XlsxError>) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    build(&mut book).expect("a small workbook can be built");
    book.save_to_buffer().expect("a small workbook can be written")
}

#[test]
fn a_workbook_with_titles_real_dates_and_merged_classes_is_read() {
    let bytes = workbook(|book| {
        let sheet = book.add_worksheet().set_name("九月")?;
        sheet.write(0, 0, "考勤表")?;
        for (i, header) in ["班级", "姓名", "日期", "节次", "状态"].into_iter().enumerate() {
            sheet.write(1, i as u16, header)?;
        }
        sheet.merge_range(2, 0, 3, 0, "三(2)班", &rust_xlsxwriter::Format::new())?;
        let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        for (row, name, status) in [(2, "张小雨", "√"), (3, "何小全", "旷课")] {
            sheet.write(row, 1, name)?;
            sheet.write_with_format(row, 2, 46266, &date)?;
            sheet.write(row, 3, "第3节")?;
            sheet.write(row, 4, status)?;
        }
        book.add_worksheet().set_name("Sheet2")?;
        Ok(())
    });
    let reader = reader();
    let got = read(&bytes, "无扩展名", Content::Attendance, CoverageKind::Full, &reader).map(|(rows, _)| rows);
    assert_eq!(
        got,
        Ok(vec!["3 张小雨 2026-09-01 p:3 present".to_string(), "4 何小全 2026-09-01 p:3 truant".to_string()])
    );
}

#[test]
fn rows_that_cannot_be_read_are_faults_and_never_guesses() {
    let check = |row: &str, expected: &[&str]| {
        let text = format!("学籍号,身份证号,姓名,日期,时段,状态,原因,分钟\n{row}\n");
        assert_eq!(roll(&text), expected, "{row}");
    };
    check("S1,,张,2026-09-01,,出勤,,", &["2 S1 2026-09-01 day present"]);
    check("S1,,张,9月1日,,出勤,,", &["2 BadDate 9月1日"]);
    check("S1,,张,2026-09-01,,×,,", &["2 UnknownStatus ×"]);
    check("S1,,张,2026-09-01,,P,,", &["2 UnknownStatus P"]);
    check("S1,,张,2026-09-01,,,,", &["2 BlankStatus "]);
    check("S1,,张,2026-09-01,某时,缺勤,,", &["2 NoSuchSlot 某时"]);
    check("S1,,张,2026-09-01,上午,未到校,,", &["2 S1 2026-09-01 am unexplained"]);
    check("S1,,张,2026-09-01,3,缺课,事假,", &["2 S1 2026-09-01 p:3 personal"]);
    check("S1,,张,2026-09-01,,事假,审批中,", &["2 S1 2026-09-01 day personal"]);
    check("S1,,张,2026-09-01,,审批中,,", &["2 S1 2026-09-01 day unexplained"]);
    check(",,,2026-09-01,,出勤,,", &["2 NoPupil "]);
    check("4.40981E+17,,张,2026-09-01,,出勤,,", &["2 BadIdNumber ", "2 张 2026-09-01 day present"]);
    check("S1,99999920150101001X,张,2026-09-01,,出勤,,", &["2 BadIdNumber ", "2 S1 2026-09-01 day present"]);
    check("S1,,张,2026-09-01,全天,迟到15分钟,,", &["2 S1 2026-09-01 day late"]);
    check(
        "\n学籍号,身份证号,姓名,日期,时段,状态,原因,分钟\nS1,,张,2026-09-01,,早退,,",
        &["4 S1 2026-09-01 day early_leave"],
    );
}

#[test]
fn lateness_beyond_the_limit_is_what_the_source_says() {
    let mut reader = reader();
    reader.late_over = Some((15, StatusId::new("unexplained")));
    let text = "学籍号,日期,状态,分钟\nS1,2026-09-01,迟到,15\nS2,2026-09-01,迟到,16\nS3,2026-09-01,早退20分钟,\n";
    let got = read(text.as_bytes(), "r.csv", Content::Attendance, CoverageKind::Full, &reader).map(|(rows, _)| rows);
    let expected = ["2 S1 2026-09-01 day late", "3 S2 2026-09-01 day unexplained", "4 S3 2026-09-01 day unexplained"];
    assert_eq!(got, Ok(expected.map(String::from).to_vec()));
}

#[test]
fn an_empty_list_of_exceptions_states_the_dates_of_its_name_or_nothing() {
    let check = |name: &str, text: &str, expected: Result<usize, FaultKind>| {
        let got = read(text.as_bytes(), name, Content::Attendance, CoverageKind::Exceptions, &reader());
        assert_eq!(got.map(|(_, s)| s.stated.len()).map_err(|f| f.kind), expected, "{name}");
    };
    check("缺勤_2026-09-01.csv", "学籍号,姓名,状态\n", Ok(1));
    check("缺勤_20260901-20260904.csv", "学籍号,姓名,日期,状态\n", Ok(4));
    check("缺勤_2026-09-01_2026-09-04.csv", "学籍号,姓名,状态\n", Ok(4));
    // Rows say nothing about which of the days they mean.
    check("缺勤_2026-09-01_2026-09-04.csv", "学籍号,姓名,状态\nS1,张小雨,缺勤\n", Err(FaultKind::NoDates));
    check("缺勤.csv", "2026年9月1日缺勤名单\n学籍号,姓名,状态\n", Ok(1));
    check("缺勤.csv", "导出时间 2026-09-01 08:30\n学籍号,姓名,日期,状态\n", Err(FaultKind::NothingStated));
    check("缺勤.csv", "学籍号,姓名,状态\n", Err(FaultKind::NoDates));
}

#[test]
fn a_quote_that_is_never_closed_is_a_fault_not_a_cell() {
    let text = format!("学籍号,日期,状态\nS1,\"2026-09-01,出勤\n{}", "S2,2026-09-01,出勤\n".repeat(10_000));
    assert_eq!(roll(&text), ["Corrupt"]);
}

fn shared(path: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = std::env::var_os("KONGCHUO_SHARED").map(PathBuf::from).into_iter();
    let mut places = found.chain([root.join("../shared"), root.join("../../shared")]);
    places.find_map(|p| Some(p.join("data").join(path)).filter(|p| p.exists()))
}

#[test]
fn real_files_get_their_verdicts() {
    let Some(folder) = shared("attendance") else {
        println!("left out: the real files are not beside the project");
        return;
    };
    let check = |start: &str, expected: Result<u32, FaultKind>| {
        let entries = std::fs::read_dir(&folder).expect("the folder is there").flatten();
        let path =
            entries.map(|e| e.path()).find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(start)));
        let bytes = std::fs::read(path.expect("the file is there")).expect("the file can be read");
        let mut reader = reader();
        reader.statuses.insert("P".into(), StatusId::new("present"));
        let got = read(&bytes, start, Content::Attendance, CoverageKind::Full, &reader);
        assert_eq!(got.map(|(_, s)| s.observations).map_err(|f| f.kind), expected, "{start}");
    };
    check("17_", Ok(60));
    check("01_", Err(FaultKind::EventLog));
    check("02_", Err(FaultKind::EventLog));
    check("03_", Err(FaultKind::CodeTable));
    check("18_", Err(FaultKind::NoDates));
    check("20_", Err(FaultKind::PresenceOnly));
    check("21_", Err(FaultKind::NoHeader));
    for matrix in ["09_", "11_", "15_", "16_"] {
        check(matrix, Err(FaultKind::Matrix));
    }
    let roster = shared("rosters/ningbo_2_student_info.csv").expect("it lies beside the others");
    let mut reader = reader();
    for (field, header) in
        [("student_no", "bf_StudentID"), ("name", "bf_Name"), ("sex", "bf_sex"), ("class", "cla_Name")]
    {
        reader.columns.insert(field.into(), header.into());
    }
    let bytes = std::fs::read(roster).expect("the file can be read");
    let got = read(&bytes, "roster.csv", Content::Register, CoverageKind::Full, &reader);
    assert_eq!(got.map(|(_, s)| s.observations).map_err(|f| f.kind), Ok(1_765));
}

#[test]
fn nasty_files_are_read_or_refused() {
    let Some(folder) = shared("nasty_xls") else {
        println!("left out: the real files are not beside the project");
        return;
    };
    let csv = folder.with_file_name("nasty_csv");
    for folder in [folder, csv.join("csv-spectrum"), csv] {
        for path in
            std::fs::read_dir(folder).expect("the folder is there").flatten().map(|e| e.path()).filter(|p| p.is_file())
        {
            let bytes = std::fs::read(&path).expect("the file can be read");
            for content in [Content::Attendance, Content::Register, Content::Leave, Content::Feedback] {
                let _ = read(&bytes, "nasty", content, CoverageKind::Exceptions, &reader());
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn decode_never_panics_on_any_bytes(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        let _ = read(&bytes, "any", Content::Attendance, CoverageKind::Full, &reader());
    }

    #[test]
    fn decode_never_panics_on_broken_rolls(cut in 0usize..200, junk in "\\PC{0,8}", at in 0usize..200) {
        for bytes in [ROLL.as_bytes().to_vec(), encoding_rs::GB18030.encode(ROLL).0.into_owned(), utf16(ROLL, false)] {
            let mut bytes = bytes;
            bytes.truncate(cut.max(1));
            let at = at.min(bytes.len());
            bytes.splice(at..at, junk.bytes());
            let _ = read(&bytes, "any", Content::Attendance, CoverageKind::Exceptions, &reader());
        }
    }
}

fn absentees(text: &str, name: &str) -> Result<(Vec<String>, Vec<String>), FaultKind> {
    let got = read(text.as_bytes(), name, Content::Attendance, CoverageKind::Exceptions, &reader());
    got.map(|(rows, s)| (rows, s.stated.iter().map(|d| d.to_string()).collect())).map_err(|f| f.kind)
}

#[test]
fn two_columns_of_statuses_must_agree() {
    let head = "学籍号,姓名,日期,考勤状态,考勤结果\n";
    let check =
        |cells: &str, want: &[&str]| assert_eq!(roll(&format!("{head}S1,张,2026-09-01,{cells}\n")), want, "{cells}");
    check("出勤,", &["2 S1 2026-09-01 day present"]);
    check("出勤,正常", &["2 S1 2026-09-01 day present"]);
    check("旷课,第3节", &["2 S1 2026-09-01 day truant"]);
    check("出勤,旷课", &["2 TwoStatuses 出勤"]);
    // Whoever names the column has chosen.
    let mut pinned = reader();
    pinned.columns = BTreeMap::from([("status".to_owned(), "考勤结果".to_owned())]);
    let text = format!("{head}S1,张,2026-09-01,出勤,旷课\n");
    let got = read(text.as_bytes(), "roll.csv", Content::Attendance, CoverageKind::Full, &pinned).expect("reads");
    assert_eq!(got.0, ["2 S1 2026-09-01 day truant"]);
}

#[test]
fn two_lists_beside_each_other_are_refused() {
    let text = "学籍号,姓名,日期,状态,学籍号,姓名,日期,状态\nS1,张,2026-09-01,旷课,S2,何,2026-09-01,旷课\n";
    assert_eq!(roll(text), ["TwoTables"]);
}

#[test]
fn a_further_list_below_has_the_date_of_its_own_title() {
    let first = "缺勤 2026年9月7日\n学籍号,姓名,状态\nS1,张,旷课\n";
    let both = format!("{first}2026年9月8日\n学籍号,姓名,状态\nS2,何,旷课\n");
    let days = |rows: &[&str], stated: &[&str]| {
        Ok((rows.iter().map(|s| s.to_string()).collect(), stated.iter().map(|s| s.to_string()).collect()))
    };
    let one = "3 S1 2026-09-07 day truant";
    assert_eq!(absentees(&both, "名单.csv"), days(&[one, "6 S2 2026-09-08 day truant"], &["2026-09-07", "2026-09-08"]));
    // Nobody is away on the 8th: its title says so all the same.
    let none = format!("{first}2026年9月8日\n学籍号,姓名,状态\n");
    assert_eq!(absentees(&none, "名单.csv"), days(&[one], &["2026-09-07", "2026-09-08"]));
    // The date of a signature dates nothing, and what stands below it has no day.
    let signed = format!("{first}2026年9月8日\n");
    assert_eq!(absentees(&signed, "名单.csv"), days(&[one], &["2026-09-07"]));
    let below = format!("{signed}S2,何,旷课\n");
    assert_eq!(absentees(&below, "名单.csv"), days(&[one, "5 BadDate "], &["2026-09-07"]));
}

#[test]
fn a_sheet_of_a_list_that_cannot_be_read_is_not_left_out() {
    let book = |second: &[&[&str]]| {
        workbook(|book| {
            let first: &[&[&str]] = &[&["学籍号", "姓名", "日期", "状态"], &["S1", "张", "2026-09-07", "旷课"]];
            for rows in [first, second] {
                let sheet = book.add_worksheet();
                for (r, row) in rows.iter().enumerate() {
                    for (c, cell) in row.iter().enumerate() {
                        sheet.write(r as u32, c as u16, *cell)?;
                    }
                }
            }
            Ok(())
        })
    };
    let kind = |second: &[&[&str]], coverage| {
        let got = read(&book(second), "名单.xlsx", Content::Attendance, coverage, &reader());
        got.map(|(rows, _)| rows.len()).map_err(|f| (f.kind, f.place.sheet.map(|s| s.to_string())))
    };
    let (list, full) = (CoverageKind::Exceptions, CoverageKind::Full);
    let lost = |kind| Err((kind, Some("Sheet2".to_owned())));
    // Its pupils would pass for present.
    let no_status: &[&[&str]] = &[&["学籍号", "姓名", "日期"], &["S2", "何", "2026-09-07"]];
    assert_eq!(kind(no_status, list), lost(FaultKind::PresenceOnly));
    let no_header: &[&[&str]] = &[&["G999999201603010017", "何", "2026-09-07", "旷课"]];
    assert_eq!(kind(no_header, list), lost(FaultKind::NoHeader));
    // What names nobody may lie beside it; and of a full roll call those who are missing are not listed.
    assert_eq!(kind(&[&["说明", "每天上午交"]], list), Ok(1));
    assert_eq!(kind(&[&["学籍号", "姓名", "班级"], &["S2", "何", "三年级2班"]], list), Ok(1), "a roll of the pupils");
    assert_eq!(kind(&[&["班级", "应到", "实到"], &["三年级2班", "40", "39"]], list), Ok(1), "sums");
    assert_eq!(kind(&[], list), Ok(1));
    assert_eq!(kind(no_status, full), Ok(1));
}
