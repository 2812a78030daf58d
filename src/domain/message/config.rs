//! Messages about problems of the configuration.

messages! {}
