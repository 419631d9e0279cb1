//! HTTP in and out.

pub mod events;
pub mod notifications;
pub mod state;
