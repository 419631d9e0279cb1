//! The operator's command line: PKI, keys, seeds, configuration documents.

mod api;
pub mod billing;
pub mod customers;
mod database;
pub mod events;
mod files;
mod http;
pub mod invoices;
pub mod keys;
mod money;
mod output;
mod pages;
pub mod pki;
pub mod policies;
pub mod ports;
pub mod probe;
pub mod reconcile;
pub mod seed;
mod sse;
mod table;
pub mod verify;

#[cfg(test)]
#[path = "../tests/canned/mod.rs"]
mod canned;
