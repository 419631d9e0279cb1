//! `event+jwt`: a charge's bindings, other keys and another issuer for each sender.

use gate::keys::{SigningKey, VerifyingKeys, jwks_json};
use gate::token::BodyHash;
use gate::token::charge::{self, ChargeSigner, ChargeVerifier};
use gate::token::event::{EventSigner, EventVerifier, Sender};
use gate::{Peer, Refusal, SpiffeId, Thumbprint};

use crate::forge::{BODY, CALLER, METHOD, NOW, OTHER, PATH, peer};

fn new_key() -> SigningKey {
    SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap()
}

fn public(key: &SigningKey) -> VerifyingKeys {
    VerifyingKeys::from_jwks_json(&jwks_json([key.public_jwk()]).unwrap()).unwrap()
}

fn id(text: &str) -> SpiffeId {
    text.parse().unwrap()
}

struct Parties {
    caller: EventSigner,
    other: EventSigner,
    verifier: EventVerifier,
}

fn signer(sender: &str, audience: &str) -> EventSigner {
    let thumbprint = peer(sender).thumbprint;
    EventSigner { key: new_key(), subject: id(sender), audience: audience.into(), thumbprint }
}

fn parties() -> Parties {
    let (caller, other) = (signer(CALLER, "orders"), signer(OTHER, "orders"));
    let sender = |signer: &EventSigner| Sender { id: signer.subject.clone(), keys: public(&signer.key) };
    let verifier =
        EventVerifier { senders: vec![sender(&caller), sender(&other)], audience: "orders".into() };
    Parties { caller, other, verifier }
}

impl Parties {
    fn judge(&self, token: &str, from: &Peer) -> Option<Refusal> {
        self.verifier.verify(token, from, METHOD, PATH, NOW).err()
    }
}

#[test]
fn each_sender_is_known_by_its_own_key() {
    let all = parties();
    for signer in [&all.caller, &all.other] {
        let token = signer.sign(METHOD, PATH, BODY, NOW).unwrap();
        let from = peer(&signer.subject.to_string());
        let verified = all.verifier.verify(&token, &from, METHOD, PATH, NOW).unwrap();
        assert_eq!((&verified.subject, verified.kid.as_str()), (&signer.subject, signer.key.kid()));
        assert_eq!(verified.check_body(BodyHash::of(BODY)), Ok(()));
        assert_eq!(verified.check_body(BodyHash::of(b"other")), Err(Refusal::BodyMismatch));
    }
}

#[test]
fn a_sender_cannot_speak_for_another() {
    let all = parties();
    let token = all.caller.sign(METHOD, PATH, BODY, NOW).unwrap();
    assert_eq!(all.judge(&token, &peer(OTHER)), Some(Refusal::UnknownKid));
    let stranger = "spiffe://cluster.local/ns/commerce/sa/stranger";
    assert_eq!(all.judge(&token, &peer(stranger)), Some(Refusal::WrongPeer));
    // Even with a key that counts for both, issuer and subject are the sender's own.
    let forged = EventSigner { key: all.other.key.clone(), ..all.caller.clone() };
    let token = forged.sign(METHOD, PATH, BODY, NOW).unwrap();
    assert_eq!(all.judge(&token, &peer(OTHER)), Some(Refusal::WrongIssuer));
}

#[test]
fn a_charge_is_no_event_and_an_event_no_charge_even_under_one_key() {
    let all = parties();
    let key = all.caller.key.clone();
    let charge = ChargeSigner {
        key: key.clone(),
        issuer: charge::ISSUER.into(),
        subject: id(CALLER),
        audience: "orders".into(),
        thumbprint: peer(CALLER).thumbprint,
    };
    let token = charge.sign(METHOD, PATH, BODY, NOW).unwrap();
    assert_eq!(all.judge(&token, &peer(CALLER)), Some(Refusal::WrongTyp));
    let event = all.caller.sign(METHOD, PATH, BODY, NOW).unwrap();
    let verifier = ChargeVerifier {
        keys: public(&key),
        issuer: charge::ISSUER.into(),
        audience: "orders".into(),
        allowed: id(CALLER),
    };
    let judged = verifier.verify(&event, &peer(CALLER), METHOD, PATH, NOW);
    assert_eq!(judged.err(), Some(Refusal::WrongTyp));
}

#[test]
fn an_event_is_bound_to_receiver_request_certificate_and_time() {
    let all = parties();
    let token = all.caller.sign(METHOD, PATH, BODY, NOW).unwrap();
    let elsewhere = EventVerifier { audience: "notifications".into(), ..all.verifier.clone() };
    let judge = |verifier: &EventVerifier, from: &Peer, method: &str, path: &str, now: i64| {
        verifier.verify(&token, from, method, path, now).err()
    };
    let (from, v) = (peer(CALLER), &all.verifier);
    assert_eq!(judge(&elsewhere, &from, METHOD, PATH, NOW), Some(Refusal::WrongAudience));
    assert_eq!(judge(v, &from, "PUT", PATH, NOW), Some(Refusal::MethodMismatch));
    assert_eq!(judge(v, &from, METHOD, "/elsewhere", NOW), Some(Refusal::PathMismatch));
    assert_eq!(judge(v, &from, METHOD, PATH, NOW + 66), Some(Refusal::Expired));
    assert_eq!(judge(v, &from, METHOD, PATH, NOW - 6), Some(Refusal::NotYetValid));
    let other = Peer { thumbprint: Some(Thumbprint::of(b"another")), ..peer(CALLER) };
    assert_eq!(judge(v, &other, METHOD, PATH, NOW), Some(Refusal::BindingMismatch));
    let sidecar = Peer { thumbprint: None, ..peer(CALLER) };
    assert_eq!(judge(v, &sidecar, METHOD, PATH, NOW), Some(Refusal::BindingUnverifiable));
}
