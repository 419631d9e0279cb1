//! Rules for one charge.

use contracts::charge::{ChargeItem, Verdict};

/// Longest key, invoice or customer.
const MAX_NAME: usize = 100;

/// A charge whose verdict is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was asked.
    pub item: ChargeItem,
    /// What was answered.
    pub verdict: Verdict,
}

/// What is wrong with an item, if anything.
pub fn fault(item: &ChargeItem) -> Option<String> {
    let names = [("key", &item.key), ("invoice", &item.invoice), ("customer", &item.customer)];
    let bad =
        |text: &str| text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(|b| b.is_ascii_graphic());
    if let Some((field, _)) = names.iter().find(|(_, text)| bad(text)) {
        return Some(format!("{field}: give 1 to {MAX_NAME} visible ASCII characters"));
    }
    (item.amount <= 0).then(|| "amount: give more than zero minor units".to_owned())
}

impl Decided {
    /// The verdict for an item under this key: the stored one, or a conflict when the content differs.
    #[must_use]
    pub fn answer(&self, item: &ChargeItem) -> Verdict {
        let stored = &self.item;
        let fields = [
            ("invoice", stored.invoice == item.invoice),
            ("customer", stored.customer == item.customer),
            ("amount", stored.amount == item.amount),
            ("currency", stored.currency == item.currency),
            ("method", stored.method == item.method),
        ];
        let differing: Vec<String> =
            fields.iter().filter(|(_, same)| !same).map(|(name, _)| (*name).to_owned()).collect();
        if differing.is_empty() { self.verdict.clone() } else { Verdict::Conflict { fields: differing } }
    }
}
