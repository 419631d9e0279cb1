//! Claiming on PostgreSQL.

use std::marker::PhantomData;

use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::{Bounds, CONDITION, Claim, OF_ORDERS};

/// SKIP LOCKED lets rivals pass each other; the CTE is MATERIALIZED so that its LIMIT holds. A row that it has
/// locked stays where it is, so it is found again without an index; one that was changed after the statement began is
/// not, and is left to the next claim. One statement, so that
/// PostgreSQL commits it by itself.
pub(super) struct Statement<'a, Q> {
    claim: &'a Claim,
    bounds: Bounds<'a>,
    queue: PhantomData<Q>,
}

/// Which rows a statement claims: each is a text of its own.
pub(super) trait Rows: 'static {
    const CONDITION: &'static str;
    /// How a fresh attempt is paid.
    const METHOD: &'static str;
}

/// What is not an order's.
pub(super) struct OfRuns;
/// Orders' invoices, which are paid from the balance.
pub(super) struct OfOrders;

impl Rows for OfRuns {
    const CONDITION: &'static str = CONDITION;
    const METHOD: &'static str = "due.customer_method";
}

impl Rows for OfOrders {
    const CONDITION: &'static str = OF_ORDERS;
    const METHOD: &'static str = "'wallet'";
}

impl<'a, Q: Rows> Statement<'a, Q> {
    pub fn of(claim: &'a Claim) -> Self {
        Self { claim, bounds: claim.bounds(), queue: PhantomData }
    }
}

impl<Q: Rows> QueryFragment<Pg> for Statement<'_, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (claim, bounds) = (self.claim, &self.bounds);
        // A bind is numbered where it is pushed. They are pushed here, in a part that is never run, and used by number.
        out.push_sql("WITH binds AS (VALUES (");
        out.push_bind_param::<BigInt, _>(&claim.after.0)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&claim.after.1)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&claim.now)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&bounds.run)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&bounds.cutoff)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&bounds.max_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(bounds.only)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&claim.limit)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&claim.lease_end)?;
        out.push_sql(", ");
        out.push_bind_param::<Integer, _>(&bounds.round)?;
        out.push_sql(")), due AS MATERIALIZED (SELECT i.ctid AS place, i.id, i.next_at, i.last_outcome, i.state = 'CHARGING' AS resend, \
             c.uid AS customer_uid, c.method AS customer_method, c.time_zone, c.user_id \
             FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE ");
        out.push_sql(Q::CONDITION);
        out.push_sql(
            " FOR UPDATE OF i SKIP LOCKED), \
             claimed AS (UPDATE invoices i SET state = 'CHARGING', epoch = i.epoch + 1, leased_until = $9, \
                 attempt = i.attempt + CASE WHEN due.resend THEN 0 ELSE 1 END, \
                 asked = CASE WHEN due.resend THEN i.asked + 1 ELSE 0 END, \
                 last_outcome = CASE WHEN due.resend THEN i.last_outcome END, \
                 method = CASE WHEN due.resend THEN i.method ELSE ",
        );
        out.push_sql(Q::METHOD);
        out.push_sql(" END, \
                 run_id = CASE WHEN due.resend THEN i.run_id ELSE $4 END \
             FROM due WHERE i.ctid = due.place \
             RETURNING i.id, i.uid, i.customer_id, due.customer_uid, due.time_zone, i.amount, i.currency, i.method, \
                 i.attempt, i.epoch, i.run_id, due.resend, i.asked, due.next_at AS due_at, due.last_outcome, \
                 i.last_code, CAST(i.ctid AS TEXT), due.user_id, i.origin, i.traceparent), \
             counted AS (INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at) \
                 SELECT $4, $10, 'claimed', '', currency, COUNT(*), SUM(amount), $3 FROM claimed \
                 WHERE NOT resend AND run_id IS NOT NULL GROUP BY currency) \
             SELECT * FROM claimed");
        Ok(())
    }
}

impl<Q: Rows> Query for Statement<'_, Q> {
    type SqlType = (
        BigInt,
        Text,
        BigInt,
        Text,
        Text,
        BigInt,
        Text,
        Text,
        Integer,
        BigInt,
        Nullable<BigInt>,
        Bool,
        Integer,
        BigInt,
        Nullable<Text>,
        Nullable<Text>,
        Text,
        Nullable<Text>,
        Text,
        Nullable<Text>,
    );
}

/// The text is always the same, so the connection prepares it once.
impl<Q: Rows> QueryId for Statement<'_, Q> {
    type QueryId = Statement<'static, Q>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Q: Rows> RunQueryDsl<PgConnection> for Statement<'_, Q> {}
