//! AuthorizationPolicy: actions, sources and operations.

use crate::lab::{Ask, object, refusal};
use policy::request::Identity;

fn policy(spec: &str) -> String {
    object("AuthorizationPolicy", "bank", spec)
}

fn source(source: &str) -> String {
    policy(&format!("rules: [{{from: [{{source: {source}}}]}}]"))
}

fn operation(operation: &str) -> String {
    policy(&format!("rules: [{{to: [{{operation: {operation}}}]}}]"))
}

fn ask(method: &'static str, path: &'static str) -> Ask {
    Ask { method, path, ..Ask::web() }
}

#[test]
fn without_an_allow_everything_passes_and_an_empty_one_lets_nothing_in() {
    assert!(Ask::web().passes(""));
    assert!(!Ask::web().passes(&policy("{}")));
    assert!(!Ask::web().passes(&policy("rules: []")));
    assert!(Ask::web().passes(&policy("rules: [{}]")));
    let no_spec = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: empty, namespace: bank}\n";
    assert!(!Ask::web().passes(no_spec));
}

#[test]
fn deny_beats_allow_and_without_rules_denies_nothing() {
    let both = format!("{}---\n{}", policy("rules: [{}]"), policy("action: DENY\nrules: [{}]"));
    assert!(!Ask::web().passes(&both));
    assert!(Ask::web().passes(&policy("action: DENY")));
    assert!(Ask::web().passes(&policy("action: DENY\nrules: [{to: [{operation: {methods: [PUT]}}]}]")));
}

#[test]
fn audit_decides_nothing() {
    assert!(Ask::web().passes(&policy("action: AUDIT\nrules: [{to: [{operation: {methods: [PUT]}}]}]")));
    assert!(!Ask::web().passes(&format!("{}---\n{}", policy("{}"), policy("action: AUDIT\nrules: [{}]"))));
}

#[test]
fn custom_cannot_be_judged() {
    assert!(refusal(&policy("action: CUSTOM\nrules: [{}]")).contains("CUSTOM"));
}

#[test]
fn a_policy_is_about_its_selector_its_namespace_or_from_the_root_about_all() {
    let of = |namespace: &str, selector: &str| object("AuthorizationPolicy", namespace, selector);
    assert!(!Ask::web().passes(&of("istio-system", "{}")));
    assert!(Ask::web().passes(&of("shop", "{}")));
    assert!(!Ask::web().passes(&of("bank", "selector: {matchLabels: {app.kubernetes.io/name: vault}}")));
    assert!(Ask::web().passes(&of("bank", "selector: {matchLabels: {app.kubernetes.io/name: x}}")));
    assert!(
        !Ask::web().passes(&of("istio-system", "selector: {matchLabels: {app.kubernetes.io/name: vault}}"))
    );
}

#[test]
fn principals_are_exact_or_end_in_a_star_and_plaintext_has_none() {
    for (pattern, passes) in [
        ("cluster.local/ns/shop/sa/web", true),
        ("cluster.local/ns/shop/sa/we", false),
        ("cluster.local/ns/shop/*", true),
        ("'*/sa/web'", true),
        ("'*/sa/vault'", false),
        ("'*'", true),
    ] {
        assert_eq!(Ask::web().passes(&source(&format!("{{principals: [{pattern}]}}"))), passes, "{pattern}");
        assert!(!Ask::plaintext().passes(&source(&format!("{{principals: [{pattern}]}}"))), "{pattern}");
    }
    let other = Identity { trust_domain: "other".into(), ..Identity::new("shop", "web") };
    assert!(
        !Ask { identity: Some(other), ..Ask::web() }
            .passes(&source("{principals: [cluster.local/ns/shop/sa/web]}"))
    );
}

#[test]
fn a_not_field_matches_callers_without_an_identity() {
    let not = source("{notPrincipals: [cluster.local/ns/shop/sa/web]}");
    assert!(!Ask::web().passes(&not) && Ask::plaintext().passes(&not));
    let not = source("{notNamespaces: [shop]}");
    assert!(!Ask::web().passes(&not) && Ask::plaintext().passes(&not));
}

