//! the climb.
