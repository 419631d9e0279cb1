//! Everybody who could call or be called: what the render makes, what the call graph names, and everything that
//! somebody could make beside it: every set of labels in every namespace, every account, no account at all.

use std::collections::{BTreeMap, BTreeSet};

use crate::cidr::Cidr;
use crate::graph::{CallGraph, Elsewhere};
use crate::layer::mesh::SIDECAR_PORTS;
use crate::object::Spec;
use crate::place::{METADATA_ADDRESS, Origin, POD_ADDRESS, Place, STRANGE_ADDRESS};
use crate::render::{Render, injected, with_name};
use crate::request::{Identity, Port, Protocol};
use crate::selector::{Labels, NAME};

/// A namespace that is neither ours nor named anywhere.
pub const STRANGE_NAMESPACE: &str = "elsewhere";
/// A port that nobody names.
pub const STRANGE_PORT: u16 = 65_001;
/// The end of an account's name that is almost that of a caller.
pub const NEAR_MISS: &str = "-x";
/// What a pod without labels is called.
pub const UNLABELLED: &str = "(a pod without labels)";

/// Everybody, every port, every identity.
pub struct Universe {
    /// Pods and addresses.
    pub places: Vec<Place>,
    /// Ports that are asked of each.
    pub ports: Vec<Port>,
    /// Identities that callers show; none is plaintext.
    pub identities: Vec<Option<Identity>>,
    /// Our namespaces.
    pub own: BTreeSet<String>,
}

impl Universe {
    /// Of a render and its call graph.
    #[must_use]
    pub fn new(render: &Render, graph: &CallGraph) -> Self {
        let pods = render.pods();
        let spaces = namespaces(render, graph);
        let mut places = outside();
        places.extend(entries(render, graph, &pods));
        let sets = label_sets(render, graph, &pods);
        for (namespace, labels) in &spaces {
            places
                .extend(sets.iter().map(|(name, set)| imagined(namespace, labels, name, set, &pods, graph)));
        }
        let named: BTreeSet<(String, String)> =
            places.iter().map(|place| (place.namespace.clone(), place.name.clone())).collect();
        // Two workloads of one name, or one without the label that names it.
        let left_out =
            pods.into_iter().filter(|pod| !named.contains(&(pod.namespace.clone(), called(pod, graph))));
        places.extend(left_out.collect::<Vec<_>>());
        let own = render.namespaces().into_keys().map(str::to_owned).collect();
        let identities = identities(&places, &spaces, graph);
        Self { ports: ports(&places, graph), identities, places, own }
    }

    /// The places of our own namespaces, whose policies the render holds.
    pub fn ours(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.is_pod() && self.own.contains(&place.namespace))
    }

    /// A place by its name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.name == name)
    }
}

fn outside() -> Vec<Place> {
    vec![
        Place::outside("the internet", STRANGE_ADDRESS),
        Place::outside("the cloud's metadata service", METADATA_ADDRESS),
    ]
}

/// What lies outside by a ServiceEntry, where no workload of the render stands for it.
fn entries(render: &Render, graph: &CallGraph, pods: &[Place]) -> Vec<Place> {
    let mut found: BTreeMap<String, Place> = BTreeMap::new();
    let missing =
        |elsewhere: &&Elsewhere| !pods.iter().any(|pod| Some(&pod.name) == elsewhere.workload.as_ref());
    for elsewhere in graph.elsewhere.iter().filter(missing) {
        let all = render.all(|spec| if let Spec::ServiceEntry(entry) = spec { Some(entry) } else { None });
        for (object, entry) in
            all.filter(|(object, _)| Some(&object.name) == elsewhere.service_entry.as_ref())
        {
            let addresses = entry.addresses.iter().filter_map(|text| text.split('/').next()?.parse().ok());
            for address in addresses {
                let place = found.entry(format!("{address}"));
                let place = place.or_insert_with(|| Place::outside(&elsewhere.name, address));
                place.known_in.push(object.namespace.clone());
            }
        }
    }
    found.into_values().collect()
}

fn namespaces(render: &Render, graph: &CallGraph) -> BTreeMap<String, Labels> {
    let own = render.namespaces().into_iter().map(|(name, labels)| (name.to_owned(), labels));
    let others =
        graph.elsewhere.iter().map(|elsewhere| elsewhere.namespace.as_str()).filter(|name| !name.is_empty());
    let others =
        others.chain([STRANGE_NAMESPACE]).map(|name| (name.to_owned(), with_name(&Labels::new(), name)));
    others.chain(own).collect()
}

