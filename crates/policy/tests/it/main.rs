//! The rules of both APIs, one by one: each test fails when its rule is broken.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets None or Err has failed"
)]

mod application;
mod authorization;
mod calls;
mod conditions;
mod doors;
mod fail_closed;
mod installation;
mod lab;
mod mutants;
mod network;
mod peers;
mod ports;
mod rules;
mod scraping;
mod tokens;
