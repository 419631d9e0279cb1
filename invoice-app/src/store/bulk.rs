//! Many rows at once, for data sets.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;
use service::id::Uuids;

use super::schema::{customers, invoices};
use crate::domain::data_set::Seed;

/// A customer with a given number.
#[derive(Insertable)]
#[diesel(table_name = customers)]
pub struct NewCustomerRow {
    id: i64,
    uid: String,
    currency: &'static str,
    method: &'static str,
    time_zone: &'static str,
    created_at: Micros,
}

impl NewCustomerRow {
    /// A customer who pays by card and lives in UTC.
    #[must_use]
    pub fn new(id: i64, currency: &'static str, uuids: &Uuids, now: Micros) -> Self {
        Self { id, uid: uuids.next(now), currency, method: "card", time_zone: "UTC", created_at: now }
    }
}

/// An invoice with a given number.
#[derive(Insertable)]
#[diesel(table_name = invoices)]
pub struct NewInvoiceRow {
    id: i64,
    uid: String,
    customer_id: i64,
    amount: i64,
    currency: &'static str,
    due_on: String,
    state: &'static str,
    origin: &'static str,
    created_at: Micros,
    paid_at: Option<Micros>,
    next_at: Option<Micros>,
}

impl NewInvoiceRow {
    /// An imported invoice: paid elsewhere, or due now.
    #[must_use]
    pub fn new(id: i64, seed: &Seed, due_on: &str, uuids: &Uuids, now: Micros) -> Self {
        Self {
            id,
            uid: uuids.next(now),
            customer_id: seed.customer,
            amount: seed.amount.minor,
            currency: seed.amount.currency.code(),
            due_on: due_on.to_owned(),
            state: if seed.paid { "PAID" } else { "PENDING" },
            origin: "import",
            created_at: now,
            paid_at: seed.paid.then_some(now),
            next_at: (!seed.paid).then_some(now),
        }
    }
}

/// Whether there are no customers.
pub fn is_empty(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    let one: Option<i64> = customers::table.select(customers::id).first(conn).optional()?;
    Ok(one.is_none())
}

/// Adds customers.
pub fn insert_customers(conn: &mut AnyConnection, rows: &[NewCustomerRow]) -> Result<(), StoreError> {
    let insert = diesel::insert_into(customers::table).values(rows);
    match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(())
}

/// Adds invoices.
pub fn insert_invoices(conn: &mut AnyConnection, rows: &[NewInvoiceRow]) -> Result<(), StoreError> {
    let insert = diesel::insert_into(invoices::table).values(rows);
    match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(())
}

/// What PostgreSQL does not notice by itself: numbers that were given to it, and for a minute or so how full a table is.
/// Until then it sorts all that is due for each claim.
pub fn finish(conn: &mut AnyConnection) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        for table in ["customers", "invoices"] {
            diesel::sql_query(format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))"
            ))
            .execute(conn)?;
            diesel::sql_query(format!("ANALYZE {table}")).execute(conn)?;
        }
    }
    Ok(())
}
