//! Papers and books on the command line: drafts beside letters, `report`, `case serve`; what they refuse, and what the log of
//! reads has.

use crate::town::{Town, ZHANG};
use calamine::{Data, Reader, Xlsx};
use std::path::PathBuf;

/// Zhang is away for three days: the report went out, the order was not drafted.
fn three_days() -> Town {
    let town = Town::new();
    town.edit("kongchuo.yaml", |text| text.replace("mode: live", "mode: rehearsal"));
    town.edit("ladders.yaml", |text| {
        text.replace(
            "to: [township_government], via: [sms], statutory: true}\n    gap_min: 0h\n    return",
            "to: [township_government], via: [email], document: written_report, statutory: true}\n      \
             - {id: order, at: {level: 3}, to: [township_government], via: [email], document: rectification_order, statutory: true}\n      \
             - {id: overdue, at: {served: rectification_order, after: {calendar_days: 7}}, to: [township_government], via: [email], statutory: true}\n    \
             gap_min: 0h\n    return",
        )
    });
    town.two();
    town.absent("a.csv", &[(ZHANG[0], -2), (ZHANG[0], -1), (ZHANG[0], 0)]);
    town.round();
    town
}

fn case(town: &Town) -> serde_json::Value {
    town.json(&["case", "show", "P-000001"]).pop().expect("a case")
}

/// The files of letters, by what their names end with.
fn files(town: &Town, ending: &str) -> Vec<PathBuf> {
    let days = std::fs::read_dir(town.path("letters")).expect("letters went there");
    let all = days.flat_map(|d| std::fs::read_dir(d.expect("a folder").path()).expect("it can be read"));
    all.map(|f| f.expect("a file").path()).filter(|f| f.display().to_string().ends_with(ending)).collect()
}

#[test]
fn a_draft_lies_beside_its_letter_and_keeps_its_number() {
    let town = three_days();
    let drafts = files(&town, ".docx");
    let [draft] = drafts.as_slice() else { panic!("one draft: {drafts:?}") };
    let case = case(&town);
    let number = case["documents"][0]["number"].as_str().expect("a number").to_owned();
    assert_eq!(number, format!("{}-01", case["number"].as_str().expect("a numbered case")));
    let name = draft.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.starts_with("township_government-L-"), "{name}");
    assert!(name.ends_with(&format!("-书面报告（草稿）-{number}.docx")), "{name}");
    assert!(!name.contains(ZHANG[1]), "file names are seen by more people than files");
    // The letter beside it carries the same file.
    let letter = draft.with_file_name(format!("{}.eml", name.split("-书面").next().expect("a name")));
    assert!(std::fs::read_to_string(letter).expect("the letter").contains("filename*0*=utf-8''%E4%B9%A6"));
    let letters = town.json(&["outbox", "list"]);
    let told = letters.iter().find(|l| l["to"]["role"] == "township_government").expect("it was told");
    assert_eq!(told["documents"], serde_json::json!([{"document": "written_report", "number": number}]));
    let ledger = case["ledger"].as_array().expect("a ledger");
    let drafted = ledger.iter().find(|e| e["event"] == "drafted").expect("in the ledger");
    assert!(drafted["text"].as_str().is_some_and(|t| t.contains(&number)), "{drafted}");
    let shown = town.ok(&["case", "show", "P-000001"]).out;
    assert!(shown.contains("书面报告"), "{shown}");
    // What was sent is kept, sealed: nothing of it lies open.
    let database = std::fs::read(town.path("data/kongchuo.db")).expect("a database");
    let sent = std::fs::read(draft).expect("the draft");
    assert!(!database.windows(64).any(|w| w == &sent[..64]));
    let letter = told["letter"].as_str().and_then(kongchuo::domain::ids::LetterId::parse).expect("a letter");
    let db = town.db();
    let kept = kongchuo::store::documents::files_of(db.conn(), &db.vault(), letter).expect("kept");
    assert_eq!(kept.len(), 1);
    assert!(kept[0].2 == sent, "the very bytes that were sent");
}

