//! what calls the steps: the daemon (real clock) and the world (virtual time).

pub mod township;
