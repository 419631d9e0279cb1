//! Reading an identity from its directory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::{Identity, TlsError, provider};
use crate::peer::{self, Peer, Thumbprint};

pub(super) fn identity(dir: &Path) -> Result<Identity, TlsError> {
    let cert_path = dir.join("cert.pem");
    let chain = certificates(&cert_path)?;
    let key = private_key(&dir.join("key.pem"))?;
    let roots = roots(&dir.join("ca.pem"))?;
    let not_svid = || content(&cert_path, "leaf certificate with one spiffe:// URI name");
    let leaf = chain.first().ok_or_else(not_svid)?;
    let peer = Peer::from_certificate(leaf).map_err(|_| not_svid())?;
    let not_after = peer::not_after(leaf).ok_or_else(not_svid)?;
    let thumbprint = Thumbprint::of(leaf);
    CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider())
        .map_err(|_| TlsError::NotAPair { dir: dir.to_owned() })?;
    let dir = dir.to_owned();
    Ok(Identity { dir, chain, key, roots: Arc::new(roots), id: peer.id, thumbprint, not_after })
}

pub(super) fn check_as_server(identity: &Identity, now: i64) -> Result<(), TlsError> {
    let refused = |cause: String| TlsError::NotTrusted { dir: identity.dir.clone(), cause };
    let (leaf, rest) = identity.chain.split_first().ok_or_else(|| refused("empty".to_owned()))?;
    let leaf = ParsedCertificate::try_from(leaf).map_err(|e| refused(e.to_string()))?;
    let since_1970 = Duration::from_secs(now.try_into().unwrap_or(0));
    verify_server_cert_signed_by_trust_anchor(
        &leaf,
        &identity.roots,
        rest,
        UnixTime::since_unix_epoch(since_1970),
        provider().signature_verification_algorithms.all,
    )
    .map_err(|e| refused(e.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn content(path: &Path, expected: &'static str) -> TlsError {
    TlsError::Content { path: path.to_owned(), expected }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|_| content(path, "certificates in PEM form"))?;
    if found.is_empty() { Err(content(path, "certificate in PEM form")) } else { Ok(found) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|_| content(path, "private key in PEM form"))
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|_| content(path, "usable CA certificate"))?;
    }
    Ok(roots)
}
