//! The caller as the transport knows it: a verified client certificate, or the mesh's word.

mod certificate;
mod xfcc;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::sha256::Sha256;
use crate::spiffe::SpiffeId;

/// SHA-256 of a certificate's DER bytes; in tokens it is `cnf."x5t#S256"` (RFC 8705).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Thumbprint(Sha256);

impl Thumbprint {
    /// The thumbprint of a certificate given as DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::of(der))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who is at the other end of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its workload identity.
    pub id: SpiffeId,
    /// Its certificate, where we ended TLS ourselves; `None` behind a mesh's sidecar.
    pub thumbprint: Option<Thumbprint>,
    /// When that certificate ends, in seconds since the epoch.
    pub not_after: Option<i64>,
}

impl Peer {
    /// The peer of a TLS connection, from the certificate whose chain rustls has already verified.
    ///
    /// # Errors
    /// When it is not a leaf with exactly one URI name, a SPIFFE id of our form.
    pub fn from_certificate(der: &[u8]) -> Result<Self, Refusal> {
        let leaf = certificate::Leaf::parse(der).ok_or(Refusal::BadPeerIdentity)?;
        Ok(Self { id: leaf.id, thumbprint: Some(Thumbprint::of(der)), not_after: Some(leaf.not_after) })
    }

    /// A connection lasts longer than a handshake, and may outlive the certificate that opened it.
    ///
    /// # Errors
    /// When the certificate has ended by `now`.
    pub fn at(self, now: i64) -> Result<Self, Refusal> {
        if self.not_after.is_some_and(|end| now > end) { Err(Refusal::PeerExpired) } else { Ok(self) }
    }

    /// The peer that the mesh's sidecar vouches for, from the last `X-Forwarded-Client-Cert` line.
    ///
    /// Anybody can write that header, so it counts only when the TCP peer is the sidecar itself,
    /// which means loopback; and of several elements only the last one is the sidecar's.
    ///
    /// # Errors
    /// When the TCP peer is not loopback, or the last element does not hold exactly one SPIFFE id.
    pub fn from_xfcc(last_header_value: &str, peer_is_loopback: bool) -> Result<Self, Refusal> {
        if !peer_is_loopback || last_header_value.trim().is_empty() {
            return Err(Refusal::NoPeerIdentity);
        }
        let uri = xfcc::last_uri(last_header_value).ok_or(Refusal::BadPeerIdentity)?;
        let id = uri.parse().map_err(|_| Refusal::BadPeerIdentity)?;
        Ok(Self { id, thumbprint: None, not_after: None })
    }
}
