//! Attack 4: signatures that are stripped, moved or bent.

use gate::Refusal;
use gate::token::MAX_TOKEN;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::forge::{OTHER, claims_with, good_header, good_token, judge, signed, unsigned};

fn parts() -> [String; 3] {
    let token = good_token();
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

#[test]
fn a_stripped_signature_is_refused() {
    let [header, claims, _] = parts();
    assert_eq!(judge(&format!("{header}.{claims}.")), Err(Refusal::BadSignature));
    assert_eq!(judge(&format!("{header}.{claims}")), Err(Refusal::Malformed));
}

#[test]
fn a_swapped_payload_is_refused() {
    let [_, _, signature] = parts();
    let swapped = unsigned(good_header(), claims_with("sub", json!(OTHER)));
    assert_eq!(judge(&format!("{swapped}.{signature}")), Err(Refusal::BadSignature));
}

#[test]
fn more_or_fewer_than_three_parts_are_refused() {
    let [header, claims, signature] = parts();
    let wrong = [
        format!("{header}.{claims}.{signature}.{signature}"),
        format!(".{header}.{claims}.{signature}"),
        format!("{header}..{claims}.{signature}"),
        format!("{header}.{claims}.{signature}."),
        header.clone(),
        "..".to_owned(),
        ".".to_owned(),
    ];
    for token in wrong {
        assert_eq!(judge(&token), Err(Refusal::Malformed), "{token}");
    }
}

#[test]
fn a_token_has_one_spelling() {
    let [header, claims, signature] = parts();
    let wrong = [
        format!("{header}=.{claims}.{signature}"),
        format!("{header}.{claims}=.{signature}"),
        format!(" {header}.{claims}.{signature}"),
        format!("{header}.{claims}\n.{signature}"),
        format!("{header}.{claims}.{signature}=="),
        format!("{header}.{claims}.{signature} "),
        format!("{header}.{claims}.{signature}AAAA"),
        format!("{header}.{claims}.{}", &signature[..85]),
    ];
    for token in wrong {
        assert!(judge(&token).is_err(), "{token}");
    }
}

#[test]
fn a_token_of_4096_bytes_is_looked_at_and_a_longer_one_is_not() {
    assert_eq!(judge(&"a".repeat(MAX_TOKEN)), Err(Refusal::Malformed));
    assert_eq!(judge(&"a".repeat(MAX_TOKEN + 1)), Err(Refusal::TokenTooLong));
    let big = signed(good_header(), claims_with("htu", json!("x".repeat(MAX_TOKEN))));
    assert_eq!(judge(&big), Err(Refusal::TokenTooLong));
}

#[test]
fn a_thousand_random_bit_flips_are_refused() {
    let seed = 0x0A17_AE05;
    let mut random = StdRng::seed_from_u64(seed);
    let good = good_token();
    assert!(judge(&good).is_ok());
    for round in 0..1_000 {
        let mut bytes = good.clone().into_bytes();
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
        // A token that is no text never gets as far as the verifier.
        let Ok(token) = String::from_utf8(bytes) else {
            continue;
        };
        assert!(judge(&token).is_err(), "seed {seed}, round {round}, byte {at}: {token}");
    }
}

#[test]
fn random_text_is_refused_without_a_panic() {
    let mut random = StdRng::seed_from_u64(7);
    let alphabet: Vec<char> = "abcXYZ019-_..={}\"é ".chars().collect();
    for _ in 0..2_000 {
        let length = random.random_range(0..200);
        let text: String = (0..length).map(|_| alphabet[random.random_range(0..alphabet.len())]).collect();
        assert!(judge(&text).is_err());
    }
}
