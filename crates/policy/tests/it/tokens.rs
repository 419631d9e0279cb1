//! RequestAuthentication, and what AuthorizationPolicies ask of tokens.

use crate::lab::{Ask, object, pod, refusal, render, token};
use policy::layer::mesh::Guard;
use policy::request::Token;

const KEYS: &str = r#"jwks: '{"keys":[{"kid":"a"}]}'"#;

fn known(more: &str) -> String {
    object("RequestAuthentication", "bank", &format!("jwtRules: [{{issuer: shop, {KEYS}{more}}}]"))
}

fn policy(spec: &str) -> String {
    object("AuthorizationPolicy", "bank", spec)
}

fn showing(token: Token) -> Ask {
    Ask { token: Some(token), ..Ask::web() }
}

#[test]
fn no_token_passes_and_a_bad_one_does_not() {
    assert!(Ask::web().passes(&known("")));
    assert!(showing(token()).passes(&known("")));
    assert!(!showing(Token { genuine: false, ..token() }).passes(&known("")));
    assert!(!showing(Token { issuer: "x".into(), ..token() }).passes(&known("")));
    assert!(showing(Token { genuine: false, ..token() }).passes(""), "nobody looks");
}

#[test]
fn an_audience_is_asked_for_only_where_it_is_named() {
    let other = || showing(Token { audience: "x".into(), ..token() });
    assert!(other().passes(&known("")));
    assert!(!other().passes(&known(", audiences: [vault]")));
    assert!(showing(token()).passes(&known(", audiences: [vault]")));
}

#[test]
fn only_a_verified_token_has_a_request_principal() {
    let any = policy("rules: [{from: [{source: {requestPrincipals: ['*']}}]}]");
    let both = format!("{}---\n{any}", known(""));
    assert!(showing(token()).passes(&both));
    assert!(!Ask::web().passes(&both));
    assert!(!showing(token()).passes(&any), "nobody verified it");
    let not = policy("rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]");
    assert!(Ask::web().passes(&format!("{}---\n{not}", known(""))));
}

#[test]
fn the_subject_is_what_follows_the_last_slash() {
    for (pattern, passes) in [
        ("shop/*", true),
        ("other/*", false),
        // The subject holds slashes itself, so this is issuer `shop/spiffe://d/ns/shop/sa` and subject `web`.
        ("shop/spiffe://d/ns/shop/sa/web", false),
        ("'*/spiffe://d/ns/shop/sa/web'", false),
        ("'*'", true),
    ] {
        let rule = policy(&format!("rules: [{{from: [{{source: {{requestPrincipals: [{pattern}]}}}}]}}]"));
        assert_eq!(showing(token()).passes(&format!("{}---\n{rule}", known(""))), passes, "{pattern}");
    }
    let simple = policy("rules: [{from: [{source: {requestPrincipals: [shop/web]}}]}]");
    let simple = format!("{}---\n{simple}", known(""));
    assert!(showing(Token { subject: "web".into(), ..token() }).passes(&simple));
    assert!(!showing(token()).passes(&simple));
    assert!(
        refusal(&policy("rules: [{from: [{source: {requestPrincipals: [shop]}}]}]"))
            .contains("requestPrincipals shop")
    );
}

#[test]
fn claims_of_a_verified_token() {
    for (claim, value, passes) in [
        ("sub", "spiffe://d/ns/shop/sa/web", true),
        ("sub", "web", false),
        ("iss", "shop", true),
        ("aud", "vault", true),
        ("aud", "other", false),
    ] {
        let rule = policy(&format!(
            "rules: [{{when: [{{key: 'request.auth.claims[{claim}]', values: ['{value}']}}]}}]"
        ));
        assert_eq!(showing(token()).passes(&format!("{}---\n{rule}", known(""))), passes, "{claim} {value}");
        assert!(!Ask::web().passes(&format!("{}---\n{rule}", known(""))), "{claim} without a token");
        assert!(!showing(token()).passes(&rule), "{claim}, and nobody verified it");
    }
}

#[test]
fn a_token_is_looked_for_where_the_rule_says() {
    let asked = policy("rules: [{from: [{source: {requestPrincipals: ['*']}}]}]");
    for (place, seen) in [
        ("", true),
        (", fromHeaders: [{name: Authorization, prefix: 'Bearer '}]", true),
        (", fromHeaders: [{name: authorization, prefix: 'Bearer '}]", true),
        (", fromHeaders: [{name: x-key}]", false),
        (", fromHeaders: [{name: Authorization}]", false),
        (", fromParams: [key]", false),
        (", fromCookies: [key]", false),
    ] {
        assert_eq!(showing(token()).passes(&format!("{}---\n{asked}", known(place))), seen, "{place}");
    }
}

#[test]
fn the_selector_says_whose_sidecar_looks() {
    let other = object(
        "RequestAuthentication",
        "bank",
        &format!(
            "selector: {{matchLabels: {{app.kubernetes.io/name: x}}}}\njwtRules: [{{issuer: shop, {KEYS}}}]"
        ),
    );
    assert!(showing(Token { genuine: false, ..token() }).passes(&other));
    let root =
        object("RequestAuthentication", "istio-system", &format!("jwtRules: [{{issuer: shop, {KEYS}}}]"));
    assert!(!showing(Token { genuine: false, ..token() }).passes(&root));
}

#[test]
fn a_token_travels_on_only_when_the_rule_says_so() {
    let forwards = |more: &str| {
        let render = render(&known(more));
        Guard::of(&render, &pod(&render, "bank/vault")).forwards_token()
    };
    assert!(
        forwards(", forwardOriginalToken: true")
            && !forwards("")
            && !forwards(", forwardOriginalToken: false")
    );
}

#[test]
fn tokens_mean_nothing_on_a_port_that_is_no_http() {
    let forged = Ask { port: 5432, ..showing(Token { genuine: false, ..token() }) };
    assert!(forged.passes(&known("")));
}

#[test]
fn key_sets_that_cannot_be_judged_are_refused() {
    for (rule, part) in [
        ("{issuer: shop}", "only inline jwks"),
        ("{issuer: shop, jwksUri: 'https://keys.example'}", "only inline jwks"),
        ("{issuer: shop, jwks: x}", "no public key"),
        ("{issuer: shop, jwks: '{\"keys\":[]}'}", "no public key"),
        ("{jwks: '{\"keys\":[{}]}'}", "issuer"),
    ] {
        let said = refusal(&object("RequestAuthentication", "bank", &format!("jwtRules: [{rule}]")));
        assert!(said.contains(part), "{said}");
    }
}
