//! What a run came to, held against our own history and the provider's books.

use serde_json::{Value, json};
use testkit::engines;

use crate::rows::execute;
use crate::runs::{change, ended, invoices, run, slow, stack, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_certificate_before_the_end() {
    for engine in engines() {
        let stack = slow(engine, "large:20", 20);
        start(&stack, json!({"scope": "due"})).await;
        until("one is paid", || invoices(&stack, "state = 'PAID'") > 0).await;
        change(&stack, 1, "pause").await;
        let url = format!("{}/v1/billing-runs/1/certificate", stack.invoices);
        let answer = stack.http.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 409);
        assert_eq!(answer.json::<Value>().await.unwrap()["detail"], "the run is paused");
        change(&stack, 1, "resume").await;
        ended(&stack, 1).await;
        assert_eq!(stack.http.get(&url).send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_names_the_sums_of_both_sides() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        let run = run(&stack, "due").await;
        let certificate = stack.get("/v1/billing-runs/1/certificate").await;
        let side = |currency: &str, value: f64| json!({"currency": currency, "ours": value, "provider": value, "invoices_ours": 1, "invoices_provider": 1});
        let amounts = json!([side("DKK", 66.13), side("EUR", 12.15), side("GBP", 10.25)]);
        assert_eq!(certificate["provider"], json!({"agrees": true, "amounts": amounts}));
        assert_eq!(
            (&certificate["history"], &certificate["reconciled"]),
            (&json!({"agrees": true}), &json!(true))
        );
        assert_eq!(certificate["run"], run);
        assert!(certificate["issued_at"].is_string());
    }
}

/// What somebody does to our rows, how it is undone, and whether history and the provider's books still agree.
const TAMPERED: &[(&str, &str, (bool, bool))] = &[
    (
        "UPDATE attempts SET outcome = 'declined' WHERE invoice_id = 1",
        "UPDATE attempts SET outcome = 'captured' WHERE invoice_id = 1",
        (false, true),
    ),
    (
        "UPDATE attempts SET run_id = NULL WHERE invoice_id = 2",
        "UPDATE attempts SET run_id = 1 WHERE invoice_id = 2",
        (false, true),
    ),
    (
        "UPDATE invoices SET amount = amount + 1 WHERE id = 3",
        "UPDATE invoices SET amount = amount - 1 WHERE id = 3",
        (false, true),
    ),
    (
        "UPDATE run_tallies SET amount = amount + 1 WHERE outcome = 'captured' AND currency = 'EUR'",
        "UPDATE run_tallies SET amount = amount - 1 WHERE outcome = 'captured' AND currency = 'EUR'",
        (false, false),
    ),
    (
        "UPDATE run_tallies SET run_id = NULL WHERE outcome = 'captured' AND currency = 'EUR'",
        "UPDATE run_tallies SET run_id = 1 WHERE outcome = 'captured' AND currency = 'EUR'",
        (false, true),
    ),
    ("DELETE FROM attempts WHERE invoice_id = 1", "", (false, true)),
    ("DELETE FROM run_tallies WHERE outcome = 'captured'", "", (false, false)),
];

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_somebody_tampered_with_are_not_certified() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        run(&stack, "due").await;
        for (tamper, undo, (history, provider)) in TAMPERED {
            execute(&stack.invoices_db, tamper);
            let seen = stack.get("/v1/billing-runs/1/certificate").await;
            assert_eq!(seen["reconciled"], json!(false), "{tamper}: {seen}");
            let agrees = (&seen["history"]["agrees"], &seen["provider"]["agrees"]);
            assert_eq!(agrees, (&json!(history), &json!(provider)), "{tamper}: {seen}");
            if !undo.is_empty() {
                execute(&stack.invoices_db, undo);
                let seen = stack.get("/v1/billing-runs/1/certificate").await;
                assert_eq!(seen["reconciled"], json!(true), "{undo}: {seen}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_certified_while_the_provider_is_away() {
    for engine in engines() {
        let mut stack = stack(engine, "pleo-go", "1");
        run(&stack, "due").await;
        stack.restart_with(&[("PAYMENT_PROVIDER_ENDPOINT", "https://localhost:1")]).await;
        let url = format!("{}/v1/billing-runs/1/certificate", stack.invoices);
        assert_eq!(stack.http.get(&url).send().await.unwrap().status(), 503);
    }
}
