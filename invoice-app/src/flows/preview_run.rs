//! What a run would be about if it were started now.

use std::collections::BTreeMap;

use contracts::Currency;
use db::{Db, StoreError};
use service::clock::Micros;

use crate::domain::policy::Budget;
use crate::domain::progress::Count;
use crate::domain::run::Scope;
use crate::store::invoices;
use crate::store::scope::Pending;

/// Invoices and money, per currency. Changes nothing.
pub async fn preview_run(
    db: &Db,
    scope: Scope,
    ids: Vec<i64>,
    budget: Option<Budget>,
    now: Micros,
) -> Result<BTreeMap<Currency, Count>, StoreError> {
    db.read(move |conn| {
        let max_id = invoices::max_id(conn)?;
        Pending { scope, max_id, ids }.count(conn, budget, now)
    })
    .await
}
