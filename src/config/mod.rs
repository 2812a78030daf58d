//! raw (types = the files) → compile (pure; collects every Problem) → Policy; secrets. Reads its own files and nothing
//! else; `load` takes them as one snapshot, so that what is checked is what is used.

pub mod leaf;
pub mod problem;
pub mod raw;
pub mod read;
pub mod tree;
