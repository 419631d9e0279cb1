//! Places in which a process of a debug build can be made to stop dead, to see what it leaves behind.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::settings::{Var, Vars};

/// Read by debug builds only, so it is in nobody's table of settings.
const FAIL_POINT: Var =
    Var::unset("FAIL_POINT", "`place:n`: stop dead when this place is reached for the nth time");
/// From sending until shortly before an answer that takes longer.
const SOON: Duration = Duration::from_millis(20);

/// The one place, if any, in which this process stops.
#[derive(Debug, Default)]
pub struct FailPoint {
    place: Option<String>,
    /// How often it may still be passed.
    left: AtomicU32,
}

impl FailPoint {
    /// Reads `FAIL_POINT`; a release build has none.
    #[must_use]
    pub fn read(vars: &Vars) -> Self {
        let text = if cfg!(debug_assertions) { vars.unlisted(&FAIL_POINT) } else { None };
        let Some((place, nth)) = text.as_deref().and_then(|text| text.split_once(':')) else {
            return Self::default();
        };
        Self { place: Some(place.to_owned()), left: AtomicU32::new(nth.parse().unwrap_or(1)) }
    }

    /// Stops here, without any farewell, when it is time.
    pub fn reach(&self, place: &str) {
        if self.is_due(place) {
            std::process::abort();
        }
    }

    /// Stops shortly after this, from beside.
    pub fn reach_soon(&self, place: &str) {
        if self.is_due(place) {
            std::thread::spawn(|| {
                std::thread::sleep(SOON);
                std::process::abort();
            });
        }
    }

    fn is_due(&self, place: &str) -> bool {
        self.place.as_deref() == Some(place) && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}
