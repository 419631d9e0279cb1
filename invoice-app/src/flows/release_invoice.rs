//! Releases an invoice that was set aside: it may be charged again from now on, or from when the card networks allow.

use crate::domain::invoice::{Invoice, State};
use crate::domain::policy::Budget;
use crate::store::{attempts, invoices};
use db::{AnyConnection, Db, StoreError};
use service::clock::Micros;

/// The invoice as it stands now, or the state that does not allow it.
pub async fn release_invoice(
    db: &Db,
    id: i64,
    budget: Option<Budget>,
    now: Micros,
) -> Result<Result<Invoice, State>, StoreError> {
    db.write(move |conn| {
        let at = allowed_from(conn, id, budget, now)?;
        // One statement asks and changes: an attempt that is being opened is waited for, and then this changes nothing.
        let done = invoices::change_state(conn, id, (State::Parked, State::Pending), Some(at))?;
        let invoice = invoices::get(conn, id)?;
        Ok(if done { Ok(invoice) } else { Err(invoice.state) })
    })
    .await
}

fn allowed_from(
    conn: &mut AnyConnection,
    id: i64,
    budget: Option<Budget>,
    now: Micros,
) -> Result<Micros, StoreError> {
    let Some(budget) = budget else { return Ok(now) };
    let Some(oldest) = budget.oldest(invoices::get(conn, id)?.attempt) else { return Ok(now) };
    let started = attempts::started_at(conn, id, oldest)?;
    Ok(started.map_or(now, |started| now.max(started + budget.span())))
}
