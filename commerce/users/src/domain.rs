//! What users are.

pub mod user;
