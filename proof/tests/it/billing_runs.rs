//! A billing run: what it is about, and one verdict for each of its invoices.

use proof::checksum;
use serde_json::{Value, json};
use testkit::{Stack, engines};

use crate::rows::number;
use crate::runs::{self, count, ended, invoices, preview, run, start};

/// The 13 invoices of `demo`, and one that is due in a distant year.
async fn with_a_later_one(stack: &Stack) {
    let body = json!({"customer_id": 1, "amount": {"value": 1, "currency": "EUR"}, "due_on": "2099-01-01"});
    assert_eq!(stack.post("/v1/invoices", &body.to_string()).await.0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_invoices_and_money_and_changes_nothing() {
    for engine in engines() {
        let stack = runs::stack(engine, "demo", "1");
        with_a_later_one(&stack).await;
        let before = (checksum::of(&stack.invoices_db), checksum::of(&stack.provider_db));
        let due = preview(&stack, "due").await;
        let amounts = json!([
            {"value": 2172.83, "currency": "DKK"}, {"value": 12.15, "currency": "EUR"},
            {"value": 10.25, "currency": "GBP"}, {"value": 873.86, "currency": "USD"},
        ]);
        assert_eq!((&due["scope"], &due["invoices"]), (&json!("due"), &json!(11)), "{due}");
        assert_eq!(due["amounts"], amounts);
        assert!(due["cutoff_at"].is_string() && due.get("id").is_none(), "{due}");
        assert_eq!(preview(&stack, "unpaid").await["invoices"], 12, "whenever it was planned");
        assert_eq!(preview(&stack, "retryable").await["invoices"], 0);
        let ids = json!({"scope": "ids", "ids": [1, 14], "dry_run": true});
        let (_, named) = runs::post(&stack, "/v1/billing-runs", ids).await;
        assert_eq!((&named["invoices"], &named["amounts"][0]["value"]), (&json!(2), &json!(13.15)));
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!((checksum::of(&stack.invoices_db), checksum::of(&stack.provider_db)), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_due_invoice_gets_one_verdict_and_then_the_run_is_finished() {
    for engine in engines() {
        let stack = runs::stack(engine, "large:300", "0.5");
        with_a_later_one(&stack).await;
        let (status, new) = runs::post(&stack, "/v1/billing-runs", json!({"scope": "due"})).await;
        assert_eq!((status, count(&new, "expected"), &new["started_by"]), (201, 300, &json!("local")));
        let run = ended(&stack, new["id"].as_i64().unwrap()).await;
        let [captured, declined] = ["captured", "declined"].map(|name| count(&run, name));
        assert_eq!((&run["state"], captured + declined), (&json!("finished"), 300), "{run}");
        assert!(captured > 0 && declined > 0, "{run}");
        for none in ["parked", "unknown", "in_flight", "remaining"] {
            assert_eq!(count(&run, none), 0, "{none} of {run}");
        }
        assert_eq!(invoices(&stack, "state = 'PAID' AND attempt = 1"), captured);
        assert_eq!(invoices(&stack, "state = 'PENDING' AND attempt = 1"), declined);
        assert_eq!(invoices(&stack, "id = 301 AND attempt = 0"), 1, "its time has not come");
        let reasons = run["failures"].as_array().unwrap().iter();
        assert_eq!(reasons.map(|failure| failure["invoices"].as_i64().unwrap()).sum::<i64>(), declined);
    }
}

/// A run's money in a currency, in minor units.
fn money(run: &Value, currency: &str, name: &str) -> i64 {
    let lines = run["amounts"].as_array().unwrap();
    let line = lines.iter().find(|line| line["currency"] == currency).unwrap();
    let decimal = contracts::Money::parse(&line[name].to_string(), currency.parse().unwrap());
    decimal.unwrap().minor
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_tells_is_what_its_attempts_and_the_providers_books_say() {
    for engine in engines() {
        let stack = runs::stack(engine, "large:300", "0.5");
        let run = run(&stack, "due").await;
        assert_eq!(run["amounts"].as_array().unwrap().len(), 5, "{run}");
        for currency in ["DKK", "EUR", "GBP", "SEK", "USD"] {
            let ours = |what: &str| {
                number(
                    &stack.invoices_db,
                    &format!(
                        "SELECT CAST(COALESCE(SUM(i.amount), 0) AS BIGINT) AS n FROM invoices i
                     LEFT JOIN attempts a ON a.invoice_id = i.id WHERE i.currency = '{currency}' AND {what}"
                    ),
                )
            };
            let [expected, captured, declined, remaining] =
                ["expected", "captured", "declined", "remaining"].map(|name| money(&run, currency, name));
            assert_eq!((expected, remaining), (ours("TRUE"), 0));
            assert_eq!(
                (captured, declined),
                (ours("a.outcome = 'captured'"), ours("a.outcome = 'declined'"))
            );
            let theirs = format!(
                "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM transfers WHERE currency = '{currency}'"
            );
            assert_eq!(captured, number(&stack.provider_db, &theirs), "{currency}");
        }
        let foreign =
            "SELECT COUNT(*) AS n FROM attempts WHERE run_id <> 1 OR run_id IS NULL OR attempt <> 1";
        assert_eq!(number(&stack.invoices_db, foreign), 0);
        assert_eq!(proof::invariants::broken(&stack.invoices_db, &stack.provider_db), vec![]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_declined_is_left_to_later_runs() {
    for engine in engines() {
        let stack = runs::stack(engine, "pleo-go", "0");
        assert_eq!(count(&run(&stack, "due").await, "declined"), 3);
        let again = run(&stack, "due").await;
        assert_eq!((count(&again, "expected"), &again["amounts"]), (0, &json!([])), "it is not due yet");
        let retried = run(&stack, "retryable").await;
        assert_eq!((count(&retried, "expected"), count(&retried, "declined")), (3, 3));
        let of_runs = "SELECT COUNT(*) AS n FROM attempts WHERE (attempt, run_id) IN ((1, 1), (2, 3))";
        assert_eq!(number(&stack.invoices_db, of_runs), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_over_given_invoices_charges_those_alone_whenever_they_were_planned() {
    for engine in engines() {
        let stack = runs::stack(engine, "demo", "1");
        with_a_later_one(&stack).await;
        let id = start(&stack, json!({"scope": "ids", "ids": [14, 2, 4]})).await;
        let run = ended(&stack, id).await;
        assert_eq!(
            (count(&run, "expected"), count(&run, "captured")),
            (2, 2),
            "invoice 4 was paid elsewhere"
        );
        assert_eq!(invoices(&stack, "state = 'PAID' AND id IN (2, 14) AND attempt = 1"), 2);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 2);
    }
}
