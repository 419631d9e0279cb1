//! Public keys as JSON (RFC 7517, RFC 8037) and their names (RFC 7638).

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{KeyError, MAX_KID};
use crate::sha256::Sha256;

/// One public Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    kid: String,
    x: String,
}

impl PublicJwk {
    /// The key with these 32 bytes, named by its thumbprint.
    #[must_use]
    pub fn from_public_key(bytes: &[u8; 32]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(bytes);
        Self::named(thumbprint(&x), x)
    }

    fn named(kid: String, x: String) -> Self {
        Self { kty: "OKP", crv: "Ed25519", alg: "EdDSA", purpose: "sig", kid, x }
    }

    /// The name by which a token's header refers to this key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn bytes(&self) -> Option<[u8; 32]> {
        URL_SAFE_NO_PAD.decode(&self.x).ok()?.try_into().ok()
    }
}

// RFC 7638: the required members in this order, without blanks. `x` needs no escaping.
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    Sha256::of(canonical.as_bytes()).to_string()
}

/// The JSON of a JWKS with these keys: one set per issuer, the old and the new key during a
/// rotation.
///
/// # Errors
/// When it would hold no key, or two keys with one `kid`.
pub fn jwks_json(keys: impl IntoIterator<Item = PublicJwk>) -> Result<String, KeyError> {
    #[derive(Serialize)]
    struct Jwks {
        keys: Vec<PublicJwk>,
    }
    let keys = distinct(keys.into_iter().collect())?;
    serde_json::to_string_pretty(&Jwks { keys }).map_err(|e| KeyError::NotJwks(e.to_string()))
}

/// Reads a JWKS strictly: public Ed25519 keys only, each with its own `kid`.
///
/// # Errors
/// When anything else stands in it.
pub fn parse_jwks(json: &str) -> Result<Vec<PublicJwk>, KeyError> {
    let read: ReadJwks = serde_json::from_str(json).map_err(|e| KeyError::NotJwks(without_values(&e)))?;
    distinct(read.keys.into_iter().map(ReadJwk::checked).collect::<Result<_, _>>()?)
}

// serde's messages quote what they found; a private key pasted here must not reach a log.
fn without_values(error: &serde_json::Error) -> String {
    format!("unexpected content at line {}, column {}", error.line(), error.column())
}

fn distinct(keys: Vec<PublicJwk>) -> Result<Vec<PublicJwk>, KeyError> {
    let mut seen = HashSet::new();
    for key in &keys {
        if !seen.insert(key.kid()) {
            return Err(KeyError::DuplicateKid(key.kid.clone()));
        }
    }
    if keys.is_empty() { Err(KeyError::Empty) } else { Ok(keys) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadJwks {
    keys: Vec<ReadJwk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadJwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    x: Option<String>,
    // Known so that they get their own refusal instead of "unexpected content".
    d: Option<IgnoredAny>,
    #[serde(rename = "k")]
    _secret: Option<IgnoredAny>,
    #[serde(rename = "n")]
    _modulus: Option<IgnoredAny>,
    #[serde(rename = "e")]
    _exponent: Option<IgnoredAny>,
    #[serde(rename = "y")]
    _ec_point: Option<IgnoredAny>,
}

impl ReadJwk {
    fn checked(self) -> Result<PublicJwk, KeyError> {
        let kid = self.kid.unwrap_or_default();
        if kid.is_empty() || kid.len() > MAX_KID {
            return Err(KeyError::BadKid);
        }
        if self.d.is_some() {
            return Err(KeyError::PrivateMember(kid));
        }
        let ours = self.kty == "OKP"
            && self.crv.as_deref() == Some("Ed25519")
            && self.alg.as_deref() == Some("EdDSA")
            && self.purpose.is_none_or(|purpose| purpose == "sig");
        if !ours {
            return Err(KeyError::WrongKind(kid));
        }
        let jwk = PublicJwk::named(kid, self.x.unwrap_or_default());
        if jwk.bytes().is_none() { Err(KeyError::BadX(jwk.kid)) } else { Ok(jwk) }
    }
}
