//! Use cases, one per file; each opens the one transaction it needs.

pub mod charge_batch;