/// Sets of labels by the name that they give a pod.
fn label_sets(render: &Render, graph: &CallGraph, pods: &[Place]) -> BTreeMap<String, Labels> {
    let mut sets = BTreeMap::from([(UNLABELLED.to_owned(), Labels::new())]);
    let policies =
        render.all(|spec| if let Spec::NetworkPolicy(policy) = spec { Some(policy) } else { None });
    for (_, policy) in policies {
        let selectors = policy.selectors();
        let values =
            selectors.into_iter().flat_map(|selector| selector.values_of(NAME).cloned().collect::<Vec<_>>());
        sets.extend(values.map(|name| (name.clone(), named(&name))));
    }
    let written =
        graph.calls.iter().flat_map(|call| &call.callers).filter_map(|caller| caller.split_once('/'));
    sets.extend(written.filter(|(_, name)| *name != "*").map(|(_, name)| (name.to_owned(), named(name))));
    let elsewhere = graph.elsewhere.iter().filter(|elsewhere| !elsewhere.labels.is_empty());
    sets.extend(elsewhere.map(|elsewhere| (elsewhere.name.clone(), elsewhere.labels.clone())));
    sets.extend(pods.iter().map(|pod| (short(&pod.name).to_owned(), pod.labels.clone())));
    sets
}

fn named(name: &str) -> Labels {
    Labels::from([(NAME.to_owned(), name.to_owned())])
}

fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

/// A pod with a set of labels in a namespace: the render's own where it has it.
fn imagined(
    namespace: &str,
    namespace_labels: &Labels,
    name: &str,
    labels: &Labels,
    pods: &[Place],
    graph: &CallGraph,
) -> Place {
    let whole = format!("{namespace}/{name}");
    if let Some(pod) = pods.iter().find(|pod| pod.name == whole) {
        return Place { name: called(pod, graph), ..pod.clone() };
    }
    let known = graph.elsewhere(name).filter(|elsewhere| elsewhere.namespace == namespace);
    let ports = pods.iter().find(|pod| short(&pod.name) == name).map(|pod| pod.ports.clone());
    let account = known.and_then(|elsewhere| elsewhere.account.clone());
    Place {
        name: if known.is_some() { name.into() } else { whole },
        origin: if known.is_some() { Origin::Elsewhere } else { Origin::Imagined },
        namespace: namespace.into(),
        namespace_labels: namespace_labels.clone(),
        labels: labels.clone(),
        sidecar: account.is_some() || injected(namespace_labels, labels, &Labels::new()),
        account: account.unwrap_or_else(|| "default".into()),
        ports: ports.unwrap_or_default(),
        host_network: false,
        address: POD_ADDRESS,
        known_in: Vec::new(),
    }
}

/// The call graph's name for a pod of the render.
fn called(pod: &Place, graph: &CallGraph) -> String {
    let stands = graph.elsewhere.iter().find(|elsewhere| elsewhere.workload.as_ref() == Some(&pod.name));
    stands.map_or_else(|| pod.name.clone(), |elsewhere| elsewhere.name.clone())
}

/// Every account name in every namespace, one of another trust domain for each that may call, and none.
fn identities(
    places: &[Place],
    spaces: &BTreeMap<String, Labels>,
    graph: &CallGraph,
) -> Vec<Option<Identity>> {
    let mut accounts: BTreeSet<&str> =
        places.iter().filter(|place| place.is_pod()).map(|place| place.account.as_str()).collect();
    accounts.insert("default");
    let mut all: BTreeSet<Identity> = BTreeSet::new();
    for namespace in spaces.keys() {
        all.extend(accounts.iter().map(|account| Identity::new(namespace, account)));
    }
    let callers = graph.calls.iter().filter_map(crate::graph::Call::identity);
    for caller in callers {
        all.insert(Identity { trust_domain: "another.domain".into(), ..caller.clone() });
        all.insert(Identity { account: format!("{}{NEAR_MISS}", caller.account), ..caller.clone() });
        all.insert(caller);
    }
    std::iter::once(None).chain(all.into_iter().map(Some)).collect()
}

fn ports(places: &[Place], graph: &CallGraph) -> Vec<Port> {
    let mut ports: BTreeSet<Port> = SIDECAR_PORTS.into_iter().chain([STRANGE_PORT]).map(Port::tcp).collect();
    ports.extend(places.iter().flat_map(Place::own_ports));
    let called = graph.calls.iter().map(|call| call.port);
    ports.extend(
        called.flat_map(|number| [Protocol::Tcp, Protocol::Udp].map(|protocol| Port { number, protocol })),
    );
    ports.into_iter().collect()
}

impl Universe {
    /// Whether some place is in a range of addresses.
    #[must_use]
    pub fn has_address(&self, range: Cidr) -> bool {
        self.places.iter().any(|place| !place.known_in.is_empty() && range.contains(place.address))
    }
}
