//! Writes what a batch of charges came to: states, history, tallies and events in one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use contracts::Amount;
use contracts::event::{Data, Invoice as Told};
use db::{AnyConnection, StoreError};
use events::NewEvent;
use service::clock::Micros;
use service::id::Uuids;

use super::charge_due::Charging;
use crate::domain::invoice::{LastOutcome, Origin};
use crate::domain::policy::RetryPolicy;
use crate::domain::progress::Count;
use crate::domain::settle::{OpenCharge, Outcome, Settlement, Settling, settle};
use crate::store::outbox::Event;
use crate::store::tallies::Change;
use crate::store::{attempts, hot, runs};

/// Settles a batch that the provider was asked about at `started`; gives what was settled and not by somebody else.
pub async fn settle_charges(
    charging: &Charging,
    charges: Vec<OpenCharge>,
    outcomes: Vec<Outcome>,
    started: Micros,
) -> Result<Vec<Settlement>, StoreError> {
    let now = charging.clock.now();
    let policies = policies(charging, &charges).await?;
    let allowed = allowed_from(charging, &charges, &policies).await?;
    let mut settlements = Vec::with_capacity(charges.len());
    for (charge, outcome) in charges.iter().zip(&outcomes) {
        let policy = charge.run_id.and_then(|run| policies.get(&run)).unwrap_or(&charging.policy);
        let allowed_from = allowed.get(&charge.invoice_id).copied();
        let settling = Settling { now, policy, random: rand::random(), allowed_from };
        settlements.push(settle(charge, outcome, &settling));
    }
    let tells = charging.tells;
    let work = move |conn: &mut AnyConnection| write(conn, &charges, &settlements, tells, (started, now));
    let settled = charging.db.write_statement(work).await?;
    if tells {
        charging.told.notify_one();
    }
    Ok(settled)
}

fn write(
    conn: &mut AnyConnection,
    charges: &[OpenCharge],
    settlements: &[Settlement],
    tells: bool,
    (started, now): (Micros, Micros),
) -> Result<Vec<Settlement>, StoreError> {
    let all: Vec<hot::Settled<'_>> = charges.iter().zip(settlements).collect();
    let changes = all.iter().flat_map(changes).collect();
    let uuids = Uuids::default();
    let events = all.iter().filter(|_| tells).filter_map(|one| event(one, &uuids, now)).collect();
    let ours = hot::settle(conn, &hot::Batch { settled: all, changes, events, started_at: started, now })?;
    Ok(settlements.iter().filter(|one| ours.contains(&one.invoice_id)).cloned().collect())
}

/// What a settlement adds to the tallies; an outcome that was unknown until now leaves those.
fn changes<'a>((charge, settlement): &hot::Settled<'a>) -> impl Iterator<Item = Change<'a>> + use<'a> {
    let was_unknown = charge.resend && charge.before.outcome == Some(LastOutcome::Unknown);
    let counted = settlement.counted(was_unknown);
    let of = |outcome, reason, invoices: i64| Change {
        invoice: charge.invoice_id,
        run: charge.run_id,
        outcome,
        reason,
        currency: charge.amount.currency,
        count: Count { invoices, amount: invoices * charge.amount.minor },
        at: settlement.paid_at,
    };
    let known = (was_unknown && counted.is_some()).then(|| of("unknown", "", -1));
    // What no run claimed, no run counts; what was captured is held against the provider's books all the same.
    let counts = |change: &Change<'_>| change.run.is_some() || change.outcome == "captured";
    counted.map(|(outcome, reason)| of(outcome, reason, 1)).into_iter().chain(known).filter(counts)
}

fn event((charge, settlement): &hot::Settled<'_>, uuids: &Uuids, now: Micros) -> Option<Event> {
    let kind = settlement.event()?;
    let data = Data::Invoice(Told {
        invoice: charge.invoice_uid.clone(),
        number: charge.invoice_id,
        customer: charge.customer_uid.clone(),
        user: charge.user.clone(),
        order: (charge.origin == Origin::Order).then(|| charge.invoice_uid.clone()),
        amount: Amount(charge.amount),
        attempt: settlement.attempt,
        reason: settlement.last_code.clone(),
    });
    let row = NewEvent {
        id: uuids.next(now),
        kind,
        subject: charge.invoice_uid.clone(),
        version: settlement.epoch,
        data: data.json(),
        traceparent: charge.traceparent.as_deref().map(service::trace::nearest),
        at: now,
    };
    Some(Event { invoice: charge.invoice_id, row })
}

/// The policies that the runs of these charges began with.
async fn policies(
    charging: &Charging,
    charges: &[OpenCharge],
) -> Result<HashMap<i64, Arc<RetryPolicy>>, StoreError> {
    let mut known = HashMap::new();
    for run in charges.iter().filter_map(|charge| charge.run_id) {
        if let Entry::Vacant(place) = known.entry(run) {
            place.insert(policy(charging, run).await?);
        }
    }
    Ok(known)
}

async fn policy(charging: &Charging, run: i64) -> Result<Arc<RetryPolicy>, StoreError> {
    let mut policies = charging.policies.lock().await;
    if let Some(policy) = policies.get(&run) {
        return Ok(Arc::clone(policy));
    }
    let policy = charging.db.read(move |conn| runs::get(conn, run)).await?.policy;
    // Few runs are open at a time; whoever is forgotten is read again.
    if policies.len() > 100 {
        policies.clear();
    }
    policies.insert(run, Arc::clone(&policy));
    Ok(policy)
}

/// From when on the card networks allow one more attempt, for the few invoices that have had as many as they allow.
async fn allowed_from(
    charging: &Charging,
    charges: &[OpenCharge],
    policies: &HashMap<i64, Arc<RetryPolicy>>,
) -> Result<HashMap<i64, Micros>, StoreError> {
    let oldest_that_counts = |charge: &OpenCharge| {
        let budget = policies.get(&charge.run_id?)?.card_network?;
        Some((charge.invoice_id, budget.oldest(charge.attempt)?, budget.span()))
    };
    let wanted: Vec<(i64, i32, Micros)> = charges.iter().filter_map(oldest_that_counts).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let now = charging.clock.now();
    charging
        .db
        .read(move |conn| {
            let mut found = HashMap::new();
            for (invoice, attempt, days) in wanted {
                let started = attempts::started_at(conn, invoice, attempt)?.unwrap_or(now);
                found.insert(invoice, started + days);
            }
            Ok(found)
        })
        .await
}
