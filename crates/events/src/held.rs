//! Events that somebody did not take yet: outgoing ones under the name of who they are for, incoming ones of a broker
//! under our own. What has a time is tried again then; what has none is parked until a person replays it.

use std::collections::BTreeMap;

use db::{AnyConnection, StoreError};
use diesel::dsl::count_star;
use diesel::prelude::*;
use service::clock::Micros;

use crate::consumer::Consumed;
use crate::schema::held_events;
use crate::transport::Outgoing;
use crate::wait;

/// An event that waits, or is parked.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = held_events)]
pub struct Held {
    /// Who is to take it.
    pub receiver: String,
    /// UUIDv7; an event that is none has a name of our making.
    pub id: String,
    /// Name of its type, as the sender says.
    pub kind: String,
    /// The whole event as JSON, as it came or goes.
    pub event: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried again; none: it is parked.
    pub next_at: Option<Micros>,
    /// Why it was not taken.
    pub reason: String,
    /// Since when it waits.
    pub held_at: Micros,
}

/// Longest reason that is kept, in characters.
const REASON: usize = 500;

impl Held {
    /// An event that was tried once and not taken; `None` when it was.
    #[must_use]
    pub fn after(
        receiver: &str,
        (id, kind): (&str, &str),
        event: &str,
        consumed: &Consumed,
        now: Micros,
    ) -> Option<Self> {
        let (next_at, reason) = match consumed {
            Consumed::Done => return None,
            Consumed::Later(why) => (wait::next_at(1, now, now), why),
            Consumed::Refused(why) => (None, why),
        };
        let (receiver, id) = (receiver.to_owned(), id.to_owned());
        let (kind, event, reason) = (kind.to_owned(), event.to_owned(), short(reason));
        Some(Self { receiver, id, kind, event, attempts: 1, next_at, reason, held_at: now })
    }
}

impl Held {
    /// An event for somebody who does not answer: due as soon as that changes.
    #[must_use]
    pub fn waiting(receiver: &str, event: Outgoing, why: &str, now: Micros) -> Self {
        let Outgoing { id, kind, json: event, .. } = event;
        let receiver = receiver.to_owned();
        Self { receiver, id, kind, event, attempts: 0, next_at: Some(now), reason: short(why), held_at: now }
    }
}

fn short(reason: &str) -> String {
    reason.chars().take(REASON).collect()
}

/// Holds events; one that is held already stays as it is.
pub fn insert(conn: &mut AnyConnection, events: &[Held]) -> Result<(), StoreError> {
    for held in events {
        let insert = diesel::insert_into(held_events::table).values(held).on_conflict_do_nothing();
        match conn {
            AnyConnection::Postgres(conn) => insert.execute(conn)?,
            AnyConnection::Sqlite(conn) => insert.execute(conn)?,
        };
    }
    Ok(())
}

/// Those of a receiver whose time has come, oldest first.
pub fn due(
    conn: &mut AnyConnection,
    receiver: &str,
    now: Micros,
    limit: i64,
) -> Result<Vec<Held>, StoreError> {
    let due = held_events::receiver.eq(receiver).and(held_events::next_at.le(now));
    Ok(held_events::table.filter(due).order(held_events::id).limit(limit).load(conn)?)
}

/// Writes down what another try came to: taken ones are gone, the others wait longer or are parked.
pub fn tried(
    conn: &mut AnyConnection,
    held: &[Held],
    consumed: &[Consumed],
    now: Micros,
) -> Result<(), StoreError> {
    for (held, consumed) in held.iter().zip(consumed) {
        let row = held_events::table.find((&held.receiver, &held.id));
        let attempts = held.attempts.saturating_add(1);
        let (next_at, reason) = match consumed {
            Consumed::Done => {
                diesel::delete(row).execute(conn)?;
                continue;
            }
            Consumed::Later(why) => (wait::next_at(attempts, held.held_at, now), why),
            Consumed::Refused(why) => (None, why),
        };
        let change = (
            held_events::attempts.eq(attempts),
            held_events::next_at.eq(next_at),
            held_events::reason.eq(short(reason)),
        );
        diesel::update(row).set(change).execute(conn)?;
    }
    Ok(())
}

/// Parks what a receiver that does not answer was to hear a day ago; gives how many.
pub fn give_up(
    conn: &mut AnyConnection,
    receiver: &str,
    why: &str,
    now: Micros,
) -> Result<usize, StoreError> {
    let waits = held_events::receiver.eq(receiver).and(held_events::next_at.is_not_null());
    let old = held_events::table.filter(waits.and(held_events::held_at.le(now - wait::PATIENCE)));
    let change = (held_events::next_at.eq(None::<Micros>), held_events::reason.eq(short(why)));
    Ok(diesel::update(old).set(change).execute(conn)?)
}

/// How many wait and how many are parked, per receiver.
pub fn counts(conn: &mut AnyConnection) -> Result<BTreeMap<String, (i64, i64)>, StoreError> {
    let of = |parked: bool| {
        let rows = held_events::table.group_by(held_events::receiver);
        let rows = rows.select((held_events::receiver, count_star())).into_boxed();
        if parked {
            rows.filter(held_events::next_at.is_null())
        } else {
            rows.filter(held_events::next_at.is_not_null())
        }
    };
    let waiting: Vec<(String, i64)> = of(false).load(conn)?;
    let parked: Vec<(String, i64)> = of(true).load(conn)?;
    let mut counts: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    waiting.into_iter().for_each(|(receiver, n)| counts.entry(receiver).or_default().0 = n);
    parked.into_iter().for_each(|(receiver, n)| counts.entry(receiver).or_default().1 = n);
    Ok(counts)
}

/// The held events after an id and a receiver, in the order of ids; all, or the parked ones.
pub fn page(
    conn: &mut AnyConnection,
    parked_only: bool,
    (id, receiver): (&str, &str),
    limit: i64,
) -> Result<Vec<Held>, StoreError> {
    let same = held_events::id.eq(id).and(held_events::receiver.gt(receiver));
    let mut query = held_events::table.filter(held_events::id.gt(id).or(same)).into_boxed();
    if parked_only {
        query = query.filter(held_events::next_at.is_null());
    }
    Ok(query.order((held_events::id, held_events::receiver)).limit(limit).load(conn)?)
}

/// An event, for each receiver that did not take it yet.
pub fn of_id(conn: &mut AnyConnection, id: &str) -> Result<Vec<Held>, StoreError> {
    let of_id = held_events::table.filter(held_events::id.eq(id));
    Ok(of_id.order(held_events::receiver).load(conn)?)
}

/// Lets a parked event, or without an id all of them, be tried again now, as patiently as a new one. Gives how many.
pub fn replay(conn: &mut AnyConnection, id: Option<&str>, now: Micros) -> Result<usize, StoreError> {
    let parked = held_events::table.filter(held_events::next_at.is_null());
    let change = (held_events::next_at.eq(now), held_events::held_at.eq(now), held_events::attempts.eq(0));
    Ok(match id {
        Some(id) => diesel::update(parked.filter(held_events::id.eq(id))).set(change).execute(conn)?,
        None => diesel::update(parked).set(change).execute(conn)?,
    })
}
