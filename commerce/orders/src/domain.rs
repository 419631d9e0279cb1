//! What orders are, and what may become of them.

pub mod order;
