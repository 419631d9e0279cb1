//! Reading an identity from its directory.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::trust::Trust;
use super::{Identity, TlsError, provider};
use crate::peer::{Peer, Thumbprint};

pub(super) fn identity(dir: &Path) -> Result<Identity, TlsError> {
    let [cert_path, key_path, ca_path, crl_path] = Identity::FILES.map(|name| dir.join(name));
    let chain = certificates(&cert_path)?;
    let key = private_key(&key_path)?;
    let trust = Trust::new(roots(&ca_path)?, revoked(&crl_path)?)?;
    let not_svid = || content(&cert_path, "leaf certificate with one spiffe:// URI name");
    let leaf = chain.first().ok_or_else(not_svid)?;
    let peer = Peer::from_certificate(leaf).map_err(|_| not_svid())?;
    let not_after = peer.not_after.ok_or_else(not_svid)?;
    let thumbprint = Thumbprint::of(leaf);
    let own = CertifiedKey::from_der(chain, key, &provider())
        .map_err(|_| TlsError::NotAPair { dir: dir.to_owned() })?;
    Ok(Identity { dir: dir.to_owned(), own: Arc::new(own), trust, id: peer.id, thumbprint, not_after })
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

// No file: nothing is revoked. A file without a list is a mistake, which must not open a door.
fn revoked(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|source| TlsError::Read { path: path.to_owned(), source })?,
    };
    let expected = "certificate revocation list in PEM form";
    let found: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| content(path, expected))?;
    if found.is_empty() { Err(content(path, expected)) } else { Ok(found) }
}
