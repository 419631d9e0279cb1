//! Attacks 15 to 17: a good token in the wrong hands or on another request.

use gate::token::{BodyHash, BodyHasher};
use gate::{Kind, Peer, Refusal, Thumbprint};
use serde_json::{Value, json};

use crate::forge::{
    BODY, CALLER, METHOD, NOW, OTHER, PATH, claims_with, good_claims, good_header, good_token, judge, key,
    peer, signed, signer, verifier, without,
};

fn judge_from(peer: &Peer, token: &str) -> Option<Refusal> {
    verifier().verify(token, peer, METHOD, PATH, NOW).err()
}

fn behind_a_sidecar() -> Peer {
    Peer { thumbprint: None, ..peer(CALLER) }
}

#[test]
fn a_good_request_passes_and_names_key_caller_and_body() {
    let verified = judge(&good_token()).unwrap();
    assert_eq!(verified.kid, key().kid());
    assert_eq!(verified.subject.to_string(), CALLER);
    assert_eq!(verified.check_body(BodyHash::of(BODY)), Ok(()));
}

#[test]
fn another_workload_is_forbidden_whatever_it_presents() {
    for token in ["", "garbage", &good_token()] {
        assert_eq!(judge_from(&peer(OTHER), token), Some(Refusal::WrongPeer));
    }
    assert_eq!(Refusal::WrongPeer.kind(), Kind::Forbidden);
}

#[test]
fn the_token_must_be_the_peers_own() {
    let foreign = signed(good_header(), claims_with("sub", json!(OTHER)));
    assert_eq!(judge(&foreign), Err(Refusal::WrongSubject));
    for sub in ["", "*", "spiffe://cluster.local/ns/antaeus/sa/invoice-app/"] {
        let token = signed(good_header(), claims_with("sub", json!(sub)));
        assert_eq!(judge(&token), Err(Refusal::WrongSubject));
    }
}

#[test]
fn a_token_over_another_ones_certificate_is_refused() {
    let thief = Peer { thumbprint: Some(Thumbprint::of(b"another")), ..peer(CALLER) };
    assert_eq!(judge_from(&thief, &good_token()), Some(Refusal::BindingMismatch));
}

#[test]
fn under_tls_an_unbound_token_is_refused() {
    for claims in [without(good_claims(), "cnf"), claims_with("cnf", Value::Null)] {
        assert_eq!(judge(&signed(good_header(), claims)), Err(Refusal::BindingMissing));
    }
    let half = [json!({}), json!({"x5t": "x"}), json!({"jkt": "x"}), json!("x"), json!([])];
    for cnf in half {
        let token = signed(good_header(), claims_with("cnf", cnf));
        assert_eq!(judge(&token), Err(Refusal::Malformed));
    }
    let mut more = good_claims();
    more["cnf"]["jkt"] = json!("x");
    let token = signed(good_header(), more);
    assert_eq!(judge(&token), Err(Refusal::Malformed));
    let short = json!({"x5t#S256": "AAAA"});
    let token = signed(good_header(), claims_with("cnf", short));
    assert_eq!(judge(&token), Err(Refusal::Malformed));
}

#[test]
fn behind_a_sidecar_the_identity_suffices() {
    let mut signer = signer();
    signer.thumbprint = None;
    let token = signer.sign(METHOD, PATH, BODY, NOW).unwrap();
    assert_eq!(judge_from(&behind_a_sidecar(), &token), None);
    assert_eq!(judge_from(&peer(CALLER), &token), Some(Refusal::BindingMissing));
}

#[test]
fn behind_a_sidecar_a_bound_token_is_refused_because_nobody_can_check_it() {
    let refused = judge_from(&behind_a_sidecar(), &good_token());
    assert_eq!(refused, Some(Refusal::BindingUnverifiable));
}

#[test]
fn a_replay_is_the_same_request_and_nothing_else() {
    let token = good_token();
    let first = judge(&token).unwrap();
    assert_eq!(judge(&token).unwrap(), first);
    assert_eq!(first.check_body(BodyHash::of(b"other")), Err(Refusal::BodyMismatch));
    let later = verifier().verify(&token, &peer(CALLER), METHOD, PATH, NOW + 65);
    assert_eq!(later, Err(Refusal::Expired));
}

#[test]
fn another_method_path_or_query_is_refused() {
    let judge = |method, path| verifier().verify(&good_token(), &peer(CALLER), method, path, NOW).err();
    for method in ["GET", "post", "PUT", ""] {
        assert_eq!(judge(method, PATH), Some(Refusal::MethodMismatch), "{method}");
    }
    let paths = [
        "/pp/rest/v1/charges",
        "/pp/rest/v1/charges?dry=0",
        "/pp/rest/v1/charges?dry=1&x",
        "/pp/rest/v1/charges/?dry=1",
        "//pp/rest/v1/charges?dry=1",
        "/pp/rest/v1/%63harges?dry=1",
        "/PP/rest/v1/charges?dry=1",
        "",
    ];
    for path in paths {
        assert_eq!(judge(METHOD, path), Some(Refusal::PathMismatch), "{path}");
    }
}

#[test]
fn a_body_hashed_in_pieces_is_the_same_body() {
    for size in 1..=BODY.len() {
        let mut hasher = BodyHasher::new();
        for piece in BODY.chunks(size) {
            hasher.update(piece);
        }
        assert_eq!(hasher.finish(), BodyHash::of(BODY));
    }
    let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    assert_eq!(BodyHasher::new().finish().to_string(), empty);
}

#[test]
fn a_path_too_long_for_a_token_is_not_signed() {
    let path = "/".repeat(4096);
    assert!(signer().sign(METHOD, &path, BODY, NOW).is_err());
    assert!(signer().sign(METHOD, PATH, BODY, -1).is_err());
    assert!(signer().sign(METHOD, PATH, BODY, i64::MAX).is_err());
}
