//! Ends orders as their invoices ended, and writes down with it what the others are told.

use contracts::event::{Data, Event, Invoice, Kind};
use db::{AnyConnection, Db, StoreError};
use events::{Consumed, inbox};
use service::clock::Micros;

use super::counts::Counts;
use super::tell::tell;
use crate::domain::order::{Contradiction, State, Verdict};
use crate::store::orders;

/// Applies a batch of invoice events in one transaction: what became of each, in their order.
pub async fn settle_orders(
    db: &Db,
    events: Vec<Event>,
    now: Micros,
    counts: &Counts,
) -> Result<Vec<Consumed>, StoreError> {
    let settling = db.write(move |conn| {
        // Always locked in the order of their ids: batches that overlap do not wait for each other in a circle.
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|at| (&events[*at].subject, events[*at].version));
        let mut consumed = vec![Consumed::Done; events.len()];
        let mut reached = Vec::new();
        for at in order {
            consumed[at] = settle(conn, &events[at], now, &mut reached)?;
        }
        Ok((consumed, reached))
    });
    let (consumed, reached) = settling.await?;
    reached.into_iter().for_each(|state| counts.of(state).inc());
    Ok(consumed)
}

/// Notes in `reached` where an order came to stand.
fn settle(
    conn: &mut AnyConnection,
    event: &Event,
    now: Micros,
    reached: &mut Vec<State>,
) -> Result<Consumed, StoreError> {
    let Some((id, verdict)) = verdict(event) else { return Ok(Consumed::Done) };
    let order = match orders::lock(conn, None, &id) {
        Err(StoreError::NotFound) => return Ok(Consumed::Refused(format!("there is no order {id}"))),
        order => order?,
    };
    let change = match order.settle(verdict, now) {
        Ok(change) => change,
        Err(Contradiction(state)) => {
            let why = format!("{} of an order that is {}", event.kind, state.as_str());
            return Ok(Consumed::Refused(why));
        }
    };
    if !inbox::is_news(conn, event, now)? {
        return Ok(Consumed::Done);
    }
    if let Some(change) = change {
        orders::save(conn, &change.0)?;
        reached.push(change.0.state);
        tell(conn, &change, event.traceparent.clone())?;
    }
    Ok(Consumed::Done)
}

/// The order, and what became of its invoice; nothing for invoices of other kinds.
fn verdict(event: &Event) -> Option<(String, Verdict)> {
    let Data::Invoice(Invoice { order: Some(order), reason, .. }) = &event.data else { return None };
    match event.kind {
        Kind::InvoicePaid => Some((order.clone(), Verdict::Paid)),
        Kind::InvoiceVoided => Some((order.clone(), Verdict::Voided(reason.clone()))),
        _ => None,
    }
}
