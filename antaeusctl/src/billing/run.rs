//! A billing run as the API shows it. What is new in the API is no reason to fail.

use serde::Deserialize;

use crate::money::Decimal;
use crate::table::plain;

/// A billing run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Run {
    /// Number, also in URLs.
    pub(super) id: i64,
    /// What made it this run and no second one.
    pub(super) scope_key: Option<String>,
    /// Which invoices it takes.
    pub(super) scope: String,
    /// `running`, `paused`, `finished` or `cancelled`.
    pub(super) state: String,
    /// The schedule, or a key's holder.
    pub(super) started_by: Option<String>,
    /// Invoices that fell due later are not in it, RFC 3339.
    pub(super) cutoff_at: Option<String>,
    /// RFC 3339.
    pub(super) created_at: String,
    /// RFC 3339; absent while it is open.
    pub(super) ended_at: Option<String>,
    /// How far it is, in invoices.
    #[serde(default)]
    pub(super) invoices: Invoices,
    /// How far it is, in money, by currency.
    #[serde(default)]
    pub(super) amounts: Vec<Amounts>,
    /// What was not captured, by kind.
    #[serde(default)]
    pub(super) failures: Vec<Failure>,
}

/// How far a run is, in invoices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Invoices {
    pub(super) expected: u64,
    pub(super) captured: u64,
    pub(super) declined: u64,
    pub(super) parked: u64,
    /// Asked, and no verdict yet; part of what remains.
    pub(super) unknown: u64,
    /// Being asked now; part of what remains.
    pub(super) in_flight: u64,
    pub(super) remaining: u64,
}

impl Invoices {
    /// Those with a verdict.
    pub(super) fn done(&self) -> u64 {
        self.captured + self.declined + self.parked
    }
}

/// How far a run is, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Amounts {
    pub(super) currency: String,
    #[serde(default)]
    pub(super) expected: Decimal,
    #[serde(default)]
    pub(super) captured: Decimal,
    #[serde(default)]
    pub(super) declined: Decimal,
    #[serde(default)]
    pub(super) parked: Decimal,
    #[serde(default)]
    pub(super) unknown: Decimal,
    #[serde(default)]
    pub(super) remaining: Decimal,
}

/// A kind of failure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Failure {
    pub(super) reason: String,
    pub(super) invoices: u64,
}

impl Run {
    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "finished" | "cancelled")
    }

    /// Whether it came to its end by itself.
    pub(super) fn is_finished(&self) -> bool {
        self.state == "finished"
    }

    /// In one line.
    pub(super) fn headline(&self) -> String {
        plain(&format!("billing run {}: {}", self.id, self.state))
    }
}
