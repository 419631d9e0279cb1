//! The network alone, each side alone: egress of our pods and ingress of our pods must be what the call graph says.

use std::collections::HashMap;

use super::World;
use crate::finding::{Finding, Findings, Shown};
use crate::layer::Layer;
use crate::layer::network::Side;
use crate::object::Direction;
use crate::place::Place;
use crate::render::Render;
use crate::request::Port;

/// The rule of calls that the network answers otherwise than the call graph.
pub const RULE: &str = "call-graph-network";

/// Compares both sides of every connection.
pub fn compare(world: &World<'_>, findings: &mut Findings) {
    let places = &world.universe.places;
    let intended = intended(world);
    for (at, pod) in places
        .iter()
        .enumerate()
        .filter(|(_, pod)| pod.is_pod() && world.universe.own.contains(&pod.namespace))
    {
        for direction in [Direction::Egress, Direction::Ingress] {
            let side = Side::of(world.render, pod, direction);
            for (there, other) in places.iter().enumerate() {
                let toward = side.toward(other);
                let (from, to) = if direction == Direction::Egress { (at, there) } else { (there, at) };
                let calls = intended.get(&(from, to)).map(Vec::as_slice).unwrap_or_default();
                // Most pairs: nobody calls, and no rule says a word of it.
                if calls.is_empty() && toward.is_closed() {
                    continue;
                }
                for port in &world.universe.ports {
                    let (is, should) = (toward.passes(*port), calls.contains(port));
                    if is != should {
                        let verdict = toward.verdict(*port);
                        findings.add(finding(
                            &places[from],
                            &places[to],
                            *port,
                            direction,
                            should,
                            &verdict.sentence(),
                        ));
                    }
                    if findings.is_full() {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether a connection passes both of its sides; one that is not ours has no policies here, and is open.
#[must_use]
pub fn connects(render: &Render, from: &Place, to: &Place, port: Port) -> bool {
    let sides = [(from, to, Direction::Egress), (to, from, Direction::Ingress)];
    sides
        .into_iter()
        .all(|(pod, other, direction)| Side::of(render, pod, direction).toward(other).passes(port))
}

/// The calls as the network sees them: the ports that one place calls at another.
fn intended(world: &World<'_>) -> HashMap<(usize, usize), Vec<Port>> {
    let places = &world.universe.places;
    let mut intended: HashMap<_, Vec<Port>> = HashMap::new();
    for call in &world.graph.calls {
        let callers: Vec<usize> = (0..places.len()).filter(|at| call.is_from(&places[*at])).collect();
        for to in 0..places.len() {
            let known = callers.iter().filter(|from| call.is_to(&places[to], &places[**from].namespace));
            for from in known {
                intended.entry((*from, to)).or_default().push(call.port());
            }
        }
    }
    intended
}

fn finding(from: &Place, to: &Place, port: Port, direction: Direction, should: bool, why: &str) -> Finding {
    let (from, to) = (&from.name, &to.name);
    let sentence = if should {
        format!("{from} must reach {to}:{port}, but the network refuses at {direction:?} ({why})")
    } else {
        format!(
            "{from} reaches {to}:{port} as far as {direction:?} is asked ({why}), and no call in the call graph says so"
        )
    };
    let call = Shown {
        caller: from.clone(),
        identity: None,
        callee: to.clone(),
        port: port.to_string(),
        method: None,
        path: None,
        token: None,
        layer: Layer::Network,
        allowed: !should,
    };
    Finding { rule: RULE, object: None, sentence, call: Some(call) }
}
