//! AuthorizationPolicy: `when`.

use crate::lab::{Ask, object, refusal};

fn when(condition: &str) -> String {
    object("AuthorizationPolicy", "bank", &format!("rules: [{{when: [{condition}]}}]"))
}

#[test]
fn of_the_connection() {
    for (condition, passes) in [
        ("{key: source.principal, values: [cluster.local/ns/shop/sa/web]}", true),
        ("{key: source.principal, values: [cluster.local/ns/shop/sa/other]}", false),
        ("{key: source.principal, notValues: [cluster.local/ns/shop/sa/web]}", false),
        ("{key: source.namespace, values: [shop]}", true),
        ("{key: source.namespace, values: [bank]}", false),
        ("{key: source.ip, values: [10.0.0.0/8]}", true),
        ("{key: source.ip, values: [192.0.2.0/24]}", false),
        ("{key: destination.port, values: ['8082']}", true),
        ("{key: destination.port, values: ['80']}", false),
        ("{key: destination.port, notValues: ['8082']}", false),
    ] {
        assert_eq!(Ask::web().passes(&when(condition)), passes, "{condition}");
    }
    assert!(!Ask::plaintext().passes(&when("{key: source.namespace, values: [shop]}")));
}

#[test]
fn a_header_is_taken_to_be_missing() {
    assert!(!Ask::web().passes(&when("{key: 'request.headers[x-team]', values: [shop]}")));
    assert!(Ask::web().passes(&when("{key: 'request.headers[x-team]', notValues: [shop]}")));
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    let both = "{key: source.namespace, values: [shop]}, {key: destination.port, values: ['80']}";
    assert!(!Ask::web().passes(&when(both)));
}

#[test]
fn what_is_not_understood_is_refused() {
    for (condition, part) in [
        ("{key: experimental.envoy.filters.x, values: [some]}", "experimental.envoy.filters.x"),
        ("{key: connection.sni, values: [some]}", "connection.sni"),
        ("{key: 'request.auth.claims[groups]', values: [some]}", "groups"),
        ("{key: source.principal}", "no values"),
    ] {
        let said = refusal(&when(condition));
        assert!(said.contains(part), "{said}");
    }
}
