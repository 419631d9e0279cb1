//! What goes on without being asked.

pub mod billing;
mod drive;
pub mod gauges;
pub mod hints;
pub mod reconciliation;
pub mod schedule;
