//! Evaluation of 100,000 pupils over one term under ten rules, and the building of their timelines from presence sheets, in a
//! usual town and in a heavy one.

#[path = "../tests/town/term.rs"]
mod term;
#[path = "../tests/differential/world.rs"]
#[allow(dead_code)]
mod world;

use criterion::{Criterion, criterion_group, criterion_main};
use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::{rule, timeline};
use std::time::Duration;
use term::{HEAVY, Town, USUAL, term};
use world::day;

/// Built pupils; the evaluation walks them again and again until there were 100,000.
const PUPILS: i64 = 2_000;
const EVALUATED: i64 = 100_000;

fn evaluate(c: &mut Criterion) {
    measure(c, "a usual town", &USUAL);
    measure(c, "a heavy town", &HEAVY);
}

fn measure(c: &mut Criterion, name: &str, town: &Town) {
    let (policy, evidence, pupils) = term(town, PUPILS);
    let calendar = Calendar::new(&policy);
    let on = day("2027-01-22");
    let built = timeline::build(&policy, &calendar, &evidence, &pupils, on, None);
    let program = rule::compile(&policy.rules, &policy, &calendar);
    let timelines: Vec<_> = built.timelines.values().collect();
    let mut group = c.benchmark_group(name);
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    let (mut scratch, mut out) = (rule::Scratch::default(), rule::Findings::default());
    group.bench_function("100,000 pupils, one term, ten rules", |b| {
        b.iter(|| {
            for i in 0..EVALUATED {
                out.clear();
                let t = timelines[(i % PUPILS) as usize];
                rule::evaluate(&program, &calendar, &built.roster, t, &[], on, &mut scratch, &mut out);
            }
        });
    });
    group.bench_function("timelines of 2,000 pupils from presence sheets", |b| {
        b.iter(|| {
            let statements = timeline::gather(&policy, &calendar, &evidence, on, None);
            let mut reading = statements.reading();
            pupils.iter().map(|p| reading.of(*p).map_or(0, |t| t.records().len())).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
