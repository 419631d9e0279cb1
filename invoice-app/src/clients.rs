//! Peers that this service calls.

pub mod provider;
