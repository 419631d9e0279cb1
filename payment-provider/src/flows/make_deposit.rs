//! Adds money to an account, once per key.

use contracts::account::Deposit;
use db::{AnyConnection, Db, StoreError};

use crate::domain::wallet::Wallet;
use crate::store::{movements, wallets};

/// What became of it.
#[derive(Debug)]
pub enum Deposited {
    /// The account with the money in it; true when it was there before.
    Done(Wallet, bool),
    /// The account is kept in another currency.
    OtherCurrency,
    /// The key was used for a deposit of another amount.
    KeyReused,
    /// The balance would become larger than can be counted.
    TooLarge,
}

/// Makes a deposit; the same key makes it once.
pub async fn make_deposit(
    db: &Db,
    customer: String,
    deposit: Deposit,
    now: i64,
) -> Result<Deposited, StoreError> {
    db.write(move |conn| once(conn, &customer, &deposit, now)).await
}

fn once(
    conn: &mut AnyConnection,
    customer: &str,
    deposit: &Deposit,
    now: i64,
) -> Result<Deposited, StoreError> {
    let wallet = wallets::lock(conn, &[customer])?.pop().ok_or(StoreError::NotFound)?;
    if wallet.currency != deposit.currency {
        return Ok(Deposited::OtherCurrency);
    }
    // Looked at under the wallet's lock, so no rival makes the same deposit in between.
    if let Some(amount) = movements::deposited(conn, customer, &deposit.key)? {
        let same = amount == deposit.amount;
        return Ok(if same { Deposited::Done(wallet, true) } else { Deposited::KeyReused });
    }
    let Some(balance) = wallet.balance.checked_add(deposit.amount) else { return Ok(Deposited::TooLarge) };
    movements::deposit(conn, customer, deposit, now)?;
    wallets::change(conn, customer, deposit.amount)?;
    Ok(Deposited::Done(Wallet { balance, ..wallet }, false))
}
