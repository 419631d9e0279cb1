//! What the handlers work with.

use std::sync::Arc;
use std::time::Duration;

use service::Clock;
use tokio::sync::Notify;

use crate::clients::provider_health::ProviderHealth;
use crate::domain::run::Scope;
use crate::flows;
use crate::store::runs;

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
    /// Most rounds of `POST /invoices/pay`.
    pub max_rounds: i32,
}

impl State {
    /// Starts a run in the background and gives its number. Older clients name no scope key: each request is a run.
    pub async fn start_run(&self, scope: Scope, rounds: i32) -> Result<i64, db::StoreError> {
        let now = self.clock.now();
        let scope_key = format!("compat/{}", service::id::uuid(now));
        let run = flows::start_run::start_run(&self.db, scope_key, scope, rounds, now).await?;
        self.wake.notify_one();
        Ok(run)
    }

    /// Waits until a run is finished.
    pub async fn finished(&self, run: i64) -> Result<(), db::StoreError> {
        while !self.db.read(move |conn| runs::is_finished(conn, run)).await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
