//! Both services in one process, on SQLite and PostgreSQL, asked as their users ask them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets None or Err has failed")]

mod accounts;
mod api_keys;
mod bad_input;
mod caller;
mod captures;
mod charges;
mod compat_provider;
mod fuzz_corpora;
mod gate;
mod invoice_actions;
mod layers;
mod ledger;
mod legacy;
mod limits;
mod older_clients;
mod older_provider;
mod openapi;
mod outages;
mod owners;
mod plans;
mod revocations;
mod rows;
mod settings_tables;
mod v1;
mod verify;
