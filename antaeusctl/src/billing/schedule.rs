//! When a line is written where there is no terminal: often at first, then rarely.

use std::time::Duration;

const MARKS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
];
const THEN: Duration = Duration::from_mins(5);

/// The first mark after this time since the beginning.
pub(super) fn next(since_begin: Duration) -> Duration {
    if let Some(mark) = MARKS.into_iter().find(|mark| *mark > since_begin) {
        return mark;
    }
    let rounds = u32::try_from(since_begin.as_secs() / THEN.as_secs()).unwrap_or(u32::MAX - 1);
    THEN.saturating_mul(rounds + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_on_a_growing_schedule() {
        let mut at = Duration::ZERO;
        let mut marks = Vec::new();
        while marks.len() < 9 {
            at = next(at);
            marks.push(at.as_secs());
        }
        assert_eq!(marks, [5, 10, 30, 60, 120, 300, 600, 900, 1200]);
    }

    #[test]
    fn marks_that_were_missed_are_not_made_up_for() {
        assert_eq!(next(Duration::from_millis(5_001)).as_secs(), 10);
        assert_eq!(next(Duration::from_secs(29)).as_secs(), 30);
        assert_eq!(next(Duration::from_secs(899)).as_secs(), 900);
    }
}
