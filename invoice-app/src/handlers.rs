//! From HTTP to flows and back.

pub mod accounts;
pub mod billing_runs;
pub mod captures;
pub mod certificates;
pub mod compat_invoices;
pub mod compat_rest;
pub mod customers;
pub mod events;
pub mod health;
pub mod invoice_actions;
pub mod invoices;
pub mod page;
pub mod reconciliation;
pub mod run_progress;
pub mod runs;
pub mod state;
pub mod stream;
