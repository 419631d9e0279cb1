//! `charge+jwt`: Antaeus asks the payment provider for one request, once signed, nothing else.

mod claims;

use super::body::BodyHash;
use super::strict::{self, Rules};
use super::{MAX_TOKEN, SignError, new_jti};
use crate::keys::{SigningKey, VerifyingKeys};
use crate::peer::{Peer, Thumbprint};
use crate::refusal::Refusal;
use crate::spiffe::SpiffeId;
use claims::{ChargeClaims, Confirmation};

/// The `typ` of these tokens.
pub const TYP: &str = "charge+jwt";
/// Who signs them.
pub const ISSUER: &str = "invoice-app.antaeus";
/// Who reads them.
pub const AUDIENCE: &str = "payment-provider";
/// How long ours live, in seconds: a request's time-out and some.
pub const LIFETIME: i64 = 60;
/// How long the verifier lets one live, in seconds.
pub const MAX_LIFETIME: i64 = 120;

/// Signs each request to the payment provider.
#[derive(Clone, Debug)]
pub struct ChargeSigner {
    /// The charge key, which invoice-app alone holds.
    pub key: SigningKey,
    /// Written as `iss`.
    pub issuer: String,
    /// The caller's own identity, written as `sub`.
    pub subject: SpiffeId,
    /// Written as `aud`.
    pub audience: String,
    /// The client certificate that the token is bound to; `None` behind a mesh's sidecar.
    pub thumbprint: Option<Thumbprint>,
}

impl ChargeSigner {
    /// A token for this one request.
    ///
    /// # Errors
    /// When the path is too long for a token, or the clock or the key fails.
    pub fn sign(
        &self,
        method: &str,
        path_and_query: &str,
        body: &[u8],
        now: i64,
    ) -> Result<String, SignError> {
        let claims = ChargeClaims {
            iss: self.issuer.clone(),
            sub: self.subject.to_string(),
            aud: self.audience.clone(),
            iat: now,
            nbf: now,
            exp: now.checked_add(LIFETIME).ok_or(SignError::Clock)?,
            jti: new_jti(now)?,
            htm: method.to_owned(),
            htu: path_and_query.to_owned(),
            bdh: BodyHash::of(body),
            cnf: self.thumbprint.map(|certificate| Confirmation { certificate }),
        };
        let token = self.key.sign(TYP, &claims).ok_or(SignError::Key)?;
        if token.len() > MAX_TOKEN { Err(SignError::TooLong) } else { Ok(token) }
    }
}

/// Judges each request at the payment provider, before its body is read.
#[derive(Clone, Debug)]
pub struct ChargeVerifier {
    /// The public charge keys: one, or two during a rotation.
    pub keys: VerifyingKeys,
    /// The expected `iss`.
    pub issuer: String,
    /// The expected `aud`.
    pub audience: String,
    /// The one workload that may call.
    pub allowed: SpiffeId,
}

/// A request whose head is in order. Its body must still have [`VerifiedCharge::body_hash`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the body is not checked yet"]
pub struct VerifiedCharge {
    /// Which key signed it.
    pub kid: String,
    /// Who signed it.
    pub subject: SpiffeId,
    /// What the body must hash to.
    pub body_hash: BodyHash,
}

impl VerifiedCharge {
    /// The last check, once the body has been read.
    ///
    /// # Errors
    /// When another body was signed.
    pub fn check_body(&self, read: BodyHash) -> Result<(), Refusal> {
        if read == self.body_hash { Ok(()) } else { Err(Refusal::BodyMismatch) }
    }
}

impl ChargeVerifier {
    /// Judges a request by its peer, its token and its head.
    ///
    /// # Errors
    /// The first cause found, in the order given in this crate's README.
    pub fn verify(
        &self,
        token: &str,
        peer: &Peer,
        method: &str,
        path_and_query: &str,
        now: i64,
    ) -> Result<VerifiedCharge, Refusal> {
        if peer.id != self.allowed {
            return Err(Refusal::WrongPeer);
        }
        let opened = strict::open::<ChargeClaims>(token, &self.rules(), &self.keys, now)?;
        let claims = opened.claims;
        if claims.sub != peer.id.to_string() {
            return Err(Refusal::WrongSubject);
        }
        check_certificate(peer.thumbprint, claims.cnf.map(|cnf| cnf.certificate))?;
        if claims.htm != method {
            return Err(Refusal::MethodMismatch);
        }
        if claims.htu != path_and_query {
            return Err(Refusal::PathMismatch);
        }
        Ok(VerifiedCharge { kid: opened.kid, subject: peer.id.clone(), body_hash: claims.bdh })
    }

    fn rules(&self) -> Rules<'_> {
        Rules { typ: TYP, issuer: &self.issuer, audience: &self.audience, max_lifetime: MAX_LIFETIME }
    }
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
