//! Writes what attempts came to. The epoch fences: who lost its claim meanwhile changes nothing.

use std::collections::HashSet;

use db::{AnyConnection, StoreError};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use super::super::schema::{attempts, invoices};
use crate::domain::settle::{OpenCharge, Settlement};

/// An attempt with what it came to.
pub type Settled<'a> = (&'a OpenCharge, &'a Settlement);

/// Settles what is still claimed as it was; gives those invoices. `started_at` is when the provider was asked.
pub fn settle(
    conn: &mut AnyConnection,
    all: &[Settled<'_>],
    started_at: Micros,
    now: Micros,
) -> Result<HashSet<i64>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let ids: Vec<i64> = Postgres::of(all, started_at, now).load(conn)?;
            Ok(ids.into_iter().collect())
        }
        AnyConnection::Sqlite(conn) => {
            let mut ids = HashSet::with_capacity(all.len());
            for one in all {
                if settle_sqlite(conn, one, started_at, now)? {
                    ids.insert(one.1.invoice_id);
                }
            }
            Ok(ids)
        }
    }
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

/// All of them in one statement, column by column: its text is the same whatever their number.
struct Postgres<'a> {
    ids: Vec<i64>,
    epochs: Vec<i64>,
    states: Vec<&'static str>,
    attempts: Vec<i32>,
    next_at: Vec<Option<i64>>,
    outcomes: Vec<Option<&'static str>>,
    codes: Vec<Option<&'a str>>,
    paid_at: Vec<Option<i64>>,
    history: Vec<Option<&'static str>>,
    decline_codes: Vec<Option<&'a str>>,
    started_at: Micros,
    now: Micros,
}

impl<'a> Postgres<'a> {
    fn of(all: &[Settled<'a>], started_at: Micros, now: Micros) -> Self {
        let each = || all.iter().map(|(_, settlement)| *settlement);
        Self {
            ids: each().map(|one| one.invoice_id).collect(),
            epochs: each().map(|one| one.epoch).collect(),
            states: each().map(|one| one.state.as_str()).collect(),
            attempts: each().map(|one| one.attempt).collect(),
            next_at: each().map(|one| one.next_at).collect(),
            outcomes: each().map(|one| one.last_outcome.map(|outcome| outcome.as_str())).collect(),
            codes: each().map(|one| one.last_code.as_deref()).collect(),
            paid_at: each().map(|one| one.paid_at).collect(),
            history: each().map(|one| one.history).collect(),
            decline_codes: each().map(decline_code).collect(),
            started_at,
            now,
        }
    }
}

impl QueryFragment<Pg> for Postgres<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH s AS (SELECT * FROM UNNEST(");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.epochs)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.states)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.attempts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.next_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.outcomes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.codes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.paid_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.history)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.decline_codes)?;
        out.push_sql(
            ") AS s (id, epoch, state, attempt, next_at, last_outcome, last_code, paid_at, outcome, decline_code)), \
             settled AS (UPDATE invoices i SET state = s.state, attempt = s.attempt, next_at = s.next_at, \
                 last_outcome = s.last_outcome, last_code = s.last_code, paid_at = s.paid_at \
             FROM s WHERE i.id = s.id AND i.epoch = s.epoch AND i.state = 'CHARGING' \
             RETURNING i.id, i.attempt, i.run_id, i.next_at, s.outcome, s.decline_code), \
             history AS (INSERT INTO attempts \
                 (invoice_id, attempt, run_id, started_at, ended_at, outcome, decline_code, next_at) \
             SELECT id, attempt, run_id, ",
        );
        out.push_bind_param::<BigInt, _>(&self.started_at)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(
            ", outcome, decline_code, next_at FROM settled WHERE outcome IS NOT NULL) SELECT id FROM settled",
        );
        Ok(())
    }
}

impl Query for Postgres<'_> {
    type SqlType = BigInt;
}

/// The text is always the same, so the connection prepares it once.
impl QueryId for Postgres<'_> {
    type QueryId = Postgres<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Postgres<'_> {}
