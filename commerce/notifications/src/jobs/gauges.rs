//! Gauges of what the rows say.

use std::time::Duration;

use db::{Db, StoreError};
use prometheus::Gauge;
use service::metrics::{Metrics, look_every_few_seconds};
use service::server::Shutdown;
use service::{Clock, ConfigError};

use crate::store::queue;

/// The job.
pub struct Gauges {
    db: Db,
    clock: Clock,
    oldest_unsent: Gauge,
}

impl Gauges {
    /// Registers them.
    pub fn new(db: &Db, clock: &Clock, metrics: &Metrics) -> Result<Self, ConfigError> {
        let help = "How long the oldest message that is not sent yet has been waiting; 0: there is none.";
        let oldest_unsent = metrics.seconds("oldest_unsent_notification_seconds", help);
        let oldest_unsent = oldest_unsent.map_err(ConfigError::internal)?;
        Ok(Self { db: db.clone(), clock: clock.clone(), oldest_unsent })
    }

    /// Looks until the stop is asked for.
    pub async fn run(self, shutdown: Shutdown) {
        look_every_few_seconds(shutdown, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        let oldest = self.db.read(queue::oldest_unsent).await?;
        let waiting = oldest.map_or(0, |at| (self.clock.now() - at).max(0).unsigned_abs());
        self.oldest_unsent.set(Duration::from_micros(waiting).as_secs_f64());
        Ok(())
    }
}
