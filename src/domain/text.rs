//! the only place that cuts strings.
