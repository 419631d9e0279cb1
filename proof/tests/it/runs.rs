//! Billing runs, started, changed and awaited as their users do.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Engine, Options, Stack};

/// Longest wait for something that goes on by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both services with a data set; the acquirer approves this share.
pub fn stack(engine: Engine, data: &'static str, success_rate: &str) -> Stack {
    with(engine, data, success_rate, &[])
}

/// The same, with further variables of invoice-app.
pub fn with(engine: Engine, data: &'static str, success_rate: &str, vars: &[(&'static str, &str)]) -> Stack {
    let provider = vec![("ACQUIRER_SUCCESS_RATE", success_rate.to_owned())];
    let invoice_app = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Stack::start(engine, Options { data: Some(data), provider, invoice_app, ..Options::default() })
}

/// The same, charging one invoice after the other, each of which takes a while.
pub fn slow(engine: Engine, data: &'static str, millis: u32) -> Stack {
    let provider =
        vec![("ACQUIRER_SUCCESS_RATE", "1".to_owned()), ("ACQUIRER_LATENCY_MS", millis.to_string())];
    let invoice_app = vec![("CHARGE_BATCH_SIZE", "1".to_owned()), ("CHARGES_IN_FLIGHT", "1".to_owned())];
    Stack::start(engine, Options { data: Some(data), provider, invoice_app, ..Options::default() })
}

/// Status and JSON of a POST; without a body for `null`.
pub async fn post(stack: &Stack, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, text) = stack.post(path, &body).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// Starts a run that is new; gives its number.
pub async fn start(stack: &Stack, body: Value) -> i64 {
    let (status, run) = post(stack, "/v1/billing-runs", body).await;
    assert_eq!((status, &run["state"]), (201, &json!("running")), "{run}");
    run["id"].as_i64().unwrap()
}

/// Waits until a run has ended; gives what it came to.
pub async fn ended(stack: &Stack, id: i64) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let run = stack.get(&format!("/v1/billing-runs/{id}")).await;
        if run["ended_at"].is_string() {
            return run;
        }
        assert!(Instant::now() < deadline, "it goes on and on: {run}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A run over a scope, from its start to its end.
pub async fn run(stack: &Stack, scope: &str) -> Value {
    let id = start(stack, json!({"scope": scope})).await;
    ended(stack, id).await
}

/// What a run that was started would be about.
pub async fn preview(stack: &Stack, scope: &str) -> Value {
    let (status, preview) = post(stack, "/v1/billing-runs", json!({"scope": scope, "dry_run": true})).await;
    assert_eq!(status, 200, "{preview}");
    preview
}

/// Pauses, resumes or cancels a run.
pub async fn change(stack: &Stack, id: i64, action: &str) -> (u16, Value) {
    post(stack, &format!("/v1/billing-runs/{id}/{action}"), Value::Null).await
}

/// Waits until something is so.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "it never came to: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One of a run's numbers of invoices.
pub fn count(run: &Value, name: &str) -> i64 {
    run["invoices"][name].as_i64().unwrap_or_else(|| panic!("{name} of {run}"))
}

/// How many invoices are so.
pub fn invoices(stack: &Stack, condition: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM invoices WHERE {condition}");
    crate::rows::number(&stack.invoices_db, &sql)
}

/// Microseconds since 1970, now.
pub fn now() -> i64 {
    service::Clock::system().now()
}

/// Makes whatever waits to be charged due at once.
pub fn due_now(stack: &Stack) {
    let sql = format!("UPDATE invoices SET next_at = {} WHERE state = 'PENDING'", now());
    crate::rows::execute(&stack.invoices_db, &sql);
}

/// A customer of this kind with one invoice of 9.99 in their currency; gives the customer.
pub async fn customer(stack: &Stack, body: Value) -> Value {
    let (status, customer) = post(stack, "/v1/customers", body).await;
    assert_eq!(status, 201, "{customer}");
    let amount = json!({"value": 9.99, "currency": customer["currency"]});
    let invoice = json!({"customer_id": customer["id"], "amount": amount});
    let (status, invoice) = post(stack, "/v1/invoices", invoice).await;
    assert_eq!(status, 201, "{invoice}");
    customer
}
