//! Movements of money, as rows: deposits, and what an account sees of all movements.

use contracts::account::{Deposit, Entry};
use db::{AnyConnection, StoreError};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::schema::transfers;

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
