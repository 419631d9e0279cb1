//! What a person sees of an invoice's history, and may do with it.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

/// One customer with one invoice, which is declined with these codes, weighted by the acquirer.
async fn declining(engine: testkit::Engine, codes: &str) -> Stack {
    let provider = vec![("ACQUIRER_SUCCESS_RATE", "0".to_owned()), ("ACQUIRER_DECLINES", codes.to_owned())];
    let stack = Stack::start(engine, Options { provider, ..Options::default() });
    assert_eq!(stack.post("/v1/customers", r#"{"currency":"EUR"}"#).await.0, 201);
    let body = json!({"customer_id": 1, "amount": {"value": 9.99, "currency": "EUR"}});
    assert_eq!(stack.post("/v1/invoices", &body.to_string()).await.0, 201);
    stack
}

async fn pay(stack: &Stack) {
    assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
}

async fn shown(stack: &Stack) -> (String, String) {
    let invoice = stack.get("/v1/invoices/1").await;
    let text = |name: &str| invoice[name].as_str().unwrap().to_owned();
    (text("state"), text("explanation"))
}

async fn act(stack: &Stack, action: &str) -> (u16, Value) {
    let (status, body) = stack.post(&format!("/v1/invoices/1/{action}"), "").await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_tells_its_history_and_what_comes_next() {
    for engine in engines() {
        let stack = declining(engine, "insufficient_funds=1").await;
        let (state, why) = shown(&stack).await;
        assert!(state == "PENDING" && why.starts_with("due on "), "{why}");
        pay(&stack).await;
        pay(&stack).await;
        let (state, why) = shown(&stack).await;
        assert_eq!(state, "PENDING");
        assert!(
            why.starts_with("next attempt 20") && why.ends_with(" because insufficient_funds, retry 2 of 4"),
            "{why}"
        );
        let history = stack.get("/v1/invoices/1/attempts").await;
        let seen: Vec<_> = history["items"].as_array().unwrap().iter().collect();
        assert_eq!(seen.len(), 2, "{history}");
        assert_eq!(
            (&seen[1]["attempt"], &seen[1]["outcome"], &seen[1]["decline_code"]),
            (&json!(2), &json!("declined"), &json!("insufficient_funds"))
        );
        let missing =
            stack.http.get(format!("{}/v1/invoices/9/attempts", stack.invoices)).send().await.unwrap();
        assert_eq!(missing.status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_invoice_is_never_charged() {
    for engine in engines() {
        let stack = declining(engine, "insufficient_funds=1").await;
        let (status, invoice) = act(&stack, "void").await;
        assert_eq!((status, &invoice["state"]), (200, &json!("VOID")));
        assert_eq!(act(&stack, "void").await.0, 200, "void stays void");
        pay(&stack).await;
        assert_eq!(shown(&stack).await.0, "VOID");
        assert_eq!(crate::rows::number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
        let (status, problem) = act(&stack, "release").await;
        assert_eq!((status, &problem["detail"]), (409, &json!("the invoice is VOID")));
        assert_eq!(stack.post("/v1/invoices/9/void", "").await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_charged_again_only_after_its_release() {
    for engine in engines() {
        let stack = declining(engine, "stolen_card=1").await;
        pay(&stack).await;
        let (state, why) = shown(&stack).await;
        assert_eq!(
            (state.as_str(), why.as_str()),
            (
                "PARKED",
                "set aside after attempt 1 because stolen_card: correct what is wrong, then release it"
            )
        );
        pay(&stack).await;
        assert_eq!(stack.get("/v1/invoices/1").await["attempts"], 1, "left alone");
        assert_eq!(act(&stack, "void").await.0, 409, "released first");
        let (status, invoice) = act(&stack, "release").await;
        assert_eq!((status, &invoice["state"]), (200, &json!("PENDING")));
        pay(&stack).await;
        assert_eq!(stack.get("/v1/invoices/1").await["attempts"], 2, "tried once more, under a new key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_invoice_can_neither_be_voided_nor_released() {
    for engine in engines() {
        let provider = vec![("ACQUIRER_SUCCESS_RATE", "1".to_owned())];
        let stack = Stack::start(engine, Options { data: Some("pleo-go"), provider, ..Options::default() });
        pay(&stack).await;
        for action in ["void", "release"] {
            let (status, problem) = act(&stack, action).await;
            assert_eq!((status, &problem["detail"]), (409, &json!("the invoice is PAID")), "{action}");
        }
        assert!(shown(&stack).await.1.starts_with("paid at 20"));
    }
}
