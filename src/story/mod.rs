//! Policy tests (interface.md §4): stories that say what must happen, played through the real steps in virtual time.

pub mod event;
pub mod problem;
pub mod read;
pub mod want;
pub mod yaml;
