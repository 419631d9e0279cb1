//! Messages that are to be sent: claimed for a while, then settled by whoever claimed them last.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::{notifications, recipients};
use crate::domain::notification::State;

/// A message that one process sends now.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Claimed {
    /// UUIDv7.
    pub id: String,
    /// The try that this is, counted from 1.
    pub attempts: i32,
    /// When its event came.
    pub created_at: Micros,
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
    /// How the recipient wants to be called.
    pub name: String,
    /// Where it is written to.
    pub email: String,
    /// W3C trace context of its event.
    pub traceparent: Option<String>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The mail server has it.
    Sent(Micros),
    /// It is tried again then; why.
    Again(Micros, String),
    /// It is given up; why.
    Failed(String),
}

/// Claims messages that are due. Who does not settle them before `until` is taken to be gone.
pub fn claim(
    conn: &mut AnyConnection,
    now: Micros,
    until: Micros,
    most: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let due = notifications::table
        .filter(notifications::next_at.le(now))
        .order((notifications::next_at, notifications::id))
        .limit(most)
        .select(notifications::id);
    let ids: Vec<String> = match conn {
        // What a rival is claiming is passed over.
        AnyConnection::Postgres(conn) => due.for_update().skip_locked().load(conn)?,
        // The transaction holds the whole file's write lock.
        AnyConnection::Sqlite(conn) => due.load(conn)?,
    };
    diesel::update(notifications::table.filter(notifications::id.eq_any(&ids)))
        .set((notifications::next_at.eq(until), notifications::attempts.eq(notifications::attempts + 1)))
        .execute(conn)?;
    let claimed = notifications::table
        .inner_join(recipients::table)
        .filter(notifications::id.eq_any(&ids))
        .order(notifications::id)
        .select((
            notifications::id,
            notifications::attempts,
            notifications::created_at,
            notifications::subject,
            notifications::body,
            recipients::name,
            recipients::email,
            notifications::traceparent,
        ));
    Ok(claimed.load(conn)?)
}

/// Since when the oldest message waits that is not sent yet.
pub fn oldest_unsent(conn: &mut AnyConnection) -> Result<Option<Micros>, StoreError> {
    let unsent = notifications::table.filter(notifications::next_at.is_not_null());
    let oldest = unsent.order(notifications::created_at).select(notifications::created_at);
    Ok(oldest.first(conn).optional()?)
}

/// Writes down what came of a try; nothing where somebody else has claimed the message since.
pub fn settle(conn: &mut AnyConnection, claimed: &Claimed, tried: &Tried) -> Result<(), StoreError> {
    let (state, next_at, sent_at, error) = match tried {
        Tried::Sent(at) => (State::Sent, None, Some(*at), None),
        Tried::Again(at, why) => (State::Queued, Some(*at), None, Some(why)),
        Tried::Failed(why) => (State::Failed, None, None, Some(why)),
    };
    let mine = notifications::table
        .find(&claimed.id)
        .filter(notifications::attempts.eq(claimed.attempts))
        .filter(notifications::state.eq(State::Queued.as_str()));
    diesel::update(mine)
        .set((
            notifications::state.eq(state.as_str()),
            notifications::next_at.eq(next_at),
            notifications::sent_at.eq(sent_at),
            notifications::last_error.eq(error),
        ))
        .execute(conn)?;
    Ok(())
}
