//! What happened and is to be told: rows that are written in the transaction in which it happened. Whoever tells them
//! deletes them.

use contracts::event::{Data, Kind};
use db::sqlite::Value::{Integer, OptionalText, Text};
use db::{AnyConnection, StoreError, sqlite};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use service::clock::Micros;

use crate::schema::outbox;

/// An event to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// UUIDv7, from `service::id`.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// UUID of what it happened to.
    pub subject: String,
    /// Grows with each event of the subject.
    pub version: i64,
    /// The subject as it stands since, as JSON.
    pub data: String,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
    /// When it happened.
    pub at: Micros,
}

impl NewEvent {
    /// An event about the subject of `data`. `traceparent` is that of the event that caused it, or
    /// `service::trace::parent()`, to be asked for outside of `Db::write`, whose threads know no request.
    #[must_use]
    pub fn new(kind: Kind, data: &Data, version: i64, traceparent: Option<String>, at: Micros) -> Self {
        Self {
            id: service::id::uuid(at),
            kind,
            subject: data.subject().to_owned(),
            version,
            data: data.json(),
            traceparent,
            at,
        }
    }
}

/// Adds an event, in the transaction of what it tells of.
pub fn put(conn: &mut AnyConnection, event: &NewEvent) -> Result<(), StoreError> {
    put_all(conn, std::slice::from_ref(event))
}

/// Adds events, in the transaction of what they tell of.
pub fn put_all(conn: &mut AnyConnection, events: &[NewEvent]) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Sqlite(conn) => put_sqlite(conn, events.iter())?,
        AnyConnection::Postgres(conn) => {
            for event in events {
                diesel::insert_into(outbox::table).values(columns(event)).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// [`put_all`] where the connection is known to be SQLite's.
pub fn put_sqlite<'a>(
    conn: &mut SqliteConnection,
    events: impl Iterator<Item = &'a NewEvent>,
) -> QueryResult<()> {
    for event in events {
        let NewEvent { id, kind, subject, version, data, traceparent, at } = event;
        let (id, kind, parent) = (Text(id), Text(kind.name()), OptionalText(traceparent.as_deref()));
        let values = [id, kind, Text(subject), Integer(*version), Text(data), parent, Integer(*at)];
        sqlite::execute::<Insert, _>(conn, values)?;
    }
    Ok(())
}

struct Insert;

impl sqlite::Named for Insert {
    const SQL: &'static str = "INSERT INTO outbox (id, kind, subject, version, data, traceparent, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)";
}

type Columns<'a> = (
    diesel::dsl::Eq<outbox::id, &'a str>,
    diesel::dsl::Eq<outbox::kind, &'static str>,
    diesel::dsl::Eq<outbox::subject, &'a str>,
    diesel::dsl::Eq<outbox::version, i64>,
    diesel::dsl::Eq<outbox::data, &'a str>,
    diesel::dsl::Eq<outbox::traceparent, Option<&'a str>>,
    diesel::dsl::Eq<outbox::created_at, i64>,
);

fn columns(event: &NewEvent) -> Columns<'_> {
    (
        outbox::id.eq(event.id.as_str()),
        outbox::kind.eq(event.kind.name()),
        outbox::subject.eq(event.subject.as_str()),
        outbox::version.eq(event.version),
        outbox::data.eq(event.data.as_str()),
        outbox::traceparent.eq(event.traceparent.as_deref()),
        outbox::created_at.eq(event.at),
    )
}

/// An event that waits to be told.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Row {
    /// UUIDv7.
    pub id: String,
    /// Name of its type.
    pub kind: String,
    /// UUID of what it happened to.
    pub subject: String,
    /// Grows with each event of the subject.
    pub version: i64,
    /// JSON.
    pub data: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// When it happened.
    pub created_at: Micros,
}

/// The oldest events that wait.
pub fn oldest(conn: &mut AnyConnection, limit: i64) -> Result<Vec<Row>, StoreError> {
    Ok(outbox::table.order(outbox::id).limit(limit).load(conn)?)
}

/// Deletes events that were told.
pub fn remove(conn: &mut AnyConnection, ids: &[String]) -> Result<(), StoreError> {
    diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(conn)?;
    Ok(())
}

/// How many events wait, counted up to `most`, and since when the oldest does.
pub fn waiting(conn: &mut AnyConnection, most: i64) -> Result<(i64, Option<Micros>), StoreError> {
    let count = format!("SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM outbox LIMIT {most}) AS waiting");
    let Counted { n } = diesel::sql_query(count).get_result(conn)?;
    let first = outbox::table.order(outbox::id).select(outbox::created_at).first(conn).optional()?;
    Ok((n, first))
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}
