//! Voids an invoice: it will never be charged.

use db::{Db, StoreError};

use crate::domain::invoice::{Invoice, State};
use crate::store::invoices;

/// The invoice as it stands now, or the state that does not allow it.
pub async fn void_invoice(db: &Db, id: i64) -> Result<Result<Invoice, State>, StoreError> {
    db.write(move |conn| {
        // One statement asks and changes: an attempt that is being opened is waited for, and then this changes nothing.
        let done = invoices::change_state(conn, id, (State::Pending, State::Void), None)?;
        let invoice = invoices::get(conn, id)?;
        let allowed = done || invoice.state == State::Void;
        Ok(if allowed { Ok(invoice) } else { Err(invoice.state) })
    })
    .await
}
