//! What the payment provider captured: listed and added up, for reconciliation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Currency;

/// Path of the sums of what was captured.
pub const TOTALS_PATH: &str = "/pp/rest/v1/totals";

/// Money that was taken for an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Capture {
    /// The invoice that it pays.
    pub invoice: String,
    /// The key under which it was taken.
    pub key: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// Microseconds since 1970 UTC.
    pub captured_at: i64,
}

/// A page of captures, in the order in which they were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Captures {
    /// The page.
    pub items: Vec<Capture>,
    /// For the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What was captured in a window of time, per currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// One per currency, in the order of their codes.
    pub totals: Vec<Total>,
}

/// Captures of one currency, added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Total {
    /// ISO 4217 code.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// How many captures.
    pub count: i64,
    /// Their sum, minor units.
    pub amount: i64,
}
