//! Messages about default templates and the words of letters.

messages! {}
