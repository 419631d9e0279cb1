//! What happened and is to be told, as rows that are written with what happened.

use db::sqlite;
use db::sqlite::Value::{Integer, Text};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

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

/// Adds events on SQLite; on PostgreSQL they are part of the statement that settles.
pub fn insert<'a>(
    conn: &mut SqliteConnection,
    events: impl Iterator<Item = &'a Event>,
    now: Micros,
) -> QueryResult<()> {
    for event in events {
        let values = [Text(event.kind), Text(&event.subject), Text(&event.data), Integer(now)];
        sqlite::execute::<Insert, _>(conn, values)?;
    }
    Ok(())
}

struct Insert;

impl sqlite::Named for Insert {
    const SQL: &'static str = "INSERT INTO outbox (kind, subject, data, created_at) VALUES (?, ?, ?, ?)";
}
