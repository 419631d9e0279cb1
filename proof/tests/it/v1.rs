//! The `/v1` API.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

async fn create(stack: &Stack, path: &str, key: Option<&str>, body: &Value) -> (u16, bool, Value) {
    let mut request = stack.http.post(format!("{}{path}", stack.invoices)).json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let response = request.send().await.unwrap();
    let replayed = response.headers().contains_key("idempotency-replayed");
    (response.status().as_u16(), replayed, response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_invoice_is_shown_charged_and_paid() {
    for engine in engines() {
        let rate = ("ACQUIRER_SUCCESS_RATE", "1".to_owned());
        let stack = Stack::start(engine, Options { provider: vec![rate], ..Options::default() });
        let customer = json!({"currency": "JPY", "time_zone": "Asia/Tokyo"});
        let (status, _, customer) = create(&stack, "/v1/customers", None, &customer).await;
        assert_eq!((status, &customer["method"], &customer["id"]), (201, &json!("card"), &json!(1)));
        let body =
            json!({"customer_id": 1, "amount": {"value": 500, "currency": "JPY"}, "due_on": "2030-01-01"});
        let (status, _, invoice) = create(&stack, "/v1/invoices", None, &body).await;
        assert_eq!((status, &invoice["state"]), (201, &json!("PENDING")));
        // Midnight in Tokyo is the day before in UTC.
        assert_eq!(invoice["next_at"], json!("2029-12-31T15:00:00Z"));
        assert_eq!(stack.get("/v1/invoices/1").await, invoice);
        assert_eq!(stack.post("/rest/v1/invoices/pay", "").await.1, "true");
        let paid = stack.get("/v1/invoices/1").await;
        assert_eq!((&paid["state"], &paid["attempts"]), (&json!("PAID"), &json!(1)));
        assert!(paid["paid_at"].is_string() && paid.get("next_at").is_none(), "{paid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_gives_the_same_answer_and_another_body_names_what_differs() {
    for engine in engines() {
        let stack = Stack::start(engine, Options { data: Some("pleo-go"), ..Options::default() });
        let body = json!({"customer_id": 1, "amount": {"value": 5.5, "currency": "EUR"}});
        let (status, replayed, first) = create(&stack, "/v1/invoices", Some("k1"), &body).await;
        assert_eq!((status, replayed), (201, false));
        assert_eq!(create(&stack, "/v1/invoices", Some("k1"), &body).await, (201, true, first.clone()));
        let other = json!({"customer_id": 1, "amount": {"value": 5.6, "currency": "EUR"}});
        let (status, _, problem) = create(&stack, "/v1/invoices", Some("k1"), &other).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("amount")));
        assert_ne!(create(&stack, "/v1/invoices", Some("k2"), &body).await.2["id"], first["id"]);
        let rivals = (0..8).map(|_| create(&stack, "/v1/invoices", Some("k3"), &body));
        let answers = futures_util::future::join_all(rivals).await;
        assert!(
            answers.iter().all(|(status, _, invoice)| *status == 201 && invoice["id"] == answers[0].2["id"])
        );
        assert_eq!(stack.get("/v1/invoices").await["items"].as_array().unwrap().len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gap_or_overlap() {
    for engine in engines() {
        let stack = Stack::start(engine, Options { data: Some("demo"), ..Options::default() });
        let (mut path, mut ids) = ("/v1/invoices?limit=5".to_owned(), Vec::new());
        loop {
            let page = stack.get(&path).await;
            ids.extend(page["items"].as_array().unwrap().iter().map(|i| i["id"].as_i64().unwrap()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/invoices?limit=5&cursor={cursor}");
        }
        assert_eq!(ids, (1..=13).collect::<Vec<_>>());
        let count = |list: Value| list["items"].as_array().unwrap().len();
        assert_eq!(count(stack.get("/v1/invoices?state=PAID").await), 2);
        assert_eq!(count(stack.get("/v1/invoices?customer_id=4&state=PENDING").await), 4);
        assert_eq!(count(stack.get("/v1/customers?limit=2").await), 2);
    }
}
