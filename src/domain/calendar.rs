//! terms, holidays, make-up days, periods; school, working and calendar days.
