//! Where calls come from and go to.

use std::net::{IpAddr, Ipv4Addr};

use crate::object::{ContainerPort, PortName};
use crate::request::{Identity, Port, Protocol};
use crate::selector::Labels;

/// The address that every pod is taken to have: a render does not know the real ones.
pub const POD_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 244, 7, 7));
/// An address that belongs to nobody we know.
pub const STRANGE_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));
/// Where clouds hand out their credentials.
pub const METADATA_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// How a place came into the judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The render makes pods of it.
    Workload,
    /// Nobody's yet: a pod that somebody could make.
    Imagined,
    /// The call graph names it; the render does not hold it.
    Elsewhere,
    /// Not in the cluster.
    Outside,
}

/// A pod, or an address outside.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the call graph calls it: `namespace/workload`, or its own word.
    pub name: String,
    /// How it came here.
    pub origin: Origin,
    /// The namespace; empty outside.
    pub namespace: String,
    /// The namespace's labels.
    pub namespace_labels: Labels,
    /// The pod's labels.
    pub labels: Labels,
    /// Whom it runs as.
    pub account: String,
    /// The ports of its containers.
    pub ports: Vec<ContainerPort>,
    /// Whether a sidecar speaks for it.
    pub sidecar: bool,
    /// Whether it is on its node's own network.
    pub host_network: bool,
    /// Its address.
    pub address: IpAddr,
    /// Whose callers know it by this name; everybody when empty.
    pub known_in: Vec<String>,
}

impl Place {
    /// An address that is no pod's.
    #[must_use]
    pub fn outside(name: &str, address: IpAddr) -> Self {
        Self {
            name: name.into(),
            origin: Origin::Outside,
            namespace: String::new(),
            namespace_labels: Labels::new(),
            labels: Labels::new(),
            account: String::new(),
            ports: Vec::new(),
            sidecar: false,
            host_network: false,
            address,
            known_in: Vec::new(),
        }
    }

    /// Whether it is a pod.
    #[must_use]
    pub fn is_pod(&self) -> bool {
        self.origin != Origin::Outside
    }

    /// What its sidecar shows of it.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.sidecar.then(|| Identity::new(&self.namespace, &self.account))
    }

    /// The number behind a name or number of a port, when it has such a port.
    #[must_use]
    pub fn resolve(&self, port: &PortName, protocol: Protocol) -> Option<u16> {
        match port {
            PortName::Number(number) => Some(*number),
            PortName::Name(name) => {
                let mut named = self.ports.iter().filter(|own| own.name == *name && own.protocol == protocol);
                named.next().map(|own| own.container_port)
            }
        }
    }

    /// Its ports.
    pub fn own_ports(&self) -> impl Iterator<Item = Port> {
        self.ports.iter().map(|own| Port { number: own.container_port, protocol: own.protocol })
    }
}
