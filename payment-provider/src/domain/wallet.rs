//! Charges against balances.

use std::collections::{HashMap, HashSet};

use contracts::Currency;
use contracts::charge::ChargeItem;

use super::charge::Decision;

/// Decline code of a balance that is too low.
const INSUFFICIENT: &str = "insufficient_funds";

/// A customer's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Whose it is.
    pub customer: String,
    /// Of the balance.
    pub currency: Currency,
    /// Minor units.
    pub balance: i64,
    /// Microseconds since 1970 UTC.
    pub opened_at: i64,
}

/// The balances of a batch's customers, while its charges are decided one after the other.
#[derive(Debug, Default)]
pub struct Balances {
    wallets: HashMap<String, (Currency, i64)>,
    captured: HashSet<String>,
    known: HashSet<String>,
}

impl Balances {
    /// From the wallets as they stand, the invoices that are captured and the keys that are known already.
    #[must_use]
    pub fn new(wallets: Vec<Wallet>, captured: HashSet<String>, known: HashSet<String>) -> Self {
        let wallets = wallets.into_iter().map(|w| (w.customer, (w.currency, w.balance))).collect();
        Self { wallets, captured, known }
    }

    /// Decides one charge and keeps what it takes from the next ones.
    pub fn decide(&mut self, item: &ChargeItem) -> Decision {
        let Some((currency, balance)) = self.wallets.get_mut(&item.customer) else {
            return Decision::UnknownCustomer;
        };
        if *currency != item.currency {
            return Decision::CurrencyMismatch;
        }
        // Nothing is taken: the verdict is stored, or will be `already_captured`.
        if self.known.contains(&item.key) || self.captured.contains(&item.invoice) {
            return Decision::Approved;
        }
        if *balance < item.amount {
            return Decision::Declined(INSUFFICIENT.to_owned());
        }
        *balance -= item.amount;
        self.captured.insert(item.invoice.clone());
        Decision::Approved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::charge::Method;

    fn item(invoice: &str, amount: i64, currency: &str) -> ChargeItem {
        ChargeItem {
            key: format!("{invoice}:{amount}"),
            invoice: invoice.into(),
            customer: "c".into(),
            amount,
            currency: currency.parse().unwrap(),
            method: Method::Wallet,
        }
    }

    fn balances(balance: i64, captured: &[&str]) -> Balances {
        let wallet = Wallet { customer: "c".into(), currency: "EUR".parse().unwrap(), balance, opened_at: 0 };
        let known = HashSet::from(["known:1000".to_owned()]);
        Balances::new(vec![wallet], captured.iter().map(|invoice| (*invoice).to_owned()).collect(), known)
    }

    #[test]
    fn each_charge_is_decided_by_what_the_ones_before_left() {
        let mut balances = balances(100, &[]);
        assert_eq!(balances.decide(&item("a", 60, "EUR")), Decision::Approved);
        assert_eq!(balances.decide(&item("b", 60, "EUR")), Decision::Declined(INSUFFICIENT.into()));
        assert_eq!(balances.decide(&item("c", 40, "EUR")), Decision::Approved);
        assert_eq!(balances.decide(&item("d", 1, "EUR")), Decision::Declined(INSUFFICIENT.into()));
    }

    #[test]
    fn an_invoice_that_is_captured_takes_nothing_more() {
        let mut balances = balances(100, &["paid"]);
        assert_eq!(balances.decide(&item("paid", 1_000, "EUR")), Decision::Approved);
        assert_eq!(balances.decide(&item("known", 1_000, "EUR")), Decision::Approved, "a key with a verdict");
        assert_eq!(balances.decide(&item("a", 100, "EUR")), Decision::Approved);
        assert_eq!(balances.decide(&item("a", 50, "EUR")), Decision::Approved, "a second key of the batch");
    }

    #[test]
    fn no_account_and_another_currency_are_told_apart() {
        let mut balances = balances(100, &[]);
        assert_eq!(balances.decide(&item("a", 1, "USD")), Decision::CurrencyMismatch);
        let stranger = ChargeItem { customer: "nobody".into(), ..item("a", 1, "EUR") };
        assert_eq!(balances.decide(&stranger), Decision::UnknownCustomer);
    }
}
