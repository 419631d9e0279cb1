//! The application alone, of the callees that each layer must guard by itself.

use super::World;
use super::requests::tokens_for;
use crate::finding::{Finding, Findings, Shown};
use crate::layer::application::Gate;
use crate::layer::mesh::Guard;
use crate::layer::{Answer, Layer};
use crate::place::Place;

/// The rule of calls that a service answers otherwise than the call graph.
pub const RULE: &str = "call-graph-application";

/// Tries every identity and token on every guarded callee.
pub fn compare(world: &World<'_>, findings: &mut Findings) {
    for name in &world.graph.guarded {
        let Some(callee) = world.universe.place(name) else {
            findings.general(RULE, format!("{name} must be guarded, and the render does not hold it"));
            continue;
        };
        let gate = Gate::of(world.render, callee);
        match (&gate, gate.port()) {
            (Gate::Broken(why), _) => findings.general(RULE, format!("{name}: {why}")),
            (Gate::Charge { .. }, Some(port)) => compare_one(world, callee, &gate, port, findings),
            _ => findings.general(
                RULE,
                format!("{name} has no gate of its own: CHARGE_JWKS_FILE and LISTEN are not set"),
            ),
        }
    }
}

fn compare_one(world: &World<'_>, callee: &Place, gate: &Gate, port: u16, findings: &mut Findings) {
    let guard = Guard::of(world.render, callee);
    let calls: Vec<_> =
        world.graph.calls.iter().filter(|call| call.callee == callee.name && call.port == port).collect();
    for identity in &world.universe.identities {
        for (kind, token) in tokens_for(world, callee, port) {
            let should = calls
                .iter()
                .any(|call| identity.is_some() && call.identity() == *identity && call.token == token);
            let seen = identity.as_ref().filter(|_| guard.sees_certificates(port));
            let handed_on = token.as_ref().filter(|_| guard.forwards_token());
            let verdict = gate.verdict(port, seen, handed_on);
            if (verdict.answer != Answer::Refuses) == should {
                continue;
            }
            let who = identity.as_ref().map_or_else(|| "plaintext".to_owned(), ToString::to_string);
            let (name, why, kind) = (&callee.name, verdict.sentence(), kind.name());
            let sentence = if should {
                format!("{name}:{port} itself must let {who} in with its token, but refuses ({why})")
            } else {
                format!(
                    "{name}:{port} itself lets {who} in with token {kind} ({why}), and no call in the call graph says so"
                )
            };
            let call = Shown {
                caller: who,
                identity: identity.as_ref().map(ToString::to_string),
                callee: name.clone(),
                port: port.to_string(),
                method: None,
                path: None,
                token: Some(kind.to_owned()),
                layer: Layer::Application,
                allowed: !should,
            };
            findings.add(Finding { rule: RULE, object: None, sentence, call: Some(call) });
        }
    }
}
