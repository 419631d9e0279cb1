//! What a collector is told: one order's trace, and nothing of anybody's that is nobody's business. What it does to the
//! services when it is not there: nothing.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use proof::collector::{Collector, Span};
use proof::processes::{Service, free_port};
use serde_json::{Value, json};
use testkit::{Database, Engine, Home, Team, client};

use super::market::Market;
use crate::journal::Journal;

const PATIENCE: Duration = Duration::from_secs(60);
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
const INTERNAL: i32 = 1;
/// The span of ours that is the cause of everything.
const CAUSE: &str = "00f067aa0ba902b7";

fn parent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CAUSE}-{flags}")
}

async fn post(market: &Market<'_>, url: String, parent: Option<String>, body: &Value) -> (u16, Value) {
    let request = market.http.post(url).json(body);
    let request = match parent {
        Some(parent) => request.header("traceparent", parent),
        None => request,
    };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

/// A user with money.
async fn user(market: &Market<'_>) -> Value {
    let ada = json!({"name": "Ada", "email": "ada@example.org", "currency": "EUR"});
    let (status, user) = post(market, format!("{}/v1/users", market.url("users")), None, &ada).await;
    assert_eq!(status, 201, "{user}");
    let found =
        format!("{}/v1/customers?user={}", market.url("invoice-app"), user["id"].as_str().expect("id"));
    let begun = Instant::now();
    let customer = loop {
        let page: Value = market.http.get(&found).send().await.expect("a page").json().await.expect("JSON");
        if let Some(customer) = page["items"][0]["id"].as_i64() {
            break customer;
        }
        assert!(begun.elapsed() < PATIENCE, "no customer within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let to = format!("{}/v1/customers/{customer}/deposits", market.url("invoice-app"));
    let deposit = json!({"amount": {"value": 50, "currency": "EUR"}});
    let request = market.http.post(to).header("Idempotency-Key", "1").json(&deposit);
    assert!(request.send().await.expect("an answer").status().is_success());
    user["id"].clone()
}

/// The one span of this name and kind.
fn one<'a>(spans: &'a [Span], (service, kind, name): (&str, i32, &str)) -> &'a Span {
    let found: Vec<_> = spans
        .iter()
        .filter(|span| span.service == service && span.kind == kind && span.name == name)
        .collect();
    assert_eq!(found.len(), 1, "{service} {kind} {name}: {spans:#?}");
    found[0]
}

/// Waits until a trace has a span of this name.
async fn seen(collector: &Collector, trace: &str, name: &str) -> Vec<Span> {
    let begun = Instant::now();
    loop {
        let of: Vec<_> = collector.spans().into_iter().filter(|span| span.trace == trace).collect();
        if of.iter().any(|span| span.name == name) {
            // What ended before is sent by then, by whoever did it.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            return collector.spans().into_iter().filter(|span| span.trace == trace).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "no {name} within {PATIENCE:?}: {of:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_is_one_trace_through_all_services_and_only_what_is_recorded_elsewhere_is_recorded() {
    let (journal, collector) = (Journal::new("traces"), Collector::start().await);
    let mut market = Market::new(Engine::Sqlite, None, &journal, 1);
    market.mend();
    for service in &mut market.services {
        service.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint);
        service.set("OTEL_TRACES_SAMPLER_ARG", "0");
    }
    market.start().await;
    let user = user(&market).await;
    let order = json!({"user": user, "amount": {"value": 10, "currency": "EUR"}, "description": "a secret"});
    let (orders, trace) = (format!("{}/v1/orders", market.url("orders")), "4bf92f3577b34da6a3ce929d0e0e4736");
    let (status, _) = post(&market, orders.clone(), Some(parent(trace, "01")), &order).await;
    assert_eq!(status, 201);
    let spans = seen(&collector, trace, "send e-mail").await;
    let mails: Vec<_> = spans.iter().filter(|span| span.name == "send e-mail").collect();

    let placed = one(&spans, ("orders", SERVER, "POST /v1/orders"));
    assert_eq!(placed.parent, CAUSE);
    let told = one(&spans, ("orders", PRODUCER, "send invoice-app"));
    assert_eq!(told.parent, placed.id);
    let heard = one(&spans, ("invoice-app", CONSUMER, "process order.placed.v1"));
    assert_eq!((&heard.parent, heard.links.len()), (&placed.id, 1));
    let delivered = one(&spans, ("invoice-app", SERVER, "POST /internal/events"));
    assert_eq!(heard.links, std::slice::from_ref(&delivered.id), "linked to the delivery");
    let charged = one(&spans, ("invoice-app", INTERNAL, "charge invoices"));
    assert_eq!(charged.parent, heard.id);
    let asked = one(&spans, ("invoice-app", CLIENT, "POST /pp/rest/v1/charges"));
    assert_eq!(asked.parent, charged.id);
    let judged = one(&spans, ("payment-provider", SERVER, "POST /pp/rest/v1/charges"));
    assert_eq!(judged.parent, asked.id);
    let paid = one(&spans, ("orders", CONSUMER, "process invoice.paid.v1"));
    assert_eq!(paid.parent, charged.id);
    let confirmed = one(&spans, ("notifications", CONSUMER, "process order.confirmed.v1"));
    assert_eq!(confirmed.parent, paid.id);
    assert!(mails.iter().any(|mail| mail.service == "notifications" && mail.kind == CLIENT));
    let consumers: Vec<_> = spans.iter().filter(|span| span.kind == CONSUMER).map(|span| &span.id).collect();
    assert!(mails.iter().all(|mail| consumers.contains(&&mail.parent)), "{mails:#?}");
    // Whatever else there is hangs together.
    let ids: BTreeMap<_, _> = spans.iter().map(|span| (&span.id, span)).collect();
    for span in &spans {
        assert!(span.parent == CAUSE || ids.contains_key(&span.parent), "{span:#?}");
        assert!(!span.failed, "{span:#?}");
    }

    // Not recorded there, not recorded here; and the same in a trace that begins here, since the ratio is 0.
    let silent = "1bf92f3577b34da6a3ce929d0e0e4736";
    assert_eq!(post(&market, orders.clone(), Some(parent(silent, "00")), &order).await.0, 201);
    let (status, problem) = post(&market, orders.clone(), Some(parent(silent, "00")), &json!({})).await;
    assert_eq!((status, &problem["trace_id"]), (422, &json!(silent)), "{problem}");
    let (_, problem) = post(&market, orders, None, &json!({})).await;
    let own = problem["trace_id"].as_str().expect("a trace id").to_owned();
    market.is_quiet(2).await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let others: Vec<_> = collector.spans().into_iter().filter(|span| span.trace != trace).collect();
    assert!(others.is_empty(), "{others:#?}");

    lines_hold(&market, &collector, &[trace, silent, &own]);
}

/// Every line of a request says of which trace it is, here and there, and none says what it may not.
fn lines_hold(market: &Market<'_>, collector: &Collector, traces: &[&str]) {
    let written = market.services.iter().find(|service| service.name() == "orders").expect("orders").log();
    let exported = collector.lines();
    for trace in traces {
        let ours = |line: &&str| {
            line.contains("\"answered\"") && line.contains(&format!("\"trace_id\":\"{trace}\""))
        };
        assert!(
            written.lines().any(|line| ours(&line) && line.contains("\"span_id\":\"")),
            "{trace}: {written}"
        );
        let theirs = exported.iter().filter(|line| line.service == "orders" && line.trace == *trace);
        assert!(theirs.count() > 0, "{trace}: {exported:#?}");
    }
    for service in &market.services {
        for line in service.log().lines().filter(|line| line.contains("\"answered\"")) {
            assert!(line.contains("\"trace_id\":\""), "{line}");
        }
        assert!(exported.iter().any(|line| line.service == service.name()), "{}", service.name());
    }
    for secret in ["ada@example.org", "a secret", "eyJ"] {
        let spans = format!("{:?}", collector.spans());
        assert!(
            !spans.contains(secret) && !exported.iter().any(|line| line.text.contains(secret)),
            "{secret}"
        );
    }
}

/// One service on its own, whose every trace is recorded.
fn alone(home: &Home, database: &Database, endpoint: &str) -> (Service, String) {
    let port = free_port();
    let mut vars = Team::Users.vars(home, &database.url);
    vars.extend([
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", "1".into()),
    ]);
    (Service::new(home, "users", port, vars), format!("http://localhost:{port}/v1/users"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_costs_nobody_anything_and_is_said_once() {
    // It takes connections and says nothing on them; the other is not there at all.
    let hangs = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let hanging = format!("http://{}", hangs.local_addr().expect("an address"));
    let away = format!("http://127.0.0.1:{}", free_port());
    let http = client::plain();
    for endpoint in [hanging, away] {
        let home = Home::new();
        let database = Database::fresh(&home, Engine::Sqlite, "users", Team::Users.migrations());
        let (mut users, url) = alone(&home, &database, &endpoint);
        users.start(&http).await;
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        let mut asked = 0_u64;
        let failed = |signal| format!("telemetry_exported_total{{result=\"failed\",signal=\"{signal}\"}}");
        while users.metric(&http, &failed("traces")).await == 0
            || users.metric(&http, &failed("logs")).await == 0
        {
            assert!(begun.elapsed() < PATIENCE, "{endpoint}: {}", users.metrics(&http).await);
            let asking = Instant::now();
            let answer = http.get(&url).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
            (slowest, asked) = (slowest.max(asking.elapsed()), asked + 1);
        }
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        let sent = "telemetry_exported_total{result=\"sent\",signal=\"traces\"}";
        assert_eq!(users.metric(&http, sent).await, 0);
        tokio::time::sleep(Duration::from_secs(6)).await;
        let log = users.log();
        let said = log.lines().filter(|line| line.contains("the collector takes no telemetry")).count();
        assert_eq!(said, 2, "once for traces, once for logs, after {asked} requests: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_is_sent_before_the_process_ends() {
    let (home, collector, http) = (Home::new(), Collector::start().await, client::plain());
    let database = Database::fresh(&home, Engine::Sqlite, "users", Team::Users.migrations());
    let (mut users, url) = alone(&home, &database, &collector.endpoint);
    users.start(&http).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    http.get(&url).header("traceparent", parent(trace, "01")).send().await.expect("an answer");
    let told = Command::new("kill").args(["-TERM", &users.id().to_string()]).status();
    assert!(told.expect("the command `kill`").success());
    let begun = Instant::now();
    while !users.has_ended() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", users.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.trace == trace && span.name == "GET /v1/users"), "{spans:#?}");
    assert!(collector.lines().iter().any(|line| line.text.contains("stopped")), "{:#?}", collector.lines());
}
