//! The network's rules.

use crate::check::World;
use crate::cidr::Cidr;
use crate::finding::Findings;
use crate::layer::network::means;
use crate::object::{Direction, NetworkPolicy, Object, Peer, Spec};

const BOTH: [Direction; 2] = [Direction::Ingress, Direction::Egress];

fn policies<'a>(world: &World<'a>) -> impl Iterator<Item = (&'a Object, &'a NetworkPolicy)> {
    world.render.all(|spec| if let Spec::NetworkPolicy(policy) = spec { Some(policy) } else { None })
}

/// N1: every namespace closes both directions for every pod.
pub(super) fn default_deny(world: &World<'_>, findings: &mut Findings) {
    for namespace in &world.universe.own {
        let closes = |(object, policy): &(&Object, &NetworkPolicy)| {
            object.namespace == *namespace
                && policy.pod_selector.is_empty()
                && BOTH
                    .into_iter()
                    .all(|direction| policy.is_about(direction) && policy.rules(direction).is_empty())
        };
        if !policies(world).any(|policy| closes(&policy)) {
            let sentence = format!(
                "namespace {namespace} needs a NetworkPolicy with podSelector {{}}, both policyTypes and no rule"
            );
            findings.general("N1-default-deny", sentence);
        }
    }
}

/// N1: what a policy is about is written down, not left to defaults.
pub(super) fn written_out(world: &World<'_>, findings: &mut Findings) {
    for (object, policy) in policies(world) {
        if policy.policy_types.is_empty() {
            let sentence =
                "write policyTypes: without it the kind of rules decides, and an empty list closes nothing";
            findings.about("N1-policy-types", &object.title, sentence);
        }
        if BOTH
            .into_iter()
            .any(|direction| !policy.is_about(direction) && !policy.rules(direction).is_empty())
        {
            findings.about(
                "N1-policy-types",
                &object.title,
                "it has rules for a direction that policyTypes leaves out",
            );
        }
    }
}

/// N2: a peer names pods and their namespace together, or few addresses; a rule names peers and ports.
pub(super) fn narrow_peers(world: &World<'_>, findings: &mut Findings) {
    for (object, policy) in policies(world) {
        for rule in BOTH.into_iter().flat_map(|direction| policy.rules(direction)) {
            if rule.peers.is_empty() || rule.peers.iter().any(|peer| !is_narrow(peer)) {
                let sentence = "each peer needs a namespaceSelector and a podSelector that are not empty, in one list item";
                findings.about("N2-peer", &object.title, sentence);
            }
            if rule.ports.is_empty()
                || rule.ports.iter().any(|port| port.port.is_none() || port.end_port.is_some())
            {
                findings.about(
                    "N2-port",
                    &object.title,
                    "name each port: without one the rule opens all of them",
                );
            }
        }
    }
}

fn is_narrow(peer: &Peer) -> bool {
    match (&peer.namespace_selector, &peer.pod_selector, &peer.ip_block) {
        (Some(namespaces), Some(pods), None) => !namespaces.is_empty() && !pods.is_empty(),
        (None, None, Some(block)) => block.cidr.ends_with("/32") || block.cidr.ends_with("/128"),
        _ => false,
    }
}

/// N5: nothing opens a door beside the gateway.
pub(super) fn closed_doors(world: &World<'_>, findings: &mut Findings) {
    for (object, service) in world.render.services() {
        let exposed = service.kind.as_deref().is_some_and(|kind| kind != "ClusterIP");
        if exposed
            || !service.external_ips.is_empty()
            || service.ports.iter().any(|port| port.node_port.is_some())
        {
            findings.about(
                "N5-exposed",
                &object.title,
                "make it a ClusterIP: the world comes in through the gateway",
            );
        }
    }
    for (object, workload) in world.render.workloads() {
        let spec = &workload.template.spec;
        let mut ports =
            spec.containers.iter().chain(&spec.init_containers).flat_map(|container| &container.ports);
        if spec.host_network || ports.any(|port| port.host_port.is_some()) {
            let sentence =
                "take hostNetwork and hostPort away: NetworkPolicies do not hold on the node's network";
            findings.about("N5-host", &object.title, sentence);
        }
    }
}

/// N7: a policy selects a pod, and each of its peers means somebody.
pub(super) fn selects_something(world: &World<'_>, findings: &mut Findings) {
    let pods = world.render.pods();
    for (object, policy) in policies(world) {
        let selected = |pod: &&crate::place::Place| {
            pod.namespace == object.namespace && policy.pod_selector.matches(&pod.labels)
        };
        if !pods.iter().any(|pod| selected(&pod)) {
            findings.about(
                "N7-dangling",
                &object.title,
                "it selects no pod of the render; correct podSelector or delete it",
            );
        }
        let rules = BOTH.into_iter().flat_map(|direction| policy.rules(direction));
        for peer in rules.flat_map(|rule| rule.peers) {
            if !means_somebody(world, peer, &object.namespace) {
                let sentence =
                    "a peer means nobody whom the render or the call graph knows; correct it or delete it";
                findings.about("N7-dangling-peer", &object.title, sentence);
            }
        }
    }
}

fn means_somebody(world: &World<'_>, peer: &Peer, namespace: &str) -> bool {
    use crate::place::Origin;
    if let Some(block) = &peer.ip_block {
        return Cidr::parse(&block.cidr).is_some_and(|range| world.universe.has_address(range));
    }
    let known = |origin: Origin| matches!(origin, Origin::Workload | Origin::Elsewhere);
    world.universe.places.iter().any(|place| known(place.origin) && means(peer, namespace, place))
}
