//! Creates a customer.

use db::idempotency::{Keyed, Outcome, once};
use db::{Db, StoreError};
use service::clock::Micros;

use crate::domain::customer::{Customer, NewCustomer};
use crate::store::customers;

/// Creates a customer; `show` is what the caller is told, now and whenever the same key comes again.
pub async fn create_customer(
    db: &Db,
    new: NewCustomer,
    keyed: Option<Keyed>,
    now: Micros,
    show: fn(&Customer) -> String,
) -> Result<Outcome<std::convert::Infallible>, StoreError> {
    db.write(move |conn| {
        once(conn, keyed.as_ref(), now, |conn| {
            let uid = service::id::uuid(now);
            Ok(Ok(show(&customers::insert(conn, &new, &uid, now)?)))
        })
    })
    .await
}
