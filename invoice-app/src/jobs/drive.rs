//! One run, from its first claim to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use db::StoreError;
use service::clock::{Micros, SECOND};
use service::server::Shutdown;
use tokio::sync::Semaphore;

use super::hints::HandingOut;
use crate::domain::run::{Run, RunState};
use crate::flows::charge_due::{Charged, Charging, charge_due};
use crate::flows::finish_round::{Provider, Round, finish_round, is_anything_left};
use crate::store::hot::{Cursor, Queue};
use crate::store::runs;

/// Stands for the unknown outcomes of all runs, where a run's number is asked for.
pub const UNKNOWN: i64 = 0;
/// Stands for the invoices of orders.
pub const ORDERS: i64 = -1;
/// First and longest pause while others hold the rest of a round, or an outcome is unknown.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(1));
/// Rows that fell due so shortly before the last look may have come after it: other processes have other clocks.
const SLACK: Micros = 5 * SECOND;
/// The whole queue is looked through for unknown outcomes and ended leases this often.
const RESCAN: Micros = 60 * SECOND;

/// While workers are at it: pause between looks at how far they are.
const WATCH: Duration = Duration::from_millis(20);
/// Where there is a broker, but nobody takes anything from it, it is asked again after so many batches.
const BATCHES: usize = 4;

/// Drives runs; cheap to clone.
#[derive(Clone)]
pub struct Driver {
    /// What charging works with.
    pub charging: Arc<Charging>,
    in_flight: usize,
    /// As many keys as batches may be in flight; first come, first served, so that no run starves another.
    slots: Arc<Semaphore>,
    /// Workers that take work from a broker.
    workers: Option<Arc<HandingOut>>,
}

/// What a pass over the queue came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Nothing is left to claim.
    Done,
    /// It was interrupted after some batches.
    More,
    /// The provider is away for so long.
    Away(Micros),
}

impl Driver {
    /// A driver with `in_flight` batches at a time.
    #[must_use]
    pub fn new(charging: Arc<Charging>, in_flight: usize, workers: Option<Arc<HandingOut>>) -> Self {
        Self { charging, in_flight, slots: Arc::new(Semaphore::new(in_flight)), workers }
    }

    /// Works on a run until it has ended or is paused, or on unknown outcomes once. Errors are logged: the next look
    /// goes on where this one stopped.
    pub async fn drive(&self, run: i64, mut shutdown: Shutdown) {
        let done = match run {
            UNKNOWN => self.ask_about_unknown(&mut shutdown).await,
            ORDERS => self.charge_orders(&mut shutdown).await,
            run => self.drive_run(run, &mut shutdown).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, run, "billing is interrupted and goes on by itself");
            pause(PAUSES.1, &mut shutdown).await;
        }
    }

    async fn drive_run(&self, id: i64, shutdown: &mut Shutdown) -> Result<(), StoreError> {
        let mut wait = PAUSES.0;
        while !shutdown.is_asked() {
            let run = self.charging.db.read(move |conn| runs::get(conn, id)).await?;
            if run.state != RunState::Running {
                return Ok(());
            }
            if self.is_handed_out(&run).await? {
                pause(WATCH, shutdown).await;
                continue;
            }
            let pass = self.pass(&Queue::Run(Box::new(run.clone())), shutdown).await?;
            if shutdown.is_asked() {
                return Ok(());
            }
            if pass == Pass::More {
                continue;
            }
            match self.finish(run, pass).await? {
                Round::Ended(verdicts) => {
                    wait = PAUSES.0;
                    tracing::info!(run = id, verdicts, "round ended");
                }
                Round::Open => wait = (wait * 2).min(PAUSES.1),
            }
            if let Pass::Away(away) = pass {
                wait = wait.max(Duration::from_micros(away.unsigned_abs()).min(PAUSES.1));
            }
            pause(wait, shutdown).await;
        }
        Ok(())
    }

    /// Gives a run to the workers that listen, if there are any and something of it is left. Rounds of older clients
    /// end when the provider is away, which only those who ask it know.
    async fn is_handed_out(&self, run: &Run) -> Result<bool, StoreError> {
        let Some(workers) = self.workers.as_ref().filter(|_| !run.is_of_rounds()) else { return Ok(false) };
        if !is_anything_left(&self.charging.db, run.clone()).await? {
            return Ok(false);
        }
        Ok(workers.hand_out(run).await)
    }

    async fn finish(&self, run: Run, pass: Pass) -> Result<Round, StoreError> {
        let provider = if pass == Pass::Done { Provider::Reachable } else { Provider::Away };
        finish_round(&self.charging.db, run, provider, self.charging.clock.now()).await
    }

    /// Claims and charges, several batches at a time, until nothing is left.
    async fn pass(&self, queue: &Queue, shutdown: &Shutdown) -> Result<Pass, StoreError> {
        let place = Mutex::new((0, 0));
        let most = if self.workers.is_some() { BATCHES } else { usize::MAX };
        let workers = (0..self.in_flight).map(|_| self.work(queue, &place, most, shutdown));
        let mut pass = Pass::Done;
        for done in futures_util::future::join_all(workers).await {
            match (pass, done?) {
                (_, away @ Pass::Away(_)) => pass = away,
                (Pass::Done, Pass::More) => pass = Pass::More,
                _ => {}
            }
        }
        Ok(pass)
    }

    /// One of the workers of a pass: batch after batch, from the place on that any of them has reached.
    async fn work(
        &self,
        queue: &Queue,
        place: &Mutex<Cursor>,
        most: usize,
        shutdown: &Shutdown,
    ) -> Result<Pass, StoreError> {
        for _ in 0..most {
            if shutdown.is_asked() {
                return Ok(Pass::Done);
            }
            let Ok(_slot) = self.slots.acquire().await else { return Ok(Pass::Done) };
            let after = *place.lock().unwrap_or_else(PoisonError::into_inner);
            match charge_due(&self.charging, queue, after).await? {
                Charged::Nothing => return Ok(Pass::Done),
                Charged::Away(wait) => return Ok(Pass::Away(wait)),
                Charged::Batch(reached) => {
                    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
                    *place = reached.max(*place);
                }
            }
        }
        Ok(Pass::More)
    }

    /// Asks about open attempts as their time comes. Only what fell due since the last look is looked at, however many
    /// invoices wait before it; now and then everything is.
    async fn ask_about_unknown(&self, shutdown: &mut Shutdown) -> Result<(), StoreError> {
        let mut rescan_at = 0;
        let mut after = 0;
        while !shutdown.is_asked() {
            let now = self.charging.clock.now();
            if now >= rescan_at {
                (after, rescan_at) = (0, now + RESCAN);
            }
            if self.work(&Queue::Unknown, &Mutex::new((after, 0)), usize::MAX, shutdown).await? == Pass::Done
            {
                after = now - SLACK;
            }
            pause(PAUSES.1, shutdown).await;
        }
        Ok(())
    }
}

impl Driver {
    /// Charges what is ordered as it comes in, one batch at a time where there is no more, and asks about what is open.
    async fn charge_orders(&self, shutdown: &mut Shutdown) -> Result<(), StoreError> {
        while !shutdown.is_asked() {
            let pass = self.work(&Queue::Orders, &Mutex::new((0, 0)), usize::MAX, shutdown).await?;
            tokio::select! {
                () = self.charging.ordered.notified(), if pass == Pass::Done => {}
                () = tokio::time::sleep(PAUSES.1) => {}
                () = shutdown.asked() => {}
            }
        }
        Ok(())
    }
}

async fn pause(wait: Duration, shutdown: &mut Shutdown) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = shutdown.asked() => {}
    }
}
