//! The first layer: NetworkPolicies. A connection needs the caller's egress and the callee's ingress.

use super::{Answer, Verdict};
use crate::object::{Direction, NetworkPolicy, Object, Peer, PolicyPort, RuleRef, Spec};
use crate::place::Place;
use crate::render::Render;
use crate::request::Port;

/// What NetworkPolicies say of one pod in one direction.
pub struct Side<'a> {
    pod: &'a Place,
    direction: Direction,
    policies: Vec<(&'a Object, &'a NetworkPolicy)>,
}

/// The rules of a side that are about one place at the other end.
pub struct Toward<'a> {
    side: &'a Side<'a>,
    other: &'a Place,
    rules: Vec<(&'a Object, RuleRef<'a>)>,
}

impl<'a> Side<'a> {
    /// The policies that select the pod.
    #[must_use]
    pub fn of(render: &'a Render, pod: &'a Place, direction: Direction) -> Self {
        let all = render.all(|spec| if let Spec::NetworkPolicy(policy) = spec { Some(policy) } else { None });
        let policies = all
            .filter(|(object, policy)| {
                object.namespace == pod.namespace
                    && policy.is_about(direction)
                    && policy.pod_selector.matches(&pod.labels)
            })
            .collect();
        Self { pod, direction, policies }
    }

    /// The rules about a place at the other end.
    #[must_use]
    pub fn toward(&'a self, other: &'a Place) -> Toward<'a> {
        let rules = self.policies.iter().flat_map(|(object, policy)| {
            policy.rules(self.direction).into_iter().map(move |rule| (*object, rule))
        });
        let about = |rule: &RuleRef<'_>| {
            rule.peers.is_empty() || rule.peers.iter().any(|peer| means(peer, &self.pod.namespace, other))
        };
        Toward { side: self, other, rules: rules.filter(|(_, rule)| about(rule)).collect() }
    }
}

impl Toward<'_> {
    /// Whether a connection to the callee's port passes this side.
    #[must_use]
    pub fn passes(&self, port: Port) -> bool {
        self.is_free() || self.rule_for(port).is_some()
    }

    /// The same with the reason.
    #[must_use]
    pub fn verdict(&self, port: Port) -> Verdict {
        let direction = self.side.direction;
        let pod = &self.side.pod.name;
        if self.side.pod.host_network {
            return Verdict::new(
                Answer::Absent,
                None,
                format!("{pod} is on its node's network, where no NetworkPolicy reaches"),
            );
        }
        let Some((first, _)) = self.side.policies.first() else {
            let why = format!("no NetworkPolicy selects {pod} for {direction:?}, so everything passes");
            return Verdict::new(Answer::Absent, None, why);
        };
        match self.rule_for(port) {
            Some(object) => Verdict::allows(&object.title, self.open(port)),
            None => Verdict::refuses(&first.title, self.closed(port)),
        }
    }

    fn open(&self, port: Port) -> String {
        let (pod, other) = (&self.side.pod.name, &self.other.name);
        match self.side.direction {
            Direction::Egress => format!("{pod} may call {other}:{port}"),
            Direction::Ingress => format!("{pod}:{port} is open for {other}"),
        }
    }

    fn closed(&self, port: Port) -> String {
        let (pod, other) = (&self.side.pod.name, &self.other.name);
        match self.side.direction {
            Direction::Egress => {
                format!("{pod} may call only whom a rule names, and none names {other}:{port}")
            }
            Direction::Ingress => {
                format!("{pod} is open only for whom a rule names, and none names {other} on {port}")
            }
        }
    }

    /// Whether no port at all passes.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.is_free() && self.rules.is_empty()
    }

    /// Pods that no policy selects are open, and so are those on their node's network.
    fn is_free(&self) -> bool {
        self.side.pod.host_network || self.side.policies.is_empty()
    }

    fn rule_for(&self, port: Port) -> Option<&Object> {
        let callee = match self.side.direction {
            Direction::Ingress => self.side.pod,
            Direction::Egress => self.other,
        };
        let open = |rule: &RuleRef<'_>| {
            rule.ports.is_empty() || rule.ports.iter().any(|written| covers(written, callee, port))
        };
        self.rules.iter().find(|(_, rule)| open(rule)).map(|(object, _)| *object)
    }
}

/// Whether a peer means a place, for a policy of this namespace.
#[must_use]
pub fn means(peer: &Peer, namespace: &str, place: &Place) -> bool {
    if let Some(block) = &peer.ip_block {
        return block.contains(place.address);
    }
    let in_namespace = match &peer.namespace_selector {
        Some(selector) => selector.matches(&place.namespace_labels),
        None => place.namespace == namespace,
    };
    // The policies see a pod of the node's network as its node.
    let is_pod = place.is_pod() && !place.host_network;
    is_pod
        && in_namespace
        && peer.pod_selector.as_ref().is_none_or(|selector| selector.matches(&place.labels))
}

fn covers(written: &PolicyPort, callee: &Place, port: Port) -> bool {
    if written.protocol != port.protocol {
        return false;
    }
    let Some(name) = &written.port else { return true };
    callee.resolve(name, written.protocol).is_some_and(|first| {
        let last = written.end_port.unwrap_or(first);
        (first..=last).contains(&port.number)
    })
}
