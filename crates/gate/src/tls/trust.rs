//! Whom an identity trusts: its CAs, less what they revoked.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error, RootCertStore};

use super::{TlsError, provider, rustls_error};

/// Judges certificates, of clients and of servers.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) clients: Arc<dyn ClientCertVerifier>,
    pub(super) servers: Arc<WebPkiServerVerifier>,
}

impl Trust {
    // A CA without a list has revoked nothing: while a CA is being changed there are two, and the new
    // one has no list yet. Lists do not end: an old one still says what it said.
    pub(super) fn new(
        roots: RootCertStore,
        revoked: Vec<CertificateRevocationListDer<'static>>,
    ) -> Result<Self, TlsError> {
        let roots = Arc::new(roots);
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .with_crls(revoked.clone())
            .allow_unknown_revocation_status()
            .build()
            .map_err(rustls_error)?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .with_crls(revoked)
            .allow_unknown_revocation_status()
            .build()
            .map_err(rustls_error)?;
        Ok(Self { clients, servers })
    }

    pub(super) fn check_server(&self, own: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let (leaf, rest) = own.split_first().ok_or(Error::NoCertificatesPresented)?;
        let name = ServerName::try_from("localhost").map_err(|e| Error::General(e.to_string()))?;
        let judged = self.servers.verify_server_cert(leaf, rest, &name, &[], now);
        for_others_to_say(judged.map(|_| ()))
    }

    pub(super) fn check_client(&self, own: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let (leaf, rest) = own.split_first().ok_or(Error::NoCertificatesPresented)?;
        for_others_to_say(self.clients.verify_client_cert(leaf, rest, now).map(|_| ()))
    }
}

// By which name we are called is not known here. And a certificate of our own that was revoked must not
// keep its list from us: the list is there to be held against others.
fn for_others_to_say(judged: Result<(), Error>) -> Result<(), Error> {
    use CertificateError::{NotValidForName, NotValidForNameContext, Revoked};
    match judged {
        Err(Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. } | Revoked)) => Ok(()),
        other => other,
    }
}
