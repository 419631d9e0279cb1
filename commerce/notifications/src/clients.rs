//! How e-mails leave.

pub mod letter;
pub mod mailbox;
pub mod mailer;
pub mod smtp;
