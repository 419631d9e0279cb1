//! What the handlers work with.

use std::sync::Arc;
use std::time::Duration;

use service::Clock;
use service::server::Shutdown;
use tokio::sync::Notify;

use crate::clients::provider_health::ProviderHealth;
use crate::domain::policy::RetryPolicy;
use crate::domain::run::{Run, Scope};
use crate::flows;
use crate::flows::reconcile::Reconciling;
use crate::store::runs::{self, NewRun};

/// Pause between looks at a run that another process may be working on.
const LOOK: Duration = Duration::from_millis(20);

/// Shared by all handlers.
pub struct State {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Wakes the billing job.
    pub wake: Arc<Notify>,
    /// Whether the provider answers.
    pub provider: ProviderHealth,
    /// Whether events are written.
    pub tells: bool,
    /// Wakes whoever tells them.
    pub told: Arc<Notify>,
    /// Most rounds of `POST /invoices/pay`.
    pub max_rounds: i32,
    /// When to try again, for runs that begin now.
    pub policy: Arc<RetryPolicy>,
    /// What reconciliation compares.
    pub reconciling: Reconciling,
    /// Ends the streams that would go on.
    pub closing: Shutdown,
}

impl State {
    /// How many retries are granted after declines.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.policy.soft_decline.wait_days.len()
    }

    /// A run that waits for every verdict, as it is to be started.
    #[must_use]
    pub fn new_run(&self, scope_key: String, scope: Scope, started_by: String) -> NewRun {
        let (policy, traceparent) = (Arc::clone(&self.policy), service::trace::parent());
        NewRun { scope_key, scope, rounds: None, started_by, policy, traceparent }
    }

    /// Starts such a run in the background, or gives the one that has this scope key.
    pub async fn start_run(
        &self,
        scope_key: String,
        scope: Scope,
        ids: Vec<i64>,
        started_by: String,
    ) -> Result<Run, db::StoreError> {
        let new = self.new_run(scope_key, scope, started_by);
        let started = flows::start_run::start_run(&self.db, new, ids, self.clock.now()).await?;
        self.wake.notify_one();
        Ok(started.run)
    }

    /// Starts rounds in the background and gives the run's number. Older clients name no scope key: each request of
    /// theirs is a run.
    pub async fn start_rounds(&self, scope: Scope, rounds: i32) -> Result<i64, db::StoreError> {
        let now = self.clock.now();
        let policy = Arc::new(RetryPolicy::clone(&self.policy).for_rounds());
        let scope_key = format!("compat/{}", service::id::uuid(now));
        let (started_by, traceparent) = ("compat".into(), service::trace::parent());
        let new = NewRun { scope_key, scope, rounds: Some(rounds), started_by, policy, traceparent };
        let started = flows::start_run::start_run(&self.db, new, Vec::new(), now).await?;
        self.wake.notify_one();
        Ok(started.run.id)
    }

    /// Waits until a run has ended.
    pub async fn finished(&self, run: i64) -> Result<(), db::StoreError> {
        while !self.db.read(move |conn| runs::get(conn, run)).await?.state.is_final() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
