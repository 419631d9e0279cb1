//! What is worth a message, and how it is put.

pub mod language;
pub mod notification;
pub mod retry;
pub mod template;
pub mod worth;
