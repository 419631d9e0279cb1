//! What leads traffic somewhere.

use serde::Deserialize;

use super::Policy;
use super::network::PortName;
use crate::request::Protocol;
use crate::selector::{Labels, WorkloadSelector};

/// `spec` of a Service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// How it can be reached; ClusterIP unless said.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its pods.
    #[serde(default)]
    pub selector: Labels,
    /// Its ports.
    #[serde(default)]
    pub ports: Vec<ServicePort>,
    /// Addresses outside that lead here.
    #[serde(default, rename = "externalIPs")]
    pub external_ips: Vec<String>,
}

/// A port of a Service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Its name, which may say the protocol.
    #[serde(default)]
    pub name: String,
    /// The protocol.
    pub app_protocol: Option<String>,
    /// Its number.
    pub port: u16,
    /// The pod's port; the same number when not said.
    pub target_port: Option<PortName>,
    /// The transport.
    #[serde(default)]
    pub protocol: Protocol,
    /// A port of every node.
    pub node_port: Option<u16>,
}

/// Protocols that Istio reads as HTTP.
const HTTP: &[&str] = &["http", "http2", "grpc", "grpc-web"];
/// Others that it knows.
const STREAMS: &[&str] = &["tcp", "tls", "https", "mongo", "mysql", "redis", "udp"];

impl ServicePort {
    fn written_protocol(&self) -> &str {
        match &self.app_protocol {
            Some(protocol) => protocol,
            None if self.name.starts_with("grpc-web") => "grpc-web",
            None => self.name.split('-').next().unwrap_or_default(),
        }
    }

    /// Whether rules about methods, paths and tokens work there.
    #[must_use]
    pub fn is_http(&self) -> bool {
        HTTP.contains(&self.written_protocol())
    }

    /// Whether it says what it speaks.
    #[must_use]
    pub fn says_protocol(&self) -> bool {
        self.is_http() || STREAMS.contains(&self.written_protocol())
    }
}

/// `spec` of a Sidecar.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sidecar {
    /// Which pods.
    #[serde(default, deserialize_with = "by_labels")]
    pub workload_selector: Option<WorkloadSelector>,
    /// What to do with unknown hosts.
    pub outbound_traffic_policy: Option<OutboundPolicy>,
    /// Known hosts.
    #[serde(default)]
    pub egress: Vec<Egress>,
}

impl Policy for Sidecar {}

/// A Sidecar's selector says `labels` where policies say `matchLabels`.
fn by_labels<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<WorkloadSelector>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        #[serde(default)]
        labels: Labels,
    }
    let written = Option::<Written>::deserialize(from)?;
    Ok(written.map(|Written { labels }| WorkloadSelector { match_labels: labels }))
}

/// What to do with unknown hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundPolicy {
    /// `REGISTRY_ONLY` or `ALLOW_ANY`.
    pub mode: String,
}

/// Known hosts, as `namespace/name`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// Their names.
    pub hosts: Vec<String>,
}

/// `spec` of a Gateway.
#[derive(Clone, Debug, Deserialize)]
pub struct Gateway {
    /// The gateway's pods.
    #[serde(default)]
    pub selector: Labels,
    /// Its doors.
    #[serde(default)]
    pub servers: Vec<Server>,
}

/// One door of a gateway.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// The names under which it is there.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// `spec` of a VirtualService.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct VirtualService {
    /// Whose requests it leads; the mesh's when not said.
    #[serde(default)]
    pub gateways: Vec<String>,
    /// For which names.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// HTTP routes.
    #[serde(default)]
    pub http: Vec<HttpRoute>,
}

/// A route of HTTP requests.
#[derive(Clone, Debug, Deserialize)]
pub struct HttpRoute {
    /// Any of these; everything when there is none.
    #[serde(default, rename = "match")]
    pub matches: Vec<UriMatch>,
    /// Where it leads.
    #[serde(default)]
    pub route: Vec<Backend>,
    /// How often a request is repeated.
    pub retries: Option<Retries>,
}

/// How often a request is repeated; twice when nothing is said.
#[derive(Clone, Debug, Deserialize)]
pub struct Retries {
    /// How often.
    pub attempts: Option<u32>,
}

/// What a route asks of a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UriMatch {
    /// The path.
    pub uri: Option<Uri>,
}

/// How a path is compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Uri {
    /// Whole.
    Exact(String),
    /// By its beginning.
    Prefix(String),
}

impl UriMatch {
    /// Whether it takes a path.
    #[must_use]
    pub fn takes(&self, path: &str) -> bool {
        match &self.uri {
            None => true,
            Some(Uri::Exact(exact)) => path == exact,
            Some(Uri::Prefix(prefix)) => path.starts_with(prefix),
        }
    }

    /// A path that it takes.
    #[must_use]
    pub fn example(&self) -> String {
        match &self.uri {
            None => "/anything".into(),
            Some(Uri::Exact(exact)) => exact.clone(),
            Some(Uri::Prefix(prefix)) => format!("{prefix}x"),
        }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, Deserialize)]
pub struct Backend {
    /// The host.
    pub destination: Destination,
}

/// A host and a port.
#[derive(Clone, Debug, Deserialize)]
pub struct Destination {
    /// The host's name, short or whole.
    pub host: String,
    /// The Service's port.
    pub port: Option<DestinationPort>,
}

/// A Service's port.
#[derive(Clone, Debug, Deserialize)]
pub struct DestinationPort {
    /// Its number.
    pub number: u16,
}

/// `spec` of a DestinationRule.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationRule {
    /// How it is called.
    #[serde(default)]
    pub traffic_policy: serde_json::Value,
    /// Subsets have policies of their own.
    #[serde(default)]
    pub subsets: serde_json::Value,
}

/// `spec` of a ServiceEntry.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceEntry {
    /// Its names.
    pub hosts: Vec<String>,
    /// Its addresses.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Its ports.
    #[serde(default)]
    pub ports: Vec<EntryPort>,
}

/// A port of a host outside.
#[derive(Clone, Debug, Deserialize)]
pub struct EntryPort {
    /// Its number.
    pub number: u16,
}

/// `spec` of a HorizontalPodAutoscaler.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scaler {
    /// Whom it scales.
    pub scale_target_ref: ScaleTarget,
    /// Never fewer.
    pub min_replicas: Option<u32>,
}

/// Whom an autoscaler scales.
#[derive(Clone, Debug, Deserialize)]
pub struct ScaleTarget {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}
