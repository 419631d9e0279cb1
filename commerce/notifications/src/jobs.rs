//! What goes on without being asked.

pub mod gauges;
pub mod send;
