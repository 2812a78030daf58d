//! Messages about the demo.

messages! {}
