//! Opens or re-opens attempts: due rows become CHARGING, their request frozen, under a lease and a new epoch.

mod statement;

use contracts::Money;
use contracts::charge::Method;
use db::sqlite::Value;
use db::{AnyConnection, StoreError, sqlite};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use super::super::tallies::{self, Change};
use crate::domain::invoice::{LastOutcome, Origin};
use crate::domain::progress::Count;
use crate::domain::run::{Run, Scope};
use crate::domain::settle::{Before, OpenCharge};
use statement::{OfOrders, OfRuns, Statement};

/// Where the search for due rows begins: after this time and invoice.
pub type Cursor = (Micros, i64);

/// What to claim, for whom, until when.
#[derive(Debug, Clone)]
pub struct Claim {
    /// For whom.
    pub queue: Queue,
    /// Rows up to here were seen before: they are claimed, or not for us.
    pub after: Cursor,
    /// Now.
    pub now: Micros,
    /// Until when nobody else may claim the same rows.
    pub lease_end: Micros,
    /// Most rows.
    pub limit: i64,
}

/// Which rows are claimed.
#[derive(Debug, Clone)]
pub enum Queue {
    /// What waits for a run, and attempts that are open already. No order's invoice.
    Run(Box<Run>),
    /// Only attempts that are open already. No order's invoice.
    Unknown,
    /// The invoices of orders, new and open ones.
    Orders,
}

/// A run's part of the condition; without a run nothing is opened.
struct Bounds<'a> {
    run: Option<i64>,
    round: i32,
    cutoff: Micros,
    max_id: i64,
    only: &'a str,
}

impl Claim {
    fn bounds(&self) -> Bounds<'_> {
        let Queue::Run(run) = &self.queue else {
            return Bounds { run: None, round: 0, cutoff: 0, max_id: 0, only: "nothing" };
        };
        let only = match run.scope {
            Scope::Due | Scope::Unpaid => "",
            Scope::Retryable => "declined",
            Scope::Untried => "untried",
            Scope::Ids => "ids",
            Scope::Unknown => "nothing",
        };
        Bounds {
            run: Some(run.id),
            round: run.round,
            cutoff: run.cutoff_at,
            max_id: run.max_invoice_id,
            only,
        }
    }
}

/// One condition serves fresh, retried and crashed rows: it walks the one partial index from the cursor on. A run that
/// is paused claims nothing, whoever asks. Orders' invoices belong to no run.
const CONDITION: &str = "(i.next_at, i.id) > ($1, $2) AND i.next_at <= $3 \
     AND (i.leased_until IS NULL OR i.leased_until <= $3) AND i.origin <> 'order' \
     AND ($4 IS NULL OR EXISTS (SELECT 1 FROM billing_runs r WHERE r.id = $4 AND r.state = 'running')) \
     AND (i.state = 'CHARGING' OR (i.next_at <= $5 AND i.id <= $6 AND CASE $7 WHEN '' THEN TRUE \
         WHEN 'declined' THEN i.last_outcome = 'declined' WHEN 'untried' THEN i.last_outcome IS NULL \
         WHEN 'ids' THEN EXISTS (SELECT 1 FROM run_invoices x WHERE x.run_id = $4 AND x.invoice_id = i.id) \
         ELSE FALSE END)) \
     ORDER BY i.next_at, i.id LIMIT $8";

/// The same for orders, by an index of their own. What a run binds is there and means nothing.
const OF_ORDERS: &str = "(i.next_at, i.id) > ($1, $2) AND i.next_at <= $3 AND i.origin = 'order' \
     AND (i.leased_until IS NULL OR i.leased_until <= $3) \
     AND $4 IS NULL AND $5 = 0 AND $6 = 0 AND $7 = 'nothing' \
     ORDER BY i.next_at, i.id LIMIT $8";

#[derive(QueryableByName, Queryable)]
struct Claimed {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    uid: String,
    #[diesel(sql_type = BigInt)]
    customer_id: i64,
    #[diesel(sql_type = Text)]
    customer_uid: String,
    #[diesel(sql_type = Text)]
    time_zone: String,
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
    #[diesel(sql_type = Nullable<BigInt>)]
    run_id: Option<i64>,
    #[diesel(sql_type = Bool)]
    resend: bool,
    #[diesel(sql_type = Integer)]
    asked: i32,
    #[diesel(sql_type = BigInt)]
    due_at: i64,
    #[diesel(sql_type = Nullable<Text>)]
    last_outcome: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    last_code: Option<String>,
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
}

impl TryFrom<Claimed> for OpenCharge {
    type Error = StoreError;

