//! Case, State, Event, Command; decide, obey, apply.
