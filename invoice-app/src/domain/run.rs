//! A billing run: one verdict for each invoice of a scope; or, for older clients, rounds over it.

use std::sync::Arc;

use service::clock::Micros;

use super::invoice::words;
use super::policy::RetryPolicy;

words! {
    /// Which invoices a run is about; of each only those that wait to be charged.
    Scope {
        /// Those whose time has come.
        Due => "due",
        /// Those that were declined before, whenever their next attempt was planned.
        Retryable => "retryable",
        /// Every one, whenever its next attempt was planned.
        Unpaid => "unpaid",
        /// Those that were named.
        Ids => "ids",
        /// Those that were never tried.
        Untried => "untried",
        /// None of them; only those whose last outcome is unknown are asked about.
        Unknown => "unknown",
    }
}

words! {
    /// Where a run stands.
    RunState {
        /// Invoices are claimed for it.
        Running => "running",
        /// Nothing is claimed for it until it is resumed.
        Paused => "paused",
        /// Every invoice of it has its verdict; final.
        Finished => "finished",
        /// Given up; final. What it claimed is still asked about.
        Cancelled => "cancelled",
    }
}

/// A run, and the round that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Number.
    pub id: i64,
    /// What it was started for: two triggers of one key are one run.
    pub scope_key: String,
    /// Which invoices.
    pub scope: Scope,
    /// Where it stands.
    pub state: RunState,
    /// The round, counted from 1.
    pub round: i32,
    /// Rounds that may still be begun, this one included; `None` for a run that waits for every verdict.
    pub rounds_left: Option<i32>,
    /// Invoices created after the start are left to other runs.
    pub max_invoice_id: i64,
    /// What fell due later than this belongs to a later run, or round.
    pub cutoff_at: Micros,
    /// When it was started.
    pub created_at: Micros,
    /// When it was finished or cancelled.
    pub ended_at: Option<Micros>,
    /// Who started it.
    pub started_by: String,
    /// The retry policy that it began with.
    pub policy: Arc<RetryPolicy>,
    /// W3C trace context of what started it.
    pub traceparent: Option<String>,
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
    /// Decides how to go on after a round. One without a verdict costs none of the rounds, unless only one was wanted.
    #[must_use]
    pub fn next(&self, verdicts: i64, unpaid_left: bool) -> Next {
        let Some(rounds) = self.rounds_left else { return Next::Finish };
        let spent = verdicts > 0 || rounds == 1;
        let left = if spent { rounds - 1 } else { rounds };
        if unpaid_left && left > 0 { Next::Round(left) } else { Next::Finish }
    }

    /// Whether older clients started it.
    #[must_use]
    pub fn is_of_rounds(&self) -> bool {
        self.rounds_left.is_some()
    }
}

impl RunState {
    /// Whether it may become this from here; to become what it is already is no mistake.
    #[must_use]
    pub fn may_become(self, wanted: Self) -> bool {
        use RunState::{Cancelled, Paused, Running};
        self == wanted
            || matches!((self, wanted), (Running, Paused | Cancelled) | (Paused, Running | Cancelled))
    }

    /// Whether nothing follows it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rounds_left: Option<i32>) -> Run {
        Run {
            id: 1,
            scope_key: "k".into(),
            scope: Scope::Unpaid,
            state: RunState::Running,
            round: 1,
            rounds_left,
            max_invoice_id: 9,
            cutoff_at: 0,
            created_at: 0,
            ended_at: None,
            started_by: "test".into(),
            policy: Arc::new(RetryPolicy::standard()),
            traceparent: None,
        }
    }

    #[test]
    fn rounds_go_on_while_invoices_are_unpaid_and_rounds_are_left() {
        assert_eq!(run(Some(50)).next(10, true), Next::Round(49));
        assert_eq!(run(Some(50)).next(10, false), Next::Finish);
        assert_eq!(run(Some(1)).next(10, true), Next::Finish);
        assert_eq!(run(None).next(10, true), Next::Finish);
    }

    #[test]
    fn an_outage_costs_no_rounds() {
        assert_eq!(run(Some(50)).next(0, true), Next::Round(50));
        assert_eq!(run(Some(1)).next(0, true), Next::Finish);
    }

    #[test]
    fn what_has_ended_stays_so() {
        use RunState::{Cancelled, Finished, Paused, Running};
        for (from, to) in
            [(Finished, Running), (Finished, Cancelled), (Cancelled, Running), (Paused, Finished)]
        {
            assert!(!from.may_become(to), "{from:?} {to:?}");
        }
        for (from, to) in [(Running, Paused), (Paused, Running), (Paused, Cancelled), (Paused, Paused)] {
            assert!(from.may_become(to), "{from:?} {to:?}");
        }
    }
}
