//! The files of one issuer, and how far they say that a rotation is.

use std::path::{Path, PathBuf};

use gate::keys::{KeyError, PublicJwk, SigningKey, parse_jwks};

use super::KeysError;
use crate::files;

/// How far a rotation is.
pub(super) enum State {
    /// One key, known to all.
    Steady,
    /// The next key exists; whether it is published yet, a crash may have left open.
    Next { key: SigningKey, published: bool },
    /// The new key signs, the old one is still known.
    Switched,
}

/// The keys of one issuer.
pub(super) struct Folder {
    pub(super) private: PathBuf,
    pub(super) next: PathBuf,
    pub(super) jwks: PathBuf,
    pub(super) current: SigningKey,
    pub(super) public: Vec<PublicJwk>,
}

impl Folder {
    pub(super) fn read(folder: &Path) -> Result<Self, KeysError> {
        let [private, next, jwks] = ["private.pem", "next.pem", "jwks.json"].map(|name| folder.join(name));
        let current = SigningKey::load(&private)?;
        let text =
            std::fs::read_to_string(&jwks).map_err(|source| KeyError::Read { path: jwks.clone(), source })?;
        let public = parse_jwks(&text)?;
        if !public.iter().any(|jwk| jwk.kid() == current.kid()) {
            return Err(KeysError::NotPublished(jwks));
        }
        Ok(Self { private, next, jwks, current, public })
    }

    pub(super) fn state(&self) -> Result<State, KeysError> {
        if self.next.exists() {
            let key = SigningKey::load(&self.next)?;
            let published = self.public.iter().any(|jwk| jwk.kid() == key.kid());
            return Ok(State::Next { key, published });
        }
        Ok(if self.public.len() > 1 { State::Switched } else { State::Steady })
    }

    pub(super) fn new_key(&self) -> Result<SigningKey, KeysError> {
        files::write_private(&self.next, &SigningKey::generate_pem()?)?;
        Ok(SigningKey::load(&self.next)?)
    }

    pub(super) fn publish(&self, next: &SigningKey) -> Result<(), KeysError> {
        let others = self.public.iter().filter(|jwk| jwk.kid() != next.kid()).cloned();
        super::publish(&self.jwks, others.chain([next.public_jwk()]))
    }
}
