//! Drives the runs that are not finished, and asks about outcomes that are unknown. Any number of processes may do
//! this at once: claims skip each other's rows, and each round is ended by one of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use db::StoreError;
use service::server::Shutdown;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::drive::{Driver, ORDERS, UNKNOWN};
use super::hints::HandingOut;
use crate::flows::charge_due::Charging;
use crate::store::runs;

/// Pause between looks for new runs when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);

/// The billing job.
pub struct Billing {
    driver: Driver,
    wake: Arc<Notify>,
    /// Held by the job alone: one task per run that is being driven, and their numbers.
    driven: (JoinSet<i64>, HashSet<i64>),
}

impl Billing {
    /// A job that charges with `in_flight` batches at a time, over all runs, and looks for work when woken.
    #[must_use]
    pub fn new(
        charging: Arc<Charging>,
        in_flight: usize,
        workers: Option<Arc<HandingOut>>,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            driver: Driver::new(charging, in_flight, workers),
            wake,
            driven: (JoinSet::new(), HashSet::new()),
        }
    }

    /// Works until the stop is asked for; what is in flight then is settled first.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        while !shutdown.is_asked() {
            if let Err(error) = self.look(&shutdown).await {
                tracing::error!(%error, "billing is interrupted and goes on by itself");
            }
            let (tasks, numbers) = &mut self.driven;
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                Some(done) = tasks.join_next() => {
                    // Who panicked is not known by number: all are looked for again.
                    match done {
                        Ok(run) => drop(numbers.remove(&run)),
                        Err(_) => numbers.clear(),
                    }
                }
                () = shutdown.asked() => {}
            }
        }
        while self.driven.0.join_next().await.is_some() {}
    }

    /// Sees to it that each running run has a task, and the unknown outcomes and the orders have one.
    async fn look(&mut self, shutdown: &Shutdown) -> Result<(), StoreError> {
        let running = self.driver.charging.db.read(runs::running).await?;
        for run in running.into_iter().chain([UNKNOWN, ORDERS]) {
            let (tasks, numbers) = &mut self.driven;
            if numbers.insert(run) {
                let (driver, shutdown) = (self.driver.clone(), shutdown.clone());
                tasks.spawn(async move {
                    driver.drive(run, shutdown).await;
                    run
                });
            }
        }
        Ok(())
    }
}
