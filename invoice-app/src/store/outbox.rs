//! What happened and is to be told, as rows that are written with what happened.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::outbox;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The invoice that it is about.
    pub invoice: i64,
    /// Its type, such as `invoice.paid.v1`.
    pub kind: &'static str,
    /// UUID of the invoice.
    pub subject: String,
    /// What is told, as JSON.
    pub data: String,
}

/// Adds events.
pub fn insert<'a>(
    conn: &mut AnyConnection,
    events: impl Iterator<Item = &'a Event>,
    now: Micros,
) -> Result<(), StoreError> {
    for event in events {
        diesel::insert_into(outbox::table)
            .values((
                outbox::kind.eq(event.kind),
                outbox::subject.eq(&event.subject),
                outbox::data.eq(&event.data),
                outbox::created_at.eq(now),
            ))
            .execute(conn)?;
    }
    Ok(())
}
