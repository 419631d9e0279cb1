//! What the handlers work with.

use std::sync::Arc;

use service::Clock;
use tokio::sync::Notify;

use crate::flows::counts::Counts;

/// Shared by all handlers.
pub struct State {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Wakes the relay, which tells what was written down.
    pub wake: Arc<Notify>,
    /// What is counted of orders.
    pub counts: Counts,
}
