//! From HTTP to flows and back.

pub mod captures;
pub mod compat_invoices;
pub mod compat_rest;
pub mod customers;
pub mod health;
pub mod invoice_actions;
pub mod invoices;
pub mod page;
pub mod state;
pub mod stream;
