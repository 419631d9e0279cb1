//! What can be done with users.

pub mod register_user;
