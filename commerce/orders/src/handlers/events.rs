//! Events that orders hears.

use std::sync::Arc;

use contracts::event::{Event, Kind};
use events::{Consumed, Consumer};
use service::Clock;
use tokio::sync::Notify;

use crate::flows;
use crate::flows::counts::Counts;

/// What is heard.
pub const KINDS: &[Kind] = &[Kind::InvoicePaid, Kind::InvoiceVoided];

/// Hears what became of invoices.
pub struct Invoices {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Wakes the relay, which tells what became of the orders.
    pub wake: Arc<Notify>,
    /// What is counted of orders.
    pub counts: Counts,
}

impl Consumer for Invoices {
    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        let count = events.len();
        let now = self.clock.now();
        let done = flows::settle_orders::settle_orders(&self.db, events, now, &self.counts).await;
        self.wake.notify_one();
        // A transaction that failed changed nothing: all of them come again.
        done.unwrap_or_else(|error| vec![Consumed::Later(error.to_string()); count])
    }
}
