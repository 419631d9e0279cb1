//! Why a caller was turned away: for our log and metric, never for the caller.

use std::fmt;

/// What the caller may learn: 401 or 403, and nothing finer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// We do not know who this is (401).
    Unauthorized,
    /// We know who this is, and it may not do this (403).
    Forbidden,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $reason:literal, $kind:ident;)+) => {
        /// One cause of a refusal. It carries no data, so no token text can reach a log through it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal { $($(#[$doc])* $name,)+ }

        impl Refusal {
            /// Every cause, so that a metric can start each label at zero.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable label used in logs and metrics.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)+ }
            }

            /// Which of the two answers the caller gets.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)+ }
            }
        }
    };
}

refusals! {
    /// Neither a client certificate nor a trusted mesh header.
    NoPeerIdentity => "no_peer_identity", Unauthorized;
    /// A certificate or mesh header was there, but did not hold exactly one good SPIFFE id.
    BadPeerIdentity => "bad_peer_identity", Unauthorized;
    /// The certificate that opened the connection has ended since.
    PeerExpired => "peer_expired", Unauthorized;
    /// The certificate that opened the connection would not open one now: revoked, or its CA is gone.
    PeerUntrusted => "peer_untrusted", Unauthorized;
    /// The peer is known and is not the one that may call.
    WrongPeer => "wrong_peer", Forbidden;
    /// No token was presented.
    MissingToken => "missing_token", Unauthorized;
    /// More than one token was presented: which one counts must not be a matter of taste.
    SeveralTokens => "several_tokens", Unauthorized;
    /// The token is longer than any that we sign.
    TokenTooLong => "token_too_long", Unauthorized;
    /// Not three base64url parts holding the JSON members that we sign, each once, with its type.
    Malformed => "malformed", Unauthorized;
    /// `alg` is not `EdDSA`.
    WrongAlg => "wrong_alg", Unauthorized;
    /// `typ` names another kind of token.
    WrongTyp => "wrong_typ", Unauthorized;
    /// The header has `crit`: an extension that we do not know must be understood.
    CritHeader => "crit_header", Unauthorized;
    /// The header brings its own key (`jwk`, `jku`, `x5u` or `x5c`).
    KeyInHeader => "key_in_header", Unauthorized;
    /// No key of ours has this `kid` (never had, or has no longer).
    UnknownKid => "unknown_kid", Unauthorized;
    /// `exp` has passed.
    Expired => "expired", Unauthorized;
    /// `nbf` or `iat` lies in the future.
    NotYetValid => "not_yet_valid", Unauthorized;
    /// `exp` is further from `iat` than this kind of token may live.
    LifetimeTooLong => "lifetime_too_long", Unauthorized;
    /// `iss` is not the issuer of these keys.
    WrongIssuer => "wrong_issuer", Unauthorized;
    /// `aud` is not exactly us.
    WrongAudience => "wrong_audience", Unauthorized;
    /// The signature is not that key's over these bytes.
    BadSignature => "bad_signature", Unauthorized;
    /// `sub` is not the peer that presents the token.
    WrongSubject => "wrong_subject", Unauthorized;
    /// The peer has a certificate, the token names none.
    BindingMissing => "binding_missing", Unauthorized;
    /// The token is bound to another certificate.
    BindingMismatch => "binding_mismatch", Unauthorized;
    /// The token is bound to a certificate, and we see none to compare.
    BindingUnverifiable => "binding_unverifiable", Unauthorized;
    /// Signed for another method.
    MethodMismatch => "method_mismatch", Unauthorized;
    /// Signed for another path or query.
    PathMismatch => "path_mismatch", Unauthorized;
    /// Signed for another body.
    BodyMismatch => "body_mismatch", Unauthorized;
    /// The key was revoked (said by whoever keeps the list, not by this crate).
    Revoked => "revoked", Unauthorized;
    /// A user's key has a scope that only teams may hold: none of ours is signed so.
    ScopeNotForUsers => "scope_not_for_users", Unauthorized;
    /// A page of another site asks, where requests from this machine only are taken.
    ForeignOrigin => "foreign_origin", Forbidden;
    /// The key is a user's, and this is for teams only.
    TeamKeysOnly => "team_keys_only", Forbidden;
    /// The key is good and lacks the scope.
    WrongScope => "wrong_scope", Forbidden;
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::{Kind, Refusal};
    use std::collections::HashSet;

    #[test]
    fn every_reason_is_a_distinct_metric_label() {
        let reasons: HashSet<_> = Refusal::ALL.iter().map(|r| r.reason()).collect();
        assert_eq!(reasons.len(), Refusal::ALL.len());
        for reason in reasons {
            assert!(reason.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }

    #[test]
    fn only_a_known_caller_is_told_forbidden() {
        let forbidden: Vec<_> = Refusal::ALL.iter().filter(|r| r.kind() == Kind::Forbidden).collect();
        assert_eq!(
            forbidden,
            [&Refusal::WrongPeer, &Refusal::ForeignOrigin, &Refusal::TeamKeysOnly, &Refusal::WrongScope]
        );
    }
}
