//! Receivers that do not answer: they are left alone for a while, and longer each time.

use std::collections::HashMap;

use service::clock::{Micros, SECOND};

const FIRST: Micros = SECOND / 4;
/// Short, so that what waits is told soon after the receiver is back.
const LONGEST: Micros = 15 * SECOND;

/// Who is away, and until when nobody asks.
#[derive(Debug, Default)]
pub struct Away(HashMap<String, (u32, Micros)>);

impl Away {
    /// Whether a receiver is to be left alone now.
    pub fn is(&self, receiver: &str, now: Micros) -> bool {
        self.0.get(receiver).is_some_and(|(_, until)| now < *until)
    }

    /// It did not answer. True when it did before.
    pub fn failed(&mut self, receiver: &str, now: Micros) -> bool {
        let (times, until) = self.0.entry(receiver.to_owned()).or_default();
        let wait = (FIRST << (*times).min(10)).min(LONGEST);
        *times += 1;
        *until = now + wait / 2 + rand::random_range(0..=wait / 2);
        *times == 1
    }

    /// It answered. True when it did not before.
    pub fn answered(&mut self, receiver: &str) -> bool {
        self.0.remove(receiver).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_does_not_answer_is_left_alone_for_longer_each_time_but_never_for_long() {
        let mut away = Away::default();
        assert!(!away.is("orders", 0));
        assert!(away.failed("orders", 0) && away.is("orders", FIRST / 2 - 1) && !away.is("orders", FIRST));
        assert!(!away.is("notifications", 0));
        for _ in 0..20 {
            assert!(!away.failed("orders", 0));
        }
        assert!(away.is("orders", LONGEST / 2 - 1) && !away.is("orders", LONGEST));
        assert!(away.answered("orders") && !away.answered("orders") && !away.is("orders", 0));
    }
}
