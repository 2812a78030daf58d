//! PURE: case or ledger to document bytes (a later version).
