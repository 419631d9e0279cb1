//! Asks for an order's cancellation. Whether it comes in time is decided where it is charged.

use db::{Db, StoreError};
use service::clock::Micros;

use super::counts::Counts;
use super::tell::tell;
use crate::domain::order::{Order, State};
use crate::store::orders;

/// The order as it stands now, or the state that does not allow it.
pub async fn cancel_order(
    db: &Db,
    user: Option<String>,
    id: String,
    now: Micros,
    counts: &Counts,
) -> Result<Result<Order, State>, StoreError> {
    let parent = service::trace::parent();
    let asked = db.write(move |conn| {
        let order = orders::lock(conn, user.as_deref(), &id)?;
        let change = match order.clone().ask_to_cancel(now) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(Ok((order, false))),
            Err(decided) => return Ok(Err(decided)),
        };
        orders::save(conn, &change.0)?;
        tell(conn, &change, parent.clone())?;
        Ok(Ok((change.0, true)))
    });
    let asked = asked.await?;
    if let Ok((order, true)) = &asked {
        counts.of(order.state).inc();
    }
    Ok(asked.map(|(order, _)| order))
}
