//! Creates an invoice.

use contracts::Currency;
use db::idempotency::{Keyed, Outcome, once};
use db::{AnyConnection, Db, StoreError};
use jiff::tz::TimeZone;
use service::clock::Micros;

use crate::domain::calendar::{due_at, today};
use crate::domain::invoice::{Invoice, NewInvoice};
use crate::store::{customers, invoices};

/// Why an invoice cannot be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such customer.
    UnknownCustomer,
    /// The customer pays in this currency, not in the invoice's.
    CustomerPaysIn(Currency),
    /// The date is outside of what a calendar can hold.
    ImpossibleDate,
}

/// Creates an invoice; `show` is what the caller is told, now and whenever the same key comes again.
pub async fn create_invoice(
    db: &Db,
    new: NewInvoice,
    keyed: Option<Keyed>,
    now: Micros,
    show: fn(&Invoice) -> String,
) -> Result<Outcome<Refusal>, StoreError> {
    db.write(move |conn| {
        once(conn, keyed.as_ref(), now, |conn| Ok(create(conn, &new, now)?.map(|invoice| show(&invoice))))
    })
    .await
}

fn create(
    conn: &mut AnyConnection,
    new: &NewInvoice,
    now: Micros,
) -> Result<Result<Invoice, Refusal>, StoreError> {
    let customer = match customers::get(conn, new.customer_id) {
        Err(StoreError::NotFound) => return Ok(Err(Refusal::UnknownCustomer)),
        other => other?,
    };
    if customer.currency != new.amount.currency {
        return Ok(Err(Refusal::CustomerPaysIn(customer.currency)));
    }
    let zone = TimeZone::get(&customer.time_zone).map_err(|e| StoreError::Bug(e.to_string()))?;
    let due_on = new.due_on.or_else(|| today(now, &zone));
    let due = due_on.and_then(|due_on| Some((due_on, due_at(due_on, &zone)?)));
    let Some(due) = due else { return Ok(Err(Refusal::ImpossibleDate)) };
    Ok(Ok(invoices::insert(conn, new, &service::id::uuid(now), due, now)?))
}
