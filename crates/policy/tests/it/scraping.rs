//! Calls to a sidecar's own port, which no Service names and before which the mesh does not stand; and calls that are
//! made only where somebody is there to make them.

use policy::check::check;
use policy::graph::CallGraph;
use policy::render::Render;

const CLEAN: &str = include_str!("clean.yaml");
const GRAPH: &str = include_str!("clean-graph.yaml");

const CALL: &str = "
  - callers: [shop/web]
    callee: bank/vault
    port: 15020
    transport: tcp
    where: shop/web
    why: Metrics.
";

const WAYS: &str = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-to-metrics, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}
          podSelector: {matchLabels: {app.kubernetes.io/name: vault}}
      ports: [{protocol: TCP, port: 15020}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: metrics-from-web, namespace: bank}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: vault}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
          podSelector: {matchLabels: {app.kubernetes.io/name: web}}
      ports: [{protocol: TCP, port: 15020}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web, namespace: shop}
spec:
  workloadSelector: {labels: {app.kubernetes.io/name: web}}
  outboundTrafficPolicy: {mode: ALLOW_ANY}
  egress: [{hosts: [./*, istio-system/*, bank/vault.bank.svc.cluster.local]}]
";

/// What is said after one replacement in the ways.
fn said(old: &str, new: &str, call: &str) -> String {
    assert!(WAYS.contains(old), "{old:?}");
    let render = Render::read(&format!("{CLEAN}{}", WAYS.replacen(old, new, 1))).unwrap();
    let graph = CallGraph::read(&format!("{GRAPH}{call}")).unwrap().of(&render);
    let findings = check(&render, &graph).findings;
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_pod_is_called_by_its_address_where_both_halves_and_the_sidecar_let_it() {
    assert_eq!(said("15020", "15020", CALL), "");
    assert!(said("port: 15020", "port: 15090", CALL).contains("shop/web must reach bank/vault:15020"));
    for other in ["  outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n", ""] {
        let closed = said("  outboundTrafficPolicy: {mode: ALLOW_ANY}\n", other, CALL);
        assert!(closed.contains("the sidecar of shop/web does not know bank/vault:15020"), "{closed}");
    }
}

#[test]
fn only_who_calls_by_address_has_an_open_sidecar() {
    let nobody = said("15020", "15020", "");
    assert!(nobody.contains("M6-scope"), "{nobody}");
    let everybody = said("  workloadSelector: {labels: {app.kubernetes.io/name: web}}\n", "", CALL);
    assert!(everybody.contains("M6-scope"), "{everybody}");
}

#[test]
fn a_call_is_not_made_where_its_workload_is_not() {
    let elsewhere = CALL.replace("where: shop/web", "where: shop/till");
    assert!(said("15020", "15020", &elsewhere).contains("shop/web reaches bank/vault:15020"));
}

#[test]
fn a_sidecar_selects_by_labels_and_says_so_in_its_own_word() {
    let other = WAYS.replace("{labels: ", "{matchLabels: ");
    let refusal = Render::read(&format!("{CLEAN}{other}")).unwrap_err().to_string();
    assert!(refusal.contains("unknown field `matchLabels`"), "{refusal}");
}
