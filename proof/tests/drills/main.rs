//! Keys and certificates replaced while the services run, as processes. Needs `cargo build --bins`.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "how many payments a drill saw says what it is worth")]

mod operator;
mod payments;
mod refusals;
mod rotation;
mod running;
mod unusable;
