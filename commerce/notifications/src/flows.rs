//! What is done with events and messages.

pub mod notify;
pub mod send_due;
