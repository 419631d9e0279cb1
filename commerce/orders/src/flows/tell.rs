//! Writes down what the other services are told, in the transaction in which it happens.

use contracts::event::Data;
use db::{AnyConnection, StoreError};
use events::outbox::{self, NewEvent};

use crate::domain::order::Change;

/// One event with the whole order; `parent` is the trace context of what caused it.
pub(super) fn tell(
    conn: &mut AnyConnection,
    (order, kind): &Change,
    parent: Option<String>,
) -> Result<(), StoreError> {
    let told = Data::Order(order.told());
    outbox::put(conn, &NewEvent::new(*kind, &told, order.version, parent, order.changed_at))
}
