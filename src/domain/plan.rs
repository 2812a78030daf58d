//! View + Policy + now to Plan.
