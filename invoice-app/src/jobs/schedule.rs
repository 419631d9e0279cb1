//! Starts the runs of the schedule. Any number of processes may do this at once: of each tick there is one scope key,
//! and of each key one run.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, StoreError};
use service::Clock;
use service::clock::{Micros, SECOND};
use service::server::Shutdown;
use service::trace::{self, Span, names};
use tokio::sync::Notify;

use crate::domain::policy::RetryPolicy;
use crate::domain::run::Scope;
use crate::domain::schedule::{Schedule, scope_key, tick};
use crate::flows::start_run::start_run;
use crate::store::runs::{self, NewRun};

/// Longest sleep: the clock may be put right meanwhile.
const LONGEST: Micros = 30 * SECOND;

/// The scheduler.
pub struct Scheduler {
    /// Rows.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// When.
    pub schedule: Schedule,
    /// When to try again, for the runs that it starts.
    pub policy: Arc<RetryPolicy>,
    /// Wakes the billing job.
    pub wake: Arc<Notify>,
}

impl Scheduler {
    /// Starts runs until the stop is asked for. Ticks that were missed since the last run of the schedule are made up
    /// for by one run; a schedule that has not run yet begins with its next tick.
    pub async fn run(self, mut shutdown: Shutdown) {
        let began = self.clock.now();
        while !shutdown.is_asked() {
            if let Err(error) = self.look(began).await {
                tracing::error!(%error, "a scheduled run could not be started; it is tried again");
            }
            let now = self.clock.now();
            let next = self.schedule.after(now).map_or(LONGEST, |next| (next - now).clamp(0, LONGEST));
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(next.unsigned_abs())) => {}
                () = shutdown.asked() => {}
            }
        }
    }

    async fn look(&self, began: Micros) -> Result<(), StoreError> {
        let last = self.db.read(runs::last_scheduled).await?;
        let since = last.as_deref().and_then(tick).unwrap_or(began);
        let now = self.clock.now();
        let Some(tick) = self.schedule.latest(since, now) else { return Ok(()) };
        let span = Span::here(trace::Kind::Internal, "start scheduled run");
        let new = NewRun {
            traceparent: Some(span.traceparent()),
            scope_key: scope_key(tick),
            scope: Scope::Due,
            rounds: None,
            started_by: "schedule".into(),
            policy: Arc::clone(&self.policy),
        };
        let started = span.run(start_run(&self.db, new, Vec::new(), now)).await?;
        span.set(names::RUN, started.run.id);
        tracing::info!(run = started.run.id, key = started.run.scope_key, "scheduled run started");
        self.wake.notify_one();
        Ok(())
    }
}
