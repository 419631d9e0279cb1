//! Sends what is due. Any number of processes may do this at once: claims pass each other's rows over.

use std::sync::Arc;
use std::time::Duration;

use service::server::Shutdown;
use tokio::sync::Notify;

use crate::flows::send_due::{BATCH, Sending, send_due};

/// Pause between looks for messages when nobody wakes us.
const IDLE: Duration = Duration::from_secs(1);

/// The sending job.
pub struct Send {
    /// What it needs.
    pub with: Sending,
    /// Woken when there is a message.
    pub wake: Arc<Notify>,
}

impl Send {
    /// Sends until the stop is asked for; what is being sent then is settled first.
    pub async fn run(self, mut shutdown: Shutdown) {
        while !shutdown.is_asked() {
            let sent = send_due(&self.with).await;
            if let Err(error) = &sent {
                tracing::error!(%error, "sending is interrupted and goes on by itself");
            }
            if sent == Ok(BATCH) {
                continue;
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = shutdown.asked() => {}
            }
        }
    }
}
