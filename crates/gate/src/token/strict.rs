//! The one way from a token's text to claims that may be believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

use super::header::Header;
use crate::keys::VerifyingKeys;
use crate::refusal::Refusal;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 4096;
/// How far two clocks may differ, in seconds.
pub const LEEWAY: i64 = 5;
const MAX_JTI: usize = 64;

/// What a kind of token must say.
pub(super) struct Rules<'a> {
    pub(super) typ: &'a str,
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) max_lifetime: i64,
}

/// The claims that every kind has.
pub(super) struct Registered<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: &'a str,
}

/// A kind's claims: a struct that refuses unknown members, so that none can stand there twice.
pub(super) trait Claims: DeserializeOwned {
    fn registered(&self) -> Registered<'_>;
}

/// A token that passed, with the name of the key that signed it.
#[derive(Debug)]
pub(super) struct Opened<C> {
    pub(super) kid: String,
    pub(super) claims: C,
}

/// Cheap checks first: a flood of bad tokens should cost us no signature checks. The claims are
/// parsed once, from the very bytes that the signature covers, and nobody sees them before it fits.
pub(super) fn open<C: Claims>(
    token: &str,
    rules: &Rules<'_>,
    keys: &VerifyingKeys,
    now: i64,
) -> Result<Opened<C>, Refusal> {
    let parts = Parts::split(token)?;
    let kid = decode::<Header>(parts.header)?.checked_kid(rules.typ)?;
    let key = keys.get(&kid).ok_or(Refusal::UnknownKid)?;
    let claims: C = decode(parts.claims)?;
    check_times(&claims.registered(), rules.max_lifetime, now)?;
    check_parties(&claims.registered(), rules)?;
    if !key.signed(parts.message.as_bytes(), parts.signature) {
        return Err(Refusal::BadSignature);
    }
    Ok(Opened { kid, claims })
}

/// The name of the key that a refused token claims, if it is one of ours: for the audit line, and for nothing else.
#[must_use]
pub fn known_kid(token: &str, keys: &VerifyingKeys) -> Option<String> {
    let parts = Parts::split(token).ok()?;
    let kid = decode::<Header>(parts.header).ok()?.kid()?;
    keys.get(&kid).map(|_| kid)
}

/// The claims of a token, believed by nobody.
pub(super) fn unverified<C: Claims>(token: &str) -> Option<C> {
    decode(Parts::split(token).ok()?.claims).ok()
}

struct Parts<'a> {
    message: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, Refusal> {
        if token.is_empty() {
            return Err(Refusal::MissingToken);
        }
        if token.len() > MAX_TOKEN {
            return Err(Refusal::TokenTooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Refusal::Malformed)?;
        Ok(Self { message, header, claims, signature })
    }
}

// A fourth part would leave a dot in `claims`, and a dot is not base64url.
fn decode<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
    // serde can read a struct from an array as well; a token's parts are objects.
    if json.first() != Some(&b'{') {
        return Err(Refusal::Malformed);
    }
    serde_json::from_slice(&json).map_err(|_| Refusal::Malformed)
}

fn check_times(claims: &Registered<'_>, max_lifetime: i64, now: i64) -> Result<(), Refusal> {
    if claims.exp <= now.saturating_sub(LEEWAY) {
        return Err(Refusal::Expired);
    }
    if claims.nbf.max(claims.iat) > now.saturating_add(LEEWAY) {
        return Err(Refusal::NotYetValid);
    }
    match claims.exp.checked_sub(claims.iat) {
        Some(..=0) => Err(Refusal::Malformed),
        Some(lifetime) if lifetime <= max_lifetime => Ok(()),
        Some(_) | None => Err(Refusal::LifetimeTooLong),
    }
}

fn check_parties(claims: &Registered<'_>, rules: &Rules<'_>) -> Result<(), Refusal> {
    if claims.iss != rules.issuer {
        return Err(Refusal::WrongIssuer);
    }
    if claims.aud != rules.audience {
        return Err(Refusal::WrongAudience);
    }
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI {
        return Err(Refusal::Malformed);
    }
    Ok(())
}
