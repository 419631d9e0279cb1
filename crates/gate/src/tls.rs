//! Mutual TLS 1.3 between workloads, outside a mesh.

mod load;
mod server_identity;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::peer::Thumbprint;
use crate::spiffe::SpiffeId;
use server_identity::ServerIdentityVerifier;

const ALPN: &[u8] = b"http/1.1";
const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Why an identity cannot be used. The messages name the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file could not be read.
    #[error("cannot read {}: {source}; create it with `antaeusctl pki init`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{} holds no {expected}; renew it with `antaeusctl pki init --force`", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// Certificate and private key are not a pair.
    #[error(
        "cert.pem and key.pem in {} are not a pair; renew them with `antaeusctl pki init --force`",
        dir.display()
    )]
    NotAPair {
        /// Where both stand.
        dir: PathBuf,
    },
    /// Nobody who trusts the CA beside it would accept the certificate as a server's.
    #[error(
        "the certificate in {} is refused under its own ca.pem ({cause}); \
         renew it with `antaeusctl pki init --force`",
        dir.display()
    )]
    NotTrusted {
        /// Where the certificate stands.
        dir: PathBuf,
        /// What the check said.
        cause: String,
    },
    /// rustls refused the set-up.
    #[error("TLS cannot be set up: {0}")]
    Rustls(String),
}

/// A workload's certificate, its key, and the CA that it trusts: one pair, loaded and swapped whole.
#[derive(Debug)]
pub struct Identity {
    dir: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
    id: SpiffeId,
    thumbprint: Thumbprint,
    not_after: i64,
}

impl Identity {
    /// Reads `cert.pem`, `key.pem` and `ca.pem` from a directory.
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

    /// Whether clients that trust our CA will accept us now: asked at the start, so that an expired
    /// or foreign certificate is one clear message instead of many failed handshakes.
    ///
    /// # Errors
    /// When the certificate is expired, not from `ca.pem`, or not meant for a server.
    pub fn check_as_server(&self, now: i64) -> Result<(), TlsError> {
        load::check_as_server(self, now)
    }

    /// A server that demands a client certificate from our CA. No session is resumed, so every
    /// connection meets the full certificate check.
    ///
    /// # Errors
    /// When rustls refuses the pair.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider())
            .build()
            .map_err(rustls_error)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(rustls_error)?
            .with_client_cert_verifier(clients)
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(rustls_error)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }

    /// A client that shows our certificate and talks to exactly one workload: chain and DNS name
    /// must be right, and the server's SPIFFE id must be the expected one.
    ///
    /// # Errors
    /// When rustls refuses the pair.
    pub fn client_config(&self, expected_server: SpiffeId) -> Result<ClientConfig, TlsError> {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), provider())
            .build()
            .map_err(rustls_error)?;
        let verifier = ServerIdentityVerifier::new(webpki, expected_server);
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(rustls_error)?
            // rustls calls every own verifier dangerous; this one only adds to its own.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())
            .map_err(rustls_error)?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(config)
    }
}

// Given explicitly everywhere: a process-wide default would be decided by whoever comes first.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn rustls_error(error: impl ToString) -> TlsError {
    TlsError::Rustls(error.to_string())
}
