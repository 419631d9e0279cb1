//! The types of events: who sends each, and who subscribes to it.

use std::fmt;
use std::str::FromStr;

/// A type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody became a user.
    UserRegistered,
    /// An order is to be charged.
    OrderPlaced,
    /// An order is not wanted any more; whether it still can be stopped, invoice-app decides.
    OrderCancelRequested,
    /// An order was paid.
    OrderConfirmed,
    /// An order could not be paid.
    OrderRejected,
    /// An order was stopped before it was paid.
    OrderCancelled,
    /// An invoice was paid.
    InvoicePaid,
    /// An invoice was not paid, and will be tried again.
    InvoiceDeclined,
    /// An invoice was not paid, and will not be tried again by itself.
    InvoiceUncollectible,
    /// An invoice will never be charged.
    InvoiceVoided,
}

/// The text is no type of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no type of event that is known here")]
pub struct UnknownKind(String);

const USERS: &str = "users";
const ORDERS: &str = "orders";
const INVOICE_APP: &str = "invoice-app";
const NOTIFICATIONS: &str = "notifications";

/// Everything about a type: its name, its sender, its subscribers.
type Row = (&'static str, &'static str, &'static [&'static str]);

impl Kind {
    /// Every type.
    pub const ALL: [Self; 10] = [
        Self::UserRegistered,
        Self::OrderPlaced,
        Self::OrderCancelRequested,
        Self::OrderConfirmed,
        Self::OrderRejected,
        Self::OrderCancelled,
        Self::InvoicePaid,
        Self::InvoiceDeclined,
        Self::InvoiceUncollectible,
        Self::InvoiceVoided,
    ];

    fn row(self) -> Row {
        match self {
            Self::UserRegistered => ("user.registered.v1", USERS, &[INVOICE_APP, NOTIFICATIONS]),
            Self::OrderPlaced => ("order.placed.v1", ORDERS, &[INVOICE_APP]),
            Self::OrderCancelRequested => ("order.cancel_requested.v1", ORDERS, &[INVOICE_APP]),
            Self::OrderConfirmed => ("order.confirmed.v1", ORDERS, &[NOTIFICATIONS]),
            Self::OrderRejected => ("order.rejected.v1", ORDERS, &[NOTIFICATIONS]),
            Self::OrderCancelled => ("order.cancelled.v1", ORDERS, &[NOTIFICATIONS]),
            Self::InvoicePaid => ("invoice.paid.v1", INVOICE_APP, &[ORDERS, NOTIFICATIONS]),
            Self::InvoiceDeclined => ("invoice.declined.v1", INVOICE_APP, &[NOTIFICATIONS]),
            Self::InvoiceUncollectible => ("invoice.uncollectible.v1", INVOICE_APP, &[NOTIFICATIONS]),
            Self::InvoiceVoided => ("invoice.voided.v1", INVOICE_APP, &[ORDERS, NOTIFICATIONS]),
        }
    }

    /// Its name on the wire and in the databases.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The one service that sends it.
    #[must_use]
    pub fn sender(self) -> &'static str {
        self.row().1
    }

    /// The services that subscribe to it.
    #[must_use]
    pub fn receivers(self) -> &'static [&'static str] {
        self.row().2
    }

    /// `/` and the name of its sender.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self.sender() {
            USERS => "/users",
            ORDERS => "/orders",
            _ => "/invoice-app",
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownKind(name.chars().take(80).collect()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
