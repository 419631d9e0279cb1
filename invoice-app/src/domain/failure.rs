//! Kinds of failure, as the retry policy tells them apart: a closed list, by which attempts are counted.

use contracts::charge::Verdict;

use super::invoice::words;
use super::policy::RetryPolicy;

words! {
    /// Why an attempt took no money.
    Failure {
        /// It did.
        None => "none",
        /// A decline that time may heal.
        Soft => "soft",
        /// A decline that no time heals.
        Hard => "hard",
        /// The provider does not know the customer.
        CustomerNotFound => "customer_not_found",
        /// Its account is kept in another currency.
        CurrencyMismatch => "currency_mismatch",
        /// The charge breaks a rule of the provider's.
        Invalid => "invalid",
        /// The key was used with other content.
        Conflict => "conflict",
        /// The key was given up.
        Abandoned => "abandoned",
        /// The provider cannot read the request.
        Unreadable => "unreadable",
        /// It turned the request away before anything was tried.
        TurnedAway => "turned_away",
        /// No answer, or one that proves nothing.
        Network => "network",
    }
}

impl Failure {
    /// The kind that a verdict is by a run's policy.
    #[must_use]
    pub fn of(verdict: &Verdict, policy: &RetryPolicy) -> Self {
        match verdict {
            Verdict::Captured | Verdict::AlreadyCaptured { .. } => Self::None,
            Verdict::Declined { code } if policy.is_hard(code) => Self::Hard,
            Verdict::Declined { .. } => Self::Soft,
            Verdict::UnknownCustomer => Self::CustomerNotFound,
            Verdict::CurrencyMismatch => Self::CurrencyMismatch,
            Verdict::Abandoned => Self::Abandoned,
            Verdict::Conflict { .. } => Self::Conflict,
            Verdict::Invalid { .. } => Self::Invalid,
        }
    }
}
