//! Certificates as they are read, and as they stand on a revocation list.

use std::path::Path;

use rcgen::{RevokedCertParams, SerialNumber};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::PkiError;
use super::issue::since_1970;

/// A certificate on the list, by its serial number.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Revoked {
    pub(super) serial: Vec<u8>,
    pub(super) at: i64,
}

impl Revoked {
    pub(super) fn params(&self) -> RevokedCertParams {
        RevokedCertParams {
            serial_number: SerialNumber::from_slice(&self.serial),
            revocation_time: rcgen::date_time_ymd(1970, 1, 1) + since_1970(self.at),
            reason_code: None,
            invalidity_date: None,
        }
    }
}

/// The first certificate of a file.
pub(super) fn certificate(path: &Path, pem: &str) -> Result<Certificate, PkiError> {
    let none = || PkiError::NoCertificate(path.to_owned());
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| none())?;
    Certificate::from_der(&der).map_err(|_| none())
}
