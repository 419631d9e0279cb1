//! Takes orders: each becomes an invoice with the order's UUID, which is charged at once and once; or is void, when the
//! order was cancelled before it was charged.

use contracts::event::{Event, Kind, Order};
use db::{AnyConnection, Db, StoreError};
use events::{Consumed, inbox};
use jiff::tz::TimeZone;
use service::clock::Micros;

use super::void_invoice::{Telling, tell, void};
use crate::domain::calendar::today;
use crate::domain::customer::Customer;
use crate::domain::invoice::CANCELLED;
use crate::store::customers;
use crate::store::invoices::{self, NewOrderInvoice};

/// Takes a batch in one transaction; where that fails, one by one, so that no order stands in the way of another.
pub async fn take_orders(db: &Db, orders: Vec<(Event, Order)>, tells: bool, now: Micros) -> Vec<Consumed> {
    let all = orders.clone();
    let done = db.write(move |conn| all.iter().map(|one| take(conn, one, tells, now)).collect()).await;
    if let Ok(done) = done {
        return done;
    }
    let mut done = Vec::with_capacity(orders.len());
    for one in orders {
        done.push(Consumed::of(db.write(move |conn| take(conn, &one, tells, now)).await));
    }
    done
}

fn take(
    conn: &mut AnyConnection,
    (event, order): &(Event, Order),
    tells: bool,
    now: Micros,
) -> Result<Consumed, StoreError> {
    if order.amount.0.minor <= 0 {
        return Ok(Consumed::Refused("an order costs more than zero".into()));
    }
    let Some(customer) = customers::of_uid(conn, &order.user)? else {
        return Ok(Consumed::Later(format!("user {} is no customer yet", order.user)));
    };
    if !inbox::is_news(conn, event, now)? {
        return Ok(Consumed::Done);
    }
    let telling = Telling { wanted: tells, traceparent: event.traceparent.clone() };
    let is_cancelled = event.kind == Kind::OrderCancelRequested;
    match invoices::of_uid(conn, &order.order)? {
        None => {
            let void = is_cancelled.then_some(CANCELLED);
            let invoice =
                invoices::insert_of_order(conn, &invoice(event, order, &customer, void, now)?, now)?;
            if is_cancelled {
                tell(conn, Kind::InvoiceVoided, (invoice.id, void), &telling, now)?;
            }
        }
        // Once an attempt is open its verdict decides.
        Some(invoice) if is_cancelled => {
            void(conn, invoice.id, (CANCELLED, &telling), now)?;
        }
        Some(_) => {}
    }
    Ok(Consumed::Done)
}

fn invoice<'a>(
    event: &'a Event,
    order: &'a Order,
    customer: &Customer,
    void: Option<&'a str>,
    now: Micros,
) -> Result<NewOrderInvoice<'a>, StoreError> {
    let zone = TimeZone::get(&customer.time_zone).map_err(|e| StoreError::Bug(e.to_string()))?;
    let due_on = today(now, &zone).ok_or_else(|| StoreError::Bug("today is in no calendar".into()))?;
    Ok(NewOrderInvoice {
        uid: &order.order,
        customer_id: customer.id,
        amount: order.amount.0,
        due_on,
        void,
        traceparent: event.traceparent.as_deref(),
    })
}
