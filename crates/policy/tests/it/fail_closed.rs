//! What is not understood is an error that names object and field.

use crate::lab::{object, refusal};
use policy::graph::CallGraph;

#[test]
fn an_unknown_field_of_a_policy() {
    for (kind, spec, part) in [
        ("NetworkPolicy", "podSelector: {}\ningres: []", "ingres"),
        ("NetworkPolicy", "ingress: [{to: []}]", "to"),
        ("NetworkPolicy", "ingress: [{from: [{podSelectors: {}}]}]", "podSelectors"),
        ("PeerAuthentication", "mtls: {mode: STRICTER}", "STRICTER"),
        (
            "RequestAuthentication",
            "jwtRules: [{issuer: a, spaceDelimitedClaims: [x]}]",
            "spaceDelimitedClaims",
        ),
        ("AuthorizationPolicy", "targetRefs: []", "targetRefs"),
        ("AuthorizationPolicy", "rules: [{from: [{source: {remoteIpBlocks: []}}]}]", "remoteIpBlocks"),
        ("AuthorizationPolicy", "rules: [{from: [{principals: [x]}]}]", "principals"),
        ("Sidecar", "ingress: []", "ingress"),
    ] {
        let said = refusal(&object(kind, "bank", spec));
        assert!(said.starts_with(&format!("{kind} bank/made-")) && said.contains(part), "{said}");
        assert!(said.contains("spec."), "the field is named: {said}");
    }
}

#[test]
fn a_field_beside_the_spec() {
    let text = format!("{}rules: []\n", object("AuthorizationPolicy", "bank", "{}"));
    assert!(refusal(&text).contains("the field rules is not understood"));
}

#[test]
fn an_unknown_kind_might_open_a_way() {
    for (version, kind) in [
        ("networking.istio.io/v1alpha3", "EnvoyFilter"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
        ("crd.projectcalico.org/v1", "NetworkPolicy"),
        ("batch/v2", "Worker"),
    ] {
        let said = refusal(&format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: bank}}\n"
        ));
        assert!(said.contains("is not known here"), "{said}");
    }
}

#[test]
fn one_object_twice_and_no_object_at_all() {
    let policy = object("AuthorizationPolicy", "bank", "{}");
    assert!(refusal(&format!("{policy}---\n{policy}")).contains("twice"));
    assert!(policy::render::Render::read("").expect_err("nothing").to_string().contains("no object"));
    assert!(policy::render::Render::read("{").is_err());
    assert!(refusal("apiVersion: v1\nkind: Service\nmetadata: {}\n").contains("name"));
}

#[test]
fn a_call_graph_that_says_too_little_or_too_much() {
    let call = |more: &str| {
        format!(
            "guarded: []\nelsewhere: []\ncalls: [{{callers: [a/b], callee: c/d, port: 1, why: x, {more}}}]"
        )
    };
    for (more, part) in [
        ("transport: http, methods: [GET], paths: [/]", "`as`"),
        ("transport: http, as: a/b", "methods and paths"),
        ("transport: tcp, methods: [GET], paths: [/]", "methods and paths"),
        ("transport: tcp, as: b", "namespace/account"),
        ("transport: tcp, method: GET", "method"),
    ] {
        let said = CallGraph::read(&call(more)).expect_err(more).to_string();
        assert!(said.contains(part), "{said}");
    }
    assert!(CallGraph::read(&call("transport: tcp")).is_ok());
}
