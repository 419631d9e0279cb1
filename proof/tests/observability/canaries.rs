//! Secrets through every door of every service: none comes out in a log, a span or a metric, before anything is redacted.

use contracts::charge::CHARGES_PATH;
use proof::processes::{Service, free_port};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use service::Clock;
use service::routes::Endpoint;
use testkit::client::{signer, with_certificate};
use testkit::events::Teller;
use testkit::{Engine, engines};

use crate::collector::Collector;
use crate::secrets::{CARD, CARD_IN_FOURS, EMAIL, PASSWORD, Secrets, TOKEN};
use crate::stage::{SERVICES, Stage};
use crate::until;

fn endpoints(name: &str) -> Vec<Endpoint> {
    match name {
        "payment-provider" => payment_provider::routes::routes().endpoints(),
        "invoice-app" => invoice_app::routes::routes().endpoints(),
        "users" => users::routes::routes().endpoints(),
        "orders" => orders::routes::routes().endpoints(),
        _ => notifications::routes::routes().endpoints(),
    }
}

fn bodies() -> Vec<String> {
    let mut all =
        vec![format!("{{\"{EMAIL}\": \"{TOKEN}\"}}"), format!("{TOKEN} {PASSWORD} {CARD}"), String::new()];
    for secret in [EMAIL, CARD, CARD_IN_FOURS, TOKEN] {
        all.push(
            json!({"name": secret, "email": secret, "currency": secret, "user": secret, "description": secret,
            "locale": secret, "scope": secret, "customer_id": secret, "items": [{"key": secret, "customer": secret}],
            "amount": {"value": secret, "currency": secret}, "scope_key": secret})
            .to_string(),
        );
    }
    all
}

/// With secrets in its path, its query and its headers.
fn spoilt(http: &Client, base: &str, endpoint: &Endpoint, secret: &str) -> RequestBuilder {
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let parameters = ["{id}", "{key}", "{customer}"];
    let path = parameters.iter().fold(endpoint.path.to_owned(), |path, name| path.replace(name, &encoded));
    let url = format!("{base}{path}?user={encoded}&q={encoded}&after={encoded}&token={TOKEN}");
    let method = endpoint.method.as_str().parse().expect("a method");
    let request = http.request(method, url).header("cookie", format!("session={TOKEN}"));
    let request =
        request.header("user-agent", EMAIL).header("referer", format!("http://{PASSWORD}@host/{CARD}"));
    let request = request.header("idempotency-key", CARD).header("tracestate", format!("canary={PASSWORD}"));
    let request = request.header("baggage", format!("card={CARD},mail={EMAIL}")).header("x-api-key", TOKEN);
    request
        .header("traceparent", format!("00-{TOKEN}-{PASSWORD}-01"))
        .header("content-type", "application/json")
}

async fn sent(request: RequestBuilder) {
    // What is answered is the caller's affair: it is theirs.
    let _ = request.send().await.expect("an answer").bytes().await;
}

async fn through_every_door(stage: &Stage) -> usize {
    let mut doors = 0;
    for name in SERVICES {
        let caller = with_certificate(&stage.home.path("pki/invoice-app"));
        let http = if name == "payment-provider" { &caller } else { &stage.http };
        let url = stage.url(name);
        for endpoint in endpoints(name) {
            doors += 1;
            for (secret, body) in [EMAIL, CARD, CARD_IN_FOURS, TOKEN].iter().cycle().zip(bodies()) {
                let request = || spoilt(http, &url, &endpoint, secret).body(body.clone());
                sent(request().bearer_auth(&stage.key)).await;
                sent(request().bearer_auth(format!("{}x", stage.key))).await;
                sent(request().bearer_auth(format!("{TOKEN} {EMAIL}"))).await;
            }
        }
        sent(http.get(format!("{url}/{EMAIL}/{CARD}?{TOKEN}"))).await;
    }
    doors
}

