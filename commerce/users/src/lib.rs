//! Users: who registers, and what the others are told of them.

pub mod app;
pub mod domain;
pub mod flows;
pub mod handlers;
pub mod routes;
pub mod settings;
pub mod store;
