//! Registers a user, and writes down with it what the other services are told.

use std::convert::Infallible;

use contracts::event::{Data, Kind};
use db::idempotency::{Keyed, Outcome, once};
use db::{Db, StoreError};
use events::outbox::{self, NewEvent};
use service::clock::Micros;

use crate::domain::user::{NewUser, User};
use crate::store::users;

/// Registers a user; `show` is what the caller is told, now and whenever the same key comes again.
pub async fn register_user(
    db: &Db,
    is: NewUser,
    keyed: Option<Keyed>,
    now: Micros,
    show: fn(&User) -> String,
) -> Result<Outcome<Infallible>, StoreError> {
    let parent = service::trace::parent();
    db.write(move |conn| {
        once(conn, keyed.as_ref(), now, |conn| {
            let user = User { id: service::id::uuid(now), is: is.clone(), version: 1, registered_at: now };
            users::insert(conn, &user)?;
            let told = Data::User(user.registered());
            outbox::put(
                conn,
                &NewEvent::new(Kind::UserRegistered, &told, user.version, parent.clone(), now),
            )?;
            Ok(Ok(show(&user)))
        })
    })
    .await
}
