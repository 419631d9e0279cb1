//! What goes on without being asked.

pub mod send;
