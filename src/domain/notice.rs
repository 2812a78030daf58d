//! who must be told what.
