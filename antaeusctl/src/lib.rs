//! The operator's command line: PKI, keys, seeds, configuration documents.

mod api;
mod database;
mod files;
mod http;
pub mod invoices;
pub mod keys;
pub mod pki;
pub mod ports;
pub mod probe;
pub mod seed;
pub mod verify;
