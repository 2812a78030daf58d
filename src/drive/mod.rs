//! What calls the steps: the daemon (real clock) and the world (virtual time).

pub mod inbox;
pub mod township;
pub mod world;
