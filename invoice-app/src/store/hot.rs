//! Claim and settle: the statements that are written per database, side by side.

use contracts::Money;
use contracts::charge::Method;
use db::{AnyConnection, StoreError};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use super::schema::{attempts, invoices};
use crate::domain::run::{Run, Scope};
use crate::domain::settle::{OpenCharge, Settlement};

/// What to claim, for whom, until when.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The run that claims; without one, only attempts that are open already are asked about.
    pub run: Option<Run>,
    /// Now.
    pub now: Micros,
    /// Until when nobody else may claim the same rows.
    pub lease_end: Micros,
    /// Most rows.
    pub limit: i64,
}

impl Claim {
    /// One condition serves fresh, retried and crashed rows: it walks the one partial index from its start.
    fn condition(&self) -> &'static str {
        match self.run.as_ref().map(|run| run.scope) {
            Some(Scope::Unpaid) => "(i.state = 'CHARGING' OR (i.next_at <= $2 AND i.id <= $3))",
            Some(Scope::Untried) => {
                "(i.state = 'CHARGING' OR (i.next_at <= $2 AND i.id <= $3 AND i.last_outcome IS NULL))"
            }
            Some(Scope::Unknown) | None => "(i.state = 'CHARGING' AND $2 <= $2 AND $3 <= $3)",
        }
    }

    /// Cut-off, highest invoice and number of the run.
    fn bounds(&self) -> (i64, i64, Option<i64>) {
        self.run.as_ref().map_or((0, 0, None), |run| (run.cutoff_at, run.max_invoice_id, Some(run.id)))
    }
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    uid: String,
    #[diesel(sql_type = BigInt)]
    customer_id: i64,
    #[diesel(sql_type = Text)]
    customer_uid: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = Integer)]
    attempt: i32,
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Bool)]
    resend: bool,
}

impl TryFrom<Claimed> for OpenCharge {
    type Error = StoreError;

    fn try_from(row: Claimed) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("invoice {} has an unreadable {what}", row.id));
        let currency = row.currency.parse().map_err(|_| bug("currency"))?;
        Ok(Self {
            method: Method::parse(&row.method).ok_or_else(|| bug("method"))?,
            amount: Money { minor: row.amount, currency },
            invoice_id: row.id,
            invoice_uid: row.uid,
            customer_id: row.customer_id,
            customer_uid: row.customer_uid,
            attempt: row.attempt,
            epoch: row.epoch,
            resend: row.resend,
        })
    }
}

/// Opens or re-opens attempts: due rows become CHARGING, their request frozen, under a lease and a new epoch.
pub fn claim(conn: &mut AnyConnection, claim: &Claim) -> Result<Vec<OpenCharge>, StoreError> {
    let rows = match conn {
        AnyConnection::Postgres(conn) => claim_postgres(conn, claim)?,
        AnyConnection::Sqlite(conn) => claim_sqlite(conn, claim)?,
    };
    rows.into_iter().map(OpenCharge::try_from).collect()
}

/// SKIP LOCKED lets rivals pass each other; the CTE is MATERIALIZED so that its LIMIT holds.
fn claim_postgres(conn: &mut PgConnection, claim: &Claim) -> QueryResult<Vec<Claimed>> {
    let (cutoff, max_id, run) = claim.bounds();
    diesel::sql_query(format!(
        "WITH due AS MATERIALIZED (
             SELECT i.id, i.state = 'CHARGING' AS resend, c.id AS customer_id, c.uid AS customer_uid,
                 c.method AS customer_method
             FROM invoices i JOIN customers c ON c.id = i.customer_id
             WHERE i.next_at <= $1 AND {}
             ORDER BY i.next_at, i.id LIMIT $4 FOR UPDATE OF i SKIP LOCKED)
         UPDATE invoices i SET state = 'CHARGING', epoch = i.epoch + 1, next_at = $5, last_outcome = NULL,
             attempt = i.attempt + CASE WHEN due.resend THEN 0 ELSE 1 END,
             method = CASE WHEN due.resend THEN i.method ELSE due.customer_method END,
             run_id = COALESCE($6, i.run_id)
         FROM due WHERE i.id = due.id
         RETURNING i.id, i.uid, due.customer_id, due.customer_uid, i.amount, i.currency, i.method, i.attempt,
             i.epoch, due.resend",
        claim.condition()
    ))
    .bind::<BigInt, _>(claim.now)
    .bind::<BigInt, _>(cutoff)
    .bind::<BigInt, _>(max_id)
    .bind::<BigInt, _>(claim.limit)
    .bind::<BigInt, _>(claim.lease_end)
    .bind::<Nullable<BigInt>, _>(run)
    .load(conn)
}

