//! Who tells what is in the outbox: one process at a time. A zombie would do no harm, since whoever hears an event twice
//! does nothing the second time; it would only double the work.

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use diesel::upsert::excluded;
use service::clock::{Micros, SECOND};

use crate::schema::relay_lease;

/// How long a lease holds. Whoever dies is followed after this long.
const LEASE: Micros = 6 * SECOND;
/// There is one relay.
const NAME: &str = "relay";

/// A lease, as far as its holder knows.
pub struct Lease {
    holder: String,
    until: Micros,
}

impl Lease {
    /// Not held yet.
    pub fn new(now: Micros) -> Self {
        Self { holder: service::id::uuid(now), until: 0 }
    }

    /// Held for long enough to work under it.
    pub fn holds(&self, now: Micros) -> bool {
        now < self.until - LEASE / 2
    }

    /// What to write in order to hold it longer.
    pub fn wanted(&self, now: Micros) -> (String, Micros) {
        (self.holder.clone(), now + LEASE)
    }

    /// It was written, or somebody else holds it.
    pub fn answered(&mut self, granted: bool, until: Micros) {
        self.until = if granted { until } else { 0 };
    }

    /// Whose it is.
    pub fn holder(&self) -> String {
        self.holder.clone()
    }
}

/// Takes or prolongs the lease, unless somebody else holds it. A SQLite file has one process, so its last holder is
/// gone.
pub fn take(conn: &mut AnyConnection, holder: &str, until: Micros, now: Micros) -> Result<bool, StoreError> {
    let row = (relay_lease::name.eq(NAME), relay_lease::holder.eq(holder), relay_lease::until.eq(until));
    let change = (
        relay_lease::holder.eq(excluded(relay_lease::holder)),
        relay_lease::until.eq(excluded(relay_lease::until)),
    );
    let take = diesel::insert_into(relay_lease::table)
        .values(row)
        .on_conflict(relay_lease::name)
        .do_update()
        .set(change);
    let rows = match conn {
        AnyConnection::Sqlite(conn) => take.execute(conn)?,
        AnyConnection::Postgres(conn) => {
            let ours = relay_lease::holder.eq(excluded(relay_lease::holder));
            diesel::query_dsl::methods::FilterDsl::filter(take, ours.or(relay_lease::until.le(now)))
                .execute(conn)?
        }
    };
    Ok(rows == 1)
}

/// Gives the lease back, so that another process may go on at once.
pub fn release(conn: &mut AnyConnection, holder: &str) -> Result<(), StoreError> {
    diesel::delete(relay_lease::table.filter(relay_lease::holder.eq(holder))).execute(conn)?;
    Ok(())
}
