//! The public half, by `kid`.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use jsonwebtoken::{Algorithm, DecodingKey};

use super::{KeyError, MAX_KID, PublicJwk, in_file, parse_jwks, read};

/// The public keys of one issuer. One key has one algorithm: Ed25519.
#[derive(Clone)]
pub struct VerifyingKeys(HashMap<String, DecodingKey>);

impl VerifyingKeys {
    /// Reads a JWKS, strictly.
    ///
    /// # Errors
    /// When it holds anything but public Ed25519 keys with distinct `kid`s.
    pub fn from_jwks_json(json: &str) -> Result<Self, KeyError> {
        let entry = |jwk: PublicJwk| {
            let bytes = jwk.bytes().ok_or_else(|| KeyError::BadX(jwk.kid().to_owned()))?;
            Ok((jwk.kid().to_owned(), DecodingKey::from_ed_der(&bytes)))
        };
        parse_jwks(json)?.into_iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// Reads the keys from a JWKS file.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a set.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::from_jwks_json(&read(path)?).map_err(in_file(path))
    }

    /// The names of the keys, in order.
    #[must_use]
    pub fn kids(&self) -> Vec<&str> {
        let mut kids: Vec<_> = self.0.keys().map(String::as_str).collect();
        kids.sort_unstable();
        kids
    }

    /// A look-up in memory and nothing else: no file, URL or query is ever made from a `kid`.
    pub(crate) fn get(&self, kid: &str) -> Option<VerifyingKey<'_>> {
        if kid.len() > MAX_KID {
            return None;
        }
        self.0.get(kid).map(VerifyingKey)
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifyingKeys").field(&self.kids()).finish()
    }
}

/// One public key of the set.
pub(crate) struct VerifyingKey<'a>(&'a DecodingKey);

impl VerifyingKey<'_> {
    /// Whether `signature` (base64url) is this key's over `message`.
    pub(crate) fn signed(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, self.0, Algorithm::EdDSA).unwrap_or(false)
    }
}
