//! From HTTP to flows and back.

pub mod accounts;
pub mod captures;
pub mod charges;
pub mod compat;
mod page;
pub mod state;
