//! The private half.

use std::fmt;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::{KeyError, PublicJwk, in_file, read};

const PEM_TAG: &str = "PRIVATE KEY";

/// An Ed25519 private key, and the name of its public half.
#[derive(Clone)]
pub struct SigningKey {
    secret: EncodingKey,
    public: PublicJwk,
}

impl SigningKey {
    /// A new private key as PKCS#8 PEM.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub fn generate_pem() -> Result<String, KeyError> {
        // Version 1 of PKCS#8 is the one that every OpenSSL reads.
        let der =
            Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| KeyError::NoRandomness)?;
        let block = pem::Pem::new(PEM_TAG, der.as_ref());
        let unix_lines = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        Ok(pem::encode_config(&block, unix_lines))
    }

    /// Reads a PKCS#8 PEM text with exactly one Ed25519 private key.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let blocks = pem::parse_many(text).map_err(|_| KeyError::NotPrivateKey)?;
        let [block] = blocks.as_slice() else {
            return Err(KeyError::NotPrivateKey);
        };
        if block.tag() != PEM_TAG {
            return Err(KeyError::NotPrivateKey);
        }
        let pair = Ed25519KeyPair::from_pkcs8(block.contents()).map_err(|_| KeyError::NotPrivateKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::NotPrivateKey)?;
        Ok(Self {
            secret: EncodingKey::from_ed_der(block.contents()),
            public: PublicJwk::from_public_key(public),
        })
    }

    /// Reads the key from a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read or is not such a key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&read(path)?).map_err(in_file(path))
    }

    /// The key's name: the RFC 7638 thumbprint of its public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The public half, to be published.
    #[must_use]
    pub fn public_jwk(&self) -> PublicJwk {
        self.public.clone()
    }

    /// Signs claims as a token of kind `typ`.
    pub(crate) fn sign<C: Serialize>(&self, typ: &str, claims: &C) -> Option<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid().to_owned());
        jsonwebtoken::encode(&header, claims, &self.secret).ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}
