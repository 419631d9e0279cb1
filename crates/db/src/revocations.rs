//! API keys that were revoked before they ended.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::schema::revoked_keys::dsl;
use crate::{AnyConnection, StoreError};

/// Revokes a key by its `jti`; false when it was revoked before.
pub fn revoke(conn: &mut AnyConnection, jti: &str, why: &str, now: i64) -> Result<bool, StoreError> {
    let row = (dsl::jti.eq(jti), dsl::why.eq(why), dsl::revoked_at.eq(now));
    let insert = diesel::insert_into(dsl::revoked_keys).values(row).on_conflict_do_nothing();
    let new = match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(new == 1)
}

/// The `jti` of every revoked key. Keys live for 90 days at most, so the list stays short.
pub fn all(conn: &mut AnyConnection) -> Result<HashSet<String>, StoreError> {
    let jtis: Vec<String> = dsl::revoked_keys.select(dsl::jti).load(conn)?;
    Ok(jtis.into_iter().collect())
}
