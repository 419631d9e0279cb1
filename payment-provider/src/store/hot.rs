//! The statements that are written per database, side by side: what every charge goes through.

use contracts::charge::{ChargeItem, Method};
use db::sqlite::Value;
use db::{AnyConnection, StoreError, sqlite};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel::sqlite::SqliteConnection;

use super::charges::columns;
use super::movements::wallet;
use super::schema::charges;
use crate::domain::charge::Decision;

/// A charge and what was decided about it.
pub type Decided<'a> = (&'a ChargeItem, Decision);

/// A charge that was not there before.
#[derive(Debug, Queryable)]
pub struct Inserted {
    /// Its key.
    pub key: String,
    /// Whether it captured its invoice.
    pub captured: bool,
}

/// Stores the decisions whose keys are new, and captures the invoices of approvals unless they were captured before.
/// A key or an invoice that a rival is inserting is waited for.
pub fn insert(
    conn: &mut AnyConnection,
    decided: &[Decided<'_>],
    merchant: &str,
    now: i64,
) -> Result<Vec<Inserted>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => Ok(Charges::of(decided, merchant, now).load(conn)?),
        AnyConnection::Sqlite(conn) => {
            let mut inserted = Vec::with_capacity(decided.len());
            for (item, decision) in decided {
                inserted.extend(insert_sqlite(conn, item, decision, merchant, now)?);
            }
            Ok(inserted)
        }
    }
}

fn insert_sqlite(
    conn: &mut SqliteConnection,
    item: &ChargeItem,
    decision: &Decision,
    merchant: &str,
    now: i64,
) -> QueryResult<Option<Inserted>> {
    let (name, code) = columns(decision);
    let new = sqlite::execute::<Charge, _>(
        conn,
        [
            Value::Text(&item.key),
            Value::Text(&item.invoice),
            Value::Text(&item.customer),
            Value::Integer(item.amount),
            Value::Text(item.currency.code()),
            Value::Text(item.method.as_str()),
            Value::Text(name),
            Value::OptionalText(code),
            Value::Integer(now),
        ],
    )?;
    if new == 0 {
        return Ok(None);
    }
    let captured = *decision == Decision::Approved && capture_sqlite(conn, item, merchant, now)?;
    Ok(Some(Inserted { key: item.key.clone(), captured }))
}

fn capture_sqlite(
    conn: &mut SqliteConnection,
    item: &ChargeItem,
    merchant: &str,
    now: i64,
) -> QueryResult<bool> {
    let new = sqlite::execute::<Capture, _>(
        conn,
        [
            Value::Text(&item.invoice),
            Value::Text(&item.key),
            Value::Text(&payer(item)),
            Value::Text(merchant),
            Value::Integer(item.amount),
            Value::Text(item.currency.code()),
            Value::Integer(now),
        ],
    )?;
    Ok(new == 1)
}

struct Charge;

impl sqlite::Named for Charge {
    const SQL: &'static str = "INSERT INTO charges \
         (key, invoice, customer, amount, currency, method, decision, decline_code, decided_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
}

struct Capture;

impl sqlite::Named for Capture {
    const SQL: &'static str = "INSERT INTO transfers \
         (kind, reference, charge, debit, credit, amount, currency, at) \
         VALUES ('capture', ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
}

fn payer(item: &ChargeItem) -> String {
    match item.method {
        Method::Card => "acquirer".to_owned(),
        Method::Wallet => wallet(&item.customer),
    }
}

/// The charges of a batch, column by column: one prepared statement whatever the size of the batch.
struct Charges<'a> {
    keys: Vec<&'a str>,
    invoices: Vec<&'a str>,
    customers: Vec<&'a str>,
    amounts: Vec<i64>,
    currencies: Vec<&'a str>,
    methods: Vec<&'a str>,
    decisions: Vec<&'a str>,
    codes: Vec<Option<&'a str>>,
    merchant: &'a str,
    now: i64,
}

impl<'a> Charges<'a> {
    fn of(decided: &'a [Decided<'a>], merchant: &'a str, now: i64) -> Self {
        let texts = |pick: fn(&ChargeItem) -> &str| decided.iter().map(|(item, _)| pick(item)).collect();
        let (decisions, codes) = decided.iter().map(|(_, decision)| columns(decision)).unzip();
        Self {
            keys: texts(|item| &item.key),
            invoices: texts(|item| &item.invoice),
            customers: texts(|item| &item.customer),
            amounts: decided.iter().map(|(item, _)| item.amount).collect(),
            currencies: texts(|item| item.currency.code()),
            methods: texts(|item| item.method.as_str()),
            decisions,
            codes,
            merchant,
            now,
        }
    }
}

impl QueryFragment<Pg> for Charges<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH new AS (INSERT INTO charges \
             (key, invoice, customer, amount, currency, method, decision, decline_code, decided_at) \
             SELECT *, ",
        );
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" FROM UNNEST(");
        out.push_bind_param::<Array<Text>, _>(&self.keys)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.invoices)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.customers)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.amounts)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.currencies)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.methods)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.decisions)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.codes)?;
        out.push_sql(
            ") ON CONFLICT DO NOTHING RETURNING *), \
             moved AS (INSERT INTO transfers (kind, reference, charge, debit, credit, amount, currency, at) \
             SELECT 'capture', invoice, key, \
             CASE method WHEN 'wallet' THEN 'wallet/' || customer ELSE 'acquirer' END, ",
        );
        out.push_bind_param::<Text, _>(self.merchant)?;
        out.push_sql(
            ", amount, currency, decided_at FROM new WHERE decision = 'approved' \
             ON CONFLICT DO NOTHING RETURNING charge) \
             SELECT new.key, moved.charge IS NOT NULL FROM new LEFT JOIN moved ON moved.charge = new.key",
        );
        Ok(())
    }
}

impl Query for Charges<'_> {
    type SqlType = (Text, Bool);
}

/// The text is always the same, so the connection prepares it once.
impl QueryId for Charges<'_> {
    type QueryId = Charges<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Charges<'_> {}

/// Gives up a key that was not charged yet; false when it is known already.
pub fn abandon(conn: &mut AnyConnection, key: &str, now: i64) -> Result<bool, StoreError> {
    let tombstone = (charges::key.eq(key), charges::decision.eq("abandoned"), charges::decided_at.eq(now));
    let insert = diesel::insert_into(charges::table).values(tombstone).on_conflict_do_nothing();
    let new = match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(new == 1)
}
