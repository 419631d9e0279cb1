//! Keys as files: what is read, what is refused, what is never shown.

use gate::keys::{KeyError, SigningKey, VerifyingKeys, jwks_json, parse_jwks};
use serde_json::{Value, json};

use crate::forge::key;

fn set_with(member: &str, value: Value) -> String {
    let mut jwk = serde_json::to_value(key().public_jwk()).unwrap();
    jwk[member] = value;
    json!({ "keys": [jwk] }).to_string()
}

fn refused(json: &str) -> KeyError {
    VerifyingKeys::from_jwks_json(json).unwrap_err()
}

#[test]
fn the_kid_is_the_thumbprint_of_rfc_8037() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    let key = SigningKey::from_pem(pem).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(serde_json::to_value(key.public_jwk()).unwrap()["x"], x);
}

#[test]
fn a_set_is_read_as_it_is_written_with_two_keys_during_a_rotation() {
    let new = SigningKey::from_pem(&SigningKey::generate_pem().unwrap()).unwrap();
    let json = jwks_json([key().public_jwk(), new.public_jwk()]).unwrap();
    let mut kids = [key().kid().to_owned(), new.kid().to_owned()];
    kids.sort();
    assert_eq!(VerifyingKeys::from_jwks_json(&json).unwrap().kids(), kids);
    let merged = jwks_json(parse_jwks(&json).unwrap()).unwrap();
    assert_eq!(merged, json);
}

#[test]
fn a_set_with_anything_but_public_ed25519_keys_is_refused() {
    let cases = [("kty", "RSA"), ("kty", "oct"), ("crv", "Ed448"), ("crv", "X25519")];
    for (member, value) in cases.iter().chain(&[("alg", "ES256"), ("alg", "none"), ("use", "enc")]) {
        let error = refused(&set_with(member, json!(value)));
        assert!(matches!(error, KeyError::WrongKind(_)), "{member}={value}: {error}");
    }
    assert!(matches!(refused(&set_with("alg", Value::Null)), KeyError::WrongKind(_)));
}

#[test]
fn a_private_key_in_a_public_set_is_refused_and_not_quoted() {
    let error = refused(&set_with("d", json!("SECRETSECRET")));
    assert!(matches!(error, KeyError::PrivateMember(_)));
    let pasted = [set_with("p", json!("SECRETSECRET")), "\"SECRETSECRET\"".to_owned()];
    for json in pasted {
        let message = refused(&json).to_string();
        assert!(!message.contains("SECRET"), "{message}");
    }
}

#[test]
fn every_key_has_its_own_usable_kid() {
    for kid in [json!(""), json!("k".repeat(65)), Value::Null] {
        assert!(matches!(refused(&set_with("kid", kid)), KeyError::BadKid));
    }
    let twice = [key().public_jwk(), key().public_jwk()];
    assert!(matches!(jwks_json(twice.clone()), Err(KeyError::DuplicateKid(_))));
    let json = json!({ "keys": twice }).to_string();
    assert!(matches!(refused(&json), KeyError::DuplicateKid(_)));
    assert!(matches!(refused(r#"{"keys":[]}"#), KeyError::Empty));
}

#[test]
fn a_public_key_has_32_bytes() {
    for x in ["", "AAAA", "*", &"A".repeat(44), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"] {
        assert!(matches!(refused(&set_with("x", json!(x))), KeyError::BadX(_)), "{x}");
    }
}

#[test]
fn a_private_key_file_holds_one_ed25519_key() {
    let good = SigningKey::generate_pem().unwrap();
    let p256 = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let wrong = [
        String::new(),
        format!("{good}{good}"),
        good.replace("PRIVATE KEY", "PUBLIC KEY"),
        good.replace("PRIVATE KEY", "EC PRIVATE KEY"),
        p256,
        good.replacen("MC4", "MC5", 1),
    ];
    for text in wrong {
        assert!(matches!(SigningKey::from_pem(&text), Err(KeyError::NotPrivateKey)), "{text}");
    }
}

#[test]
fn debug_shows_the_name_and_not_the_key() {
    let pem = SigningKey::generate_pem().unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    let shown = format!("{key:?} {:?}", crate::forge::signer());
    assert!(shown.contains(key.kid()));
    assert!(!shown.contains(secret) && !shown.contains("48, 46"), "{shown}");
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let nowhere = std::path::Path::new("/nowhere/private.pem");
    let message = SigningKey::load(nowhere).unwrap_err().to_string();
    assert!(message.contains("/nowhere/private.pem"), "{message}");
    assert!(message.contains("antaeusctl keys init"), "{message}");
    assert!(VerifyingKeys::load(nowhere).is_err());
}
