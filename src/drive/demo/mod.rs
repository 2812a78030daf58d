//! The demo: the made-up township in a folder, its term played through the real steps in virtual time, and what became of
//! it. Everything goes the way of a real township but for the clock, and letters stay in a folder.

mod play;
mod stage;
mod tale;

pub use play::{Played, play};
pub use stage::prepare;
pub use tale::{Child, SchoolTale, Tale, Told, tale};

/// The first line of the demo's configuration: a folder that has it may be cleared away by the next demo.
pub const MARK: &str = "# The made-up township of `kongchuo demo`.";
