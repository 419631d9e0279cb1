//! The objects of a render, read as far as this crate judges them.

mod access;
mod authorization_policy;
mod network;
mod peer_authentication;
mod request_authentication;
mod routing;
mod workload;

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::selector::Labels;

pub use access::{RoleBinding, RoleRef, RoleRule, Rules, Subject};
pub use authorization_policy::{Action, AuthorizationPolicy, Condition, Operation, Rule, Source};
pub use network::{Direction, IpBlock, NetworkPolicy, Peer, PolicyPort, PortName, RuleRef};
pub use peer_authentication::{Mode, MutualTls, PeerAuthentication};
pub use request_authentication::{FromHeader, JwtRule, RequestAuthentication, public_keys};
pub use routing::{
    Backend, DestinationRule, Egress, Gateway, HttpRoute, ScaleTarget, Scaler, Service, ServiceEntry,
    ServicePort, Sidecar, UriMatch, VirtualService,
};
pub use workload::{Container, ContainerPort, EnvFrom, EnvVar, Template, TemplateSpec, Volume, Workload};

/// A render that cannot be judged: which object, which field, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{object}: {problem}")]
pub struct Unreadable {
    /// Kind, namespace and name, as far as known.
    pub object: String,
    /// The field, and what to do.
    pub problem: String,
}

/// One object of the render.
#[derive(Clone, Debug)]
pub struct Object {
    /// `Kind namespace/name`.
    pub title: Arc<str>,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for what has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// What it says.
    pub spec: Spec,
    /// All of it, as it was written.
    pub source: Arc<Value>,
}

/// What an object says.
#[derive(Clone, Debug)]
pub enum Spec {
    /// A namespace; its labels say everything.
    Namespace,
    /// An identity.
    ServiceAccount,
    /// Something that makes pods.
    Workload(Box<Workload>),
    /// A name for pods.
    Service(Service),
    /// Settings.
    ConfigMap(Labels),
    /// Who may open a connection.
    NetworkPolicy(NetworkPolicy),
    /// Whether plaintext is let in.
    PeerAuthentication(PeerAuthentication),
    /// Which tokens are known.
    RequestAuthentication(RequestAuthentication),
    /// Who may call what.
    AuthorizationPolicy(AuthorizationPolicy),
    /// What the sidecars of a namespace know of.
    Sidecar(Sidecar),
    /// A door of the mesh.
    Gateway(Gateway),
    /// Routes.
    VirtualService(VirtualService),
    /// How a host is called.
    DestinationRule(DestinationRule),
    /// A host outside.
    ServiceEntry(ServiceEntry),
    /// How many pods.
    Scaler(Scaler),
    /// How many pods must stay.
    DisruptionBudget(crate::selector::LabelSelector),
    /// What a role may do.
    Role(Rules),
    /// Who has a role.
    RoleBinding(RoleBinding),
    /// Something that has no part in who may call whom.
    Other,
}

