//! Mutual TLS 1.3 between workloads, outside a mesh.

mod current;
mod error;
mod load;
mod server_identity;
mod trust;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::peer::Thumbprint;
use crate::refusal::Refusal;
use crate::spiffe::SpiffeId;
use server_identity::ServerIdentityVerifier;
use trust::Trust;

pub use current::Current;
pub use error::TlsError;

const ALPN: &[u8] = b"http/1.1";
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// A workload's certificate, its key, the CAs that it trusts and what they revoked: one value, loaded
/// and swapped whole.
#[derive(Debug)]
pub struct Identity {
    dir: PathBuf,
    own: Arc<CertifiedKey>,
    trust: Trust,
    id: SpiffeId,
    thumbprint: Thumbprint,
    not_after: i64,
}

impl Identity {
    /// What it is read from; `crl.pem` alone may be missing, and then nothing is revoked.
    pub const FILES: [&str; 4] = ["cert.pem", "key.pem", "ca.pem", "crl.pem"];

    /// Reads [`Self::FILES`] from a directory.
    ///
    /// # Errors
    /// When a file is missing or broken, or certificate and key are not a pair.
    pub fn load(dir: &Path) -> Result<Self, TlsError> {
        load::identity(dir)
    }

    /// Our own workload identity.
    #[must_use]
    pub fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// The thumbprint of our own certificate, for tokens that are bound to it.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// When our certificate ends, in seconds since the epoch.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.not_after
    }

    /// Whether clients that trust our CA will accept us now: asked before it comes into force, so that
    /// an expired or foreign certificate is one clear message instead of many failed handshakes.
    ///
    /// # Errors
    /// When the certificate is expired, not from `ca.pem`, or not meant for a server; or when `crl.pem`
    /// is not what our CA signed.
    pub fn check_as_server(&self, now: i64) -> Result<(), TlsError> {
        self.trust.check_server(&self.own.cert, unix(now)).map_err(|e| self.refused(&e))
    }

    /// Whether servers that trust our CA will accept us now.
    ///
    /// # Errors
    /// As [`Self::check_as_server`], for a certificate that is meant for a client.
    pub fn check_as_client(&self, now: i64) -> Result<(), TlsError> {
        self.trust.check_client(&self.own.cert, unix(now)).map_err(|e| self.refused(&e))
    }

    /// Whether a client that showed these certificates some time ago would still be let in.
    ///
    /// # Errors
    /// When it would not: revoked, expired, or its CA is no longer trusted.
    pub fn accepts_client(&self, shown: &[CertificateDer<'_>], now: i64) -> Result<(), Refusal> {
        let (leaf, rest) = shown.split_first().ok_or(Refusal::NoPeerIdentity)?;
        let judged = self.trust.clients.verify_client_cert(leaf, rest, unix(now));
        judged.map(|_| ()).map_err(|_| Refusal::PeerUntrusted)
    }

    fn refused(&self, cause: &rustls::Error) -> TlsError {
        TlsError::NotTrusted { dir: self.dir.clone(), cause: cause.to_string() }
    }

    /// A client that shows our certificate and talks to exactly one workload: chain and DNS name
    /// must be right, and the server's SPIFFE id must be the expected one.
    ///
    /// # Errors
    /// When rustls refuses the set-up.
    pub fn client_config(&self, expected_server: SpiffeId) -> Result<ClientConfig, TlsError> {
        let servers = Arc::clone(&self.trust.servers);
        self.client(Arc::new(ServerIdentityVerifier::new(servers, expected_server)))
    }

    /// A client for a server that is no workload of ours: chain and DNS name must be right, and nothing is
    /// asked of its SPIFFE id. Whoever has a certificate of our CA for that name can be it.
    ///
    /// # Errors
    /// When rustls refuses the set-up.
    pub fn client_config_by_name(&self) -> Result<ClientConfig, TlsError> {
        self.client(Arc::clone(&self.trust.servers) as Arc<dyn ServerCertVerifier>)
    }

    fn client(&self, verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, TlsError> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(rustls_error)?
            // rustls calls every verifier that it is given dangerous; these are its own, and one that adds to it.
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&self.own))));
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }
}

/// A server that demands a client certificate from a CA of the identity in force, which is asked for
/// at each handshake. No session is resumed, so every connection meets the full certificate check.
///
/// # Errors
/// When rustls refuses the set-up.
pub fn server_config(current: Current) -> Result<ServerConfig, TlsError> {
    let clients = Arc::new(current.clone());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(rustls_error)?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(current));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// A client behind a sidecar, which ends TLS: it trusts nobody, so it cannot speak TLS by mistake.
///
/// # Errors
/// When rustls refuses the set-up.
pub fn client_config_of_sidecar() -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS);
    let builder = builder.map_err(rustls_error)?.with_root_certificates(RootCertStore::empty());
    Ok(builder.with_no_client_auth())
}

// Given explicitly everywhere: a process-wide default would be decided by whoever comes first.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn unix(now: i64) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.try_into().unwrap_or(0)))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn rustls_error(error: impl ToString) -> TlsError {
    TlsError::Rustls(error.to_string())
}
