//! Billing handed out over a broker. A hint is worth one claim, wherever it is taken; the claim alone says whose an invoice
//! is, so hints may be lost or come twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use db::StoreError;
use events::broker::Access;
use events::broker::hints::{self, Hints};
use events::transport::Unreachable;
use service::server::Shutdown;

use crate::domain::run::{Run, RunState};
use crate::flows::charge_due::{Charged, Charging, charge_due};
use crate::store::hot::{Cursor, Queue};
use crate::store::runs;

/// Longest time for which a hint is kept when there is nobody to be asked.
const AWAY: Duration = Duration::from_secs(1);

/// Gives work to whoever takes it from the broker.
pub struct HandingOut {
    hints: Hints,
    /// Hints that may wait, for each worker.
    most: u32,
    /// So that it is said once.
    is_away: AtomicBool,
}

impl HandingOut {
    /// Twice as many hints may wait as a worker takes at once, `in_flight`.
    #[must_use]
    pub fn new(access: Access, in_flight: usize) -> Self {
        let most = u32::try_from(2 * in_flight).unwrap_or(u32::MAX);
        Self { hints: Hints::new(access), most, is_away: AtomicBool::new(false) }
    }

    /// Lets workers know that something of a run is left; false when there are none, or no broker.
    pub async fn hand_out(&self, run: &Run) -> bool {
        match self.hints.top_up(run.id, run.traceparent.as_deref(), self.most).await {
            Ok(depth) => {
                self.is_away.store(false, Ordering::Relaxed);
                depth.workers > 0
            }
            Err(Unreachable(why)) => {
                if !self.is_away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        why,
                        "billing cannot be handed out over the broker; it is done here meanwhile"
                    );
                }
                false
            }
        }
    }
}

/// Takes work from the broker.
pub struct TakingWork {
    access: Access,
    charging: Arc<Charging>,
    in_flight: usize,
    /// How far this process has got in each run; held for as long as it takes to look or to write.
    places: Mutex<HashMap<i64, Cursor>>,
}

impl TakingWork {
    /// Takes `in_flight` hints at a time.
    #[must_use]
    pub fn new(access: Access, charging: Arc<Charging>, in_flight: usize) -> Self {
        Self { access, charging, in_flight, places: Mutex::default() }
    }

    /// Charges what it is told of until the stop is asked for; what is in flight then is settled first.
    pub async fn run(self, shutdown: Shutdown) {
        let at_once = u16::try_from(self.in_flight).unwrap_or(u16::MAX);
        hints::take(&self.access, at_once, |run| self.look(run), shutdown).await;
    }

    async fn look(&self, run: i64) {
        if let Err(error) = self.charge(run).await {
            tracing::error!(%error, run, "billing is interrupted and goes on by itself");
            tokio::time::sleep(AWAY).await;
        }
    }

    async fn charge(&self, id: i64) -> Result<(), StoreError> {
        let run = match self.charging.db.read(move |conn| runs::get(conn, id)).await {
            Ok(run) if run.state == RunState::Running => run,
            Ok(_) | Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        };
        let after = self.with_places(|places| places.get(&id).copied().unwrap_or_default());
        match charge_due(&self.charging, &Queue::Run(Box::new(run)), after).await? {
            Charged::Batch(reached) => self.with_places(|places| {
                let place = places.entry(id).or_default();
                *place = reached.max(*place);
            }),
            // What is left, if anything is, stands before: the next look begins at the beginning.
            Charged::Nothing => self.with_places(|places| {
                places.remove(&id);
            }),
            Charged::Away(wait) => {
                tokio::time::sleep(Duration::from_micros(wait.unsigned_abs()).min(AWAY)).await;
            }
        }
        Ok(())
    }

    fn with_places<T>(&self, work: impl FnOnce(&mut HashMap<i64, Cursor>) -> T) -> T {
        work(&mut self.places.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
