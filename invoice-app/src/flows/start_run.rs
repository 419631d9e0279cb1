//! Starts a run over a scope of invoices.

use db::{Db, StoreError};
use service::clock::Micros;

use crate::domain::run::Scope;
use crate::store::{invoices, runs};

/// Starts a run of at most `rounds` rounds and gives its number.
pub async fn start_run(
    db: &Db,
    scope_key: String,
    scope: Scope,
    rounds: i32,
    now: Micros,
) -> Result<i64, StoreError> {
    db.write(move |conn| {
        let max_id = invoices::max_id(conn)?;
        let run = runs::insert(conn, &scope_key, (scope, rounds), max_id, now)?;
        runs::pull_in(conn, scope, max_id, now)?;
        Ok(run)
    })
    .await
}
