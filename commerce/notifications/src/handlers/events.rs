//! Events that notifications hears.

use std::sync::Arc;

use contracts::event::{Event, Kind};
use events::{Consumed, Consumer};
use service::Clock;
use tokio::sync::Notify;

use crate::flows;

/// What is heard.
pub const KINDS: &[Kind] = &[
    Kind::UserRegistered,
    Kind::OrderConfirmed,
    Kind::OrderRejected,
    Kind::OrderCancelled,
    Kind::InvoicePaid,
    Kind::InvoiceDeclined,
    Kind::InvoiceUncollectible,
    Kind::InvoiceVoided,
];

/// Hears who there is, and what is worth a message.
pub struct Worthy {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Wakes the job that sends.
    pub wake: Arc<Notify>,
}

impl Consumer for Worthy {
    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        let count = events.len();
        let done = flows::notify::notify(&self.db, events, self.clock.now()).await;
        self.wake.notify_one();
        // A transaction that failed changed nothing: all of them come again.
        done.unwrap_or_else(|error| vec![Consumed::Later(error.to_string()); count])
    }
}
