//! Peers that this service calls.

pub mod accounts;
pub mod answer;
pub mod batch;
pub mod caller;
pub mod legacy;
pub mod provider;
pub mod provider_health;
