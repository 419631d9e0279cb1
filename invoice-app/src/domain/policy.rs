//! When an invoice is tried again, per kind of failure. A table that people read and change; each run keeps the one
//! that it began with.

use serde::{Deserialize, Serialize};
use service::clock::{DAY, Micros, SECOND};

/// The whole table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// Declines that time may heal, such as `insufficient_funds`.
    pub soft_decline: SoftDecline,
    /// Declines that no time heals.
    pub hard_decline: HardDecline,
    /// No answer, or one that proves nothing: asked about with the same key.
    pub unknown: UnknownOutcome,
    /// What the card networks allow; nothing is held against runs of older clients.
    pub card_network: Option<Budget>,
}

/// What follows a soft decline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftDecline {
    /// Days until the next attempt, after the first, the second, ... decline.
    pub wait_days: Vec<u16>,
    /// The hour of the customer's day from which on it is tried again, 0 to 23.
    pub morning: u8,
    /// What follows the decline after the last wait.
    pub then: Then,
}

/// What follows the last retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The invoice is set aside for a person.
    Park,
    /// The last wait is repeated.
    Repeat,
}

/// Declines after which the invoice is set aside at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardDecline {
    /// Their decline codes; every other one is soft.
    pub codes: Vec<String>,
}

/// Waits before an unknown outcome is asked about: between nothing and a bound that doubles with each question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownOutcome {
    /// Longest wait before the first question, milliseconds.
    pub first_wait_ms: u64,
    /// Longest wait ever, milliseconds.
    pub longest_wait_ms: u64,
}

/// Most attempts within some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// So many attempts ...
    pub attempts: u16,
    /// ... within so many days.
    pub days: u16,
}

impl Budget {
    /// How long an attempt counts.
    #[must_use]
    pub fn span(self) -> Micros {
        i64::from(self.days) * DAY
    }

    /// The oldest attempt that counts when this one is the last, if there are as many as are allowed: the next one may
    /// come a [`Budget::span`] after it.
    #[must_use]
    pub fn oldest(self, last: i32) -> Option<i32> {
        let oldest = last - i32::from(self.attempts) + 1;
        (oldest >= 1).then_some(oldest)
    }
}

/// What a soft decline leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ladder {
    /// The next attempt, after so many days.
    Retry(u16),
    /// None: a person has to look.
    Park,
}

impl RetryPolicy {
    /// 1, 3, 5 and 7 days at 8 in the morning, then parked; 15 attempts in 30 days; 5 minutes to 6 hours.
    #[must_use]
    pub fn standard() -> Self {
        let hard = ["stolen_card", "lost_card", "account_closed", "fraudulent", "pickup_card"];
        Self {
            soft_decline: SoftDecline { wait_days: vec![1, 3, 5, 7], morning: 8, then: Then::Park },
            hard_decline: HardDecline { codes: hard.map(str::to_owned).to_vec() },
            unknown: UnknownOutcome { first_wait_ms: 300_000, longest_wait_ms: 21_600_000 },
            card_network: Some(Budget { attempts: 15, days: 30 }),
        }
    }

    /// The policy of older clients' rounds: every request of theirs is a further attempt, whatever came before.
    #[must_use]
    pub fn for_rounds(mut self) -> Self {
        self.soft_decline.then = Then::Repeat;
        self.card_network = None;
        self
    }

    /// What is wrong with it, if anything.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let Self { soft_decline, unknown, card_network, .. } = self;
        if soft_decline.wait_days.is_empty() || soft_decline.wait_days.contains(&0) {
            return Some("soft_decline.wait_days: give one or more waits of at least one day");
        }
        if soft_decline.morning > 23 {
            return Some("soft_decline.morning: give an hour from 0 to 23");
        }
        if unknown.first_wait_ms == 0 || unknown.longest_wait_ms < unknown.first_wait_ms {
            return Some("unknown: give waits above zero, the longest not below the first");
        }
        let none = card_network.is_some_and(|budget| budget.attempts == 0 || budget.days == 0);
        none.then_some("card_network: give attempts and days above zero")
    }

    /// Whether nothing heals this decline.
    #[must_use]
    pub fn is_hard(&self, code: &str) -> bool {
        self.hard_decline.codes.iter().any(|hard| hard == code)
    }

    /// What follows when the attempt with this number was declined softly.
    #[must_use]
    pub fn after_decline(&self, attempt: i32) -> Ladder {
        let waits = &self.soft_decline.wait_days;
        let step = usize::try_from(attempt - 1).unwrap_or_default();
        match (waits.get(step), self.soft_decline.then) {
            (Some(days), _) => Ladder::Retry(*days),
            (None, Then::Repeat) => Ladder::Retry(waits.last().copied().unwrap_or(1)),
            (None, Then::Park) => Ladder::Park,
        }
    }

    /// The wait before an outcome is asked about that was asked about so often before; `random` of 2^32 spreads it
    /// ("full jitter" of Brooker, Exponential Backoff And Jitter).
    #[must_use]
    pub fn unknown_wait(&self, asked: i32, random: u32) -> Micros {
        let (first, longest) = (self.unknown.first_wait_ms, self.unknown.longest_wait_ms);
        let bound = first.saturating_mul(1 << asked.clamp(0, 30)).min(longest);
        let micros = bound.saturating_mul(1_000).saturating_mul(u64::from(random) >> 12) >> 20;
        // Never at once: whoever asked just now asks somebody else first.
        i64::try_from(micros).unwrap_or(DAY).max(SECOND / 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ends_where_it_says() {
        let standard = RetryPolicy::standard();
        let steps: Vec<Ladder> = (1..=5).map(|attempt| standard.after_decline(attempt)).collect();
        let retries = [1, 3, 5, 7].map(Ladder::Retry);
        assert_eq!(steps, [retries.as_slice(), &[Ladder::Park]].concat());
        assert_eq!(standard.for_rounds().after_decline(50), Ladder::Retry(7));
    }

    #[test]
    fn waits_for_unknown_outcomes_double_up_to_the_longest() {
        let policy = RetryPolicy::standard();
        let longest = |asked| policy.unknown_wait(asked, u32::MAX) / SECOND;
        assert_eq!([0, 1, 2, 10, 1_000].map(longest), [299, 599, 1_199, 21_599, 21_599]);
        assert_eq!(policy.unknown_wait(5, 0), SECOND / 100);
    }

    #[test]
    fn a_table_that_makes_no_sense_is_refused() {
        assert_eq!(RetryPolicy::standard().fault(), None);
        let spoilt: [fn(&mut RetryPolicy); 5] = [
            |policy| policy.soft_decline.wait_days.clear(),
            |policy| policy.soft_decline.wait_days.push(0),
            |policy| policy.soft_decline.morning = 24,
            |policy| policy.unknown.first_wait_ms = u64::MAX,
            |policy| policy.card_network = Some(Budget { attempts: 0, days: 30 }),
        ];
        for spoil in spoilt {
            let mut policy = RetryPolicy::standard();
            spoil(&mut policy);
            assert!(policy.fault().is_some(), "{policy:?}");
        }
    }
}
