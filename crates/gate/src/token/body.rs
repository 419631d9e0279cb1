//! The hash that ties a token to one body.

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::sha256::Sha256;

/// SHA-256 of a request body; in tokens it is `bdh`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BodyHash(Sha256);

impl BodyHash {
    /// The hash of a whole body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::of(body))
    }

    /// Holds the hash of the body that was read against this one, which was signed.
    ///
    /// # Errors
    /// When another body was signed.
    pub fn check(self, read: Self) -> Result<(), Refusal> {
        if read == self { Ok(()) } else { Err(Refusal::BodyMismatch) }
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Hashes a body while it is being read, piece by piece.
#[derive(Clone)]
pub struct BodyHasher(digest::Context);

impl BodyHasher {
    /// A hasher that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Reads one more piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    #[must_use]
    pub fn finish(self) -> BodyHash {
        BodyHash(Sha256::finish(self.0))
    }
}

impl Default for BodyHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for BodyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyHasher").finish_non_exhaustive()
    }
}
