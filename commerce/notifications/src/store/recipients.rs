//! Whom we write to, as rows.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;

use super::schema::recipients;
use crate::domain::language::language;
use crate::domain::notification::Recipient;

/// Whom a user's messages go to, once users has said so.
pub fn get(conn: &mut AnyConnection, user: &str) -> Result<Option<Recipient>, StoreError> {
    let row: Option<(String, String, String, String)> =
        recipients::table.find(user).first(conn).optional()?;
    Ok(row.map(|(user, name, email, locale)| Recipient { user, name, email, locale: language(&locale) }))
}

/// Writes down what users said last.
pub fn put(conn: &mut AnyConnection, to: &Recipient) -> Result<(), StoreError> {
    let said = (
        recipients::name.eq(&to.name),
        recipients::email.eq(&to.email),
        recipients::locale.eq(to.locale.tag()),
    );
    let known = diesel::update(recipients::table.find(&to.user)).set(said).execute(conn)?;
    if known == 0 {
        diesel::insert_into(recipients::table)
            .values((recipients::user_id.eq(&to.user), said))
            .execute(conn)?;
    }
    Ok(())
}
