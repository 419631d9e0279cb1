//! Writes what attempts came to. The epoch fences: who lost its claim meanwhile changes nothing.

mod columns;
mod statement;

use std::collections::HashSet;

use db::sqlite::Value::{Integer, OptionalInteger, OptionalText, Text};
use db::{AnyConnection, StoreError, sqlite};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use super::super::outbox::Event;
use super::super::tallies::{self, Change};
use crate::domain::settle::{OpenCharge, Settlement};
use statement::Statement;

/// An attempt with what it came to.
pub type Settled<'a> = (&'a OpenCharge, &'a Settlement);

/// Everything that is written about a batch, all or nothing; of an invoice that somebody else has settled meanwhile,
/// nothing.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// What each attempt came to.
    pub settled: Vec<Settled<'a>>,
    /// What that adds to the tallies.
    pub changes: Vec<Change<'a>>,
    /// What is to be told.
    pub events: Vec<Event>,
    /// When the provider was asked.
    pub started_at: Micros,
    /// Now.
    pub now: Micros,
}

/// Settles what is still claimed as it was; gives those invoices. One statement on PostgreSQL.
pub fn settle(conn: &mut AnyConnection, batch: &Batch<'_>) -> Result<HashSet<i64>, StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        let ids: Vec<i64> = Statement::of(batch).load(conn)?;
        return Ok(ids.into_iter().collect());
    }
    let mut ids = HashSet::with_capacity(batch.settled.len());
    if let AnyConnection::Sqlite(conn) = conn {
        for one in &batch.settled {
            if settle_sqlite(conn, one, batch.started_at, batch.now)? {
                ids.insert(one.1.invoice_id);
            }
        }
    }
    let changes = batch.changes.iter().filter(|change| ids.contains(&change.invoice)).copied();
    tallies::insert(conn, &changes.collect::<Vec<_>>(), batch.now)?;
    if let AnyConnection::Sqlite(conn) = conn {
        let events = batch.events.iter().filter(|event| ids.contains(&event.invoice));
        events::outbox::put_sqlite(conn, events.map(|event| &event.row))?;
    }
    Ok(ids)
}

/// The decline code for the history: what else an attempt came to says its outcome.
fn decline_code(settlement: &Settlement) -> Option<&str> {
    settlement.last_code.as_deref().filter(|_| settlement.history == Some("declined"))
}

fn settle_sqlite(
    conn: &mut SqliteConnection,
    (charge, settlement): &Settled<'_>,
    started_at: Micros,
    now: Micros,
) -> QueryResult<bool> {
    let rows = sqlite::execute::<Update, _>(
        conn,
        [
            Text(settlement.state.as_str()),
            Integer(settlement.attempt.into()),
            OptionalInteger(settlement.next_at),
            OptionalText(settlement.last_outcome.map(|outcome| outcome.as_str())),
            OptionalText(settlement.last_code.as_deref()),
            OptionalInteger(settlement.paid_at),
            Text(settlement.state.as_str()),
            Integer(started_at),
            Integer(settlement.invoice_id),
            Integer(settlement.epoch),
        ],
    )?;
    if let (1, Some(outcome)) = (rows, settlement.history) {
        sqlite::execute::<History, _>(
            conn,
            [
                Integer(settlement.invoice_id),
                Integer(settlement.attempt.into()),
                OptionalInteger(charge.run_id),
                Integer(started_at),
                Integer(now),
                Text(outcome),
                OptionalText(decline_code(settlement)),
                OptionalInteger(settlement.next_at),
            ],
        )?;
    }
    Ok(rows == 1)
}

struct Update;

impl sqlite::Named for Update {
    const SQL: &'static str = "UPDATE invoices SET state = ?, attempt = ?, next_at = ?, leased_until = NULL, last_outcome = ?, \
         last_code = ?, paid_at = ?, unknown_since = CASE ? WHEN 'CHARGING' THEN COALESCE(unknown_since, ?) END WHERE id = ? AND epoch = ? AND state = 'CHARGING'";
}

struct History;

impl sqlite::Named for History {
    const SQL: &'static str = "INSERT INTO attempts \
         (invoice_id, attempt, run_id, started_at, ended_at, outcome, decline_code, next_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
}
