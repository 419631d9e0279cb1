//! Attempts as rows.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::attempts;
use crate::domain::attempt::Attempt;

#[derive(Queryable)]
struct Row {
    _invoice_id: i64,
    attempt: i32,
    run_id: Option<i64>,
    started_at: i64,
    ended_at: i64,
    outcome: String,
    decline_code: Option<String>,
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
        let Row { attempt, run_id, started_at, ended_at, outcome, decline_code, .. } = row;
        Self { attempt, run_id, started_at, ended_at, outcome, decline_code }
    }
}
