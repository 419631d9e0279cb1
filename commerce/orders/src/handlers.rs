//! HTTP in and out.

pub mod events;
pub mod orders;
pub mod state;