/// Kinds that change nothing of who may call whom, with their API groups. Any other is refused until it is read here.
const BYSTANDERS: &[(&str, &str)] = &[
    ("", "LimitRange"),
    ("", "PersistentVolumeClaim"),
    ("", "ResourceQuota"),
    ("", "Secret"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("cert-manager.io", "Certificate"),
    ("cert-manager.io", "ClusterIssuer"),
    ("cert-manager.io", "Issuer"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "SecretStore"),
    ("monitoring.coreos.com", "PodMonitor"),
    ("monitoring.coreos.com", "PrometheusRule"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("networking.istio.io", "ProxyConfig"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("telemetry.istio.io", "Telemetry"),
    ("trust.cert-manager.io", "Bundle"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: Labels,
}

/// The objects of a multi-document YAML text.
pub fn read(yaml: &str) -> Result<Vec<Arc<Object>>, Unreadable> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml)
        .map_err(|e| Unreadable { object: "the render".into(), problem: format!("no YAML: {e}") })?;
    if documents.is_empty() {
        let problem = "it holds no object; was it rendered?".into();
        return Err(Unreadable { object: "the render".into(), problem });
    }
    documents.into_iter().map(|document| Object::read(document).map(Arc::new)).collect()
}

impl Object {
    /// Reads one object; refuses kinds and policy fields that it does not know.
    pub fn read(source: Value) -> Result<Self, Unreadable> {
        let head: Head = typed(&source, "an object")?;
        let Metadata { name, namespace, labels } = head.metadata;
        let title = match namespace.as_str() {
            "" => format!("{} {name}", head.kind),
            _ => format!("{} {namespace}/{name}", head.kind),
        };
        let spec = spec(&head.api_version, &head.kind, &source, &title)?;
        let (title, source) = (title.into(), Arc::new(source));
        Ok(Self { title, kind: head.kind, namespace, name, labels, spec, source })
    }
}

fn spec(api_version: &str, kind: &str, source: &Value, title: &str) -> Result<Spec, Unreadable> {
    let (group, _) = api_version.split_once('/').unwrap_or(("", api_version));
    Ok(match (group, kind) {
        ("", "Namespace") => Spec::Namespace,
        ("", "ServiceAccount") => Spec::ServiceAccount,
        ("", "ConfigMap") => Spec::ConfigMap(at(source, "/data", title)?),
        ("", "Service") => Spec::Service(at(source, "/spec", title)?),
        ("", "Pod") | ("apps" | "batch", _) => Spec::Workload(Box::new(Workload::read(kind, source, title)?)),
        ("networking.k8s.io", "NetworkPolicy") => Spec::NetworkPolicy(policy(source, title)?),
        ("security.istio.io", "PeerAuthentication") => Spec::PeerAuthentication(policy(source, title)?),
        ("security.istio.io", "RequestAuthentication") => Spec::RequestAuthentication(policy(source, title)?),
        ("security.istio.io", "AuthorizationPolicy") => Spec::AuthorizationPolicy(policy(source, title)?),
        ("networking.istio.io", "Sidecar") => Spec::Sidecar(policy(source, title)?),
        ("networking.istio.io", "Gateway") => Spec::Gateway(at(source, "/spec", title)?),
        ("networking.istio.io", "VirtualService") => Spec::VirtualService(at(source, "/spec", title)?),
        ("networking.istio.io", "DestinationRule") => Spec::DestinationRule(at(source, "/spec", title)?),
        ("networking.istio.io", "ServiceEntry") => Spec::ServiceEntry(at(source, "/spec", title)?),
        ("autoscaling", "HorizontalPodAutoscaler") => Spec::Scaler(at(source, "/spec", title)?),
        ("policy", "PodDisruptionBudget") => Spec::DisruptionBudget(at(source, "/spec/selector", title)?),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => Spec::Role(at(source, "/rules", title)?),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            Spec::RoleBinding(at(source, "", title)?)
        }
        known if BYSTANDERS.contains(&known) => Spec::Other,
        _ => {
            let problem = format!(
                "{api_version} {kind} is not known here; it might open a way, so crates/policy must learn it first"
            );
            return Err(Unreadable { object: title.into(), problem });
        }
    })
}

/// What a policy says and this crate cannot judge, although each field is known.
pub trait Policy {
    /// A sentence about the first of it.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// A policy object: nothing in it is passed over.
fn policy<T: DeserializeOwned + Default + Policy>(source: &Value, title: &str) -> Result<T, Unreadable> {
    const KNOWN: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
    let stranger =
        source.as_object().and_then(|object| object.keys().find(|key| !KNOWN.contains(&key.as_str())));
    if let Some(key) = stranger {
        return Err(Unreadable {
            object: title.into(),
            problem: format!("the field {key} is not understood"),
        });
    }
    // A policy without a spec is one with an empty spec.
    let policy: T = match source.get("spec") {
        None | Some(Value::Null) => T::default(),
        Some(spec) => {
            typed(spec, title).map_err(|e| Unreadable { problem: format!("spec.{}", e.problem), ..e })?
        }
    };
    match policy.problem() {
        None => Ok(policy),
        Some(problem) => Err(Unreadable { object: title.into(), problem }),
    }
}

fn at<T: DeserializeOwned>(source: &Value, pointer: &str, title: &str) -> Result<T, Unreadable> {
    let nothing = Value::Object(serde_json::Map::new());
    typed(source.pointer(pointer).unwrap_or(&nothing), title)
}

fn typed<T: DeserializeOwned>(value: &Value, title: &str) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        Unreadable { object: title.into(), problem: format!("{path}: {}", error.into_inner()) }
    })
}
