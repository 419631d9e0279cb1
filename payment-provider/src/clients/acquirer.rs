//! The card acquirer, simulated: it takes its time, and is down now and then.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contracts::charge::{ChargeItem, Method};

use crate::domain::acquirer::{Simulation, is_share};
use crate::domain::charge::Asked;

/// The acquirer did not answer. It decided nothing, so nothing was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the card acquirer does not answer")]
pub struct Unreachable;

/// Decides about card charges.
#[derive(Debug)]
pub struct Acquirer {
    /// Locked while one batch is decided.
    simulation: Mutex<Simulation>,
    latency: Duration,
    fault_rate: f64,
}

impl Acquirer {
    /// An acquirer that answers after `latency`, and with the probability `fault_rate` not at all.
    #[must_use]
    pub fn new(simulation: Simulation, latency: Duration, fault_rate: f64) -> Option<Self> {
        is_share(fault_rate).then(|| Self { simulation: Mutex::new(simulation), latency, fault_rate })
    }

    /// Asks for a decision about each item that is paid by card.
    ///
    /// # Errors
    /// When the acquirer is down, for all items alike.
    pub async fn authorize(&self, items: Vec<ChargeItem>) -> Result<Vec<Asked>, Unreachable> {
        if self.latency > Duration::ZERO && items.iter().any(|item| item.method == Method::Card) {
            tokio::time::sleep(self.latency).await;
        }
        let mut simulation = self.simulation.lock().unwrap_or_else(PoisonError::into_inner);
        if self.fault_rate > 0.0 && simulation.happens(self.fault_rate) {
            return Err(Unreachable);
        }
        let decide = |item: ChargeItem| {
            let decision = (item.method == Method::Card).then(|| simulation.decide(&item));
            Asked { item, decision }
        };
        Ok(items.into_iter().map(decide).collect())
    }
}
