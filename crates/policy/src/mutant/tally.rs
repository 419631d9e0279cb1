//! What became of all mutants, by operator.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Equivalent, Mutant, Outcome, all};
use crate::graph::CallGraph;
use crate::render::Render;

/// What became of the mutants of one operator.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Row {
    /// By a call that a layer answers otherwise.
    pub by_call: usize,
    /// By a rule of the house.
    pub by_rule: usize,
    /// Refused before it was judged.
    pub unreadable: usize,
    /// Known to change nothing.
    pub equivalent: usize,
    /// Not noticed.
    pub survived: usize,
}

/// What became of all mutants.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// By operator.
    pub rows: BTreeMap<&'static str, Row>,
    /// Not noticed, one sentence each.
    pub survivors: Vec<String>,
    /// Entries of the list that are no good any more.
    pub stale: Vec<String>,
}

impl Row {
    /// How many were made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.by_call + self.by_rule + self.unreadable + self.equivalent + self.survived
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            by_call: self.by_call + other.by_call,
            by_rule: self.by_rule + other.by_rule,
            unreadable: self.unreadable + other.unreadable,
            equivalent: self.equivalent + other.equivalent,
            survived: self.survived + other.survived,
        }
    }
}

impl Tally {
    /// All operators together.
    #[must_use]
    pub fn sum(&self) -> Row {
        self.rows.values().fold(Row::default(), Row::plus)
    }

    /// Whether every mutant was caught, and the list is true.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.survivors.is_empty() && self.stale.is_empty()
    }
}

/// Makes and judges every mutant of every render.
#[must_use]
pub fn run(renders: &[(String, Render)], graph: &CallGraph, equivalents: &[Equivalent]) -> Tally {
    let mut tally = Tally::default();
    let mut known: Vec<Vec<Seen>> =
        equivalents.iter().map(|entry| vec![Seen::default(); entry.objects.len()]).collect();
    for (name, render) in renders {
        let graph = &graph.of(render);
        let mutants = all(render);
        for (mutant, outcome) in mutants.iter().zip(judged(&mutants, render, graph)) {
            let row = tally.rows.entry(mutant.operator).or_default();
            let mut listed = equivalents.iter().enumerate();
            let entry = listed.find_map(|(at, entry)| Some((at, entry.place_of(mutant)?)));
            let seen = entry.map(|(entry, object)| &mut known[entry][object]);
            match (outcome, seen) {
                (Outcome::Survived, Some(seen)) => {
                    row.equivalent += 1;
                    seen.survived = true;
                }
                (Outcome::Survived, None) => {
                    row.survived += 1;
                    tally
                        .survivors
                        .push(format!("{name}: {} {} {}", mutant.operator, mutant.object, mutant.field));
                }
                (Outcome::Unreadable(_), _) => row.unreadable += 1,
                (Outcome::Caught(finding), seen) => {
                    let by = if finding.call.is_some() { &mut row.by_call } else { &mut row.by_rule };
                    *by += 1;
                    if let Some(seen) = seen {
                        seen.caught = true;
                    }
                }
            }
        }
    }
    tally.stale = stale(equivalents, &known);
    tally
}

/// What becomes of each, judged by as many threads as there are processors.
fn judged(mutants: &[Mutant], render: &Render, graph: &CallGraph) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = mutants.len().div_ceil(threads).max(1);
    let judge = |part: &[Mutant]| part.iter().map(|mutant| mutant.judge(render, graph)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let judging: Vec<_> = mutants.chunks(share).map(|part| scope.spawn(move || judge(part))).collect();
        let parts = judging.into_iter().map(|part| part.join());
        parts.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// What became of one entry of the list.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    survived: bool,
    caught: bool,
}

fn stale(equivalents: &[Equivalent], known: &[Vec<Seen>]) -> Vec<String> {
    let sentences = equivalents.iter().zip(known).flat_map(|(entry, seen)| {
        entry.objects.iter().zip(seen).filter_map(|(object, seen)| {
            let named = format!("{} {object} {}", entry.operator, entry.field);
            match (seen.survived, seen.caught) {
                (_, true) => Some(format!("{named} is caught: take it out of the list")),
                (false, false) => Some(format!("{named} is not made any more: take it out of the list")),
                (true, false) => None,
            }
        })
    });
    sentences.collect()
}
