//! Writes what attempts came to. The epoch fences: who lost its claim meanwhile changes nothing.

mod columns;
mod statement;

use std::collections::HashSet;

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use super::super::outbox::{self, Event};
use super::super::schema::{attempts, invoices};
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
    outbox::insert(conn, batch.events.iter().filter(|event| ids.contains(&event.invoice)), batch.now)?;
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
    let mine = invoices::id.eq(settlement.invoice_id).and(invoices::epoch.eq(settlement.epoch));
    let rows = diesel::update(invoices::table.filter(mine.and(invoices::state.eq("CHARGING"))))
        .set((
            invoices::state.eq(settlement.state.as_str()),
            invoices::attempt.eq(settlement.attempt),
            invoices::next_at.eq(settlement.next_at),
            invoices::last_outcome.eq(settlement.last_outcome.map(|outcome| outcome.as_str())),
            invoices::last_code.eq(settlement.last_code.as_deref()),
            invoices::paid_at.eq(settlement.paid_at),
        ))
        .execute(conn)?;
    if let (1, Some(outcome)) = (rows, settlement.history) {
        diesel::insert_into(attempts::table)
            .values((
                attempts::invoice_id.eq(settlement.invoice_id),
                attempts::attempt.eq(settlement.attempt),
                attempts::run_id.eq(charge.run_id),
                attempts::started_at.eq(started_at),
                attempts::ended_at.eq(now),
                attempts::outcome.eq(outcome),
                attempts::decline_code.eq(decline_code(settlement)),
                attempts::next_at.eq(settlement.next_at),
            ))
            .execute(conn)?;
    }
    Ok(rows == 1)
}
