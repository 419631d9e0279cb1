//! Whom the payment provider asks.

pub mod acquirer;
