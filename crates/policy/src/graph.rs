//! The call graph: the intent, against which renders are held.

use serde::Deserialize;

use crate::layer::mesh::SIDECAR_PORTS;
use crate::object::{Spec, Unreadable};
use crate::pattern::path_matches;
use crate::place::{Origin, Place};
use crate::render::Render;
use crate::request::{Identity, Port, Protocol, Request, Token};
use crate::selector::Labels;

/// `policies/call-graph.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallGraph {
    /// Callees that each layer alone must guard.
    pub guarded: Vec<String>,
    /// Roles that may read Secrets, as `Role namespace/name`.
    #[serde(default)]
    pub secret_readers: Vec<String>,
    /// What the render does not hold.
    pub elsewhere: Vec<Elsewhere>,
    /// Who calls whom; nobody else may call anybody.
    pub calls: Vec<Call>,
}

/// Something that the render does not hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Its name in the calls.
    pub name: String,
    /// Its namespace.
    #[serde(default)]
    pub namespace: String,
    /// The labels of its pods.
    #[serde(default)]
    pub labels: Labels,
    /// Whom it runs as, in the mesh; none when it is not in it.
    pub account: Option<String>,
    /// Whether it is the mesh's door, which leads on only what a VirtualService names.
    #[serde(default)]
    pub door: bool,
    /// A workload that stands for it where the render has it.
    pub workload: Option<String>,
    /// Else the ServiceEntry that says where it is.
    pub service_entry: Option<String>,
}

/// Some callers may call one callee.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// `namespace/workload`, `namespace/*` for each of its pods, or a name from elsewhere.
    pub callers: Vec<String>,
    /// Whom they run as, `namespace/account`; said wherever the mesh asks.
    #[serde(rename = "as")]
    pub runs_as: Option<String>,
    /// `namespace/workload`, or a name from elsewhere.
    pub callee: String,
    /// The port of its pods.
    pub port: u16,
    /// What is spoken.
    pub transport: Transport,
    /// Not made where the render has this, of what is named elsewhere.
    pub unless: Option<String>,
    /// Made only where the render has this workload, `namespace/workload`.
    #[serde(rename = "where")]
    pub only_with: Option<String>,
    /// The token that each request shows.
    pub token: Option<Token>,
    /// The methods of HTTP.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The paths of HTTP, with `/*` at the end or `{*}` for one segment.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Why.
    pub why: String,
}

/// What is spoken.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP over TCP.
    Http,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl CallGraph {
    /// Reads and checks it.
    pub fn read(yaml: &str) -> Result<Self, Unreadable> {
        let bad = |problem: String| Unreadable { object: "the call graph".into(), problem };
        let graph: Self = serde_saphyr::from_str(yaml).map_err(|e| bad(e.to_string()))?;
        let unknown = |call: &Call| {
            let name = call.unless.as_deref().filter(|name| graph.elsewhere(name).is_none())?;
            Some(format!(
                "{}:{}: `unless` names {name}, which is not named elsewhere",
                call.callee, call.port
            ))
        };
        match graph.calls.iter().find_map(|call| call.problem().or_else(|| unknown(call))) {
            None => Ok(graph),
            Some(problem) => Err(bad(problem)),
        }
    }

    /// The calls that are made in a render: without those whose `unless` is there, or whose `where` is not.
    #[must_use]
    pub fn of(&self, render: &Render) -> Self {
        let is_there = |name: &String| self.elsewhere(name).is_some_and(|elsewhere| elsewhere.is_in(render));
        let runs = |name: &String| render.pods().iter().any(|pod| pod.name == *name);
        let calls = self.calls.iter().filter(|call| {
            !call.unless.as_ref().is_some_and(is_there) && call.only_with.as_ref().is_none_or(runs)
        });
        Self { calls: calls.cloned().collect(), ..self.clone() }
    }

    /// What lies elsewhere under this name.
    #[must_use]
    pub fn elsewhere(&self, name: &str) -> Option<&Elsewhere> {
        self.elsewhere.iter().find(|elsewhere| elsewhere.name == name)
    }
}

impl Elsewhere {
    fn is_in(&self, render: &Render) -> bool {
        let entry = render.objects.iter().any(|object| {
            matches!(object.spec, Spec::ServiceEntry(_)) && Some(&object.name) == self.service_entry.as_ref()
        });
        entry || render.pods().iter().any(|pod| Some(&pod.name) == self.workload.as_ref())
    }
}

impl Call {
    fn problem(&self) -> Option<String> {
        let Self { callee, port, transport, .. } = self;
        let is_http = *transport == Transport::Http;
        if [self.methods.is_empty(), self.paths.is_empty()] != [!is_http; 2] {
            return Some(format!("{callee}:{port}: http has methods and paths, and nothing else has"));
        }
        if is_http && self.runs_as.is_none() {
            return Some(format!("{callee}:{port}: say in `as` whom the callers run as"));
        }
        let named = self.runs_as.as_deref().map(Identity::parse);
        (named == Some(None)).then(|| format!("{callee}:{port}: `as` is namespace/account"))
    }

    /// The port with its transport.
    #[must_use]
    pub fn port(&self) -> Port {
        let protocol = if self.transport == Transport::Udp { Protocol::Udp } else { Protocol::Tcp };
        Port { number: self.port, protocol }
    }

    /// Whom the callers run as.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.runs_as.as_deref().and_then(Identity::parse)
    }

    /// Whether a place is one of the callers, to the network.
    #[must_use]
    pub fn is_from(&self, place: &Place) -> bool {
        place.is_pod() && self.callers.iter().any(|caller| names(caller, place))
    }

    /// Whether a place is the callee, to those who know it.
    #[must_use]
    pub fn is_to(&self, place: &Place, caller_namespace: &str) -> bool {
        let known = place.known_in.is_empty() || place.known_in.iter().any(|space| space == caller_namespace);
        self.callee == place.name && known
    }

    /// Whether pods are called by their own addresses: no Service leads to the ports of sidecars.
    #[must_use]
    pub fn is_by_address(&self) -> bool {
        SIDECAR_PORTS.contains(&self.port)
    }

    /// Whether it is about such a request.
    #[must_use]
    pub fn covers(&self, request: &Request) -> bool {
        (self.token.is_none() || self.token == request.token)
            && self.methods.contains(&request.method)
            && self.paths.iter().any(|pattern| path_matches(pattern, &request.path))
    }
}

fn names(caller: &str, place: &Place) -> bool {
    match caller.strip_suffix("/*") {
        Some(namespace) => place.namespace == namespace && place.origin != Origin::Elsewhere,
        None => caller == place.name,
    }
}
