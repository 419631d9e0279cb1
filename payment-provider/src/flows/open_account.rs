//! Opens an account with a balance, once per customer.

use contracts::Currency;
use db::{Db, StoreError};

use crate::domain::wallet::Wallet;
use crate::store::wallets;

/// The account, and whether it is new.
#[derive(Debug)]
pub struct Opened {
    /// As it stands; perhaps in another currency than was asked for.
    pub wallet: Wallet,
    /// True when there was none before.
    pub new: bool,
}

/// Opens an account unless the customer has one.
pub async fn open_account(
    db: &Db,
    customer: String,
    currency: Currency,
    now: i64,
) -> Result<Opened, StoreError> {
    db.write(move |conn| {
        let new = wallets::open(conn, &customer, currency, now)?;
        Ok(Opened { wallet: wallets::get(conn, &customer)?, new })
    })
    .await
}