    fn try_from(row: Claimed) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("invoice {} has an unreadable {what}", row.id));
        let currency = row.currency.parse().map_err(|_| bug("currency"))?;
        let outcome = row.last_outcome.as_deref().and_then(LastOutcome::parse);
        Ok(Self {
            method: Method::parse(&row.method).ok_or_else(|| bug("method"))?,
            amount: Money { minor: row.amount, currency },
            before: Before { due_at: row.due_at, outcome, code: row.last_code },
            invoice_id: row.id,
            invoice_uid: row.uid,
            customer_id: row.customer_id,
            customer_uid: row.customer_uid,
            time_zone: row.time_zone,
            attempt: row.attempt,
            epoch: row.epoch,
            run_id: row.run_id,
            resend: row.resend,
            asked: row.asked,
            place: row.place,
            user: row.user_id,
            origin: Origin::parse(&row.origin).ok_or_else(|| bug("origin"))?,
            traceparent: row.traceparent,
        })
    }
}

/// Claims, and counts what was opened for the run. Gives the charges in the order of the index.
pub fn claim(conn: &mut AnyConnection, claim: &Claim) -> Result<Vec<OpenCharge>, StoreError> {
    let mut rows: Vec<Claimed> = match conn {
        AnyConnection::Postgres(conn) => match claim.queue {
            Queue::Run(_) | Queue::Unknown => Statement::<OfRuns>::of(claim).load(conn)?,
            Queue::Orders => Statement::<OfOrders>::of(claim).load(conn)?,
        },
        AnyConnection::Sqlite(conn) => claim_sqlite(conn, claim)?,
    };
    rows.sort_by_key(|row| (row.due_at, row.id));
    let charges: Vec<OpenCharge> = rows.into_iter().map(OpenCharge::try_from).collect::<Result<_, _>>()?;
    if matches!(conn, AnyConnection::Sqlite(_)) {
        tallies::insert(conn, &opened(&charges), claim.now)?;
    }
    Ok(charges)
}

fn opened(charges: &[OpenCharge]) -> Vec<Change<'_>> {
    let fresh = charges.iter().filter(|charge| !charge.resend && charge.run_id.is_some());
    let change = |charge: &OpenCharge| Change {
        invoice: charge.invoice_id,
        run: charge.run_id,
        outcome: "claimed",
        reason: "",
        currency: charge.amount.currency,
        count: Count { invoices: 1, amount: charge.amount.minor },
        at: None,
    };
    fresh.map(change).collect()
}

/// The one writer holds the write lock: what it has read is what it updates.
fn claim_sqlite(conn: &mut SqliteConnection, claim: &Claim) -> QueryResult<Vec<Claimed>> {
    let bounds = claim.bounds();
    // `$4` is a name to SQLite, which numbers names as it meets them; `?4` is a number.
    let (condition, method) = match claim.queue {
        Queue::Run(_) | Queue::Unknown => (CONDITION, "c.method"),
        Queue::Orders => (OF_ORDERS, "'wallet'"),
    };
    let condition = condition.replace('$', "?");
    let rows: Vec<Claimed> = diesel::sql_query(format!(
        "SELECT i.id, i.uid, i.customer_id, c.uid AS customer_uid, c.time_zone, i.amount, i.currency,
             CASE WHEN i.state = 'CHARGING' THEN i.method ELSE {method} END AS method,
             CASE WHEN i.state = 'CHARGING' THEN i.attempt ELSE i.attempt + 1 END AS attempt,
             i.epoch + 1 AS epoch, CASE WHEN i.state = 'CHARGING' THEN i.run_id ELSE ?4 END AS run_id,
             i.state = 'CHARGING' AS resend, CASE WHEN i.state = 'CHARGING' THEN i.asked + 1 ELSE 0 END AS asked,
             i.next_at AS due_at, i.last_outcome, i.last_code, '' AS place, c.user_id, i.origin, i.traceparent
         FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE {condition}"
    ))
    .bind::<BigInt, _>(claim.after.0)
    .bind::<BigInt, _>(claim.after.1)
    .bind::<BigInt, _>(claim.now)
    .bind::<Nullable<BigInt>, _>(bounds.run)
    .bind::<BigInt, _>(bounds.cutoff)
    .bind::<BigInt, _>(bounds.max_id)
    .bind::<Text, _>(bounds.only)
    .bind::<BigInt, _>(claim.limit)
    .load(conn)?;
    for row in &rows {
        sqlite::execute::<Open, _>(
            conn,
            [
                Value::Integer(row.epoch),
                Value::Integer(claim.lease_end),
                Value::Integer(row.attempt.into()),
                Value::Integer(row.asked.into()),
                Value::OptionalText(row.last_outcome.as_deref().filter(|_| row.resend)),
                Value::Text(&row.method),
                Value::OptionalInteger(row.run_id),
                Value::Integer(row.id),
            ],
        )?;
    }
    Ok(rows)
}

struct Open;

impl sqlite::Named for Open {
    const SQL: &'static str = "UPDATE invoices SET state = 'CHARGING', epoch = ?, leased_until = ?, attempt = ?, \
         asked = ?, last_outcome = ?, method = ?, run_id = ? WHERE id = ?";
}
