//! Rows 1 to 4 and 10 to 13: the shape and the header of a token.

use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use testkit::engines;

use crate::forge::{Forge, message};
use crate::lab::{At, Lab};

/// Each token must be refused with 401 for its reason.
pub async fn unauthorized(lab: &Lab, cases: &[(&str, String, &str)]) {
    for (case, token, reason) in cases {
        let line = lab.refused(case, At::Provider, lab.charge().bearer_auth(token), (401, reason)).await;
        assert_eq!(line["peer"], testkit::client::INVOICE_APP, "{case}");
        assert!(
            token.len() < 20 || !line.to_string().contains(token.as_str()),
            "{case}: the token is in the log"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_no_empty_or_doubled_authorization_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let good = Forge::of(&lab).good();
        let doubled = lab.charge().bearer_auth(&good).bearer_auth(&good);
        for (case, request, reason) in [
            ("none", lab.charge(), "missing_token"),
            ("empty", lab.charge().header(AUTHORIZATION, ""), "missing_token"),
            ("no token", lab.charge().header(AUTHORIZATION, "Bearer "), "missing_token"),
            ("basic", lab.charge().header(AUTHORIZATION, "Basic aW52b2ljZTphcHA="), "missing_token"),
            ("in another header", lab.charge().header("X-API-Key", &good), "missing_token"),
            ("doubled", doubled, "several_tokens"),
        ] {
            lab.refused(case, At::Provider, request, (401, reason)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_02_alg_none_in_any_spelling_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let header = json!({"typ": "charge+jwt", "alg": alg, "kid": forge.header()["kid"]});
            let unsigned = format!("{}.", message(&header, &forge.claims()));
            let signed = forge.signed(&header, &forge.claims());
            unauthorized(&lab, &[(alg, unsigned, "wrong_alg"), (alg, signed, "wrong_alg")]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_03_another_algorithm_over_the_public_key_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let jwks = std::fs::read_to_string(lab.home.path("keys/charge/jwks.json")).unwrap();
        let x = serde_json::from_str::<Value>(&jwks).unwrap()["keys"][0]["x"].as_str().unwrap().to_owned();
        for alg in ["HS256", "HS512", "RS256", "ES256", "PS256", "Ed25519", "eddsa"] {
            let header = json!({"typ": "charge+jwt", "alg": alg, "kid": forge.header()["kid"]});
            let by_jwks = forge.by_hmac(&header, jwks.as_bytes());
            let by_x = forge.by_hmac(&header, x.as_bytes());
            unauthorized(&lab, &[(alg, by_jwks, "wrong_alg"), (alg, by_x, "wrong_alg")]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_04_a_stripped_swapped_or_extended_token_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let good = forge.good();
        let (head, signature) = good.rsplit_once('.').unwrap();
        let other = forge.claims_with(&[("jti", json!("other"))]);
        let swapped = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
        unauthorized(
            &lab,
            &[
                ("signature stripped", format!("{head}."), "bad_signature"),
                ("two parts", head.to_owned(), "malformed"),
                ("payload swapped", swapped, "bad_signature"),
                ("a fourth part", format!("{good}.x"), "malformed"),
                ("padded", format!("{good}="), "bad_signature"),
                ("no dots", "x".repeat(200), "malformed"),
                ("only dots", "..".to_owned(), "malformed"),
                ("an array", forge.signed(&"[]", &forge.claims()), "malformed"),
                ("a number", forge.signed(&forge.header(), &"7"), "malformed"),
            ],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_an_unknown_crit_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!("b64"), json!(null)] {
            let name = crit.to_string();
            unauthorized(&lab, &[(&name, forge.header_with("crit", crit), "crit_header")]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_11_the_typ_of_another_kind_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for typ in ["JWT", "key+jwt", "event+jwt", "CHARGE+JWT", "application/charge+jwt", ""] {
            unauthorized(&lab, &[(typ, forge.header_with("typ", json!(typ)), "wrong_typ")]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_12_a_kid_that_is_not_ours_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let operator = gate::keys::SigningKey::load(&lab.home.path("keys/operator/private.pem")).unwrap();
        for kid in [
            "unknown",
            "",
            "../../keys/charge/private.pem",
            "/dev/null",
            "' OR '1'='1",
            "kid\u{0}",
            operator.kid(),
        ] {
            unauthorized(&lab, &[(kid, forge.header_with("kid", json!(kid)), "unknown_kid")]).await;
        }
        let long = forge.header_with("kid", json!("k".repeat(10_000)));
        unauthorized(&lab, &[("10 kB", long, "token_too_long")]).await;
        unauthorized(&lab, &[("a number", forge.header_with("kid", json!(1)), "malformed")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_12_a_retired_kid_is_refused_and_its_successor_is_not() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let old = Forge::of(&lab);
        for step in ["publish", "switch", "retire"] {
            let keys = lab.home.text("keys");
            lab.home.run(&["keys", "rotate", "--dir", &keys, "--issuer", "charge", "--step", step]);
        }
        let new = Forge::of(&lab);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while lab.charge().bearer_auth(new.good()).send().await.unwrap().status() != 200 {
            assert!(std::time::Instant::now() < deadline, "the new key is not taken over");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        unauthorized(&lab, &[("retired", old.good(), "unknown_kid")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_13_a_key_brought_along_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for (name, value) in [
            (
                "jwk",
                json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            ),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
        ] {
            unauthorized(&lab, &[(name, forge.header_with(name, value), "key_in_header")]).await;
        }
    }
}
