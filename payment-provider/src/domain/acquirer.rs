//! A simulated card acquirer.

use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Decline codes of a temporary nature and how often each is given, in percent.
const SOFT: &[(&str, u32)] = &[("insufficient_funds", 70), ("do_not_honor", 20), ("try_again_later", 10)];

/// What the acquirer says to one charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The money is taken.
    Approved,
    /// It is not, with a decline code.
    Declined(&'static str),
}

/// Approves a share of the charges, at random.
#[derive(Debug)]
pub struct Acquirer {
    success_rate: f64,
    random: Mutex<StdRng>,
}

impl Acquirer {
    /// An acquirer with a success rate from 0 to 1; a seed makes it repeatable.
    #[must_use]
    pub fn new(success_rate: f64, seed: Option<u64>) -> Option<Self> {
        let random = seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64);
        (0.0..=1.0).contains(&success_rate).then(|| Self { success_rate, random: Mutex::new(random) })
    }

    /// Decides one charge.
    pub fn decide(&self) -> Decision {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        if random.random_bool(self.success_rate) {
            return Decision::Approved;
        }
        let mut point = random.random_range(0..100);
        for (code, share) in SOFT {
            if point < *share {
                return Decision::Declined(code);
            }
            point -= share;
        }
        Decision::Declined(SOFT[0].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(rate: f64, seed: Option<u64>) -> Vec<bool> {
        let acquirer = Acquirer::new(rate, seed).unwrap();
        (0..1_000).map(|_| acquirer.decide() == Decision::Approved).collect()
    }

    #[test]
    fn a_seed_repeats_and_no_seed_does_not() {
        assert_eq!(approved(0.5, Some(7)), approved(0.5, Some(7)));
        assert_ne!(approved(0.5, None), approved(0.5, None));
    }

    #[test]
    fn the_rate_is_kept_within_four_sigma_and_at_its_ends() {
        let half = approved(0.5, None).iter().filter(|yes| **yes).count();
        assert!((437..=563).contains(&half), "{half}");
        assert!(approved(1.0, None).iter().all(|yes| *yes));
        assert!(approved(0.0, None).iter().all(|yes| !*yes));
        assert!(Acquirer::new(1.01, None).is_none() && Acquirer::new(f64::NAN, None).is_none());
    }
}
