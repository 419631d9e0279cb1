//! Mutants to be replayed on a live cluster: each with the one call whose answer must change.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Mutant, Outcome, all};
use crate::check::{World, check, network};
use crate::finding::Shown;
use crate::graph::CallGraph;
use crate::layer::Layer;
use crate::place::Origin;
use crate::render::Render;
use crate::universe::{NEAR_MISS, UNLABELLED, Universe};

/// A mutant and the call by which it shows.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// What was done.
    pub operator: &'static str,
    /// To which object.
    pub object: String,
    /// Where.
    pub field: String,
    /// The object as it is to be applied; null: delete it.
    pub manifest: Option<Value>,
    /// The call.
    pub probe: Probe,
}

/// A call, and what one layer answers before and after.
#[derive(Clone, Debug, Serialize)]
pub struct Probe {
    /// The call; `allowed` is the answer after.
    #[serde(flatten)]
    pub call: Shown,
    /// What the layer answers without the mutant.
    pub before: &'static str,
    /// And with it.
    pub after: &'static str,
}

/// A number of mutants, spread over operators and objects, that show on calls between pods of the render or of
/// another namespace.
#[must_use]
pub fn replays(render: &Render, graph: &CallGraph, number: usize) -> Vec<Replay> {
    let mut by_operator: BTreeMap<(&str, String), Vec<Mutant>> = BTreeMap::new();
    for mutant in all(render).into_iter().filter(is_plain) {
        by_operator.entry((mutant.operator, mutant.object.to_string())).or_default().push(mutant);
    }
    let graph = &graph.of(render);
    let universe = Universe::new(render, graph);
    let world = World { render, graph, universe: &universe };
    let mut replays = Vec::new();
    let most = by_operator.values().map(Vec::len).max().unwrap_or_default();
    for turn in 0..most {
        for mutants in by_operator.values() {
            if replays.len() == number {
                return replays;
            }
            replays.extend(mutants.get(turn).and_then(|mutant| replay(&world, mutant)));
        }
    }
    replays
}

/// What an API server takes, and what a cluster can take for a while.
fn is_plain(mutant: &Mutant) -> bool {
    let kinds = ["NetworkPolicy ", "AuthorizationPolicy ", "PeerAuthentication ", "RequestAuthentication "];
    kinds.iter().any(|kind| mutant.object.starts_with(kind)) && !mutant.object.contains(" istio-system/")
}

fn replay(world: &World<'_>, mutant: &Mutant) -> Option<Replay> {
    if !matches!(mutant.judge(world.render, world.graph), Outcome::Caught(finding) if finding.call.is_some())
    {
        return None;
    }
    let mutated = mutant.apply(world.render).ok()?;
    let calls = check(&mutated, world.graph).findings.into_iter().filter_map(|finding| finding.call);
    let call =
        calls.filter(|call| can_be_made(world, &mutated, call)).min_by_key(|call| rank(world, call))?;
    let word = |allowed: bool| if allowed { "allowed" } else { "refused" };
    let probe = Probe { before: word(!call.allowed), after: word(call.allowed), call };
    let Mutant { operator, object, field, manifest, .. } = mutant.clone();
    Some(Replay { operator, object: object.to_string(), field, manifest, probe })
}

/// What is open and should not be comes first, then calls to the guarded, then the cheapest request and caller.
fn rank(world: &World<'_>, call: &Shown) -> (bool, bool, bool, bool) {
    let cheap = call.path.as_deref().is_none_or(|path| path.ends_with("/health"));
    (!call.allowed, !world.graph.guarded.contains(&call.callee), !cheap, !call.caller.ends_with(UNLABELLED))
}

/// From a pod or an account that a test can take, to a port of our services on which something answers; and the
/// answer of the whole layer changes, not only of one side.
fn can_be_made(world: &World<'_>, mutated: &Render, call: &Shown) -> bool {
    let Some(callee) = world.universe.place(&call.callee) else { return false };
    let answers = callee.own_ports().find(|port| port.to_string() == call.port);
    let Some(port) = answers.filter(|_| callee.origin == Origin::Workload && callee.sidecar) else {
        return false;
    };
    match call.layer {
        Layer::Network => world.universe.place(&call.caller).is_some_and(|caller| {
            let now = network::connects(world.render, caller, callee, port);
            caller.name != callee.name
                && caller.is_pod()
                && now != network::connects(mutated, caller, callee, port)
        }),
        // Accounts that somebody could really take.
        Layer::Mesh => call
            .identity
            .as_deref()
            .is_none_or(|identity| !identity.contains("trust domain") && !identity.ends_with(NEAR_MISS)),
        Layer::Application => false,
    }
}
