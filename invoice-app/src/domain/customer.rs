//! Who pays.

use contracts::Currency;
use contracts::charge::Method;
use service::clock::Micros;

/// A customer, who pays in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Number, also in URLs.
    pub id: i64,
    /// UUIDv7, which the provider sees and which outlives re-seeding.
    pub uid: String,
    /// What the customer pays in.
    pub currency: Currency,
    /// How the customer pays.
    pub method: Method,
    /// IANA time zone: invoices fall due on the customer's days.
    pub time_zone: String,
    /// When it was created.
    pub created_at: Micros,
    /// The user whose it is.
    pub user: Option<String>,
}

/// A customer to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// What the customer pays in.
    pub currency: Currency,
    /// How the customer pays.
    pub method: Method,
    /// IANA time zone, known to exist.
    pub time_zone: String,
    /// The user whose it is.
    pub user: Option<String>,
}
