//! Drives the runs that are not finished, and asks about outcomes that are unknown. Any number of processes may do
//! this at once: claims skip each other's rows, and each round is ended by one of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use db::StoreError;
use service::clock::Micros;
use service::server::Shutdown;
use tokio::sync::Notify;

use crate::domain::run::Run;
use crate::flows::charge_due::{Charging, charge_due};
use crate::flows::finish_round::{Round, finish_round};
use crate::store::runs;

/// Pause between looks at the database when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);
/// Pause while other processes hold the rest of a round.
const OTHERS: Duration = Duration::from_millis(25);
/// First and longest pause of a run after rounds in vain.
const PAUSES: (Micros, Micros) = (200_000, 5_000_000);

/// The billing job.
pub struct Billing {
    charging: Arc<Charging>,
    in_flight: usize,
    wake: Arc<Notify>,
    /// Held by the job alone: rounds in vain so far, and until when the run pauses.
    pauses: HashMap<i64, (u32, Micros)>,
}

impl Billing {
    /// A job that charges with `in_flight` batches at a time and looks for work when woken.
    #[must_use]
    pub fn new(charging: Arc<Charging>, in_flight: usize, wake: Arc<Notify>) -> Self {
        Self { charging, in_flight, wake, pauses: HashMap::new() }
    }

    /// Works until the stop is asked for; what is in flight then is settled first.
    pub async fn run(mut self, mut shutdown: Shutdown) {
        while !shutdown.is_asked() {
            let pause = match self.step(&shutdown).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "billing is interrupted and goes on by itself");
                    IDLE
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.asked() => {}
            }
        }
    }

    /// One look at everything; gives the pause until the next one.
    async fn step(&mut self, shutdown: &Shutdown) -> Result<Duration, StoreError> {
        while charge_due(&self.charging, None).await? > 0 && !shutdown.is_asked() {}
        let running = self.charging.db.read(runs::running).await?;
        self.pauses.retain(|id, _| running.iter().any(|run| run.id == *id));
        let mut pause = IDLE;
        for run in running {
            if shutdown.is_asked() {
                break;
            }
            let wait = self.drive(run, shutdown).await?;
            pause = pause.min(wait);
        }
        Ok(pause)
    }

    /// Works on one round of a run; gives how long the run can wait for the next look.
    async fn drive(&mut self, run: Run, shutdown: &Shutdown) -> Result<Duration, StoreError> {
        let now = self.charging.clock.now();
        if let Some((_, until)) = self.pauses.get(&run.id).filter(|(_, until)| *until > now) {
            return Ok(Duration::from_micros((until - now).unsigned_abs()));
        }
        let workers = (0..self.in_flight).map(|_| charge_all(&self.charging, &run, shutdown));
        for done in futures_util::future::join_all(workers).await {
            done?;
        }
        if shutdown.is_asked() {
            return Ok(Duration::ZERO);
        }
        let (id, round) = (run.id, run.round);
        match finish_round(&self.charging.db, run, self.charging.clock.now()).await? {
            Round::Open => Ok(OTHERS),
            Round::Ended(tally) => {
                tracing::info!(run = id, round, ?tally, "round ended");
                let in_vain = if tally.was_in_vain() {
                    self.pauses.get(&id).map_or(0, |(times, _)| *times) + 1
                } else {
                    0
                };
                let pause = if in_vain == 0 { 0 } else { (PAUSES.0 << in_vain.min(10)).min(PAUSES.1) };
                self.pauses.insert(id, (in_vain, self.charging.clock.now() + pause));
                Ok(Duration::from_micros(pause.unsigned_abs()))
            }
        }
    }
}

/// One of the workers of a round: batch after batch, until nothing is due.
async fn charge_all(charging: &Charging, run: &Run, shutdown: &Shutdown) -> Result<(), StoreError> {
    while !shutdown.is_asked() && charge_due(charging, Some(run)).await? > 0 {}
    Ok(())
}
