//! What is counted of orders, once it is committed.

use prometheus::{IntCounter, IntCounterVec};
use service::ConfigError;
use service::metrics::Metrics;

use crate::domain::order::State;

/// `orders_total{state}`; cheap to clone.
#[derive(Clone)]
pub struct Counts(IntCounterVec);

impl Counts {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Result<Self, ConfigError> {
        let help = "Orders that came to stand there.";
        Ok(Self(metrics.counter("orders_total", help, &["state"]).map_err(ConfigError::internal)?))
    }

    /// Orders that came to stand there.
    #[must_use]
    pub fn of(&self, state: State) -> IntCounter {
        self.0.with_label_values(&[match state {
            State::Placed => "placed",
            State::Cancelling => "cancelling",
            State::Confirmed => "confirmed",
            State::Rejected => "rejected",
            State::Cancelled => "cancelled",
        }])
    }
}
