//! What a token for one request says.

use serde::{Deserialize, Serialize};

use crate::peer::Thumbprint;
use crate::token::body::BodyHash;
use crate::token::strict::{Claims, Registered};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestClaims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) htm: String,
    pub(super) htu: String,
    pub(super) bdh: BodyHash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<Confirmation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    #[serde(rename = "x5t#S256")]
    pub(super) certificate: Thumbprint,
}

impl Claims for RequestClaims {
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
