//! Attempts as rows.

use std::collections::BTreeMap;

use contracts::Currency;
use db::{AnyConnection, StoreError};
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use service::clock::Micros;

use super::schema::{attempts, invoices};
use crate::domain::attempt::Attempt;
use crate::domain::progress::Count;

#[derive(Queryable)]
struct Row {
    _invoice_id: i64,
    attempt: i32,
    run_id: Option<i64>,
    started_at: i64,
    ended_at: i64,
    outcome: String,
    decline_code: Option<String>,
    next_at: Option<i64>,
}

/// When an attempt was made, if it is over: what the card networks count from.
pub fn started_at(
    conn: &mut AnyConnection,
    invoice: i64,
    attempt: i32,
) -> Result<Option<Micros>, StoreError> {
    Ok(attempts::table.find((invoice, attempt)).select(attempts::started_at).first(conn).optional()?)
}

/// An invoice's history, in order.
pub fn history(conn: &mut AnyConnection, invoice: i64) -> Result<Vec<Attempt>, StoreError> {
    let rows: Vec<Row> =
        attempts::table.filter(attempts::invoice_id.eq(invoice)).order(attempts::attempt).load(conn)?;
    Ok(rows.into_iter().map(Attempt::from).collect())
}

/// The last attempt that is over.
pub fn last(conn: &mut AnyConnection, invoice: i64) -> Result<Option<Attempt>, StoreError> {
    let row: Option<Row> = attempts::table
        .filter(attempts::invoice_id.eq(invoice))
        .order(attempts::attempt.desc())
        .first(conn)
        .optional()?;
    Ok(row.map(Attempt::from))
}

impl From<Row> for Attempt {
    fn from(row: Row) -> Self {
        let Row { attempt, run_id, started_at, ended_at, outcome, decline_code, next_at, .. } = row;
        Self { attempt, run_id, started_at, ended_at, outcome, decline_code, next_at }
    }
}

/// What the attempts of a run came to: per currency the captured ones, as number and sum, and how many were not.
pub type Verdicts = BTreeMap<Currency, (Count, i64)>;

/// The attempts of a run that are over, added up. Walks the whole history.
pub fn verdicts(conn: &mut AnyConnection, run: i64) -> Result<Verdicts, StoreError> {
    let rows: Vec<(String, String, i64, i64)> = attempts::table
        .inner_join(invoices::table.on(invoices::id.eq(attempts::invoice_id)))
        .filter(attempts::run_id.eq(run))
        .group_by((invoices::currency, attempts::outcome))
        // PostgreSQL adds up into NUMERIC, which may be cut to what it was made of.
        .select((
            invoices::currency,
            attempts::outcome,
            count_star(),
            sql::<BigInt>("CAST(SUM(invoices.amount) AS BIGINT)"),
        ))
        .load(conn)?;
    let mut all = Verdicts::new();
    for (currency, outcome, number, sum) in rows {
        let currency = super::currency(&currency)?;
        let (captured, others) = all.entry(currency).or_default();
        if ["captured", "already_captured", "reconciled"].contains(&outcome.as_str()) {
            captured.invoices += number;
            captured.amount += sum;
        } else {
            *others += number;
        }
    }
    Ok(all)
}
