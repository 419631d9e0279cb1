//! Whether the payment provider answers us, asked at most once a second however often we are asked.

use std::sync::Arc;

use service::Clock;
use service::clock::{Micros, SECOND};
use tokio::sync::Mutex;

use super::provider::Provider;

/// The last answer, and when it was given.
pub struct ProviderHealth {
    provider: Arc<Provider>,
    clock: Clock,
    /// Held by one asker at a time: the others wait for its answer instead of asking too.
    last: Mutex<Option<(Micros, bool)>>,
}

impl ProviderHealth {
    /// Whom it asks.
    #[must_use]
    pub fn peer(&self) -> &Provider {
        &self.provider
    }

    /// Nothing asked yet.
    #[must_use]
    pub fn new(provider: Arc<Provider>, clock: Clock) -> Self {
        Self { provider, clock, last: Mutex::default() }
    }

    /// Whether it answered within the last second.
    pub async fn is_healthy(&self) -> bool {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        match *last {
            Some((at, healthy)) if now - at < SECOND => healthy,
            _ => {
                let healthy = self.provider.is_healthy().await.is_ok();
                *last = Some((now, healthy));
                healthy
            }
        }
    }
}
