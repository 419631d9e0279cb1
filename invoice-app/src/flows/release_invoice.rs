//! Releases an invoice that was set aside: it may be charged again from now on.

use crate::domain::invoice::{Invoice, State};
use crate::store::invoices;
use db::{Db, StoreError};
use service::clock::Micros;

/// The invoice as it stands now, or the state that does not allow it.
pub async fn release_invoice(db: &Db, id: i64, now: Micros) -> Result<Result<Invoice, State>, StoreError> {
    db.write(move |conn| {
        // One statement asks and changes: an attempt that is being opened is waited for, and then this changes nothing.
        let done = invoices::change_state(conn, id, (State::Parked, State::Pending), Some(now))?;
        let invoice = invoices::get(conn, id)?;
        let allowed = done;
        Ok(if allowed { Ok(invoice) } else { Err(invoice.state) })
    })
    .await
}