#[test]
fn a_report_by_hand_is_masked_on_the_terminal_and_whole_in_a_file() {
    let town = three_days();
    let said = town.ok(&["report", "written-report", "P-000001"]).out;
    assert!(said.contains("书面报告") && said.contains("张**") && !said.contains(ZHANG[1]), "{said}");
    assert!(said.contains("草稿编号：") && said.contains("-01"), "{said}");
    assert!(town.ok(&["report", "written-report", "P-000001", "--identify"]).out.contains(ZHANG[1]));
    let file = town.path("报告.docx").display().to_string();
    let line = &town.json(&["report", "written-report", "C-000001", "--out", &file])[0];
    assert_eq!((&line["document"], &line["file"]), (&"written_report".into(), &file.clone().into()));
    let first = std::fs::read(&file).expect("written");
    // Somebody may have worked on it.
    let said = town.run(&["report", "written-report", "C-000001", "--out", &file]);
    assert!(said.code == 2 && said.err.contains("已经存在"), "{} {}", said.code, said.err);
    let said = town.run(&["report", "written-report", "C-000001", "--out", "/nowhere/at/all.docx"]);
    assert_eq!(said.code, 3, "{}", said.err);
    // A folder is given the usual name; the same facts are the same file.
    town.ok(&["report", "written-report", "C-000001", "--out", &town.path("data").display().to_string()]);
    let number = case(&town)["documents"][0]["number"].as_str().expect("a number").to_owned();
    let again = std::fs::read(town.path("data").join(format!("书面报告（草稿）-{number}.docx"))).expect("written");
    assert!(again == first, "the same facts give the same bytes");
    let reads: i64 = town
        .db()
        .conn()
        .query_row("SELECT count(*) FROM read_log WHERE command = 'report written_report' AND pupil = 1", [], |r| {
            r.get(0)
        })
        .expect("a count");
    // Shown once, written twice; what could not be written was asked for too.
    assert_eq!(reads, 5);
    assert_eq!(town.run(&["report", "order", "P-000009"]).code, 2);
}

#[test]
fn an_order_is_served_only_after_it_was_drafted_and_a_wrong_date_is_corrected() {
    let town = three_days();
    let today = town.today.to_string();
    let serve = |on: &str| {
        town.run(&["case", "serve", "C-000001", "--document", "rectification_order", "--on", on, "--by", "王主任"])
    };
    let refused = |on: &str, has: &str| {
        let said = serve(on);
        assert!(said.code == 2 && said.err.contains(has), "{on}: {} {}", said.code, said.err);
        assert_eq!(
            case(&town)["documents"].as_array().map_or(0, |d| d.iter().filter(|d| !d["served"].is_null()).count()),
            0
        );
    };
    refused(&today, "还没有拟出");
    let unnumbered = town.ok(&["report", "order", "C-000001"]).out;
    assert!(unnumbered.contains("草稿编号：尚未编号") && unnumbered.contains("7日内改正"), "{unnumbered}");
    assert_eq!(town.run(&["report", "order", "C-000001", "--by", " "]).code, 2);
    let said = town.ok(&["report", "order", "C-000001", "--by", "王主任"]);
    let number = case(&town)["documents"][1]["number"].as_str().expect("a number").to_owned();
    assert!(number.ends_with("-02") && said.err.contains(&number) && said.out.contains(&number), "{}", said.err);
    // Asked once more it is the same draft.
    assert!(town.ok(&["report", "order", "C-000001", "--by", "王主任"]).err.contains(&number));
    refused(&town.day(1).to_string(), "还没有到");
    refused(&town.day(-1).to_string(), "早于草稿");
    let said = serve(&today);
    assert_eq!(said.code, 0, "{}", said.err);
    let due = format!("步骤 overdue 将在 {}", town.day(8));
    assert!(said.out.contains("责令限期改正通知书") && said.out.contains(&due), "{}", said.out);
    let line = case(&town);
    assert_eq!(line["documents"][1]["served"], serde_json::json!(today));
    let plan = town.ok(&["explain", "P-000001"]).out;
    let overdue = plan.lines().find(|l| l.contains("overdue")).expect("it is planned");
    assert!(overdue.contains(&town.day(8).to_string()), "{plan}");
    assert!(serve(&today).out.contains("此前已经记录"));
    let events = line["ledger"].as_array().expect("a ledger").clone();
    let served = events.iter().find(|e| e["event"] == "served").expect("in the ledger");
    assert_eq!((&served["by"], &served["number"]), (&"王**".into(), &number.as_str().into()));
    // In JSON the case as it is now.
    let again = ["case", "serve", "C-000001", "--document", "rectification_order", "--on", &today, "--by", "王主任"];
    assert_eq!(town.json(&again)[0]["documents"][1]["number"], serde_json::json!(number));
    let said = town.run(&["case", "serve", "C-000001", "--document", "judgment", "--on", &today, "--by", "王主任"]);
    assert!(said.code == 2 && said.err.contains("judgment"), "{}", said.err);
    let said = town.run(&["--lang", "en", "case", "serve", "C-000001", "--document", "judgment", "--on", &today]);
    assert!(said.code == 2 && said.err.contains("--by"), "{}", said.err);
}

/// The rows of a sheet under its head, as text.
fn rows(file: &std::path::Path, sheet: &str) -> Vec<Vec<String>> {
    let bytes = std::fs::read(file).expect("written");
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).expect("a workbook");
    let range = book.worksheet_range(sheet).expect("the sheet");
    range.rows().skip(3).map(|r| r.iter().map(Data::to_string).collect()).collect()
}

