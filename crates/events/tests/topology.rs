//! What stands in a broker follows from who sends and who subscribes to what.

use contracts::event::Kind;
use events::broker::{EXCHANGE, hints::BILLING, queue};
use serde_json::{Value, json};

const SERVICES: [&str; 4] = ["users", "orders", "invoice-app", "notifications"];
/// The one that hands work out to itself.
const BILLS: &str = "invoice-app";

fn sent_by(service: &str) -> Vec<&'static str> {
    Kind::ALL.iter().filter(|kind| kind.sender() == service).map(|kind| kind.name()).collect()
}

fn hears(service: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.receivers().contains(&service))
}

fn one_of(prefix: &str, names: &[&str]) -> String {
    if names.is_empty() { "^$".into() } else { format!("^{prefix}({})$", names.join("|")) }
}

fn permission(service: &str) -> Value {
    let is_billing = service == BILLS;
    let own = |wanted: bool, name| if wanted { vec![name] } else { vec![] };
    let exchanges = [own(!sent_by(service).is_empty(), "events"), own(is_billing, "billing")].concat();
    let queues = [own(hears(service), service), own(is_billing, "billing")].concat();
    let of = |names: &[&str]| one_of(r"antaeus\.", names);
    json!({"user": service, "vhost": "/", "configure": "^$", "write": of(&exchanges), "read": of(&queues)})
}

fn topics(service: &str) -> Value {
    let kinds: Vec<String> = sent_by(service).iter().map(|kind| kind.replace('.', r"\.")).collect();
    let write = one_of("", &kinds.iter().map(String::as_str).collect::<Vec<_>>());
    json!({"user": service, "vhost": "/", "exchange": EXCHANGE, "write": write, "read": "^$"})
}

fn exchange(name: &str, kind: &str) -> Value {
    json!({"name": name, "vhost": "/", "type": kind, "durable": true, "auto_delete": false, "internal": false,
        "arguments": {}})
}

fn quorum_queue(name: &str) -> Value {
    json!({"name": name, "vhost": "/", "durable": true, "auto_delete": false,
        "arguments": {"x-queue-type": "quorum"}})
}

fn binding(exchange: &str, queue: &str, key: &str) -> Value {
    json!({"source": exchange, "vhost": "/", "destination": queue, "destination_type": "queue",
        "routing_key": key, "arguments": {}})
}

#[test]
fn each_service_may_write_its_own_events_and_read_its_own_queue_and_nothing_else() {
    let hearing = SERVICES.into_iter().filter(|service| hears(service));
    let queues = hearing.map(|service| quorum_queue(&queue(service))).chain([quorum_queue(BILLING)]);
    let bindings = Kind::ALL.iter().flat_map(|kind| {
        kind.receivers().iter().map(|service| binding(EXCHANGE, &queue(service), kind.name()))
    });
    let wanted = json!({
        "vhosts": [{"name": "/"}],
        "permissions": SERVICES.map(permission),
        "topic_permissions": SERVICES.map(topics),
        "exchanges": [exchange(EXCHANGE, "topic"), exchange(BILLING, "direct")],
        "queues": queues.collect::<Vec<_>>(),
        "bindings": bindings.chain([binding(BILLING, BILLING, "run")]).collect::<Vec<_>>(),
    });
    let written: Value = serde_json::from_str(include_str!("../topology.json")).unwrap();
    assert_eq!(written, wanted, "topology.json is to be\n{}", serde_json::to_string_pretty(&wanted).unwrap());
}
