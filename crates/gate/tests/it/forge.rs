//! The tests' own smithy: makes tokens that our signers would never make.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::keys::{SigningKey, VerifyingKeys, jwks_json};
use gate::token::charge::{self, ChargeSigner, ChargeVerifier, VerifiedCharge};
use gate::{Peer, Refusal, Thumbprint};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const METHOD: &str = "POST";
pub(crate) const PATH: &str = "/pp/rest/v1/charges?dry=1";
pub(crate) const BODY: &[u8] = br#"{"items":[]}"#;
pub(crate) const CALLER: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";
pub(crate) const OTHER: &str = "spiffe://cluster.local/ns/commerce/sa/orders";
pub(crate) const CERTIFICATE: &[u8] = b"the caller's certificate";

static KEY_PEM: LazyLock<String> = LazyLock::new(|| SigningKey::generate_pem().unwrap());

pub(crate) fn key() -> SigningKey {
    SigningKey::from_pem(&KEY_PEM).unwrap()
}

pub(crate) fn public_keys(key: &SigningKey) -> VerifyingKeys {
    VerifyingKeys::from_jwks_json(&jwks_json([key.public_jwk()]).unwrap()).unwrap()
}

/// A peer with the certificate that [`signer`] binds to.
pub(crate) fn peer(id: &str) -> Peer {
    Peer { id: id.parse().unwrap(), thumbprint: Some(Thumbprint::of(CERTIFICATE)), not_after: None }
}

pub(crate) fn signer() -> ChargeSigner {
    ChargeSigner {
        key: key(),
        issuer: charge::ISSUER.to_owned(),
        subject: CALLER.parse().unwrap(),
        audience: charge::AUDIENCE.to_owned(),
        thumbprint: Some(Thumbprint::of(CERTIFICATE)),
    }
}

pub(crate) fn verifier() -> ChargeVerifier {
    ChargeVerifier {
        keys: public_keys(&key()),
        issuer: charge::ISSUER.to_owned(),
        audience: charge::AUDIENCE.to_owned(),
        allowed: CALLER.parse().unwrap(),
    }
}

/// Judges a token as the provider would, right peer and right request.
pub(crate) fn judge(token: &str) -> Result<VerifiedCharge, Refusal> {
    verifier().verify(token, &peer(CALLER), METHOD, PATH, NOW)
}

pub(crate) fn good_token() -> String {
    signer().sign(METHOD, PATH, BODY, NOW).unwrap()
}

pub(crate) fn good_header() -> Value {
    json!({"typ": charge::TYP, "alg": "EdDSA", "kid": key().kid()})
}

pub(crate) fn good_claims() -> Value {
    let part = good_token().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The good header with one member set to something else.
pub(crate) fn header_with(member: &str, value: Value) -> Value {
    with(good_header(), member, value)
}

/// The good claims with one member set to something else.
pub(crate) fn claims_with(member: &str, value: Value) -> Value {
    with(good_claims(), member, value)
}

/// A JSON object less one member.
pub(crate) fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member).unwrap();
    object
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object.as_object_mut().unwrap().insert(member.to_owned(), value);
    object
}

/// Signs any two texts with the real charge key: what is refused here is refused for its content.
pub(crate) fn signed(header: impl ToString, claims: impl ToString) -> String {
    let message = unsigned(header, claims);
    let secret = pem::parse(KEY_PEM.as_str()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(secret.contents()).unwrap();
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The signed part of a token: header and claims.
#[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
pub(crate) fn unsigned(header: impl ToString, claims: impl ToString) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}", part(header.to_string()), part(claims.to_string()))
}
