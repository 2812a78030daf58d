//! Messages about files, faults, deliveries, inspect, import.

use super::Lang;
use crate::domain::fault::Fault;

messages! {}

/// One fault in words a clerk understands: what was wrong, what was expected, what to do. The place is not part of it.
pub fn fault(_lang: Lang, _fault: &Fault) -> String {
    String::new()
}
