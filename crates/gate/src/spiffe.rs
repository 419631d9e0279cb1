//! Workload identities: `spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>`.

use std::fmt;
use std::str::FromStr;

const SCHEME: &str = "spiffe://";
const MAX_ID: usize = 2048;
const MAX_TRUST_DOMAIN: usize = 255;
const MAX_LABEL: usize = 63;
const MAX_SUBDOMAIN: usize = 253;

/// A workload's identity. One identity has one spelling, so equality is equality of text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    trust_domain: String,
    namespace: String,
    service_account: String,
}

/// The text is not a SPIFFE id of the one form that we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>, in lower case")]
pub struct NotSpiffeId;

impl SpiffeId {
    /// The identity of a service account in a namespace.
    ///
    /// # Errors
    /// When a part is not a name that SPIFFE and Kubernetes allow.
    pub fn new(trust_domain: &str, namespace: &str, service_account: &str) -> Result<Self, NotSpiffeId> {
        let good = is_trust_domain(trust_domain)
            && namespace.len() <= MAX_LABEL
            && is_label(namespace)
            && is_subdomain(service_account);
        if !good {
            return Err(NotSpiffeId);
        }
        Ok(Self {
            trust_domain: trust_domain.to_owned(),
            namespace: namespace.to_owned(),
            service_account: service_account.to_owned(),
        })
    }

    /// The trust domain, such as `cluster.local`.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// The Kubernetes namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The Kubernetes service account.
    #[must_use]
    pub fn service_account(&self) -> &str {
        &self.service_account
    }
}

impl FromStr for SpiffeId {
    type Err = NotSpiffeId;

    fn from_str(text: &str) -> Result<Self, NotSpiffeId> {
        if text.len() > MAX_ID {
            return Err(NotSpiffeId);
        }
        let rest = text.strip_prefix(SCHEME).ok_or(NotSpiffeId)?;
        let mut parts = rest.split('/');
        let (Some(domain), Some("ns"), Some(namespace), Some("sa"), Some(account), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotSpiffeId);
        };
        Self::new(domain, namespace, account)
    }
}

impl TryFrom<&str> for SpiffeId {
    type Error = NotSpiffeId;

    fn try_from(text: &str) -> Result<Self, NotSpiffeId> {
        text.parse()
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trust_domain, namespace, service_account } = self;
        write!(f, "{SCHEME}{trust_domain}/ns/{namespace}/sa/{service_account}")
    }
}

// SPIFFE allows `a-z0-9.-_`. Empty labels are refused too: `a..b` and `a.` have look-alikes.
fn is_trust_domain(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    text.len() <= MAX_TRUST_DOMAIN
        && text.split('.').all(|label| !label.is_empty() && label.bytes().all(allowed))
}

fn is_label(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= MAX_SUBDOMAIN && text.split('.').all(is_label)
}
