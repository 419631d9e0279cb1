//! From HTTP to flows and back.

pub mod charges;
pub mod compat;
pub mod gate;
