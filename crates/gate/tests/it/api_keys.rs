//! Attacks 11 and 18 on the public APIs: scopes, kinds and lifetimes of API keys.

use gate::token::api_key::{self, ApiKeyIssuer, ApiKeyVerifier, Grant, MAX_LIFETIME};
use gate::token::{LEEWAY, Scope, SignError, Subject};
use gate::{Kind, Refusal};
use serde_json::{Value, json};

use crate::forge::{NOW, good_claims, good_token, judge, key, public_keys, signed};

fn issuer() -> ApiKeyIssuer {
    ApiKeyIssuer { key: key(), issuer: api_key::ISSUER.to_owned(), audience: api_key::AUDIENCE.to_owned() }
}

fn verifier() -> ApiKeyVerifier {
    ApiKeyVerifier {
        keys: public_keys(&key()),
        issuer: api_key::ISSUER.to_owned(),
        audience: api_key::AUDIENCE.to_owned(),
    }
}

fn team() -> Subject {
    "team:billing".parse().unwrap()
}

fn api_key(scopes: &[Scope], lifetime: i64) -> String {
    issuer().issue(&team(), scopes, lifetime, NOW).unwrap()
}

fn refused(token: &str, scope: Scope, now: i64) -> Option<Refusal> {
    verifier().verify(token, now).and_then(|grant| grant.opens(scope)).err()
}

fn forged(member: &str, value: Value) -> String {
    let header = json!({"typ": api_key::TYP, "alg": "EdDSA", "kid": key().kid()});
    let mut claims = json!({
        "iss": api_key::ISSUER, "aud": api_key::AUDIENCE, "sub": "team:billing", "jti": "j",
        "iat": NOW, "nbf": NOW, "exp": NOW + 60, "scope": "invoices:read",
    });
    claims[member] = value;
    signed(header, claims)
}

#[test]
fn a_key_opens_its_scopes_and_says_whose_it_is() {
    let token = api_key(&[Scope::InvoicesRead, Scope::BillingRun], 3_600);
    let grant = verifier().verify(&token, NOW).unwrap();
    assert_eq!(grant.subject, team());
    assert_eq!(grant.scopes, [Scope::InvoicesRead, Scope::BillingRun]);
    assert_eq!((grant.kid.as_str(), grant.expires_at), (key().kid(), NOW + 3_600));
    assert_eq!(grant.jti.len(), 36);
}

#[test]
fn a_key_without_the_scope_is_forbidden() {
    let token = api_key(&[Scope::InvoicesRead], 3_600);
    for scope in Scope::ALL.iter().filter(|scope| **scope != Scope::InvoicesRead) {
        assert_eq!(refused(&token, *scope, NOW), Some(Refusal::WrongScope), "{scope}");
    }
    assert_eq!(Refusal::WrongScope.kind(), Kind::Forbidden);
}

#[test]
fn a_scope_word_is_matched_whole() {
    let near = ["invoices", "invoices:", "invoices:rea", "invoices:read:all", "*", "INVOICES:READ"];
    for scope in near {
        let token = forged("scope", json!(scope));
        assert_eq!(refused(&token, Scope::InvoicesRead, NOW), Some(Refusal::WrongScope), "{scope}");
    }
    for scope in ["", " ", "invoices:read ", " invoices:read", "a  invoices:read", "a\tb"] {
        let token = forged("scope", json!(scope));
        assert_eq!(refused(&token, Scope::InvoicesRead, NOW), Some(Refusal::Malformed), "{scope}");
    }
    let array = forged("scope", json!(["invoices:read"]));
    assert_eq!(refused(&array, Scope::InvoicesRead, NOW), Some(Refusal::Malformed));
}

#[test]
fn a_scope_of_tomorrow_opens_nothing_and_breaks_nothing() {
    let token = forged("scope", json!("refunds:write invoices:read"));
    let grant = verifier().verify(&token, NOW).unwrap();
    assert_eq!(grant.scopes, [Scope::InvoicesRead]);
}

#[test]
fn a_charge_token_is_no_api_key_and_an_api_key_charges_nothing() {
    // All signed by one key here, so that nothing but the kind tells them apart.
    assert_eq!(refused(&good_token(), Scope::InvoicesRead, NOW), Some(Refusal::WrongTyp));
    let all = api_key(Scope::ALL, 3_600);
    assert_eq!(judge(&all), Err(Refusal::WrongTyp));
    let header = json!({"typ": api_key::TYP, "alg": "EdDSA", "kid": key().kid()});
    let disguised = signed(header, good_claims());
    assert_eq!(refused(&disguised, Scope::InvoicesRead, NOW), Some(Refusal::Malformed));
}

#[test]
fn a_key_lives_ninety_days_at_most() {
    let longest = api_key(&[Scope::OrdersRead], MAX_LIFETIME);
    let end = NOW + MAX_LIFETIME + LEEWAY;
    assert_eq!(refused(&longest, Scope::OrdersRead, end - 1), None);
    assert_eq!(refused(&longest, Scope::OrdersRead, end), Some(Refusal::Expired));
    for lifetime in [MAX_LIFETIME + 1, 0, -1, i64::MAX, i64::MIN] {
        let issued = issuer().issue(&team(), &[Scope::OrdersRead], lifetime, NOW);
        assert_eq!(issued, Err(SignError::Lifetime));
    }
    let forged = forged("exp", json!(NOW + MAX_LIFETIME + 1));
    assert_eq!(refused(&forged, Scope::InvoicesRead, NOW), Some(Refusal::LifetimeTooLong));
}

