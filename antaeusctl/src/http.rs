//! Asking over the network.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A client that trusts the CAs in a file, and without one speaks plain HTTP only. Each request says how long it waits.
pub(crate) fn client(ca_file: Option<&Path>) -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let roots = ca_file.map_or_else(|| Ok(RootCertStore::empty()), roots)?;
    let tls = tls.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().map_err(|e| e.to_string())
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let unreadable = |why: String| format!("cannot read CA certificates from {}: {why}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| unreadable(e.to_string()))? {
        let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
        roots.add(certificate).map_err(|e| unreadable(e.to_string()))?;
    }
    if roots.is_empty() { Err(unreadable("there are none".into())) } else { Ok(roots) }
}

/// What lies below an error: the layers above only say that something failed.
pub(crate) fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Runs what a command asks over the network to its end.
pub fn run_async<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(work)
}
