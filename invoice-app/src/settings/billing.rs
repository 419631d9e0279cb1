//! How invoices are charged, and when.

use std::sync::Arc;
use std::time::Duration;

use service::fail_point::FailPoint;
use service::{ConfigError, Var, Vars};

use super::policy;
use crate::domain::policy::RetryPolicy;
use crate::domain::schedule::Schedule;

const BATCH: Var = Var::new(
    "CHARGE_BATCH_SIZE",
    "100",
    "invoices per claim and per request to the provider, 1 to 1000; for a legacy provider always 1",
);
const IN_FLIGHT: Var =
    Var::new("CHARGES_IN_FLIGHT", "8", "batches that one process works on at a time, 1 to 64");
const ROUNDS: Var =
    Var::new("COMPAT_MAX_ROUNDS", "50", "most rounds that `POST /invoices/pay` goes on for, 1 to 1000");
const SCHEDULE: Var = Var::new(
    "BILLING_SCHEDULE",
    "0 * * * *",
    "when `serve` starts a run over the invoices that are due, as cron in UTC; `off`: only when asked to",
);
const RECONCILE: Var = Var::new(
    "RECONCILE_EVERY_MS",
    "300000",
    "pause between comparisons of our payments with the provider's captures, 100 to 86400000",
);
const EVENTS: Var = Var::unset(
    "EVENTS",
    "`outbox` writes an event of whatever happens to an invoice into the table `outbox`, also where nobody is told by this process (a worker's are told by `serve`); `off` writes none; when not set, they are written where `EVENTS_TO` or `BROKER_URL` is set",
);

pub(super) const VARS: [Var; 7] = [BATCH, IN_FLIGHT, ROUNDS, policy::FILE, SCHEDULE, RECONCILE, EVENTS];

/// Sizes, waits and times of charging.
pub struct BillingSettings {
    /// Rows per claim.
    pub batch: i64,
    /// Batches at a time.
    pub in_flight: usize,
    /// Most rounds of `POST /invoices/pay`.
    pub max_rounds: i32,
    /// When to try again.
    pub policy: Arc<RetryPolicy>,
    /// When runs start by themselves.
    pub schedule: Option<Schedule>,
    /// Pause between reconciliations.
    pub reconcile: Duration,
    /// Whether events are written.
    pub tells: bool,
    /// Where to stop dead, in tests.
    pub fail_point: FailPoint,
}

impl BillingSettings {
    pub(super) fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let small = |var: &Var, most: u64| vars.number(var, 1..=most).map(|n| i32::try_from(n).unwrap_or(1));
        Ok(Self {
            batch: small(&BATCH, 1_000)?.into(),
            in_flight: usize::try_from(small(&IN_FLIGHT, 64)?).unwrap_or(1),
            max_rounds: small(&ROUNDS, 1_000)?,
            policy: policy::policy(vars)?,
            schedule: schedule(vars)?,
            reconcile: vars.millis(&RECONCILE, 100..=86_400_000)?,
            tells: tells(vars)?,
            fail_point: FailPoint::read(vars),
        })
    }
}

fn schedule(vars: &Vars) -> Result<Option<Schedule>, ConfigError> {
    if vars.text(&SCHEDULE).as_deref() == Some("off") {
        return Ok(None);
    }
    vars.required(&SCHEDULE).map(Some)
}

fn tells(vars: &Vars) -> Result<bool, ConfigError> {
    match vars.text(&EVENTS).as_deref() {
        Some("outbox") => Ok(true),
        Some("off") => Ok(false),
        None => Ok(events::settings::are_told(vars)),
        Some(other) => Err(ConfigError::bad(&EVENTS, other, "give outbox or off")),
    }
}
