//! The provider's books and ours, and how they are compared.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Engine, Stack};

use crate::caller;
use crate::runs::{self, now, post};

pub const PATH: &str = "/v1/reconciliation";
/// Leases of 750 ms, so that whatever is older than 1.5 s is compared.
pub const QUICK: (&str, &str) = ("PROVIDER_TIMEOUT_MS", "250");
pub const HISTORY: &str = "SELECT COUNT(*) AS n FROM attempts WHERE outcome = 'reconciled'";

pub fn stack(engine: Engine) -> Stack {
    runs::with(engine, "pleo-go", "1", &[QUICK])
}

/// Compares everything up to now.
pub async fn reconcile(stack: &Stack) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    let (since, mut last) = (now(), Value::Null);
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // On a busy machine the provider does not always answer within 250 ms.
        let (status, report) = post(stack, PATH, Value::Null).await;
        assert!(status == 200 || status == 503, "{status}: {report}");
        last = report;
        let to = last["reconciled_to"].as_str().and_then(|to| to.parse::<jiff::Timestamp>().ok());
        if to.is_some_and(|to| to.as_microsecond() > since) {
            return last;
        }
    }
    panic!("it was never compared: {last}")
}

/// The provider captures so much for an invoice, and we do not know.
pub async fn capture(stack: &Stack, invoice: &str, amount: i64, currency: &str) {
    let item = json!({"key": format!("{invoice}:1"), "invoice": invoice, "customer": "c", "amount": amount,
        "currency": currency, "method": "card"});
    let (_, answer) = caller::post(stack, "/pp/rest/v1/charges", json!({"items": [item]})).await;
    assert_eq!(answer["results"][0]["verdict"], "captured", "{answer}");
}

pub async fn uid(stack: &Stack, id: i64) -> String {
    stack.get(&format!("/v1/invoices/{id}")).await["uid"].as_str().unwrap().to_owned()
}

/// Kinds and states, in the order of kinds.
pub fn found(report: &Value) -> Vec<(String, String)> {
    let text = |difference: &Value, name: &str| difference[name].as_str().unwrap().to_owned();
    let differences = report["differences"].as_array().unwrap().iter();
    let mut found: Vec<_> = differences.map(|one| (text(one, "kind"), text(one, "state"))).collect();
    found.sort();
    found
}

pub fn pair(kind: &str, state: &str) -> (String, String) {
    (kind.to_owned(), state.to_owned())
}

/// The value of a metric; 0 when it is not there.
pub async fn metric(stack: &Stack, name: &str) -> i64 {
    let answer = stack.http.get(format!("{}/metrics", stack.invoices_admin)).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

pub async fn metric_becomes(stack: &Stack, name: &str, wanted: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while metric(stack, name).await != wanted {
        assert!(Instant::now() < deadline, "{name} is {}", metric(stack, name).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
