//! What events say. A field may be added to these, and readers leave aside what they do not know; a change that breaks
//! readers is a new type.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::{Amount, Currency};

/// The subject of an event, as it stands since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Of `user.*`.
    User(UserRegistered),
    /// Of `order.*`.
    Order(Order),
    /// Of `invoice.*`.
    Invoice(Invoice),
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRegistered {
    /// UUID.
    pub user: String,
    /// What the user is called.
    pub name: String,
    /// Where the user reads.
    pub email: String,
    /// ISO 4217 code of what the user pays in.
    pub currency: Currency,
    /// BCP 47 tag of the language to write in.
    pub locale: String,
    /// IANA time zone of the user's days.
    pub time_zone: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// UUID; the invoice's is the same.
    pub order: String,
    /// UUID of who placed it.
    pub user: String,
    /// What it costs.
    pub amount: Amount,
    /// What was ordered, in the user's words.
    pub description: String,
    /// Where it stands.
    pub state: OrderState,
    /// Why it was rejected or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// It is to be charged.
    Placed,
    /// It is to be stopped, if that is still possible.
    Cancelling,
    /// It was paid.
    Confirmed,
    /// It could not be paid.
    Rejected,
    /// It was stopped before it was paid.
    Cancelled,
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// UUID.
    pub invoice: String,
    /// Number, also in URLs.
    pub number: i64,
    /// UUID of the customer.
    pub customer: String,
    /// The user whose customer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// UUID of the order that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// How much.
    pub amount: Amount,
    /// Number of the last attempt; 0 when there was none.
    pub attempt: i32,
    /// Why it was not paid: the decline code, or `cancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Data {
    /// Reads the data of an event of this type.
    ///
    /// # Errors
    /// When they have another form.
    pub fn parse(kind: Kind, json: &str) -> serde_json::Result<Self> {
        match kind {
            Kind::UserRegistered => serde_json::from_str(json).map(Self::User),
            Kind::OrderPlaced
            | Kind::OrderCancelRequested
            | Kind::OrderConfirmed
            | Kind::OrderRejected
            | Kind::OrderCancelled => serde_json::from_str(json).map(Self::Order),
            Kind::InvoicePaid | Kind::InvoiceDeclined | Kind::InvoiceUncollectible | Kind::InvoiceVoided => {
                serde_json::from_str(json).map(Self::Invoice)
            }
        }
    }

    /// UUID of the user, order or invoice.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::User(user) => &user.user,
            Self::Order(order) => &order.order,
            Self::Invoice(invoice) => &invoice.invoice,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let json = match self {
            Self::User(user) => serde_json::to_string(user),
            Self::Order(order) => serde_json::to_string(order),
            Self::Invoice(invoice) => serde_json::to_string(invoice),
        };
        json.unwrap_or_default()
    }
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Placed, Self::Cancelling, Self::Confirmed, Self::Rejected, Self::Cancelled];

    /// The word on the wire and in the databases.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "PLACED",
            Self::Cancelling => "CANCELLING",
            Self::Confirmed => "CONFIRMED",
            Self::Rejected => "REJECTED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The state that a word stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}
