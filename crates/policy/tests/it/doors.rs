//! Calls through the door, which VirtualServices of several namespaces lead on; and calls that another way replaces.

use policy::check::check;
use policy::graph::CallGraph;
use policy::render::Render;

const CLEAN: &str = include_str!("clean.yaml");
const GRAPH: &str = include_str!("clean-graph.yaml");

const DOOR: &str = "---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: bank}
spec: {selector: {istio: ingressgateway}, servers: [{hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  gateways: [bank/public]
  hosts: ['*']
  http:
    - match: [{uri: {prefix: /shop/}}]
      route: [{destination: {host: web, port: {number: 8080}}}]
      retries: {attempts: 0}
";

const CALL: &str = "
  - callers: [gateway]
    as: istio-system/gateway
    callee: shop/web
    port: 8080
    transport: http
    methods: [GET]
    paths: [/shop/*]
    why: Looking around.
";

fn graph(elsewhere: &str, call: &str) -> Result<CallGraph, String> {
    let graph = GRAPH.replace("elsewhere: []", &format!("elsewhere: [{elsewhere}]"));
    CallGraph::read(&format!("{graph}{call}")).map_err(|e| e.to_string())
}

/// What is said of a render with a door, after one replacement in the door's objects, and with more of them.
fn said(old: &str, new: &str, more: &str) -> String {
    const GATEWAY: &str = "{name: gateway, namespace: istio-system, account: gateway, labels: {istio: ingressgateway}, door: true}";
    assert!(DOOR.contains(old), "{old:?}");
    let render = Render::read(&format!("{CLEAN}{}{more}", DOOR.replacen(old, new, 1))).unwrap();
    let findings = check(&render, &graph(GATEWAY, CALL).unwrap()).findings;
    // The policies of the clean render know no gateway; that is not asked here.
    let about = findings.iter().filter(|finding| finding.call.is_none()).map(ToString::to_string);
    about.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_route_leads_to_the_callee_of_its_path() {
    assert_eq!(said("8080", "8080", ""), "");
    let whole = "web.shop.svc.cluster.local";
    assert_eq!(said("host: web", &format!("host: {whole}"), ""), "");
    for (old, new) in [
        ("{host: web, port: {number: 8080}}", "{host: vault.bank.svc.cluster.local, port: {number: 8082}}"),
        ("number: 8080", "number: 8081"),
        ("namespace: shop}", "namespace: bank}"),
    ] {
        assert!(said(old, new, "").contains("leads /shop/x elsewhere than to shop/web:8080"), "{new}");
    }
    assert!(said("/shop/", "/shops/", "").contains("has no route for /shop/x"));
}

#[test]
fn who_is_called_by_name_has_a_sidecar() {
    let label = "name: shop\n  labels:\n    istio-injection: enabled";
    assert!(CLEAN.contains(label));
    let render = Render::read(&CLEAN.replacen(label, "name: shop\n  labels:\n    team: shop", 1)).unwrap();
    let gateway =
        "{name: gateway, namespace: istio-system, account: gateway, labels: {istio: ingressgateway}}";
    let findings = check(&render, &graph(gateway, CALL).unwrap()).findings;
    assert!(
        findings.iter().any(|finding| finding.sentence.contains("shop/web has no sidecar")),
        "{findings:#?}"
    );
}

#[test]
fn a_path_is_in_one_virtual_service() {
    let second =
        DOOR.split("---\n").last().unwrap().replace("name: web, namespace", "name: second, namespace");
    let found = said("8080", "8080", &format!("---\n{}", second.replace("/shop/", "/")));
    assert!(found.contains("Istio does not say which comes first"), "{found}");
}

#[test]
fn a_gateway_is_of_the_namespace_that_is_named() {
    for wrong in ["public", "shop/public", "bank/other"] {
        assert!(said("bank/public", wrong, "").contains("dangling-route"), "{wrong}");
    }
}

#[test]
fn a_call_is_not_made_where_another_way_is_there() {
    const BROKER: &str = "{name: broker, service_entry: broker}";
    let unless = GRAPH.replace("    why: Paying.", "    unless: broker\n    why: Paying.");
    let read = |elsewhere: &str| {
        CallGraph::read(&unless.replace("elsewhere: []", &format!("elsewhere: [{elsewhere}]")))
    };
    let entry = "---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: broker, namespace: shop}\nspec: {hosts: [broker.example], addresses: [192.0.2.9]}\n";
    let (without, with) = (Render::read(CLEAN).unwrap(), Render::read(&format!("{CLEAN}{entry}")).unwrap());
    let graph = read(BROKER).unwrap();
    assert_eq!((graph.of(&without).calls.len(), graph.of(&with).calls.len()), (1, 0));
    let findings = check(&with, &graph.of(&with)).findings;
    assert!(findings.iter().any(|finding| finding.sentence.contains("shop/web reaches bank/vault:8082")));
    assert!(read("").unwrap_err().to_string().contains("`unless` names broker"));
}
