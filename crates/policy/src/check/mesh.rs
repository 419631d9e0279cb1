//! The mesh alone: whom the sidecars of our pods let in must be what the call graph says, whatever the network does.

use super::World;
use super::requests::{TokenKind, requests_to, tokens_for};
use crate::finding::{Finding, Findings, Shown};
use crate::graph::Call;
use crate::layer::mesh::{Guard, Peer, SIDECAR_PORTS};
use crate::layer::{Answer, Layer, Verdict};
use crate::place::{Origin, POD_ADDRESS, Place};
use crate::request::{Identity, Port, Protocol, Request};
use crate::universe::UNLABELLED;

/// The rule of calls that the mesh answers otherwise than the call graph.
pub const RULE: &str = "call-graph-mesh";

/// One callee's port, to which calls are tried.
struct Door<'a> {
    world: &'a World<'a>,
    guard: Guard<'a>,
    callee: &'a Place,
    port: u16,
}

/// Tries every identity, request and token on every pod of ours in the mesh.
pub fn compare(world: &World<'_>, findings: &mut Findings) {
    let real = |place: &&Place| place.origin == Origin::Workload || place.name.ends_with(UNLABELLED);
    for callee in world.universe.ours().filter(real) {
        if !callee.sidecar {
            if must_be_guarded(world, callee) {
                findings.general(
                    RULE,
                    format!("{} has no sidecar, so the mesh guards nothing of it", callee.name),
                );
            }
            continue;
        }
        let ports = world.universe.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
        for port in ports.filter(|port| !SIDECAR_PORTS.contains(&port.number)) {
            let guard = Guard::of(world.render, callee);
            Door { world, guard, callee, port: port.number }.compare(findings);
            if findings.is_full() {
                return;
            }
        }
    }
}

/// Who is called by somebody that has a name.
fn must_be_guarded(world: &World<'_>, callee: &Place) -> bool {
    let mut calls = world.graph.calls.iter().filter(|call| call.callee == callee.name);
    world.graph.guarded.contains(&callee.name) || calls.any(|call| call.identity().is_some())
}

impl Door<'_> {
    fn compare(&self, findings: &mut Findings) {
        let calls: Vec<&Call> = self.world.graph.calls.iter().filter(|call| self.is_about(call)).collect();
        let callers: Vec<Identity> = calls.iter().filter_map(|call| call.identity()).collect();
        let (many, few) = (self.requests(false), self.requests(true));
        let tokens = tokens_for(self.world, self.callee, self.port);
        for identity in &self.world.universe.identities {
            let principal = identity.as_ref().map(Identity::principal).unwrap_or_default();
            let peer = Peer { identity: identity.as_ref(), principal: &principal, address: POD_ADDRESS };
            let rightful = identity.as_ref().is_some_and(|identity| callers.contains(identity));
            let requests = if rightful { &many } else { &few };
            let shown = tokens
                .iter()
                .filter(|(kind, _)| rightful || matches!(kind, TokenKind::None | TokenKind::Right));
            for (kind, token) in shown {
                for request in requests {
                    let request =
                        request.as_ref().map(|request| Request { token: token.clone(), ..request.clone() });
                    self.try_one(&calls, peer, *kind, request.as_ref(), findings);
                    if findings.is_full() {
                        return;
                    }
                }
            }
        }
    }

    fn is_about(&self, call: &Call) -> bool {
        call.callee == self.callee.name && call.port() == Port::tcp(self.port)
    }

    /// One connection without a request where the mesh does not read any.
    fn requests(&self, few: bool) -> Vec<Option<Request>> {
        if !self.guard.is_http(self.port) {
            return vec![None];
        }
        requests_to(self.world, &self.guard, self.callee, self.port, few).into_iter().map(Some).collect()
    }

    fn try_one(
        &self,
        calls: &[&Call],
        peer: Peer<'_>,
        kind: TokenKind,
        request: Option<&Request>,
        findings: &mut Findings,
    ) {
        let should = calls.iter().any(|call| {
            let same = peer.identity.is_some_and(|identity| call.identity().as_ref() == Some(identity));
            same && request.map_or(call.methods.is_empty(), |request| call.covers(request))
        });
        let verdict = self.guard.verdict(Port::tcp(self.port), peer, request);
        // Nobody in the way is as good as an open door.
        if (verdict.answer != Answer::Refuses) != should {
            findings.add(self.finding(peer, kind, request, should, &verdict));
        }
    }

    fn finding(
        &self,
        peer: Peer<'_>,
        kind: TokenKind,
        request: Option<&Request>,
        should: bool,
        verdict: &Verdict,
    ) -> Finding {
        let (callee, port) = (&self.callee.name, self.port);
        let who = peer.identity.map_or_else(|| "plaintext".to_owned(), ToString::to_string);
        let what = request.map_or_else(
            || "a connection".to_owned(),
            |request| format!("{} {} (token: {})", request.method, request.path, kind.name()),
        );
        let why = verdict.sentence();
        let sentence = if should {
            format!("{who} must be let in to {callee}:{port} with {what}, but the mesh refuses ({why})")
        } else {
            format!(
                "{who} is let in to {callee}:{port} by the mesh with {what} ({why}), and no call in the call graph says so"
            )
        };
        let call = Shown {
            caller: who,
            identity: peer.identity.map(ToString::to_string),
            callee: callee.clone(),
            port: port.to_string(),
            method: request.map(|request| request.method.clone()),
            path: request.map(|request| request.path.clone()),
            token: request.map(|_| kind.name().to_owned()),
            layer: Layer::Mesh,
            allowed: !should,
        };
        Finding { rule: RULE, object: None, sentence, call: Some(call) }
    }
}
