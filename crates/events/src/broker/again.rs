//! Applies events that could not be applied when they came, as their time comes. Several processes may do this at once:
//! what one has applied is no news to the other.

use std::time::Duration;

use contracts::event::Event;
use db::StoreError;
use service::server::Shutdown;

use super::hear::Hearing;
use super::queue;
use crate::apply::{apply, arrival};
use crate::consumer::Consumer;
use crate::held;

/// Events per round.
const BATCH: i64 = 500;
/// Pause between looks.
const EVERY: Duration = Duration::from_secs(1);

impl<C: Consumer> Hearing<C> {
    /// Looks until the stop is asked for.
    pub(super) async fn apply_again(&self, mut shutdown: Shutdown) {
        while !shutdown.is_asked() {
            match self.round().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "held events are not applied at the moment; it is tried again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shutdown.asked() => {}
            }
        }
    }

    /// True when there may be more.
    async fn round(&self) -> Result<bool, StoreError> {
        let (name, now) = (self.access.user(), self.clock.now());
        let due = self.db.read(move |conn| held::due(conn, name, now, BATCH)).await?;
        let more = i64::try_from(due.len()) == Ok(BATCH);
        if !due.is_empty() {
            // Who sent them was looked at when they came.
            let parse = |event: &String| Event::parse(event).map_err(|e| e.to_string());
            let read: Vec<Result<Event, String>> = due.iter().map(|held| parse(&held.event)).collect();
            let span = arrival(&read, queue(name));
            let consumed = span.run(apply(&*self.consumer, &read, "rabbitmq")).await;
            for (held, consumed) in due.iter().zip(&consumed) {
                self.meters.consumed(&held.kind, consumed.as_str());
            }
            let now = self.clock.now();
            self.db.write(move |conn| held::tried(conn, &due, &consumed, now)).await?;
        }
        let counts = self.db.read(held::counts).await?;
        self.meters.held(&counts);
        Ok(more)
    }
}
