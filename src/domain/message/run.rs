//! Messages about the daemon, status, channels.

messages! {}
