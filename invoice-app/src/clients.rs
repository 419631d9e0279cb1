//! Peers that this service calls.

pub mod caller;
pub mod provider;
pub mod provider_health;
