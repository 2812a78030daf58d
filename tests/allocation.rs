//! Nothing is allocated for a pupil: timelines are read and rules evaluated in buffers that are used again (rules.md §5).

#[path = "town/term.rs"]
mod term;
#[path = "differential/world.rs"]
#[allow(dead_code)]
mod world;

use kongchuo::domain::calendar::Calendar;
use kongchuo::domain::{rule, timeline};
use term::{HEAVY, Town, USUAL, term};

/// Evaluates everybody twice; the second time, when the buffers are as large as they need to be, allocations are counted.
fn check(town: &Town) {
    let (policy, evidence, pupils) = term(town, 200);
    let calendar = Calendar::new(&policy);
    let on = world::day("2027-01-22");
    let statements = timeline::gather(&policy, &calendar, &evidence, on, None);
    let program = rule::compile(&policy.rules, &policy, &calendar);
    let (mut reading, mut scratch, mut found) =
        (statements.reading(), rule::Scratch::default(), rule::Findings::default());
    let mut pass = || {
        let mut n = 0;
        for pupil in &pupils {
            found.clear();
            let line = reading.of(*pupil).expect("everybody is on the register");
            rule::evaluate(&program, &calendar, statements.roster(), line, &[], on, &mut scratch, &mut found);
            n += found.len();
        }
        n
    };
    let first = pass();
    let mut second = 0;
    let counted = allocation_counter::measure(|| second = pass());
    assert!(first > 0, "a town without findings proves little");
    assert_eq!(first, second);
    assert_eq!(counted.count_total, 0, "{} findings", second);
}

#[test]
fn nothing_is_allocated_for_a_pupil_of_a_usual_town() {
    check(&USUAL);
}

#[test]
fn nothing_is_allocated_for_a_pupil_of_a_heavy_town_with_a_finding_for_nearly_everybody() {
    check(&HEAVY);
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1u8])));
    assert_eq!(counted.count_total, 1);
}
