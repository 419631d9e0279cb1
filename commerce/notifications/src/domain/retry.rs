//! When a message that could not be sent is tried again.

use service::clock::{DAY, Micros, SECOND};

/// Pause after the first failure; it doubles from then on.
const FIRST: Micros = 5 * SECOND;
/// Longest pause.
const LONGEST: Micros = 3_600 * SECOND;
/// How long a message is tried: what is older is news to nobody.
const PATIENCE: Micros = DAY;

/// The next try after so many `attempts`, or nothing when it is given up.
#[must_use]
pub fn next(attempts: i32, created_at: Micros, now: Micros) -> Option<Micros> {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
    let next = now + (FIRST << doublings).min(LONGEST);
    (next <= created_at + PATIENCE).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_for_a_day() {
        let pauses: Vec<Micros> = (1..=12).map(|attempt| next(attempt, 0, 0).unwrap() / SECOND).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(next(40, 0, DAY - 3_600 * SECOND), Some(DAY));
        assert_eq!(next(40, 0, DAY - 3_599 * SECOND), None);
        assert_eq!(next(i32::MAX, 0, 0), Some(LONGEST));
    }
}
