//! Gauges that say what the rows say: read every few seconds, in one place, however often somebody asks for them.

use std::future::Future;
use std::time::{Duration, Instant};

use db::StoreError;

use crate::server::Shutdown;

/// Shortest pause between looks.
const EVERY: Duration = Duration::from_secs(5);
/// A look that takes long is followed by a pause of so many times its length: it never keeps the database busy.
const REST: u32 = 19;

/// Looks at the rows until the stop is asked for. While the database does not answer, the gauges say what was seen last.
pub async fn look_every_few_seconds<F: Future<Output = Result<(), StoreError>>>(
    mut shutdown: Shutdown,
    look: impl Fn() -> F,
) {
    let mut failing = false;
    while !shutdown.is_asked() {
        let started = Instant::now();
        let seen = look().await;
        match &seen {
            Err(why) if !failing => tracing::warn!(%why, "the rows that gauges count cannot be read"),
            Ok(()) if failing => tracing::info!("the rows that gauges count can be read again"),
            _ => {}
        }
        failing = seen.is_err();
        tokio::select! {
            () = tokio::time::sleep(EVERY.max(started.elapsed() * REST)) => {}
            () = shutdown.asked() => {}
        }
    }
}
