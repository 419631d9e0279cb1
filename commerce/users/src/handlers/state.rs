//! What the handlers work with.

use std::sync::Arc;

use prometheus::IntCounter;
use service::Clock;
use tokio::sync::Notify;

/// Shared by all handlers.
pub struct State {
    /// Rows.
    pub db: db::Db,
    /// Time.
    pub clock: Clock,
    /// Wakes the relay, which tells what was written down.
    pub wake: Arc<Notify>,
    /// `users_registered_total`.
    pub registered: IntCounter,
}