#[test]
fn namespaces_and_accounts_come_from_the_certificate() {
    assert!(Ask::web().passes(&source("{namespaces: [shop]}")));
    assert!(!Ask::plaintext().passes(&source("{namespaces: [shop]}")));
    assert!(!Ask::as_account("bank", "web").passes(&source("{namespaces: [shop]}")));
    assert!(Ask::web().passes(&source("{serviceAccounts: [shop/web]}")));
    assert!(!Ask::as_account("bank", "web").passes(&source("{serviceAccounts: [shop/web]}")));
    assert!(Ask::as_account("bank", "x").passes(&source("{notServiceAccounts: [shop/web]}")));
    for bad in [
        "{serviceAccounts: [web]}",
        "{serviceAccounts: [shop/*]}",
        "{serviceAccounts: [shop/web], namespaces: [shop]}",
    ] {
        assert!(refusal(&source(bad)).contains("serviceAccounts"), "{bad}");
    }
}

#[test]
fn addresses() {
    assert!(
        Ask::web().passes(&source("{ipBlocks: [10.0.0.0/8]}"))
            && !Ask::web().passes(&source("{ipBlocks: [192.0.2.0/24]}"))
    );
    assert!(!Ask::web().passes(&source("{notIpBlocks: [10.0.0.0/8]}")));
    assert!(refusal(&source("{ipBlocks: [anywhere]}")).contains("ipBlocks"));
}

#[test]
fn fields_of_one_source_must_all_hold_and_of_sources_one() {
    let both = source("{principals: [cluster.local/ns/shop/sa/web], namespaces: [bank]}");
    assert!(!Ask::web().passes(&both));
    let either = policy(
        "rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}, {source: {namespaces: [bank]}}]}]",
    );
    assert!(Ask::web().passes(&either) && Ask::as_account("bank", "x").passes(&either));
}

#[test]
fn from_to_and_when_must_all_hold_and_of_rules_one() {
    let and = "rules: [{from: [{source: {namespaces: [shop]}}], to: [{operation: {methods: [GET]}}], when: [{key: destination.port, values: ['8082']}]}]";
    assert!(Ask::web().passes(&policy(and)) && !ask("POST", "/books").passes(&policy(and)));
    assert!(!Ask::as_account("bank", "x").passes(&policy(and)));
    let or = "rules: [{from: [{source: {namespaces: [shop]}}]}, {to: [{operation: {methods: [GET]}}]}]";
    assert!(ask("POST", "/books").passes(&policy(or)) && Ask::as_account("bank", "x").passes(&policy(or)));
}

#[test]
fn methods_paths_ports_and_hosts() {
    for (text, passes) in [
        ("{methods: [GET]}", true),
        ("{methods: [POST]}", false),
        ("{methods: ['*']}", true),
        ("{notMethods: [GET]}", false),
        ("{paths: [/books]}", true),
        ("{paths: [/book]}", false),
        ("{paths: [/b*]}", true),
        ("{paths: ['/{*}']}", true),
        ("{paths: ['/{*}/x']}", false),
        ("{notPaths: [/books]}", false),
        ("{ports: ['8082']}", true),
        ("{ports: ['80']}", false),
        ("{notPorts: ['8082']}", false),
        ("{hosts: [VAULT.bank.svc.cluster.local]}", true),
        ("{hosts: [other]}", false),
        ("{notHosts: [vault.*]}", false),
        ("{methods: [GET], paths: [/other]}", false),
        ("{}", true),
    ] {
        assert_eq!(Ask::web().passes(&operation(text)), passes, "{text}");
    }
    assert!(refusal(&operation("{ports: [http]}")).contains("ports http"));
    assert!(refusal(&operation("{paths: ['/a{*}']}")).contains("paths"));
}

#[test]
fn on_a_port_that_is_no_http_such_fields_never_allow_and_always_deny() {
    let tcp = Ask { port: 5432, ..Ask::web() };
    for field in ["methods: [GET]", "paths: [/books]", "hosts: ['*']", "notMethods: [PUT]"] {
        assert!(!tcp.passes(&operation(&format!("{{{field}}}"))), "{field}");
        let deny = format!("action: DENY\nrules: [{{to: [{{operation: {{{field}}}}}]}}]");
        assert!(!tcp.passes(&policy(&deny)), "{field}");
    }
    assert!(tcp.passes(&operation("{ports: ['5432']}")));
    assert!(!tcp.passes(&source("{requestPrincipals: ['*']}")));
}
