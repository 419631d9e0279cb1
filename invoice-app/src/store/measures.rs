//! What gauges say, as rows say it: by indexes, and at the same price however many invoices there are.

use std::collections::BTreeSet;

use contracts::Currency;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use service::clock::Micros;

use super::schema::invoices;
use crate::domain::difference::{Kind, Standing};
use crate::domain::invoice::State;

/// Rows that are counted at most.
const MOST: i64 = 100_000;
/// Customers that are asked for their currencies.
const NEWEST: i64 = 1_000;

/// When the oldest invoice fell due that nobody has claimed.
pub fn oldest_due(conn: &mut AnyConnection, now: Micros) -> Result<Option<Micros>, StoreError> {
    let due = invoices::table
        .filter(invoices::next_at.le(now).and(invoices::state.eq(State::Pending.as_str())))
        .order((invoices::next_at, invoices::id));
    Ok(due.select(invoices::next_at).first(conn).optional()?.flatten())
}

/// When the attempt was first asked about whose outcome has been unknown for longest.
pub fn oldest_unknown(conn: &mut AnyConnection) -> Result<Option<Micros>, StoreError> {
    let unknown = invoices::table.filter(invoices::unknown_since.is_not_null());
    let oldest = unknown.order(invoices::unknown_since).select(invoices::unknown_since);
    Ok(oldest.first(conn).optional()?.flatten())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Differences, by what they are and what became of them.
pub fn differences(conn: &mut AnyConnection) -> Result<Vec<(Kind, Standing, i64)>, StoreError> {
    let rows: Vec<Counted> = diesel::sql_query(format!(
        "SELECT kind, state, COUNT(*) AS n FROM (SELECT kind, state FROM differences LIMIT {MOST}) AS counted
         GROUP BY kind, state"
    ))
    .load(conn)?;
    let read = |row: Counted| {
        let known = Kind::parse(&row.kind).zip(Standing::parse(&row.state));
        let (kind, standing) =
            known.ok_or_else(|| StoreError::Bug(format!("{:?} is no difference", row.kind)))?;
        Ok((kind, standing, row.n))
    };
    rows.into_iter().map(read).collect()
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    currency: String,
}

/// Currencies in which the newest customers pay.
pub fn currencies(conn: &mut AnyConnection) -> Result<BTreeSet<Currency>, StoreError> {
    let rows: Vec<Code> = diesel::sql_query(format!(
        "SELECT DISTINCT currency FROM (SELECT currency FROM customers ORDER BY id DESC LIMIT {NEWEST}) AS newest"
    ))
    .load(conn)?;
    rows.iter().map(|row| super::currency(&row.currency)).collect()
}
