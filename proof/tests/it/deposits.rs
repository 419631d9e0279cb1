//! A customer's balance, through invoice-app.

use serde_json::json;
use testkit::{Options, Stack, engines};

use crate::runs::post;

async fn keyed(
    stack: &Stack,
    path: &str,
    key: &str,
    body: &serde_json::Value,
) -> (u16, bool, serde_json::Value) {
    let request = stack.http.post(format!("{}{path}", stack.invoices)).header("idempotency-key", key);
    let answer = request.json(body).send().await.unwrap();
    let (status, replayed) =
        (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
    (status, replayed, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_made_once_per_key_and_opens_the_account() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        let (_, customer) =
            post(&stack, "/v1/customers", json!({"currency": "EUR", "method": "wallet"})).await;
        let (account, deposits) = (
            format!("/v1/customers/{}/account", customer["id"]),
            format!("/v1/customers/{}/deposits", customer["id"]),
        );
        assert_eq!(stack.get(&account).await["status"], 404);
        let body = json!({"amount": {"value": 12.5, "currency": "EUR"}});
        let (status, replayed, made) = keyed(&stack, &deposits, "d-1", &body).await;
        assert_eq!((status, replayed, &made["balance"]["value"]), (201, false, &json!(12.5)));
        let (status, replayed, made) = keyed(&stack, &deposits, "d-1", &body).await;
        assert_eq!((status, replayed, &made["balance"]["value"]), (201, true, &json!(12.5)));
        let other = json!({"amount": {"value": 13, "currency": "EUR"}});
        let (status, _, problem) = keyed(&stack, &deposits, "d-1", &other).await;
        assert_eq!((status, &problem["type"]), (422, &json!("urn:antaeus:problem:key-reused")), "{problem}");
        let (status, _, problem) = keyed(&stack, &deposits, &"k".repeat(101), &body).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("Idempotency-Key")));
        for (amount, field) in [
            (json!({"value": 0, "currency": "EUR"}), "amount"),
            (json!({"value": 1, "currency": "USD"}), "amount.currency"),
        ] {
            let (status, problem) = post(&stack, &deposits, json!({"amount": amount})).await;
            assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
        }
        assert_eq!(post(&stack, &deposits, body).await.0, 201);
        let shown = stack.get(&format!("{account}?limit=1")).await;
        assert_eq!(
            (&shown["balance"]["value"], &shown["entries"][0]["reference"]),
            (&json!(25.0), &json!("d-1")),
            "{shown}"
        );
        let next =
            stack.get(&format!("{account}?limit=1&cursor={}", shown["next_cursor"].as_str().unwrap())).await;
        assert_eq!(
            (next["entries"].as_array().unwrap().len(), &next["next_cursor"]),
            (1, &json!(null)),
            "{next}"
        );
        assert_eq!(stack.get(&format!("{account}?cursor=x")).await["status"], 400);
        assert_eq!(stack.get("/v1/customers/99/account").await["status"], 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_provider_keeps_no_accounts() {
    let options = Options { data: Some("pleo-go"), older_path: Some("/payments/pay"), ..Options::default() };
    let stack = Stack::start(testkit::Engine::Sqlite, options);
    assert_eq!(stack.get("/v1/customers/1/account").await["status"], 409);
}
