//! Proofs from outside: end to end, kills, benchmarks against the running binaries.
