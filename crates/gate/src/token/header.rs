//! A token's header: `alg`, `typ` and `kid`, and nothing else.
//!
//! We sign every token that we read, so a member that we never write is a mistake or an attack.
//! Refusing all of them is what makes `crit`, and keys that a header brings along, harmless.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::refusal::Refusal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    alg: Option<String>,
    typ: Option<String>,
    kid: Option<String>,
    // Known only to be refused under their own names.
    #[serde(default)]
    crit: Present,
    #[serde(default)]
    jwk: Present,
    #[serde(default)]
    jku: Present,
    #[serde(default)]
    x5u: Present,
    #[serde(default)]
    x5c: Present,
}

impl Header {
    /// The `kid`, whatever else stands in the header.
    pub(super) fn kid(self) -> Option<String> {
        self.kid
    }

    /// The `kid`, once everything else in the header is as it must be.
    pub(super) fn checked_kid(self, typ: &str) -> Result<String, Refusal> {
        if self.alg.as_deref() != Some("EdDSA") {
            return Err(Refusal::WrongAlg);
        }
        if self.typ.as_deref() != Some(typ) {
            return Err(Refusal::WrongTyp);
        }
        if self.crit.0 {
            return Err(Refusal::CritHeader);
        }
        if self.jwk.0 || self.jku.0 || self.x5u.0 || self.x5c.0 {
            return Err(Refusal::KeyInHeader);
        }
        self.kid.ok_or(Refusal::UnknownKid)
    }
}

/// Whether a member is there at all, be it `null`.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}
