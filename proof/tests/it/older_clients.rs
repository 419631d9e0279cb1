//! The calls of older clients, each with its own data set.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

use crate::rows::number;

fn start(engine: testkit::Engine, data: &'static str) -> Stack {
    Stack::start(engine, Options { data: Some(data), ..Options::default() })
}

fn count(list: &Value, field: &str, value: &Value) -> usize {
    list.as_array().unwrap().iter().filter(|item| item[field] == *value).count()
}

async fn paid_after_polling(stack: &Stack) -> Value {
    for _ in 0..10 {
        let list = stack.get("/invoices").await;
        if count(&list, "IsPaid", &json!(false)) == 0 {
            return list;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    panic!("invoices are still unpaid after 10 polls")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_post_to_invoices_pay_gets_every_invoice_paid() {
    for engine in engines() {
        let mut stack = start(engine, "demo");
        let before = stack.get("/invoices").await;
        let ids: Vec<String> = (1..=13).map(|id| format!("I{id}")).collect();
        let seen: Vec<&str> =
            before.as_array().unwrap().iter().map(|i| i["InvoiceId"].as_str().unwrap()).collect();
        assert_eq!(seen, ids);
        assert_eq!(count(&before, "IsPaid", &json!(false)), 11);
        let raw = stack
            .http
            .get(format!("{}/invoices", stack.invoices))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let first = r#"[{"InvoiceId":"I1","Value":12.15,"Currency":"EUR","IsPaid":false},"#;
        assert!(raw.starts_with(first), "{raw}");
        assert_eq!(stack.post("/invoices/pay", "").await, (200, "{}".into()));
        let after = paid_after_polling(&stack).await;
        assert_eq!(count(&after, "IsPaid", &json!(true)), 13);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers"), 11);
        stack.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_asked_for_one_by_one_end_with_every_invoice_paid() {
    for engine in engines() {
        let stack = start(engine, "pleo");
        let first = stack.get("/rest/v1/invoices/1").await;
        let wanted =
            json!({"id":1,"customerId":1,"amount":{"value":184.04,"currency":"USD"},"status":"PAID"});
        assert_eq!(first, wanted);
        assert_eq!(stack.get("/rest/v1/customers/1").await, json!({"id": 1, "currency": "USD"}));
        assert_eq!(stack.get("/rest/v1/customers").await.as_array().unwrap().len(), 2);
        assert_eq!(stack.get("/rest/health").await, json!("ok"));
        for path in ["/rest/v1/invoices/99", "/rest/v1/customers/x"] {
            let missing = stack.http.get(format!("{}{path}", stack.invoices)).send().await.unwrap();
            assert_eq!(
                (missing.status().as_u16(), missing.text().await.unwrap()),
                (404, "\"not found\"".into())
            );
        }
        let mut rounds = 0;
        while count(&stack.get("/rest/v1/invoices").await, "status", &json!("PAID")) < 10 {
            assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
            rounds += 1;
            assert!(rounds < 60, "no luck is that bad");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn billing_tries_each_untried_invoice_once() {
    for engine in engines() {
        let stack = start(engine, "antaeus");
        assert_eq!(
            number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM invoices WHERE state = 'PENDING'"),
            100
        );
        assert_eq!(stack.post("/rest/v1/billing", "").await.0, 200);
        let tried = "SELECT COUNT(*) AS n FROM attempts";
        for _ in 0..200 {
            if number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM billing_runs WHERE state = 'finished'")
                == 1
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(number(&stack.invoices_db, tried), 100);
        let list = stack.get("/rest/v1/invoices").await;
        let declined = count(&list, "status", &json!("ERROR_NO_BALANCE"));
        assert_eq!(declined + count(&list, "status", &json!("PAID")), 1_000);
        assert!((20..=80).contains(&declined), "{declined} of 100 declined at a rate of one half");
        assert_eq!(stack.post("/rest/v1/billing/retry", "").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_round_pays_half_and_no_two_rounds_are_alike() {
    let mut paid = Vec::new();
    for _ in 0..2 {
        let stack = start(testkit::Engine::Sqlite, "large:2000");
        assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
        let list = stack.get("/rest/v1/invoices").await;
        let ids: Vec<Value> = list
            .as_array()
            .unwrap()
            .iter()
            .filter(|i| i["status"] == "PAID")
            .map(|i| i["id"].clone())
            .collect();
        // Four standard deviations of a fair coin thrown 2,000 times are 89.
        assert!((911..=1089).contains(&ids.len()), "{} of 2000", ids.len());
        paid.push(ids);
    }
    assert_ne!(paid[0], paid[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_many_pages_is_one_array() {
    let stack = start(testkit::Engine::Sqlite, "large:2500");
    let list = stack.get("/rest/v1/invoices").await;
    let ids: Vec<i64> = list.as_array().unwrap().iter().map(|i| i["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, (1..=2500).collect::<Vec<_>>());
}
