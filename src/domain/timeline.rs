//! the packed timeline.
