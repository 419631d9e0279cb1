//! Users, orders and notifications, on SQLite and PostgreSQL, asked as their users ask them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets None or Err has failed")]

mod bad_input;
mod deciding;
mod flowing;
mod keys;
mod mail;
mod measured;
mod notifying;
mod parked;
mod placing;
mod registering;
mod rows;
mod saga;
mod schema;
mod sending;
mod smtp;
mod told;
