//! IO: fetching exports.

pub mod directory;
