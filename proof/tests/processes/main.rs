//! The binaries as they are deployed: killed, stopped, started again, and given bad settings. Needs
//! `cargo build --bins`; docs/RELIABILITY.md says what is injected and how often.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "the seed of a failing run is needed to repeat it")]

mod client;
mod crashes;
mod fail_points;
mod handed_out;
mod journal;
mod kills;
mod orders;
mod readiness;
mod reconciled;
mod saga;
mod server;
mod settings;
mod workers;
mod world;
