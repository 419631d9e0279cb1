//! Customers as rows.

use contracts::charge::Method;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::customers;
use crate::domain::customer::{Customer, NewCustomer};

#[derive(Queryable)]
struct Row {
    id: i64,
    uid: String,
    currency: String,
    method: String,
    time_zone: String,
    created_at: i64,
    user_id: Option<String>,
}

impl TryFrom<Row> for Customer {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("customer {} has an unreadable {what}", row.id));
        Ok(Self {
            currency: row.currency.parse().map_err(|_| bug("currency"))?,
            method: Method::parse(&row.method).ok_or_else(|| bug("method"))?,
            id: row.id,
            uid: row.uid,
            time_zone: row.time_zone,
            created_at: row.created_at,
            user: row.user_id,
        })
    }
}

/// Adds a customer.
pub fn insert(
    conn: &mut AnyConnection,
    new: &NewCustomer,
    uid: &str,
    now: Micros,
) -> Result<Customer, StoreError> {
    let id: i64 = diesel::insert_into(customers::table)
        .values((
            customers::uid.eq(uid),
            customers::currency.eq(new.currency.code()),
            customers::method.eq(new.method.as_str()),
            customers::time_zone.eq(&new.time_zone),
            customers::created_at.eq(now),
            customers::user_id.eq(&new.user),
        ))
        .returning(customers::id)
        .get_result(conn)?;
    get(conn, id)
}

/// The customer with this UUID, if there is one. A user's customer has the user's.
pub fn of_uid(conn: &mut AnyConnection, uid: &str) -> Result<Option<Customer>, StoreError> {
    let row = customers::table.filter(customers::uid.eq(uid)).first::<Row>(conn);
    row.optional()?.map(Customer::try_from).transpose()
}

/// One customer.
pub fn get(conn: &mut AnyConnection, id: i64) -> Result<Customer, StoreError> {
    customers::table.find(id).first::<Row>(conn)?.try_into()
}

/// One customer, if it is this user's or everybody is asked for: somebody else's is as good as missing.
pub fn get_of(conn: &mut AnyConnection, user: Option<&str>, id: i64) -> Result<Customer, StoreError> {
    let customer = get(conn, id)?;
    let visible = user.is_none() || customer.user.as_deref() == user;
    if visible { Ok(customer) } else { Err(StoreError::NotFound) }
}

/// The next customers by number; of this user, or all.
pub fn page(
    conn: &mut AnyConnection,
    user: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<Customer>, StoreError> {
    let mut query = customers::table.filter(customers::id.gt(after)).into_boxed();
    if let Some(user) = user {
        query = query.filter(customers::user_id.eq(user));
    }
    let rows: Vec<Row> = query.order(customers::id).limit(limit).load(conn)?;
    rows.into_iter().map(Customer::try_from).collect()
}
