//! Record to Observation or Fault.
