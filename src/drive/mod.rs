//! What calls the steps: the daemon (real clock) and the world (virtual time).

pub mod arrival;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod forms;
pub mod inbox;
pub mod lock;
pub mod orders;
pub mod replay;
pub mod spine;
pub mod township;
pub mod world;
