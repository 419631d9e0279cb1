//! A run over a scope of invoices, round by round.

use service::clock::Micros;

use super::invoice::words;

words! {
    /// Which invoices a run is about.
    Scope {
        /// Every invoice that is not paid, whenever its next attempt was planned.
        Unpaid => "unpaid",
        /// Those that were never tried.
        Untried => "untried",
        /// Those whose last outcome is unknown.
        Unknown => "unknown",
    }
}

/// A run and the round that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Number.
    pub id: i64,
    /// Which invoices.
    pub scope: Scope,
    /// The round, counted from 1.
    pub round: i32,
    /// Rounds that may still be begun, this one included.
    pub rounds_left: i32,
    /// Invoices created after the start are left to other runs.
    pub max_invoice_id: i64,
    /// What fell due later than this belongs to a later round.
    pub cutoff_at: Micros,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Money taken.
    pub captured: i32,
    /// Money not taken.
    pub declined: i32,
    /// No answer.
    pub unknown: i32,
    /// Turned away before anything was tried.
    pub not_attempted: i32,
    /// Set aside for a person.
    pub parked: i32,
}

impl Tally {
    /// Nothing but failures to reach a verdict: the round did not bring the run any further.
    #[must_use]
    pub fn was_in_vain(&self) -> bool {
        self.captured + self.declined + self.parked == 0 && self.unknown + self.not_attempted > 0
    }
}

/// How a run goes on after a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another round, with so many left.
    Round(i32),
    /// The run is finished.
    Finish,
}

impl Run {
    /// Decides how to go on. A round in vain costs none of the rounds, unless only one was wanted.
    #[must_use]
    pub fn next(&self, tally: &Tally, unpaid_left: bool) -> Next {
        let spent = !tally.was_in_vain() || self.rounds_left == 1;
        let left = if spent { self.rounds_left - 1 } else { self.rounds_left };
        if unpaid_left && left > 0 { Next::Round(left) } else { Next::Finish }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rounds_left: i32) -> Run {
        Run { id: 1, scope: Scope::Unpaid, round: 1, rounds_left, max_invoice_id: 9, cutoff_at: 0 }
    }

    #[test]
    fn rounds_go_on_while_invoices_are_unpaid_and_rounds_are_left() {
        let half = Tally { captured: 5, declined: 5, ..Tally::default() };
        assert_eq!(run(50).next(&half, true), Next::Round(49));
        assert_eq!(run(50).next(&half, false), Next::Finish);
        assert_eq!(run(1).next(&half, true), Next::Finish);
    }

    #[test]
    fn an_outage_costs_no_rounds() {
        let outage = Tally { unknown: 3, ..Tally::default() };
        assert_eq!(run(50).next(&outage, true), Next::Round(50));
        assert_eq!(run(1).next(&outage, true), Next::Finish);
    }
}
