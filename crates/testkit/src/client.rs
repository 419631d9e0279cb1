//! Callers of the payment provider: the right one, and all the wrong ones.

use std::path::Path;
use std::sync::Arc;

use gate::keys::SigningKey;
use gate::tls::Identity;
use gate::token::charge::{AUDIENCE, ChargeSigner, ISSUER};
use gate::{SpiffeId, Thumbprint};
use rustls::{ClientConfig, RootCertStore};

use crate::Home;

/// SPIFFE id of invoice-app in tests.
pub const INVOICE_APP: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";
/// SPIFFE id of the payment provider in tests.
pub const PROVIDER: &str = "spiffe://cluster.local/ns/payments/sa/payment-provider";

/// A client that shows the certificate in a directory.
#[must_use]
pub fn with_certificate(dir: &Path) -> reqwest::Client {
    let identity = Identity::load(dir).expect("an identity");
    client(identity.client_config(id(PROVIDER)).expect("a TLS configuration"))
}

/// A client that trusts the CA in a directory and shows no certificate.
#[must_use]
pub fn without_certificate(dir: &Path) -> reqwest::Client {
    let pem = std::fs::read(dir.join("ca.pem")).expect("ca.pem");
    let mut roots = RootCertStore::empty();
    for der in certificates(&pem) {
        roots.add(der).expect("a CA certificate");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    client(config.expect("TLS").with_root_certificates(roots).with_no_client_auth())
}

fn certificates(pem: &[u8]) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

fn client(tls: ClientConfig) -> reqwest::Client {
    reqwest::Client::builder().tls_backend_preconfigured(tls).build().expect("a client")
}

/// A client for plain HTTP.
#[must_use]
pub fn plain() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    client(config.expect("TLS").with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// Signs as invoice-app does, with its key and bound to its certificate.
#[must_use]
pub fn signer(home: &Home) -> ChargeSigner {
    let identity = Identity::load(&home.path("pki/invoice-app")).expect("an identity");
    signer_with(&home.path("keys/charge/private.pem"), Some(identity.thumbprint()))
}

/// Signs with a key in a file, bound to a certificate.
#[must_use]
pub fn signer_with(key: &Path, thumbprint: Option<Thumbprint>) -> ChargeSigner {
    ChargeSigner {
        key: SigningKey::load(key).expect("a key"),
        issuer: ISSUER.into(),
        subject: id(INVOICE_APP),
        audience: AUDIENCE.into(),
        thumbprint,
    }
}

fn id(text: &str) -> SpiffeId {
    text.parse().expect("a SPIFFE id")
}