#[test]
fn a_key_for_somebody_else_is_refused() {
    let other_audience = forged("aud", json!("payment-provider"));
    assert_eq!(refused(&other_audience, Scope::InvoicesRead, NOW), Some(Refusal::WrongAudience));
    let other_issuer = forged("iss", json!("invoice-app.antaeus"));
    assert_eq!(refused(&other_issuer, Scope::InvoicesRead, NOW), Some(Refusal::WrongIssuer));
}

#[test]
fn a_subject_is_a_team_or_a_user() {
    let long = format!("team:{}", "x".repeat(65));
    let wrong = ["", "billing", "team:", ":x", "root:x", "team:a b", "user:4 2", "Team:x", "team:a:b"];
    for sub in wrong.iter().chain(&[long.as_str(), "user:é", "user:../1", "user:1\n"]) {
        assert!(sub.parse::<Subject>().is_err(), "{sub}");
        let token = forged("sub", json!(sub));
        assert_eq!(refused(&token, Scope::InvoicesRead, NOW), Some(Refusal::Malformed), "{sub}");
    }
    assert_eq!("user:42".parse(), Ok(Subject::User("42".to_owned())));
    assert_eq!(team().to_string(), "team:billing");
}

#[test]
fn scopes_are_read_as_they_are_written() {
    for scope in Scope::ALL {
        assert_eq!(scope.as_str().parse(), Ok(*scope));
    }
    let message = "nope".parse::<Scope>().unwrap_err().to_string();
    assert!(message.contains("invoices:read"), "{message}");
    assert_eq!(issuer().issue(&team(), &[], 60, NOW), Err(SignError::NoScope));
}

#[test]
fn a_users_key_opens_nothing_that_is_for_teams() {
    let user: Subject = "user:42".parse().unwrap();
    for scope in Scope::ALL {
        let issued = issuer().issue(&user, &[Scope::InvoicesRead, *scope], 60, NOW);
        assert_eq!(issued.is_ok(), scope.is_for_users(), "{scope}");
    }
    let all = Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
    let header = json!({"typ": api_key::TYP, "alg": "EdDSA", "kid": key().kid()});
    let claims = json!({"iss": api_key::ISSUER, "aud": api_key::AUDIENCE, "sub": "user:42", "jti": "j",
        "iat": NOW, "nbf": NOW, "exp": NOW + 60, "scope": all});
    assert_eq!(verifier().verify(&signed(header, claims), NOW), Err(Refusal::ScopeNotForUsers));
}

#[test]
fn one_scope_that_is_for_teams_spoils_a_users_key_and_no_teams_key() {
    for scope in Scope::ALL {
        let claim = json!(format!("invoices:read {scope}"));
        let teams = verifier().verify(&forged("scope", claim.clone()), NOW);
        assert!(teams.is_ok(), "{scope}");
        let header = json!({"typ": api_key::TYP, "alg": "EdDSA", "kid": key().kid()});
        let claims = json!({"iss": api_key::ISSUER, "aud": api_key::AUDIENCE, "sub": "user:42", "jti": "j",
            "iat": NOW, "nbf": NOW, "exp": NOW + 60, "scope": claim});
        let users = verifier().verify(&signed(header, claims), NOW).err();
        assert_eq!(users, (!scope.is_for_users()).then_some(Refusal::ScopeNotForUsers), "{scope}");
    }
    assert_eq!(Refusal::ScopeNotForUsers.kind(), Kind::Unauthorized);
}

/// Whoever makes a grant in another way than by a key is held to the same.
#[test]
fn a_grant_to_a_user_opens_nothing_that_is_for_teams() {
    let (kid, jti) = (key().kid().to_owned(), "j".to_owned());
    let subject: Subject = "user:42".parse().unwrap();
    let grant = Grant { kid, jti, subject, scopes: Scope::ALL.to_vec(), expires_at: NOW + 60 };
    for scope in Scope::ALL {
        let wanted = if scope.is_for_users() { Ok(()) } else { Err(Refusal::TeamKeysOnly) };
        assert_eq!(grant.opens(*scope), wanted, "{scope}");
    }
}

#[test]
fn a_refused_tokens_key_is_named_only_when_it_is_ours() {
    let keys = public_keys(&key());
    let token = api_key(&[Scope::InvoicesRead], 60);
    assert_eq!(gate::token::known_kid(&token, &keys).as_deref(), Some(key().kid()));
    assert_eq!(gate::token::known_kid(&format!("{token}x"), &keys).as_deref(), Some(key().kid()));
    for unknown in ["", "..", "a.b.c", &signed(json!({"typ": "x", "alg": "EdDSA", "kid": "other"}), "{}")] {
        assert_eq!(gate::token::known_kid(unknown, &keys), None, "{unknown}");
    }
}