/// Past the gate, with secrets in what is charged and in what is told.
async fn past_the_gates(stage: &Stage) {
    let caller = with_certificate(&stage.home.path("pki/invoice-app"));
    for body in bodies() {
        let token =
            signer(&stage.home).sign("POST", CHARGES_PATH, body.as_bytes(), Clock::system().seconds());
        let request = caller.post(format!("{}{CHARGES_PATH}", stage.url("payment-provider")));
        let request = request.header("content-type", "application/json").body(body);
        sent(request.bearer_auth(token.expect("a token"))).await;
    }
    for (from, to) in [("users", "invoice-app"), ("users", "notifications"), ("invoice-app", "orders")] {
        let ear = stage.ear(to).expect("a port for events");
        let teller = Teller::new(&stage.home, from, to, &ear);
        let event = json!({"specversion": "1.0", "id": EMAIL, "source": CARD, "type": TOKEN, "subject": EMAIL,
            "time": PASSWORD, "subjectversion": 1, "data": {"email": EMAIL, "name": CARD}});
        for body in bodies().into_iter().chain([json!([event]).to_string()]) {
            teller.send(body).await;
        }
    }
}

/// A user whose address it is, and an order for which it is written to; one whose e-mail cannot leave.
async fn a_customer(stage: &Stage) {
    let customer = stage.customer(PASSWORD, EMAIL, 100).await;
    let body = json!({"user": customer.user, "amount": {"value": 3, "currency": "EUR"}, "description": CARD_IN_FOURS});
    let order = stage.post("orders", "/v1/orders", body).await;
    stage.ends(order["id"].as_str().expect("an id"), "CONFIRMED").await;
    let spoil = format!("UPDATE recipients SET email = 'no address {EMAIL} {CARD}'");
    stage.execute("notifications", &spoil);
    stage.order(&customer.user, 1).await;
    let failed = async || {
        let page = stage.get("notifications", "/v1/notifications").await;
        page["items"].as_array().is_some_and(|all| all.iter().any(|one: &Value| one["state"] == "FAILED"))
    };
    until("an e-mail is given up", failed).await;
}

/// A database that nobody reaches, and one that turns us away: what is said of it says no password.
async fn bad_databases(stage: &Stage, collector: &Collector) -> Vec<String> {
    let mut logs = Vec::new();
    let urls = [format!("postgres://canary:{PASSWORD}@127.0.0.1:{}/none", free_port())];
    let real = stage.databases["users"].url.replacen("postgres@", &format!("nobody:{PASSWORD}@"), 1);
    let more = (stage.engine == Engine::Postgres).then_some(real);
    for url in urls.into_iter().chain(more) {
        let mut vars = stage.vars("users", collector);
        vars.push(("DATABASE_URL", url));
        let mut service = Service::new(&stage.home, "users", free_port(), vars);
        let before = service.log().len();
        service.launch();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        service.kill();
        let log = service.log().split_off(before);
        assert!(!log.is_empty(), "it says why it does not start");
        logs.push(log);
    }
    logs
}

async fn none_comes_out(engine: Engine) {
    let Some(collector) = Collector::start() else { return };
    let stage = Stage::start(engine, None, &collector).await;
    let mut secrets = Secrets::of(&stage.home);
    secrets.add("an API key", stage.key.rsplit('.').next().expect("a signature"));
    let doors = through_every_door(&stage).await;
    past_the_gates(&stage).await;
    a_customer(&stage).await;
    let of_databases = bad_databases(&stage, &collector).await;
    let all_came = async || {
        let text = collector.received();
        SERVICES.iter().all(|name| text.contains(&format!("{{\"stringValue\":\"{name}\"}}")))
    };
    until("every service is heard of", all_came).await;
    // What is still on its way: a batch is sent within a second or so.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let (received, metrics) = (collector.received(), stage.metrics().await);
    let requests =
        metrics.lines().filter(|line| line.starts_with("http_server_request_duration_seconds_count"));
    assert!(requests.count() > doors, "the requests were measured");
    assert!(received.contains("resourceSpans") && received.contains("resourceLogs"), "spans and lines came");
    let mut found = secrets.found_in("what the collector received", &received);
    found.extend(secrets.found_in("the metrics", &metrics));
    for (name, log) in stage.logs() {
        assert!(!log.is_empty(), "{name} writes a log");
        found.extend(secrets.found_in(&format!("the log of {name}"), &log));
    }
    for log in of_databases {
        found.extend(secrets.found_in("the log of a service without a database", &log));
    }
    assert!(found.is_empty(), "{engine:?}: {found:#?}");
    println!("observability: {} secrets through {doors} doors on {engine:?}, none came out", secrets.count());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_out_in_a_log_a_span_or_a_metric() {
    for engine in engines() {
        none_comes_out(engine).await;
    }
}
