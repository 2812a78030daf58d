//! Messages about policy tests.

messages! {}
