//! Which events are worth a message: how an order ended; and of invoices that are not an order's, receipts and what
//! could not be collected.

use contracts::Money;
use contracts::event::{Data, Event, Invoice, Kind, Order};

use super::template::Template;

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// What kind of message.
    pub template: Template,
    /// Whom it is for.
    pub user: String,
    /// The order that it is about.
    pub order: Option<String>,
    /// How much it is about.
    pub amount: Money,
    /// What was ordered.
    pub description: String,
    /// Number of the invoice.
    pub number: String,
    /// Why nothing was charged, as a code.
    pub reason: String,
}

/// What an event says to a user, if anything.
#[must_use]
pub fn worth(event: &Event) -> Option<Worth> {
    match &event.data {
        Data::Order(order) => of_order(event.kind, order),
        Data::Invoice(invoice) => of_invoice(event.kind, invoice),
        Data::User(_) => None,
    }
}

fn of_order(kind: Kind, order: &Order) -> Option<Worth> {
    let template = match kind {
        Kind::OrderConfirmed => Template::OrderConfirmed,
        Kind::OrderRejected => Template::OrderRejected,
        Kind::OrderCancelled => Template::OrderCancelled,
        _ => return None,
    };
    Some(Worth {
        template,
        user: order.user.clone(),
        order: Some(order.order.clone()),
        amount: order.amount.0,
        description: order.description.clone(),
        number: String::new(),
        reason: order.reason.clone().unwrap_or_default(),
    })
}

/// Of an order's invoice the order speaks.
fn of_invoice(kind: Kind, invoice: &Invoice) -> Option<Worth> {
    let template = match kind {
        Kind::InvoicePaid => Template::InvoicePaid,
        Kind::InvoiceUncollectible => Template::InvoiceUncollectible,
        _ => return None,
    };
    let user = invoice.user.clone().filter(|_| invoice.order.is_none())?;
    Some(Worth {
        template,
        user,
        order: None,
        amount: invoice.amount.0,
        description: String::new(),
        number: invoice.number.to_string(),
        reason: invoice.reason.clone().unwrap_or_default(),
    })
}
