//! Charges due invoices: claim, call, settle. Here an invoice is charged.
//!
//! Three short steps, so that no transaction is held while the network is asked. A crash between any two leaves
//! CHARGING rows whose lease ends; the next claim sends them again with the same key and content, and the provider
//! answers with the verdict that it gave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use db::{Db, StoreError};
use service::Clock;
use service::clock::Micros;
use service::fail_point::FailPoint;
use service::trace::{self, Span, names};
use tokio::sync::Notify;

use super::counts::Counts;
use super::settle_charges::settle_charges;
use crate::clients::provider::{CallError, Provider};
use crate::domain::breaker::Breaker;
use crate::domain::policy::RetryPolicy;
use crate::domain::settle::{OpenCharge, Outcome, Settlement};
use crate::store::hot::{self, Cursor, Queue};

/// What charging works with.
pub struct Charging {
    /// Rows.
    pub db: Db,
    /// Who is asked.
    pub provider: Arc<Provider>,
    /// Time.
    pub clock: Clock,
    /// When to try again, for runs that begin now.
    pub policy: Arc<RetryPolicy>,
    /// Policies of open runs by number, read once; held while one is read.
    pub policies: tokio::sync::Mutex<HashMap<i64, Arc<RetryPolicy>>>,
    /// Keeps us from claiming while the provider is away; never held across a call.
    pub breaker: Mutex<Breaker>,
    /// How long a claim holds.
    pub lease: Duration,
    /// Rows per claim and items per request.
    pub batch: i64,
    /// Whether events are written.
    pub tells: bool,
    /// Wakes whoever tells them.
    pub told: Arc<Notify>,
    /// Wakes whoever charges orders.
    pub ordered: Arc<Notify>,
    /// What is counted of attempts.
    pub counts: Counts,
    /// Where to stop dead, in tests.
    pub fail_point: FailPoint,
}

/// What became of one look for due invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// A batch was charged; the next one begins after this place.
    Batch(Cursor),
    /// There was nothing to claim.
    Nothing,
    /// The provider is away: not before so long.
    Away(Micros),
}

/// Charges one batch of what is due in a queue, from a place in it on.
pub async fn charge_due(charging: &Charging, queue: &Queue, after: Cursor) -> Result<Charged, StoreError> {
    if let Err(wait) = charging.breaker(|breaker, now| breaker.enter(now, charging.lease_micros())) {
        return Ok(Charged::Away(wait));
    }
    let claimed = claim(charging, queue, after).await?;
    let Some(last) = claimed.last() else {
        // Nobody was asked, so whoever is next may ask.
        charging.breaker(|breaker, _| breaker.leave());
        return Ok(Charged::Nothing);
    };
    let place = (last.before.due_at, last.invoice_id);
    charging.fail_point.reach("after_claim");
    let started = charging.clock.now();
    let span = span(queue, &claimed);
    let settled = span.run(settled(charging, claimed, started)).await?;
    charging.fail_point.reach("after_settle");
    charging.counts.settled(&settled);
    Ok(Charged::Batch(place))
}

async fn settled(
    charging: &Charging,
    claimed: Vec<OpenCharge>,
    started: Micros,
) -> Result<Vec<Settlement>, StoreError> {
    let outcomes = call(charging, &claimed).await;
    charging.fail_point.reach("after_reply");
    settle_charges(charging, claimed, outcomes, started).await
}

/// One span for the whole batch: part of the trace of whoever ordered the first of the invoices, or of what started
/// the run.
fn span(queue: &Queue, claimed: &[OpenCharge]) -> Span {
    let run = if let Queue::Run(run) = queue { Some(run) } else { None };
    let of_run = run.and_then(|run| run.traceparent.as_deref());
    let orders = claimed.iter().filter_map(|charge| charge.traceparent.as_deref());
    let span = Span::of_batch(trace::Kind::Internal, "charge invoices", orders.chain(of_run));
    span.set(names::INVOICES, i64::try_from(claimed.len()).unwrap_or(i64::MAX));
    if let Some(run) = run {
        span.set(names::RUN, run.id);
    }
    span
}

impl Charging {
    /// Asks or tells the breaker.
    pub fn breaker<T>(&self, ask: impl FnOnce(&mut Breaker, Micros) -> T) -> T {
        let now = self.clock.now();
        ask(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// How long a claim holds.
    #[must_use]
    pub fn lease_micros(&self) -> Micros {
        i64::try_from(self.lease.as_micros()).unwrap_or(i64::MAX / 2)
    }
}

async fn claim(charging: &Charging, queue: &Queue, after: Cursor) -> Result<Vec<OpenCharge>, StoreError> {
    let now = charging.clock.now();
    let lease_end = now + charging.lease_micros();
    let claim = hot::Claim { queue: queue.clone(), after, now, lease_end, limit: charging.batch };
    charging.db.write_statement(move |conn| hot::claim(conn, &claim)).await
}

/// One outcome per charge. A request that cannot be read is halved until the one item that spoils it stands alone.
async fn call(charging: &Charging, charges: &[OpenCharge]) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Unknown; charges.len()];
    let whole = 0..charges.len();
    let mut parts = vec![whole];
    while let Some(part) = parts.pop() {
        charging.fail_point.reach("before_send");
        charging.fail_point.reach_soon("after_send");
        let error = match charging.provider.charge(&charges[part.clone()]).await {
            Ok(results) => {
                results.first().into_iter().for_each(|outcome| report(charging, outcome));
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
            error => {
                let outcome = error.outcome();
                report(charging, &outcome);
                outcomes[part].fill(outcome);
            }
        }
    }
    outcomes
}

/// Tells the breaker whether somebody is there.
fn report(charging: &Charging, outcome: &Outcome) {
    charging.breaker(|breaker, now| match outcome {
        Outcome::Verdict(..) | Outcome::Unreadable => breaker.succeeded(),
        Outcome::NotAttempted(wait) => breaker.turned_away(now, *wait),
        Outcome::Unknown => breaker.failed(now),
    });
}
