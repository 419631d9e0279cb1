//! Accounts that customers keep with the payment provider: a balance that deposits raise and charges lower.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Currency;

/// Path of the accounts.
pub const ACCOUNTS_PATH: &str = "/pp/rest/v1/accounts";

/// An account to open; the same once more changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// Whose it is. 1 to 100 visible ASCII characters.
    #[schema(min_length = 1, max_length = 100)]
    pub customer: String,
    /// ISO 4217 code of the balance, for ever.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
}

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Whose it is.
    pub customer: String,
    /// ISO 4217 code of the balance.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// Minor units, never below zero.
    pub balance: i64,
    /// Microseconds since 1970 UTC.
    pub opened_at: i64,
}

/// A page of accounts, in the order of the customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accounts {
    /// The page.
    pub items: Vec<Account>,
    /// For the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Money to be added to an account. The same key adds it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// Idempotency key, unique per account. 1 to 100 visible ASCII characters.
    #[schema(min_length = 1, max_length = 100)]
    pub key: String,
    /// Minor units, more than zero.
    #[schema(minimum = 1)]
    pub amount: i64,
    /// ISO 4217 code; must be the account's.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
}

/// What became of a deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DepositResult {
    /// The account as it stands now.
    pub account: Account,
    /// True when this deposit had been made before.
    pub replayed: bool,
}

/// One side of a movement, as the account sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// `deposit` or `capture`.
    pub kind: String,
    /// The deposit's key, or the invoice that was paid.
    pub reference: String,
    /// Minor units; below zero when the balance went down.
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String)]
    pub currency: Currency,
    /// Microseconds since 1970 UTC.
    pub at: i64,
}

/// A page of entries, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entries {
    /// The page.
    pub items: Vec<Entry>,
    /// For the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
