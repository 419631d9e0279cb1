//! What a caller asks, and what it shows.

use serde::{Deserialize, Serialize};

/// A transport of the network.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP, which is meant when nothing is said.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A port of a pod, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// Its transport.
    pub protocol: Protocol,
}

impl Port {
    /// A TCP port.
    #[must_use]
    pub const fn tcp(number: u16) -> Self {
        Self { number, protocol: Protocol::Tcp }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.protocol {
            Protocol::Tcp => write!(f, "{}", self.number),
            Protocol::Udp => write!(f, "{}/UDP", self.number),
            Protocol::Sctp => write!(f, "{}/SCTP", self.number),
        }
    }
}

/// Whose certificate a caller's sidecar shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Who vouches.
    pub trust_domain: String,
    /// The namespace.
    pub namespace: String,
    /// The service account.
    pub account: String,
}

/// The trust domain of this mesh (istio/install.yaml).
pub const TRUST_DOMAIN: &str = "cluster.local";

impl Identity {
    /// One of this mesh.
    #[must_use]
    pub fn new(namespace: &str, account: &str) -> Self {
        Self { trust_domain: TRUST_DOMAIN.into(), namespace: namespace.into(), account: account.into() }
    }

    /// From `namespace/account`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_once('/').map(|(namespace, account)| Self::new(namespace, account))
    }

    /// As policies write it.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("{}/ns/{}/sa/{}", self.trust_domain, self.namespace, self.account)
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.trust_domain.as_str() {
            TRUST_DOMAIN => write!(f, "{}/{}", self.namespace, self.account),
            other => write!(f, "{}/{} of trust domain {other}", self.namespace, self.account),
        }
    }
}

/// A bearer token.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub audience: String,
    /// Signed by the charge key, and in time.
    #[serde(skip, default = "yes")]
    pub genuine: bool,
}

fn yes() -> bool {
    true
}

/// One HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, without a query.
    pub path: String,
    /// The name in `Host`.
    pub host: String,
    /// What it shows.
    pub token: Option<Token>,
}
