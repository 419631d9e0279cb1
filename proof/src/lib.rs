//! Proofs from outside: the running binaries, killed, measured, asked.

pub mod processes;
