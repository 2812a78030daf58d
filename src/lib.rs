//! kongchuo (控辍): absence becomes finding, finding becomes case, case climbs a ladder, somebody is told.
//! See ARCHITECTURE.md for the map.

pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod decode;
pub mod document;
pub mod domain;
pub mod drive;
pub mod source;
pub mod step;
pub mod store;
pub mod story;
