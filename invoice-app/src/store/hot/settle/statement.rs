//! Settling a batch on PostgreSQL.

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use service::clock::Micros;

use super::columns::{Changes, Events};
use super::{Batch, decline_code};

/// All of it in one statement, column by column: its text is the same whatever the size of the batch, and PostgreSQL
/// commits it by itself. The rows are where the claim has left them; one that is not there any more was taken by
/// somebody else meanwhile, or moved by a rebuild of the table, and is asked about again when its lease ends.
pub(super) struct Statement<'a> {
    places: Vec<&'a str>,
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
    changes: Changes<'a>,
    events: Events<'a>,
    started_at: Micros,
    now: Micros,
}

impl<'a> Statement<'a> {
    pub fn of(batch: &'a Batch<'a>) -> Self {
        let each = || batch.settled.iter().map(|(_, settlement)| *settlement);
        Self {
            places: batch.settled.iter().map(|(charge, _)| charge.place.as_str()).collect(),
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
            changes: Changes::of(&batch.changes, batch.now),
            events: Events::of(&batch.events),
            started_at: batch.started_at,
            now: batch.now,
        }
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH s AS (SELECT * FROM UNNEST(CAST(");
        out.push_bind_param::<Array<Text>, _>(&self.places)?;
        out.push_sql(" AS tid[]), ");
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
            ") AS s (place, id, epoch, state, attempt, next_at, last_outcome, last_code, paid_at, outcome, decline_code)), \
             settled AS (UPDATE invoices i SET state = s.state, attempt = s.attempt, next_at = s.next_at, leased_until = NULL, \
                 last_outcome = s.last_outcome, last_code = s.last_code, paid_at = s.paid_at, \
                 unknown_since = CASE s.state WHEN 'CHARGING' THEN COALESCE(i.unknown_since, ",
        );
        out.push_bind_param::<BigInt, _>(&self.started_at)?;
        out.push_sql(
            ") END \
             FROM s WHERE i.ctid = s.place AND i.id = s.id AND i.epoch = s.epoch AND i.state = 'CHARGING' \
             RETURNING i.id, i.attempt, i.run_id, i.next_at, s.outcome, s.decline_code), \
             history AS (INSERT INTO attempts \
                 (invoice_id, attempt, run_id, started_at, ended_at, outcome, decline_code, next_at) \
             SELECT id, attempt, run_id, ",
        );
        out.push_bind_param::<BigInt, _>(&self.started_at)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(
            ", outcome, decline_code, next_at FROM settled WHERE outcome IS NOT NULL), \
             told AS (INSERT INTO outbox (id, kind, subject, version, data, traceparent, created_at) \
             SELECT event, kind, subject, version, data, traceparent, ",
        );
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" FROM UNNEST(");
        self.events.walk(&mut out)?;
        out.push_sql(
            ") AS e (id, event, kind, subject, version, data, traceparent) JOIN settled USING (id)), \
             tallied AS (INSERT INTO run_tallies \
                 (run_id, round, outcome, reason, currency, invoices, amount, at) \
             SELECT c.run_id, COALESCE((SELECT r.round FROM billing_runs r WHERE r.id = c.run_id), 0), c.outcome, \
                 c.reason, c.currency, SUM(c.invoices), SUM(c.amount), c.at FROM UNNEST(",
        );
        self.changes.walk(&mut out)?;
        out.push_sql(
            ") AS c (id, run_id, outcome, reason, currency, invoices, amount, at) JOIN settled USING (id) \
             GROUP BY c.run_id, c.outcome, c.reason, c.currency, c.at) \
             SELECT id FROM settled",
        );
        Ok(())
    }
}

impl Query for Statement<'_> {
    type SqlType = BigInt;
}

/// The text is always the same, so the connection prepares it once.
impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}
