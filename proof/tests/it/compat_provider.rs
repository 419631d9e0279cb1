//! The provider's older charge paths.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

use crate::rows::number;

async fn post(stack: &Stack, path: &str, key: Option<&str>, body: &str) -> (u16, Value) {
    let mut request = stack.http.post(format!("{}{path}", stack.compat)).body(body.to_owned());
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn older_charges_are_answered_in_their_own_form() {
    for engine in engines() {
        let rate = ("ACQUIRER_SUCCESS_RATE", "1".to_owned());
        let stack = Stack::start(engine, Options { provider: vec![rate], ..Options::default() });
        let body = r#"{"currency":"USD","value":184.04,"customer_id":1,"unknown":true}"#;
        for path in ["/", "/pp/rest/v1/charge"] {
            assert_eq!(post(&stack, path, None, body).await, (200, json!({"result": true})));
        }
        let health = stack.http.get(format!("{}/pp/rest/health", stack.compat)).send().await.unwrap();
        assert_eq!(health.text().await.unwrap(), "ok");
        let through = stack.http.get(format!("{}/pp/rest/health", stack.invoices)).send().await.unwrap();
        assert_eq!(through.text().await.unwrap(), "ok");
        let captured = number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers");
        assert_eq!(captured, 2, "without a key each request is a charge of its own");
        for _ in 0..2 {
            assert_eq!(post(&stack, "/", Some("once"), body).await, (200, json!({"result": true})));
        }
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers"), 3);
        let (status, answer) = post(&stack, "/", Some("once"), &body.replace("184", "185")).await;
        assert_eq!(status, 422);
        assert!(answer["error"].as_str().unwrap().contains("amount"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_pay_captures_once_per_id() {
    for engine in engines() {
        // Even where the acquirer declines everything.
        let rate = ("ACQUIRER_SUCCESS_RATE", "0".to_owned());
        let stack = Stack::start(engine, Options { provider: vec![rate], ..Options::default() });
        for _ in 0..2 {
            let answer =
                post(&stack, "/payments/pay", None, r#"{"id":"I1","value":12.15,"currency":"EUR"}"#).await;
            assert_eq!(answer, (200, json!({"id": "I1"})));
        }
        assert_eq!(
            number(&stack.provider_db, "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM transfers"),
            1215
        );
        let cases = [
            ("", "empty body request"),
            ("no json", "failed to process payment request parameters"),
            (r#"{"value":1,"currency":"EUR"}"#, "could not retrieve payment id"),
            (r#"{"id":"I2","currency":"EUR"}"#, "could not retrieve payment value"),
            (r#"{"id":"I2","value":1}"#, "could not retrieve payment currency"),
        ];
        for (body, error) in cases {
            assert_eq!(post(&stack, "/payments/pay", None, body).await, (400, json!({"error": error})));
        }
    }
}
