//! Users as rows.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::users;
use crate::domain::user::{NewUser, User};

#[derive(Queryable)]
struct Row {
    id: String,
    name: String,
    email: String,
    currency: String,
    locale: String,
    time_zone: String,
    version: i64,
    registered_at: i64,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("user {} has an unreadable {what}", row.id));
        let is = NewUser {
            currency: row.currency.parse().map_err(|_| bug("currency"))?,
            locale: row.locale.parse().map_err(|_| bug("locale"))?,
            name: row.name,
            email: row.email,
            time_zone: row.time_zone,
        };
        Ok(Self { id: row.id, is, version: row.version, registered_at: row.registered_at })
    }
}

/// Adds a user.
pub fn insert(conn: &mut AnyConnection, user: &User) -> Result<(), StoreError> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(&user.id),
            users::name.eq(&user.is.name),
            users::email.eq(&user.is.email),
            users::currency.eq(user.is.currency.code()),
            users::locale.eq(user.is.locale.tag()),
            users::time_zone.eq(&user.is.time_zone),
            users::version.eq(user.version),
            users::registered_at.eq(user.registered_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// One user, if it is `viewer` or everybody is asked for: somebody else is as good as missing.
pub fn get(conn: &mut AnyConnection, viewer: Option<&str>, id: &str) -> Result<User, StoreError> {
    if viewer.is_some_and(|viewer| viewer != id) {
        return Err(StoreError::NotFound);
    }
    users::table.find(id).first::<Row>(conn)?.try_into()
}

/// The next users in the order in which they registered; `viewer` alone, or all.
pub fn page(
    conn: &mut AnyConnection,
    viewer: Option<&str>,
    after: &str,
    rows: i64,
) -> Result<Vec<User>, StoreError> {
    let mut query = users::table.filter(users::id.gt(after)).into_boxed();
    if let Some(viewer) = viewer {
        query = query.filter(users::id.eq(viewer));
    }
    let rows: Vec<Row> = query.order(users::id).limit(rows).load(conn)?;
    rows.into_iter().map(User::try_from).collect()
}
