//! What was rendered against the call graph, layer by layer.

use policy::check::{Report, check};
use policy::finding::Finding;
use policy::graph::CallGraph;
use policy::layer::Layer;
use policy::render::Render;

const CLEAN: &str = include_str!("clean.yaml");
const GRAPH: &str = include_str!("clean-graph.yaml");

/// What is said of the clean render after one replacement.
pub fn after(old: &str, new: &str) -> Vec<Finding> {
    after_each(&[(old, new)])
}

/// The same after several.
pub fn after_each(replacements: &[(&str, &str)]) -> Vec<Finding> {
    let replace = |yaml: String, (old, new): &(&str, &str)| {
        assert!(yaml.contains(old), "the clean render does not hold {old:?}");
        yaml.replacen(old, new, 1)
    };
    let changed = replacements.iter().fold(CLEAN.to_owned(), replace);
    let render = Render::read(&changed).unwrap_or_else(|e| panic!("{e}"));
    check(&render, &CallGraph::read(GRAPH).unwrap()).findings
}

/// The same without one object.
pub fn without(kind: &str, name: &str) -> Vec<Finding> {
    let head = format!("kind: {kind}\nmetadata: {{{name}");
    let kept: Vec<&str> = CLEAN.split("---\n").filter(|document| !document.contains(&head)).collect();
    assert_eq!(kept.len() + 1, CLEAN.split("---\n").count(), "{kind} {name}");
    let render = Render::read(&kept.join("---\n")).unwrap_or_else(|e| panic!("{e}"));
    check(&render, &CallGraph::read(GRAPH).unwrap()).findings
}

fn layers(findings: &[Finding]) -> Vec<Layer> {
    let mut layers: Vec<Layer> =
        findings.iter().filter_map(|finding| Some(finding.call.as_ref()?.layer)).collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}

#[test]
fn nothing_is_said_of_a_clean_render() {
    let Report { findings, notes } = check(&Render::read(CLEAN).unwrap(), &CallGraph::read(GRAPH).unwrap());
    assert!(findings.is_empty() && notes.is_empty(), "{findings:#?} {notes:?}");
}

#[test]
fn each_layer_alone_is_held_against_the_call_graph() {
    for (kind, name, layer) in [
        ("NetworkPolicy", "name: web-to-vault", Layer::Network),
        ("NetworkPolicy", "name: vault-from-web", Layer::Network),
        ("NetworkPolicy", "name: default-deny, namespace: bank", Layer::Network),
        ("AuthorizationPolicy", "name: web-to-vault", Layer::Mesh),
        ("RequestAuthentication", "name: charge-key", Layer::Mesh),
        ("AuthorizationPolicy", "name: allow-nothing, namespace: shop", Layer::Mesh),
    ] {
        assert_eq!(layers(&without(kind, name)), [layer], "{kind} {name}");
    }
    let another = "ns/shop/sa/web'}]\n          startupProbe: {httpGet: {path: /startupz, port: http}}";
    let findings = after(another, &another.replace("sa/web", "sa/other"));
    assert_eq!(layers(&findings), [Layer::Application]);
}

#[test]
fn a_side_of_the_network_that_is_too_wide_is_found_although_the_other_closes_it() {
    let narrow = "podSelector: {matchLabels: {app.kubernetes.io/name: web}}\n  policyTypes: [Egress]";
    let findings = after(narrow, "podSelector: {}\n  policyTypes: [Egress]");
    let said = &findings.first().expect("a finding").sentence;
    assert!(said.contains("reaches bank/vault:8082 as far as Egress"), "{said}");
}

#[test]
fn without_a_sidecar_the_mesh_guards_nothing() {
    let findings = after(
        "istio-injection: enabled\n    pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/enforce-version: v1.33\n    pod-security.kubernetes.io/audit: restricted\n    pod-security.kubernetes.io/audit-version: v1.33\n    pod-security.kubernetes.io/warn: restricted\n    pod-security.kubernetes.io/warn-version: v1.33\n---\napiVersion: v1\nkind: ResourceQuota",
        "team: bank\n    pod-security.kubernetes.io/enforce: restricted\n---\napiVersion: v1\nkind: ResourceQuota",
    );
    assert!(
        findings.iter().any(|finding| finding.sentence.contains("bank/vault has no sidecar")),
        "{findings:?}"
    );
}

#[test]
fn a_caller_that_runs_as_another_or_does_not_find_its_way() {
    let findings = after("serviceAccountName: web", "serviceAccountName: vault");
    assert!(
        findings.iter().any(|finding| finding.sentence.contains("but runs as shop/vault")),
        "{findings:?}"
    );
    let findings = after(", bank/vault.bank.svc.cluster.local", "");
    assert!(
        findings.iter().any(|finding| finding.sentence.contains("does not know bank/vault:8082")),
        "{findings:?}"
    );
    let findings = without("Service", "name: vault");
    assert!(
        findings.iter().any(|finding| finding.sentence.contains("no Service leads to bank/vault:8082")),
        "{findings:?}"
    );
}

#[test]
fn a_new_path_method_or_account_of_a_policy_is_found() {
    for (old, new, part) in [
        ("paths: [/charges,", "paths: [/charges, /secret,", "POST /secret"),
        ("methods: [POST]", "methods: [POST, PATCH]", "PATCH /charges"),
        (
            "principals: [cluster.local/ns/shop/sa/web]",
            "principals: [cluster.local/ns/shop/sa/web, cluster.local/ns/bank/sa/default]",
            "bank/default is let in",
        ),
        ("{*}/abandon'", "{**}'", "/abandonx"),
    ] {
        let findings = after(old, new);
        assert!(findings.iter().any(|finding| finding.sentence.contains(part)), "{part}: {findings:?}");
    }
}

#[test]
fn a_key_set_of_the_mesh_that_is_not_the_services_refuses_the_rightful_caller() {
    let findings =
        after("      jwks: '{\"keys\": [{\"kid\": \"a\"", "      jwks: '{\"keys\": [{\"kid\": \"c\"");
    let said = &findings.first().expect("a finding").sentence;
    assert!(said.contains("shop/web must be let in") && said.contains("not signed by a key"), "{said}");
}

#[test]
fn a_workload_that_no_call_names_is_found() {
    let labels = "template:\n    metadata: {labels: {app.kubernetes.io/name: ";
    let findings = after(&format!("{labels}web"), &format!("{labels}somebody"));
    assert!(findings.iter().any(|finding| finding.sentence.contains("names shop/somebody")), "{findings:?}");
}
