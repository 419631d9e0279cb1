//! `key+jwt`: the signed API key that people and their programs hold for up to 90 days.

use serde::{Deserialize, Serialize};

use super::scope::{self, Scope};
use super::strict::{self, Claims, Registered, Rules};
use super::subject::Subject;
use super::{MAX_TOKEN, SignError, new_jti};
use crate::keys::{SigningKey, VerifyingKeys};
use crate::refusal::Refusal;

/// The `typ` of these tokens.
pub const TYP: &str = "key+jwt";
/// Who signs them.
pub const ISSUER: &str = "operator.antaeus";
/// Who reads them.
pub const AUDIENCE: &str = "antaeus";
/// The longest life of a key, in seconds: 90 days.
pub const MAX_LIFETIME: i64 = 90 * 86_400;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    scope: String,
}

impl Claims for KeyClaims {
    fn registered(&self) -> Registered<'_> {
        Registered {
            iss: &self.iss,
            aud: &self.aud,
            iat: self.iat,
            nbf: self.nbf,
            exp: self.exp,
            jti: &self.jti,
        }
    }
}

/// Mints keys; lives with the operator, not in a service.
#[derive(Clone, Debug)]
pub struct ApiKeyIssuer {
    /// The operator's private key.
    pub key: SigningKey,
    /// Written as `iss`.
    pub issuer: String,
    /// Written as `aud`.
    pub audience: String,
}

impl ApiKeyIssuer {
    /// A key for `subject` that opens `scopes` for `lifetime` seconds.
    ///
    /// # Errors
    /// When there is no scope, or the lifetime is not within 1 second to 90 days.
    pub fn issue(
        &self,
        subject: &Subject,
        scopes: &[Scope],
        lifetime: i64,
        now: i64,
    ) -> Result<String, SignError> {
        if !(1..=MAX_LIFETIME).contains(&lifetime) {
            return Err(SignError::Lifetime);
        }
        if scopes.is_empty() {
            return Err(SignError::NoScope);
        }
        if !may_hold(subject, scopes) {
            return Err(SignError::TeamScope);
        }
        let claims = KeyClaims {
            iss: self.issuer.clone(),
            sub: subject.to_string(),
            aud: self.audience.clone(),
            iat: now,
            nbf: now,
            exp: now.checked_add(lifetime).ok_or(SignError::Clock)?,
            jti: new_jti(now)?,
            scope: scope::to_claim(scopes),
        };
        let token = self.key.sign(TYP, &claims).ok_or(SignError::Key)?;
        if token.len() > MAX_TOKEN { Err(SignError::TooLong) } else { Ok(token) }
    }
}

/// Whether all of these may be in one key of this holder.
fn may_hold(subject: &Subject, scopes: &[Scope]) -> bool {
    matches!(subject, Subject::Team(_)) || scopes.iter().all(|scope| scope.is_for_users())
}

/// Judges the key of a request to a public API.
#[derive(Clone, Debug)]
pub struct ApiKeyVerifier {
    /// The operator's public keys.
    pub keys: VerifyingKeys,
    /// The expected `iss`.
    pub issuer: String,
    /// The expected `aud`.
    pub audience: String,
}

/// What an API key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The key's own name, by which it is revoked.
    pub jti: String,
    /// Whose key it says it is.
    pub subject: String,
    /// What it says it opens.
    pub scope: String,
    /// When it ends, in seconds since the epoch.
    pub expires_at: i64,
}

/// What a key says of itself, for whoever holds it. Nothing is verified: nothing may be opened by it.
#[must_use]
pub fn describe(token: &str) -> Option<Described> {
    let KeyClaims { jti, sub: subject, scope, exp: expires_at, .. } = strict::unverified(token)?;
    Some(Described { jti, subject, scope, expires_at })
}

/// A good key. Whether it was revoked is the caller's question, by `jti`; whether it opens a door is [`Grant::opens`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is opened yet"]
pub struct Grant {
    /// Which operator key signed it.
    pub kid: String,
    /// The key's own name, by which it is revoked.
    pub jti: String,
    /// Whose key it is.
    pub subject: Subject,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// When it ends, in seconds since the epoch.
    pub expires_at: i64,
}

impl Grant {
    /// Whether the key has a scope, and its holder may have it.
    ///
    /// # Errors
    /// 403, for the key is good.
    pub fn opens(&self, required: Scope) -> Result<(), Refusal> {
        if matches!(self.subject, Subject::User(_)) && !required.is_for_users() {
            return Err(Refusal::TeamKeysOnly);
        }
        if self.scopes.contains(&required) { Ok(()) } else { Err(Refusal::WrongScope) }
    }
}

impl ApiKeyVerifier {
    /// Judges a key: whose it is, and what it may open.
    ///
    /// # Errors
    /// The first cause found, a 401.
    pub fn verify(&self, token: &str, now: i64) -> Result<Grant, Refusal> {
        let opened = strict::open::<KeyClaims>(token, &self.rules(), &self.keys, now)?;
        let claims = opened.claims;
        let subject = claims.sub.parse().map_err(|_| Refusal::Malformed)?;
        let scopes = scope::from_claim(&claims.scope).ok_or(Refusal::Malformed)?;
        if !may_hold(&subject, &scopes) {
            return Err(Refusal::ScopeNotForUsers);
        }
        let (kid, jti, expires_at) = (opened.kid, claims.jti, claims.exp);
        Ok(Grant { kid, jti, subject, scopes, expires_at })
    }

    fn rules(&self) -> Rules<'_> {
        Rules { typ: TYP, issuer: &self.issuer, audience: &self.audience, max_lifetime: MAX_LIFETIME }
    }
}
