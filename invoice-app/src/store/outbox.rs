//! What happened and is to be told, as rows that are written with what happened.

use db::{AnyConnection, StoreError};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text};
use service::clock::Micros;

use super::schema::outbox;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type, such as `invoice.paid.v1`.
    pub kind: &'static str,
    /// UUID of the invoice that it is about.
    pub subject: String,
    /// What is told, as JSON.
    pub data: String,
}

/// Adds events.
pub fn insert(conn: &mut AnyConnection, events: &[Event], now: Micros) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    match conn {
        AnyConnection::Postgres(conn) => {
            Postgres { events: columns(events), now }.execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
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
        }
    }
    Ok(())
}

type Columns<'a> = (Vec<&'static str>, Vec<&'a str>, Vec<&'a str>);

fn columns(events: &[Event]) -> Columns<'_> {
    let kinds = events.iter().map(|event| event.kind).collect();
    let subjects = events.iter().map(|event| event.subject.as_str()).collect();
    (kinds, subjects, events.iter().map(|event| event.data.as_str()).collect())
}

/// All of them in one statement, column by column.
struct Postgres<'a> {
    events: Columns<'a>,
    now: Micros,
}

impl QueryFragment<Pg> for Postgres<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (kinds, subjects, data) = &self.events;
        out.push_sql("INSERT INTO outbox (kind, subject, data, created_at) SELECT *, ");
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(" FROM UNNEST(");
        out.push_bind_param::<Array<Text>, _>(kinds)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(subjects)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(data)?;
        out.push_sql(")");
        Ok(())
    }
}

/// The text is always the same, so the connection prepares it once.
impl QueryId for Postgres<'_> {
    type QueryId = Postgres<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Postgres<'_> {}
