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
        ))
        .returning(customers::id)
        .get_result(conn)?;
    get(conn, id)
}

/// One customer.
pub fn get(conn: &mut AnyConnection, id: i64) -> Result<Customer, StoreError> {
    customers::table.find(id).first::<Row>(conn)?.try_into()
}

/// The next customers by number.
pub fn page(conn: &mut AnyConnection, after: i64, limit: i64) -> Result<Vec<Customer>, StoreError> {
    let rows: Vec<Row> =
        customers::table.filter(customers::id.gt(after)).order(customers::id).limit(limit).load(conn)?;
    rows.into_iter().map(Customer::try_from).collect()
}
