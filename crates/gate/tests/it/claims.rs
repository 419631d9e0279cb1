//! Attacks 5, 6, 9 and 14: what a token's claims may try.

use gate::Refusal;
use serde_json::{Value, json};

use crate::forge::{claims_with, good_claims, good_header, judge, signed, without};

fn judge_claims(claims: impl ToString) -> Option<Refusal> {
    judge(&signed(good_header(), claims)).err()
}

#[test]
fn every_claim_is_required() {
    for claim in ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "htm", "htu", "bdh"] {
        let refused = judge_claims(without(good_claims(), claim));
        assert_eq!(refused, Some(Refusal::Malformed), "{claim}");
        let refused = judge_claims(claims_with(claim, Value::Null));
        assert_eq!(refused, Some(Refusal::Malformed), "{claim}");
    }
}

#[test]
fn the_audience_is_exactly_us() {
    for aud in ["antaeus", "Payment-Provider", "payment-provider/", "payment", ""] {
        let refused = judge_claims(claims_with("aud", json!(aud)));
        assert_eq!(refused, Some(Refusal::WrongAudience), "{aud}");
    }
    for aud in [json!(["payment-provider"]), json!(["payment-provider", "other"]), json!({})] {
        assert_eq!(judge_claims(claims_with("aud", aud)), Some(Refusal::Malformed));
    }
}

#[test]
fn the_issuer_is_exactly_the_one_of_these_keys() {
    for iss in ["operator.antaeus", "invoice-app", "INVOICE-APP.antaeus", ""] {
        let refused = judge_claims(claims_with("iss", json!(iss)));
        assert_eq!(refused, Some(Refusal::WrongIssuer), "{iss}");
    }
}

#[test]
fn times_are_whole_numbers() {
    let wrong = [r#""1800000060""#, "1e300", "1800000060.0", "18e8", "true", "[1800000060]", "{}"];
    for claim in ["exp", "nbf", "iat"] {
        for value in wrong.iter().chain(&["99999999999999999999", "-0"]) {
            let marked = claims_with(claim, json!("@")).to_string();
            let claims = marked.replace(r#""@""#, value);
            assert_eq!(judge_claims(claims), Some(Refusal::Malformed), "{claim}={value}");
        }
    }
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let good = good_claims().to_string();
    let tail = good.strip_prefix('{').unwrap();
    let twice = [r#""sub":"x""#, r#""exp":9999999999"#, r#""aud":"x""#, r#""a\u0075d":"x""#];
    for extra in twice.iter().chain(&[r#""cnf":null"#, r#""bdh":"x""#]) {
        assert_eq!(judge_claims(format!("{{{extra},{tail}")), Some(Refusal::Malformed), "{extra}");
    }
    let inner = r#""x5t#S256":"#;
    let doubled = good.replace(inner, &format!("{inner}\"{}\",{inner}", "A".repeat(43)));
    assert_ne!(doubled, good);
    assert_eq!(judge_claims(doubled), Some(Refusal::Malformed));
}

#[test]
fn a_claim_that_we_never_write_is_refused() {
    for claim in ["scope", "admin", "azp", "Exp", ""] {
        let refused = judge_claims(claims_with(claim, json!("x")));
        assert_eq!(refused, Some(Refusal::Malformed), "{claim}");
    }
}

#[test]
fn a_jti_is_short_and_there() {
    for jti in [String::new(), "j".repeat(65)] {
        assert_eq!(judge_claims(claims_with("jti", json!(jti))), Some(Refusal::Malformed));
    }
    assert_eq!(judge_claims(claims_with("jti", json!("j".repeat(64)))), None);
}

#[test]
fn parts_that_are_not_one_json_object_are_refused() {
    // In the order in which our struct would read them.
    let order = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti", "htm", "htu", "bdh", "cnf"];
    let array = order.map(|claim| good_claims()[claim].take());
    let good = good_claims().to_string();
    let deep = format!(r#"{{"iss":{}"#, "[".repeat(2_000));
    let cases = [
        json!(array).to_string(),
        String::new(),
        "null".to_owned(),
        format!("{good}{good}"),
        format!("{good} x"),
        format!("\u{feff}{good}"),
        good[..good.len() - 1].to_owned(),
        deep,
    ];
    for claims in cases {
        assert_eq!(judge_claims(&claims), Some(Refusal::Malformed), "{claims}");
    }
}
