//! PeerAuthentication: the narrowest that says something decides; and who has a sidecar at all.

use crate::lab::{Ask, object, pod, refusal, render};
use policy::layer::Answer;

fn peer(namespace: &str, spec: &str) -> String {
    object("PeerAuthentication", namespace, spec)
}

const VAULT: &str = "selector: {matchLabels: {app.kubernetes.io/name: vault}}";

#[test]
fn plaintext_passes_unless_something_is_strict() {
    assert!(Ask::plaintext().passes(""));
    assert!(Ask::plaintext().passes(&peer("bank", "mtls: {mode: PERMISSIVE}")));
    assert!(!Ask::plaintext().passes(&peer("bank", "mtls: {mode: STRICT}")));
    assert!(Ask::web().passes(&peer("bank", "mtls: {mode: STRICT}")));
    assert!(Ask::plaintext().passes(&peer("shop", "mtls: {mode: STRICT}")), "another namespace's");
}

#[test]
fn workload_before_namespace_before_mesh_and_unset_says_nothing() {
    let strict_mesh = peer("istio-system", "mtls: {mode: STRICT}");
    assert!(!Ask::plaintext().passes(&strict_mesh));
    for (more, passes) in [
        (peer("bank", "mtls: {mode: PERMISSIVE}"), true),
        (peer("bank", "mtls: {mode: UNSET}"), false),
        (peer("bank", "mtls: {}"), false),
        (peer("bank", &format!("{VAULT}\nmtls: {{mode: PERMISSIVE}}")), true),
        (peer("bank", &format!("{VAULT}\nmtls: {{mode: UNSET}}")), false),
        (
            peer("bank", "selector: {matchLabels: {app.kubernetes.io/name: x}}\nmtls: {mode: PERMISSIVE}"),
            false,
        ),
    ] {
        assert_eq!(Ask::plaintext().passes(&format!("{strict_mesh}---\n{more}")), passes, "{more}");
    }
}

#[test]
fn a_single_port_may_differ() {
    let port = |mode: &str| {
        let strict = peer("bank", "mtls: {mode: STRICT}");
        format!(
            "{strict}---\n{}",
            peer("bank", &format!("{VAULT}\nportLevelMtls: {{\"8082\": {{mode: {mode}}}}}"))
        )
    };
    assert!(Ask::plaintext().passes(&port("PERMISSIVE")));
    assert!(!Ask::plaintext().passes(&port("UNSET")));
    assert!(!Ask { port: 5432, ..Ask::plaintext() }.passes(&port("PERMISSIVE")));
    assert!(refusal(&peer("bank", "portLevelMtls: {\"8082\": {mode: DISABLE}}")).contains("portLevelMtls"));
}

#[test]
fn with_disable_nobody_has_an_identity() {
    let named = object("AuthorizationPolicy", "bank", "rules: [{from: [{source: {principals: ['*']}}]}]");
    assert!(Ask::web().passes(&named));
    assert!(!Ask::web().passes(&format!("{named}---\n{}", peer("bank", "mtls: {mode: DISABLE}"))));
}

#[test]
fn ports_of_the_sidecar_itself_are_before_no_policy() {
    let strict = peer("bank", "mtls: {mode: STRICT}");
    for port in [15_020, 15_021, 15_090] {
        assert_eq!(Ask { port, ..Ask::plaintext() }.answer(&strict), Answer::Absent);
    }
}

#[test]
fn a_pods_own_word_about_its_sidecar_counts_first() {
    let of = |labels: &str, annotations: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: bank, labels: {{{labels}}}, annotations: {{{annotations}}}}}\nspec: {{}}\n"
        );
        pod(&render(&text), "bank/p").sidecar
    };
    assert!(of("", ""));
    assert!(!of("sidecar.istio.io/inject: 'false'", ""));
    assert!(!of("", "sidecar.istio.io/inject: 'false'"));
    let outside = "apiVersion: v1\nkind: Namespace\nmetadata: {name: bare}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: bare}\nspec: {}\n";
    assert!(!pod(&render(outside), "bare/p").sidecar);
    let hosted =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: bank}\nspec: {hostNetwork: true}\n";
    assert!(!pod(&render(hosted), "bank/p").sidecar);
}
