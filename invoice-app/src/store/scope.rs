//! Which invoices a run is about, as SQL. Numbers and fixed words only, so nothing here needs to be bound.

use std::collections::BTreeMap;

use contracts::Currency;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use service::clock::Micros;

use crate::domain::policy::Budget;
use crate::domain::progress::Count;
use crate::domain::run::Scope;

/// Invoices of a scope that wait to be charged, up to the highest number at the start. Orders' invoices are in none.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Which.
    pub scope: Scope,
    /// Highest invoice.
    pub max_id: i64,
    /// Its invoices, for `ids`.
    pub ids: Vec<i64>,
}

impl Pending {
    fn sql(&self) -> String {
        let only = match self.scope {
            Scope::Due | Scope::Unpaid => String::new(),
            Scope::Retryable => " AND i.last_outcome = 'declined'".into(),
            Scope::Untried => " AND i.last_outcome IS NULL".into(),
            Scope::Unknown => " AND FALSE".into(),
            Scope::Ids => {
                let ids: Vec<String> = self.ids.iter().map(i64::to_string).collect();
                format!(" AND i.id IN ({})", if ids.is_empty() { "NULL".into() } else { ids.join(", ") })
            }
        };
        format!(
            "i.state = 'PENDING' AND i.next_at IS NOT NULL AND i.origin <> 'order' AND i.id <= {}{only}",
            self.max_id
        )
    }

    /// Counts what a run that began now would be about.
    pub fn count(
        &self,
        conn: &mut AnyConnection,
        budget: Option<Budget>,
        now: Micros,
    ) -> Result<BTreeMap<Currency, Count>, StoreError> {
        let due = match self.scope {
            Scope::Due => format!(" AND i.next_at <= {now}"),
            _ => format!(" AND (i.next_at <= {now} OR {})", allowed(budget, now)),
        };
        let rows: Vec<Sum> = diesel::sql_query(format!(
            "SELECT i.currency, COUNT(*) AS invoices, CAST(SUM(i.amount) AS BIGINT) AS amount
             FROM invoices i WHERE {}{due} GROUP BY i.currency",
            self.sql()
        ))
        .load(conn)?;
        rows.into_iter().map(Sum::read).collect()
    }

    /// Makes all of them due now, whenever they were planned for, but none that the card networks do not allow yet.
    pub fn pull_in(
        &self,
        conn: &mut AnyConnection,
        budget: Option<Budget>,
        now: Micros,
    ) -> Result<(), StoreError> {
        let (pending, allowed) = (self.sql(), allowed(budget, now));
        diesel::sql_query(format!(
            "UPDATE invoices AS i SET next_at = {now} WHERE {pending} AND i.next_at > {now} AND {allowed}"
        ))
        .execute(conn)?;
        Ok(())
    }

    /// Whether any of them is due by `cutoff`.
    pub fn any(&self, conn: &mut AnyConnection, cutoff: Micros) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM invoices i WHERE {} AND i.next_at <= {cutoff}) AS there",
            self.sql()
        );
        Ok(diesel::sql_query(sql).get_result::<There>(conn)?.there)
    }
}

/// Outcomes that are unknown are asked about now, whenever that was planned for.
pub fn ask_now(conn: &mut AnyConnection, max_id: i64, now: Micros) -> Result<(), StoreError> {
    diesel::sql_query(format!(
        "UPDATE invoices SET next_at = {now} WHERE state = 'CHARGING' AND last_outcome = 'unknown'
             AND origin <> 'order' AND next_at > {now} AND id <= {max_id}"
    ))
    .execute(conn)?;
    Ok(())
}

/// Of an invoice `i`: the attempts of the last days leave room for one more.
fn allowed(budget: Option<Budget>, now: Micros) -> String {
    let Some(budget) = budget else { return "TRUE".into() };
    let (attempts, since) = (budget.attempts, now - budget.span());
    format!(
        "(i.attempt < {attempts} OR (SELECT COUNT(*) FROM attempts a
              WHERE a.invoice_id = i.id AND a.started_at > {since}) < {attempts})"
    )
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    invoices: i64,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

impl Sum {
    fn read(self) -> Result<(Currency, Count), StoreError> {
        let Self { currency, invoices, amount } = self;
        Ok((super::currency(&currency)?, Count { invoices, amount }))
    }
}
