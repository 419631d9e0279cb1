//! What was heard: for each subject the newest version that was applied. One row answers for duplicates, replays and
//! events that come late.

use contracts::event::Event;
use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl as _;
use diesel::upsert::excluded;
use service::clock::Micros;

use crate::schema::inbox;

/// Notes an event; false when it, or a newer one of its subject, was applied before. To be called in the transaction
/// that applies it, so that both are committed or neither.
pub fn is_news(conn: &mut AnyConnection, event: &Event, now: Micros) -> Result<bool, StoreError> {
    let row = (
        inbox::source.eq(event.source()),
        inbox::subject.eq(&event.subject),
        inbox::version.eq(event.version),
        inbox::event_id.eq(&event.id),
        inbox::received_at.eq(now),
    );
    let newer = (
        inbox::version.eq(excluded(inbox::version)),
        inbox::event_id.eq(excluded(inbox::event_id)),
        inbox::received_at.eq(excluded(inbox::received_at)),
    );
    let insert = diesel::insert_into(inbox::table)
        .values(row)
        .on_conflict((inbox::source, inbox::subject))
        .do_update()
        .set(newer)
        .filter(inbox::version.lt(excluded(inbox::version)));
    let rows = match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(rows == 1)
}
