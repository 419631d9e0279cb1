//! How the simulated card acquirer decides.

use std::collections::HashMap;
use std::str::FromStr;

use contracts::charge::ChargeItem;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::charge::Decision;

/// Decline codes and how often each is given, relative to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declines(Vec<(String, u32)>);

/// Not `code=weight,...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("give codes of a-z and _ with whole weights above 0, such as insufficient_funds=7,do_not_honor=3")]
pub struct NotDeclines;

impl FromStr for Declines {
    type Err = NotDeclines;

    fn from_str(text: &str) -> Result<Self, NotDeclines> {
        let pair = |pair: &str| {
            let (code, weight) = pair.trim().split_once('=')?;
            let weight = weight.parse().ok().filter(|weight| (1..=1_000_000).contains(weight))?;
            is_code(code).then(|| (code.to_owned(), weight))
        };
        let pairs: Option<Vec<_>> = text.split(',').map(pair).collect();
        pairs.filter(|pairs| pairs.len() <= 100).map(Self).ok_or(NotDeclines)
    }
}

fn is_code(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Outcomes laid down beforehand, by customer or invoice: `approved` or a decline code for each key in turn, the last
/// one for all further keys.
#[derive(Debug, Default)]
pub struct Script {
    outcomes: HashMap<String, Vec<String>>,
    asked: HashMap<String, Vec<String>>,
}

impl Script {
    /// Reads `{"name": ["insufficient_funds", "approved"]}`.
    ///
    /// # Errors
    /// A sentence that names what cannot be used.
    pub fn parse(json: &str) -> Result<Self, String> {
        let outcomes: HashMap<String, Vec<String>> =
            serde_json::from_str(json).map_err(|e| format!("it is not {{\"name\": [\"outcome\"]}}: {e}"))?;
        let bad = |list: &[String]| list.is_empty() || !list.iter().all(|code| is_code(code));
        match outcomes.iter().find(|(_, list)| bad(list)) {
            Some((name, _)) => Err(format!("{name:?} needs a list of approved or decline codes")),
            None => Ok(Self { outcomes, asked: HashMap::new() }),
        }
    }

    fn decide(&mut self, item: &ChargeItem) -> Option<Decision> {
        let name =
            [&item.invoice, &item.customer].into_iter().find(|name| self.outcomes.contains_key(*name))?;
        let list = self.outcomes.get(name)?;
        let asked = self.asked.entry(name.clone()).or_default();
        let turn = asked.iter().position(|key| *key == item.key).unwrap_or_else(|| {
            asked.push(item.key.clone());
            asked.len() - 1
        });
        let code = list.get(turn).or(list.last())?;
        Some(if code == "approved" { Decision::Approved } else { Decision::Declined(code.clone()) })
    }
}

/// Approves a share of the charges, at random, unless the script says otherwise.
#[derive(Debug)]
pub struct Simulation {
    success_rate: f64,
    declines: Declines,
    script: Script,
    random: StdRng,
}

impl Simulation {
    /// With a success rate from 0 to 1; a seed makes it repeatable.
    #[must_use]
    pub fn new(success_rate: f64, declines: Declines, script: Script, seed: Option<u64>) -> Option<Self> {
        let random = seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64);
        is_share(success_rate).then_some(Self { success_rate, declines, script, random })
    }

    /// Decides one charge.
    pub fn decide(&mut self, item: &ChargeItem) -> Decision {
        self.script.decide(item).unwrap_or_else(|| self.at_random())
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    fn at_random(&mut self) -> Decision {
        if self.random.random_bool(self.success_rate) {
            return Decision::Approved;
        }
        let total: u32 = self.declines.0.iter().map(|(_, weight)| weight).sum();
        let mut point = self.random.random_range(0..total);
        let chosen = self.declines.0.iter().find(|(_, weight)| {
            let here = point < *weight;
            point = point.saturating_sub(*weight);
            here
        });
        Decision::Declined(chosen.map_or_else(String::new, |(code, _)| code.clone()))
    }
}

/// Whether a number is from 0 to 1.
#[must_use]
pub fn is_share(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}

#[cfg(test)]
#[path = "acquirer_tests.rs"]
mod tests;
