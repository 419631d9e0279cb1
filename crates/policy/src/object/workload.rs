//! What makes pods.

use serde::Deserialize;
use serde_json::Value;

use super::{Unreadable, at};
use crate::request::Protocol;
use crate::selector::{LabelSelector, Labels};

/// Something that makes pods: a Deployment, a Job, a Pod itself, ...
#[derive(Clone, Debug)]
pub struct Workload {
    /// Whose pods are its own; what has none adopts by other means.
    pub selector: Option<LabelSelector>,
    /// What its pods are like.
    pub template: Template,
}

/// What pods are like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Labels and annotations.
    pub metadata: TemplateMetadata,
    /// The rest.
    pub spec: TemplateSpec,
}

/// Labels and annotations of pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TemplateMetadata {
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// The rest of what pods are like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateSpec {
    /// Whom they run as.
    pub service_account_name: Option<String>,
    /// Whether they are on the node's own network.
    pub host_network: bool,
    /// Containers that come first, or run beside.
    pub init_containers: Vec<Container>,
    /// Containers.
    pub containers: Vec<Container>,
    /// Volumes.
    pub volumes: Vec<Volume>,
}

/// A container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its ports.
    pub ports: Vec<ContainerPort>,
    /// Single variables, which win.
    pub env: Vec<EnvVar>,
    /// Whole ConfigMaps or Secrets as variables.
    pub env_from: Vec<EnvFrom>,
    /// Where volumes are.
    pub volume_mounts: Vec<Mount>,
}

/// A port of a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its number.
    pub container_port: u16,
    /// A port of the node.
    pub host_port: Option<u16>,
    /// The transport.
    #[serde(default)]
    pub protocol: Protocol,
}

/// A variable.
#[derive(Clone, Debug, Deserialize)]
pub struct EnvVar {
    /// Its name.
    pub name: String,
    /// Its value, unless it comes from elsewhere.
    pub value: Option<String>,
}

/// Variables from elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvFrom {
    /// A ConfigMap.
    pub config_map_ref: Option<Named>,
}

/// A reference by name.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// Where a volume is in a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The volume.
    pub name: String,
    /// The folder.
    pub mount_path: String,
}

/// A volume.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Files from a ConfigMap.
    pub config_map: Option<Named>,
}

impl Workload {
    /// Reads what makes pods; refuses a kind that is not known.
    pub(super) fn read(kind: &str, source: &Value, title: &str) -> Result<Self, Unreadable> {
        let template = match kind {
            "Pod" => return Ok(Self { selector: None, template: at(source, "", title)? }),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => {
                let problem = format!(
                    "{kind} is not known here; it may make pods, so crates/policy must learn it first"
                );
                return Err(Unreadable { object: title.into(), problem });
            }
        };
        let selector =
            source.pointer("/spec/selector").map(|_| at(source, "/spec/selector", title)).transpose()?;
        Ok(Self { selector, template: at(source, template, title)? })
    }
}
