//! Policy tests (interface.md §4): stories that say what must happen, played through the real steps in virtual time.

pub mod yaml;
