//! What batches changed, as rows: only ever added to, and added up for progress.

use std::collections::BTreeMap;
use std::ops::Range;

use contracts::Currency;
use contracts::capture::Total;
use db::{AnyConnection, StoreError};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use service::clock::Micros;

use super::schema::{billing_runs, run_tallies};
use crate::domain::progress::{self, Count, Progress};

/// What one invoice adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The invoice; 0 where a change is about many.
    pub invoice: i64,
    /// The run; none where reconciliation found what no run had settled.
    pub run: Option<i64>,
    /// Which count.
    pub outcome: &'static str,
    /// Decline code, or why it was parked.
    pub reason: &'a str,
    /// In which currency.
    pub currency: Currency,
    /// By how much.
    pub count: Count,
    /// For captures, when the provider made it.
    pub at: Option<Micros>,
}

/// Adds changes, those of a kind as one row.
pub fn insert(conn: &mut AnyConnection, changes: &[Change<'_>], now: Micros) -> Result<(), StoreError> {
    type Kind<'a> = (Option<i64>, &'static str, &'a str, Currency, Micros);
    let mut sums: BTreeMap<Kind<'_>, Count> = BTreeMap::new();
    for change in changes {
        let kind = (change.run, change.outcome, change.reason, change.currency, change.at.unwrap_or(now));
        let sum = sums.entry(kind).or_default();
        sum.invoices += change.count.invoices;
        sum.amount += change.count.amount;
    }
    let mut rounds: BTreeMap<i64, i32> = BTreeMap::new();
    for ((run, outcome, reason, currency, at), sum) in sums {
        let round = match run {
            None => 0,
            Some(run) => match rounds.get(&run) {
                Some(round) => *round,
                None => *rounds.entry(run).or_insert(round(conn, run)?),
            },
        };
        diesel::insert_into(run_tallies::table)
            .values((
                run_tallies::run_id.eq(run),
                run_tallies::round.eq(round),
                run_tallies::outcome.eq(outcome),
                run_tallies::reason.eq(reason),
                run_tallies::currency.eq(currency.code()),
                run_tallies::invoices.eq(sum.invoices),
                run_tallies::amount.eq(sum.amount),
                run_tallies::at.eq(at),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn round(conn: &mut AnyConnection, run: i64) -> Result<i32, StoreError> {
    Ok(billing_runs::table.find(run).select(billing_runs::round).first(conn)?)
}

/// What a run came to so far, or one round of it.
pub fn progress(conn: &mut AnyConnection, run: i64, round: Option<i32>) -> Result<Progress, StoreError> {
    use run_tallies::dsl;
    type Sums = (String, String, String, i64, i64);
    let mut query = dsl::run_tallies
        .filter(dsl::run_id.eq(run))
        .group_by((dsl::outcome, dsl::reason, dsl::currency))
        .select((dsl::outcome, dsl::reason, dsl::currency, whole("invoices"), whole("amount")))
        .into_boxed();
    if let Some(round) = round {
        query = query.filter(dsl::round.eq(round));
    }
    let rows: Vec<Sums> = query.load(conn)?;
    let changes = rows.into_iter().map(|(outcome, reason, currency, invoices, amount)| {
        let currency = super::currency(&currency)?;
        Ok(progress::Change { outcome, reason, currency, count: Count { invoices, amount } })
    });
    Ok(Progress::of(changes.collect::<Result<Vec<_>, StoreError>>()?))
}

/// What the runs that have not ended came to so far, all together.
pub fn open_progress(conn: &mut AnyConnection, runs: &[i64]) -> Result<Progress, StoreError> {
    use run_tallies::dsl;
    let rows: Vec<(String, String, i64, i64)> = dsl::run_tallies
        .filter(dsl::run_id.eq_any(runs))
        .group_by((dsl::outcome, dsl::currency))
        .select((dsl::outcome, dsl::currency, whole("invoices"), whole("amount")))
        .load(conn)?;
    let change = |(outcome, currency, invoices, amount): (String, String, i64, i64)| {
        let (currency, count) = (super::currency(&currency)?, Count { invoices, amount });
        Ok(progress::Change { outcome, reason: String::new(), currency, count })
    };
    Ok(Progress::of(rows.into_iter().map(change).collect::<Result<Vec<_>, StoreError>>()?))
}

/// What was captured, by the provider's clock, from one moment until before another.
pub fn captured(conn: &mut AnyConnection, window: Range<Micros>) -> Result<Vec<Total>, StoreError> {
    use run_tallies::dsl;
    let rows: Vec<(String, i64, i64)> = dsl::run_tallies
        .filter(dsl::outcome.eq("captured").and(dsl::at.ge(window.start)).and(dsl::at.lt(window.end)))
        .group_by(dsl::currency)
        .order(dsl::currency)
        .select((dsl::currency, whole("invoices"), whole("amount")))
        .load(conn)?;
    let total = |(currency, count, amount): (String, i64, i64)| {
        Ok(Total { currency: super::currency(&currency)?, count, amount })
    };
    rows.into_iter().map(total).collect()
}

/// PostgreSQL adds up into NUMERIC, which may be cut to what it was made of.
fn whole(column: &str) -> diesel::expression::SqlLiteral<BigInt> {
    sql(&format!("CAST(SUM({column}) AS BIGINT)"))
}
