//! Proofs from outside: the running binaries, killed, measured, asked.

pub mod checksum;
pub mod collector;
pub mod fuzz_targets;
pub mod invariants;
pub mod processes;
pub mod scraped;
