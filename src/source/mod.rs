//! IO: fetching exports.
