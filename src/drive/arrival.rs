//! What became of a file that was imported, in words and in JSON. Decides nothing.

use crate::domain::message::{Lang, delivery as words, intake as faults};
use crate::step::intake::{Outcome, Received};
use serde_json::{Value, json};

/// For machines, and line by line for people.
pub fn tell(lang: Lang, source: &str, r: &Received) -> (Value, Vec<String>) {
    (report(lang, r), lines(lang, source, r))
}

fn lines(lang: Lang, source: &str, r: &Received) -> Vec<String> {
    let mut out = vec![match r.outcome {
        Outcome::Applied => words::import_applied(lang, r.rows, r.fault_count),
        Outcome::Duplicate => words::import_duplicate(lang),
        Outcome::Held => words::report_held(lang, source),
        Outcome::Rejected => words::report_rejected(lang),
        Outcome::SetAside => words::report_set_aside(lang),
    }];
    if let Some(odd) = &r.odd {
        out.extend(words::odd(lang, odd.absent, odd.unknown, odd.missing).iter().map(|line| format!("  {line}")));
    }
    for f in &r.faults {
        let (place, sentence) = (faults::place(lang, &f.place), faults::fault(lang, f));
        let line = if place.is_empty() { sentence } else { words::at_place(lang, place, sentence) };
        out.push(format!("  {line}"));
    }
    if r.fault_count as usize > r.faults.len() {
        out.push(format!("  {}", words::more_faults(lang, r.fault_count as usize - r.faults.len())));
    }
    out
}

fn report(lang: Lang, r: &Received) -> Value {
    let list: Vec<_> = r
        .faults
        .iter()
        .map(|f| {
            json!({
                "kind": f.kind, "sheet": f.place.sheet, "row": f.place.row, "column": f.place.column,
                "value": f.value, "message": faults::fault(lang, f),
            })
        })
        .collect();
    let outcome = match r.outcome {
        Outcome::Applied => "applied",
        Outcome::Held => "held",
        Outcome::Rejected => "rejected",
        Outcome::Duplicate => "duplicate",
        Outcome::SetAside => "set_aside",
    };
    json!({
        "delivery": r.delivery.to_string(), "outcome": outcome, "rows": r.rows, "unknown": r.unknown,
        "faults": r.fault_count, "odd": r.odd, "fault_list": list,
    })
}
