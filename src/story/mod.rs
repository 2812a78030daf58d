//! Policy tests (interface.md §4): stories that say what must happen, played through the real steps in virtual time.

pub mod call;
pub mod compare;
pub mod event;
pub mod file;
pub mod marks;
pub mod play;
pub mod problem;
pub mod read;
pub mod show;
pub mod stage;
pub mod tell;
pub mod tested;
pub mod want;
pub mod yaml;

use crate::domain::Date;
use compare::Difference;

/// What became of a story.
#[derive(Clone, Debug)]
pub struct Told {
    pub file: String,
    pub title: String,
    pub differences: Vec<Difference>,
    /// Of the pupils concerned.
    pub strips: Vec<(String, Vec<(Date, String)>)>,
}

impl Told {
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}
