//! Messages as rows.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::notifications;
use crate::domain::language::language;
use crate::domain::notification::{NewNotification, Notification, State};
use crate::domain::template::Template;

#[derive(Queryable)]
struct Row {
    id: String,
    event_id: String,
    user_id: String,
    order_id: Option<String>,
    template: String,
    locale: String,
    subject: String,
    body: String,
    state: String,
    attempts: i32,
    next_at: Option<i64>,
    sent_at: Option<i64>,
    last_error: Option<String>,
    created_at: i64,
    traceparent: Option<String>,
}

impl TryFrom<Row> for Notification {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("notification {} has an unreadable {what}", row.id));
        let template = Template::parse(&row.template).ok_or_else(|| bug("template"))?;
        let state = State::parse(&row.state).ok_or_else(|| bug("state"))?;
        let is = NewNotification {
            event: row.event_id,
            user: row.user_id,
            order: row.order_id,
            template,
            locale: language(&row.locale),
            subject: row.subject,
            body: row.body,
            traceparent: row.traceparent,
        };
        Ok(Self {
            id: row.id,
            is,
            state,
            attempts: row.attempts,
            next_at: row.next_at,
            sent_at: row.sent_at,
            last_error: row.last_error,
            created_at: row.created_at,
        })
    }
}

/// Queues a message, to be sent at once; nothing when there is one of its event.
pub fn insert(conn: &mut AnyConnection, new: &NewNotification, now: Micros) -> Result<(), StoreError> {
    let row = (
        notifications::id.eq(service::id::uuid(now)),
        notifications::event_id.eq(&new.event),
        notifications::user_id.eq(&new.user),
        notifications::order_id.eq(&new.order),
        notifications::template.eq(new.template.as_str()),
        notifications::locale.eq(new.locale.tag()),
        notifications::subject.eq(&new.subject),
        notifications::body.eq(&new.body),
        notifications::state.eq(State::Queued.as_str()),
        notifications::next_at.eq(now),
        notifications::created_at.eq(now),
        notifications::traceparent.eq(&new.traceparent),
    );
    let insert = diesel::insert_into(notifications::table).values(row).on_conflict_do_nothing();
    match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(())
}

/// One message, if it is this user's or everybody is asked for: somebody else's is as good as missing.
pub fn get(conn: &mut AnyConnection, user: Option<&str>, id: &str) -> Result<Notification, StoreError> {
    let found: Notification = notifications::table.find(id).first::<Row>(conn)?.try_into()?;
    let visible = user.is_none_or(|user| user == found.is.user);
    if visible { Ok(found) } else { Err(StoreError::NotFound) }
}

/// Which messages are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// To this user.
    pub user: Option<String>,
    /// About this order.
    pub order: Option<String>,
}

/// The next messages in the order in which their events came.
pub fn page(
    conn: &mut AnyConnection,
    filter: &Filter,
    after: &str,
    rows: i64,
) -> Result<Vec<Notification>, StoreError> {
    let mut query = notifications::table.filter(notifications::id.gt(after)).into_boxed();
    if let Some(user) = &filter.user {
        query = query.filter(notifications::user_id.eq(user));
    }
    if let Some(order) = &filter.order {
        query = query.filter(notifications::order_id.eq(order));
    }
    let rows: Vec<Row> = query.order(notifications::id).limit(rows).load(conn)?;
    rows.into_iter().map(Notification::try_from).collect()
}
