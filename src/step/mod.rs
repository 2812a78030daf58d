//! sync, idempotent steps without input of their own: intake, engine, courier, upkeep.

pub mod intake;
