//! Somebody became a user: a customer with the user's UUID, who pays from the balance of an account.

use contracts::charge::Method;
use contracts::event::{Event, UserRegistered};
use db::Db;
use events::{Consumed, inbox};
use jiff::tz::TimeZone;
use service::clock::Micros;

use crate::clients::accounts::AccountError;
use crate::clients::provider::Provider;
use crate::domain::customer::NewCustomer;
use crate::store::customers;

/// The account first, which may be opened any number of times; then the customer, once.
pub async fn register_customer(
    (db, provider): (&Db, &Provider),
    event: Event,
    user: UserRegistered,
    now: Micros,
) -> Consumed {
    if TimeZone::get(&user.time_zone).is_err() {
        return Consumed::Refused(format!("{:?} is no time zone", user.time_zone));
    }
    match provider.open_account(&user.user, user.currency).await {
        Ok(()) => {}
        Err(AccountError::Call(why)) => return Consumed::Later(why),
        Err(why) => return Consumed::Refused(why.to_string()),
    }
    Consumed::of(
        db.write(move |conn| {
            if !inbox::is_news(conn, &event, now)? || customers::of_uid(conn, &user.user)?.is_some() {
                return Ok(Consumed::Done);
            }
            let (currency, time_zone, method) = (user.currency, user.time_zone.clone(), Method::Wallet);
            let new = NewCustomer { currency, method, time_zone, user: Some(user.user.clone()) };
            customers::insert(conn, &new, &user.user, now)?;
            Ok(Consumed::Done)
        })
        .await,
    )
}
