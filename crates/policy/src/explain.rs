//! One call, layer by layer.

use serde::Serialize;

use crate::check::{TokenKind, World, host_of, tokens_for};
use crate::layer::application::Gate;
use crate::layer::mesh::{Guard, Peer};
use crate::layer::network::Side;
use crate::layer::{Answer, Layer, Verdict};
use crate::object::Direction;
use crate::place::{Origin, POD_ADDRESS, Place};
use crate::render::with_name;
use crate::request::{Identity, Port, Request, Token};
use crate::selector::Labels;
use crate::universe::UNLABELLED;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// `namespace/account`.
    pub from: String,
    /// The workload whose labels the caller bears, if it is not the account's own.
    pub under_label_of: Option<String>,
    /// Without a sidecar.
    pub plaintext: bool,
    /// `workload:port` or `namespace/workload:port`.
    pub to: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// Which token; the right one for who should have it, else none.
    pub token: Option<TokenKind>,
}

/// The answer for one caller.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Who calls.
    pub caller: String,
    /// Whom it shows to be.
    pub identity: String,
    /// Whom it calls.
    pub callee: String,
    /// Which token it shows.
    pub token: &'static str,
    /// Each layer's answer.
    pub layers: Vec<Step>,
    /// Whether the call gets through.
    pub allowed: bool,
    /// Whether the call graph says so.
    pub intended: bool,
}

/// One layer's answer.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The layer.
    pub layer: Layer,
    /// Its answer.
    pub answer: Answer,
    /// Whose it is, and why.
    pub why: String,
}

/// Answers for each workload that runs as the account, or for a pod without labels.
pub fn explain(world: &World<'_>, question: &Question) -> Result<Vec<Explained>, String> {
    let (callee, port) = callee(world, &question.to)?;
    callers(world, question)?.iter().map(|caller| Ok(one(world, question, caller, callee, port))).collect()
}

fn callee<'a>(world: &World<'a>, to: &str) -> Result<(&'a Place, u16), String> {
    let wrong = || format!("{to:?} is not workload:port, such as payment-provider:8082");
    let (name, port) = to.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let named = |place: &&Place| {
        place.origin != Origin::Imagined && (place.name == name || place.name.ends_with(&format!("/{name}")))
    };
    let found: Vec<&Place> = world.universe.places.iter().filter(named).collect();
    match found.as_slice() {
        [one] => Ok((one, port)),
        [] => Err(format!("{name} is neither in the render nor in the call graph")),
        _ => Err(format!("{name} is there more than once; say namespace/workload")),
    }
}

fn callers(world: &World<'_>, question: &Question) -> Result<Vec<Place>, String> {
    let from = &question.from;
    let wanted = Identity::parse(from).ok_or_else(|| format!("{from:?} is not namespace/account"))?;
    let of_account = |place: &&Place| {
        place.origin != Origin::Imagined
            && place.namespace == wanted.namespace
            && place.account == wanted.account
    };
    let own = world.universe.places.iter().filter(of_account).cloned();
    let mut callers: Vec<Place> = match &question.under_label_of {
        None => own.collect(),
        Some(name) => vec![under_label(world, &wanted, name)?],
    };
    if callers.is_empty() {
        callers.push(unlabelled(world, &wanted));
    }
    for caller in &mut callers {
        caller.sidecar = caller.sidecar && !question.plaintext;
    }
    Ok(callers)
}

fn under_label(world: &World<'_>, wanted: &Identity, name: &str) -> Result<Place, String> {
    let labelled = world.universe.place(&format!("{}/{name}", wanted.namespace));
    let place =
        labelled.ok_or_else(|| format!("nobody knows the label of {name} in {}", wanted.namespace))?;
    Ok(Place { account: wanted.account.clone(), origin: Origin::Imagined, ..place.clone() })
}

/// A pod of a namespace that the render may not know: taken to be in the mesh, which is the harder case.
fn unlabelled(world: &World<'_>, wanted: &Identity) -> Place {
    let name = format!("{}/{UNLABELLED}", wanted.namespace);
    let known = world.universe.place(&name).cloned();
    let made = || Place {
        origin: Origin::Imagined,
        namespace: wanted.namespace.clone(),
        namespace_labels: with_name(&Labels::new(), &wanted.namespace),
        ..Place::outside(&name, POD_ADDRESS)
    };
    let place = known.unwrap_or_else(made);
    Place { account: wanted.account.clone(), sidecar: true, ..place }
}

fn one(world: &World<'_>, question: &Question, caller: &Place, callee: &Place, port: u16) -> Explained {
    let identity = caller.identity();
    let intends = |call: &&crate::graph::Call| {
        call.port() == Port::tcp(port)
            && call.is_to(callee, &caller.namespace)
            && call.is_from(caller)
            && (call.runs_as.is_none() || call.identity() == identity)
    };
    let calls: Vec<_> = world.graph.calls.iter().filter(intends).collect();
    let kind = question.token.unwrap_or(if calls.iter().any(|call| call.token.is_some()) {
        TokenKind::Right
    } else {
        TokenKind::None
    });
    let token = tokens_for(world, callee, port)
        .into_iter()
        .find(|(known, _)| *known == kind)
        .and_then(|(_, token)| token);
    let (method, path) = (question.method.clone(), question.path.clone());
    let request = Request { method, path, host: host_of(world, callee, port), token };
    let layers = judge(world, caller, identity.as_ref(), callee, port, &request);
    Explained {
        caller: caller.name.clone(),
        identity: identity.map_or_else(|| "nobody (plaintext)".into(), |identity| identity.to_string()),
        callee: format!("{}:{port}", callee.name),
        token: kind.name(),
        allowed: layers.iter().all(|step| step.answer != Answer::Refuses),
        intended: calls.iter().any(|call| call.methods.is_empty() || call.covers(&request)),
        layers,
    }
}

/// Every layer's answer to one call, each as if it were alone.
#[must_use]
pub fn judge(
    world: &World<'_>,
    caller: &Place,
    identity: Option<&Identity>,
    callee: &Place,
    port: u16,
    request: &Request,
) -> Vec<Step> {
    let ours = |place: &Place| place.is_pod() && world.universe.own.contains(&place.namespace);
    let mut steps = Vec::new();
    for (pod, other, direction) in [(caller, callee, Direction::Egress), (callee, caller, Direction::Ingress)]
    {
        let verdict = if ours(pod) {
            Side::of(world.render, pod, direction).toward(other).verdict(Port::tcp(port))
        } else {
            Verdict::nobody(format!("{direction:?} of {} is not in this render", pod.name))
        };
        steps.push(step(Layer::Network, &verdict));
    }
    let guard = Guard::of(world.render, callee);
    let principal = identity.map(Identity::principal).unwrap_or_default();
    let peer = Peer { identity, principal: &principal, address: caller.address };
    steps.push(step(Layer::Mesh, &guard.verdict(Port::tcp(port), peer, Some(request))));
    let seen = identity.filter(|_| guard.sees_certificates(port));
    let handed_on: Option<&Token> = request.token.as_ref().filter(|_| guard.forwards_token());
    steps.push(step(Layer::Application, &Gate::of(world.render, callee).verdict(port, seen, handed_on)));
    steps
}

fn step(layer: Layer, verdict: &Verdict) -> Step {
    Step { layer, answer: verdict.answer, why: verdict.sentence() }
}
