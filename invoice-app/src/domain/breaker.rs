//! Stops us from claiming while the payment provider cannot take anything.

use service::clock::{Micros, SECOND};

/// So many failures in a row open it.
const FAILURES: u32 = 3;
/// First and longest wait of an open breaker.
const WAITS: (Micros, Micros) = (SECOND / 10, 30 * SECOND);

/// Closed while calls come through; open for a while after several that did not, or when the provider asks for it.
/// After the while one call is let through, and decides.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Micros,
    /// Until when the one call that may try is waited for.
    held_until: Micros,
}

impl Breaker {
    /// Lets a call through, or tells how long to stay away. `hold` is how long such a call may take: until then, or
    /// until it reports, an open breaker lets no second one through.
    pub fn enter(&mut self, now: Micros, hold: Micros) -> Result<(), Micros> {
        if self.is_open(now) {
            return Err(self.open_until.max(self.held_until) - now);
        }
        if self.failures >= FAILURES {
            self.held_until = now + hold;
        }
        Ok(())
    }

    /// Whether calls are kept away.
    #[must_use]
    pub fn is_open(&self, now: Micros) -> bool {
        now < self.open_until.max(self.held_until)
    }

    /// There was nothing to call for after all: whoever comes next may try.
    pub fn leave(&mut self) {
        self.held_until = 0;
    }

    /// A call came through.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A call failed, or proved nothing.
    pub fn failed(&mut self, now: Micros) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            let doubled = WAITS.0 << (self.failures - FAILURES).min(20);
            self.open_until = now + doubled.min(WAITS.1);
            self.held_until = 0;
        }
    }

    /// The provider turned a call away, to come back after `wait`.
    pub fn turned_away(&mut self, now: Micros, wait: Micros) {
        self.failures = self.failures.saturating_add(1);
        self.open_until = self.open_until.max(now + wait);
        self.held_until = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Micros = SECOND;

    #[test]
    fn it_opens_after_failures_in_a_row_and_waits_longer_each_time() {
        let mut breaker = Breaker::default();
        let mut now = 0;
        for _ in 1..FAILURES {
            breaker.failed(now);
            assert_eq!(breaker.enter(now, HOLD), Ok(()));
        }
        for wait in [WAITS.0, 2 * WAITS.0, 4 * WAITS.0] {
            breaker.failed(now);
            assert_eq!(breaker.enter(now, HOLD), Err(wait));
            now += wait;
            assert_eq!(breaker.enter(now, HOLD), Ok(()), "one may try");
            assert_eq!(breaker.enter(now, HOLD), Err(HOLD), "and no second one meanwhile");
            breaker.leave();
            assert_eq!(breaker.enter(now, HOLD), Ok(()), "unless there was nothing to try");
        }
        (0..100).for_each(|_| breaker.failed(now));
        assert_eq!(breaker.enter(now, HOLD), Err(WAITS.1));
        breaker.succeeded();
        assert_eq!(breaker.enter(now, HOLD), Ok(()));
        assert_eq!(breaker.enter(now, HOLD), Ok(()), "closed: everybody may");
    }

    #[test]
    fn it_stays_away_for_as_long_as_it_was_told() {
        let mut breaker = Breaker::default();
        breaker.turned_away(0, 7 * SECOND);
        breaker.turned_away(0, SECOND);
        assert!(breaker.is_open(SECOND));
        assert_eq!(breaker.enter(0, HOLD), Err(7 * SECOND));
        assert_eq!(breaker.enter(7 * SECOND, HOLD), Ok(()));
    }

    #[test]
    fn whoever_tried_and_was_turned_away_stays_away_no_longer_than_it_was_told() {
        let mut breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.turned_away(0, SECOND));
        assert_eq!(breaker.enter(SECOND, 30 * SECOND), Ok(()));
        breaker.turned_away(SECOND, SECOND);
        assert_eq!(breaker.enter(SECOND, 30 * SECOND), Err(SECOND));
        assert_eq!(breaker.enter(2 * SECOND, 30 * SECOND), Ok(()));
    }

    #[test]
    fn whoever_finds_nothing_to_call_for_shortens_no_wait_of_others() {
        let mut breaker = Breaker::default();
        breaker.turned_away(0, 7 * SECOND);
        breaker.leave();
        assert_eq!(breaker.enter(0, HOLD), Err(7 * SECOND));
    }
}
