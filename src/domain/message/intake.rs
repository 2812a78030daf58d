//! Messages about files, faults, deliveries, inspect, import.

messages! {}
