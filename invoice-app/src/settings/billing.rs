//! How invoices are charged.

use std::time::Duration;

use service::{ConfigError, Var, Vars};

const BATCH: Var = Var::new(
    "CHARGE_BATCH_SIZE",
    "100",
    "invoices per claim and per request to the provider, 1 to 1000; for a legacy provider always 1",
);
const IN_FLIGHT: Var =
    Var::new("CHARGES_IN_FLIGHT", "4", "batches that one process works on at a time, 1 to 64");
const UNKNOWN: Var = Var::new(
    "UNKNOWN_RETRY_MS",
    "300000",
    "longest wait before an unknown outcome is asked about, with the same key",
);
const ROUNDS: Var =
    Var::new("COMPAT_MAX_ROUNDS", "50", "most rounds that `POST /invoices/pay` goes on for, 1 to 1000");

pub(super) const VARS: [Var; 4] = [BATCH, IN_FLIGHT, UNKNOWN, ROUNDS];

/// Sizes and waits of charging.
#[derive(Debug, Clone, Copy)]
pub struct BillingSettings {
    /// Rows per claim.
    pub batch: i64,
    /// Batches at a time.
    pub in_flight: usize,
    /// Longest wait before an unknown outcome is asked about.
    pub unknown: Duration,
    /// Most rounds of `POST /invoices/pay`.
    pub max_rounds: i32,
}

impl BillingSettings {
    pub(super) fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let small = |var: &Var, most: u64| vars.number(var, 1..=most).map(|n| i32::try_from(n).unwrap_or(1));
        Ok(Self {
            batch: small(&BATCH, 1_000)?.into(),
            in_flight: usize::try_from(small(&IN_FLIGHT, 64)?).unwrap_or(1),
            unknown: vars.millis(&UNKNOWN, 1..=86_400_000)?,
            max_rounds: small(&ROUNDS, 1_000)?,
        })
    }
}
