//! What was captured, as rows: for reconciliation.

use std::collections::HashSet;
use std::ops::Range;

use contracts::capture::{Capture, Total};
use db::{AnyConnection, StoreError};
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::movements::{After, CAPTURE};
use super::schema::transfers;

/// The account of what is captured for Antaeus.
pub const ANTAEUS: &str = "merchant/antaeus";
/// The account of what is captured by the older paths, of which Antaeus knows nothing.
pub const COMPAT: &str = "merchant/compat";

/// Which of these invoices are captured.
pub fn among(conn: &mut AnyConnection, invoices: &[&str]) -> Result<HashSet<String>, StoreError> {
    let found: Vec<String> = transfers::table
        .filter(transfers::kind.eq(CAPTURE).and(transfers::reference.eq_any(invoices)))
        .select(transfers::reference)
        .load(conn)?;
    Ok(found.into_iter().collect())
}

/// The next captures for Antaeus before a moment, in the order of time.
pub fn page(
    conn: &mut AnyConnection,
    (at, reference): After,
    before: i64,
    limit: i64,
) -> Result<Vec<Capture>, StoreError> {
    type Columns = (String, Option<String>, i64, String, i64);
    let later = transfers::at.gt(at).or(transfers::at.eq(at).and(transfers::reference.gt(reference)));
    let rows: Vec<Columns> = transfers::table
        .filter(transfers::kind.eq(CAPTURE).and(transfers::credit.eq(ANTAEUS)))
        .filter(transfers::at.ge(at).and(transfers::at.lt(before)).and(later))
        .order((transfers::at, transfers::reference))
        .limit(limit)
        .select((
            transfers::reference,
            transfers::charge,
            transfers::amount,
            transfers::currency,
            transfers::at,
        ))
        .load(conn)?;
    rows.into_iter().map(capture).collect()
}

fn capture(
    (invoice, key, amount, currency, captured_at): (String, Option<String>, i64, String, i64),
) -> Result<Capture, StoreError> {
    let read = || Some((key?, currency.parse().ok()?));
    let (key, currency) =
        read().ok_or_else(|| StoreError::Bug(format!("capture of {invoice} cannot be read")))?;
    Ok(Capture { invoice, key, amount, currency, captured_at })
}

/// What was captured for Antaeus from one moment until before another, per currency.
pub fn totals(conn: &mut AnyConnection, window: Range<i64>) -> Result<Vec<Total>, StoreError> {
    let rows: Vec<(String, i64, i64)> = transfers::table
        .filter(transfers::kind.eq(CAPTURE).and(transfers::credit.eq(ANTAEUS)))
        .filter(transfers::at.ge(window.start).and(transfers::at.lt(window.end)))
        .group_by(transfers::currency)
        .order(transfers::currency)
        // PostgreSQL adds up into NUMERIC, which may be cut to what it was made of.
        .select((transfers::currency, count_star(), sql::<BigInt>("CAST(SUM(amount) AS BIGINT)")))
        .load(conn)?;
    rows.into_iter().map(total).collect()
}

fn total((currency, count, amount): (String, i64, i64)) -> Result<Total, StoreError> {
    let currency = currency.parse().map_err(|_| StoreError::Bug(format!("{currency:?} is no currency")))?;
    Ok(Total { currency, count, amount })
}
