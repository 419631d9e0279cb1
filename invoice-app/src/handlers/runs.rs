//! A billing run as it is shown.

use contracts::{Amount, Currency};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::moment;
use crate::domain::progress::{Count, Line, Progress};
use crate::domain::run::Run;

/// A billing run: one verdict for each invoice of its scope.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownRun {
    /// Number, also in URLs.
    id: i64,
    /// What it was started for: two triggers of one key are one run.
    scope_key: String,
    /// `due`, `retryable`, `unpaid` or `ids`; `untried` and `unknown` are of older clients.
    scope: &'static str,
    /// `running`, `paused`, `finished` or `cancelled`.
    state: &'static str,
    /// `schedule`, the subject of an API key, or `local`.
    started_by: String,
    /// What falls due later is not in it, RFC 3339.
    cutoff_at: String,
    /// RFC 3339.
    created_at: String,
    /// When it was finished or cancelled, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// How far it is, in invoices.
    invoices: Invoices,
    /// How far it is, in money, one per currency.
    amounts: Vec<Amounts>,
    /// Invoices that were not paid, by reason, the most frequent first.
    failures: Vec<Failures>,
}

/// How far a run is, in invoices.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invoices {
    /// In scope when it began.
    expected: i64,
    /// Paid.
    captured: i64,
    /// Not paid; a later run tries again.
    declined: i64,
    /// Set aside for a person.
    parked: i64,
    /// Asked for, without an answer so far; asked about again.
    unknown: i64,
    /// Being charged right now.
    in_flight: i64,
    /// Without a verdict so far, the two before included.
    remaining: i64,
}

/// How far a run is, in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct Amounts {
    /// ISO 4217 code.
    #[schema(value_type = String)]
    currency: Currency,
    /// In scope when it began.
    #[schema(value_type = f64)]
    expected: contracts::Decimal,
    /// Taken.
    #[schema(value_type = f64)]
    captured: contracts::Decimal,
    /// Not taken.
    #[schema(value_type = f64)]
    declined: contracts::Decimal,
    /// Set aside.
    #[schema(value_type = f64)]
    parked: contracts::Decimal,
    /// Without an answer so far.
    #[schema(value_type = f64)]
    unknown: contracts::Decimal,
    /// Without a verdict so far.
    #[schema(value_type = f64)]
    remaining: contracts::Decimal,
}

/// So many invoices were not paid for this reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failures {
    /// A decline code, or what the provider could not take.
    reason: String,
    /// How many.
    invoices: i64,
}

/// How many invoices, and how much money, per currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// As asked.
    scope: &'static str,
    /// Now, RFC 3339.
    cutoff_at: String,
    /// How many invoices.
    invoices: i64,
    /// Their sums.
    amounts: Vec<Amount>,
}

/// A run with what it came to so far.
pub fn shown_run(run: &Run, progress: &Progress) -> ShownRun {
    let sum = |pick: fn(&Line) -> Count| progress.invoices(pick);
    let invoices = Invoices {
        expected: sum(|line| line.expected),
        captured: sum(|line| line.captured),
        declined: sum(|line| line.declined),
        parked: sum(|line| line.parked),
        unknown: sum(|line| line.unknown),
        in_flight: progress.in_flight(),
        remaining: sum(Line::remaining),
    };
    let failure =
        |(reason, invoices): &(String, i64)| Failures { reason: reason.clone(), invoices: *invoices };
    ShownRun {
        id: run.id,
        scope_key: run.scope_key.clone(),
        scope: run.scope.as_str(),
        state: run.state.as_str(),
        started_by: run.started_by.clone(),
        cutoff_at: moment(run.cutoff_at),
        created_at: moment(run.created_at),
        ended_at: run.ended_at.map(moment),
        invoices,
        amounts: progress.lines.iter().map(|(currency, line)| amounts(*currency, line)).collect(),
        failures: progress.failures.iter().map(failure).collect(),
    }
}

fn amounts(currency: Currency, line: &Line) -> Amounts {
    let decimal = |count: Count| contracts::Decimal(count.money(currency));
    Amounts {
        currency,
        expected: decimal(line.expected),
        captured: decimal(line.captured),
        declined: decimal(line.declined),
        parked: decimal(line.parked),
        unknown: decimal(line.unknown),
        remaining: decimal(line.remaining()),
    }
}

/// A run as JSON.
pub fn run_json(run: &Run, progress: &Progress) -> String {
    serde_json::to_string(&shown_run(run, progress)).unwrap_or_default()
}

/// What a run would be about.
pub fn preview(scope: &'static str, sums: &std::collections::BTreeMap<Currency, Count>, now: i64) -> Preview {
    Preview {
        scope,
        cutoff_at: moment(now),
        invoices: sums.values().map(|count| count.invoices).sum(),
        amounts: sums.iter().map(|(currency, count)| Amount(count.money(*currency))).collect(),
    }
}
