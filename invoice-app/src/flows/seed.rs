//! Fills an empty database with a data set.

use std::collections::BTreeMap;

use db::{AnyConnection, Db, StoreError};
use jiff::tz::TimeZone;
use service::clock::Micros;
use service::id::Uuids;

use crate::domain::calendar::today;
use crate::domain::data_set::{DataSet, Seed};
use crate::store::bulk::{self, NewCustomerRow, NewInvoiceRow};

/// Rows per statement.
const CHUNK: usize = 1_000;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeded {
    /// So many invoices were added.
    Added(usize),
    /// There were customers already: nothing was done.
    NotEmpty,
}

/// Adds the invoices of a data set and their customers, all or nothing, to a database without customers.
pub fn seed(db: &Db, set: DataSet, now: Micros) -> Result<Seeded, StoreError> {
    db.write_blocking(|conn| {
        if !bulk::is_empty(conn)? {
            return Ok(Seeded::NotEmpty);
        }
        add_customers(conn, set, now)?;
        let added = add_invoices(conn, set, now)?;
        bulk::finish(conn)?;
        Ok(Seeded::Added(added))
    })
}

fn add_customers(conn: &mut AnyConnection, set: DataSet, now: Micros) -> Result<(), StoreError> {
    let customers: BTreeMap<i64, &'static str> =
        set.invoices().map(|seed| (seed.customer, seed.amount.currency.code())).collect();
    let uuids = Uuids::default();
    let row = |(id, currency)| NewCustomerRow::new(id, currency, &uuids, now);
    let rows: Vec<NewCustomerRow> = customers.into_iter().map(row).collect();
    rows.chunks(CHUNK).try_for_each(|chunk| bulk::insert_customers(conn, chunk))
}

fn add_invoices(conn: &mut AnyConnection, set: DataSet, now: Micros) -> Result<usize, StoreError> {
    let due_on = today(now, &TimeZone::UTC).map(|today| today.to_string()).unwrap_or_default();
    let uuids = Uuids::default();
    let row = |(id, seed): (i64, Seed)| NewInvoiceRow::new(id, &seed, &due_on, &uuids, now);
    let mut rows = (1..).zip(set.invoices()).map(row);
    let mut added = 0;
    loop {
        let chunk: Vec<NewInvoiceRow> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(added);
        }
        added += chunk.len();
        bulk::insert_invoices(conn, &chunk)?;
    }
}
