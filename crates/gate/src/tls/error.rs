//! Why an identity cannot be used, each time with what to do.

use std::path::PathBuf;

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
