//! Why there is no (new) PKI, each time with what to do.

use std::path::PathBuf;

use gate::spiffe::NotSpiffeId;
use gate::tls::TlsError;

use crate::files::WriteError;

/// Why there is no (new) PKI.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// Not a trust domain.
    #[error("{0:?} is not a trust domain; use lower-case letters, digits, `.`, `-` and `_`")]
    TrustDomain(String, #[source] NotSpiffeId),
    /// A part of the CA is missing.
    #[error(
        "{} is missing; restore it from a backup, or remove {} to start over with a new CA",
        missing.display(), dir.display()
    )]
    Incomplete {
        /// The missing file.
        missing: PathBuf,
        /// The whole PKI.
        dir: PathBuf,
    },
    /// A service's certificate cannot be kept.
    #[error("{}: {cause}; renew all certificates with `antaeusctl pki init --force`", dir.display())]
    Unusable {
        /// The service's folder.
        dir: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// There is no CA yet.
    #[error("there is no CA in {}; create it with `antaeusctl pki init`", .0.display())]
    NoCa(PathBuf),
    /// No service has this name.
    #[error("{name:?} is no service; the services are {known}")]
    UnknownService {
        /// What was given.
        name: String,
        /// What could have been.
        known: String,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate in PEM form; give the certificate itself, not its key", .0.display())]
    NoCertificate(PathBuf),
    /// Another CA issued it.
    #[error("{} was not issued by this CA; revoke it where it was issued", .0.display())]
    ForeignCertificate(PathBuf),
    /// The CA's own list cannot be read.
    #[error("{} is no list of revoked certificates; restore it from a service's folder", .0.display())]
    BrokenList(PathBuf),
    /// A file or its folder could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file could not be read.
    #[error("cannot read {}: {source}; run as the user who owns it", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate library refused.
    #[error("no certificate could be made: {0}; check the CA's key and the clock")]
    Certificate(#[from] rcgen::Error),
    /// The new certificate does not pass the services' own checks.
    #[error("the new certificate would not be accepted: {0}; do ca.pem and ca.key belong together?")]
    Check(#[from] TlsError),
    /// What was done could not be said.
    #[error("cannot write to the output: {0}; the files are in place")]
    Output(#[from] std::io::Error),
}
