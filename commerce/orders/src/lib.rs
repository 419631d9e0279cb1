//! Orders: placed, cancelled, and decided by whether their invoice is paid.

pub mod app;
pub mod domain;
pub mod flows;
pub mod handlers;
pub mod routes;
pub mod settings;
pub mod store;