/// The one writer holds the write lock: what it has read is what it updates.
fn claim_sqlite(conn: &mut SqliteConnection, claim: &Claim) -> QueryResult<Vec<Claimed>> {
    let (cutoff, max_id, run) = claim.bounds();
    let rows: Vec<Claimed> = diesel::sql_query(format!(
        "SELECT i.id, i.uid, c.id AS customer_id, c.uid AS customer_uid, i.amount, i.currency, i.epoch + 1 AS epoch,
             i.state = 'CHARGING' AS resend,
             CASE WHEN i.state = 'CHARGING' THEN i.method ELSE c.method END AS method,
             CASE WHEN i.state = 'CHARGING' THEN i.attempt ELSE i.attempt + 1 END AS attempt
         FROM invoices i JOIN customers c ON c.id = i.customer_id
         WHERE i.next_at <= $1 AND {} ORDER BY i.next_at, i.id LIMIT $4",
        claim.condition()
    ))
    .bind::<BigInt, _>(claim.now)
    .bind::<BigInt, _>(cutoff)
    .bind::<BigInt, _>(max_id)
    .bind::<BigInt, _>(claim.limit)
    .load(conn)?;
    for row in &rows {
        diesel::update(invoices::table.find(row.id))
            .set((
                invoices::state.eq("CHARGING"),
                invoices::epoch.eq(row.epoch),
                invoices::next_at.eq(claim.lease_end),
                invoices::last_outcome.eq(None::<String>),
                invoices::attempt.eq(row.attempt),
                invoices::method.eq(&row.method),
                run.map(|run| invoices::run_id.eq(run)),
            ))
            .execute(conn)?;
    }
    Ok(rows)
}

/// Writes what an attempt came to. The epoch fences: who lost its claim meanwhile changes nothing. Gives the
/// invoices that were settled.
pub fn settle(
    conn: &mut AnyConnection,
    settlements: &[Settlement],
    run: Option<i64>,
    (started_at, now): (Micros, Micros),
) -> Result<Vec<i64>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => Ok(settle_postgres(conn, settlements, run, (started_at, now))?),
        AnyConnection::Sqlite(conn) => Ok(settle_sqlite(conn, settlements, run, (started_at, now))?),
    }
}

fn settle_sqlite(
    conn: &mut SqliteConnection,
    settlements: &[Settlement],
    run: Option<i64>,
    (started_at, now): (Micros, Micros),
) -> QueryResult<Vec<i64>> {
    let mut settled = Vec::with_capacity(settlements.len());
    for one in settlements {
        let mine = invoices::id.eq(one.invoice_id).and(invoices::epoch.eq(one.epoch));
        let rows = diesel::update(invoices::table.filter(mine.and(invoices::state.eq("CHARGING"))))
            .set((
                invoices::state.eq(one.state.as_str()),
                invoices::attempt.eq(one.attempt),
                invoices::next_at.eq(one.next_at),
                invoices::last_outcome.eq(one.last_outcome.map(|outcome| outcome.as_str())),
                invoices::paid_at.eq(one.paid_at),
            ))
            .execute(conn)?;
        if rows == 0 {
            continue;
        }
        settled.push(one.invoice_id);
        if let Some((outcome, code)) = &one.history {
            diesel::insert_into(attempts::table)
                .values((
                    attempts::invoice_id.eq(one.invoice_id),
                    attempts::attempt.eq(one.attempt),
                    attempts::run_id.eq(run),
                    attempts::started_at.eq(started_at),
                    attempts::ended_at.eq(now),
                    attempts::outcome.eq(outcome),
                    attempts::decline_code.eq(code),
                ))
                .execute(conn)?;
        }
    }
    Ok(settled)
}

#[derive(QueryableByName)]
struct Settled {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn settle_postgres(
    conn: &mut PgConnection,
    all: &[Settlement],
    run: Option<i64>,
    (started_at, now): (Micros, Micros),
) -> QueryResult<Vec<i64>> {
    let rows: Vec<Settled> = diesel::sql_query(
        "WITH s AS (SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 AS s (id, epoch, state, attempt, next_at, last_outcome, paid_at, outcome, decline_code)),
             settled AS (
                 UPDATE invoices i SET state = s.state, attempt = s.attempt, next_at = s.next_at,
                     last_outcome = s.last_outcome, paid_at = s.paid_at
                 FROM s WHERE i.id = s.id AND i.epoch = s.epoch AND i.state = 'CHARGING'
                 RETURNING i.id, i.attempt, s.outcome, s.decline_code),
             history AS (
                 INSERT INTO attempts (invoice_id, attempt, run_id, started_at, ended_at, outcome, decline_code)
                 SELECT id, attempt, $10, $11, $12, outcome, decline_code FROM settled WHERE outcome IS NOT NULL)
         SELECT id FROM settled",
    )
    .bind::<Array<BigInt>, _>(all.iter().map(|s| s.invoice_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(all.iter().map(|s| s.epoch).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(all.iter().map(|s| s.state.as_str()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(all.iter().map(|s| s.attempt).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(all.iter().map(|s| s.next_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(all.iter().map(|s| s.last_outcome.map(|o| o.as_str())).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(all.iter().map(|s| s.paid_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(all.iter().map(|s| s.history.as_ref().map(|h| h.0)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(
        all.iter().map(|s| s.history.as_ref().and_then(|h| h.1.clone())).collect::<Vec<_>>(),
    )
    .bind::<Nullable<BigInt>, _>(run)
    .bind::<BigInt, _>(started_at)
    .bind::<BigInt, _>(now)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
