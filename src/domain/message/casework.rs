//! Messages about cases, ladders, incidents, commands on cases.

messages! {}
