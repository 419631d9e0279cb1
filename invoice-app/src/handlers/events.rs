//! What other services tell us: users, and orders.

use std::sync::Arc;

use contracts::event::{Data, Event, Kind, Order};
use db::Db;
use events::{Consumed, Consumer};
use futures_util::StreamExt;
use service::Clock;
use tokio::sync::Notify;

use crate::clients::provider::Provider;
use crate::flows::register_customer::register_customer;
use crate::flows::take_order::take_orders;

/// What we subscribe to.
pub const CONSUMES: &[Kind] = &[Kind::UserRegistered, Kind::OrderPlaced, Kind::OrderCancelRequested];
/// Accounts that are opened at a time.
const ACCOUNTS: usize = 8;

/// What hearing works with.
pub struct Hearing {
    /// Rows.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// Who keeps the accounts.
    pub provider: Arc<Provider>,
    /// Whether events are written.
    pub tells: bool,
    /// Wakes whoever charges orders.
    pub ordered: Arc<Notify>,
    /// Wakes whoever tells events.
    pub told: Arc<Notify>,
}

impl Consumer for Hearing {
    fn kinds(&self) -> &'static [Kind] {
        CONSUMES
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        let mut done: Vec<Option<Consumed>> = vec![None; events.len()];
        let (mut users, mut orders, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (place, event) in events.into_iter().enumerate() {
            match event.data.clone() {
                Data::User(user) => users.push((place, event, user)),
                Data::Order(order) => {
                    orders.push((event, order));
                    places.push(place);
                }
                Data::Invoice(_) => done[place] = Some(Consumed::Refused("invoices are ours".into())),
            }
        }
        // Users first: an order of the same batch may be theirs.
        let now = self.clock.now();
        let registering = users.into_iter().map(|(place, event, user)| async move {
            (place, register_customer((&self.db, &self.provider), event, user, now).await)
        });
        let registered: Vec<_> = futures_util::stream::iter(registering).buffered(ACCOUNTS).collect().await;
        registered.into_iter().for_each(|(place, consumed)| done[place] = Some(consumed));
        let taken = self.take(orders).await;
        places.into_iter().zip(taken).for_each(|(place, consumed)| done[place] = Some(consumed));
        let or_later =
            |one: Option<Consumed>| one.unwrap_or_else(|| Consumed::Later("it was left out".into()));
        done.into_iter().map(or_later).collect()
    }
}

impl Hearing {
    async fn take(&self, orders: Vec<(Event, Order)>) -> Vec<Consumed> {
        if orders.is_empty() {
            return Vec::new();
        }
        let taken = take_orders(&self.db, orders, self.tells, self.clock.now()).await;
        self.ordered.notify_one();
        self.told.notify_one();
        taken
    }
}
