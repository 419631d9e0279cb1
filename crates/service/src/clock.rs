//! The only source of time, so that tests can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since 1970-01-01T00:00:00Z, as the databases keep them.
pub type Micros = i64;

/// One second.
pub const SECOND: Micros = 1_000_000;
/// One day of 24 hours.
pub const DAY: Micros = 86_400 * SECOND;

/// Tells the time; cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn manual(start: Micros) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start))))
    }

    /// Now, in microseconds UTC.
    #[must_use]
    pub fn now(&self) -> Micros {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Now, in whole seconds UTC, as tokens count.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.now().div_euclid(SECOND)
    }

    /// Moves a manual clock; the machine's clock stays as it is.
    pub fn advance(&self, by: Micros) {
        if let Source::Manual(at) = &self.0 {
            at.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that the ban points to")]
fn system_now() -> Micros {
    jiff::Timestamp::now().as_microsecond()
}
