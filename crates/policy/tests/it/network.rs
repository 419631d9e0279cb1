//! NetworkPolicy: who.

use crate::lab::{enters, leaves, object, pod, refusal, render, stranger, web_enters};
use policy::place::{METADATA_ADDRESS, Place, STRANGE_ADDRESS};
use policy::request::Port;

fn ingress(spec: &str) -> String {
    object("NetworkPolicy", "bank", &format!("podSelector: {{}}\npolicyTypes: [Ingress]\n{spec}"))
}

fn from(peers: &str) -> String {
    ingress(&format!("ingress: [{{from: {peers}}}]"))
}

#[test]
fn a_pod_that_no_policy_selects_is_open() {
    assert!(web_enters("", 8082));
    let another = object(
        "NetworkPolicy",
        "bank",
        "podSelector: {matchLabels: {app.kubernetes.io/name: x}}\npolicyTypes: [Ingress]",
    );
    assert!(web_enters(&another, 8082));
    let elsewhere = object("NetworkPolicy", "shop", "podSelector: {}\npolicyTypes: [Ingress]");
    assert!(web_enters(&elsewhere, 8082));
}

#[test]
fn a_policy_closes_only_the_directions_that_it_is_about() {
    let egress_only = object("NetworkPolicy", "bank", "podSelector: {}\npolicyTypes: [Egress]");
    assert!(web_enters(&egress_only, 8082));
    assert!(!web_enters(&ingress(""), 8082));
}

#[test]
fn without_policy_types_ingress_is_meant_and_egress_only_when_there_is_a_rule_for_it() {
    let nothing = object("NetworkPolicy", "shop", "podSelector: {}");
    assert!(leaves(&nothing, Port::tcp(8082)));
    let empty_list = object("NetworkPolicy", "shop", "podSelector: {}\negress: []");
    assert!(leaves(&empty_list, Port::tcp(8082)));
    let a_rule =
        object("NetworkPolicy", "shop", "podSelector: {}\negress: [{to: [{ipBlock: {cidr: 192.0.2.1/32}}]}]");
    assert!(!leaves(&a_rule, Port::tcp(8082)));
    assert!(!web_enters(&object("NetworkPolicy", "bank", "podSelector: {}"), 8082));
    assert!(!web_enters(&object("NetworkPolicy", "bank", "podSelector: {}\npolicyTypes: []"), 8082));
}

#[test]
fn without_a_pod_selector_every_pod_of_the_namespace_is_meant() {
    assert!(!web_enters(&object("NetworkPolicy", "bank", "policyTypes: [Ingress]"), 8082));
}

#[test]
fn no_rules_let_nobody_in_and_an_empty_rule_lets_everybody_in() {
    assert!(!web_enters(&ingress("ingress: []"), 8082));
    assert!(web_enters(&ingress("ingress: [{}]"), 8082));
    assert!(web_enters(&from("[]"), 8082));
}

#[test]
fn both_selectors_in_one_peer_must_hold_and_in_two_peers_one() {
    let both =
        "[{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {tier: front}}}]";
    let either =
        "[{namespaceSelector: {matchLabels: {team: shop}}}, {podSelector: {matchLabels: {tier: front}}}]";
    assert!(web_enters(&from(both), 8082) && web_enters(&from(either), 8082));
    let back = Place { labels: [].into(), ..pod(&render(""), "shop/web") };
    assert!(!enters(&from(both), &back, 8082) && enters(&from(either), &back, 8082));
    let impostor = stranger("elsewhere", &[("tier", "front")]);
    assert!(!enters(&from(both), &impostor, 8082));
    // Without a namespace selector only pods of the policy's own namespace are meant.
    assert!(!enters(&from(either), &impostor, 8082));
    assert!(enters(&from(either), &stranger("bank", &[("tier", "front")]), 8082));
}

#[test]
fn an_empty_namespace_selector_means_all_namespaces_and_no_addresses() {
    let all = from("[{namespaceSelector: {}}]");
    assert!(enters(&all, &stranger("elsewhere", &[]), 8082));
    assert!(!enters(&all, &Place::outside("the internet", STRANGE_ADDRESS), 8082));
    let labelled = from("[{namespaceSelector: {}, podSelector: {matchLabels: {tier: front}}}]");
    assert!(enters(&labelled, &stranger("elsewhere", &[("tier", "front")]), 8082));
    assert!(!enters(&labelled, &stranger("elsewhere", &[]), 8082));
}

#[test]
fn an_empty_pod_selector_means_the_pods_of_the_own_namespace() {
    let own = from("[{podSelector: {}}]");
    assert!(enters(&own, &stranger("bank", &[]), 8082) && !web_enters(&own, 8082));
}

#[test]
fn every_namespace_bears_its_name_as_a_label() {
    let named = |name: &str| {
        from(&format!("[{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}]"))
    };
    assert!(web_enters(&named("shop"), 8082) && !web_enters(&named("elsewhere"), 8082));
    assert!(enters(&named("elsewhere"), &stranger("elsewhere", &[]), 8082));
}

#[test]
fn requirements_of_a_selector() {
    for (requirement, web, unlabelled) in [
        ("{key: tier, operator: In, values: [front, middle]}", true, false),
        ("{key: tier, operator: In, values: [back]}", false, false),
        ("{key: tier, operator: NotIn, values: [back]}", true, true),
        ("{key: tier, operator: NotIn, values: [front]}", false, true),
        ("{key: tier, operator: Exists}", true, false),
        ("{key: tier, operator: DoesNotExist}", false, true),
    ] {
        let policy = from(&format!(
            "[{{namespaceSelector: {{}}, podSelector: {{matchExpressions: [{requirement}]}}}}]"
        ));
        assert_eq!(web_enters(&policy, 8082), web, "{requirement}");
        assert_eq!(enters(&policy, &stranger("elsewhere", &[]), 8082), unlabelled, "{requirement}");
    }
}

#[test]
fn addresses_of_a_block_but_its_exceptions() {
    let block = from("[{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]");
    assert!(enters(&block, &Place::outside("the internet", STRANGE_ADDRESS), 8082));
    assert!(!enters(&block, &Place::outside("metadata", METADATA_ADDRESS), 8082));
    // Pods have addresses as well.
    assert!(web_enters(&block, 8082));
    assert!(!web_enters(&from("[{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]"), 8082));
}

#[test]
fn policies_add_up() {
    let front = from("[{namespaceSelector: {matchLabels: {team: shop}}}]");
    assert!(web_enters(&format!("{}---\n{front}", ingress("")), 8082));
}

#[test]
fn on_the_nodes_network_no_policy_holds_and_no_selector_finds_it() {
    let hosted =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: hosted, namespace: bank}\nspec: {hostNetwork: true}\n";
    let render = render(&format!("{hosted}---\n{}", ingress("")));
    let (hosted, web) = (pod(&render, "bank/hosted"), pod(&render, "shop/web"));
    let side = policy::layer::network::Side::of(&render, &hosted, policy::object::Direction::Ingress);
    assert!(side.toward(&web).passes(Port::tcp(1)));
    assert!(!enters(&from("[{podSelector: {}}]"), &hosted, 8082));
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    for (peers, part) in [
        ("[{}]", "a peer says nothing"),
        ("[{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]", "ipBlock stands beside a selector"),
        ("[{ipBlock: {cidr: 10.0.0.0}}]", "no range"),
        ("[{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]", "outside of it"),
    ] {
        let said = refusal(&from(peers));
        assert!(said.contains(part), "{said}");
    }
}
