//! What happened to an invoice and is to be told.

use contracts::Amount;
use contracts::event::{Data, Invoice as Told, Kind};
use events::NewEvent;
use service::clock::Micros;

use crate::domain::customer::Customer;
use crate::domain::invoice::{Invoice, Origin};

/// An event about an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Number of the invoice.
    pub invoice: i64,
    /// What goes into the outbox.
    pub row: NewEvent,
}

/// Tells how an invoice stands since its state was changed without a claim.
#[must_use]
pub fn about(
    kind: Kind,
    invoice: &Invoice,
    customer: &Customer,
    (reason, traceparent): (Option<&str>, Option<String>),
    now: Micros,
) -> NewEvent {
    let data = Data::Invoice(Told {
        invoice: invoice.uid.clone(),
        number: invoice.id,
        customer: customer.uid.clone(),
        user: customer.user.clone(),
        order: (invoice.origin == Origin::Order).then(|| invoice.uid.clone()),
        amount: Amount(invoice.amount),
        attempt: invoice.attempt,
        reason: reason.map(str::to_owned),
    });
    NewEvent::new(kind, &data, invoice.epoch, traceparent, now)
}
