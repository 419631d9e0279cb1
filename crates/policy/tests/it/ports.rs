//! NetworkPolicy: which ports.

use crate::lab::{leaves, object, pod, refusal, render, web_enters};
use policy::layer::network::Side;
use policy::object::Direction;
use policy::request::{Port, Protocol};

fn to(ports: &str) -> String {
    object("NetworkPolicy", "bank", &format!("policyTypes: [Ingress]\ningress: [{{ports: {ports}}}]"))
}

const NAMES: Port = Port { number: 53, protocol: Protocol::Udp };

#[test]
fn no_ports_are_all_ports() {
    assert!(web_enters(&to("[]"), 1));
    assert!(web_enters(&object("NetworkPolicy", "bank", "ingress: [{from: [{namespaceSelector: {}}]}]"), 1));
}

#[test]
fn a_port_by_number_and_tcp_unless_said() {
    assert!(web_enters(&to("[{port: 8082}]"), 8082) && !web_enters(&to("[{port: 8082}]"), 8083));
    let render = render(&to("[{port: 53}]"));
    let (vault, web) = (pod(&render, "bank/vault"), pod(&render, "shop/web"));
    let side = Side::of(&render, &vault, Direction::Ingress);
    assert!(side.toward(&web).passes(Port::tcp(53)) && !side.toward(&web).passes(NAMES));
}

#[test]
fn an_item_without_a_port_opens_every_port_of_its_transport() {
    let render = render(&to("[{protocol: UDP}]"));
    let (vault, web) = (pod(&render, "bank/vault"), pod(&render, "shop/web"));
    let side = Side::of(&render, &vault, Direction::Ingress);
    assert!(side.toward(&web).passes(NAMES) && !side.toward(&web).passes(Port::tcp(53)));
    assert!(web_enters(&to("[{}]"), 12_345));
}

#[test]
fn a_name_is_the_name_that_the_callees_container_gives_with_this_transport() {
    assert!(web_enters(&to("[{port: http}]"), 8082));
    assert!(!web_enters(&to("[{port: http}]"), 80), "the Service's number is not the pod's");
    assert!(!web_enters(&to("[{port: nothing}]"), 8082));
    assert!(!web_enters(&to("[{port: names}]"), 53), "the container's port is UDP");
    assert!(!web_enters(&to("[{port: http, protocol: UDP}]"), 8082));
    let egress = object("NetworkPolicy", "shop", "policyTypes: [Egress]\negress: [{ports: [{port: http}]}]");
    assert!(leaves(&egress, Port::tcp(8082)), "the vault's name counts, not the caller's");
    assert!(!leaves(&egress, Port::tcp(8080)));
}

#[test]
fn a_range_has_both_ends() {
    let range = to("[{port: 8000, endPort: 8082}]");
    for (port, inside) in [(7999, false), (8000, true), (8082, true), (8083, false)] {
        assert_eq!(web_enters(&range, port), inside, "{port}");
    }
    assert!(refusal(&to("[{port: http, endPort: 9000}]")).contains("endPort"));
    assert!(refusal(&to("[{port: 9000, endPort: 8000}]")).contains("endPort"));
    assert!(refusal(&to("[{endPort: 8000}]")).contains("endPort"));
}

#[test]
fn peers_and_ports_of_one_rule_must_both_hold() {
    let rules = "policyTypes: [Ingress]\ningress:\n  - {from: [{namespaceSelector: {matchLabels: {team: x}}}], ports: [{port: 8082}]}\n  - {from: [{namespaceSelector: {}}], ports: [{port: 5432}]}";
    let policy = object("NetworkPolicy", "bank", rules);
    assert!(!web_enters(&policy, 8082) && web_enters(&policy, 5432));
}
