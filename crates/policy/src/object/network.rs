//! NetworkPolicy.

use serde::Deserialize;

use super::Policy;
use crate::request::Protocol;
use crate::selector::LabelSelector;

/// `spec` of a NetworkPolicy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkPolicy {
    /// Which pods of its namespace it is about.
    #[serde(default)]
    pub pod_selector: LabelSelector,
    /// Which directions it is about.
    #[serde(default)]
    pub policy_types: Vec<Direction>,
    #[serde(default)]
    ingress: Vec<Ingress>,
    #[serde(default)]
    egress: Vec<Egress>,
}

/// A direction, seen from the selected pod.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Direction {
    /// To it.
    Ingress,
    /// From it.
    Egress,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ingress {
    #[serde(default)]
    from: Vec<Peer>,
    #[serde(default)]
    ports: Vec<PolicyPort>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Egress {
    #[serde(default)]
    to: Vec<Peer>,
    #[serde(default)]
    ports: Vec<PolicyPort>,
}

/// A rule of either direction. No peers: everybody. No ports: all of them.
#[derive(Clone, Copy, Debug)]
pub struct RuleRef<'a> {
    /// Who is at the other end.
    pub peers: &'a [Peer],
    /// Which ports.
    pub ports: &'a [PolicyPort],
}

/// Who is at the other end. Both selectors in one peer must hold together.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peer {
    /// Pods; without a namespace selector those of the policy's namespace.
    pub pod_selector: Option<LabelSelector>,
    /// Namespaces; an empty one means all.
    pub namespace_selector: Option<LabelSelector>,
    /// Addresses.
    pub ip_block: Option<IpBlock>,
}

/// A range of addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpBlock {
    /// The range.
    pub cidr: String,
    /// Ranges inside of it that are not meant.
    #[serde(default)]
    pub except: Vec<String>,
}

/// A port of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyPort {
    /// The transport, TCP unless said.
    #[serde(default)]
    pub protocol: Protocol,
    /// Number or name; every port of the transport when not said.
    pub port: Option<PortName>,
    /// The last of a range.
    pub end_port: Option<u16>,
}

/// A port by number, or by the name that a container gives it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum PortName {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

impl NetworkPolicy {
    /// Whether it isolates the pods that it selects in this direction. Unless it says so: always for ingress, and for
    /// egress when it has a rule for it.
    #[must_use]
    pub fn is_about(&self, direction: Direction) -> bool {
        match (self.policy_types.as_slice(), direction) {
            ([], Direction::Ingress) => true,
            ([], Direction::Egress) => !self.egress.is_empty(),
            (types, _) => types.contains(&direction),
        }
    }

    /// Its rules for one direction.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> Vec<RuleRef<'_>> {
        match direction {
            Direction::Ingress => {
                self.ingress.iter().map(|rule| RuleRef { peers: &rule.from, ports: &rule.ports }).collect()
            }
            Direction::Egress => {
                self.egress.iter().map(|rule| RuleRef { peers: &rule.to, ports: &rule.ports }).collect()
            }
        }
    }
}

impl Policy for NetworkPolicy {
    fn problem(&self) -> Option<String> {
        let rules =
            [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| self.rules(direction));
        rules
            .flat_map(|rule| {
                rule.peers.iter().filter_map(peer_problem).chain(rule.ports.iter().filter_map(port_problem))
            })
            .next()
            .map(str::to_owned)
    }
}

fn peer_problem(peer: &Peer) -> Option<&'static str> {
    match (&peer.ip_block, peer.pod_selector.is_some() || peer.namespace_selector.is_some()) {
        (None, false) => Some("a peer says nothing, which the API server refuses; name whom it means"),
        (Some(_), true) => {
            Some("ipBlock stands beside a selector, which the API server refuses; make it two peers")
        }
        (Some(block), false) if !block.is_valid() => {
            Some("ipBlock holds no range of addresses, or an exception outside of it")
        }
        _ => None,
    }
}

fn port_problem(port: &PolicyPort) -> Option<&'static str> {
    match (&port.port, port.end_port) {
        (None | Some(PortName::Name(_)), Some(_)) => Some("endPort needs a port by number before it"),
        (Some(PortName::Number(first)), Some(last)) if last < *first => Some("endPort is smaller than port"),
        _ => None,
    }
}

impl NetworkPolicy {
    /// Every selector of pods in it.
    #[must_use]
    pub fn selectors(&self) -> Vec<&LabelSelector> {
        let rules =
            [Direction::Ingress, Direction::Egress].into_iter().flat_map(|direction| self.rules(direction));
        let peers = rules.flat_map(|rule| rule.peers).filter_map(|peer| peer.pod_selector.as_ref());
        std::iter::once(&self.pod_selector).chain(peers).collect()
    }
}
