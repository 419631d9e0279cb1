//! Holds a render against the call graph: every layer by itself, the edges whole, and the rules of the house.

mod application;
mod edges;
mod mesh;
pub mod network;
mod requests;

use crate::finding::{Finding, Findings};
use crate::graph::CallGraph;
use crate::layer::Layer;
use crate::lint;
use crate::render::Render;
use crate::universe::Universe;

pub use requests::{TokenKind, host_of, requests_to, tokens_for};

/// What a check says.
#[derive(Debug)]
pub struct Report {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What was not looked at, and why.
    pub notes: Vec<String>,
}

/// More would not be read.
const MOST: usize = 10_000;

/// Everything that is wrong with a render.
#[must_use]
pub fn check(render: &Render, graph: &CallGraph) -> Report {
    let universe = Universe::new(render, graph);
    let mut findings = Findings::at_most(MOST);
    run(&NETWORK_FIRST, render, graph, &universe, &mut findings);
    Report { findings: findings.found, notes: edges::notes(graph, &universe) }
}

/// The first thing that is wrong, calls before rules: enough to know that something is. Which layer is looked at first
/// is a matter of time only.
#[must_use]
pub fn first(render: &Render, graph: &CallGraph, suspect: Layer) -> Option<Finding> {
    let universe = Universe::new(render, graph);
    let mut findings = Findings::at_most(1);
    let looks = if suspect == Layer::Network { NETWORK_FIRST } else { NETWORK_LATER };
    run(&looks, render, graph, &universe, &mut findings);
    findings.found.pop()
}

type Look = fn(&World<'_>, &mut Findings);

const NETWORK_FIRST: [Look; 5] =
    [network::compare, mesh::compare, application::compare, edges::compare, lint::run];
const NETWORK_LATER: [Look; 5] =
    [mesh::compare, application::compare, network::compare, edges::compare, lint::run];

fn run(looks: &[Look], render: &Render, graph: &CallGraph, universe: &Universe, findings: &mut Findings) {
    let world = World { render, graph, universe };
    for look in looks {
        if !findings.is_full() {
            look(&world, findings);
        }
    }
}

/// What a look looks at.
pub struct World<'a> {
    /// The render.
    pub render: &'a Render,
    /// The intent.
    pub graph: &'a CallGraph,
    /// Everybody.
    pub universe: &'a Universe,
}
