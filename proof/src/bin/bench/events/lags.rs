//! How long events are on their way, by who receives them.

use std::sync::{Arc, Mutex, PoisonError};

use contracts::event::{Event, Kind};
use events::{Consumed, Consumer};
use service::Clock;

/// From the moment that an event tells of until it is here, in microseconds.
#[derive(Clone, Default)]
pub struct Lags(Arc<Mutex<Vec<i64>>>);

impl Lags {
    /// How many events came.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The lag that so many of a hundred do not exceed, ms.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut lags = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lags.sort_unstable();
        let place = (lags.len() * percent).div_ceil(100).saturating_sub(1);
        f64::from(i32::try_from(lags[place]).unwrap_or(i32::MAX)) / 1e3
    }
}

impl Consumer for Lags {
    fn kinds(&self) -> &'static [Kind] {
        &Kind::ALL
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        let now = Clock::system().now();
        let lags = events.iter().map(|event| now - event.time.as_microsecond());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(lags);
        vec![Consumed::Done; events.len()]
    }
}
