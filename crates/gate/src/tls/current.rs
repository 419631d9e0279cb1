//! The identity in force, as rustls asks for it at each handshake.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::Identity;

/// Gives the identity in force. Whoever keeps it may replace it; connections that stand go on.
#[derive(Clone)]
pub struct Current(Arc<dyn Fn() -> Arc<Identity> + Send + Sync>);

impl Current {
    /// An identity that is asked for anew each time.
    pub fn new(ask: impl Fn() -> Arc<Identity> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Identity> {
        (self.0)()
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Current").field(self.get().id()).finish()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.get().own))
    }
}

impl ClientCertVerifier for Current {
    // Names of CAs are a hint for clients with several certificates; ours have one. A hint could not
    // follow the identity either, since it is lent out.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.get().trust.clients.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get().trust.clients.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.get().trust.clients.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.get().trust.clients.supported_verify_schemes()
    }
}
