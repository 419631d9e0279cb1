//! Ed25519 keys: private ones sign, public ones travel as a JWKS.

mod jwk;
mod signing;
mod verifying;

use std::path::{Path, PathBuf};

pub use jwk::{PublicJwk, jwks_json, parse_jwks};
pub use signing::SigningKey;
pub use verifying::VerifyingKeys;

/// The longest `kid` that we look up; ours are 43 characters.
pub const MAX_KID: usize = 64;

/// Why a key cannot be used. The messages name what to do and never show key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("cannot read {}: {source}; create the keys with `antaeusctl keys init`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another error, with the file that it is about.
    #[error("{}: {source}", path.display())]
    In {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// The PEM text is not one Ed25519 private key.
    #[error("expected one PEM block `PRIVATE KEY` (PKCS#8) with an Ed25519 key")]
    NotPrivateKey,
    /// The random source failed.
    #[error("the system's random source failed; no key was made")]
    NoRandomness,
    /// The text is not a JWKS with the members that we know.
    #[error("not a JWKS of public Ed25519 keys: {0}")]
    NotJwks(String),
    /// A key that is not Ed25519 for EdDSA signatures.
    #[error("key {0:?} is not kty=OKP, crv=Ed25519, alg=EdDSA, use=sig; only such keys are taken")]
    WrongKind(String),
    /// A private key in a file that is meant to travel.
    #[error("key {0:?} holds the private member `d`; publish the public half and replace this key")]
    PrivateMember(String),
    /// No `kid`, or one too long to be looked up.
    #[error("a key has no usable `kid` (1 to 64 characters); write it with `antaeusctl keys show`")]
    BadKid,
    /// Two keys with one `kid`.
    #[error("the kid {0:?} stands twice; remove one of the two keys")]
    DuplicateKid(String),
    /// `x` is not 32 bytes of base64url.
    #[error("key {0:?} has an `x` that is not 32 bytes of base64url")]
    BadX(String),
    /// A set without keys would refuse everybody.
    #[error("the JWKS holds no key; put at least one public key into it")]
    Empty,
}

fn read(path: &Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|source| KeyError::Read { path: path.to_owned(), source })
}

fn in_file(path: &Path) -> impl FnOnce(KeyError) -> KeyError + '_ {
    |source| KeyError::In { path: path.to_owned(), source: Box::new(source) }
}
