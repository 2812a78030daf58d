//! How long a million rows of attendance take from bytes to observations. No target; no step may be quadratic.

use criterion::{Criterion, criterion_group, criterion_main};
use kongchuo::decode::{self, Asked};
use kongchuo::domain::policy::{ActWords, Blank, Content, CoverageKind, Format, Layout, Reader, StatedAt};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::io::Cursor;
use std::ops::ControlFlow;

fn million_rows(criterion: &mut Criterion) {
    let mut text = String::from("学籍号,姓名,班级,日期,状态,原因\n");
    for i in 0..1_000_000u32 {
        let (day, status) = (i / 50_000 + 1, ["出勤", "出勤", "出勤", "病假", "缺勤"][i as usize % 5]);
        let _ = writeln!(text, "S{},学生{},三年级{}班,2026-09-{day:02},{status},", i % 50_000, i % 97, i / 40 % 6 + 1);
    }
    let reader = Reader {
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
    };
    let acts = ActWords::default();
    let asked = Asked {
        content: Content::Attendance,
        coverage: CoverageKind::Full,
        reader: &reader,
        file_name: "roll.csv",
        statuses: &[],
        acts: &acts,
        school: None,
        school_column: None,
        schools: &[],
        stated_on: None,
    };
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(10);
    group.bench_function("csv, 1,000,000 rows", |bencher| {
        bencher.iter(|| {
            let mut reading =
                decode::open(Cursor::new(text.as_bytes()), &asked).map_err(|f| f.kind).expect("a roll call");
            let summary = reading.for_each(&mut |row| {
                black_box(row.is_ok());
                ControlFlow::Continue(())
            });
            assert_eq!(summary.map(|s| s.observations).map_err(|f| f.kind), Ok(1_000_000));
        });
    });
    group.finish();
}

criterion_group!(benches, million_rows);
criterion_main!(benches);
