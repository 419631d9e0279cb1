//! What must hold for any input of a parser: called by the fuzzers in `proof/fuzz`, and by a test with every input of
//! the committed corpora.
#![expect(clippy::expect_used, clippy::panic, reason = "what does not hold is a finding")]

use std::sync::LazyLock;

use contracts::charge::ChargeBatch;
use contracts::{Currency, Money};
use gate::keys::{SigningKey, VerifyingKeys, jwks_json};
use gate::token::api_key::{self, ApiKeyVerifier};
use gate::token::charge::{self, ChargeVerifier};
use gate::token::event::{EventVerifier, Sender};
use gate::{Peer, SpiffeId};

/// A target: its name, which is also its corpus' folder, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("charge_body", charge_body),
    ("idempotency_key", idempotency_key),
    ("jwt", jwt),
    ("money", money),
    ("spiffe_uri", spiffe_uri),
    ("xfcc", xfcc),
];

const CALLER: &str = "spiffe://cluster.local/ns/antaeus/sa/invoice-app";
const NOW: i64 = 1_800_000_000;

/// A batch that is read is written and read as the same; one that is not is refused with a problem, not a panic.
pub fn charge_body(data: &[u8]) {
    let Ok(batch) = service::extract::parse::<ChargeBatch>(data) else { return };
    let written = serde_json::to_vec(&batch).expect("JSON");
    let again: ChargeBatch = service::extract::parse(&written).expect("a batch");
    assert_eq!(batch, again);
    for item in &batch.items {
        let _ = payment_provider::domain::charge::fault(item);
    }
}

/// A key that is taken is the very text of its line, short and visible.
pub fn idempotency_key(data: &[u8]) {
    if let Some(key) = service::idempotent::key_text(data) {
        assert_eq!(key.as_bytes(), data);
        assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

static KEYS: LazyLock<VerifyingKeys> = LazyLock::new(|| {
    let key = SigningKey::from_pem(&SigningKey::generate_pem().expect("a key")).expect("a key");
    VerifyingKeys::from_jwks_json(&jwks_json([key.public_jwk()]).expect("a set")).expect("keys")
});

/// Nobody has the private half of these keys: whatever is presented, no gate opens.
pub fn jwt(data: &[u8]) {
    let token = String::from_utf8_lossy(data);
    // The corpus cannot know today's key: its inputs name it so.
    let token = token.replace("KID", KEYS.kids()[0]);
    let peer = Peer { id: id(), thumbprint: None, not_after: None };
    let charge = ChargeVerifier {
        keys: KEYS.clone(),
        issuer: charge::ISSUER.into(),
        audience: charge::AUDIENCE.into(),
        allowed: id(),
    };
    assert!(charge.verify(&token, &peer, "POST", "/", NOW).is_err(), "a charge was let through");
    let sender = Sender { id: id(), keys: KEYS.clone() };
    let events = EventVerifier { senders: vec![sender], audience: "orders".into() };
    assert!(events.verify(&token, &peer, "POST", "/", NOW).is_err(), "an event was let through");
    let keys = ApiKeyVerifier {
        keys: KEYS.clone(),
        issuer: api_key::ISSUER.into(),
        audience: api_key::AUDIENCE.into(),
    };
    assert!(keys.verify(&token, NOW).is_err(), "an API key was let through");
    let _ = (gate::token::known_kid(&token, &KEYS), api_key::describe(&token));
}

/// Three letters of a currency, then a number: what is read is written and read as the same amount.
pub fn money(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((code, number)) = text.split_at_checked(3) else { return };
    let Ok(currency) = code.parse::<Currency>() else { return };
    assert_eq!(currency.code(), code);
    if let Ok(money) = Money::parse(number, currency) {
        let again = Money::parse(&money.decimal(), currency);
        assert_eq!(again, Ok(money), "{number}");
        assert!(number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-'));
    }
}

/// One identity has one spelling.
pub fn spiffe_uri(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = text.parse::<SpiffeId>() {
        assert_eq!(id.to_string(), text);
        assert!(
            !text.contains(['%', '?', '#', '@', '*', ' ']) && !text.bytes().any(|b| b.is_ascii_uppercase())
        );
    }
}

/// Only the sidecar's own words count: nothing before its element changes who is calling.
pub fn xfcc(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(Peer::from_xfcc(text, false).is_err(), "a peer that is no sidecar was believed");
    if let Ok(peer) = Peer::from_xfcc(text, true) {
        assert!(text.contains(&peer.id.to_string()));
    }
    if let Ok(peer) = Peer::from_xfcc(&format!("{text},By=spiffe://x/ns/a/sa/b;URI={CALLER}"), true) {
        assert_eq!(peer.id, id(), "an earlier element was believed");
    }
}

fn id() -> SpiffeId {
    CALLER.parse().unwrap_or_else(|e| panic!("{e}"))
}
