//! The charge API between Antaeus and the payment provider: one request per batch, one verdict per item.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Currency;

/// Path of the batch charge API; also what tokens are bound to.
pub const CHARGES_PATH: &str = "/pp/rest/v1/charges";
/// Path of the provider's own health, behind the same gate.
pub const HEALTH_PATH: &str = "/pp/rest/health";
/// Most items in one batch.
pub const MAX_ITEMS: usize = 1_000;

/// A batch of charges; items are judged one by one, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeBatch {
    /// 1 to 1,000 items.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<ChargeItem>,
}

/// One charge: the same key must always carry the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargeItem {
    /// Idempotency key, `{invoice uid}:{attempt}`; 1 to 100 visible ASCII characters.
    #[schema(min_length = 1, max_length = 100)]
    pub key: String,
    /// The invoice that is paid; at most one capture for ever. 1 to 100 visible ASCII characters.
    #[schema(min_length = 1, max_length = 100)]
    pub invoice: String,
    /// The customer who pays. 1 to 100 visible ASCII characters.
    #[schema(min_length = 1, max_length = 100)]
    pub customer: String,
    /// Minor units, more than zero.
    #[schema(minimum = 1)]
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
    /// How the customer pays.
    pub method: Method,
}

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By the card that the acquirer holds on file.
    Card,
    /// From the balance of the customer's account with the provider.
    Wallet,
}

impl Method {
    /// The name on the wire and in the databases.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Wallet => "wallet",
        }
    }

    /// The method that a name stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Card, Self::Wallet].into_iter().find(|method| method.as_str() == name)
    }
}

/// The answer to a batch: one result per item, in the order of the items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeResults {
    /// As many as there were items.
    pub results: Vec<ChargeResult>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChargeResult {
    /// The item's key.
    pub key: String,
    /// The verdict, kept for ever under this key.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// True when this verdict was given before and is repeated here.
    #[serde(default)]
    pub replayed: bool,
    /// When the invoice was captured, if it was: microseconds since 1970 UTC, by the provider's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<i64>,
}

/// A definitive answer for one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The money was taken, under this key.
    Captured,
    /// The money was not taken.
    Declined {
        /// The acquirer's decline code, such as `insufficient_funds`.
        code: String,
    },
    /// The invoice was captured before, under another key.
    AlreadyCaptured {
        /// The key under which it was captured.
        by: String,
    },
    /// The customer has no account to pay from.
    UnknownCustomer,
    /// The customer's account is kept in another currency.
    CurrencyMismatch,
    /// The caller gave this key up before it was charged: it never will be.
    Abandoned,
    /// This key was used before with other content; nothing was done.
    Conflict {
        /// Names of the fields that differ.
        fields: Vec<String>,
    },
    /// The item breaks a rule; nothing was done.
    Invalid {
        /// What to correct.
        reason: String,
    },
}

impl Verdict {
    /// Whether the invoice's money was taken, now or before.
    #[must_use]
    pub fn is_capture(&self) -> bool {
        matches!(self, Self::Captured | Self::AlreadyCaptured { .. })
    }
}

/// A stored charge: what was asked, and the verdict that it has for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Charge {
    /// What was asked; absent where the key was abandoned before it was charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ChargeItem>,
    /// The verdict.
    #[serde(flatten)]
    pub result: ChargeResult,
    /// When it was decided, microseconds since 1970 UTC.
    pub decided_at: i64,
}
