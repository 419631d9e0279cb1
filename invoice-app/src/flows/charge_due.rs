//! Charges due invoices: claim, call, settle. Here an invoice is charged.
//!
//! Three short steps, so that no transaction is held while the network is asked. A crash between any two leaves
//! CHARGING rows whose lease ends; the next claim sends them again with the same key and content, and the provider
//! answers with the verdict that it gave.

use std::sync::Arc;
use std::time::Duration;

use db::{Db, StoreError};
use prometheus::IntCounterVec;
use service::Clock;
use service::clock::Micros;

use crate::clients::provider::{CallError, Provider};
use crate::domain::run::{Run, Tally};
use crate::domain::settle::{OpenCharge, Outcome, Policy, Settlement, settle};
use crate::store::{hot, runs};

/// What charging works with.
pub struct Charging {
    /// Rows.
    pub db: Db,
    /// Who is asked.
    pub provider: Arc<Provider>,
    /// Time.
    pub clock: Clock,
    /// When to try again.
    pub policy: Policy,
    /// How long a claim holds.
    pub lease: Duration,
    /// Rows per claim and items per request.
    pub batch: i64,
    /// `invoice_charges_total{outcome}`.
    pub charges: IntCounterVec,
}

/// Charges one batch of what is due for a run; without a run, asks about outcomes that are unknown. Gives how many
/// invoices were claimed.
pub async fn charge_due(charging: &Charging, run: Option<&Run>) -> Result<usize, StoreError> {
    let claimed = claim(charging, run).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let started = charging.clock.now();
    let outcomes = call(&charging.provider, &claimed).await;
    let count = claimed.len();
    let settled = settle_all(charging, run.cloned(), claimed, outcomes, started).await?;
    record(&charging.charges, &settled);
    Ok(count)
}

async fn claim(charging: &Charging, run: Option<&Run>) -> Result<Vec<OpenCharge>, StoreError> {
    let now = charging.clock.now();
    let lease_end = now + micros(charging.lease);
    let claim = hot::Claim { run: run.cloned(), now, lease_end, limit: charging.batch };
    charging.db.write(move |conn| hot::claim(conn, &claim)).await
}

/// One outcome per charge. A request that cannot be read is halved until the one item that spoils it stands alone.
async fn call(provider: &Provider, charges: &[OpenCharge]) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Unknown; charges.len()];
    let whole = 0..charges.len();
    let mut parts = vec![whole];
    while let Some(part) = parts.pop() {
        let error = match provider.charge(&charges[part.clone()]).await {
            Ok(results) => {
                outcomes.splice(part, results);
                continue;
            }
            Err(error) => error,
        };
        tracing::warn!(%error, items = part.len(), "charge request failed");
        match error {
            CallError::Unreadable(_) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                parts.extend([part.start..middle, middle..part.end]);
            }
            error => outcomes[part].fill(error.outcome()),
        }
    }
    outcomes
}

async fn settle_all(
    charging: &Charging,
    run: Option<Run>,
    charges: Vec<OpenCharge>,
    outcomes: Vec<Outcome>,
    started: Micros,
) -> Result<Vec<Settlement>, StoreError> {
    let now = charging.clock.now();
    let one =
        |(charge, outcome): (&OpenCharge, &Outcome)| settle(charge, outcome, now, &charging.policy, random());
    let settlements: Vec<Settlement> = charges.iter().zip(&outcomes).map(one).collect();
    let write = move |conn: &mut db::AnyConnection| {
        let run_id = run.as_ref().map(|run| run.id);
        let settled = hot::settle(conn, &settlements, run_id, (started, now))?;
        let settled: Vec<Settlement> =
            settlements.iter().filter(|one| settled.contains(&one.invoice_id)).cloned().collect();
        if let Some(run) = &run {
            runs::insert_tally(conn, run, &tally(&settled))?;
        }
        Ok(settled)
    };
    charging.db.write(write).await
}

fn tally(settled: &[Settlement]) -> Tally {
    let mut tally = Tally::default();
    for one in settled {
        one.count(&mut tally);
    }
    tally
}

fn record(counter: &IntCounterVec, settled: &[Settlement]) {
    let tally = tally(settled);
    let counts = [
        ("captured", tally.captured),
        ("declined", tally.declined),
        ("unknown", tally.unknown),
        ("not_attempted", tally.not_attempted),
        ("parked", tally.parked),
    ];
    for (outcome, count) in counts {
        counter.with_label_values(&[outcome]).inc_by(u64::from(count.unsigned_abs()));
    }
}

fn micros(duration: Duration) -> Micros {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2)
}

fn random() -> u32 {
    rand::random()
}
