//! Voids an invoice: it will never be charged, and whoever wants to know is told so in the same transaction.

use contracts::event::Kind;
use db::{AnyConnection, Db, StoreError};
use service::clock::Micros;

use crate::domain::invoice::{Invoice, State, VOIDED};
use crate::store::{customers, invoices, outbox};

/// The invoice as it stands now, or the state that does not allow it.
pub async fn void_invoice(
    db: &Db,
    id: i64,
    telling: Telling,
    now: Micros,
) -> Result<Result<Invoice, State>, StoreError> {
    db.write(move |conn| {
        void(conn, id, (VOIDED, &telling), now)?;
        let invoice = invoices::get(conn, id)?;
        Ok(if invoice.state == State::Void { Ok(invoice) } else { Err(invoice.state) })
    })
    .await
}

/// Whether events are written, and what they were caused by.
#[derive(Debug, Clone, Default)]
pub struct Telling {
    /// Whether.
    pub wanted: bool,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// Voids it if it waits to be charged; false when it does not.
pub(super) fn void(
    conn: &mut AnyConnection,
    id: i64,
    (reason, telling): (&str, &Telling),
    now: Micros,
) -> Result<bool, StoreError> {
    let done = invoices::void(conn, id, reason)?;
    if done {
        tell(conn, Kind::InvoiceVoided, (id, Some(reason)), telling, now)?;
    }
    Ok(done)
}

/// Writes an event about an invoice as it stands now.
pub(super) fn tell(
    conn: &mut AnyConnection,
    kind: Kind,
    (id, reason): (i64, Option<&str>),
    telling: &Telling,
    now: Micros,
) -> Result<(), StoreError> {
    if !telling.wanted {
        return Ok(());
    }
    let invoice = invoices::get(conn, id)?;
    let customer = customers::get(conn, invoice.customer_id)?;
    let because = (reason, telling.traceparent.clone());
    events::outbox::put(conn, &outbox::about(kind, &invoice, &customer, because, now))
}
