//! `event+jwt`: one service tells another what happened; each sender has an issuer and keys of its own.

use super::SignError;
use super::request::{self, Expected, Request, Signing, VerifiedRequest};
use crate::keys::{SigningKey, VerifyingKeys};
use crate::peer::{Peer, Thumbprint};
use crate::refusal::Refusal;
use crate::spiffe::SpiffeId;

/// The `typ` of these tokens.
pub const TYP: &str = "event+jwt";

/// The issuer of a sender's events: `event:` and its SPIFFE id, so that no charge key and no other sender has it.
#[must_use]
pub fn issuer(sender: &SpiffeId) -> String {
    format!("event:{sender}")
}

/// Signs each delivery of events.
#[derive(Clone, Debug)]
pub struct EventSigner {
    /// The sender's event key.
    pub key: SigningKey,
    /// The sender's own identity, written as `sub`.
    pub subject: SpiffeId,
    /// The receiving service, written as `aud`.
    pub audience: String,
    /// The client certificate that the token is bound to; `None` behind a mesh's sidecar.
    pub thumbprint: Option<Thumbprint>,
}

impl EventSigner {
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
        let Self { key, subject, audience, thumbprint } = self;
        let issuer = issuer(subject);
        let with = Signing { typ: TYP, key, issuer: &issuer, subject, audience, thumbprint: *thumbprint };
        request::sign(&with, Request { method, path_and_query }, body, now)
    }
}

/// A workload that may send events, and its public keys.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Who it is.
    pub id: SpiffeId,
    /// Its event keys: one, or two during a rotation.
    pub keys: VerifyingKeys,
}

/// Judges each delivery at a receiving service, before its body is read.
#[derive(Clone, Debug)]
pub struct EventVerifier {
    /// Who may send.
    pub senders: Vec<Sender>,
    /// The expected `aud`: the receiving service.
    pub audience: String,
}

impl EventVerifier {
    /// Judges a request by its peer, its token and its head; says who it was.
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
    ) -> Result<VerifiedRequest, Refusal> {
        let sender = self.senders.iter().find(|sender| sender.id == peer.id).ok_or(Refusal::WrongPeer)?;
        let issuer = issuer(&sender.id);
        let expected = Expected { typ: TYP, keys: &sender.keys, issuer: &issuer, audience: &self.audience };
        request::verify(&expected, token, peer, Request { method, path_and_query }, now)
    }
}
