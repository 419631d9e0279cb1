//! An X.509-SVID: the certificate of one workload (SPIFFE X509-SVID, sections 2 to 5).

use x509_cert::certificate::TbsCertificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};

use crate::spiffe::SpiffeId;

/// What we read from a workload's certificate.
pub(super) struct Leaf {
    pub(super) id: SpiffeId,
    pub(super) not_after: i64,
}

impl Leaf {
    /// `None` when these bytes are not a leaf with exactly one URI name, a SPIFFE id.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        if may_sign_certificates(body)? {
            return None;
        }
        let not_after = body.validity().not_after.to_unix_duration().as_secs();
        Some(Self { id: only_uri(body)?, not_after: not_after.try_into().ok()? })
    }
}

// The outer `None` means: an extension is broken or there twice.
fn may_sign_certificates(body: &TbsCertificate) -> Option<bool> {
    let constraints = body.get_extension::<BasicConstraints>().ok()?;
    let usage = body.get_extension::<KeyUsage>().ok()?;
    let is_ca = constraints.is_some_and(|(_, c)| c.ca);
    Some(is_ca || usage.is_some_and(|(_, u)| u.key_cert_sign() || u.crl_sign()))
}

fn only_uri(body: &TbsCertificate) -> Option<SpiffeId> {
    let (_, names) = body.get_extension::<SubjectAltName>().ok()??;
    let mut uris = names.0.iter().filter_map(|name| {
        if let GeneralName::UniformResourceIdentifier(uri) = name { Some(uri) } else { None }
    });
    let uri = uris.next()?;
    // SPIFFE: a certificate with more than one URI name must be refused, whatever they say.
    if uris.next().is_some() {
        return None;
    }
    uri.as_str().parse().ok()
}
