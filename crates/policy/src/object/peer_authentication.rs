//! PeerAuthentication.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Policy;
use crate::selector::WorkloadSelector;

/// `spec` of a PeerAuthentication.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerAuthentication {
    /// Which pods; all of the namespace when not said, and of the mesh in its root namespace.
    pub selector: Option<WorkloadSelector>,
    /// For all ports.
    #[serde(default)]
    pub mtls: MutualTls,
    /// For single ports, by their numbers on the pod.
    #[serde(default)]
    pub port_level_mtls: BTreeMap<String, MutualTls>,
}

/// Whether callers must show a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutualTls {
    /// How strict.
    #[serde(default)]
    pub mode: Mode,
}

/// How strict a PeerAuthentication is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// As the next wider policy says.
    #[default]
    Unset,
    /// Nobody shows a certificate.
    Disable,
    /// With or without.
    Permissive,
    /// Only with one.
    Strict,
}

impl Policy for PeerAuthentication {
    fn problem(&self) -> Option<String> {
        (!self.port_level_mtls.is_empty() && self.selector.is_none())
            .then(|| "spec.portLevelMtls has no effect without a selector".to_owned())
    }
}
