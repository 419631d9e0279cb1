//! Rules for one charge.

use contracts::charge::{ChargeItem, Verdict};

/// Longest key, invoice or customer.
const MAX_NAME: usize = 100;

/// What was decided about a charge; kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The money may be taken.
    Approved,
    /// It may not, with a decline code.
    Declined(String),
    /// There is no account to take it from.
    UnknownCustomer,
    /// The account is kept in another currency.
    CurrencyMismatch,
}

/// A charge to be made, with what the acquirer said of it; a wallet's charge is decided where its balance is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was asked.
    pub item: ChargeItem,
    /// The acquirer's decision; `None` for the methods that it does not know.
    pub decision: Option<Decision>,
}

/// A charge with its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was asked.
    pub item: ChargeItem,
    /// What was decided.
    pub decision: Decision,
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// A charge, and the key under which its invoice was captured, if it was.
    Charge(Decided, Option<String>),
    /// The key was given up before it was charged.
    Abandoned,
}

/// What is wrong with a name, if anything.
#[must_use]
pub fn name_fault(field: &str, text: &str) -> Option<String> {
    let good = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    (!good).then(|| format!("{field}: give 1 to {MAX_NAME} visible ASCII characters"))
}

/// What is wrong with an item, if anything.
#[must_use]
pub fn fault(item: &ChargeItem) -> Option<String> {
    let names = [("key", &item.key), ("invoice", &item.invoice), ("customer", &item.customer)];
    let name = names.iter().find_map(|(field, text)| name_fault(field, text));
    name.or_else(|| (item.amount <= 0).then(|| "amount: give more than zero minor units".to_owned()))
}

impl Decision {
    /// The verdict for a key, given the key under which the invoice was captured. An approval moves money only when it
    /// is the one that captured.
    #[must_use]
    pub fn verdict(&self, key: &str, captured_by: Option<&str>) -> Option<Verdict> {
        Some(match self {
            Self::Approved if captured_by? == key => Verdict::Captured,
            Self::Approved => Verdict::AlreadyCaptured { by: captured_by?.to_owned() },
            Self::Declined(code) => Verdict::Declined { code: code.clone() },
            Self::UnknownCustomer => Verdict::UnknownCustomer,
            Self::CurrencyMismatch => Verdict::CurrencyMismatch,
        })
    }
}

impl Decided {
    /// Names of the fields in which another request under this key differs.
    fn differing(&self, item: &ChargeItem) -> Vec<String> {
        let stored = &self.item;
        let fields = [
            ("invoice", stored.invoice == item.invoice),
            ("customer", stored.customer == item.customer),
            ("amount", stored.amount == item.amount),
            ("currency", stored.currency == item.currency),
            ("method", stored.method == item.method),
        ];
        fields.iter().filter(|(_, same)| !same).map(|(name, _)| (*name).to_owned()).collect()
    }
}

impl Stored {
    /// The verdict for ever; `None` when an approval has no capture, which no transaction leaves behind.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Charge(Decided { item, decision }, by) => decision.verdict(&item.key, by.as_deref()),
            Self::Abandoned => Some(Verdict::Abandoned),
        }
    }

    /// The verdict for a request under this key: the stored one, or a conflict when the content differs.
    #[must_use]
    pub fn answer(&self, item: &ChargeItem) -> Option<Verdict> {
        match self {
            Self::Charge(decided, _) if decided.item != *item => {
                Some(Verdict::Conflict { fields: decided.differing(item) })
            }
            Self::Charge(..) | Self::Abandoned => self.verdict(),
        }
    }
}
