//! Proofs from outside: the running binaries, killed, measured, asked.

pub mod invariants;
pub mod processes;
