//! Rows 5 to 9 and 14: what a token says.

use serde_json::json;
use testkit::engines;

use crate::forge::Forge;
use crate::headers::unauthorized;
use crate::lab::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn row_05_a_missing_claim_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for claim in ["aud", "iss", "nbf", "exp", "iat", "sub", "jti", "htm", "htu", "bdh"] {
            unauthorized(&lab, &[(claim, forge.without(claim), "malformed")]).await;
        }
        unauthorized(&lab, &[("cnf", forge.without("cnf"), "binding_missing")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_06_another_audience_or_several_are_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let aud = |value| forge.claims_with(&[("aud", value)]);
        unauthorized(
            &lab,
            &[
                ("another", aud(json!("invoice-app")), "wrong_audience"),
                ("longer", aud(json!("payment-provider.evil")), "wrong_audience"),
                ("an array with ours", aud(json!(["payment-provider", "evil"])), "malformed"),
                ("an array of ours alone", aud(json!(["payment-provider"])), "malformed"),
                ("another issuer", forge.claims_with(&[("iss", json!("operator.antaeus"))]), "wrong_issuer"),
            ],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_07_expired_and_not_yet_valid_are_refused_beyond_five_seconds() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let now = forge.now;
        let times = |iat: i64, nbf: i64, exp: i64| {
            forge.claims_with(&[("iat", json!(iat)), ("nbf", json!(nbf)), ("exp", json!(exp))])
        };
        unauthorized(
            &lab,
            &[
                ("expired 59 s ago", times(now - 100, now - 100, now - 59), "expired"),
                ("expired 6 s ago", times(now - 60, now - 60, now - 6), "expired"),
                ("nbf in 50 s", times(now, now + 50, now + 60), "not_yet_valid"),
                ("iat in 50 s", times(now + 50, now, now + 100), "not_yet_valid"),
            ],
        )
        .await;
        // Clocks differ: within the leeway both edges pass.
        for (case, token) in [
            ("expired 1 s ago", times(now - 60, now - 60, now - 1)),
            ("nbf in 3 s", times(now + 3, now + 3, now + 60)),
        ] {
            assert_eq!(lab.charge().bearer_auth(token).send().await.unwrap().status(), 200, "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_08_a_token_for_too_long_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let exp = |exp: i64| forge.claims_with(&[("exp", json!(exp))]);
        unauthorized(
            &lab,
            &[
                ("the year 9999", exp(253_402_300_799), "lifetime_too_long"),
                ("121 seconds", exp(forge.now + 121), "lifetime_too_long"),
                ("i64", exp(i64::MAX), "lifetime_too_long"),
            ],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_09_times_that_are_no_whole_numbers_are_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        for claim in ["exp", "nbf", "iat"] {
            for value in
                [json!("9999999999"), json!(1e300), json!(1.5), json!(null), json!([1]), json!(u64::MAX)]
            {
                let case = format!("{claim}={value}");
                unauthorized(&lab, &[(&case, forge.claims_with(&[(claim, value)]), "malformed")]).await;
            }
        }
        unauthorized(&lab, &[("exp=-1", forge.claims_with(&[("exp", json!(-1))]), "expired")]).await;
        let raw = forge.claims().to_string();
        let huge = raw.replacen(&format!("\"exp\":{}", forge.now + 60), "\"exp\":1e400", 1);
        assert_ne!(huge, raw);
        unauthorized(&lab, &[("exp=1e400", forge.signed(&forge.header(), &huge), "malformed")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_14_a_claim_that_stands_twice_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let claims = forge.claims().to_string();
        for twice in
            [r#""aud":"payment-provider""#, r#""sub":"x""#, r#""exp":9999999999"#, r#""role":"admin""#]
        {
            let doubled = claims.replacen('{', &format!("{{{twice},"), 1);
            unauthorized(&lab, &[(twice, forge.signed(&forge.header(), &doubled), "malformed")]).await;
        }
        let header = forge.header().to_string().replacen('{', r#"{"alg":"EdDSA","#, 1);
        unauthorized(&lab, &[("alg twice", forge.signed(&header, &claims), "malformed")]).await;
    }
}
