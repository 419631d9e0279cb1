//! Revoked API keys: rows that are read every few seconds and asked in memory.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use db::{Db, StoreError};
use prometheus::IntCounterVec;

use crate::metrics::Metrics;
use crate::settings::{ConfigError, Var, Vars};

/// How often the rows are read.
pub const POLL: Var = Var::new(
    "REVOCATION_POLL_MS",
    "5000",
    "milliseconds between looks at the list of revoked API keys, 100 to 600000",
);

/// Reads `REVOCATION_POLL_MS`.
pub fn every(vars: &Vars) -> Result<Duration, ConfigError> {
    vars.millis(&POLL, 100..=600_000)
}

/// The list as it was last read.
#[derive(Clone)]
pub struct Revocations {
    db: Db,
    /// Held for as long as it takes to copy or replace a pointer.
    jtis: Arc<RwLock<Arc<HashSet<String>>>>,
    polls: IntCounterVec,
}

/// The list is read again for as long as this is held.
#[must_use]
pub struct Polling(tokio::task::JoinHandle<()>);

impl Drop for Polling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Revocations {
    /// Reads the list; a service that cannot does not start.
    pub fn load(db: &Db, metrics: &Metrics) -> Result<Self, ConfigError> {
        let help = "Looks at the list of revoked API keys, by result.";
        let polls = metrics.counter("revocation_polls_total", help, &["result"]);
        let jtis = db.read_blocking(db::revocations::all);
        let jtis = jtis.map_err(|e| ConfigError::new(format!("cannot read the revoked API keys: {e}")))?;
        let jtis = Arc::new(RwLock::new(Arc::new(jtis)));
        Ok(Self { db: db.clone(), jtis, polls: polls.map_err(ConfigError::internal)? })
    }

    /// Whether a key is revoked.
    #[must_use]
    pub fn holds(&self, jti: &str) -> bool {
        self.jtis.read().unwrap_or_else(PoisonError::into_inner).contains(jti)
    }

    /// Reads the list again and again. While the database does not answer, the last list stays in force.
    pub fn poll(&self, every: Duration) -> Polling {
        let list = self.clone();
        Polling(tokio::spawn(async move {
            let mut failing = false;
            loop {
                tokio::time::sleep(every).await;
                let read = list.read().await;
                if let Err(why) = read.as_ref()
                    && !failing
                {
                    tracing::warn!(%why, "the list of revoked API keys cannot be read");
                } else if failing && read.is_ok() {
                    tracing::info!("the list of revoked API keys can be read again");
                }
                failing = read.is_err();
                list.polls.with_label_values(&[if failing { "failed" } else { "ok" }]).inc();
            }
        }))
    }

    async fn read(&self) -> Result<(), StoreError> {
        let jtis = self.db.read(db::revocations::all).await?;
        *self.jtis.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(jtis);
        Ok(())
    }
}
