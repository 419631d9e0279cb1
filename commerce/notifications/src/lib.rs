//! Notifications: tells users what became of their orders and invoices, by e-mail.

pub mod app;
pub mod clients;
pub mod domain;
pub mod flows;
pub mod handlers;
pub mod jobs;
pub mod routes;
pub mod settings;
pub mod store;
