//! Proofs from outside: the running binaries, killed, measured, asked.

pub mod checksum;
pub mod fuzz_targets;
pub mod invariants;
pub mod processes;
