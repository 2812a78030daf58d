//! IO: one letter out, one Outcome back.
