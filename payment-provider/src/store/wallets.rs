//! Accounts with a balance, as rows.

use contracts::Currency;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::wallets;
use crate::domain::wallet::Wallet;

type Columns = (String, String, i64, i64);

fn read((customer, currency, balance, opened_at): Columns) -> Result<Wallet, StoreError> {
    let currency = currency.parse();
    let currency = currency
        .map_err(|_| StoreError::Bug(format!("the wallet of {customer} has an unreadable currency")))?;
    Ok(Wallet { customer, currency, balance, opened_at })
}

/// A customer's wallet.
pub fn get(conn: &mut AnyConnection, customer: &str) -> Result<Wallet, StoreError> {
    read(wallets::table.find(customer).first(conn)?)
}

/// The wallets of these customers, locked until the transaction ends, in an order that all rivals keep.
pub fn lock(conn: &mut AnyConnection, customers: &[&str]) -> Result<Vec<Wallet>, StoreError> {
    let wallets = wallets::table.filter(wallets::customer.eq_any(customers)).order(wallets::customer);
    let rows: Vec<Columns> = match conn {
        AnyConnection::Postgres(conn) => wallets.for_update().load(conn)?,
        // The transaction holds the whole file's write lock.
        AnyConnection::Sqlite(conn) => wallets.load(conn)?,
    };
    rows.into_iter().map(read).collect()
}

/// The next wallets by customer.
pub fn page(conn: &mut AnyConnection, after: &str, limit: i64) -> Result<Vec<Wallet>, StoreError> {
    let rows: Vec<Columns> = wallets::table
        .filter(wallets::customer.gt(after))
        .order(wallets::customer)
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Opens a wallet; false when the customer has one.
pub fn open(
    conn: &mut AnyConnection,
    customer: &str,
    currency: Currency,
    now: i64,
) -> Result<bool, StoreError> {
    let row = (
        wallets::customer.eq(customer),
        wallets::currency.eq(currency.code()),
        wallets::balance.eq(0),
        wallets::opened_at.eq(now),
    );
    let insert = diesel::insert_into(wallets::table).values(row).on_conflict_do_nothing();
    let new = match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(new == 1)
}

/// Takes an amount from a wallet, or gives one: the table's own CHECK keeps it from falling below zero.
pub fn change(conn: &mut AnyConnection, customer: &str, amount: i64) -> Result<(), StoreError> {
    diesel::update(wallets::table.find(customer))
        .set(wallets::balance.eq(wallets::balance + amount))
        .execute(conn)?;
    Ok(())
}
