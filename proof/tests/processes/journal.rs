//! Where a test's chance comes from, how much of it there is, and what was done with it.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use service::settings::{Var, Vars};

const TIMES: Var = Var::new("CHAOS_TIMES", "1", "multiplies the number of injections");
const SHARD: Var = Var::new("CHAOS_SHARD", "1/1", "`i/n`: only the ith of n equal parts of all injections");
const SEED: Var = Var::unset("CHAOS_SEED", "the seed that a failing run has printed");

/// Part `number` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shard {
    number: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (number, of) = text.split_once('/').ok_or("give i/n")?;
        let (Ok(number), Ok(of)) = (number.parse(), of.parse()) else { return Err("give two numbers") };
        if (1..=of).contains(&number) { Ok(Self { number, of }) } else { Err("give i from 1 to n") }
    }
}

impl Shard {
    /// Its part of so many: the parts of all shards add up.
    fn of(self, all: usize) -> usize {
        all / self.of + usize::from(self.number <= all % self.of)
    }
}

/// How many injections a test is to make that makes so many in the quick gate.
pub(crate) fn injections(quick: usize) -> usize {
    injections_up_to(quick, usize::MAX)
}

/// The same, and never more than that.
pub(crate) fn injections_up_to(quick: usize, most: usize) -> usize {
    let vars = Vars::from_env();
    let (times, shard): (usize, Shard) =
        (vars.required(&TIMES).expect("CHAOS_TIMES"), vars.required(&SHARD).expect("CHAOS_SHARD"));
    shard.of((quick * times).min(most))
}

/// A seed, and what was done since; printed when the test fails.
pub(crate) struct Journal {
    test: &'static str,
    seed: u64,
    begun: Instant,
    lines: Mutex<Vec<String>>,
}

impl Journal {
    /// With the seed that is asked for, or one of its own.
    pub(crate) fn new(test: &'static str) -> Self {
        let seed = Vars::from_env().optional(&SEED).expect("CHAOS_SEED").unwrap_or_else(rand::random);
        Self { test, seed, begun: Instant::now(), lines: Mutex::default() }
    }

    /// All chance of this test.
    pub(crate) fn random(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }

    /// Writes down what is done now.
    pub(crate) fn note(&self, what: impl Display) {
        let line = format!("{:>8} ms  {what}", self.begun.elapsed().as_millis());
        self.lines.lock().expect("lines").push(line);
    }

    /// Says what held.
    pub(crate) fn held(&self, what: impl Display) {
        println!("{}: {what}, in {} s", self.test, self.begun.elapsed().as_secs());
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            println!(
                "{}: CHAOS_SEED={} and this is what was done:\n{}",
                self.test,
                self.seed,
                lines.join("\n")
            );
        }
    }
}

#[test]
fn the_parts_of_all_shards_add_up() {
    for (all, of) in [(10, 3), (2, 5), (340, 34)] {
        let parts = (1..=of).map(|number| Shard { number, of }.of(all));
        assert_eq!(parts.sum::<usize>(), all);
    }
    for text in ["", "1", "0/2", "3/2", "a/b"] {
        assert!(text.parse::<Shard>().is_err(), "{text:?}");
    }
}
