//! Compares our payments with the provider's captures now and then.

use std::time::Duration;

use prometheus::IntCounterVec;
use service::metrics::Metrics;
use service::server::Shutdown;
use service::{Clock, ConfigError};

use crate::flows::reconcile::{Reconciling, reconcile};

/// The reconciliation job. Any number of processes may do this at once: they find the same, and put it right once.
pub struct Reconciliation {
    with: Reconciling,
    clock: Clock,
    every: Duration,
    passes: IntCounterVec,
}

impl Reconciliation {
    /// A job that compares every so often.
    pub fn new(
        with: Reconciling,
        clock: Clock,
        every: Duration,
        metrics: &Metrics,
    ) -> Result<Self, ConfigError> {
        let passes = metrics.counter(
            "reconciliations_total",
            "Comparisons with the provider's books, by result.",
            &["result"],
        );
        Ok(Self { with, clock, every, passes: passes.map_err(ConfigError::internal)? })
    }

    /// Compares until the stop is asked for.
    pub async fn run(self, mut shutdown: Shutdown) {
        if !self.with.provider.lists_captures() {
            tracing::warn!(
                "the payment provider is a legacy one, which lists nothing: its books are not compared"
            );
            return;
        }
        while !shutdown.is_asked() {
            tokio::select! {
                () = tokio::time::sleep(self.every) => self.pass().await,
                () = shutdown.asked() => {}
            }
        }
    }

    async fn pass(&self) {
        match reconcile(&self.with, self.clock.now()).await {
            Ok(()) => self.passes.with_label_values(&["done"]).inc(),
            Err(error) => {
                self.passes.with_label_values(&["failed"]).inc();
                tracing::warn!(%error, "the provider's books could not be compared with ours; it is tried again");
            }
        }
    }
}
