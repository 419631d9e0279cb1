//! `charge+jwt`: Antaeus asks the payment provider for one request, once signed, nothing else.

use super::SignError;
use super::request::{self, Expected, Request, Signing};
use crate::keys::{SigningKey, VerifyingKeys};
use crate::peer::{Peer, Thumbprint};
use crate::refusal::Refusal;
use crate::spiffe::SpiffeId;

pub use super::request::{LIFETIME, MAX_LIFETIME, VerifiedRequest as VerifiedCharge};

/// The `typ` of these tokens.
pub const TYP: &str = "charge+jwt";
/// Who signs them.
pub const ISSUER: &str = "invoice-app.antaeus";
/// Who reads them.
pub const AUDIENCE: &str = "payment-provider";

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
        let Self { key, issuer, subject, audience, thumbprint } = self;
        let with = Signing { typ: TYP, key, issuer, subject, audience, thumbprint: *thumbprint };
        request::sign(&with, Request { method, path_and_query }, body, now)
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
        let expected =
            Expected { typ: TYP, keys: &self.keys, issuer: &self.issuer, audience: &self.audience };
        request::verify(&expected, token, peer, Request { method, path_and_query }, now)
    }
}
