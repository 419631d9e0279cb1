//! How far a run is, in invoices and in money.

use std::collections::BTreeMap;

use contracts::{Currency, Money};

/// So many invoices, and their sum in one currency, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Invoices.
    pub invoices: i64,
    /// Minor units.
    pub amount: i64,
}

/// What a run, or a round, came to in one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// In scope when the run began.
    pub expected: Count,
    /// Attempts that were opened.
    pub claimed: Count,
    /// Money taken.
    pub captured: Count,
    /// Money not taken; tried again later, by another run.
    pub declined: Count,
    /// Set aside for a person.
    pub parked: Count,
    /// Outcome unknown; it is being asked about.
    pub unknown: Count,
    /// Turned away before anything was tried, and back in the queue.
    pub not_attempted: Count,
}

/// One change that a batch made, or the sum of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `expected`, `claimed`, `captured`, `declined`, `parked`, `unknown` or `not_attempted`.
    pub outcome: String,
    /// Decline code, or why it was parked.
    pub reason: String,
    /// ISO 4217.
    pub currency: Currency,
    /// By how much; below zero where an unknown outcome became known.
    pub count: Count,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// By currency.
    pub lines: BTreeMap<Currency, Line>,
    /// Invoices that were not paid, by reason, the most frequent first.
    pub failures: Vec<(String, i64)>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.invoices += other.invoices;
        self.amount += other.amount;
    }

    fn less(self, other: Self) -> Self {
        Self { invoices: self.invoices - other.invoices, amount: self.amount - other.amount }
    }

    /// The sum as money.
    #[must_use]
    pub fn money(self, currency: Currency) -> Money {
        Money { minor: self.amount, currency }
    }
}

impl Line {
    /// Definitive verdicts.
    #[must_use]
    pub fn verdicts(&self) -> Count {
        let mut sum = self.captured;
        sum.add(self.declined);
        sum.add(self.parked);
        sum
    }

    /// What has no verdict yet.
    #[must_use]
    pub fn remaining(&self) -> Count {
        self.expected.less(self.verdicts())
    }

    /// Attempts that are open, the unknown ones included. Attempts of runs from before claims were counted make this
    /// less than nothing.
    #[must_use]
    pub fn open(&self) -> Count {
        self.claimed.less(self.verdicts()).less(self.not_attempted)
    }

    fn field(&mut self, outcome: &str) -> Option<&mut Count> {
        Some(match outcome {
            "expected" => &mut self.expected,
            "claimed" => &mut self.claimed,
            "captured" => &mut self.captured,
            "declined" => &mut self.declined,
            "parked" => &mut self.parked,
            "unknown" => &mut self.unknown,
            "not_attempted" => &mut self.not_attempted,
            _ => return None,
        })
    }
}

impl Progress {
    /// Adds changes up.
    #[must_use]
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut progress = Self::default();
        let mut failures: BTreeMap<String, i64> = BTreeMap::new();
        for change in changes {
            let line = progress.lines.entry(change.currency).or_default();
            if let Some(field) = line.field(&change.outcome) {
                field.add(change.count);
            }
            if !change.reason.is_empty() {
                *failures.entry(change.reason).or_default() += change.count.invoices;
            }
        }
        progress.failures = failures.into_iter().collect();
        progress.failures.sort_by_key(|(_, invoices)| -invoices);
        progress
    }

    /// A number of invoices over all currencies.
    #[must_use]
    pub fn invoices(&self, pick: impl Fn(&Line) -> Count) -> i64 {
        self.lines.values().map(|line| pick(line).invoices).sum()
    }

    /// Attempts that somebody works on right now.
    #[must_use]
    pub fn in_flight(&self) -> i64 {
        (self.invoices(Line::open) - self.invoices(|line| line.unknown)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(outcome: &str, reason: &str, invoices: i64, amount: i64) -> Change {
        let currency = "EUR".parse().unwrap();
        let (outcome, reason) = (outcome.to_owned(), reason.to_owned());
        Change { outcome, reason, currency, count: Count { invoices, amount } }
    }

    #[test]
    fn changes_add_up_and_an_unknown_outcome_leaves_when_it_is_known() {
        let progress = Progress::of([
            change("expected", "", 10, 100),
            change("claimed", "", 6, 60),
            change("captured", "", 2, 20),
            change("declined", "insufficient_funds", 1, 10),
            change("unknown", "", 2, 20),
            change("unknown", "", -1, -10),
            change("parked", "stolen_card", 1, 10),
            change("not_attempted", "", 1, 10),
        ]);
        let line = progress.lines.values().next().unwrap();
        assert_eq!(line.remaining(), Count { invoices: 6, amount: 60 });
        assert_eq!(line.open(), Count { invoices: 1, amount: 10 });
        assert_eq!((line.unknown.invoices, progress.in_flight()), (1, 0));
        assert_eq!(progress.failures.len(), 2);
        assert_eq!(progress.invoices(Line::verdicts), 4);
    }
}
