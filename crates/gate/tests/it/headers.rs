//! Attacks 2, 3 and 10 to 14: what a token's header may try.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::Refusal;
use gate::keys::SigningKey;
use serde_json::{Value, json};

use crate::forge::{good_claims, good_header, header_with, judge, key, signed, unsigned, without};

fn judge_header(member: &str, value: Value) -> Option<Refusal> {
    judge(&signed(header_with(member, value), good_claims())).err()
}

#[test]
fn the_forge_makes_good_tokens_too() {
    assert!(judge(&signed(good_header(), good_claims())).is_ok());
}

#[test]
fn alg_none_is_refused_in_every_spelling_signed_or_not() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = header_with("alg", json!(alg));
        let bare = unsigned(&header, good_claims());
        assert_eq!(judge(&format!("{bare}.")), Err(Refusal::WrongAlg), "{alg}");
        assert_eq!(judge(&signed(&header, good_claims())), Err(Refusal::WrongAlg), "{alg}");
    }
}

#[test]
fn any_other_alg_is_refused() {
    let algs = ["HS256", "RS256", "ES256", "Ed25519", "eddsa", "EdDSA ", "EDDSA", "ES256K"];
    for alg in algs {
        assert_eq!(judge_header("alg", json!(alg)), Some(Refusal::WrongAlg), "{alg}");
    }
    assert_eq!(judge_header("alg", Value::Null), Some(Refusal::WrongAlg));
    assert_eq!(judge_header("alg", json!(["EdDSA"])), Some(Refusal::Malformed));
    let missing = signed(without(good_header(), "alg"), good_claims());
    assert_eq!(judge(&missing), Err(Refusal::WrongAlg));
}

#[test]
fn the_public_key_is_not_a_shared_secret() {
    let jwk = serde_json::to_value(key().public_jwk()).unwrap();
    let public = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    for (alg, expected) in [("HS256", Refusal::WrongAlg), ("EdDSA", Refusal::BadSignature)] {
        let message = unsigned(header_with("alg", json!(alg)), good_claims());
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &public);
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&secret, message.as_bytes()));
        assert_eq!(judge(&format!("{message}.{tag}")), Err(expected));
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let kinds = ["key+jwt", "event+jwt", "JWT", "jwt", "CHARGE+JWT", "application/charge+jwt", ""];
    for typ in kinds {
        assert_eq!(judge_header("typ", json!(typ)), Some(Refusal::WrongTyp), "{typ}");
    }
    let missing = signed(without(good_header(), "typ"), good_claims());
    assert_eq!(judge(&missing), Err(Refusal::WrongTyp));
}

#[test]
fn crit_is_refused_whatever_it_says() {
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!("x"), Value::Null] {
        assert_eq!(judge_header("crit", crit.clone()), Some(Refusal::CritHeader), "{crit}");
    }
}

#[test]
fn a_header_cannot_bring_its_own_key() {
    let jwk = serde_json::to_value(key().public_jwk()).unwrap();
    for member in ["jwk", "jku", "x5u", "x5c"] {
        for value in [jwk.clone(), json!("https://evil.example/jwks.json"), Value::Null] {
            assert_eq!(judge_header(member, value), Some(Refusal::KeyInHeader), "{member}");
        }
    }
}

#[test]
fn a_header_member_that_we_never_write_is_refused() {
    for member in ["b64", "zip", "enc", "cty", "x5t", "x5t#S256", "Alg", "nonce", ""] {
        assert_eq!(judge_header(member, json!("x")), Some(Refusal::Malformed), "{member}");
    }
}

#[test]
fn a_kid_is_a_name_to_look_up_and_nothing_else() {
    let long = "k".repeat(65);
    let kids = ["", "x", "../../etc/passwd", "/dev/null", "' OR 1=1 --", "http://evil.example", &long];
    for kid in kids {
        assert_eq!(judge_header("kid", json!(kid)), Some(Refusal::UnknownKid), "{kid}");
    }
    assert_eq!(judge_header("kid", Value::Null), Some(Refusal::UnknownKid));
    assert_eq!(judge_header("kid", json!(7)), Some(Refusal::Malformed));
    let huge = judge_header("kid", json!("k".repeat(10_000)));
    assert_eq!(huge, Some(Refusal::TokenTooLong));
}

#[test]
fn a_retired_key_and_another_ones_key_are_unknown() {
    let foreign = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
    assert_eq!(judge_header("kid", json!(foreign.kid())), Some(Refusal::UnknownKid));
    let mut signer = crate::forge::signer();
    signer.key = foreign;
    let token = signer.sign("POST", crate::forge::PATH, b"", crate::forge::NOW).unwrap();
    assert_eq!(judge(&token), Err(Refusal::UnknownKid));
}

#[test]
fn a_header_member_that_stands_twice_is_refused() {
    let kid = key().kid().to_owned();
    let twice = [
        format!(r#"{{"typ":"charge+jwt","alg":"none","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"charge+jwt","alg":"EdDSA","kid":"x","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"JWT","typ":"charge+jwt","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"charge+jwt","alg":"EdDSA","\u0061lg":"EdDSA","kid":"{kid}"}}"#),
    ];
    for header in twice {
        assert_eq!(judge(&signed(&header, good_claims())), Err(Refusal::Malformed), "{header}");
    }
}
