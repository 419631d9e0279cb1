//! Antaeus: keeps customers and invoices, and gets each invoice paid at most once.

pub mod app;
pub mod clients;
pub mod domain;
pub mod flows;
pub mod handlers;
pub mod jobs;
pub mod routes;
pub mod settings;
pub mod store;
