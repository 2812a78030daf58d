//! raw (serde types = the files), compile (pure; collects every Problem), Policy; secrets.
