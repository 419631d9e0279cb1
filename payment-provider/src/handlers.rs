//! From HTTP to flows and back.

pub mod accounts;
pub mod captures;
pub mod charges;
pub mod compat;
pub mod gate;
mod page;
pub mod state;
