//! Accounts with a balance, as rows, and their entries.

use contracts::Currency;
use contracts::account::{Deposit, Entry};
use db::{AnyConnection, StoreError};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::{transfers, wallets};
use crate::domain::wallet::Wallet;

/// Kind of a movement that pays an invoice; its reference is the invoice.
pub(super) const CAPTURE: &str = "capture";
/// Kind of a movement that fills a wallet; its reference is the customer and the deposit's key.
pub(super) const DEPOSIT: &str = "deposit";

/// The ledger's name of a customer's account.
pub(super) fn wallet(customer: &str) -> String {
    format!("wallet/{customer}")
}

/// The reference of a deposit. Neither part holds a blank, so no two deposits share one.
fn deposit_reference(customer: &str, key: &str) -> String {
    format!("{customer} {key}")
}

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

/// Writes a deposit into the ledger.
pub fn deposit(
    conn: &mut AnyConnection,
    customer: &str,
    deposit: &Deposit,
    now: i64,
) -> Result<(), StoreError> {
    let row = (
        transfers::kind.eq(DEPOSIT),
        transfers::reference.eq(deposit_reference(customer, &deposit.key)),
        transfers::debit.eq("funding"),
        transfers::credit.eq(wallet(customer)),
        transfers::amount.eq(deposit.amount),
        transfers::currency.eq(deposit.currency.code()),
        transfers::at.eq(now),
    );
    diesel::insert_into(transfers::table).values(row).execute(conn)?;
    Ok(())
}

/// Amount of a deposit, if it was made; its currency is the wallet's.
pub fn deposited(conn: &mut AnyConnection, customer: &str, key: &str) -> Result<Option<i64>, StoreError> {
    let id = (deposit_reference(customer, key), DEPOSIT);
    Ok(transfers::table.find(id).select(transfers::amount).first(conn).optional()?)
}

/// Where a list in order of time goes on: after this moment and this reference.
pub type After = (i64, String);

/// The next entries of a customer's wallet, in the order of time: what left it and what came into it, each by its own
/// partial index, which has to be named in its own words.
pub fn entries(
    conn: &mut AnyConnection,
    customer: &str,
    (at, reference): After,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let account = wallet(customer);
    let later = || {
        let same_moment = transfers::at.eq(at).and(transfers::reference.gt(reference.clone()));
        transfers::at.ge(at).and(transfers::at.gt(at).or(same_moment))
    };
    let columns =
        (transfers::kind, transfers::reference, transfers::amount, transfers::currency, transfers::at);
    let order = (transfers::at, transfers::reference);
    let left: Vec<Side> = transfers::table
        .filter(transfers::debit.eq(&account).and(sql::<Bool>("debit >= 'wallet/'")).and(later()))
        .order(order)
        .limit(limit)
        .select(columns)
        .load(conn)?;
    let came: Vec<Side> = transfers::table
        .filter(transfers::credit.eq(&account).and(sql::<Bool>("credit >= 'wallet/'")).and(later()))
        .order(order)
        .limit(limit)
        .select(columns)
        .load(conn)?;
    let mut entries: Vec<Entry> = left.into_iter().map(|side| entry(side, -1)).collect::<Result<_, _>>()?;
    for side in came {
        entries.push(entry(side, 1)?);
    }
    entries.sort_by(|a, b| (a.at, &a.reference).cmp(&(b.at, &b.reference)));
    entries.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(entries)
}

type Side = (String, String, i64, String, i64);

fn entry((kind, reference, amount, currency, at): Side, sign: i64) -> Result<Entry, StoreError> {
    let currency = currency.parse();
    let currency =
        currency.map_err(|_| StoreError::Bug(format!("{kind} {reference} has an unreadable currency")))?;
    Ok(Entry { kind, reference, amount: sign * amount, currency, at })
}
