//! What an API key may open: a closed list.

use std::fmt;
use std::str::FromStr;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident => $word:literal,)+) => {
        /// One thing that an API key may open.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $($(#[$doc])* $name,)+ }

        impl Scope {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The word that stands in the key.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

scopes! {
    /// See invoices, attempts, billing runs and reconciliation.
    InvoicesRead => "invoices:read",
    /// Issue, collect, void and release invoices.
    InvoicesWrite => "invoices:write",
    /// Start, pause, resume and cancel billing runs.
    BillingRun => "billing:run",
    /// See customers and their accounts.
    CustomersRead => "customers:read",
    /// Create and change customers, and deposit.
    CustomersWrite => "customers:write",
    /// See users.
    UsersRead => "users:read",
    /// Register users.
    UsersWrite => "users:write",
    /// See orders.
    OrdersRead => "orders:read",
    /// Place and cancel orders.
    OrdersWrite => "orders:write",
    /// See notifications.
    NotificationsRead => "notifications:read",
    /// Charge through the provider's compatibility paths.
    ChargeCompat => "charge:compat",
}

impl Scope {
    /// Whether a user may hold it, who sees and does only what is its own. What is left is for teams.
    #[must_use]
    pub fn is_for_users(self) -> bool {
        matches!(
            self,
            Self::InvoicesRead
                | Self::CustomersRead
                | Self::UsersRead
                | Self::OrdersRead
                | Self::OrdersWrite
                | Self::NotificationsRead
        )
    }
}

/// The word is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope; known are {known}", known = known())]
pub struct NotScope(pub String);

fn known() -> String {
    Scope::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Scope {
    type Err = NotScope;

    fn from_str(word: &str) -> Result<Self, NotScope> {
        let found = Self::ALL.iter().find(|scope| scope.as_str() == word);
        found.copied().ok_or_else(|| NotScope(word.to_owned()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn to_claim(scopes: &[Scope]) -> String {
    scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ")
}

/// The scopes in a claim: words divided by single blanks (RFC 8693). A word that we do not know
/// opens nothing and is passed over, so that a key outlives the roll-back of a service that does
/// not know its newest scope yet.
pub(super) fn from_claim(claim: &str) -> Option<Vec<Scope>> {
    let words: Vec<_> = claim.split(' ').collect();
    let clean = words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_graphic()));
    clean.then(|| words.iter().filter_map(|word| word.parse().ok()).collect())
}
