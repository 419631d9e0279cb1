//! Named sets of customers and invoices to begin with.

use std::str::FromStr;

use contracts::{Currency, Money};

/// A data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSet {
    /// `pleo-go`, then `pleo`.
    Demo,
    /// 2 customers with 5 invoices each, the first of each paid elsewhere.
    Pleo,
    /// I1 12.15 EUR, I2 10.25 GBP, I3 66.13 DKK.
    PleoGo,
    /// 100 customers with 10 invoices each, one of them to be paid.
    Antaeus,
    /// So many invoices to be paid.
    Large(i64),
}

/// The text names no data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("give demo, pleo, pleo-go, antaeus or large:N with N from 1 to 100000000")]
pub struct UnknownDataSet;

impl FromStr for DataSet {
    type Err = UnknownDataSet;

    fn from_str(text: &str) -> Result<Self, UnknownDataSet> {
        match text {
            "demo" => Ok(Self::Demo),
            "pleo" => Ok(Self::Pleo),
            "pleo-go" => Ok(Self::PleoGo),
            "antaeus" => Ok(Self::Antaeus),
            _ => {
                let count = text.strip_prefix("large:").and_then(|n| n.parse().ok());
                count.filter(|n| (1..=100_000_000).contains(n)).map(Self::Large).ok_or(UnknownDataSet)
            }
        }
    }
}

/// An invoice of a data set. Customers are numbered from 1, each with the currency of its invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    /// Number of its customer, from 1.
    pub customer: i64,
    /// How much.
    pub amount: Money,
    /// Paid elsewhere, before the import.
    pub paid: bool,
}

const PLEO_GO: [(i64, &str); 3] = [(1215, "EUR"), (1025, "GBP"), (6613, "DKK")];
const PLEO: [(i64, &str); 2] = [(18404, "USD"), (49225, "DKK")];
const MANY: [&str; 5] = ["EUR", "USD", "DKK", "SEK", "GBP"];
/// Customers of a large set have ten invoices each, up to this many customers.
const MOST_CUSTOMERS: i64 = 100_000;

impl DataSet {
    /// Its invoices, in the order of their numbers.
    pub fn invoices(self) -> Box<dyn Iterator<Item = Seed>> {
        match self {
            Self::Demo => Box::new(pleo_go().chain(pleo(3))),
            Self::Pleo => Box::new(pleo(0)),
            Self::PleoGo => Box::new(pleo_go()),
            Self::Antaeus => Box::new((0..1_000).map(|n| Seed { paid: n % 10 != 0, ..many(n / 10, n) })),
            Self::Large(count) => {
                let customers = (count / 10).clamp(1, MOST_CUSTOMERS);
                Box::new((0..count).map(move |n| many(n % customers, n)))
            }
        }
    }
}

fn pleo_go() -> impl Iterator<Item = Seed> {
    (1..).zip(PLEO_GO).map(|(customer, (minor, code))| Seed {
        customer,
        amount: money(minor, code),
        paid: false,
    })
}

fn pleo(customers_before: i64) -> impl Iterator<Item = Seed> {
    (1..).zip(PLEO).flat_map(move |(customer, (minor, code))| {
        (0..5).map(move |n| Seed {
            customer: customers_before + customer,
            amount: money(minor + n * 1_377, code),
            paid: n == 0,
        })
    })
}

/// Amounts from 10.00 to 499.99, spread over the currencies by customer.
fn many(customer: i64, n: i64) -> Seed {
    let code = MANY[usize::try_from(customer).unwrap_or_default() % MANY.len()];
    Seed { customer: customer + 1, amount: money(1_000 + (n * 7_919) % 49_000, code), paid: false }
}

#[expect(clippy::expect_used, reason = "the codes stand above; a test goes through all of them")]
fn money(minor: i64, code: &str) -> Money {
    let currency: Currency = code.parse().expect("a code of the tables above");
    Money { minor, currency }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_have_what_their_readers_expect() {
        let count = |set: DataSet| (set.invoices().count(), set.invoices().filter(|seed| seed.paid).count());
        assert_eq!(count(DataSet::PleoGo), (3, 0));
        assert_eq!(count(DataSet::Pleo), (10, 2));
        assert_eq!(count(DataSet::Demo), (13, 2));
        assert_eq!(count(DataSet::Antaeus), (1_000, 900));
        assert_eq!(count(DataSet::Large(12_345)), (12_345, 0));
        let first: Vec<String> =
            DataSet::Demo.invoices().take(3).map(|seed| seed.amount.to_string()).collect();
        assert_eq!(first, ["12.15 EUR", "10.25 GBP", "66.13 DKK"]);
    }

    #[test]
    fn each_customer_has_one_currency() {
        for set in [DataSet::Demo, DataSet::Antaeus, DataSet::Large(5_000)] {
            let mut currencies = std::collections::HashMap::new();
            for seed in set.invoices() {
                assert_eq!(
                    *currencies.entry(seed.customer).or_insert(seed.amount.currency),
                    seed.amount.currency
                );
            }
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in ["", "large", "large:0", "large:x", "large:-1", "DEMO"] {
            assert_eq!(text.parse::<DataSet>(), Err(UnknownDataSet), "{text:?}");
        }
    }
}