#[test]
fn the_ledgers_name_people_only_in_a_file_and_leave_follow_ups_out() {
    let town = three_days();
    // He is away for a day: a follow-up, in no ledger.
    town.absent("b.csv", &[(ZHANG[0], 0), (crate::town::HE[0], 0)]);
    town.round();
    let shown = town.ok(&["report", "ledger"]).out;
    assert!(shown.contains("张**") && !shown.contains(ZHANG[1]) && !shown.contains(ZHANG[3]), "{shown}");
    assert!(!shown.contains("何"), "{shown}");
    let line = &town.json(&["report", "ledger", "--out", &town.path("data").display().to_string()])[0];
    let file = PathBuf::from(line["file"].as_str().expect("a file"));
    assert!(file.ends_with(format!("控辍保学台账{}.xlsx", town.today)), "{}", file.display());
    let all = rows(&file, "全部个案");
    assert_eq!(all.len(), 1);
    for wanted in [ZHANG[0], ZHANG[1], ZHANG[3], "三年级2班", "进行中"] {
        assert!(all[0].iter().any(|cell| cell == wanted), "{wanted}: {all:?}");
    }
    assert!(all[0].iter().any(|cell| cell.starts_with("书面报告草稿 ")), "{all:?}");
    assert!(rows(&file, "辍学").is_empty());
    // The tables of JSON are by the names of columns.
    let line = &town.json(&["report", "ledger"])[0];
    assert_eq!(line["tables"][0]["rows"][0]["姓名"], "张**");
    let reads: i64 = town
        .db()
        .conn()
        .query_row("SELECT count(*) FROM read_log WHERE command = 'report ledger'", [], |r| r.get(0))
        .expect("a count");
    assert_eq!(reads, 1);
}

#[test]
fn a_month_counts_what_happened_and_says_what_did_not() {
    let town = three_days();
    let month = town.today.format("%Y-%m").to_string();
    let line = &town.json(&["report", "monthly", "--month", &month])[0];
    let rows = line["tables"][0]["rows"].as_array().expect("rows").clone();
    let school = rows.iter().find(|r| r["在校学生数"] == 2).expect("the school of both");
    for (column, n) in [
        ("月初未销号", 0),
        ("本月立案", 1),
        ("书面报告（份）", 1),
        ("通知书送达（份）", 0),
        ("劝返复学（人次）", 0),
        ("期末未销号", 1),
    ] {
        assert_eq!(school[column], n, "{column}: {school}");
    }
    assert_eq!(school["上课天数"], town.today.format("%-d").to_string().parse::<u32>().expect("a day"));
    let recorded = school["有记录天数"].as_u64().expect("a number");
    assert!((1..=3).contains(&recorded), "{school}");
    let sum = rows.last().expect("a sum");
    assert_eq!((&sum["学校"], &sum["本月立案"]), (&"合计".into(), &1.into()));
    // A year ago nothing was: zeros.
    let before = (town.today - chrono::Months::new(12)).format("%Y-%m").to_string();
    let line = &town.json(&["report", "monthly", "--month", &before])[0];
    let rows = line["tables"][0]["rows"].as_array().expect("rows").clone();
    assert!(rows.iter().all(|r| r["本月立案"] == 0 && r["期末未销号"] == 0), "{rows:?}");
    let next = (town.today + chrono::Months::new(1)).format("%Y-%m").to_string();
    for (asked, has) in [(next.as_str(), "还没有到"), ("2026-13", "不是月份"), ("九月", "不是月份")] {
        let said = town.run(&["report", "monthly", "--month", asked]);
        assert!(said.code == 2 && said.err.contains(has), "{asked}: {} {}", said.code, said.err);
    }
}

#[test]
fn the_file_of_a_case_has_all_that_is_on_record() {
    let town = three_days();
    town.ok(&["case", "act", "P-000001", "--kind", "visit", "--result", "failed", "--note", "没人", "--by", "周老师"]);
    let shown = town.ok(&["report", "case", "P-000001"]).out;
    assert!(shown.contains("周**") && !shown.contains("周老师") && !shown.contains("没人"), "{shown}");
    let file = town.path("案.xlsx");
    town.ok(&["report", "case", "P-000001", "--out", &file.display().to_string()]);
    let has = |sheet: &str, wanted: &str| {
        let rows = rows(&file, sheet);
        assert!(rows.iter().flatten().any(|cell| cell.contains(wanted)), "{sheet}: {wanted}: {rows:?}");
    };
    has("基本情况", ZHANG[1]);
    has("基本情况", &town.day(-1).to_string());
    has("认定", "无故缺课");
    has("措施", "周老师");
    has("措施", "没人");
    has("告知", "township_government");
    has("经过", "拟出书面报告草稿");
}
