//! A token for one request: signed once over its method, path and body, bound to the caller's certificate.
//! `charge+jwt` and `event+jwt` are such tokens.

mod claims;

use super::body::BodyHash;
use super::strict::{self, Rules};
use super::{MAX_TOKEN, SignError, new_jti};
use crate::keys::{SigningKey, VerifyingKeys};
use crate::peer::{Peer, Thumbprint};
use crate::refusal::Refusal;
use crate::spiffe::SpiffeId;
use claims::{Confirmation, RequestClaims};

/// How long ours live, in seconds: a request's time-out and some.
pub const LIFETIME: i64 = 60;
/// How long the verifier lets one live, in seconds.
pub const MAX_LIFETIME: i64 = 120;

/// One request, as its token names it.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path_and_query: &'a str,
}

/// With what a request is signed.
pub(super) struct Signing<'a> {
    pub(super) typ: &'a str,
    pub(super) key: &'a SigningKey,
    pub(super) issuer: &'a str,
    pub(super) subject: &'a SpiffeId,
    pub(super) audience: &'a str,
    pub(super) thumbprint: Option<Thumbprint>,
}

pub(super) fn sign(
    with: &Signing<'_>,
    request: Request<'_>,
    body: &[u8],
    now: i64,
) -> Result<String, SignError> {
    let claims = RequestClaims {
        iss: with.issuer.to_owned(),
        sub: with.subject.to_string(),
        aud: with.audience.to_owned(),
        iat: now,
        nbf: now,
        exp: now.checked_add(LIFETIME).ok_or(SignError::Clock)?,
        jti: new_jti(now)?,
        htm: request.method.to_owned(),
        htu: request.path_and_query.to_owned(),
        bdh: BodyHash::of(body),
        cnf: with.thumbprint.map(|certificate| Confirmation { certificate }),
    };
    let token = with.key.sign(with.typ, &claims).ok_or(SignError::Key)?;
    if token.len() > MAX_TOKEN { Err(SignError::TooLong) } else { Ok(token) }
}

/// A request whose head is in order. Its body must still have [`VerifiedRequest::body_hash`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the body is not checked yet"]
pub struct VerifiedRequest {
    /// Which key signed it.
    pub kid: String,
    /// Who signed it.
    pub subject: SpiffeId,
    /// What the body must hash to.
    pub body_hash: BodyHash,
}

impl VerifiedRequest {
    /// The last check, once the body has been read.
    ///
    /// # Errors
    /// When another body was signed.
    pub fn check_body(&self, read: BodyHash) -> Result<(), Refusal> {
        self.body_hash.check(read)
    }
}

/// Whose tokens are read: one peer, with its issuer and its keys.
pub(super) struct Expected<'a> {
    pub(super) typ: &'a str,
    pub(super) keys: &'a VerifyingKeys,
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
}

pub(super) fn verify(
    expected: &Expected<'_>,
    token: &str,
    peer: &Peer,
    request: Request<'_>,
    now: i64,
) -> Result<VerifiedRequest, Refusal> {
    let Expected { typ, keys, issuer, audience } = *expected;
    let rules = Rules { typ, issuer, audience, max_lifetime: MAX_LIFETIME };
    let opened = strict::open::<RequestClaims>(token, &rules, keys, now)?;
    let claims = opened.claims;
    if claims.sub != peer.id.to_string() {
        return Err(Refusal::WrongSubject);
    }
    check_certificate(peer.thumbprint, claims.cnf.map(|cnf| cnf.certificate))?;
    if claims.htm != request.method {
        return Err(Refusal::MethodMismatch);
    }
    if claims.htu != request.path_and_query {
        return Err(Refusal::PathMismatch);
    }
    Ok(VerifiedRequest { kid: opened.kid, subject: peer.id.clone(), body_hash: claims.bdh })
}

// Fails closed both ways: where a certificate is seen it must be named, and what is named must be
// seen. A token of the certificate mode is therefore worth nothing behind a sidecar.
fn check_certificate(seen: Option<Thumbprint>, named: Option<Thumbprint>) -> Result<(), Refusal> {
    match (seen, named) {
        (None, None) => Ok(()),
        (Some(seen), Some(named)) if seen == named => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::BindingMismatch),
        (Some(_), None) => Err(Refusal::BindingMissing),
        (None, Some(_)) => Err(Refusal::BindingUnverifiable),
    }
}
