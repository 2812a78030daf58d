//! Simulation: made-up townships live through terms and school years in virtual time, each time with other mishaps drawn
//! from a seed, and what must always hold is asserted.

#[path = "../power/disk.rs"]
mod disk;
mod look;
mod term;
mod years;
