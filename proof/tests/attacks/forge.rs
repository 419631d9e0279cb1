//! Tokens that our signers would never make, signed with the real charge key.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::charge::CHARGES_PATH;
use serde_json::{Value, json};
use service::Clock;
use testkit::client::signer;

use crate::lab::{BODY, Lab};

pub struct Forge {
    pem: String,
    kid: String,
    claims: Value,
    pub now: i64,
}

impl Forge {
    pub fn of(lab: &Lab) -> Self {
        let now = Clock::system().seconds();
        let token = signer(&lab.home).sign("POST", CHARGES_PATH, BODY.as_bytes(), now).unwrap();
        let part = |at: usize| -> Value {
            let text = token.split('.').nth(at).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
        };
        let pem = std::fs::read_to_string(lab.home.path("keys/charge/private.pem")).unwrap();
        Self { pem, kid: part(0)["kid"].as_str().unwrap().to_owned(), claims: part(1), now }
    }

    /// A token that is good in everything.
    pub fn good(&self) -> String {
        self.signed(&self.header(), &self.claims)
    }

    pub fn header(&self) -> Value {
        json!({"typ": "charge+jwt", "alg": "EdDSA", "kid": self.kid})
    }

    pub fn claims(&self) -> Value {
        self.claims.clone()
    }

    /// A good token but for one member of its header.
    pub fn header_with(&self, member: &str, value: Value) -> String {
        self.signed(&with(self.header(), member, value), &self.claims)
    }

    /// A good token but for these claims.
    pub fn claims_with(&self, members: &[(&str, Value)]) -> String {
        let claims =
            members.iter().fold(self.claims(), |claims, (name, value)| with(claims, name, value.clone()));
        self.signed(&self.header(), &claims)
    }

    pub fn without(&self, member: &str) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(member).unwrap();
        self.signed(&self.header(), &claims)
    }

    /// Signs any two texts with the real key: what is refused is refused for its content.
    pub fn signed(&self, header: &impl ToString, claims: &impl ToString) -> String {
        let message = message(header, claims);
        let secret = pem::parse(&self.pem).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(secret.contents()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
    }

    /// Algorithm confusion: an HMAC with a text that everybody knows.
    pub fn by_hmac(&self, header: &Value, secret: &[u8]) -> String {
        let message = message(header, &self.claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
    }
}

/// The signed part: header and claims.
pub fn message(header: &impl ToString, claims: &impl ToString) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", part(header.to_string()), part(claims.to_string()))
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object.as_object_mut().unwrap().insert(member.to_owned(), value);
    object
}
