//! How long to wait before something is tried again.

use service::clock::{DAY, Micros, SECOND};

/// The first wait; each further one is twice as long.
const FIRST: Micros = SECOND;
/// The longest wait.
const LONGEST: Micros = 300 * SECOND;
/// After this long a person has to look.
pub const PATIENCE: Micros = DAY;

/// When to try again after so many attempts; `None` when it has been tried for long enough. Spread over the second half
/// of the wait, so that what failed together does not come back together.
#[must_use]
pub fn next_at(attempts: i32, held_at: Micros, now: Micros) -> Option<Micros> {
    if now - held_at >= PATIENCE {
        return None;
    }
    let doublings = attempts.clamp(1, 20) - 1;
    let wait = (FIRST << doublings).min(LONGEST);
    Some(now + wait / 2 + rand::random_range(0..=wait / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_end_after_a_day() {
        for (attempts, longest) in [(0, 1), (1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (1_000, 300)] {
            let wait = next_at(attempts, 0, 7).unwrap() - 7;
            assert!((longest * SECOND / 2..=longest * SECOND).contains(&wait), "{attempts}: {wait}");
        }
        assert!(next_at(300, 5, 5 + PATIENCE - 1).is_some());
        assert_eq!(next_at(1, 5, 5 + PATIENCE), None);
    }
}
