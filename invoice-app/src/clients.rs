//! Peers that this service calls.

pub mod provider;
pub mod provider_health;
