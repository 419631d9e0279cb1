//! What becomes of invoices while a peer is away, and of requests while a service stops.

use std::time::Duration;

use testkit::{Engine, Options, Stack, engines};

use crate::rows::number;

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_provider_leaves_outcomes_unknown_under_the_first_key() {
    for engine in engines() {
        let nowhere = ("PAYMENT_PROVIDER_ENDPOINT", "https://localhost:1".to_owned());
        let options = Options { data: Some("pleo-go"), invoice_app: vec![nowhere], ..Options::default() };
        let stack = Stack::start(engine, options);
        for _ in 0..3 {
            assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
        }
        let list = stack.get("/rest/v1/invoices").await;
        assert!(list.as_array().unwrap().iter().all(|i| i["status"] == "ERROR_NETWORK"), "{list}");
        let open = "SELECT COUNT(*) AS n FROM invoices WHERE state = 'CHARGING' AND attempt = 1";
        assert_eq!(number(&stack.invoices_db, open), 3, "no new key is minted while an attempt is open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_knows_another_key_turns_every_charge_away_and_costs_no_attempt() {
    let home = testkit::Home::new();
    let other = ("CHARGE_JWKS_FILE", home.text("keys/charge/jwks.json"));
    let options = Options { data: Some("pleo-go"), provider: vec![other], ..Options::default() };
    let stack = Stack::start(Engine::Sqlite, options);
    assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
    let pending = "SELECT COUNT(*) AS n FROM invoices WHERE state = 'PENDING' AND attempt = 0";
    assert_eq!(number(&stack.invoices_db, pending), 3);
    assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_fails_readiness_first_and_loses_no_request() {
    let drain = vec![("DRAIN_MS", "3000".to_owned())];
    let options = Options { data: Some("demo"), invoice_app: drain, ..Options::default() };
    let mut stack = Stack::start(Engine::Sqlite, options);
    let (http, url) = (stack.http.clone(), format!("{}/invoices", stack.invoices));
    let ready = format!("{}/readyz", stack.invoices_admin);
    assert_eq!(http.get(&ready).send().await.unwrap().status(), 200);
    let stopping = tokio::spawn(async move { stack.stop().await });
    while http.get(&ready).send().await.unwrap().status() != 503 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..20 {
        assert_eq!(
            http.get(&url).send().await.unwrap().status(),
            200,
            "while readiness fails, requests go on"
        );
    }
    stopping.await.unwrap();
    assert!(http.get(&url).send().await.is_err(), "it has stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_round_that_a_request_waits_for() {
    let mut stack = Stack::start(Engine::Sqlite, Options { data: Some("large:3000"), ..Options::default() });
    let (http, url) = (stack.http.clone(), format!("{}/rest/v1/invoices/pay", stack.invoices));
    let paying = tokio::spawn(async move { http.post(&url).send().await.unwrap().text().await.unwrap() });
    while number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM billing_runs") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stack.stop().await;
    assert_eq!(paying.await.unwrap(), "true");
    assert_eq!(number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts"), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acquirer_that_does_not_answer_costs_no_attempt_and_leaves_no_charge() {
    for engine in engines() {
        let down = ("ACQUIRER_FAULT_RATE", "1".to_owned());
        let options = Options { data: Some("pleo-go"), provider: vec![down], ..Options::default() };
        let stack = Stack::start(engine, options);
        assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
        let pending = "SELECT COUNT(*) AS n FROM invoices WHERE state = 'PENDING' AND attempt = 0";
        assert_eq!(number(&stack.invoices_db, pending), 3);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_and_a_latency_are_what_the_acquirer_keeps_to() {
    for engine in engines() {
        let home = testkit::Home::new();
        let script = home.path("script.json");
        std::fs::write(&script, r#"{"scripted": ["do_not_honor", "approved"]}"#).unwrap();
        let provider = vec![
            ("ACQUIRER_SUCCESS_RATE", "0".to_owned()),
            ("ACQUIRER_SCRIPT_FILE", script.to_str().unwrap().to_owned()),
            ("ACQUIRER_LATENCY_MS", "200".to_owned()),
        ];
        let stack = Stack::start(engine, Options { provider, ..Options::default() });
        let item = |attempt: u8| {
            serde_json::json!({"items": [{"key": format!("scripted:{attempt}"), "invoice": "scripted",
                "customer": "c", "amount": 1, "currency": "EUR", "method": "card"}]})
        };
        let started = std::time::Instant::now();
        let (_, first) = crate::caller::post(&stack, "/pp/rest/v1/charges", item(1)).await;
        assert!(started.elapsed() >= Duration::from_millis(200));
        assert_eq!(first["results"][0]["code"], "do_not_honor");
        let (_, second) = crate::caller::post(&stack, "/pp/rest/v1/charges", item(2)).await;
        assert_eq!(second["results"][0]["verdict"], "captured");
    }
}
