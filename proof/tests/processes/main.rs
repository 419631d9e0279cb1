//! The binaries as they are deployed: killed, started again, and given bad settings. Needs `cargo build --bins`.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "the seed of a failing run is needed to repeat it")]

mod kills;
mod settings;
