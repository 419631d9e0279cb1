//! HTTP in and out.

pub mod state;
pub mod users;
