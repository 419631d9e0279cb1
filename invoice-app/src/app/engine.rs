//! What charges, in every role that does.

use std::collections::HashMap;
use std::sync::Arc;

use service::metrics::Metrics;
use service::reload::Reloads;
use service::{Clock, ConfigError};
use tokio::sync::Notify;

use crate::clients::provider::{Access, Provider};
use crate::flows::charge_due::Charging;
use crate::flows::counts::Counts;
use crate::jobs::billing::Billing;
use crate::jobs::hints::{HandingOut, TakingWork};
use crate::settings::EngineSettings;
use crate::store::MIGRATIONS;

/// A claim holds for this many times the longest wait for the provider.
const LEASE_IN_TIMEOUTS: u32 = 3;

/// Everything that charging needs, checked and ready to go.
pub(super) struct Engine {
    pub db: db::Db,
    pub clock: Clock,
    pub metrics: Metrics,
    pub charging: Arc<Charging>,
    pub billing: Billing,
    /// What a worker does instead, where work is handed out.
    pub taking: Option<TakingWork>,
    pub wake: Arc<Notify>,
    pub reloads: Reloads,
    pub lock: db::FileLock,
}

impl Engine {
    pub fn build(settings: EngineSettings, clock: Clock) -> Result<Self, ConfigError> {
        let EngineSettings { database, provider, billing, queue, .. } = settings;
        let lock = db::FileLock::take(&database.url).map_err(|e| ConfigError::new(e.to_string()))?;
        let db = database.open(MIGRATIONS)?;
        let metrics = Metrics::of(&db).map_err(ConfigError::internal)?;
        service::telemetry::measure(&metrics)?;
        let mut reloads = Reloads::new(&metrics, &clock)?;
        provider.watch(&mut reloads)?;
        let client = client(provider.access, &clock, &metrics)?;
        let charging = Arc::new(Charging {
            db: db.clone(),
            batch: client.per_claim(billing.batch),
            provider: Arc::new(client),
            clock: clock.clone(),
            policy: billing.policy,
            policies: tokio::sync::Mutex::new(HashMap::new()),
            breaker: std::sync::Mutex::default(),
            lease: provider.timeout * LEASE_IN_TIMEOUTS,
            tells: billing.tells,
            told: Arc::new(Notify::new()),
            ordered: Arc::new(Notify::new()),
            counts: Counts::new(&metrics)?,
            fail_point: billing.fail_point,
        });
        watch_breaker(&charging, &metrics)?;
        let wake = Arc::new(Notify::new());
        let at_once = billing.in_flight;
        let workers = queue.clone().map(|queue| Arc::new(HandingOut::new(queue, at_once)));
        let taking = queue.map(|queue| TakingWork::new(queue, Arc::clone(&charging), at_once));
        let billing = Billing::new(Arc::clone(&charging), at_once, workers, Arc::clone(&wake));
        Ok(Self { db, clock, metrics, charging, billing, taking, wake, reloads, lock })
    }
}

fn watch_breaker(charging: &Arc<Charging>, metrics: &Metrics) -> Result<(), ConfigError> {
    let (charging, help) = (Arc::clone(charging), "1 while the payment provider is left alone.");
    let is_open = move || charging.breaker(|breaker, now| breaker.is_open(now)).into();
    metrics.asked_level("provider_breaker_open", help, is_open).map_err(ConfigError::internal)
}

fn client(access: Access, clock: &Clock, metrics: &Metrics) -> Result<Provider, ConfigError> {
    if matches!(access, Access::Legacy { .. }) {
        tracing::warn!(
            "PAYMENT_PROVIDER_ENDPOINT names a legacy provider, which is asked for one charge at a time: the guarantees \
             of batches are off, and only an Idempotency-Key that it honours makes it safe to repeat a charge"
        );
    }
    let calls = metrics.calls("payment-provider").map_err(ConfigError::internal)?;
    Ok(Provider::new(access, clock.clone(), calls))
}
