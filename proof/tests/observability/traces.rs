//! What happens to a user and to an order is one trace each, through every service that has to do with it.

use std::collections::BTreeSet;

use testkit::broker::Broker;
use testkit::{Engine, engines};

use crate::collector::Collector;
use crate::spans::{Span, all, edges, orphans};
use crate::stage::Stage;
use crate::until;

const SERVER: u64 = 2;
const CLIENT: u64 = 3;
const PRODUCER: u64 = 4;
const CONSUMER: u64 = 5;

/// Who an order goes through, from whom to whom.
const OF_AN_ORDER: [(&str, &str); 5] = [
    ("orders", "invoice-app"),
    ("invoice-app", "payment-provider"),
    ("invoice-app", "orders"),
    ("invoice-app", "notifications"),
    ("orders", "notifications"),
];
const OF_A_USER: [(&str, &str); 2] = [("users", "invoice-app"), ("users", "notifications")];

/// The spans of the trace that a service began when it answered a request.
fn begun(spans: &[Span], service: &str, request: &str) -> Vec<Span> {
    let first =
        spans.iter().find(|span| span.service == service && span.kind == SERVER && span.name == request);
    let Some(first) = first else { return Vec::new() };
    spans.iter().filter(|span| span.trace == first.trace).cloned().collect()
}

fn has(spans: &[Span], wanted: &[(&str, &str)]) -> bool {
    let seen = edges(spans);
    wanted.iter().all(|(from, to)| seen.contains(&((*from).to_owned(), (*to).to_owned())))
}

fn described(spans: &[Span]) -> BTreeSet<String> {
    let one = |span: &Span| format!("{} {} (kind {})", span.service, span.name, span.kind);
    spans.iter().map(one).collect()
}

async fn one_order(engine: Engine, broker: Option<Broker>) {
    let way = if broker.is_some() { "over a broker" } else { "by calls" };
    let Some(collector) = Collector::start() else { return };
    let stage = Stage::start(engine, broker, &collector).await;
    let customer = stage.customer("Ada", "ada@example.org", 100).await;
    let order = stage.order(&customer.user, 30).await;
    stage.ends(&order, "CONFIRMED").await;
    let trace = |service, request| begun(&all(&collector.requests()), service, request);
    let ordered = || trace("orders", "POST /v1/orders");
    let registered = || trace("users", "POST /v1/users");
    let whole = async || {
        has(&ordered(), &OF_AN_ORDER) && has(&registered(), &OF_A_USER) && orphans(&ordered()).is_empty()
    };
    let begun = std::time::Instant::now();
    while !whole().await {
        let (order, user) = (ordered(), registered());
        assert!(
            begun.elapsed() < crate::PATIENCE,
            "{engine:?}, {way}: the trace of an order goes {:?} and has {:#?}, without a cause {:#?}; that of a user {:?}",
            edges(&order),
            described(&order),
            orphans(&order),
            edges(&user)
        );
        tokio::time::sleep(crate::LOOK).await;
    }
    let spans = ordered();
    let of = |service: &str, kind: u64| spans.iter().any(|span| span.service == service && span.kind == kind);
    for (service, kinds) in [
        ("orders", vec![SERVER, PRODUCER, CONSUMER]),
        ("invoice-app", vec![CONSUMER, CLIENT, PRODUCER]),
        ("payment-provider", vec![SERVER]),
        ("notifications", vec![CONSUMER, CLIENT, PRODUCER]),
    ] {
        // An e-mail leaves as a message or as a call.
        let some = |kind: &u64| service != "notifications" || *kind == CONSUMER;
        let missing: Vec<_> = kinds.into_iter().filter(some).filter(|kind| !of(service, *kind)).collect();
        assert!(
            missing.is_empty(),
            "{way}: {service} has no span of the kinds {missing:?}: {:#?}",
            described(&spans)
        );
    }
    let mailed = spans.iter().any(|span| span.service == "notifications" && span.kind != CONSUMER);
    assert!(mailed, "{way}: the e-mail is not in the trace: {:#?}", described(&spans));
    println!("observability: an order {way} is one trace of {} spans", spans.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_through_all_that_it_touches() {
    for engine in engines() {
        one_order(engine, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_over_a_broker() {
    if let Some(broker) = Broker::fresh() {
        one_order(Engine::Sqlite, Some(broker)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_from_outside_gives_the_trace() {
    let Some(collector) = Collector::start() else { return };
    let stage = Stage::start(Engine::Sqlite, None, &collector).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = stage.http.get(format!("{}/v1/users", stage.url("users"))).bearer_auth(&stage.key);
    let answer = request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let spans = async || all(&collector.requests()).into_iter().any(|span| span.trace == trace);
    until("the span is in the caller's trace", spans).await;
}
