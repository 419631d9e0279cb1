//! Places an order.

use std::convert::Infallible;

use db::idempotency::{Keyed, Outcome, once};
use db::{Db, StoreError};
use service::clock::Micros;

use super::counts::Counts;
use super::tell::tell;
use crate::domain::order::{NewOrder, Order, State};
use crate::store::orders;

/// Places an order; `show` is what the caller is told, now and whenever the same key comes again.
pub async fn place_order(
    db: &Db,
    new: NewOrder,
    keyed: Option<Keyed>,
    now: Micros,
    show: fn(&Order) -> String,
    counts: &Counts,
) -> Result<Outcome<Infallible>, StoreError> {
    let parent = service::trace::parent();
    let placing = db.write(move |conn| {
        once(conn, keyed.as_ref(), now, |conn| {
            let change = Order::placed(service::id::uuid(now), new.clone(), now);
            orders::insert(conn, &change.0)?;
            tell(conn, &change, parent.clone())?;
            Ok(Ok(show(&change.0)))
        })
    });
    let placed = placing.await?;
    if matches!(placed, Outcome::Done(_)) {
        counts.of(State::Placed).inc();
    }
    Ok(placed)
}
